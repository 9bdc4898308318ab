// SPDX-License-Identifier: GPL-3.0-or-later
// What the appliance hears on the wire now: who asks for an address or a boot program, and who else answers.
import {duration, el, plural} from "./text.js";
import {getJson, problemOf} from "./api.js";
import {problemLine, table} from "./form.js";

const EVERY = 3000; // ms
const SHOWN = 20;   // the newest

const asks = {pxe: "network boot (PXE)", http: "network boot (HTTP)", ipxe: "network boot (iPXE)",
	windows: "an address: its Windows runs", other: "an address only"};

function ago(at, now) {
	return now - at < 1500 ? "now" : `${duration(now - at)} ago`;
}

function answer(line) {
	const [colour, glyph, words] = line.answered ? ["back", "✓", "answered"] : ["wait", "–", `not answered: ${line.why}`];
	return el("span", {class: colour}, el("i", {class: "glyph", "aria-hidden": "true"}, glyph), words);
}

function lines(heard, now, most) {
	return table("Heard on the wire", [["Machine"], ["Asks for"], ["Answer"], ["Heard", "number"]], heard.slice(0, most).map((line) => [
		[line.machine ? el("a", {href: `#/machine/${line.machine}`}, line.name || line.mac) : el("b", {}, line.name || line.mac),
			line.name && el("small", {}, ` ${line.mac}`)],
		[asks[line.kind] ?? line.kind, line.arch && el("small", {}, ` ${line.arch}`)], answer(line), ago(line.at, now)]));
}

// Another DHCP server is as it should be, when the appliance is configured so; none at all explains a silent wire.
function servers(all, now) {
	const others = all.filter((s) => !s.ours);
	return others.length > 0 && el("p", {class: "hint"}, `Other DHCP servers here: ${others.map((s) => (
		`${s.ip}${s.mac ? ` (${s.mac})` : ""}, ${ago(s.at, now)}`)).join("; ")}.`);
}

export class Wire {
	constructor(most = SHOWN) {
		this.most = most;
		this.problem = problemLine();
		this.body = el("div", {}, el("p", {}, "Listening …"));
		this.node = el("section", {class: "wire card", "aria-label": "Heard on the wire"},
			el("h2", {}, "What the appliance hears on the wire"), this.body, this.problem);
		this.timer = null;
	}

	// Asks now and then while it is looked at, until close(); again meanwhile: nothing.
	open() {
		if (this.timer)
			return;
		this.timer = setInterval(() => this.load(), EVERY);
		this.load();
	}

	close() {
		clearInterval(this.timer);
		this.timer = null;
	}

	async load() {
		if (document.hidden || !this.node.offsetParent)
			return;
		try {
			const {heard, servers: all, now} = await getJson("/api/v1/wire");
			this.problem.textContent = "";
			this.draw(heard, all, now);
		} catch (error) {
			this.problem.textContent = problemOf(error);
		}
	}

	draw(heard, all, now) {
		this.body.replaceChildren(...[
			heard.length === 0 ? el("p", {}, "Nothing yet. A machine that starts from the network is heard within seconds. If it is not: "
				+ "is its cable in, is its port in the appliance's VLAN, and is a DHCP relay pointed here when a router is in between?")
				: lines(heard, now, this.most),
			heard.length > this.most && el("p", {}, `and ${plural(heard.length - this.most, "more", "more")}, which were heard before`),
			servers(all, now)].filter(Boolean));
	}
}
