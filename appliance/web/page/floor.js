// SPDX-License-Identifier: GPL-3.0-or-later
// One floor of the map: its machines as tiles on a canvas, drawn only while it can be seen, and only those that changed. One link lies over
// the tile the mouse or the arrow keys are at: name, focus and way to the machine cost one node a floor.
import {duration, el} from "./text.js";
import {clock} from "./fleet.js";
import {stateOf} from "./states.js";

const classes = ["idle", "run", "wait", "warn", "fail", "done", "back"];
const FAINT = .22;

let palette = null;

// Of each colour class: [ground, glyph]. What needs somebody is filled.
function colours() {
	if (palette)
		return palette;
	const probe = el("i", {hidden: true});
	document.body.append(probe);
	palette = {};
	for (const name of classes) {
		probe.className = name;
		const style = getComputedStyle(probe);
		const [text, ground, card] = ["--c", "--b", "--card"].map((v) => style.getPropertyValue(v));
		palette[name] = name === "fail" || name === "warn" ? [text, card] : [ground, text];
	}
	probe.remove();
	return palette;
}

addEventListener("themechange", () => {
	palette = null;
});

export class Floor {
	// say(text): for those who move over it by keys. list: address of the same machines as a list, "" none. brief: fewer words.
	constructor(name, list, say, brief = false) {
		this.say = say;
		this.brief = brief;
		this.rows = [];
		this.drawn = [];
		this.at = 0;
		this.seen = false;
		this.canvas = el("canvas", {"aria-hidden": "true"});
		this.tip = el("span", {class: "tip", "aria-hidden": "true"});
		this.link = el("a", {class: "tile", onkeydown: (event) => this.key(event)}, this.tip);
		this.holder = el("div", {class: "tiles"}, this.canvas, this.link);
		this.counts = el("span");
		this.node = el("section", {class: "floor", "aria-label": name},
			el("h3", {}, name, " ", this.counts), list && el("a", {class: "list-of", href: list}, "as a list"), this.holder);
		this.holder.addEventListener("pointermove", (event) => this.point(event));
	}

	take(rows) {
		Object.assign(this, {rows, drawn: [], stale: true});
	}

	// shown(row): whether the filter has it. pitch: px from tile to tile.
	update(shown, pitch, width) {
		const back = this.rows.filter((row) => row.group === "back").length;
		const action = this.rows.filter((row) => row.group === "action").length;
		const failed = action ? `, ! ${action.toLocaleString("en")}` : "";
		const words = `${back.toLocaleString("en")} of ${this.rows.length.toLocaleString("en")} back${failed}`
			+ (failed && !this.brief ? ` ${action === 1 ? "needs" : "need"} a person` : "");
		if (this.counts.textContent !== words)
			this.counts.textContent = words;
		Object.assign(this, {shown, stale: false});
		const columns = Math.max(1, Math.floor(width / pitch));
		const high = Math.ceil(this.rows.length / columns) * pitch;
		if (this.columns !== columns || this.pitch !== pitch || this.high !== high) {
			Object.assign(this, {columns, pitch, high, drawn: []});
			this.holder.style.height = `${high}px`;
		}
		this.draw();
		this.move(this.at);
	}

	see(seen) {
		this.seen = seen;
		this.drawn = [];
		if (!seen)
			this.canvas.width = this.canvas.height = 0;
		this.draw();
	}

	draw() {
		if (!this.seen || !this.columns)
			return;
		const scale = Math.min(2, devicePixelRatio), {pitch, columns} = this;
		if (this.drawn.length === 0) {
			this.canvas.width = columns * pitch * scale;
			this.canvas.height = this.high * scale;
			this.canvas.style.width = `${columns * pitch}px`;
		}
		const to = this.canvas.getContext("2d"), size = pitch - 2;
		to.setTransform(scale, 0, 0, scale, 0, 0);
		to.font = `700 ${Math.round(size * .68)}px system-ui, sans-serif`;
		to.textAlign = "center";
		to.textBaseline = "middle";
		this.rows.forEach((row, i) => {
			const {glyph, colour} = stateOf(row), shown = this.shown(row);
			const look = `${colour}${glyph}${shown}`;
			if (this.drawn[i] === look)
				return;
			this.drawn[i] = look;
			const [ground, ink] = colours()[colour], x = i % columns * pitch, y = Math.floor(i / columns) * pitch;
			to.clearRect(x, y, pitch, pitch);
			to.globalAlpha = shown ? 1 : FAINT;
			to.fillStyle = ground;
			to.fillRect(x, y, size, size);
			to.fillStyle = ink;
			to.fillText(glyph, x + size / 2, y + size / 2 + 1);
		});
	}

	point(event) {
		if (event.target !== this.canvas && event.target !== this.holder)
			return;
		const column = Math.floor(event.offsetX / this.pitch), line = Math.floor(event.offsetY / this.pitch);
		if (column < this.columns && line * this.columns + column < this.rows.length)
			this.move(line * this.columns + column);
	}

	key(event) {
		const step = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.columns, ArrowDown: this.columns,
			Home: -this.at, End: this.rows.length - 1 - this.at}[event.key];
		if (step === undefined || event.ctrlKey || event.altKey || event.metaKey)
			return;
		event.preventDefault();
		const to = this.at + step;
		if (!this.rows[to])
			return;
		this.move(to);
		this.link.scrollIntoView({block: "nearest"});
		this.say(this.link.ariaLabel);
	}

	// The link lies over tile number at.
	move(at) {
		this.at = Math.min(at, this.rows.length - 1);
		const row = this.rows[this.at], x = this.at % this.columns * this.pitch;
		const {words} = stateOf(row);
		const text = [row.name || row.mac, `${words} for ${duration(clock() - row.since)}`, row.severity !== "ok" && row.title]
			.filter(Boolean).join(", ");
		const {style} = this.link;
		style.left = `${x}px`;
		style.top = `${Math.floor(this.at / this.columns) * this.pitch}px`;
		style.width = style.height = `${this.pitch - 2}px`;
		this.link.href = `#/machine/${row.id}`;
		if (this.link.ariaLabel !== text) {
			this.link.ariaLabel = text;
			this.tip.textContent = text;
		}
		this.tip.classList.toggle("left", x > this.columns * this.pitch / 2);
	}
}
