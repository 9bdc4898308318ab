// SPDX-License-Identifier: GPL-3.0-or-later
// A campaign's plan in words.
import {el, plural, when} from "./text.js";
import {nameOfMachine} from "./fleet.js";

// What scope and waves choose by: [list in the plan, field of a machine, what it is called].
export const dimensions = [["sites", "site", "Site"], ["floors", "floor", "Floor"],
	["owners", "owner", "Owner"], ["rings", "ring", "Ring"]];

// The recipes that are built in: what a plan may name.
export const recipes = ["crowdstrike-291", "report-only"];

export const approvals = [["config", "as the configuration says"], ["auto", "nobody has to approve"],
	["pairing", "one person compares the code"], ["two-person", "two people approve each machine"]];

// Of a plan that says nothing of it, as older ones.
export const byHand = {drive: false, at_once: 20, per_rack: 2, per_feed: 0};

function powerWords({drive, at_once, per_rack, per_feed}) {
	return drive ? ["by their management controllers: ", [`${at_once} at once`, per_rack > 0 && `${per_rack} of a rack`,
		per_feed > 0 && `${per_feed} of a power feed`].filter(Boolean).join(", ")] : "by hand";
}

// A plan names machines by number; one made elsewhere, by name, MAC or serial, too.
export function listedName(which) {
	return typeof which === "number" ? nameOfMachine(which) : which;
}

function named(lists) {
	return dimensions.filter(([list]) => lists[list]?.length > 0)
		.map(([list, , label]) => `${label.toLowerCase()} ${lists[list].join(" or ")}`);
}

function scopeWords(scope) {
	if (scope.all)
		return "all machines";
	const parts = [...named(scope), scope.subnets.length > 0 && `network ${scope.subnets.join(" or ")}`,
		scope.machines.length > 0
			&& `one of ${plural(scope.machines.length, "listed machine")}: ${scope.machines.map(listedName).join(", ")}`].filter(Boolean);
	return parts.join("; ") || "no machines";
}

export function waveWho(wave) {
	const size = wave.machines > 0 ? `at most ${plural(wave.machines, "machine")}`
		: wave.percent > 0 ? `at most ${wave.percent} % of the scope` : "";
	return [...named(wave), size].filter(Boolean).join("; ") || "all that are left";
}

export function opensWords(opens) {
	if (opens.by_hand)
		return "a person opens it";
	const share = opens.returned_percent < 100 ? `${opens.returned_percent} %` : "all";
	return `opens when ${share} of the wave before are back${opens.minutes > 0 ? `, and have been for ${plural(opens.minutes, "minute")}` : ""}`;
}

function time(plan) {
	const parts = [plan.from > 0 && `from ${when(plan.from)}`, plan.until > 0 && `until ${when(plan.until)}`].filter(Boolean);
	return parts.join(" ") || "at any time";
}

export function planFacts(plan) {
	const own = plan.recipe.includes("\n");
	const rows = [["Machines", scopeWords(plan.scope)],
		["Waves", el("ol", {}, plan.waves.map((w, i) => (
			el("li", {}, el("b", {}, w.name), `: ${waveWho(w)}; ${i === 0 ? "opens at the start" : opensWords(w.opens)}`))))],
		["Stops by itself", plan.stop.failed_percent > 0
			? `when ${plan.stop.failed_percent} % failed, and at least ${plan.stop.at_least}` : "never"],
		["When", time(plan)],
		["Key release", approvals.find(([id]) => id === plan.approval)?.[1] ?? plan.approval],
		["Switched on", powerWords(plan.power ?? byHand)],
		["Start order", plan.start_order ? "machines wait for those with a lower number" : "not kept"],
		plan.dry_run && ["Dry run", "nothing is written to any disk"],
		["Recipe", own ? el("details", {}, el("summary", {}, "its own"), el("pre", {}, plan.recipe)) : plan.recipe]].filter(Boolean);
	return el("dl", {class: "told"}, rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}
