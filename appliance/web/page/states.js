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
	const known = states[row.state] ?? [row.state, "?", "idle"];
	const [words, glyph] = known;
	let colour = known[2];
	if (row.severity === "fail")
		colour = "fail";
	else if (row.severity === "warn" && colour !== "fail")
		colour = "warn";
	const mark = colour === "fail" || colour === "warn" ? "!" : glyph;
	return {words, glyph: mark, colour};
}

// In the order of the bar, the chips and the list: what needs somebody comes first in the list.
export const groups = [
	{id: "action", label: "Needs a person", glyph: "!", colour: "fail"},
	{id: "waiting", label: "Waiting for a key", glyph: "…", colour: "wait"},
	{id: "running", label: "In progress", glyph: "▸", colour: "run"},
	{id: "restarting", label: "Repaired, restarting", glyph: "✓", colour: "done"},
	{id: "back", label: "Windows is back", glyph: "✓", colour: "back"},
	{id: "new", label: "Not started yet", glyph: "○", colour: "idle"},
	{id: "held", label: "Held", glyph: "‖", colour: "idle"},
	{id: "ignored", label: "Not in scope", glyph: "–", colour: "idle"},
];

export function groupOf(row) {
	if (row.state === "ignored")
		return "ignored";
	if (row.state === "held")
		return "held";
	if (row.state === "attention" || row.severity === "fail" || row.severity === "warn")
		return "action";
	switch (row.state) {
	case "waiting":
		return "waiting";
	case "returned":
		return "back";
	case "repaired":
	case "rebooting":
		return "restarting";
	case "seen":
		return "new";
	default:
		return "running";
	}
}

const rank = Object.fromEntries(groups.map((g, i) => [g.id, i]));

// Groups in their order; inside one, whoever is longest in its state comes first. What is over is
// shown newest first: that is what one looks for there.
export function compare(a, b) {
	const ga = rank[groupOf(a)], gb = rank[groupOf(b)];
	if (ga !== gb)
		return ga - gb;
	const order = ga === rank.back || ga === rank.restarting ? b.since - a.since : a.since - b.since;
	return order || a.id - b.id;
}

// One entry per reason somebody has to act on: [{reason, title, advice, severity, count, oldest}].
export function triage(rows) {
	const found = new Map();
	for (const row of rows) {
		const group = groupOf(row);
		if (group !== "action" && !(group === "waiting" && row.reason !== "WAITING_KEY"))
			continue;
		const entry = found.get(row.reason) ?? {reason: row.reason, title: row.title, advice: row.advice,
			colour: stateOf(row).colour, count: 0, oldest: row.since};
		entry.count++;
		entry.oldest = Math.min(entry.oldest, row.since);
		found.set(row.reason, entry);
	}
	return [...found.values()].sort((a, b) => b.count - a.count || a.oldest - b.oldest);
}

export function matches(row, filter) {
	if (filter.group && groupOf(row) !== filter.group)
		return false;
	if (filter.reason && row.reason !== filter.reason)
		return false;
	if (!filter.find)
		return true;
	const text = [row.name, row.mac, row.ip, row.serial, row.uuid, row.product, row.title].join("\n").toLowerCase();
	const find = filter.find.toLowerCase();
	return text.includes(find) || row.mac.replaceAll(":", "").toLowerCase().includes(find.replaceAll(/[:-]/g, ""));
}
