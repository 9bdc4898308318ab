// SPDX-License-Identifier: GPL-3.0-or-later
// Orders to management controllers: how many are under way, what failed, and an end to those that wait.
import {el, plural, when} from "./text.js";
import {getJson, problemOf} from "./api.js";
import {nameOfMachine} from "./fleet.js";
import {ask, attempt, button, exports, problemLine, said, table} from "./form.js";
import {orderName, reasonWords, stateOfOrder, stopWaiting} from "./power_words.js";
import {may} from "./session.js";

const REFRESH = 3000;  // ms, while there is one under way
const IDLE = 15000;
const STATES = ["waiting", "driving", "booting", "failed", "stopped", "done"];

const labels = {waiting: "wait for their turn", driving: "at their controllers", booting: "on, have to ask for their boot", failed: "failed", stopped: "stopped", done: "done"};

function rowOf(o) {
	const state = stateOfOrder(o.state);
	return [el("a", {href: `#/machine/${o.machine}`}, o.name || nameOfMachine(o.machine)), orderName(o.order),
		[el("span", {class: `mark ${state.colour}`}, el("i", {class: "glyph", "aria-hidden": "true"}, state.glyph), state.words),
			o.tries > 1 && el("small", {}, ` try ${o.tries}`), !["OK", "POWER_TURN"].includes(o.reason) && el("div", {}, reasonWords(o))],
		[el("b", {}, o.by), o.why && el("small", {}, ` ${o.why}`)],
		when(o.ended || o.driven || o.begun || o.created)];
}

export class PowerView {
	constructor() {
		this.node = el("div", {class: "page"});
	}

	open(_, search) {
		this.state = STATES.includes(search?.get("state")) ? search.get("state") : "";
		this.problem = problemLine();
		this.tiles = el("ul", {class: "cards tiles"});
		this.results = el("div", {class: "results", role: "status"});
		this.stop = button("Stop all …", (event) => this.end(event.currentTarget), "danger", {hidden: true});
		this.known = el("p", {class: "hint"});
		this.idle = el("p", {class: "note", hidden: true}, el("i", {class: "glyph", "aria-hidden": "true"}, "!"),
			"Nothing can be driven now: escrow's vault is locked, or netmend-power does not run. Orders wait.");
		this.list = el("div", {class: "orders"});
		this.shown = "";
		this.node.replaceChildren(el("h1", {tabindex: -1}, "Power"), this.known, this.idle, this.tiles, el("div", {class: "actions"}, this.stop), this.problem, this.results, this.list,
			exports("/api/v1/power.csv", "/api/v1/power", "power"));
		this.load();
	}

	close() {
		clearTimeout(this.timer);
		this.asked = null;
	}

	async load() {
		clearTimeout(this.timer);
		const mine = this.asked = {};
		let busy = false;
		try {
			const told = document.hidden ? null : await getJson("/api/v1/power");
			if (this.asked !== mine)
				return;
			if (told)
				this.draw(told);
			busy = ["waiting", "driving", "booting"].some((s) => told?.counts[s] > 0);
			this.problem.textContent = "";
		} catch (error) {
			if (this.asked !== mine)
				return;
			this.problem.textContent = problemOf(error);
		}
		this.timer = setTimeout(() => this.load(), busy ? REFRESH : IDLE);
	}

	// The newest thousand orders are told; all of them are counted.
	draw({orders, counts, bmcs, driven}) {
		this.stop.hidden = !may("operate") || counts.waiting + counts.booting === 0;
		const now = JSON.stringify([orders, counts, bmcs, driven]);
		if (this.shown === now)
			return;
		this.shown = now;
		this.known.textContent = bmcs === 0 ? "" : `${plural(bmcs, "machine has", "machines have")} a management controller that is known here.`;
		this.idle.hidden = driven || bmcs === 0;
		const at = this.node.contains(document.activeElement) && document.activeElement.getAttribute("href");
		this.tiles.replaceChildren(...STATES.filter((s) => s !== "stopped" || counts[s] > 0).map((s) => el("li", {class: "card tile"},
			el("a", {href: this.state === s ? "#/power" : `#/power?state=${s}`, "aria-current": this.state === s ? "true" : null},
				el("b", {class: "count"}, counts[s].toLocaleString("en")), " ", labels[s]))));
		this.list.replaceChildren(...this.rows(orders.filter((o) => !this.state || o.state === this.state), counts, bmcs));
		if (at)
			[...this.node.querySelectorAll("a")].find((a) => a.getAttribute("href") === at)?.focus({preventScroll: true});
	}

	rows(orders, counts, bmcs) {
		const all = this.state ? counts[this.state] : STATES.reduce((sum, s) => sum + counts[s], 0);
		if (orders.length > 0)
			return [table("Orders", [["Machine", "whole"], ["Order"], ["State"], ["By"], ["When", "whole"]], orders.map(rowOf)),
				all > orders.length ? el("p", {class: "hint"}, `${(all - orders.length).toLocaleString("en")} older ones are not listed.`) : ""];
		if (this.state)
			return [el("p", {}, `None ${all > 0 ? "among the newest thousand" : labels[this.state]}.`)];
		return [el("p", {}, "Nothing was ordered yet: on a machine's page, or for those chosen in the list of machines, under “Power”."),
			bmcs === 0 ? el("p", {}, "No machine's management controller is known yet. Import them on the appliance: ", el("code", {}, "netmend power import FILE")) : ""];
	}

	async end(pressed) {
		if (!await ask({title: "Stop all orders?", label: "Stop them", content: [el("p", {}, "Those that wait for their turn are given up, "
			+ "and machines that were switched on are not waited for any more."), el("p", {}, "What is being done at a controller goes on to its end.")]}))
			return;
		await attempt(pressed, this.problem, async () => {
			const {stopped} = await stopWaiting(null);
			this.results.replaceChildren(said("good", `Stopped: ${plural(stopped, "order")}.`));
			this.load();
		});
	}
}
