// SPDX-License-Identifier: GPL-3.0-or-later
// The line at the top: whether the appliance's parts work, and what to do when one does not.
import {duration, el, plural} from "./text.js";
import {fleet} from "./fleet.js";
import {clockTrouble} from "./trouble.js";

const SNAPSHOT_OLD = 24 * 3600 * 1000; // ms: keys of new machines are missing in one as old
const PULLED = ["ldap", "graph"];      // sources a snapshot can be made of

function item(kind, label, ...text) {
	return el("li", {class: kind}, el("i", {class: "glyph", "aria-hidden": "true"}, kind === "good" ? "✓" : "!"),
		el("b", {}, label), " ", text);
}

function code(text) {
	return el("code", {}, text);
}

function escrowItem(escrow) {
	if (!escrow.ok)
		return item("bad", "Escrow", escrow.text ? `— ${escrow.text}` : "is down");
	if (escrow.stopped)
		return item("bad", "Key release is stopped", `— ${escrow.stopped}; `, code("netmend release resume"), " goes on");
	if (escrow.locked)
		return item("bad", "The vault is locked", "— unlock it with ", code("netmend keys unlock"));
	return item("good", "Escrow", plural(escrow.keys, "key"));
}

function snapshotItem(escrow, now) {
	if (!escrow.ok || !escrow.sources.some((s) => PULLED.includes(s.type)))
		return null;
	if (!escrow.snapshot)
		return item("ask", "No snapshot", "of the key sources yet: ", code("netmend keys snapshot"));
	const age = now - escrow.snapshot;
	return item(age > SNAPSHOT_OLD ? "ask" : "good", "Snapshot", `${duration(age)} old`);
}

function sourceItem(source) {
	return item("bad", `Source ${source.name}`, "— ", [source.title, source.text].filter(Boolean).join(": "));
}

function clockItem(appliance) {
	const trouble = clockTrouble(appliance, fleet.skew);
	return trouble && item("bad", "Clock", "— ", trouble.title);
}

// Machines IT has to set back one by one: nobody sees them among those that are back.
function firmwareItem() {
	const count = fleet.tally.lists.network_first;
	return count > 0 && item("ask", "Network before the disk", "in the firmware of ",
		el("a", {href: "#/?network_first=1"}, plural(count, "machine")), ": to be set back");
}

// Back, but without most of its services: somebody set that by hand, before the repair.
function safeModeItem() {
	const count = fleet.tally.lists.safe_mode;
	return count > 0 && item("ask", "Safe mode", "is how Windows is set to start on ",
		el("a", {href: "#/?safe_mode=1"}, plural(count, "machine")), ": to be ended there");
}

// The items of the line. now: the appliance's time.
export function health(appliance, now) {
	const {dhcp, escrow, recipe, twin, version} = appliance;
	return [
		clockItem(appliance),
		twin ? item("bad", "Two appliances with one id", `— the other one is ${twin}; give one of them a new id, the log says how`) : null,
		item(dhcp.ok ? "good" : "bad", "DHCP", dhcp.ok ? "answers" : dhcp.text ? `— ${dhcp.text}` : "is down"),
		escrowItem(escrow),
		snapshotItem(escrow, now),
		...escrow.sources.filter((s) => s.reason !== "OK").map(sourceItem),
		firmwareItem(),
		safeModeItem(),
		el("li", {class: "recipe", title: "What is looked for and removed"}, el("b", {}, "Recipe"), " ", recipe),
		el("li", {class: "version"}, `netmend ${version}`),
	].filter(Boolean);
}
