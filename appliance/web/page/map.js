// SPDX-License-Identifier: GPL-3.0-or-later
// The map: a tile for each machine, by site and floor. The list below the same filter says the same in words.
import {el} from "./text.js";
import {fleet, watchRows} from "./fleet.js";
import {Floor} from "./floor.js";
import {toQuery} from "./filter.js";

const PITCH = 24, CLOSE = 17;  // px from tile to tile: usual, and with many machines
const MANY = 1500;
const WALL_MOST = 56, WALL_LEAST = 10;
const ABREAST = 80;           // machines of a floor that leaves room for another beside it
const NEAR = "300px";          // beyond the window: drawn already

const byName = new Intl.Collator("en", {numeric: true});

function nameOf({site, floor}) {
	return [site || "No site known", /^-?\d/.test(floor) ? `floor ${floor}` : floor].filter(Boolean).join(", ");
}

// Where it stands, and under which name: what the order of the tiles hangs on.
function placeOf(row) {
	return `${row.site}\n${row.floor}\n${row.name || row.mac}`;
}

export class FloorMap {
	// wall: nobody moves over it, and its tiles are as large as they can be.
	constructor(node, wall = false) {
		this.node = node;
		this.wall = wall;
		this.floors = new Map(); // by site and floor
		this.places = new Map(); // of each machine: {floor, at}
		this.passes = () => true;
		this.arranged = false;
		this.status = el("p", {class: "unseen", role: "status"});
		this.body = el("div", {class: "floors"});
		node.replaceChildren(wall ? "" : el("p", {class: "hint"}, "Each tile is a machine. Arrow keys go from tile to tile, Enter opens the machine."),
			this.body, this.status);
		this.watch = new IntersectionObserver((entries) => {
			for (const {target, isIntersecting} of entries)
				[...this.floors.values()].find((floor) => floor.node === target)?.see(isIntersecting);
		}, {rootMargin: NEAR});
		addEventListener("themechange", () => {
			for (const floor of this.floors.values())
				floor.see(floor.seen);
		});
		if (!wall)
			new ResizeObserver(() => this.show(this.passes)).observe(this.body);
		watchRows((before, after) => this.change(before, after));
	}

	// Of a row another one takes the place of: usually its tile only looks otherwise.
	change(before, after) {
		const known = before && after && placeOf(before) === placeOf(after) && this.places.get(after.id);
		if (!known) {
			this.arranged = false;
			return;
		}
		known.floor.rows[known.at] = after;
		known.floor.stale = true;
	}

	// passes(row): whether the filter has it; the others are faint, so that each keeps its place.
	show(passes) {
		this.passes = passes;
		if (this.node.offsetParent)
			this.draw(fleet.rows.size > MANY ? CLOSE : PITCH);
	}

	// The same for a wall, no higher than so many px; false: it cannot be. Tried again when there is something else to fit.
	fit(height) {
		const most = Math.floor(Math.sqrt(this.body.clientWidth * height / fleet.rows.size)); // were there nothing but tiles
		if (most < WALL_LEAST)
			return false;
		const wanted = `${fleet.rows.size} ${this.body.clientWidth} ${height}`;
		let pitch = this.fitted === wanted ? this.pitch : Math.min(most, WALL_MOST);
		for (this.draw(pitch); pitch > WALL_LEAST && this.node.offsetHeight > height; this.draw(pitch))
			pitch -= 2;
		Object.assign(this, {fitted: wanted, pitch});
		return this.node.offsetHeight <= height;
	}

	// The floors where something is otherwise than it was drawn.
	draw(pitch) {
		if (!this.arranged)
			this.arrange();
		const layout = `${pitch} ${this.body.clientWidth}`, every = layout !== this.layout || this.passes !== this.drawnFor;
		Object.assign(this, {layout, drawnFor: this.passes});
		const stale = [...this.floors.values()].filter((floor) => every || floor.stale);
		for (const {node, rows} of stale) {
			node.hidden = !rows.some(this.passes);
			node.classList.toggle("wide", rows.length > ABREAST);
		}
		const drawn = stale.filter((floor) => !floor.node.hidden), widths = drawn.map((floor) => floor.holder.clientWidth);
		drawn.forEach((floor, i) => floor.update(this.passes, pitch, widths[i]));
	}

	arrange() {
		const groups = new Map();
		for (const row of fleet.rows.values()) {
			const key = `${row.site}\n${row.floor}`;
			if (!groups.has(key))
				groups.set(key, []);
			groups.get(key).push(row);
		}
		this.arranged = true;
		this.places.clear();
		// Those without a site come last.
		const keys = [...groups.keys()].sort((a, b) => a.startsWith("\n") - b.startsWith("\n") || byName.compare(a, b));
		this.floors = new Map(keys.map((key) => [key, this.fill(this.floors.get(key), groups.get(key))]));
		const nodes = [...this.floors.values()].map((floor) => floor.node);
		if (nodes.length === this.body.children.length && nodes.every((node, i) => node === this.body.children[i]))
			return;
		this.body.replaceChildren(...nodes);
		this.watch.disconnect();
		nodes.forEach((node) => this.watch.observe(node));
	}

	fill(known, rows) {
		const {site, floor: level} = rows[0];
		const list = site && !this.wall ? `#/?${toQuery({site: [site], floor: [level]})}` : "";
		const floor = known ?? new Floor(nameOf(rows[0]), list, (text) => {
			this.status.textContent = text;
		}, this.wall);
		floor.take(rows.sort((a, b) => byName.compare(a.name || a.mac, b.name || b.mac)));
		rows.forEach((row, at) => this.places.set(row.id, {floor, at}));
		return floor;
	}
}
