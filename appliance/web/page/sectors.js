// SPDX-License-Identifier: GPL-3.0-or-later
// What was changed on a machine's disk, to the sector: what each saved repair says of itself. One is asked for when it is opened.
import {bytes, el, plural, when} from "./text.js";
import {getJson, problemOf} from "./api.js";
import {table} from "./form.js";

const FEW = 12;

// By the state of the saved repair: it says what was to be written, and whether it was.
const written = {
	confirmed: (what) => [el("b", {}, `${what} written`), ", checked by reading them back:"],
	pending: (what) => [el("b", {}, `${what} to be written`), ". The machine has not confirmed it: any part of them may be on its disk."],
	void: (what) => [el("b", {}, `${what} to be written`), ". This repair is offered no more: it was given up, or another one took its place."],
};

function sentence(told, state) {
	const places = plural(told.places, "place");
	const what = `${plural(told.sectors, "sector")} (${bytes(told.bytes)}) in ${places}`;
	const verb = told.sectors === 1 ? "was" : "were";
	return el("p", {}, (written[state] ?? written.pending)(`${what} ${verb}`));
}

function kinds(told) {
	return el("ul", {class: "kinds"}, told.kinds.map((k) => el("li", {}, el("b", {}, plural(k.sectors, "sector")),
		k.places > 1 && ` in ${plural(k.places, "place")}`, ` · ${k.what}`)));
}

function ranges(told) {
	const what = new Map(told.kinds.map((k) => [k.stage, k.what]));
	const rows = told.ranges.map((r) => [r.lba.toLocaleString("en"), r.count.toLocaleString("en"), bytes(r.lba * told.disk.sector),
		what.get(r.stage), r.at.toLocaleString("en")]);
	return el("details", {open: rows.length <= FEW}, el("summary", {}, rows.length === 1 ? "Where" : `Each of the ${told.places.toLocaleString("en")} places`),
		table("Sectors", [["First sector (LBA)", "number"], ["Sectors", "number"], ["From the disk's start", "number"], "What it is",
			["Byte in sectors.old", "number"]], rows),
		told.truncated && el("p", {class: "hint"}, `These are the first ${rows.length}. `, el("code", {}, "fixer verify --json"),
			" of the downloaded bundle tells all."));
}

function files(told) {
	return told.files.length > 0 && el("ul", {class: "files"}, told.files.map((f) => el("li", {},
		el("b", {}, f.renamed_to ? "Renamed: " : "Removed: "), el("code", {class: "path"}, f.path),
		f.renamed_to && [" is now ", el("code", {class: "path"}, f.renamed_to)], ` · ${bytes(f.size)}`)));
}

function disk(told) {
	const volume = told.volume ? `, BitLocker volume ${told.volume}` : "";
	return el("p", {class: "hint"}, `Disk ${told.disk.id || "without an id"} of ${bytes(told.disk.size)}, sectors of ${told.disk.sector} bytes, `,
		told.partition ? `partition ${told.partition}` : "no partition table", `${volume}. By ${told.program}; recipe ${told.recipe}, plan ${told.plan}, `,
		`journal ${told.journal}. How they were before is in the bundle's `, el("code", {}, "sectors.old"),
		", how they became in ", el("code", {}, "sectors.new"), ": one range after the other, as on the disk. ",
		el("code", {}, "fixer --undo"), " puts the old ones back.");
}

class Saved {
	constructor(machine, bundle, open) {
		this.path = `/api/v1/machines/${machine}/bundles/${bundle.sha256}/sectors`;
		this.told = null;
		this.body = el("div", {class: "sectors"});
		this.node = el("details", {class: "saved", ontoggle: () => this.look()},
			el("summary", {}, `Repair saved ${when(bundle.at)}`, " ", el("code", {class: "path"}, bundle.sha256.slice(0, 12))), this.body);
		this.node.open = open;
		this.state = bundle.state;
		this.asked = false;
		if (open)
			this.look();
	}

	async look() {
		if (!this.node.open || this.asked)
			return;
		this.asked = true;
		this.body.replaceChildren(el("p", {}, "Asking the appliance …"));
		try {
			this.told = await getJson(this.path);
			this.draw();
		} catch (error) {
			this.asked = false; // opened again, it is asked again
			this.body.replaceChildren(el("p", {class: "problem", role: "alert"}, `It cannot be told: ${problemOf(error)}`));
		}
	}

	draw() {
		const told = this.told;
		if (told)
			this.body.replaceChildren(...[sentence(told, this.state), kinds(told), files(told), ranges(told), disk(told)].filter(Boolean));
	}

	update(bundle) {
		if (this.state === bundle.state)
			return;
		this.state = bundle.state;
		this.draw();
	}
}

export class Sectors {
	constructor() {
		this.list = el("div");
		this.node = el("section", {hidden: true}, el("h2", {}, "Changed on the disk, to the sector"), this.list);
		this.clear();
	}

	clear() {
		this.node.hidden = true;
		this.known = new Map();
		this.list.replaceChildren();
	}

	// Those saved later come first, and the newest is open.
	update(machine, bundles) {
		this.node.hidden = bundles.length === 0;
		for (const [i, bundle] of bundles.entries()) {
			const known = this.known.get(bundle.sha256);
			if (known) {
				known.update(bundle);
				continue;
			}
			const saved = new Saved(machine, bundle, i === bundles.length - 1);
			this.known.set(bundle.sha256, saved);
			this.list.prepend(saved.node);
		}
	}

	// What it knows, for who keeps the story.
	told() {
		return [...this.known.values()].map((saved) => saved.told).filter(Boolean);
	}

	// All that is to be known, whether it was looked at or not: on paper nobody opens anything.
	async all() {
		for (const saved of this.known.values())
			saved.node.open = true;
		await Promise.all([...this.known.values()].map((saved) => saved.look()));
	}
}
