// SPDX-License-Identifier: GPL-3.0-or-later
// Machines that take longer than their step ever should: each with what it waits for, and the act that helps.
import {duration, el, plural} from "./text.js";
import {attempt, button, problemLine} from "./form.js";
import {clock, fleet} from "./fleet.js";
import {act, outcome} from "./selection.js";
import {may} from "./session.js";
import {retriable, stateOf} from "./states.js";

const SHOWN = 5;
const TOLD = 100; // machines at most, of as many as there are

export class Stuck {
	// approve(id): opens the request of a machine.
	constructor(node, approve) {
		this.node = node;
		this.approve = approve;
		this.all = false;
		this.title = el("h2");
		this.rows = el("ul", {class: "stuck"});
		this.more = button("", () => {
			this.all = !this.all;
			this.draw();
		}, "small");
		this.problem = problemLine();
		this.results = el("div", {class: "results", role: "status"});
		node.replaceChildren(this.title, this.rows, this.more, this.problem, this.results);
	}

	show(progress) {
		this.stuck = progress.stuck;
		this.draw();
	}

	draw() {
		const rows = this.stuck.filter((s) => fleet.rows.has(s.machine));
		this.node.hidden = rows.length === 0;
		this.title.textContent = `Stuck: ${plural(rows.length, "machine")}${this.stuck.length < TOLD ? "" : " or more"}`;
		const at = this.rows.contains(document.activeElement) ? document.activeElement.dataset.for : null;
		this.rows.replaceChildren(...rows.slice(0, this.all ? rows.length : SHOWN).map((s) => this.row(s, fleet.rows.get(s.machine))));
		this.more.hidden = rows.length <= SHOWN;
		this.more.textContent = this.all ? `Show the first ${SHOWN}` : `Show all ${rows.length}`;
		if (at)
			this.rows.querySelector(`[data-for="${at}"]`)?.focus({preventScroll: true});
	}

	row({since, limit}, row) {
		const state = stateOf(row);
		const person = row.state === "attention"; // why says more than that it needs one
		const waits = row.reason === "OK" ? row.text : person ? "" : row.title;
		const over = limit > 0 ? `, expected within ${duration(limit)}` : "";
		return el("li", {class: state.colour},
			el("span", {class: "state"}, el("i", {class: "glyph", "aria-hidden": "true"}, state.glyph)),
			el("span", {}, el("b", {}, el("a", {href: `#/machine/${row.id}`, "data-for": `open ${row.id}`}, row.name || row.mac)),
				` ${person ? row.title : state.words} for ${duration(clock() - since)}${over}`,
				el("small", {}, [waits, row.severity === "ok" ? "Look at its screen; power it off and on once." : row.advice]
					.filter(Boolean).join(" — "))),
			this.help(row));
	}

	// What one who may can do from here.
	help(row) {
		const named = (label) => ({"aria-label": `${label} ${row.name || row.mac}`, "data-for": `help ${row.id}`});
		if (row.group === "approval" && may("approve"))
			return button("Release or deny …", () => this.approve(row.id), "small", named("Release or deny …"));
		if (row.state === "waiting" && row.reason.startsWith("KEY_") && may("approve"))
			return el("a", {class: "action", href: `#/machine/${row.id}`, ...named("Enter its password …")}, "Enter its password …");
		if (retriable(row) && may("operate"))
			return button("Try again", (event) => this.retry(row, event.currentTarget), "small", named("Try again"));
		return "";
	}

	retry(row, pressed) {
		this.results.replaceChildren();
		return attempt(pressed, this.problem, async () => {
			this.results.replaceChildren(...outcome("retry", await act("retry", [row.id], "")).flat().filter(Boolean));
		});
	}
}
