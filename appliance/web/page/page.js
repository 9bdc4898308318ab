// SPDX-License-Identifier: GPL-3.0-or-later
// The page's frame: who is signed in, which view is open, and what the appliance tells, handed on to it.
import {el, when} from "./text.js";
import {getJson, onSignedOut, problemOf} from "./api.js";
import {clock, dropRow, fleet, takeRow, takeRows} from "./fleet.js";
import {button} from "./form.js";
import {follow} from "./stream.js";
import {Keys, showKeys} from "./keys.js";
import {may, me, signOut, whoAmI} from "./session.js";
import {health} from "./health.js";
import {lostAdvice} from "./trouble.js";
import {Late, waiting} from "./late.js";
import {Overview} from "./overview.js";
import {Situation} from "./situation.js";
import {themeSwitch} from "./theme.js";

const RETRY = 2000; // ms

const $ = (id) => document.getElementById(id);
let lostSince = 0;     // our clock; 0 while connected
let refused = null;    // what the appliance said instead of telling changes
let told = 0;          // our clock: what is shown was true then
const ended = Boolean(history.state?.ended); // a sign-in was, and is no more
let view = null;       // open in #view

const overview = new Overview();
new Situation();
new Keys(overview);

/* ---- the rest comes when it is opened ---- */

// Whoever brings it up, by a click or because something waits: it begins with the list as it is.
const approvals = new Late(async () => {
	const {Approvals} = await import("./approvals.js");
	const them = new Approvals($("approvals"), clock, () => fleet.appliance?.escrow);
	them.changed();
	return them;
});
const machine = new Late(async () => {
	const {MachineView} = await import("./machine.js");
	return new MachineView($("machine"), clock, () => fleet.appliance?.escrow.box, approve);
});
const login = new Late(async () => new (await import("./login.js")).LoginView(enter));
const wallboard = new Late(async () => new (await import("./wallboard.js")).WallboardView());
const plan = new Late(async () => new (await import("./plan.js")).PlanView());
// [address, view of it, its part of the navigation].
const routes = [
	[/^\/campaigns$/, new Late(async () => new (await import("./campaigns.js")).CampaignsView()), "campaigns"],
	[/^\/campaigns\/new$/, plan, "campaigns"],
	[/^\/campaign\/(\d+)$/, new Late(async () => new (await import("./campaign.js")).CampaignView()), "campaigns"],
	[/^\/campaign\/(\d+)\/plan$/, plan, "campaigns"],
	[/^\/inventory$/, new Late(async () => new (await import("./inventory.js")).InventoryView()), "inventory"],
	[/^\/keys$/, new Late(async () => new (await import("./keys_view.js")).RecoveryKeysView()), "keys"],
	[/^\/power$/, new Late(async () => new (await import("./power_view.js")).PowerView()), "power"],
	[/^\/record$/, new Late(async () => new (await import("./record.js")).RecordView()), "record"],
	[/^\/appliance$/, new Late(async () => new (await import("./appliance.js")).ApplianceView()), "appliance"],
	[/^\/people$/, new Late(async () => new (await import("./people.js")).PeopleView()), "people"],
	[/^\/account$/, new Late(async () => new (await import("./account.js")).AccountView()), "account"],
];
const pages = [["", "Machines"], ["campaigns", "Campaigns"], ["inventory", "Inventory"], ["keys", "Keys"], ["power", "Power"], ["record", "Record"],
	["appliance", "Appliance"], ["people", "People"], ["wallboard", "Wallboard"]];

const needs = {keys: "approve", people: "admin"}; // rights without which a page is of no use

/* ---- the frame ---- */

function drawTop(part) {
	$("top").hidden = !me.name;
	$("nav").replaceChildren(...pages.filter(([id]) => !(id in needs) || may(needs[id])).map(([id, label]) => (
		el("a", {href: `#/${id}`, "aria-current": id === part ? "page" : null}, label))));
	const here = $("nav").querySelector("[aria-current]");
	if (here) // on a phone the row of pages is longer than the screen
		$("nav").scrollLeft = here.offsetLeft - $("nav").offsetLeft - 40;
	$("who").replaceChildren(
		el("a", {href: "#/account", "aria-current": part === "account" ? "page" : null}, el("b", {}, me.name), el("span", {class: "role"}, ` · ${me.role}`)),
		themeSwitch(), button("?", showKeys, "", {"aria-label": "Keys (?)"}), button("Sign out", leave));
}

function drawBanner() {
	const banner = $("banner");
	document.body.classList.toggle("stale", lostSince > 0);
	banner.hidden = !lostSince;
	const text = !lostSince ? "" : [
		refused ? `The appliance tells this page nothing new since ${when(lostSince)}. ${problemOf(refused)}`
			: `No connection to the appliance since ${when(lostSince)}.`,
		fleet.appliance && `What you see is from ${told > lostSince ? when(told) : "then"}.`,
		`Trying again …${refused ? "" : lostAdvice(lostSince)}`].filter(Boolean).join(" ");
	if (banner.textContent !== text)
		banner.textContent = text;
}

const byHand = () => `${fleet.tally.lists.network_first} ${fleet.tally.lists.safe_mode}`;
let drawnByHand = ""; // of machines, in the line as it is drawn

function drawHealth() {
	drawnByHand = byHand();
	if (fleet.appliance)
		$("health").replaceChildren(...health(fleet.appliance, clock()));
}

// Everything of this sign-in goes from the browser's memory with the page.
async function leave() {
	try {
		await signOut();
	} catch (error) {
		if (error.reason !== "LOGIN_NEEDED") {
			$("banner").hidden = false;
			$("banner").textContent = `Not signed out: ${problemOf(error)}`;
			return;
		}
	}
	history.replaceState(null, "", "/");
	location.reload();
}

/* ---- which view ---- */

function show(id) {
	for (const name of ["overview", "machine", "view"])
		$(name).hidden = name !== id;
}

// Whether it is here; it is asked for, and shown if it is still wanted when it has come.
function here(late) {
	if (late.it)
		return true;
	waiting(document.body, late, (notice) => {
		closeView();
		$("view").replaceChildren(notice);
		show("view");
	}, route);
	return false;
}

function openView(late, args, query) {
	if (!here(late))
		return;
	const next = late.it;
	if (view !== next) {
		view?.close?.();
		view = next;
		$("view").replaceChildren(next.node);
	}
	show("view");
	next.open(args, query);
	const title = next.node.querySelector("h1");
	document.title = title ? `${title.textContent} – netmend` : "netmend";
	title?.focus({preventScroll: true});
}

function closeView() {
	view?.close?.();
	view = null;
	$("view").replaceChildren();
}

function openMachine(id) {
	if (!here(machine))
		return;
	closeView();
	show("machine");
	machine.it.open(id);
}

function route() {
	const [path, query] = location.hash.slice(1).split("?");
	const search = new URLSearchParams(query ?? "");
	const wanted = /^\/?wallboard$/.test(path) || new URLSearchParams(location.search).get("wall") === "1";
	const wall = wanted && (me.name || me.wallboard);
	waiting(document.body, null);
	document.body.classList.toggle("wall", Boolean(wall));
	$("top").hidden = !me.name || wall;
	if (wall || !me.name) {
		machine.it?.close();
		openView(wall ? wallboard : login, [ended], search);
		return;
	}
	const found = /^\/machine\/(\d+)$/.exec(path);
	if (!found)
		machine.it?.close();
	for (const [pattern, next, part] of routes) {
		const match = pattern.exec(path);
		if (match) {
			drawTop(part);
			openView(next, match.slice(1), search);
			return;
		}
	}
	drawTop("");
	if (found) {
		openMachine(Number(found[1]));
		return;
	}
	closeView();
	show("overview");
	overview.open(search);
}

// From a machine's page to its request.
function approve(id) {
	location.hash = "#/";
	route();
	approvals.use((them) => them.choose(id));
}

addEventListener("hashchange", route);
/* ---- what the appliance tells ---- */

function changed(type, data) {
	if (type === "machine")
		machine.it?.changed(data?.id ?? null);
	view?.changed?.(type, data);
	overview.redraw();
}

// What waits for approval. changed: the list of it may be another one.
function lookForRequests(changed) {
	if (approvals.it)
		approvals.it[changed ? "changed" : "draw"]();
	else if (fleet.appliance?.escrow.requests > 0)
		approvals.use(() => {});
}

async function loadCampaigns() {
	try {
		const {campaigns} = await getJson("/api/v1/campaigns");
		fleet.campaigns = new Map(campaigns.map((c) => [c.id, c]));
		changed("campaign", null);
	} catch (error) {
		console.warn(error.message);
	}
}

const heard = {
	snapshot(snapshot) {
		told = Date.now();
		fleet.skew = snapshot.now - (snapshot.at ?? Date.now());
		fleet.appliance = snapshot.appliance;
		takeRows(snapshot.machines);
		drawHealth();
		changed("machine", null);
		loadCampaigns();
	},
	live() {
		lostSince = 0;
		drawBanner();
	},
	event(type, data) {
		if (type === "requests") {
			lookForRequests(true);
			return;
		}
		if (type === "machine")
			takeRow(data);
		if (type === "gone") {
			dropRow(data.machine);
			machine.it?.gone(data.machine, data.now);
		}
		if (byHand() !== drawnByHand)
			drawHealth();
		if (type === "campaign")
			fleet.campaigns.set(data.id, data);
		if (type === "campaign-gone") {
			fleet.campaigns.delete(data.campaign);
			changed("campaign", null);
			return;
		}
		if (type === "appliance") {
			fleet.appliance = data;
			drawHealth();
			lookForRequests(false);
		}
		changed(type, data);
	},
	lost(error) {
		console.warn(error.message);
		lostSince ||= Date.now();
		refused = error.status > 0 ? error : null;
		drawBanner();
	},
};

/* ---- who is here ---- */

// Somebody has signed in.
async function enter() {
	history.replaceState(null, "", location.pathname === "/setup" ? "/" : location.href);
	route();
	await follow(heard);
}

// What was shown and typed goes from the browser's memory with the page: who signs in next may be somebody else, or may do less.
onSignedOut(() => {
	if (!me.name)
		return;
	history.replaceState({ended: true}, "");
	location.reload();
});

async function begin() {
	try {
		await whoAmI();
	} catch (error) {
		heard.lost(error);
		setTimeout(begin, RETRY);
		return;
	}
	lostSince = 0;
	drawBanner();
	if (me.name)
		enter();
	else
		route();
}

setInterval(drawBanner, 1000);
begin();
