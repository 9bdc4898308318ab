// SPDX-License-Identifier: GPL-3.0-or-later
// Machines that take longer than their step ever should, and that nothing else on the page names: what needs somebody by a reason
// stands above them, and what waits for approval has its own place.
import {duration, el, plural} from "./text.js";
import {button} from "./form.js";
import {clock, fleet} from "./fleet.js";
import {stateOf} from "./states.js";
import {asks} from "./tally.js";

const SHOWN = 5;
const TOLD = 100; // machines at most, of as many as there are

function nameOf(row) {
	return row.name || row.mac;
}

function since(stuck, row) {
	return `${stateOf(row).words} for ${duration(clock() - stuck.since)}`;
}

export class Stuck {
	constructor(node) {
		this.node = node;
		this.all = false;
		this.summary = el("summary");
		this.rows = el("ul", {class: "stuck"});
		this.more = button("", () => {
			this.all = !this.all;
			this.draw();
		}, "small");
		node.replaceChildren(el("details", {}, this.summary, el("p", {class: "hint"}, "They say nothing is wrong, but take longer than their step "
			+ "ever should. Look at the screen; power the machine off and on once."), this.rows, this.more));
	}

	show(progress) {
		this.stuck = progress.stuck;
		this.draw();
	}

	draw() {
		const all = this.stuck.map((stuck) => [stuck, fleet.rows.get(stuck.machine)])
			.filter(([, row]) => row && !asks(row) && row.group !== "approval");
		this.node.hidden = all.length === 0;
		if (all.length === 0)
			return;
		const [[first, row]] = all;
		this.summary.replaceChildren(el("i", {class: "glyph", "aria-hidden": "true"}, "!"),
			el("b", {}, `Too slow: ${plural(all.length, "machine")}${this.stuck.length < TOLD ? "" : " or more"}`),
			`, ${all.length > 1 ? "the longest " : ""}${nameOf(row)}: ${since(first, row)}`);
		const at = this.rows.contains(document.activeElement) ? document.activeElement.hash : null;
		this.rows.replaceChildren(...all.slice(0, this.all ? all.length : SHOWN).map((one) => this.row(...one)));
		this.more.hidden = all.length <= SHOWN;
		this.more.textContent = this.all ? `Show the first ${SHOWN}` : `Show all ${all.length}`;
		if (at)
			this.rows.querySelector(`[href="${at}"]`)?.focus({preventScroll: true});
	}

	row(stuck, row) {
		const said = row.reason === "OK" ? row.text : [row.title, row.advice].filter(Boolean).join(" — ");
		return el("li", {}, el("b", {}, el("a", {href: `#/machine/${row.id}`}, nameOf(row))), ` ${since(stuck, row)}`,
			stuck.limit > 0 && `, expected within ${duration(stuck.limit)}`, said && el("small", {}, said));
	}
}
