// SPDX-License-Identifier: GPL-3.0-or-later
// The saved repairs of a machine: what each changed on the disk, to the sector, as it says of itself, and for whom it is to be had.
// One is asked for when it is opened.
import {bytes, el, plural, when} from "./text.js";
import {getJson, problemOf} from "./api.js";
import {copied} from "./copy.js";
import {table} from "./form.js";
import {may} from "./session.js";

const FEW = 12;

// By the state of the saved repair: it says what was to be written, and whether it was.
const written = {
	confirmed: (what) => [el("b", {}, `${what} written`), ", checked by reading them back:"],
	pending: (what) => [el("b", {}, `${what} to be written`), ". The machine has not confirmed it: any part of them may be on its disk."],
	void: (what) => [el("b", {}, `${what} to be written`), ". This repair is offered no more: it was given up, or another one took its place."],
};

const states = {pending: "not confirmed yet", confirmed: "confirmed", void: "not offered to the machine any more"};

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
		const file = `/api/v1/machines/${machine}/bundles/${bundle.sha256}`;
		this.path = `${file}/sectors`;
		this.told = null;
		this.how = el("small");
		this.body = el("div");
		this.node = el("details", {class: "saved", ontoggle: () => this.look()},
			el("summary", {}, el("b", {}, `Repair saved ${when(bundle.at)}`), this.how),
			el("div", {class: "sectors"}, el("p", {}, `Saved before writing: ${bytes(bundle.size)}, SHA-256 `, copied("SHA-256", bundle.sha256),
				may("operate") && [" · ", el("a", {href: file, download: true}, "Download")]), this.body));
		this.node.open = open;
		this.tell(bundle);
		this.asked = false;
		if (open)
			this.look();
	}

	tell({state}) {
		this.state = state;
		this.how.textContent = ` · ${states[state] ?? state}`;
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
		this.tell(bundle);
		this.draw();
	}
}

function about() {
	return el("p", {class: "hint"}, "Each saved repair holds every changed sector as it was and as it is now, as on the disk (encrypted, where BitLocker is), "
		+ "and the removed files with their names, dates and permissions, readable by whoever has the file. It holds no key. "
		+ (may("operate") ? "Who downloads one is in the record. " : "Operators can download it. "),
	"Look into it with ", el("code", {}, "tar --zstd"), "; ", el("code", {}, "fixer --undo"), " puts the sectors back.");
}

export class Sectors {
	constructor() {
		this.list = el("div");
		this.note = el("div");
		this.node = el("section", {hidden: true}, el("h2", {}, "Changed on the disk, to the sector"), this.list, this.note);
		this.clear();
	}

	clear() {
		this.node.hidden = true;
		this.known = new Map();
		this.list.replaceChildren();
		this.note.replaceChildren(about());
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
