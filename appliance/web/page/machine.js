// SPDX-License-Identifier: GPL-3.0-or-later
// One machine: what it is, what was done, and its timeline by attempt.
import {duration, el, when} from "./text.js";
import {stateOf} from "./states.js";
import {campaignOf, valuesOf, waveOf} from "./fleet.js";
import {may} from "./session.js";
import {MachineActs} from "./machine_acts.js";
import {getJson, problemOf} from "./api.js";
import {Attempts} from "./attempts.js";
import {copied} from "./copy.js";
import {outcome, volumes} from "./disk.js";
import {LoaderChoice} from "./loader.js";
import {RecoveryEntry} from "./entry.js";
import {Power} from "./power.js";
import {isOpen} from "./power_words.js";
import {Sectors} from "./sectors.js";
import {imprint, keep} from "./story.js";
import {windows} from "./windows.js";

const REFRESH = 400; // ms: changes that come together are fetched together
const RETRY = 5000;
const POWER = 3000; // while an order is under way: its steps are not told as changes of the machine

function facts(pairs) {
	return el("dl", {class: "facts"}, pairs.filter(([, value]) => value).map(([name, value]) =>
		el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function part(row) {
	const campaign = campaignOf(row), wave = waveOf(row);
	return row.campaign > 0 && [el("a", {href: `#/campaign/${row.campaign}`}, campaign?.name ?? `number ${row.campaign}`),
		`, wave ${wave?.name ?? row.wave}${row.open ? "" : " (not its turn yet)"}`];
}

// Its line of the inventory, and its place in a campaign.
function place(row) {
	const campaign = part(row);
	return [
		row.conflict && el("p", {class: "conflict warn"}, el("i", {class: "glyph", "aria-hidden": "true"}, "!"),
			"It does not fit its inventory line: ", el("b", {}, row.conflict)),
		row.network_first && el("p", {class: "warn"}, el("i", {class: "glyph", "aria-hidden": "true"}, "!"),
			"Its firmware tries the network before the disk. Put Windows Boot Manager first in its boot order again, ",
			"or BitLocker may ask for the key at a later boot."),
		row.safe_mode && el("p", {class: "warn"}, el("i", {class: "glyph", "aria-hidden": "true"}, "!"),
			`Its Windows is set to start in safe mode (${row.safe_mode}), at every start. To end that, there, as administrator: `,
			el("code", {}, "bcdedit /deletevalue {default} safeboot")),
		!row.listed && row.first_seen > 0 && el("p", {class: "hint"}, "In no inventory: no line fits what it says of itself."),
		facts([["Site", row.site], ["Floor", row.floor], ["Owner", row.owner], ["Ring", row.ring], ["Campaign", campaign],
			["Start order", row.rank ? String(row.rank) : ""], ["BMC", row.bmc], ["Served by", valuesOf("appliance").length > 1 && row.appliance]]),
	];
}

function nameOf(row) {
	return row.name || row.serial || row.mac || `machine ${row.id}`;
}

function head(row, now, approve) {
	const state = stateOf(row);
	const moving = row.state !== "returned" && row.state !== "ignored";
	return [
		up(),
		el("h1", {}, nameOf(row)),
		el("div", {class: `now ${state.colour}`},
			el("p", {class: "words"}, el("i", {class: "glyph", "aria-hidden": "true"}, state.glyph), state.words,
				row.since > 0 && el("small", {}, moving ? ` for ${duration(now - row.since)}` : ` since ${when(row.since)}`)),
			row.reason !== "OK" && el("p", {}, el("b", {}, row.title), " ", el("code", {}, row.reason)),
			row.text && el("p", {}, row.text),
			row.advice && row.reason !== "OK" && el("p", {class: "advice"}, row.advice),
			row.pairing && row.state === "waiting" && el("p", {class: "compare"}, "Code on the machine's screen has to be: ",
				el("code", {class: "pairing"}, row.pairing), " ",
				may("approve") && el("button", {type: "button", "data-keep": "approve", onclick: () => approve(row.id)}, "Release or deny …"))),
		facts([["MAC", row.mac && copied("MAC", row.mac)], ["Address", row.ip && copied("address", row.ip)], ["Model", row.product],
			["Serial", row.serial && copied("serial number", row.serial)], ["UUID", row.uuid && copied("UUID", row.uuid)],
			["Number", String(row.id)], ["Attempts", row.attempt ? String(row.attempt) : ""],
			["First seen", row.first_seen && when(row.first_seen)], ["Last seen", row.last_seen && when(row.last_seen)]]),
		place(row),
	].flat();
}

// Only what is new is drawn anew: who has selected a text or is about to press a button keeps it.
function redraw(holder, nodes) {
	const kept = document.activeElement?.dataset?.keep;
	const focused = holder.contains(document.activeElement);
	nodes.forEach((node, i) => {
		const there = holder.children[i];
		if (!there)
			holder.append(node);
		else if (!there.isEqualNode(node))
			there.replaceWith(node);
	});
	while (holder.children.length > nodes.length)
		holder.lastChild.remove();
	if (focused && !holder.contains(document.activeElement) && kept)
		[...holder.querySelectorAll("[data-keep]")].find((n) => n.dataset.keep === kept)?.focus({preventScroll: true});
}

const up = () => el("p", {class: "upward"}, el("a", {class: "up", href: "#/"}, "← all machines"));

export class MachineView {
	// key(): what a recovery password is sealed to, now. approve(id): leads to the machine's request.
	constructor(holder, clock, key, approve) {
		this.clock = clock;
		this.approve = approve;
		this.id = null;
		this.pending = null;
		// The form keeps its place while what is around it is drawn anew: nobody loses the focus while typing.
		this.entry = new RecoveryEntry(key);
		this.acts = new MachineActs();
		this.power = new Power(() => this.load());
		this.loader = new LoaderChoice();
		this.sectors = new Sectors();
		this.attempts = new Attempts();
		this.stale = el("p", {class: "problem", role: "alert"});
		this.top = el("div");
		this.done = el("div");
		this.rest = el("div");
		this.end = el("div");
		holder.replaceChildren(imprint(), this.stale, this.top, this.entry.node, this.acts.node, this.power.node, this.loader.node, this.done, this.sectors.node, this.rest, this.attempts.node, this.end);
	}

	// Nothing of a machine, but words.
	say(...content) {
		this.clear();
		this.top.replaceChildren(...content);
	}

	clear() {
		this.data = null;
		this.stale.textContent = "";
		for (const part of [this.top, this.done, this.rest, this.end])
			part.replaceChildren();
		for (const part of [this.sectors, this.attempts])
			part.clear();
		this.entry.close();
		this.acts.close();
		this.power.close();
		this.loader.close();
	}

	open(id) {
		if (this.id === id)
			return;
		this.id = id;
		this.say(el("p", {}, "Asking the appliance …"));
		scrollTo(0, 0);
		this.load();
	}

	close() {
		this.id = null;
		clearTimeout(this.again);
		this.clear();
	}

	// A row changed; null: any may have.
	changed(id) {
		if (this.id !== null && (id === null || id === this.id))
			this.loadIn(REFRESH);
	}

	loadIn(ms) {
		this.pending ??= setTimeout(() => {
			this.pending = null;
			this.load();
		}, ms);
	}

	// The machine turned out to be another one, now, which has its history; 0: it was removed.
	gone(id, now) {
		if (id !== this.id)
			return;
		if (now) {
			location.replace(`#/machine/${now}`);
			return;
		}
		this.close();
		this.say(up(), el("h1", {}, "This machine was removed"), el("p", {role: "alert"}, "Somebody took it out while you looked at it. ",
			el("a", {href: "#/record"}, "The record"), " says who. If it boots from the network again, it is listed anew."));
	}

	async load() {
		const id = this.id;
		if (id === null)
			return;
		try {
			this.show(id, await getJson(`/api/v1/machines/${id}`));
		} catch (error) {
			if (this.id === id)
				this.failed(id, error);
		}
	}

	// What was shown stays, and is said to be old; asked again is what may be had later.
	failed(id, error) {
		if (error.status === 404) {
			this.say(up(), el("h1", {}, `No machine ${id}`), el("p", {role: "alert"}, "It was removed, or turned out to be one that was known already: "
				+ "look for its name, MAC or serial number among all machines."));
			return;
		}
		if (error.reason === "LOGIN_NEEDED")
			return; // the frame asks who it is
		if (!this.data)
			this.say(up(), el("h1", {}, `Machine ${id}`), el("p", {}, "Nothing is known of it yet."));
		this.stale.textContent = `${problemOf(error)} ${this.data ? `What you see is from ${when(this.at)}. ` : ""}Trying again …`;
		this.loadIn(RETRY);
	}

	show(id, data) {
		if (this.id !== id)
			return;
		const row = data.machine, saved = data.bundles ?? [];
		this.data = data;
		this.at = Date.now();
		this.stale.textContent = "";
		redraw(this.top, head(row, this.clock(), this.approve).filter(Boolean));
		this.acts.update(row, saved);
		this.power.update(row, data.power);
		clearTimeout(this.again);
		if (isOpen(data.power?.order))
			this.again = setTimeout(() => this.load(), POWER);
		this.loader.update(id, data.loader);
		if (may("approve"))
			this.entry.update(row, data.volumes ?? []);
		redraw(this.done, [outcome(data.result)].filter(Boolean));
		this.sectors.update(id, saved);
		redraw(this.rest, [windows(data.result), volumes(data.volumes ?? [])].filter(Boolean));
		this.attempts.update(data.timeline ?? [], data.timeline_truncated);
		redraw(this.end, [keep(id, nameOf(row), () => this.data, this.sectors)]);
	}
}
