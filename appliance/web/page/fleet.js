// SPDX-License-Identifier: GPL-3.0-or-later
// What the appliance has told so far, for every view.
import {Tally} from "./tally.js";

export const fleet = {
	appliance: null,     // its own state; null: nothing heard yet
	rows: new Map(),     // machines by id; a row never changes, another one takes its place
	tally: new Tally(),  // of rows
	campaigns: new Map(),
	skew: 0,             // ms: the appliance's clock minus ours
};

export function clock() {
	return Date.now() + fleet.skew;
}

export function nameOfMachine(id) {
	const row = fleet.rows.get(id);
	return row ? row.name || row.mac : `machine ${id}`;
}

export function campaignOf(row) {
	return fleet.campaigns.get(row.campaign);
}

export function waveOf(row) {
	return campaignOf(row)?.waves.find((w) => w.number === row.wave);
}

const watchers = [];

// f(before, after) is called with each row that another one takes the place of: null before it is there, null after it is
// gone. f(null, null): all of them are others now.
export function watchRows(f) {
	watchers.push(f);
}

function put(row) {
	fleet.rows.set(row.id, row);
	fleet.tally.add(row);
}

export function takeRows(rows) {
	fleet.rows = new Map();
	fleet.tally = new Tally();
	rows.forEach(put);
	watchers.forEach((f) => f(null, null));
}

export function takeRow(row) {
	const before = fleet.rows.get(row.id) ?? null;
	if (before)
		fleet.tally.remove(before);
	put(row);
	watchers.forEach((f) => f(before, row));
}

export function dropRow(id) {
	const before = fleet.rows.get(id);
	if (!before)
		return;
	fleet.tally.remove(before);
	fleet.rows.delete(id);
	watchers.forEach((f) => f(before, null));
}

// The values machines have in a field of the inventory, with how many have each: [[value, count]], in order.
export function valuesOf(field) {
	return fleet.tally.values(field);
}
