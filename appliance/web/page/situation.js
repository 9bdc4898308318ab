// SPDX-License-Identifier: GPL-3.0-or-later
// How it goes: pace, stuck machines, the chart and the time of each step. All of it is the appliance's reckoning.
import {duration, el, plural} from "./text.js";
import {table} from "./form.js";
import {clock, fleet, nameOfMachine} from "./fleet.js";
import {Chart} from "./chart.js";
import {followProgress, leftWords, rateWords} from "./progress.js";
import {stateOf} from "./states.js";
import {Stuck} from "./stuck.js";

const NARROW = 700; // px: the chart stays folded

const $ = (id) => document.getElementById(id);

function shortly(ms) {
	return ms < 1000 ? "< 1 s" : duration(ms);
}

export class Situation {
	constructor() {
		this.stuck = new Stuck($("stuck"));
		this.chart = new Chart(150);
		this.steps = el("div", {class: "steps"});
		this.times = el("details", {}, el("summary", {}, "Time of each step"), this.steps);
		this.chart.node.append(this.times);
		$("progress").replaceChildren(el("details", {open: innerWidth > NARROW}, el("summary", {}, el("h2", {}, "Progress over time")),
			this.chart.node));
		followProgress(() => !$("overview").hidden && fleet.rows.size > 0, (progress) => this.show(progress));
	}

	show(progress) {
		this.drawPace(progress);
		this.stuck.show(progress);
		$("progress").hidden = progress.buckets.length === 0;
		this.chart.show(progress);
		this.drawSteps(progress.steps.filter((s) => s.samples > 0));
	}

	drawPace(progress) {
		const [first] = progress.stuck;
		const words = [rateWords(progress), leftWords(progress)].filter(Boolean).map((w) => [el("b", {}, w), " · "]);
		const stuck = first && ["longest stuck: ", el("a", {href: `#/machine/${first.machine}`}, nameOfMachine(first.machine)),
			`, ${duration(clock() - first.since)}`];
		$("pace").hidden = progress.total === 0;
		$("pace").replaceChildren(...words.flat().slice(0, stuck ? undefined : -1), ...stuck || []);
	}

	drawSteps(all) {
		this.times.hidden = all.length === 0;
		this.steps.replaceChildren(all.length > 0 ? table("Time per step",
			["Step", ["Usually", "number"], ["At most", "number"]],
			all.map((s) => [[stateOf({state: s.step}).words, el("small", {}, ` ${plural(s.samples, "machine")}`)], shortly(s.median), shortly(s.most)])) : "");
	}
}
