// SPDX-License-Identifier: GPL-3.0-or-later
// The inventory: bringing it in, with a look at what would come of it first; taking it out; where it and the wire differ.
import {el, plural, sentence} from "./text.js";
import {postCsv} from "./api.js";
import {attempt, button, dropZone, exports, field, problemLine, said, table} from "./form.js";
import {fleet, nameOfMachine} from "./fleet.js";
import {may} from "./session.js";

const SHOWN = 200; // lines of a list of problems

const COLUMNS = "name, serial, uuid, mac (several with blanks or “;” between them), site, floor, owner, ring, bmc, order, rack, feed";
const EXAMPLE = "name,serial,mac,site,floor,owner,ring\nPC-0001,5CG1234XYZ,52:54:00:12:34:56,Bern,3,Finance,canary";

const lists = [["unknown", "In no inventory", "seen on the wire, and no line of the inventory fits"],
	["missing", "Listed, never seen", "in the inventory, and never seen on the wire"],
	["conflict", "Does not fit its line", "what was seen contradicts the line of the inventory"]];

function rejected(lines) {
	return lines.length > 0 && [el("h3", {}, plural(lines.length, "line is", "lines are"), " refused"),
		table("Refused lines", [["Line", "number"], ["Column"], ["What is wrong"]],
			lines.slice(0, SHOWN).map((r) => [r.line.toLocaleString("en"), r.column, r.text])), more(lines)];
}

function conflicts(lines) {
	return lines.length > 0 && [el("h3", {}, plural(lines.length, "line contradicts", "lines contradict"), " what is known"),
		table("Conflicts", [["Line", "number"], ["What contradicts"], ["Machines"]], lines.slice(0, SHOWN).map((c) => [
			c.line.toLocaleString("en"), c.text,
			c.machines.map((id, i) => [i > 0 && ", ", el("a", {href: `#/machine/${id}`}, nameOfMachine(id))])])), more(lines)];
}

function more(lines) {
	return lines.length > SHOWN && el("p", {}, `and ${(lines.length - SHOWN).toLocaleString("en")} more`);
}

function counts(r) {
	const n = (value) => value.toLocaleString("en");
	return `${plural(r.lines, "line")}: ${n(r.added)} new, ${n(r.changed)} changed, ${n(r.same)} as before`;
}

export class InventoryView {
	constructor() {
		this.node = el("div", {class: "page"});
	}

	open() {
		this.links = el("ul", {class: "cards tiles"});
		this.node.replaceChildren(el("h1", {tabindex: -1}, "Inventory"), this.links,
			exports("/api/v1/inventory.csv", "/api/v1/inventory", "inventory"),
			may("operate") ? this.importer() : "");
		this.draw();
	}

	changed(type) {
		if (type === "machine")
			this.draw();
	}

	draw() {
		const tile = (count, label, note, href) => el("li", {class: "card tile"}, el(href ? "a" : "span", {href}, el("b", {class: "count"},
			count.toLocaleString("en")), " ", label), el("small", {}, note));
		const {unknown, missing, conflict, listed} = fleet.tally.lists;
		const now = JSON.stringify(fleet.tally.lists);
		if (this.shown === now && this.links.firstChild)
			return;
		this.shown = now;
		this.links.replaceChildren(tile(listed, "in the inventory", "machines have a line in it"),
			...lists.map(([name, label, note], i) => tile([unknown, missing, conflict][i], label, note, `#/?${name}=1`)));
	}

	importer() {
		this.file = el("input", {type: "file", accept: ".csv,text/csv,text/plain", onchange: () => this.read()});
		this.csv = el("textarea", {rows: 8, spellcheck: "false", placeholder: EXAMPLE, oninput: () => this.reset()});
		this.problem = problemLine();
		this.results = el("div", {class: "results", role: "status"});
		this.look = button("Look what it would do", (event) => this.send(true, event.currentTarget), "primary");
		this.take = button("Import", (event) => this.send(false, event.currentTarget), "primary", {hidden: true});
		return dropZone(el("section", {class: "card"}, el("h2", {}, "Import"),
			el("p", {class: "hint"}, `CSV with a heading line; columns in any order: ${COLUMNS}. `
				+ "A line belongs to the machine with its UUID, serial or MAC. What an import does not mention stays as it is."),
			el("div", {class: "fields"}, field("From a file, which can be dropped here, too", this.file)), field("Or paste it here", this.csv),
			this.problem, el("div", {class: "actions"}, this.look, this.take), this.results), (files) => this.dropped(files));
	}

	async read() {
		const [file] = this.file.files;
		if (!file)
			return;
		this.csv.value = await file.text();
		this.reset();
		this.look.focus();
	}

	// A file dropped anywhere on the form: what it would do is shown at once, and nothing is stored yet.
	async dropped(files) {
		this.reset();
		if (files.length !== 1) {
			this.problem.textContent = "Drop one file at a time.";
			return;
		}
		this.csv.value = await files[0].text();
		this.send(true, this.look);
	}

	// Another text: what was said of the last one does not hold any more.
	reset() {
		this.problem.textContent = "";
		this.results.replaceChildren();
		this.take.hidden = true;
		this.look.classList.add("primary");
	}

	send(dry, pressed) {
		const {value} = this.csv;
		return attempt(pressed, this.problem, async () => {
			if (!value.trim())
				throw new Error("choose a file, or paste its lines");
			this.results.replaceChildren();
			const r = await postCsv(`/api/v1/inventory${dry ? "?dry=1" : ""}`, value);
			this.told(dry, r);
		});
	}

	told(dry, r) {
		const good = r.added + r.changed + r.same;
		this.take.hidden = !dry || r.added + r.changed === 0;
		this.look.classList.toggle("primary", this.take.hidden);
		this.take.textContent = r.rejected.length > 0
			? `Import the ${plural(good, "good line")}, leave the others out` : `Import ${plural(good, "line")}`;
		this.results.replaceChildren(...[
			dry ? el("h3", {}, "Nothing is changed yet. This would come of it:") : said("good", "Imported."),
			el("p", {}, el("b", {}, sentence(counts(r)))),
			r.ignored?.length > 0 && el("p", {class: "note"}, `Columns that are not known, and not read: ${r.ignored.join(", ")}.`),
			rejected(r.rejected), conflicts(r.conflicts)].flat(2).filter(Boolean));
		if (!dry)
			this.csv.value = this.file.value = "";
	}
}
