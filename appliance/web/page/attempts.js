// SPDX-License-Identifier: GPL-3.0-or-later
// A machine's timeline by attempt: the newest open, how long each took and with what. Steps that are there stay; new ones are added.
import {bytes, el, plural, seconds, when} from "./text.js";
import {stateOf} from "./states.js";
import {reasons} from "./reasons.js";

function wordsOf(state) {
	return stateOf({state, severity: ""}).words;
}

const figures = {bytes, ms: (n) => `${seconds(n)} after the start of its system`};

// What a step says of itself: "sectors 24, files 1".
function numbers(event) {
	return Object.entries(event.numbers ?? {}).map(([name, value]) => (
		figures[name]?.(value) ?? `${name.replaceAll("_", " ")} ${value.toLocaleString("en")}`)).join(", ");
}

function step(event, before) {
	const state = stateOf({state: event.state, severity: ""});
	const more = numbers(event);
	const reason = event.reason && event.reason !== "OK";
	return el("li", {class: state.colour},
		el("time", {datetime: new Date(event.at).toISOString()}, when(event.at)),
		el("span", {class: "gap"}, before && (event.at - before.at < 50 ? "at once" : `after ${seconds(event.at - before.at)}`)),
		el("span", {class: "what"}, el("i", {class: "glyph", "aria-hidden": "true"}, state.glyph),
			el("b", {}, event.step || state.words),
			event.step && el("small", {}, ` ${state.words}`),
			reason && [" ", reasons[event.reason]?.title, " ", el("code", {}, event.reason)],
			event.text && el("span", {}, ` ${event.text}`),
			more && el("small", {}, ` ${more}`)));
}

// How long it was in each state, the longest first.
function spent(steps) {
	const sums = new Map();
	steps.slice(1).forEach((event, i) => {
		const words = wordsOf(steps[i].state);
		sums.set(words, (sums.get(words) ?? 0) + event.at - steps[i].at);
	});
	return [...sums].filter(([, ms]) => ms >= 100).sort((a, b) => b[1] - a[1]).slice(0, 4)
		.map(([words, ms]) => `${seconds(ms)} ${words}`).join(", ");
}

function summary(number, steps) {
	const took = steps.at(-1).at - steps[0].at;
	return [el("b", {}, number ? `Attempt ${number}` : "Before the first boot"), " ",
		`${when(steps[0].at)}: ${plural(steps.length, "step")}${steps.length > 1 ? ` in ${seconds(took)}` : ""}`,
		`, ${steps.length > 1 ? "then " : ""}${wordsOf(steps.at(-1).state)}`];
}

class Attempt {
	constructor(number) {
		this.number = number;
		this.shown = 0;
		this.head = el("summary");
		this.spent = el("p", {class: "hint"});
		this.list = el("ol", {class: "timeline"});
		this.node = el("details", {class: "tries"}, this.head, this.spent, this.list);
	}

	update(steps) {
		if (steps.length < this.shown) { // the oldest fell out of what is told
			this.list.replaceChildren();
			this.shown = 0;
		}
		if (steps.length === this.shown)
			return;
		this.list.append(...steps.slice(this.shown).map((event, i) => step(event, steps[this.shown + i - 1])));
		this.shown = steps.length;
		this.head.replaceChildren(...summary(this.number, steps).map((part) => (part instanceof Node ? part : document.createTextNode(part))));
		const words = spent(steps);
		this.spent.textContent = words && `Of it: ${words}.`;
		this.spent.hidden = !words;
	}
}

export class Attempts {
	constructor() {
		this.nothing = el("p", {}, "Nothing yet.");
		this.cut = el("p", {class: "hint", hidden: true}, "Older steps than these are not shown: there are too many.");
		this.list = el("div");
		this.node = el("section", {hidden: true}, el("h2", {}, "Timeline"), this.nothing, this.cut, this.list);
		this.clear();
	}

	clear() {
		this.node.hidden = true;
		this.known = new Map();
		this.list.replaceChildren();
	}

	update(events, truncated) {
		const attempts = new Map();
		for (const event of events)
			(attempts.get(event.attempt) ?? attempts.set(event.attempt, []).get(event.attempt)).push(event);
		this.node.hidden = false;
		this.nothing.hidden = events.length > 0;
		this.cut.hidden = !truncated;
		for (const [number, steps] of [...attempts].sort(([a], [b]) => a - b)) {
			if (!this.known.has(number)) {
				const attempt = new Attempt(number);
				attempt.node.open = true;
				const before = this.list.firstChild;
				if (before)
					before.open = false;
				this.known.set(number, attempt);
				this.list.prepend(attempt.node);
			}
			this.known.get(number).update(steps);
		}
	}
}
