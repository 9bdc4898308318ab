// SPDX-License-Identifier: GPL-3.0-or-later
// What a whole room looks at: how far the fleet is, the lines of its campaigns, and who needs somebody. Nobody has to be signed in for that;
// the chart and the sites take the room that is left, or where somebody is signed in and there is room for every machine, the map.
import {duration, el, plural} from "./text.js";
import {getJson, problemOf} from "./api.js";
import {Chart} from "./chart.js";
import {First, atTheMachine} from "./first.js";
import {fleet} from "./fleet.js";
import {campaignsLine, line, stateMark} from "./line.js";
import {FloorMap} from "./map.js";
import {leftWords, rateWords} from "./progress.js";
import {me} from "./session.js";
import {Sites} from "./sites.js";

const EVERY = 3000;  // ms
const LATE = 15000;  // ms without an answer
const NAMED = 4;     // machines of one reason
const TOLD = 100;    // machines at most, of as many as there are
const HEARD = 5;     // on the wire, before the first machine
const LEAST = 150, MOST = 460; // px of height for chart and map
const WALL = 1000;   // px: a narrower one is no wall
const UNDER_WAY = ["running", "paused", "stopped"];

// What the room is told: [label, glyph, colour class, groups].
const figures = [
	["Windows is back", "✓", "back", ["back"]],
	["repaired, restarting", "✓", "done", ["restarting"]],
	["in progress", "▸", "run", ["running"]],
	["waiting", "…", "wait", ["waiting", "approval"]],
	["need a person", "!", "fail", ["action"]],
	["held", "‖", "idle", ["held"]],
	["not started yet", "○", "idle", ["new"]],
];

function figure(label, glyph, colour, count) {
	return el("li", {class: colour}, el("b", {}, count.toLocaleString("en")),
		el("span", {}, el("i", {class: "glyph", "aria-hidden": "true"}, glyph), label));
}

function others(count, least) {
	return count > 0 && (least ? " and others" : ` and ${count.toLocaleString("en")} more`);
}

// By what happened: how many, and who comes first. Of many machines the wallboard names some only; whoever is signed in knows all.
function needed(attention) {
	const titles = new Map(), known = new Map(fleet.tally.triage().map((e) => [e.title, e.count]));
	for (const {title, name} of attention)
		titles.set(title, [...titles.get(title) ?? [], name]);
	const all = [...titles].map(([title, names]) => ({title, names, count: Math.max(names.length, known.get(title) ?? 0),
		least: attention.length >= TOLD && !known.has(title)}));
	return all.sort((a, b) => b.count - a.count).map(({title, names, count, least}) => el("li", {},
		el("i", {class: "glyph", "aria-hidden": "true"}, "!"), count > 1 && el("b", {}, `${count.toLocaleString("en")}${least ? " or more" : ""} `), `${title}: `,
		names.slice(0, NAMED).map((name, i) => [i > 0 && ", ", el("b", {}, name)]), others(count - Math.min(names.length, NAMED), least)));
}

export class WallboardView {
	constructor() {
		this.node = el("div", {class: "wallboard"});
		this.chart = new Chart(MOST, true);
		this.map = new FloorMap(el("div", {class: "map"}), true);
		this.sites = new Sites();
		this.room = el("div", {class: "room", hidden: true}, this.chart.node, this.map.node, this.sites.node);
		this.pace = el("p", {class: "pace"});
		this.first = new First(HEARD);
		addEventListener("resize", () => this.fit());
	}

	open() {
		this.heard = Date.now();
		this.title = el("h1", {}, "netmend");
		this.late = el("p", {class: "banner", role: "alert", hidden: true});
		this.body = el("div");
		const back = me.name && !location.search && el("p", {}, el("a", {href: "#/"}, "← back to the page"));
		this.node.replaceChildren(this.late, this.title, this.pace, this.body, this.room, back || "");
		this.close();
		this.timer = setInterval(() => this.load(), EVERY);
		this.load();
	}

	close() {
		clearInterval(this.timer);
		this.first.close();
	}

	async load() {
		try {
			const board = await getJson("/api/v1/wallboard");
			this.heard = Date.now();
			this.late.hidden = true;
			this.draw(board);
		} catch (error) {
			this.late.hidden = error.status === 0 && Date.now() - this.heard < LATE;
			this.late.textContent = `${problemOf(error)} What you see is ${duration(Date.now() - this.heard)} old.`;
		}
	}


	// What would have to be scrolled to is not shown, unless somebody has it in his hand.
	fit() {
		if (!this.node.isConnected)
			return;
		this.room.hidden = true;
		this.trim();
		this.room.hidden = false;
		const left = Math.min(MOST, innerHeight - (this.room.getBoundingClientRect().top + scrollY) - 30);
		this.chart.node.hidden = left < LEAST || !this.charted;
		this.chart.resize(left - 40);
		this.map.node.hidden = this.sites.node.hidden = false;
		this.map.node.hidden = left < LEAST || !me.name || fleet.rows.size === 0 || !this.map.fit(left);
		this.sites.node.hidden = left < LEAST || !this.map.node.hidden || !this.sites.fit(left);
		this.room.hidden = this.chart.node.hidden && this.map.node.hidden && this.sites.node.hidden;
	}

	// Of what needs somebody, the reasons with the fewest machines give way.
	trim() {
		const list = this.body.querySelector(".needed ul"), page = document.documentElement;
		if (!list || innerWidth < WALL || page.scrollHeight <= innerHeight)
			return;
		const more = el("li", {});
		let gone = 0;
		list.append(more);
		do {
			more.previousSibling.remove();
			more.textContent = `and ${plural(++gone, "more reason")}`;
		} while (list.children.length > 1 && page.scrollHeight > innerHeight);
	}

	// Before the first machine: what to do, and for who may know it, what is heard meanwhile.
	begin() {
		const known = me.name && fleet.appliance;
		if (known && this.first.node.parentNode === this.body)
			return;
		if (!known) {
			this.body.replaceChildren(el("ol", {class: "begin"}, ...atTheMachine(),
				el("li", {}, "If it does not appear here, the page says to who is signed in what the appliance hears on the wire, and why it is not answered.")));
			return;
		}
		this.body.replaceChildren(this.first.node);
		this.first.open(fleet.appliance);
	}

	draw({counts, campaigns, attention, progress, sites}) {
		const count = (groups) => groups.reduce((sum, group) => sum + (counts.group[group] ?? 0), 0);
		const total = figures.reduce((sum, [, , , groups]) => sum + count(groups), 0);
		this.pace.textContent = total === 0 ? "A machine appears here as soon as it starts from the network."
			: [rateWords(progress), leftWords(progress)].filter(Boolean).join(" · ");
		this.charted = progress.buckets.length > 0;
		this.chart.show(progress);
		this.sites.show(sites);
		this.title.textContent = total
			? `${count(["back"]).toLocaleString("en")} of ${plural(total, "machine")} recovered` : "No machines yet";
		if (total === 0) {
			this.begin();
			this.fit();
			return;
		}
		this.first.close();
		const shown = campaigns.filter((c) => UNDER_WAY.includes(c.state));
		const numbers = figures.map(([, , , groups]) => count(groups));
		const list = el("ul", {class: "figures"}, figures.map(([label, glyph, colour], i) => figure(label, glyph, numbers[i] ? colour : "idle", numbers[i])));
		list.style.setProperty("--longest", Math.max(...numbers).toLocaleString("en").length);
		this.body.replaceChildren(list,
			shown.length > 1 ? el("section", {class: "several"}, campaignsLine(shown)) : "",
			...shown.length === 1 ? shown.map((c) => el("section", {}, el("h2", {}, c.name, " ", stateMark(c)), line(c.waves))) : [],
			attention.length > 0 ? el("section", {class: "needed"},
				el("h2", {}, `${plural(count(["action"]), "machine needs", "machines need")} somebody`),
				el("ul", {}, needed(attention))) : "");
		this.fit();
	}
}
