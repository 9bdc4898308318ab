// SPDX-License-Identifier: GPL-3.0-or-later
// One campaign: what its line waits for, its waves, and what a person can do about it.
import {duration, el, plural, sentence, when} from "./text.js";
import {getJson, post, problemOf, remove} from "./api.js";
import {clock, fleet} from "./fleet.js";
import {ask, attempt, button, field, problemLine, table, text} from "./form.js";
import {line, stateMark, totals, waveWords} from "./line.js";
import {may} from "./session.js";
import {planFacts} from "./plan_words.js";

const orderWords = {waiting: "wait for their turn", driving: "at their controllers", booting: "have to ask for their boot", done: "started", failed: "failed",
	untouched: "left alone: they answer as alive, or asked for their boot just now"};

// verb: [its button, states in which it makes sense, kind of button].
const verbs = {
	start: ["Start", ["draft"], "primary"],
	pause: ["Pause", ["running"], ""],
	resume: ["Resume", ["paused", "stopped"], "primary"],
	open: ["Open the next wave", ["running"], ""], // the next that has machines
	retry: ["Try the failed ones again", ["running", "paused", "stopped"], ""],
	finish: ["Finish", ["running", "paused", "stopped"], "primary"],
	abort: ["Abort …", ["running", "paused", "stopped"], "danger"],
};

function filterLink(campaign, wave, more, text) {
	return el("a", {href: `#/?campaign=${campaign.id}&wave=${wave.number}${more}`}, text);
}

// What the campaign ordered of the management controllers of its machines.
function switched({power}) {
	const parts = Object.keys(orderWords).filter((state) => power?.[state] > 0)
		.map((state) => `${power[state].toLocaleString("en")} ${orderWords[state]}`);
	return parts.length > 0 && el("div", {}, el("small", {}, `Power: ${parts.join(", ")}`));
}

function waveTable(campaign, retry) {
	const count = (n) => n.toLocaleString("en");
	return table("Waves", [["Wave"], ["State"], ["Machines", "number"], ["Waiting", "number"], ["Working", "number"], ["Returned", "number"],
		["Failed", "number"], ["", "acts"]], campaign.waves.map((w) => [
		[el("b", {}, `${w.number} `), w.name],
		[waveWords(w), w.opened > 0 && el("small", {}, ` since ${when(w.opened)}`),
			w.rank > 0 && !w.done && el("small", {}, ` · start order ${w.rank}`), switched(w)],
		filterLink(campaign, w, "", count(w.machines)), count(w.waiting), count(w.working), count(w.returned),
		w.failed > 0 ? el("b", {class: "failed"}, filterLink(campaign, w, "&group=action", `! ${count(w.failed)}`)) : "0",
		w.failed > 0 && retry ? button("Try again", (event) => retry(w.number, event.currentTarget), "",
			{"aria-label": `Try the failed ones of ${w.name} again`}) : "",
	]));
}

function next(campaign) {
	return campaign.waves.find((w) => w.opened === 0 && w.machines > 0);
}

// Why there is no wave to open, though some are not open yet.
function nobody(campaign) {
	const names = campaign.waves.filter((w) => w.opened === 0).map((w) => `“${w.name}”`);
	return campaign.state === "running" && may("operate") && names.length > 0 && !next(campaign)
		? `No wave is left to open: no machine is in ${names.join(" or in ")}. Once one turns up there it can be opened here.` : "";
}

function question(campaign) {
	const left = campaign.waves.reduce((all, w) => all + w.waiting, 0);
	return {title: `Abort ${campaign.name}?`, word: campaign.name, label: "Abort the campaign", content: [
		el("p", {}, left ? `${plural(left, "machine")} of it that did not have their turn will not be repaired by it. ` : "All of its machines have had their turn. ",
			"What is under way is finished. It cannot be started again."),
		el("p", {}, "To stop it for a while, pause it instead.")]};
}

export class CampaignView {
	constructor() {
		this.node = el("div", {class: "page"});
		this.id = 0;
		this.top = el("div");
		this.acts = el("div", {class: "actions"});
		this.why = text({maxlength: 200});
		this.because = field("Why (goes into the record)", this.why);
		this.nobody = el("p", {class: "hint"});
		this.problem = problemLine();
		this.rest = el("div");
	}

	async open([id]) {
		this.id = Number(id);
		this.drawn = false;
		this.problem.textContent = "";
		this.title = el("h1", {tabindex: -1}, fleet.campaigns.get(this.id)?.name ?? "Campaign");
		this.node.replaceChildren(el("p", {}, el("a", {class: "up", href: "#/campaigns"}, "← all campaigns")), this.title, this.top, this.because,
			this.acts, this.nobody, this.problem, this.rest);
		this.top.replaceChildren();
		this.rest.replaceChildren();
		this.acts.replaceChildren();
		this.why.value = "";
		this.because.hidden = true;
		this.nobody.textContent = "";
		this.draw();
		if (fleet.campaigns.has(this.id))
			return;
		try {
			this.take((await getJson(`/api/v1/campaigns/${this.id}`)).campaign);
		} catch (error) {
			this.problem.textContent = problemOf(error);
		}
	}

	take(campaign) {
		fleet.campaigns.set(campaign.id, campaign);
		this.draw();
	}

	changed(type, data) {
		if (type !== "campaign" || (data && data.id !== this.id))
			return;
		if (this.drawn && !fleet.campaigns.has(this.id))
			this.deleted();
		this.draw();
	}

	// By somebody else, while it is looked at.
	deleted() {
		this.drawn = false;
		this.acts.replaceChildren();
		this.problem.textContent = "This draft was deleted.";
	}

	draw() {
		const campaign = fleet.campaigns.get(this.id);
		if (!campaign)
			return;
		this.drawn = true;
		if (this.title.textContent !== campaign.name)
			this.title.textContent = campaign.name;
		const why = [campaign.reason !== "OK" && campaign.title, campaign.text].filter(Boolean).join(": ");
		this.top.replaceChildren(
			el("p", {class: "words"}, stateMark(campaign), campaign.started > 0 && el("small", {}, ` started ${when(campaign.started)}`),
				campaign.ended > 0 && el("small", {}, `, ended ${when(campaign.ended)}`)),
			el("p", {class: "waits", role: "status"}, campaign.line),
			why ? el("p", {class: campaign.state === "stopped" ? "problem" : ""}, sentence(why)) : "",
			line(campaign.waves));
		this.drawActs(campaign);
		const focused = this.rest.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
		this.rest.replaceChildren(el("h2", {}, "Waves ", el("small", {}, totals(campaign))),
			waveTable(campaign, may("operate") && verbs.retry[1].includes(campaign.state)
				&& ((wave, pressed) => this.act("retry", pressed, wave))),
			this.report(campaign),
			el("h2", {}, "Plan"), campaign.plan ? planFacts(campaign.plan) : el("p", {}, "It cannot be read."),
			el("p", {}, el("small", {}, `Made by ${campaign.created_by} ${when(campaign.created)}, ${duration(clock() - campaign.created)} ago`)));
		if (focused)
			[...this.rest.querySelectorAll("[aria-label]")].find((n) => n.getAttribute("aria-label") === focused)?.focus({preventScroll: true});
	}

	// The buttons stay as long as the state does: nothing moves under a hand.
	drawActs(campaign) {
		const failed = campaign.waves.some((w) => w.failed > 0);
		const fits = {retry: failed, open: Boolean(next(campaign)), finish: campaign.all_back};
		const why = nobody(campaign);
		if (this.nobody.textContent !== why)
			this.nobody.textContent = why;
		const offered = may("operate") ? Object.keys(verbs).filter((v) => verbs[v][1].includes(campaign.state) && (fits[v] ?? true)) : [];
		const now = `${campaign.id} ${campaign.state} ${offered}`;
		if (this.offered === now && this.acts.firstChild)
			return;
		this.offered = now;
		this.because.hidden = offered.length === 0;
		const draft = may("operate") && campaign.state === "draft";
		this.acts.replaceChildren(...offered.map((verb) => (
			button(verbs[verb][0], (event) => this.act(verb, event.currentTarget), verbs[verb][2]))),
			draft ? el("a", {class: "action", href: `#/campaign/${campaign.id}/plan`}, "Change the plan") : "",
			draft ? button("Delete the draft", (event) => this.drop(event.currentTarget), "danger") : "");
	}

	report(campaign) {
		const at = `/api/v1/campaigns/${campaign.id}/report`;
		return campaign.state === "draft" ? "" : el("p", {class: "links"},
			el("a", {href: at, target: "_blank", rel: "noopener"}, "Report (for printing)"), " ",
			el("a", {href: `${at}.csv`, download: ""}, "as CSV"), " ", el("a", {href: `${at}.json`, download: ""}, "as JSON"));
	}

	async act(verb, pressed, wave = 0) {
		const campaign = fleet.campaigns.get(this.id);
		if (verb === "abort" && !await ask(question(campaign)))
			return;
		await attempt(pressed, this.problem, async () => {
			const skips = verb === "open" && campaign.waves.find((w) => w.opened === 0) !== next(campaign);
			const number = skips ? next(campaign)?.number ?? 0 : wave;
			this.take((await post(`/api/v1/campaigns/${this.id}/act`, {verb, wave: number, text: this.why.value.trim()})).campaign);
			this.why.value = "";
		});
	}

	async drop(pressed) {
		const {name} = fleet.campaigns.get(this.id);
		if (!await ask({title: `Delete the draft ${name}?`, content: el("p", {}, "Its plan is lost."), label: "Delete"}))
			return;
		await attempt(pressed, this.problem, async () => {
			await remove(`/api/v1/campaigns/${this.id}`);
			fleet.campaigns.delete(this.id);
			location.hash = "#/campaigns";
		});
	}
}
