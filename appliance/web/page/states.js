// SPDX-License-Identifier: GPL-3.0-or-later
// What the states mean to a person, and how machines are grouped and ordered by it.

// state: [words, glyph, colour class]. Glyph and words say the same as the colour.
const states = {
	seen: ["not started yet", "○", "idle"],
	booting: ["booting", "▸", "run"],
	running: ["looking at its disks", "▸", "run"],
	waiting: ["waiting for its key", "…", "wait"],
	unlocking: ["unlocking", "▸", "run"],
	planning: ["planning the repair", "▸", "run"],
	saving: ["saving the undo journal", "▸", "run"],
	repairing: ["repairing", "▸", "run"],
	repaired: ["repaired", "✓", "done"],
	rebooting: ["restarting into Windows", "✓", "done"],
	returned: ["Windows is back", "✓", "back"],
	attention: ["needs a person", "!", "fail"],
	held: ["held", "‖", "idle"],
	ignored: ["not in scope", "–", "idle"],
};

export function stateOf(row) {
	let known = states[row.state] ?? [row.state, "?", "idle"];
	if (row.group === "approval")
		known = ["needs approval", "?", "wait"];
	const [words, glyph] = known;
	let colour = known[2];
	if (row.severity === "fail")
		colour = "fail";
	else if (row.severity === "warn" && colour !== "fail")
		colour = "warn";
	const mark = colour === "fail" || colour === "warn" ? "!" : glyph;
	return {words, glyph: mark, colour};
}

// A row's group, which the appliance tells. In the order of the bar, the chips and the list: what needs somebody comes first in the list.
export const groups = [
	{id: "action", label: "Needs a person", glyph: "!", colour: "fail"},
	{id: "approval", label: "Waiting for approval", glyph: "?", colour: "wait"},
	{id: "waiting", label: "Waiting for a key", glyph: "…", colour: "wait"},
	{id: "running", label: "In progress", glyph: "▸", colour: "run"},
	{id: "restarting", label: "Repaired, restarting", glyph: "✓", colour: "done"},
	{id: "back", label: "Windows is back", glyph: "✓", colour: "back"},
	{id: "new", label: "Not started yet", glyph: "○", colour: "idle"},
	{id: "held", label: "Held", glyph: "‖", colour: "idle"},
	{id: "ignored", label: "Not in scope", glyph: "–", colour: "idle"},
];

const rank = Object.fromEntries(groups.map((g, i) => [g.id, i]));

// Rows (with their group) in the order of their groups; inside one, whoever is longest in its state comes first. What is over is
// shown newest first: that is what one looks for there.
export function compare(a, b) {
	const ga = rank[a.group], gb = rank[b.group];
	if (ga !== gb)
		return ga - gb;
	const order = ga === rank.back || ga === rank.restarting ? b.since - a.since : a.since - b.since;
	return order || a.id - b.id;
}

// What "retry" means something to.
export function retriable(row) {
	return row.state === "attention";
}

// Whether what somebody types to find a machine fits this one.
export function matches(row, find) {
	if (!find)
		return true;
	const text = [row.name, row.mac, row.ip, row.serial, row.uuid, row.product, row.title, row.site, row.floor,
		row.owner].join("\n").toLowerCase();
	const wanted = find.toLowerCase();
	return text.includes(wanted) || row.mac.replaceAll(":", "").toLowerCase().includes(wanted.replaceAll(/[:-]/g, ""));
}
