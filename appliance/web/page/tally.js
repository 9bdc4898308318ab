// SPDX-License-Identifier: GPL-3.0-or-later
// How many machines there are of each kind, counted while they come and go: nobody walks over ten thousand to draw a number.
import {groups, retriable, stateOf} from "./states.js";

// What machines are told apart by in lists of values.
export const FIELDS = ["site", "floor", "owner", "ring", "campaign", "wave", "appliance"];
// By their line in the inventory.
export const lists = {
	unknown: (row) => !row.listed && row.first_seen > 0,
	missing: (row) => row.listed && !row.first_seen,
	conflict: (row) => row.conflict !== "",
	network_first: (row) => row.network_first,
	safe_mode: (row) => row.safe_mode !== "",
	listed: (row) => row.listed,
};
const collator = new Intl.Collator("en", {numeric: true});

function count(map, key, by) {
	const number = (map.get(key) ?? 0) + by;
	if (number)
		map.set(key, number);
	else
		map.delete(key);
}

// Whether somebody has to do something about it, but for approvals, which have their own place.
export function asks(row) {
	return row.group === "action" || row.group === "waiting" && row.actor !== "none";
}

export class Tally {
	constructor() {
		this.all = 0;
		this.groups = Object.fromEntries(groups.map(({id}) => [id, 0]));
		this.lists = Object.fromEntries(Object.keys(lists).map((name) => [name, 0]));
		this.fields = Object.fromEntries(FIELDS.map((name) => [name, new Map()]));
		this.reasons = new Map();
	}

	add(row) {
		this.count(row, 1);
		if (!asks(row))
			return;
		if (!this.reasons.has(row.reason))
			this.reasons.set(row.reason, {reason: row.reason, title: row.title, advice: row.advice, colour: stateOf(row).colour,
				rows: new Set(), retriable: 0, oldest: Infinity, newest: 0});
		const entry = this.reasons.get(row.reason);
		entry.rows.add(row);
		entry.retriable += retriable(row);
		entry.oldest = Math.min(entry.oldest, row.since);
		entry.newest = Math.max(entry.newest, row.since);
	}

	// row: the very one that was added.
	remove(row) {
		this.count(row, -1);
		const entry = this.reasons.get(row.reason);
		if (!entry?.rows.delete(row))
			return;
		entry.retriable -= retriable(row);
		if (entry.rows.size === 0)
			this.reasons.delete(row.reason);
		else if (row.since === entry.oldest || row.since === entry.newest)
			entry.oldest = entry.newest = NaN; // looked for when somebody wants to know
	}

	count(row, by) {
		this.all += by;
		this.groups[row.group] += by;
		for (const name of FIELDS)
			if (row[name])
				count(this.fields[name], row[name], by);
		for (const [name, is] of Object.entries(lists))
			if (is(row))
				this.lists[name] += by;
	}

	// The values machines have in a field, with how many have each: [[value, count]], in order.
	values(field) {
		return [...this.fields[field]].sort(([a], [b]) => collator.compare(a, b));
	}

	// One entry per reason somebody has to act on: [{reason, title, advice, colour, count, retriable, oldest, newest}].
	triage() {
		const entries = [...this.reasons.values()].map((entry) => {
			if (Number.isNaN(entry.oldest)) {
				Object.assign(entry, {oldest: Infinity, newest: 0});
				for (const {since} of entry.rows)
					Object.assign(entry, {oldest: Math.min(entry.oldest, since), newest: Math.max(entry.newest, since)});
			}
			const {rows, ...rest} = entry;
			return {...rest, count: rows.size};
		});
		return entries.sort((a, b) => b.count - a.count || a.oldest - b.oldest);
	}
}
