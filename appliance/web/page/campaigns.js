// SPDX-License-Identifier: GPL-3.0-or-later
// All campaigns: what is under way first.
import {el, when} from "./text.js";
import {fleet} from "./fleet.js";
import {exports} from "./form.js";
import {line, stateMark, totals} from "./line.js";
import {may} from "./session.js";

const ORDER = ["stopped", "running", "paused", "draft", "finished", "aborted"];

function card(campaign) {
	return el("li", {class: "card campaign"},
		el("h2", {}, el("a", {href: `#/campaign/${campaign.id}`}, campaign.name), " ", stateMark(campaign)),
		campaign.line && el("p", {class: "waits"}, campaign.line),
		line(campaign.waves),
		el("p", {}, el("small", {}, [totals(campaign),
			campaign.started ? `started ${when(campaign.started)}` : `made ${when(campaign.created)}`,
			`by ${campaign.created_by}`].join(" · "))));
}

export class CampaignsView {
	constructor() {
		this.node = el("div", {class: "page"});
	}

	open() {
		this.list = el("ul", {class: "cards"});
		this.node.replaceChildren(el("h1", {tabindex: -1}, "Campaigns"),
			may("operate") ? el("p", {}, el("a", {class: "action primary", href: "#/campaigns/new"}, "New campaign")) : "", this.list,
			exports("/api/v1/campaigns.csv", "/api/v1/campaigns", "campaigns"));
		this.draw();
	}

	changed(type) {
		if (type === "campaign")
			this.draw();
	}

	draw() {
		const at = document.activeElement?.getAttribute("href");
		const all = [...fleet.campaigns.values()].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || b.id - a.id);
		this.list.replaceChildren(...all.map(card));
		if (all.length === 0)
			this.list.replaceChildren(el("li", {class: "empty"}, el("h2", {}, "No campaign yet"),
				el("p", {}, "A campaign recovers a company in waves: a few machines first, the next ones when those have come back. "
				+ "It stops by itself when too many fail. Machines outside of any campaign are repaired as they are listed.")));
		if (at?.startsWith("#/campaign/"))
			this.list.querySelector(`[href="${at}"]`)?.focus({preventScroll: true});
	}
}
