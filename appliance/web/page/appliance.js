// SPDX-License-Identifier: GPL-3.0-or-later
// The appliances of this fleet, how long its steps take, and who is told of changes.
import {duration, el, plural, when} from "./text.js";
import {getJson, problemOf} from "./api.js";
import {clock, fleet} from "./fleet.js";
import {exports, problemLine, table} from "./form.js";
import {health} from "./health.js";
import {Wire} from "./wire.js";

const REFRESH = 10000; // ms
const GONE = 30000;    // ms: an appliance silent for so long does not serve any more

// Steps whose usual time is learnt.
const steps = {boot: "from network boot to the fixer", session: "fixer's start", repair: "repair", reboot: "restart",
	return: "until Windows is back"};

function appliances(all) {
	return table("Appliances", [["Name"], ["Address"], ["State"], ["Version"], ["Started"], ["Last seen"]], all.map((a) => {
		const silent = !a.self && clock() - a.seen > GONE;
		const bad = a.twin || silent;
		return [el("b", {}, a.name || a.id, a.self && " (this one)"), a.address, el("span", {class: `mark ${bad ? "fail" : "back"}`},
			el("i", {class: "glyph", "aria-hidden": "true"}, bad ? "!" : "✓"),
			a.twin ? `its id is also that of ${a.twin}` : silent ? "silent" : "serves"), a.version, when(a.started),
		a.self ? "now" : `${duration(clock() - a.seen)} ago`];
	}));
}

export class ApplianceView {
	constructor() {
		this.node = el("div", {class: "page"});
		this.wire = new Wire();
	}

	open() {
		this.problem = problemLine();
		this.health = el("ul", {class: "health tall"});
		this.rest = el("div");
		this.node.replaceChildren(el("h1", {tabindex: -1}, "Appliance"),
			el("section", {class: "card"}, el("h2", {}, "Its parts"), this.health), this.problem, this.rest,
			this.wire.node);
		this.wire.open();
		this.changed("appliance");
		clearInterval(this.timer);
		this.timer = setInterval(() => this.load(), REFRESH);
		this.load();
	}

	close() {
		clearInterval(this.timer);
		this.wire.close();
	}

	changed(type) {
		if (type === "appliance" && fleet.appliance)
			this.health.replaceChildren(...health(fleet.appliance, clock()));
	}

	async load() {
		if (document.hidden)
			return;
		try {
			this.draw(await getJson("/api/v1/appliances"));
			this.problem.textContent = "";
		} catch (error) {
			this.problem.textContent = problemOf(error);
		}
	}

	draw({store, appliances: all, learnt, hooks}) {
		this.rest.replaceChildren(
			el("section", {class: "card"}, el("h2", {}, plural(all.length, "appliance"), " ", el("small", {}, `on one ${store} store`)),
				appliances(all), exports("/api/v1/appliances.csv", "/api/v1/appliances", "appliances")),
			el("section", {class: "card"}, el("h2", {}, "Learnt times"),
				el("p", {class: "hint"}, "A machine that takes longer than the limit is shown as one that needs somebody. "
					+ "Limits follow the fleet's own median."),
				learnt.length === 0 ? el("p", {}, "Nothing learnt yet: the built-in limits hold.")
					: table("Learnt times", [["Step"], ["Machines", "number"], ["Median", "number"], ["Limit", "number"]], learnt.map((l) => [
						steps[l.step] ?? l.step, l.samples.toLocaleString("en"), l.median ? duration(l.median) : "–", l.limit ? duration(l.limit) : "none"]))),
			el("section", {class: "card"}, el("h2", {}, "Webhooks"),
				hooks.length === 0 ? el("p", {}, "None in the configuration.")
					: table("Webhooks", [["Name"], ["Delivered", "number"], ["Failures", "number"], ["Last word"]], hooks.map((h) => [
						el("b", {}, h.name), h.delivered.toLocaleString("en"),
						h.failures ? el("b", {class: "failed"}, `! ${h.failures.toLocaleString("en")}`) : "0", h.text]))));
	}
}
