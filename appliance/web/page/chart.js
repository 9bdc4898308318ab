// SPDX-License-Identifier: GPL-3.0-or-later
// The chart of what recovered: the sum so far above, each stretch of time below, failures hatched and downwards. The same as a table.
import {duration, el, plural, svg, when} from "./text.js";
import {table, unique} from "./form.js";
import {chartWords} from "./progress.js";

const RIGHT = 10, TOP = 14;
const DESK = {left: 54, foot: 18, gap: 12, tick: 80}, WALL = {left: 86, foot: 28, gap: 26, tick: 130}; // px that words take
const FEWEST = 12;   // stretches of time the width stands for
const WIDEST = 26;   // px of a bar
const MIN = 60000, HOUR = 60 * MIN, DAY = 24 * HOUR;
const TICKS = [5 * MIN, 10 * MIN, 15 * MIN, 30 * MIN, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY];

const clockTime = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit", hourCycle: "h23"});
const dayTime = new Intl.DateTimeFormat(undefined, {weekday: "short", day: "numeric"});

// Round times of the viewer's zone with room for a label each.
function ticks(from, until, most) {
	const step = TICKS.find((t) => (until - from) / t <= most) ?? TICKS.at(-1);
	const zone = new Date(until).getTimezoneOffset() * MIN;
	const all = [];
	for (let at = Math.ceil((from - zone) / step) * step + zone; at < until; at += step)
		all.push([at, (at - zone) % DAY === 0 ? dayTime.format(at) : clockTime.format(at)]);
	return all;
}

// What was recovered by the end of each stretch; the last is the headline's number.
function sums({buckets, recovered}) {
	let sum = Math.max(0, recovered - buckets.reduce((all, b) => all + b.recovered, 0));
	return buckets.map((b) => (sum += b.recovered));
}

export class Chart {
	// height: px. node: goes into the page; on a wall without the table.
	constructor(height, wall = false) {
		this.height = height;
		this.words = wall ? WALL : DESK;
		this.hatch = unique("hatch");
		this.picture = el("div", {class: "picture"});
		this.said = el("p", {class: "said", "aria-hidden": "true"});
		this.body = el("div", {class: "tall", tabindex: 0, role: "region", "aria-label": "Recovered over time"});
		this.details = el("details", {ontoggle: () => this.drawTable()}, el("summary", {}, "As a table"), this.body);
		this.node = el("div", {class: "chart"}, this.picture, this.said, !wall && this.details);
		this.picture.addEventListener("pointermove", (event) => this.point(event.offsetX));
		this.picture.addEventListener("pointerleave", () => this.point(-1));
		new ResizeObserver(() => this.draw()).observe(this.picture);
	}

	resize(height) {
		if (height === this.height)
			return;
		this.height = height;
		this.draw();
	}

	show(progress) {
		this.progress = progress;
		this.sums = sums(progress);
		this.draw();
		this.drawTable();
	}

	draw() {
		const width = this.picture.clientWidth;
		if (!this.progress?.buckets.length || !width)
			return;
		const {buckets, bucket, total} = this.progress, {left, foot: words, gap, tick} = this.words;
		const until = buckets.at(-1).at + bucket, from = until - Math.max(buckets.length, FEWEST) * bucket;
		const x = (at) => left + (at - from) / (until - from) * (width - left - RIGHT);
		const peak = Math.max(1, ...buckets.map((b) => b.recovered)), worst = Math.max(0, ...buckets.map((b) => b.failed));
		const room = this.height - TOP - words - gap;
		const middle = TOP + room * .55, foot = this.height - words;
		const unit = (foot - middle - gap) / (peak + worst), base = middle + gap + peak * unit;
		const step = x(bucket) - x(0), bar = Math.min(WIDEST, step > 3 ? step - 1 : step);
		const sum = (count) => middle - (total ? Math.min(count, total) / total : 0) * (middle - TOP);
		this.x = (at) => x(at + bucket / 2);
		const points = [[buckets[0].at, this.sums[0] - buckets[0].recovered], ...buckets.map((b, i) => [b.at + bucket, this.sums[i]])]
			.map(([at, count]) => `${x(at).toFixed(1)},${sum(count).toFixed(1)}`);
		const column = (b, kind, y, high) => svg("rect", {class: kind, x: (x(b.at) + (step - bar) / 2).toFixed(1), y: y.toFixed(1),
			width: bar.toFixed(1), height: high.toFixed(1), fill: kind === "failures" && `url(#${this.hatch})`});
		const label = (at, y, text, anchor = "end") => svg("text", {x: at, y, "text-anchor": anchor}, text);
		const rule = (y, kind) => svg("line", {class: kind, x1: left, x2: width - RIGHT, y1: y, y2: y});
		this.cursor = svg("line", {class: "cursor", y1: TOP, y2: foot, visibility: "hidden"});
		this.picture.replaceChildren(svg("svg", {width, height: this.height, role: "img", "aria-label": chartWords(this.progress)},
			svg("defs", {}, svg("pattern", {id: this.hatch, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)"},
				svg("rect", {class: "failed-ground", width: 5, height: 5}), svg("rect", {class: "failed-line", width: 2, height: 5}))),
			ticks(from, until, (width - left - RIGHT) / tick).map(([at, text]) => [
				svg("line", {class: "tick", x1: x(at), x2: x(at), y1: TOP, y2: foot}), label(x(at), this.height - words * .22, text, "middle")]),
			rule(TOP, "goal"), rule(middle, "axis"), rule(base, "axis"),
			label(left - 6, TOP + 4, total.toLocaleString("en")), label(left - 6, middle + 3, "0"),
			label(left - 6, middle + gap + 8, peak.toLocaleString("en")), worst > 0 && label(left - 6, foot, `✗ ${worst.toLocaleString("en")}`),
			svg("polygon", {class: "area", points: `${x(buckets[0].at)},${middle} ${points.join(" ")} ${x(until)},${middle}`}),
			svg("polyline", {class: "sum", points: points.join(" ")}),
			buckets.map((b) => [b.recovered > 0 && column(b, "recovered", base - b.recovered * unit, b.recovered * unit),
				b.failed > 0 && column(b, "failures", base, b.failed * unit)]),
			this.cursor));
		this.point(-1);
	}

	// Says what stands at a place of the picture; -1: what the shapes mean.
	point(offset) {
		if (!this.x)
			return;
		const {buckets, bucket} = this.progress;
		const at = offset < 0 ? -1 : buckets.findIndex((b) => Math.abs(this.x(b.at) - offset) <= (this.x(bucket) - this.x(0)) / 2 + .5);
		this.cursor.setAttribute("visibility", at < 0 ? "hidden" : "visible");
		if (at < 0) {
			this.said.replaceChildren(el("i", {class: "key sum"}), "recovered so far ", el("i", {class: "key recovered"}),
				`recovered in each ${duration(bucket)} `, el("i", {class: "key failures"}, "✗"), "failed");
			return;
		}
		const b = buckets[at], middle = this.x(b.at);
		this.cursor.setAttribute("x1", middle);
		this.cursor.setAttribute("x2", middle);
		this.said.textContent = `${clockTime.format(b.at)} to ${clockTime.format(b.at + bucket)}: ${b.recovered} recovered, `
			+ `${b.repaired} repaired, ${b.failed} failed, ${plural(b.started, "attempt")} began; ${this.sums[at].toLocaleString("en")} so far`;
	}

	drawTable() {
		if (!this.details.open || !this.progress)
			return;
		const {buckets} = this.progress;
		const rows = buckets.map((b, i) => [when(b.at), b.recovered, b.repaired, b.failed, b.started, this.sums[i].toLocaleString("en")])
			.filter((r) => r.slice(1, 5).some(Boolean)).reverse();
		this.body.replaceChildren(table("Recovered over time", ["From", ["Recovered", "number"], ["Repaired", "number"],
			["Failed", "number"], ["Attempts begun", "number"], ["Recovered so far", "number"]], rows));
	}
}
