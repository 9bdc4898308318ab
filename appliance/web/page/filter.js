// SPDX-License-Identifier: GPL-3.0-or-later
// Which machines are shown. The filter lives in the address, in the words of the API's FILTER, so that it can be kept and sent
// to somebody; `group`, `find` and `view` are the page's own.
import {matches} from "./states.js";
import {fleet, valuesOf} from "./fleet.js";
import {el} from "./text.js";
import {field, select} from "./form.js";
import {lists} from "./tally.js";

const VALUES = ["state", "reason", "severity", "site", "floor", "owner", "ring", "campaign", "wave", "appliance"];
const views = {unknown: "In no inventory", missing: "Listed, never seen", conflict: "Does not fit its line", network_first: "Network before the disk",
	safe_mode: "Set to safe mode"};
const choices = [["site", "Site"], ["floor", "Floor"], ["owner", "Owner"], ["ring", "Ring"], ["campaign", "Campaign"], ["wave", "Wave"],
	["appliance", "Appliance"]];
const OFFERED_MAX = 200; // of one field; among more one finds nothing, and the search does

export const nothing = {group: "", find: ""};

export function parse(query) {
	const filter = {...nothing, group: query.get("group") ?? "", find: query.get("find") ?? query.get("text") ?? ""};
	if (query.get("view") === "map")
		filter.view = "map";
	for (const name of VALUES)
		if (query.has(name))
			filter[name] = query.getAll(name);
	for (const name of Object.keys(views))
		if (query.get(name) === "1")
			filter[name] = true;
	return filter;
}

export function toQuery(filter) {
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(filter))
		for (const one of [value].flat())
			if (one)
				query.append(name, one === true ? "1" : one);
	return query;
}

// The same as the API's FILTER.
export function serverQuery({find, view: _, ...rest}) {
	return toQuery({...rest, text: find}).toString();
}

// f(row): whether it passes.
export function passer(filter) {
	const tests = VALUES.filter((name) => filter[name]).map((name) => {
		const wanted = new Set(filter[name]);
		return (row) => wanted.has(String(row[name]));
	});
	tests.push(...Object.keys(views).filter((name) => filter[name]).map((name) => lists[name]));
	if (filter.group)
		tests.push((row) => row.group === filter.group);
	if (filter.find)
		tests.push((row) => matches(row, filter.find));
	return (row) => tests.every((test) => test(row));
}

function labelOf(name, value) {
	if (name === "campaign")
		return fleet.campaigns.get(Number(value))?.name ?? `number ${value}`;
	return name === "wave" ? `wave ${value}` : value;
}

// Select boxes for whatever the machines differ in.
export class Filters {
	// change(filter): the person wants this one. opened(): it has to be drawn.
	constructor(node, change, opened) {
		this.node = node;
		this.change = change;
		this.shown = "";
		this.body = el("div", {class: "filters"});
		this.details = el("details", {hidden: true, ontoggle: opened}, el("summary", {}, "More filters"), this.body);
		node.replaceChildren(this.details);
	}

	draw(filter) {
		const {tally} = fleet;
		// One appliance is no choice; the number of a wave means nothing but in its campaign.
		const idle = (name) => name === "appliance" && tally.fields.appliance.size < 2 || name === "wave" && !filter.campaign;
		const found = choices.filter(([name]) => filter[name] || !idle(name) && tally.fields[name].size > 0 && tally.fields[name].size <= OFFERED_MAX);
		const inventory = Object.keys(views).filter((name) => filter[name] || tally.lists[name] > 0);
		this.details.hidden = found.length + inventory.length === 0;
		if (found.some(([name]) => filter[name]) || inventory.some((name) => filter[name]))
			this.details.open = true;
		if (this.details.open && !this.details.hidden)
			this.drawBody(filter, found.map(([name, label]) => [name, label, valuesOf(name).slice(0, OFFERED_MAX)]), inventory);
	}

	drawBody(filter, found, inventory) {
		const now = JSON.stringify([filter, found, inventory, [...fleet.campaigns.values()].map((c) => c.name)]);
		if (now === this.shown || this.body.contains(document.activeElement) && this.filter === JSON.stringify(filter))
			return;
		const at = this.body.contains(document.activeElement) ? document.activeElement.name : "";
		this.shown = now;
		this.filter = JSON.stringify(filter);
		this.body.replaceChildren(...found.map((one) => this.box(filter, ...one)), this.inventory(filter, inventory) || "");
		if (at)
			this.body.querySelector(`[name="${at}"]`)?.focus();
	}

	box(filter, name, label, values) {
		const chosen = filter[name] ?? [];
		const several = chosen.length > 1 ? [["several", chosen.map((v) => labelOf(name, v)).join(", ")]] : [];
		const missing = chosen.length === 1 && !values.some(([v]) => String(v) === chosen[0]) ? [[chosen[0], labelOf(name, chosen[0])]] : [];
		const options = [["", "any"], ...several, ...missing,
			...values.map(([v, n]) => [v, `${labelOf(name, v)} (${n.toLocaleString("en")})`])];
		return field(label, select(options, several.length ? "several" : chosen[0] ?? "", {name, onchange: (event) => {
			const {[name]: _, ...rest} = filter;
			this.change(event.target.value ? {...rest, [name]: [event.target.value]} : rest);
		}}));
	}

	inventory(filter, names) {
		const now = Object.keys(views).find((name) => filter[name]) ?? "";
		return names.length > 0 && field("Inventory, firmware, safe mode", select([["", "any"], ...names.map((name) => [name, views[name]])], now,
			{name: "inventory", onchange: (event) => {
				const rest = Object.fromEntries(Object.entries(filter).filter(([name]) => !(name in views)));
				this.change(event.target.value ? {...rest, [event.target.value]: true} : rest);
			}}));
	}
}
