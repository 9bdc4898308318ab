// SPDX-License-Identifier: GPL-3.0-or-later
// Recovery keys: what escrow has, and files of them brought in, with a look at what would come of it first.
import {bytes, el, plural, sentence} from "./text.js";
import {attempt, button, dropZone, field, problemLine, said, table, text} from "./form.js";
import {fleet} from "./fleet.js";
import {BYTES_MAX, FILES_MAX, Refused, Upload} from "./keys_upload.js";
import {may} from "./session.js";

const n = (count) => count.toLocaleString("en");
const code = (words) => el("code", {}, words);

const words = {
	APPROVER_UNKNOWN: "Name or passphrase is wrong: nothing was stored. Approvers are made on the appliance: netmend release approver add NAME.",
	TRY_LATER: "Too many tries. Wait a minute, then try again.",
	ROLE_TOO_LOW: "Your role does not allow this: approvers and administrators bring keys.",
};

function problemOf(error) {
	return words[error.answer?.reason] ?? sentence(error.message);
}

/* ---- what escrow says of a file ---- */

function lines({from, to}) {
	return from === to ? n(from) : `${n(from)} to ${n(to)}`;
}

function counts(f) {
	return [`${plural(f.added, "key")} new`, f.present > 0 && `${n(f.present)} known already`,
		f.repeated > 0 && `${n(f.repeated)} repeated`, f.rejected > 0 && `${plural(f.rejected, "row")} rejected`].filter(Boolean).join(", ");
}

function notes(f) {
	return [
		f.columns && sentence(f.columns),
		f.repeated > 0 && `${n(f.repeated)} repeated: an earlier row has the same key, it counts once.`,
		f.beside > 0 && `${n(f.beside)} of the new ones are for a key ID that has another key: each is tried on the machine's disk, and only the right one opens it.`,
		f.without_id > 0 && `${n(f.without_id)} come without a key ID: they are found by the machine's name or serial number only.`,
	].filter(Boolean).map((note) => el("p", {class: "hint"}, note));
}

function rejected(f) {
	if (f.rejected === 0)
		return [];
	const more = f.left_out > 0 && el("p", {}, `and ${n(f.left_out)} more places`);
	return [table(`Rejected rows of ${f.name}, by reason`, [["Rows", "number"], ["Why"]], f.reasons.map((r) => [n(r.rows), r.text])),
		f.lines.length > 0 && el("details", {open: f.lines.length <= 10}, el("summary", {}, "Which lines"),
			table(`Rejected lines of ${f.name}`, [["Line", "number"], ["What is wrong"]], f.lines.map((l) => [lines(l), l.text])), more)];
}

function told(f) {
	const none = f.added + f.present + f.repeated === 0;
	return [el("h3", {}, f.name, f.encoding && f.encoding !== "UTF-8" && el("small", {}, ` (${f.encoding})`)),
		el("p", {}, el("b", {}, none ? "There is no recovery key in it" : counts(f), ".")),
		...(none && f.rejected > 0 ? [el("p", {}, `${plural(f.rejected, "row")} rejected.`)] : []), ...notes(f), ...rejected(f)];
}

function total(keys, what) {
	return keys.files.reduce((sum, f) => sum + f[what], 0);
}

/* ---- the view ---- */

export class RecoveryKeysView {
	constructor() {
		this.node = el("div", {class: "page"});
		addEventListener("pagehide", () => this.forget());
	}

	open() {
		this.state = el("div", {});
		this.node.replaceChildren(el("h1", {tabindex: -1}, "Recovery keys"), this.state,
			may("approve") ? this.importer() : el("p", {class: "hint"}, "Approvers and administrators bring files of keys in here."),
			el("section", {class: "card"}, el("h2", {}, "On the appliance"), el("p", {class: "hint"}, code("netmend keys import FILE"),
				" takes files of any size, ", code("netmend keys list --missing INVENTORY.csv"), " names the machines of an inventory that have no key yet, ",
				code("netmend keys sources"), " says how the other places keys come from are.")));
		this.draw();
	}

	close() {
		this.forget();
	}

	changed(type) {
		if (type === "appliance" || type === "machine")
			this.draw();
	}

	draw() {
		const {ok, locked, keys, text: why} = fleet.appliance?.escrow ?? {ok: true, locked: false, keys: null, text: ""};
		const now = JSON.stringify([ok, locked, keys, why]);
		if (this.drawn === now && this.state.firstChild)
			return;
		this.drawn = now;
		const notice = (title, ...next) => el("div", {class: "notice fail"},
			el("b", {}, el("i", {class: "glyph", "aria-hidden": "true"}, "!"), title), el("p", {}, next));
		this.state.replaceChildren(
			!ok ? notice(`Escrow does not answer${why ? `: ${why}` : ""}`, "No keys can be brought in meanwhile; on the appliance ",
				code("systemctl status netmend"), " tells more.")
			: locked ? notice("The vault is locked", "Nothing can be stored in it: unlock it on the appliance with ", code("netmend keys unlock"), ", then choose the files here.")
			: el("p", {}, keys === null ? "" : [el("b", {}, plural(keys, "key")), " in the vault."]));
	}

	importer() {
		this.file = el("input", {type: "file", multiple: true, accept: ".csv,.txt,.tsv,text/csv,text/plain", onchange: () => this.take([...this.file.files])});
		this.problem = problemLine();
		this.bar = el("progress", {max: 1, value: 0, "aria-label": "Files on their way to escrow"});
		this.stop = button("Stop", () => this.begin());
		this.going = el("div", {class: "actions", hidden: true}, this.bar, this.stop);
		this.results = el("div", {class: "results", role: "status"});
		this.who = text({autocapitalize: "none"});
		this.passphrase = el("input", {type: "password", autocomplete: "off"});
		this.approval = el("div", {class: "fields", hidden: true}, field("Your name as approver", this.who), field("Your passphrase", this.passphrase));
		this.keep = el("button", {type: "submit", class: "primary"});
		this.offer = el("form", {autocomplete: "off", novalidate: true, hidden: true, onsubmit: (event) => {
			event.preventDefault();
			this.store();
		}}, this.approval, el("div", {class: "actions"}, this.keep, button("Leave it", () => this.begin())));
		return dropZone(el("section", {class: "card"}, el("h2", {}, "Bring in files of keys"),
			el("p", {class: "hint"}, "CSV as Active Directory, Entra ID, Intune, MBAM, ConfigMgr and scripts export it: key ID or machine, and recovery password, in any columns. "
				+ `Up to ${FILES_MAX} files, ${bytes(BYTES_MAX)} together. They are sealed in this browser so that only the escrow service can read them, `
				+ "and you see what would come of them before anything is stored."),
			field("Files, which can be dropped here, too", this.file), this.going, this.problem, this.results, this.offer), (files) => this.take(files));
	}

	// Escrow wipes what it was brought, if it was not stored; nothing of it is left here.
	forget() {
		this.upload?.forget();
		this.upload = null;
		if (this.passphrase)
			this.passphrase.value = "";
	}

	begin() {
		this.forget();
		this.file.value = "";
		this.problem.textContent = "";
		this.going.hidden = this.offer.hidden = true;
		this.results.replaceChildren();
	}

	async take(files) {
		if (this.storing)
			return;
		this.begin();
		const size = files.reduce((sum, f) => sum + f.size, 0);
		if (files.length === 0)
			return;
		if (size === 0 || files.length > FILES_MAX || size > BYTES_MAX) {
			this.problem.textContent = size === 0 ? "There is nothing in these files."
				: `That is too much for the page: ${plural(files.length, "file")}, ${bytes(size)}. On the appliance, netmend keys import FILE takes any size.`;
			return;
		}
		const upload = new Upload(files, () => fleet.appliance?.escrow.box);
		this.upload = upload;
		this.bar.value = 0;
		this.going.hidden = false;
		try {
			const keys = await upload.look((share) => {
				this.bar.value = share;
			});
			if (this.upload === upload && keys)
				this.looked(keys);
		} catch (error) {
			console.warn(error.name);
			if (this.upload === upload)
				this.failed(error);
		}
	}

	failed(error) {
		this.begin();
		this.problem.textContent = error instanceof Refused || error.name === "Error" ? problemOf(error)
			: "A file could not be read: it may have changed since it was chosen. Choose it again.";
	}

	looked(keys) {
		const added = total(keys, "added");
		this.going.hidden = true;
		this.results.replaceChildren(el("h3", {}, "Nothing is stored yet. This would come of it:"), ...keys.files.flatMap(told).filter(Boolean),
			added === 0 ? el("p", {}, el("b", {}, "There is nothing to store.")) : "");
		this.approval.hidden = !keys.approver;
		this.keep.textContent = `Store ${plural(added, "key")}`;
		this.offer.hidden = added === 0;
		if (added === 0) {
			this.forget();
			this.file.value = "";
		} else {
			(keys.approver ? this.who : this.keep).focus();
		}
	}

	async store() {
		const {upload} = this;
		if (!upload || this.storing)
			return;
		if (!this.approval.hidden && (!this.who.value.trim() || !this.passphrase.value)) {
			this.problem.textContent = "Storing takes the name and the passphrase of an approver.";
			(this.who.value.trim() ? this.passphrase : this.who).focus();
			return;
		}
		this.storing = true;
		await attempt(this.keep, this.problem, async () => {
			try {
				const keys = await upload.store(this.who.value.trim(), this.passphrase.value);
				this.begin();
				this.results.replaceChildren(said("good", `Stored: ${counts({added: total(keys, "added"), present: total(keys, "present"), repeated: total(keys, "repeated"), rejected: 0})}. `
					+ "Machines that wait for one of them go on by themselves."));
			} catch (error) {
				this.passphrase.value = "";
				throw new Error(problemOf(error), {cause: error});
			}
		});
		this.storing = false;
		if (this.problem.textContent && !this.approval.hidden)
			this.passphrase.focus();
	}
}
