// SPDX-License-Identifier: GPL-3.0-or-later
// The table of machines. Rows have one height, and only those near the window exist: ten thousand
// machines cost as much as forty.
import {duration, el, when} from "./text.js";
import {stateOf} from "./states.js";

const SPARE = 6; // rows beyond each edge

function makeRow(row, now) {
	const state = stateOf(row);
	const said = [row.text, row.advice].filter((t) => t && t !== row.title).join(" — ");
	const busy = row.severity === "ok" && row.reason === "OK";
	return el("a", {class: `row ${state.colour}`, role: "row", href: `#/machine/${row.id}`},
		el("span", {role: "cell", class: "who"},
			el("b", {}, row.name || row.mac),
			el("small", {}, [row.mac, row.ip].filter(Boolean).join(" · ")),
			row.product && el("small", {}, row.product)),
		el("span", {role: "cell", class: "state"},
			el("i", {class: "glyph", "aria-hidden": "true"}, state.glyph), el("span", {}, state.words)),
		el("span", {role: "cell", class: "why"},
			el("b", {}, busy ? "" : row.title, row.pairing && row.state === "waiting" ? ` · code ${row.pairing}` : ""),
			el("small", {title: said}, busy ? row.text : said)),
		el("span", {role: "cell", class: "number attempt"},
			row.attempt || "–", el("em", {}, row.attempt === 1 ? " attempt" : " attempts")),
		el("span", {role: "cell", class: "number since", title: when(row.since)}, duration(now - row.since),
			el("em", {}, " in this state")),
		el("span", {role: "cell", class: "number seen", title: row.last_seen ? when(row.last_seen) : ""},
			el("em", {}, "seen "), row.last_seen ? `${duration(now - row.last_seen)} ago` : "never"));
}

export class List {
	// holder: positioned element the rows go into. clock(): the appliance's time in ms.
	constructor(holder, clock) {
		this.holder = holder;
		this.clock = clock;
		this.rows = [];
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
		const last = Math.min(this.rows.length, Math.ceil((top + innerHeight) / height) + SPARE);
		const now = this.clock();
		const focused = document.activeElement?.getAttribute("href");
		this.holder.style.height = `${this.rows.length * height}px`;
		this.holder.replaceChildren(...this.rows.slice(first, last).map((row, i) => {
			const node = makeRow(row, now);
			node.style.top = `${(first + i) * height}px`;
			node.setAttribute("aria-rowindex", first + i + 2);
			return node;
		}));
		if (focused?.startsWith("#/machine/"))
			this.holder.querySelector(`[href="${focused}"]`)?.focus({preventScroll: true});
	}
}
