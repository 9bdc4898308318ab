// SPDX-License-Identifier: GPL-3.0-or-later
// The table of machines. Rows have one height, and only those near the window exist: ten thousand
// machines cost as much as forty. One that is as it was keeps its element.
import {duration, el, when} from "./text.js";
import {stateOf} from "./states.js";

const SPARE = 6; // rows beyond each edge

// One machine's element, and what in it moves with the time.
class Line {
	constructor(row, selection) {
		this.row = row;
		this.offered = selection.offered();
		this.chosen = selection.has(row.id);
		this.since = document.createTextNode("");
		this.seen = document.createTextNode("");
		this.node = this.make(selection);
	}

	// Whether it still shows what there is to show.
	isOf(row, selection) {
		return this.row === row && this.offered === selection.offered() && this.chosen === selection.has(row.id);
	}

	pick(selection) {
		const {row} = this;
		const box = el("input", {type: "checkbox", "aria-label": `Choose ${row.name || row.mac}`,
			onchange: () => selection.set(row.id, box.checked)});
		box.checked = this.chosen;
		return el("span", {role: "cell", class: "pick"}, el("label", {}, box)); // the label is as large as a thumb
	}

	make(selection) {
		const {row} = this;
		const state = stateOf(row);
		const said = [row.text, row.advice].filter((t) => t && t !== row.title).join(" — ");
		const busy = row.severity === "ok" && row.reason === "OK";
		const place = [row.site, row.floor].filter(Boolean).join(", ");
		return el("div", {class: `row ${state.colour}`, role: "row", "aria-selected": this.offered ? String(this.chosen) : null},
			this.offered && this.pick(selection),
			el("span", {role: "cell", class: "who"},
				el("b", {}, el("a", {href: `#/machine/${row.id}`}, row.name || row.mac)),
				el("small", {}, [row.mac, row.ip].filter(Boolean).join(" · ")),
				(place || row.product) && el("small", {}, [place, row.product].filter(Boolean).join(" · "))),
			el("span", {role: "cell", class: "state"},
				el("i", {class: "glyph", "aria-hidden": "true"}, state.glyph), el("span", {}, state.words)),
			el("span", {role: "cell", class: "why"},
				el("b", {}, busy ? "" : row.title, row.pairing && row.state === "waiting" && [" · code ", el("code", {}, row.pairing)]),
				el("small", {title: said}, busy ? row.text : said)),
			el("span", {role: "cell", class: "number attempt"},
				row.attempt || "–", el("em", {}, row.attempt === 1 ? " attempt" : " attempts")),
			el("span", {role: "cell", class: "number since", title: row.since ? when(row.since) : ""}, this.since, el("em", {}, " in this state")),
			el("span", {role: "cell", class: "number seen", title: row.last_seen ? when(row.last_seen) : ""},
				el("em", {}, "seen "), this.seen));
	}

	tell(now) {
		const since = this.row.since ? duration(now - this.row.since) : "–";
		const seen = this.row.last_seen ? `${duration(now - this.row.last_seen)} ago` : "never";
		if (this.since.data !== since)
			this.since.data = since;
		if (this.seen.data !== seen)
			this.seen.data = seen;
	}

	place(at, height) {
		if (this.at === at && this.height === height)
			return;
		this.at = at;
		this.height = height;
		this.node.style.top = `${at * height}px`;
		this.node.setAttribute("aria-rowindex", at + 2);
	}
}

export class List {
	// holder: positioned element the rows go into. clock(): the appliance's time in ms. selection: what is chosen.
	constructor(holder, clock, selection) {
		this.holder = holder;
		this.clock = clock;
		this.selection = selection;
		this.rows = [];
		this.lines = new Map(); // those that exist, by the machine's number
		addEventListener("scroll", () => this.draw(), {passive: true});
		addEventListener("resize", () => this.draw());
		setInterval(() => this.draw(), 1000);
	}

	show(rows) {
		this.rows = rows;
		this.holder.parentElement.setAttribute("aria-rowcount", rows.length + 1);
		this.draw();
	}

	draw() {
		if (document.hidden || !this.holder.offsetParent)
			return;
		const height = parseFloat(getComputedStyle(this.holder).getPropertyValue("--row"));
		const top = -this.holder.getBoundingClientRect().top;
		const first = Math.max(0, Math.floor(top / height) - SPARE);
		const last = Math.max(first, Math.min(this.rows.length, Math.ceil((top + innerHeight) / height) + SPARE));
		const now = this.clock();
		const lines = new Map();
		this.rows.slice(first, last).forEach((row, i) => {
			let line = this.lines.get(row.id);
			if (!line?.isOf(row, this.selection))
				line = new Line(row, this.selection);
			line.tell(now);
			line.place(first + i, height);
			lines.set(row.id, line);
		});
		this.lines = lines;
		this.holder.style.height = `${this.rows.length * height}px`;
		this.fill([...lines.values()].map((line) => line.node));
	}

	// Only what changed is touched: whoever reads with his ears, or has the focus somewhere, is not disturbed.
	fill(nodes) {
		const old = [...this.holder.children];
		if (old.length === nodes.length && old.every((node, i) => node === nodes[i]))
			return;
		const focused = this.focused();
		this.holder.replaceChildren(...nodes);
		if (focused)
			this.holder.querySelector(focused)?.focus({preventScroll: true});
	}

	// The number of the row that has the focus; -1: none.
	focusedRow() {
		const href = this.holder.contains(document.activeElement) ? document.activeElement.closest(".row")?.querySelector("a").hash : null;
		return this.rows.findIndex((row) => `#/machine/${row.id}` === href);
	}

	// Goes to row number at, wherever it is.
	focusOn(at) {
		const row = this.rows[at];
		if (!row || !this.holder.offsetParent)
			return;
		const height = parseFloat(getComputedStyle(this.holder).getPropertyValue("--row"));
		const top = this.holder.getBoundingClientRect().top + at * height;
		if (top < height || top + 2 * height > innerHeight)
			scrollBy(0, top - (innerHeight - height) / 2);
		this.draw();
		this.holder.querySelector(`[href="#/machine/${row.id}"]`)?.focus({preventScroll: true});
	}

	// What finds the focused element again after the rows were drawn anew; null: the focus is elsewhere.
	focused() {
		const row = this.holder.contains(document.activeElement) && document.activeElement.closest(".row");
		if (!row)
			return null;
		const href = row.querySelector("a").getAttribute("href");
		return document.activeElement.matches("input") ? `.row:has([href="${href}"]) input` : `[href="${href}"]`;
	}
}
