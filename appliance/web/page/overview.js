// SPDX-License-Identifier: GPL-3.0-or-later
// The fleet at a glance: how far it is, what needs somebody, and every machine.
import {el, plural} from "./text.js";
import {announce} from "./announce.js";
import {groups} from "./states.js";
import {clock, fleet, watchRows} from "./fleet.js";
import {Filters, nothing, parse, passer, serverQuery, toQuery} from "./filter.js";
import {List} from "./list.js";
import {Late} from "./late.js";
import {Order} from "./order.js";
import {troubles} from "./trouble.js";
import {Selection} from "./selection.js";
import {Triage} from "./triage.js";

const $ = (id) => document.getElementById(id);
const ROOM = 100; // px below the tools, that a machine is in sight
const BAR = ["back", "restarting", "running", "waiting", "approval", "held", "action", "new"];

function address(filter) {
	const query = toQuery(filter);
	return `#/${query.size ? `?${query}` : ""}`;
}

function drawHeadline() {
	const {all, groups: counts} = fleet.tally;
	const total = all - counts.ignored;
	const title = total ? `${counts.back.toLocaleString("en")} of ${plural(total, "machine")} recovered` : "No machines yet";
	$("headline").textContent = title;
	document.title = total ? `${counts.back}/${total} recovered – netmend` : "netmend";
	$("subline").textContent = [
		counts.action && `${plural(counts.action, "machine needs", "machines need")} a person`,
		counts.approval && `${counts.approval.toLocaleString("en")} waiting for approval`,
		counts.waiting && `${counts.waiting.toLocaleString("en")} waiting for a key`,
		counts.running && `${counts.running.toLocaleString("en")} in progress`,
		counts.restarting && `${counts.restarting.toLocaleString("en")} repaired and restarting`,
		counts.new && `${counts.new.toLocaleString("en")} not started yet`,
	].filter(Boolean).join(" · ");
	$("bar").hidden = !total;
	$("bar").replaceChildren(...BAR.filter((id) => counts[id]).map((id) => {
		const part = el("span", {class: groups.find((g) => g.id === id).colour});
		part.style.flexGrow = counts[id];
		return part;
	}));
	announce(counts.action ? `${title}, ${plural(counts.action, "machine needs", "machines need")} a person` : title);
}

export class Overview {
	constructor() {
		this.filter = nothing;
		this.drawing = false;
		this.drawn = {};
		this.first = new Late(async () => new (await import("./first.js")).First());
		this.shown = new Order();
		this.selection = new Selection($("selection"), () => this.redraw());
		this.list = new List($("rows"), clock, this.selection);
		this.map = new Late(async () => new (await import("./map.js")).FloorMap($("map")));
		this.triage = new Triage($("triage"), (reason) => {
			this.set({...this.filter, group: "", reason: reason && [reason]});
			const tools = document.querySelector(".tools");
			if (reason && tools.getBoundingClientRect().bottom > innerHeight - ROOM) // its machines stand below the window
				tools.scrollIntoView();
		});
		this.switch = el("button", {type: "button", class: "chip all", onclick: () => this.flip()});
		$("switch").replaceChildren(this.switch);
		this.filters = new Filters($("more-filters"), (filter) => this.set(filter), () => this.redraw());
		watchRows((before, after) => {
			if (before || after)
				this.shown.change(before, after);
			else
				this.shown.reset(fleet.rows.values(), passer(this.filter));
		});
		$("search").addEventListener("input", (event) => {
			history.replaceState(null, "", address({...this.filter, find: event.target.value}));
			this.open(new URLSearchParams(location.hash.split("?")[1] ?? ""));
		});
		document.addEventListener("visibilitychange", () => this.redraw());
	}

	open(query) {
		this.filter = parse(query);
		this.shown.reset(fleet.rows.values(), passer(this.filter));
		if ($("search").value !== this.filter.find)
			$("search").value = this.filter.find;
		this.redraw();
	}

	set(filter) {
		location.hash = this.address(filter);
	}

	address(filter = this.filter) {
		return address(filter);
	}

	// From the list to the map of the same machines, and back.
	flip() {
		const {view, ...rest} = this.filter;
		this.set(view ? rest : {...rest, view: "map"});
	}

	// Many events, one drawing a frame.
	redraw() {
		if (!this.drawing) {
			this.drawing = true;
			requestAnimationFrame(() => this.draw());
		}
	}

	draw() {
		this.drawing = false;
		if (!fleet.appliance || $("overview").hidden)
			return;
		drawHeadline();
		this.drawTrouble();
		this.drawChips();
		this.triage.draw(fleet.tally.triage(), this.filter.reason ?? []);
		this.filters.draw(this.filter);
		this.drawEmpty();
		this.drawNote();
		this.selection.draw(this.shown);
		$("table").classList.toggle("choosable", this.selection.offered());
		this.drawView();
	}

	// Whether a part reads otherwise than when it was drawn last; what: all that is drawn in it.
	isNews(part, what) {
		const text = JSON.stringify(what);
		if (this.drawn[part] === text)
			return false;
		this.drawn[part] = text;
		return true;
	}

	drawTrouble() {
		const notices = troubles(fleet.appliance);
		$("trouble").hidden = notices.length === 0;
		if (this.isNews("trouble", notices.map((n) => n.textContent)))
			$("trouble").replaceChildren(...notices);
	}

	drawChips() {
		const {filter} = this;
		const {all, groups: counts} = fleet.tally;
		if (!this.isNews("chips", [filter, all, counts]))
			return;
		const chip = (id, glyph, label, count, colour) => el("button", {
			type: "button", class: `chip ${colour}`, "aria-pressed": String(filter.group === id && !filter.reason),
			onclick: () => this.set({...filter, group: filter.group === id ? "" : id, reason: ""}),
		}, el("i", {class: "glyph", "aria-hidden": "true"}, glyph), label, " ", el("b", {}, count.toLocaleString("en")));
		$("chips").replaceChildren(
			chip("", "", "All", all, "all"),
			...groups.filter((g) => counts[g.id] || filter.group === g.id)
				.map((g) => chip(g.id, g.glyph, g.label, counts[g.id], g.colour)));
	}

	drawView() {
		const map = this.filter.view === "map";
		const label = map ? "☰ Show the list" : "▦ Show the map";
		if (this.switch.textContent !== label)
			this.switch.textContent = label;
		$("map").hidden = !map || this.shown.rows.length === 0;
		$("table").hidden ||= map;
		$("selection").hidden ||= map;
		this.list.show(this.shown.rows);
		if (this.map.it)
			this.map.it.show(this.shown.fits);
		else if (map)
			this.map.use(() => this.redraw());
	}

	drawNote() {
		const note = $("filter");
		const {length} = this.shown.rows;
		const {all} = fleet.tally;
		const partial = length > 0 && length < all;
		const query = serverQuery(this.filter);
		note.hidden = length === 0;
		if (!this.isNews("note", [partial, length, all, query]))
			return;
		const why = this.filter.reason?.length === 1 && length > 0 ? `: ${this.shown.rows[0].title}` : "";
		note.replaceChildren(
			partial ? `${plural(length, "machine")} of ${all.toLocaleString("en")} shown${why} ` : "",
			el("a", {href: `/api/v1/machines.csv?${query}`, download: "machines.csv"}, "Save as CSV"), " ",
			el("a", {href: `/api/v1/machines?${query}`, download: "machines.json"}, "as JSON"));
	}

	drawEmpty() {
		const empty = $("empty");
		const none = this.shown.rows.length === 0;
		const {all} = fleet.tally;
		const {dhcp, escrow} = fleet.appliance;
		$("table").hidden = none;
		document.querySelector(".tools").hidden = all === 0;
		empty.hidden = !none;
		if (all > 0)
			this.first.it?.close();
		if (!this.isNews("empty", [none, all > 0, dhcp, escrow.ok && escrow.keys]) || !none)
			return;
		if (all) {
			empty.replaceChildren(el("p", {}, "No machine matches. "),
				el("button", {type: "button", onclick: () => this.set(nothing)}, "Show all"));
			return;
		}
		this.first.use((first) => {
			if (fleet.tally.all > 0)
				return;
			if (first.node.parentNode !== empty)
				empty.replaceChildren(first.node);
			first.open(fleet.appliance);
		});
	}
}
