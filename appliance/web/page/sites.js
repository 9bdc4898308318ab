// SPDX-License-Identifier: GPL-3.0-or-later
// On a wall: how far each site is, as bars; what there is to see of a fleet whose map would not fit, or that only counts are told of.
import {el, plural} from "./text.js";
import {waveBar} from "./line.js";

const MOST = 60; // sites: more are not read from afar
const byName = new Intl.Collator("en", {numeric: true});

function left(site) {
	return site.machines - site.returned;
}

function card(site) {
	return el("li", {}, el("b", {}, site.name || "No site known"), el("span", {}, `${site.returned.toLocaleString("en")} of `
		+ `${site.machines.toLocaleString("en")} back`, site.action > 0 && el("b", {class: "failed"}, ` ! ${site.action.toLocaleString("en")}`)),
	waveBar({machines: site.machines, returned: site.returned, failed: site.action}));
}

export class Sites {
	constructor() {
		this.node = el("ul", {class: "sites", "aria-label": "Sites"});
		this.sites = [];
	}

	// sites: as the appliance tells the wallboard.
	show(sites) {
		this.sites = sites;
	}

	// No higher than so many px: those with the fewest machines to come are counted only. False: there is nothing to tell.
	fit(height) {
		const named = this.sites.some((site) => site.name);
		const byLeft = [...this.sites].sort((a, b) => left(b) - left(a) || byName.compare(a.name, b.name));
		for (let shown = Math.min(MOST, byLeft.length); named && shown > 0; shown--) {
			const some = byLeft.slice(0, shown).sort((a, b) => !a.name - !b.name || byName.compare(a.name, b.name));
			const rest = byLeft.slice(shown);
			this.node.replaceChildren(...some.map(card), rest.length > 0 ? el("li", {}, `and ${plural(rest.length, "site")} with `
				+ `${plural(rest.reduce((sum, site) => sum + left(site), 0), "machine")} to come`) : "");
			if (this.node.offsetHeight <= height)
				return true;
		}
		return false;
	}
}
