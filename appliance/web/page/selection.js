// SPDX-License-Identifier: GPL-3.0-or-later
// Machines chosen in the list, and what is done with all of them.
import {post} from "./api.js";
import {attempt, button, check, field, problemLine, said, text} from "./form.js";
import {nameOfMachine} from "./fleet.js";
import {Late} from "./late.js";
import {reasons} from "./reasons.js";
import {may} from "./session.js";
import {el, plural, sentence} from "./text.js";

const AT_ONCE = 10000;     // machines of one call
const REFUSED_SHOWN = 30;

// verb: [what the button says, what is said when it is done].
export const verbs = {
	hold: ["Hold", "Held"],
	release: ["Let go on", "Not held any more"],
	retry: ["Try again", "May boot again"],
	add: ["Put into scope", "In scope"],
	remove: ["Take out of scope", "Out of scope"],
	discard: ["Discard the saved repair", "Saved repair discarded"],
	"set-back": ["Boot order is set back", "Boot order set back"],
	"normal-start": ["Safe mode is ended", "Safe mode ended"],
};

// What a person has put right by hand, and whose machines that concerns.
const undone = {
	"set-back": (row) => row.network_first,
	"normal-start": (row) => row.safe_mode,
};

// Does verb to machines (ids): {done, refused}.
export async function act(verb, machines, why) {
	const all = {done: 0, refused: []};
	for (let i = 0; i < machines.length; i += AT_ONCE) {
		const {done, refused} = await post("/api/v1/machines/act", {verb, machines: machines.slice(i, i + AT_ONCE), text: why});
		all.done += done;
		all.refused.push(...refused);
	}
	return all;
}

export function outcome(verb, {done, refused}) {
	const lines = refused.slice(0, REFUSED_SHOWN).map((r) => said("fail",
		sentence(`${nameOfMachine(r.machine)}: ${[reasons[r.reason]?.title ?? r.reason, r.text].filter(Boolean).join(", ")}`)));
	return [done > 0 && said("good", `${verbs[verb][1]}: ${plural(done, "machine")}.`), lines,
		refused.length > REFUSED_SHOWN && el("p", {},
			`${plural(refused.length - REFUSED_SHOWN, "more machine was", "more machines were")} refused.`)];
}

export class Selection {
	// changed(): what is chosen is another now.
	constructor(node, changed) {
		this.node = node;
		this.changed = changed;
		this.chosen = new Set();
		this.shown = [];
		this.make();
	}

	make() {
		this.all = el("input", {type: "checkbox", id: "choose-all", onchange: () => {
			this.chosen = new Set(this.all.checked ? this.shown.map((row) => row.id) : []);
			this.changed();
		}});
		this.count = el("span", {class: "count", role: "status"});
		this.why = text({id: "act-why", maxlength: 200});
		this.problem = problemLine();
		this.results = el("div", {class: "results", role: "status"});
		this.buttons = ["hold", "release", "retry", "add", "remove", ...Object.keys(undone)].map((verb) => (
			button(verbs[verb][0], (event) => this.act(verb, event.currentTarget), "", {"data-verb": verb})));
		this.many = new Late(async () => new (await import("./power_many.js")).PowerMany());
		this.many.told = () => {
			this.problem.textContent = this.many.trouble;
		};
		this.power = button("Power …", () => this.many.use((many) => this.openPower(many)), "", {id: "act-power"});
		this.form = el("div", {class: "acting", hidden: true}, field("Why (goes into the record)", this.why),
			el("div", {class: "actions"}, this.buttons, this.power), this.problem);
		this.node.replaceChildren(el("div", {class: "choosing"}, check("Choose all shown", this.all), this.count), this.form, this.results);
	}

	offered() {
		return may("operate");
	}

	has(id) {
		return this.chosen.has(id);
	}

	set(id, chosen) {
		this.chosen[chosen ? "add" : "delete"](id);
		this.results.replaceChildren();
		this.changed();
	}

	clear() {
		this.chosen.clear();
		this.results.replaceChildren();
	}

	// shown: an Order, what the list shows now. What it does not show is not chosen: nobody acts on what he cannot see.
	draw({rows, ids}) {
		this.shown = rows;
		for (const id of this.chosen)
			if (!ids.has(id))
				this.chosen.delete(id);
		const count = this.chosen.size;
		this.node.hidden = !this.offered() || rows.length === 0 && !this.results.firstChild;
		this.all.checked = count > 0 && count === rows.length;
		this.all.indeterminate = count > 0 && count < rows.length;
		this.form.hidden = count === 0;
		for (const button of this.buttons) {
			const {verb} = button.dataset;
			button.hidden = verb in undone && !rows.some((row) => undone[verb](row) && this.chosen.has(row.id));
		}
		const words = count ? `${plural(count, "machine")} chosen` : "";
		if (this.count.textContent !== words)
			this.count.textContent = words;
	}

	openPower(many) {
		this.problem.textContent = "";
		if (this.chosen.size > 0)
			many.open([...this.chosen]);
	}

	act(verb, pressed) {
		const machines = [...this.chosen];
		this.results.replaceChildren();
		return attempt(pressed, this.problem, async () => {
			const result = await act(verb, machines, this.why.value.trim());
			this.results.replaceChildren(...outcome(verb, result).flat().filter(Boolean));
			this.chosen = new Set(result.refused.map((r) => r.machine));
			this.why.value = "";
			this.changed();
		});
	}
}
