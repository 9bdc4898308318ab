// SPDX-License-Identifier: GPL-3.0-or-later
// What a person can do about one machine. The part stays while what is around it is drawn anew: nobody loses the focus.
import {el} from "./text.js";
import {remove} from "./api.js";
import {ask, attempt, button, field, problemLine, text} from "./form.js";
import {may} from "./session.js";
import {act, outcome, verbs} from "./selection.js";

// The verbs that make sense for a machine in its present state.
function fitting(row, bundles) {
	return [
		row.held ? "release" : "hold",
		(row.done || row.state === "attention" || row.severity === "fail") && "retry",
		row.in_scope ? "remove" : "add",
		bundles.some((b) => b.state === "pending") && "discard",
		row.network_first && "set-back",
		row.safe_mode && "normal-start",
	].filter(Boolean);
}

export class MachineActs {
	constructor() {
		this.why = text({maxlength: 200});
		this.buttons = el("div", {class: "actions"});
		this.problem = problemLine();
		this.results = el("div", {class: "results", role: "status"});
		this.node = el("section", {class: "acts", hidden: true, "aria-label": "Actions"},
			field("Why (goes into the record)", this.why), this.buttons, this.problem, this.results);
		this.id = null;
		this.shown = "";
	}

	close() {
		this.id = null;
		this.node.hidden = true;
	}

	update(row, bundles) {
		this.node.hidden = !may("operate");
		if (this.id !== row.id) {
			this.why.value = "";
			this.problem.textContent = "";
			this.results.replaceChildren();
		}
		const offered = fitting(row, bundles);
		const now = `${row.id} ${row.state} ${row.listed} ${offered}`;
		if (this.shown === now && this.id === row.id)
			return;
		this.id = row.id;
		this.shown = now;
		const at = document.activeElement?.dataset?.verb && this.buttons.contains(document.activeElement);
		const kinds = {discard: "danger", retry: row.state === "attention" ? "primary" : ""};
		this.buttons.replaceChildren(...offered.map((verb) => (
			button(verbs[verb][0], (event) => this.act(verb, row, event.currentTarget), kinds[verb] ?? "", {"data-verb": verb}))),
		row.listed ? button("Take its line out of the inventory …", (event) => this.unlist(row, event.currentTarget)) : "");
		if (at)
			this.buttons.querySelector("button").focus({preventScroll: true});
	}

	async act(verb, row, pressed) {
		this.results.replaceChildren();
		if (verb === "discard" && !await ask({title: `Discard the saved repair of ${row.name || row.mac}?`, label: "Discard",
			content: el("p", {}, "It may be half written to its disk. Without the saved repair "
				+ "it cannot be completed; the machine starts over.")}))
			return;
		await attempt(pressed, this.problem, async () => {
			const result = await act(verb, [row.id], this.why.value.trim());
			this.results.replaceChildren(...outcome(verb, result).flat().filter(Boolean));
			this.why.value = "";
		});
	}

	async unlist(row, pressed) {
		if (!await ask({title: `Take the line of ${row.name || row.mac} out of the inventory?`, label: "Take it out",
			content: el("p", {}, "Its site, floor, owner and ring are forgotten. The machine and its timeline stay.")}))
			return;
		await attempt(pressed, this.problem, () => remove(`/api/v1/inventory/${row.id}`));
	}
}
