// SPDX-License-Identifier: GPL-3.0-or-later
// Choosing values of a field of the inventory: closed it says which, open it lists those machines have.
import {el} from "./text.js";
import {valuesOf} from "./fleet.js";
import {unique} from "./form.js";

export class Choice {
	// field: of a machine. chosen: values. changed(): others are chosen now.
	constructor(field, label, chosen, changed) {
		this.label = label;
		this.chosen = new Set(chosen);
		this.changed = changed;
		this.summary = el("summary");
		const known = valuesOf(field);
		const unknown = [...this.chosen].filter((v) => !known.some(([k]) => k === v)).map((v) => [v, 0]);
		this.empty = known.length + unknown.length === 0;
		this.node = el("details", {class: "choice", hidden: this.empty}, this.summary,
			el("div", {class: "values", role: "group", "aria-label": label},
				[...unknown, ...known].map(([value, count]) => this.box(value, count))));
		this.tell();
	}

	box(value, count) {
		const input = el("input", {type: "checkbox", id: unique("value"), value, onchange: () => {
			this.chosen[input.checked ? "add" : "delete"](value);
			this.tell();
			this.changed();
		}});
		input.checked = this.chosen.has(value);
		return el("label", {class: "check", for: input.id}, input, el("span", {}, value, " ", el("small", {}, count.toLocaleString("en"))));
	}

	tell() {
		this.summary.replaceChildren(`${this.label}: `, el("b", {}, [...this.chosen].join(", ") || "any"));
	}

	values() {
		return [...this.chosen];
	}
}
