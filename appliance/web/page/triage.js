// SPDX-License-Identifier: GPL-3.0-or-later
// What needs somebody, by reason: how many, since when, what to do, and all of them tried again at once.
import {duration, el, plural} from "./text.js";
import {post} from "./api.js";
import {ask, attempt, button, field, problemLine, text} from "./form.js";
import {clock} from "./fleet.js";
import {outcome} from "./selection.js";
import {may} from "./session.js";

function times({oldest, newest, count}, now) {
	const ago = (at) => `${duration(now - at)} ago`;
	return count === 1 || oldest === newest ? ago(oldest) : `first ${ago(oldest)}, last ${ago(newest)}`;
}

export class Triage {
	// choose(reason): shows its machines, or all again.
	constructor(node, choose) {
		this.choose = choose;
		this.node = node;
		this.cards = el("div", {class: "cards reasons"});
		this.problem = problemLine();
		this.results = el("div", {class: "results", role: "status"});
		node.replaceChildren(el("h2", {}, "What to do"), this.cards, this.problem, this.results);
	}

	// entries: as of tally.js. chosen: the reasons whose machines are shown.
	draw(entries, chosen) {
		const now = JSON.stringify([chosen, entries.map((e) => [e.reason, e.count, e.retriable, times(e, clock())])]);
		this.node.hidden = entries.length === 0 && !this.results.firstChild;
		if (this.drawn === now)
			return;
		this.drawn = now;
		const at = this.cards.contains(document.activeElement) ? document.activeElement.dataset.for : null;
		this.cards.replaceChildren(...entries.map((e) => this.card(e, chosen.includes(e.reason))));
		if (at)
			this.cards.querySelector(`[data-for="${at}"]`)?.focus({preventScroll: true});
	}

	card(e, chosen) {
		return el("div", {class: `reason ${e.colour}`}, el("button", {
			type: "button", "aria-pressed": String(chosen), "data-for": `show ${e.reason}`, onclick: () => this.choose(chosen ? "" : e.reason),
		}, el("b", {class: "count"}, e.count.toLocaleString("en")),
		el("span", {}, el("b", {}, e.title), el("small", {}, e.advice), el("small", {class: "age"}, times(e, clock())))),
		e.retriable > 0 && may("operate") && this.again(e));
	}

	again(e) {
		const label = e.retriable > 1 ? `Retry all ${e.retriable.toLocaleString("en")} …` : "Retry …";
		return button(label, (event) => this.retry(e, event.currentTarget), "small", {"data-for": `retry ${e.reason}`, "aria-label": `${label} ${e.title}`});
	}

	async retry(e, pressed) {
		const why = text({maxlength: 200});
		if (!await ask({title: `Let ${plural(e.retriable, "machine")} try again?`, label: "Try again", content: [
			el("p", {}, "They stopped with: ", el("b", {}, e.title), ". ", e.advice),
			el("p", {}, "Each starts anew when it boots from the network next."), field("Why (goes into the record)", why)]}))
			return;
		this.results.replaceChildren();
		await attempt(pressed, this.problem, async () => {
			const answer = await post("/api/v1/machines/act",
				{verb: "retry", filter: {reason: [e.reason], state: ["attention"]}, text: why.value.trim()});
			this.results.replaceChildren(...outcome("retry", answer).flat().filter(Boolean));
		});
	}
}
