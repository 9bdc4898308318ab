// SPDX-License-Identifier: GPL-3.0-or-later
// A machine's power: its management controller, what was ordered last and how that goes, and what a person can order. The part stays
// while what is around it is drawn anew: nobody loses the focus.
import {el, sentence, when} from "./text.js";
import {post} from "./api.js";
import {ask, attempt, button, field, problemLine, said, text} from "./form.js";
import {Console} from "./console.js";
import {give, isOpen, orderName, orders, reasonWords, stateOfOrder, stepList, stopWaiting} from "./power_words.js";
import {may} from "./session.js";

const noMedia = /^(ipmi|amt) /; // virtual media are Redfish's
const kinds = {off: "danger", cycle: "danger"};

function told(order) {
	const state = stateOfOrder(order.state);
	const since = order.ended || order.driven || order.begun || order.created;
	return [el("p", {class: `order ${state.colour}`}, el("i", {class: "glyph", "aria-hidden": "true"}, state.glyph), el("b", {}, orderName(order.order)), `: ${state.words} `,
		el("small", {}, when(since)), order.tries > 1 && el("small", {}, `, try ${order.tries}`)),
	order.reason !== "OK" && el("p", {}, reasonWords(order), " ", el("code", {}, order.reason)),
	order.reason === "OK" && order.text && el("p", {}, sentence(order.text)),
	(order.power || order.boot) && el("p", {}, [order.power && `Power: ${order.power}`, order.boot && `boot order: ${order.boot}`].filter(Boolean).join(", ")),
	order.steps?.length > 0 && stepList(order.steps),
	el("p", {}, el("small", {}, `Ordered by ${order.by} ${when(order.created)}${order.why ? `: ${order.why}` : ""}`))].filter(Boolean);
}

const PATIENCE = 90000; // ms: of the appliance's own

// Of a question about the power: what the controller says.
function condition({power, boot, text: more}) {
	return said("good", sentence([power ? `Power is ${power}` : "it does not say whether power is on", boot && `boot order: ${boot}`, more].filter(Boolean).join("; ")));
}

export class Power {
	// changed(): something was ordered, the machine is to be asked for anew.
	constructor(changed) {
		this.changed = changed;
		this.bmc = el("p");
		this.order = el("div", {role: "status"});
		this.hint = el("p", {class: "hint"});
		this.buttons = Object.keys(orders).map((order) => (
			button(`${orders[order][0]} …`, (event) => this.give(order, event.currentTarget), kinds[order] ?? "", {"data-power": order})));
		this.status = button("Ask its status", (event) => this.ask(event.currentTarget), "", {"data-power": "status"});
		this.stop = button("Stop", (event) => this.end(event.currentTarget), "", {"data-power": "stop"});
		this.problem = problemLine();
		this.results = el("div", {class: "results", role: "status"});
		this.console = new Console();
		this.acts = el("div", {}, this.hint, el("div", {class: "actions"}, this.stop, this.buttons, this.status), this.problem, this.results,
			this.console.node);
		this.title = el("h2", {tabindex: -1}, "Power");
		this.node = el("section", {class: "power", hidden: true, "aria-label": "Power"}, this.title, this.bmc, this.order, this.acts);
		this.close();
	}

	close() {
		this.id = null;
		this.node.hidden = true;
	}

	// power: of the machine's detail; none from an appliance that is older.
	update(row, power) {
		this.node.hidden = !power || !power.bmc && !power.order;
		if (this.node.hidden)
			return;
		if (this.id !== row.id)
			this.begin(row.id);
		this.name = row.name || row.mac || `machine ${row.id}`;
		const now = JSON.stringify(power);
		if (this.shown === now)
			return;
		this.shown = now;
		this.bmc.replaceChildren(...power.bmc ? ["Management controller: ", el("b", {}, power.bmc)] : [reasonWords({reason: "POWER_NO_BMC"})]);
		this.order.replaceChildren(...power.order ? told(power.order) : []);
		this.offer(power);
	}

	begin(id) {
		this.id = id;
		this.shown = this.problem.textContent = "";
		this.results.replaceChildren();
		this.console.clear(id);
	}

	// One order at a time: what is under way ends first.
	offer({bmc, order}) {
		const focused = this.acts.contains(document.activeElement) && document.activeElement;
		const open = isOpen(order);
		this.acts.hidden = !may("operate") || !bmc && !open;
		const booting = order?.state === "booting";
		this.stop.hidden = order?.state !== "waiting" && !booting;
		this.stop.textContent = booting ? "Wait for its boot no longer" : "Stop";
		for (const button of this.buttons)
			button.hidden = open || !bmc || button.dataset.power === "media" && noMedia.test(bmc);
		this.status.hidden = this.console.node.hidden = !bmc;
		this.hint.textContent = `The next order can be given when this one has ended${order?.state === "waiting" ? "; it can still be stopped" : ""}.`;
		this.hint.hidden = !open;
		if (focused && !focused.getClientRects().length)
			this.title.focus({preventScroll: true});
	}

	// What would come of it is asked first: who is alive is only touched when a person says so, and a repair under way not even then.
	async give(order, pressed) {
		const {id} = this;
		let seen = null, forced = null;
		this.results.replaceChildren();
		if (!await attempt(pressed, this.problem, async () => {
			[seen] = (await give(order, [id], {dry: true})).machines;
			if (seen.reason === "POWER_ALIVE")
				[forced] = (await give(order, [id], {dry: true, force: true})).machines;
		}) || this.id !== id)
			return;
		pressed.focus({preventScroll: true});
		const alive = forced?.reason === "OK";
		if (seen.reason !== "OK" && !alive) {
			this.problem.textContent = reasonWords(seen);
			return;
		}
		const why = text({maxlength: 200});
		if (!await this.confirmed(order, seen, forced, why) || this.id !== id)
			return;
		await attempt(pressed, this.problem, async () => {
			const [done] = (await give(order, [id], {force: alive, why: why.value.trim()})).machines;
			if (done.reason !== "OK")
				this.problem.textContent = reasonWords(done);
			this.changed();
		});
	}

	// forced: what would be done although it is alive; null: it is not.
	confirmed(order, seen, forced, why) {
		const [label, question, happens, , lost] = orders[order];
		return ask({title: question(this.name), label, agree: forced && "Do it nevertheless: what is open there is lost", content: [
			el("p", {}, el("b", {}, this.name), ` ${happens}. ${lost}`), el("p", {class: "hint"}, `By ${seen.bmc}: ${(forced ?? seen).do}.`),
			forced && el("p", {class: "note"}, el("i", {class: "glyph", "aria-hidden": "true"}, "!"), reasonWords(seen)),
			field("Why (goes into the record)", why)]});
	}

	end(pressed) {
		return attempt(pressed, this.problem, async () => {
			await stopWaiting([this.id]);
			this.changed();
		});
	}

	ask(pressed) {
		const {id} = this;
		this.results.replaceChildren(el("p", {}, "Asking its controller …"));
		return attempt(pressed, this.problem, async () => {
			let words = [];
			try {
				const answer = await post(`/api/v1/machines/${id}/power-status`, {}, PATIENCE);
				words = [answer.reason === "OK" ? condition(answer) : said("fail", reasonWords(answer))];
			} finally {
				if (this.id === id)
					this.results.replaceChildren(...words);
			}
		});
	}
}
