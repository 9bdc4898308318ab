// SPDX-License-Identifier: GPL-3.0-or-later
// The status page: keeps the rows the appliance tells of and draws them.
import {duration, el, plural, when} from "./text.js";
import {compare, groupOf, groups, matches, triage} from "./states.js";
import {follow} from "./stream.js";
import {List} from "./list.js";
import {MachineView} from "./machine.js";

const $ = (id) => document.getElementById(id);
const rows = new Map();
let appliance = null;
let skew = 0;       // the appliance's clock minus ours
let lostSince = 0;  // our clock; 0 while connected
let filter = {group: "", reason: "", find: ""};
let drawing = false;

const clock = () => Date.now() + skew;
const list = new List($("rows"), clock);
const machine = new MachineView($("machine"), clock);

/* ---- pieces ---- */

function drawHeadline(all) {
	const counts = Object.fromEntries(groups.map((g) => [g.id, 0]));
	for (const row of all)
		counts[groupOf(row)]++;
	const total = all.length - counts.ignored;
	const back = counts.back;
	const title = total ? `${back.toLocaleString("en")} of ${plural(total, "machine")} recovered`
		: "No machines yet";
	$("headline").textContent = title;
	document.title = total ? `${back}/${total} recovered – netmend` : "netmend";
	$("subline").textContent = [
		counts.action && `${plural(counts.action, "machine needs", "machines need")} a person`,
		counts.waiting && `${counts.waiting} waiting for a key`,
		counts.running && `${counts.running} in progress`,
		counts.restarting && `${counts.restarting} repaired and restarting`,
		counts.new && `${counts.new} not started yet`,
	].filter(Boolean).join(" · ");
	const order = ["back", "restarting", "running", "waiting", "held", "action", "new"];
	$("bar").hidden = !total;
	$("bar").replaceChildren(...order.filter((id) => counts[id]).map((id) => {
		const part = el("span", {class: groups.find((g) => g.id === id).colour});
		part.style.flexGrow = counts[id];
		return part;
	}));
	drawChips(all.length, counts);
	return title;
}

function drawChips(total, counts) {
	const chip = (id, glyph, label, count, colour) => el("button", {
		type: "button", class: `chip ${colour}`, "aria-pressed": String(filter.group === id && !filter.reason),
		onclick: () => setFilter({...filter, group: filter.group === id ? "" : id, reason: ""}),
	}, el("i", {class: "glyph", "aria-hidden": "true"}, glyph), label, " ", el("b", {}, count.toLocaleString("en")));
	$("chips").replaceChildren(
		chip("", "", "All", total, "all"),
		...groups.filter((g) => counts[g.id] || filter.group === g.id)
			.map((g) => chip(g.id, g.glyph, g.label, counts[g.id], g.colour)));
}

function drawTriage(all) {
	const entries = triage(all);
	$("triage").hidden = entries.length === 0;
	$("triage").replaceChildren(el("h2", {}, "What to do"), ...entries.map((e) => el("button", {
		type: "button", class: `reason ${e.colour}`, "aria-pressed": String(filter.reason === e.reason),
		onclick: () => setFilter({...filter, group: "", reason: filter.reason === e.reason ? "" : e.reason}),
	}, el("b", {class: "count"}, e.count.toLocaleString("en")),
	el("span", {}, el("b", {}, e.title), el("small", {}, e.advice)),
	el("span", {class: "age"}, `oldest ${duration(clock() - e.oldest)}`))));
}

function drawHealth() {
	const item = (ok, label, text) => el("li", {class: ok ? "good" : "bad", title: text},
		el("i", {class: "glyph", "aria-hidden": "true"}, ok ? "✓" : "!"), el("b", {}, label), " ", text);
	if (!appliance)
		return;
	const {dhcp, escrow} = appliance;
	$("health").replaceChildren(
		item(dhcp.ok, "DHCP", dhcp.ok ? "answers" : dhcp.text || "is down"),
		item(escrow.ok, "Escrow", escrow.ok ? plural(escrow.keys, "key") : escrow.text || "is down"),
		el("li", {title: "What is looked for and removed"}, el("b", {}, "Recipe"), " ", appliance.recipe),
		el("li", {class: "version"}, `netmend ${appliance.version}`));
}

function drawEmpty(all, shown) {
	const empty = $("empty");
	$("table").hidden = shown.length === 0;
	document.querySelector(".tools").hidden = all.length === 0;
	empty.hidden = shown.length > 0 || !appliance;
	if (shown.length || !appliance)
		return;
	if (all.length) {
		empty.replaceChildren(el("p", {}, "No machine matches. "),
			el("button", {type: "button", onclick: () => setFilter({group: "", reason: "", find: ""})}, "Show all"));
		return;
	}
	const code = (text) => el("code", {}, text);
	empty.replaceChildren(el("h2", {}, "What to do next"), el("ol", {},
		el("li", {}, "Give escrow the recovery keys: ", code("netmend keys import FILE.csv"),
			appliance.escrow.ok && appliance.escrow.keys ? ` (${plural(appliance.escrow.keys, "key")} there already)` : ""),
		el("li", {}, "Put the machines on the list: ", code("netmend machines add MAC NAME")),
		el("li", {}, "Connect a machine by cable to the appliance's network and start it from the network "
			+ "(on most: F12 at power-on, then IPv4 PXE or network boot)."),
		el("li", {}, "It appears here as soon as it asks for an address. Nothing appears? Check the cable, the port's "
			+ "VLAN, and that network boot is allowed in the firmware.")));
}

function drawBanner() {
	const banner = $("banner");
	document.body.classList.toggle("stale", lostSince > 0);
	banner.hidden = !lostSince;
	const text = lostSince ? `No connection to the appliance since ${when(lostSince)}. `
		+ `${appliance ? "What you see is from then. " : ""}Trying again …` : "";
	if (banner.textContent !== text)
		banner.textContent = text;
}

/* ---- drawing and filters ---- */

function draw() {
	drawing = false;
	const all = [...rows.values()];
	const shown = all.filter((row) => matches(row, filter)).sort(compare);
	const title = drawHeadline(all);
	if ($("announce").textContent !== title)
		$("announce").textContent = title;
	drawTriage(all);
	drawHealth();
	drawEmpty(all, shown);
	const note = $("filter");
	const partial = shown.length && shown.length < all.length;
	note.hidden = !partial;
	if (partial)
		note.textContent = `${plural(shown.length, "machine")} of ${all.length.toLocaleString("en")} shown`;
	list.show(shown);
}

// Many events, one drawing a frame.
function redraw() {
	if (!drawing) {
		drawing = true;
		requestAnimationFrame(draw);
	}
}

// The filter lives in the address, so that it can be kept and sent to somebody.
function setFilter(next) {
	const query = new URLSearchParams(Object.entries(next).filter(([, value]) => value));
	location.hash = `#/${query.size ? `?${query}` : ""}`;
}

function route() {
	const hash = location.hash;
	const found = /^#\/machine\/(\d+)$/.exec(hash);
	$("overview").hidden = Boolean(found);
	$("machine").hidden = !found;
	if (found) {
		machine.open(Number(found[1]));
		return;
	}
	machine.close();
	const query = new URLSearchParams(hash.split("?")[1] ?? "");
	filter = {group: query.get("group") ?? "", reason: query.get("reason") ?? "", find: query.get("find") ?? ""};
	if ($("search").value !== filter.find)
		$("search").value = filter.find;
	if (appliance)
		redraw();
}

$("search").addEventListener("input", (event) => {
	const query = new URLSearchParams(Object.entries({...filter, find: event.target.value}).filter(([, v]) => v));
	history.replaceState(null, "", `#/${query.size ? `?${query}` : ""}`);
	route();
});
addEventListener("hashchange", route);
addEventListener("keydown", (event) => {
	if (event.key === "/" && document.activeElement !== $("search") && !$("overview").hidden) {
		event.preventDefault();
		$("search").focus();
	}
	if (event.key === "Escape" && !$("machine").hidden)
		location.hash = "#/";
});
document.addEventListener("visibilitychange", redraw);
setInterval(drawBanner, 1000);

route();
follow({
	snapshot(snapshot) {
		lostSince = 0;
		skew = snapshot.now - Date.now();
		appliance = snapshot.appliance;
		rows.clear();
		for (const row of snapshot.machines)
			rows.set(row.id, row);
		machine.changed(null);
		drawBanner();
		redraw();
	},
	event(type, data) {
		if (type === "machine") {
			rows.set(data.id, data);
			machine.changed(data.id);
		} else if (type === "appliance") {
			appliance = data;
		}
		redraw();
	},
	lost(error) {
		console.warn(error);
		lostSince ||= Date.now();
		drawBanner();
	},
});
