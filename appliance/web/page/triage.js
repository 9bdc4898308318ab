// SPDX-License-Identifier: GPL-3.0-or-later
// What needs somebody, by reason: how many, since when, what to do, and all of them tried again at once.
import {about, el, plural} from "./text.js";
import {post} from "./api.js";
import {ask, attempt, button, field, problemLine, text} from "./form.js";
import {clock} from "./fleet.js";
import {outcome} from "./selection.js";
import {may} from "./session.js";

const FEW = 3, MANY = 6; // reasons shown on a low window, and on one that has room
const LOW = 1000;         // px

function times({oldest, newest, count}, now) {
	const ago = (at) => `${about(now - at)} ago`;
	return count === 1 || oldest === newest ? ago(oldest) : `first ${ago(oldest)}, last ${ago(newest)}`;
}

export class Triage {
	// choose(reason): shows its machines, or all again.
	constructor(node, choose) {
		this.choose = choose;
		this.node = node;
		this.cards = el("div", {class: "reasons"});
		this.all = false;
		this.more = button("", () => {
			this.all = !this.all;
			this.drawn = "";
			this.draw(this.entries, this.chosen);
		}, "small");
		this.problem = problemLine();
		this.results = el("div", {class: "results", role: "status"});
		node.replaceChildren(el("div", {class: "heading"}, el("h2", {}, "What to do"), this.more), this.cards, this.problem, this.results);
	}

	// entries: as of tally.js. chosen: the reasons whose machines are shown.
	draw(entries, chosen) {
		this.entries = entries;
		this.chosen = chosen;
		const now = JSON.stringify([chosen, this.few(), entries.map((e) => [e.reason, e.count, e.retriable, times(e, clock())])]);
		this.node.hidden = entries.length === 0 && !this.results.firstChild;
		if (this.drawn === now)
			return;
		this.drawn = now;
		const at = this.cards.contains(document.activeElement) ? document.activeElement.dataset.for : null;
		const shown = this.shown();
		this.drawMore(entries.filter((e) => !shown.includes(e)));
		this.cards.replaceChildren(...shown.map((e) => this.card(e, chosen.includes(e.reason))));
		if (at)
			this.cards.querySelector(`[data-for="${at}"]`)?.focus({preventScroll: true});
	}

	few() {
		return innerHeight < LOW ? FEW : MANY;
	}

	// Those with the most machines; whichever is chosen is among them.
	shown() {
		return this.entries.filter((e, i) => this.all || i < this.few() || this.chosen.includes(e.reason));
	}

	drawMore(left) {
		const count = left.reduce((sum, e) => sum + e.count, 0);
		this.more.hidden = this.entries.length <= this.few();
		this.more.textContent = this.all || left.length === 0 ? "Show fewer"
			: `Show ${plural(left.length, "more reason")} (${plural(count, "machine")})`;
		this.more.setAttribute("aria-expanded", String(this.all));
	}

	card(e, chosen) {
		return el("div", {class: `reason ${e.colour}`}, el("button", {
			type: "button", "aria-pressed": String(chosen), "data-for": `show ${e.reason}`, onclick: () => this.choose(chosen ? "" : e.reason),
		}, el("b", {class: "count"}, e.count.toLocaleString("en")),
		el("span", {}, el("b", {}, e.title), " ", el("small", {class: "age"}, times(e, clock())), el("small", {class: "advice"}, e.advice))),
		e.retriable > 0 && may("operate") && this.again(e));
	}

	again(e) {
		const all = e.retriable > 1 ? `Retry all ${e.retriable.toLocaleString("en")}` : "Retry";
		return button(e.retriable === e.count && e.count > 1 ? "Retry all …" : `${all} …`, (event) => this.retry(e, event.currentTarget), "small",
			{"data-for": `retry ${e.reason}`, "aria-label": `${all} …: ${e.title}`});
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
