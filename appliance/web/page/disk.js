// SPDX-License-Identifier: GPL-3.0-or-later
// A machine's volumes with what protects them, and what its last repair did to them.
import {bytes, el, plural, seconds} from "./text.js";
import {copied} from "./copy.js";
import {reasons} from "./reasons.js";

const protectorWords = {"recovery-password": "recovery password", "passphrase": "passphrase", "tpm": "TPM",
	"tpm-pin": "TPM and PIN", "tpm-startup-key": "TPM and startup key", "startup-key": "startup key",
	"tpm-pin-startup-key": "TPM, PIN and startup key", "certificate": "certificate", "clear-key": "clear key",
	"other": "protector of an unknown kind"};

function reason(code) {
	return code && code !== "OK" && [" · ", reasons[code]?.title, " ", el("code", {}, code)];
}

function place(v) {
	return el("b", {}, `Disk ${v.disk}, partition ${v.partition}`);
}

function volume(v) {
	const name = v.kind === "bitlocker" ? `BitLocker ${v.method || ""}` : v.kind.toUpperCase();
	return el("li", {}, place(v), ` · ${bytes(v.size)}, ${bytes(v.start)} from the start of the disk · ${name}`,
		v.state && ` · state ${v.state}`, v.suspended && " · protection suspended", reason(v.reason),
		v.id && el("p", {}, "Volume ", copied("volume ID", v.id)),
		v.kind === "bitlocker" && !v.protectors?.length && el("p", {}, "No protector was found."),
		v.protectors?.length > 0 && el("ul", {class: "protectors"}, v.protectors.map((p) => (
			el("li", {}, `${protectorWords[p.kind] ?? p.kind} `, copied("key ID", p.id))))));
}

export function volumes(all) {
	return all.length > 0 && el("section", {}, el("h2", {}, "Volumes"), el("ul", {class: "volumes"}, all.map(volume)));
}

function file(f) {
	return el("li", {},
		el("b", {}, f.removed ? "removed " : f.renamed_to ? "renamed " : "left "), el("code", {class: "path"}, f.path),
		f.renamed_to && [" to ", el("code", {class: "path"}, f.renamed_to)],
		` · ${bytes(f.size)} · written ${f.modified.replace("T", " ").replace("Z", " UTC")}`,
		!f.removed && reason(f.reason), f.note && ` · ${f.note}`,
		el("p", {}, el("small", {}, "SHA-256 ", copied("SHA-256", f.sha256))));
}

function repaired(v) {
	const facts = [v.plan && v.plan !== "none" && `plan ${v.plan}`, v.journal && `journal ${v.journal}`,
		v.sectors > 0 && `${plural(v.sectors, "sector")} written`, `${plural(v.windows, "Windows installation")}`].filter(Boolean);
	return el("li", {}, place(v), ` · ${facts.join(", ")}`, v.reason !== "REPAIRED" && reason(v.reason), v.text && ` · ${v.text}`,
		el("ul", {class: "files"}, v.files.map(file)));
}

const nextStart = {set: "Windows is started once, before the network", "not-needed": "not needed",
	"no-entry": "no Windows entry in the firmware: choose the disk by hand", failed: "could not be set", "not-uefi": "not UEFI"};
const stretches = {init: "starting", session: "reporting itself", release: "getting its key", plan: "planning", save: "saving what it changes",
	commit: "writing", verify: "checking"};

// The times are since the kernel's start, at the end of each; 0: it did not come to that.
function took(timing) {
	let before = 0;
	return Object.entries(stretches).filter(([name]) => timing?.[name] > 0).map(([name, words]) => {
		const ms = timing[name] - before;
		before = timing[name];
		return `${seconds(ms)} ${words}`;
	}).join(", ");
}

function fact(name, value) {
	return value && el("div", {}, el("dt", {}, name), el("dd", {}, value));
}

export function outcome(result) {
	if (!result)
		return null;
	const files = result.volumes.flatMap((v) => v.files);
	return el("section", {}, el("h2", {}, "What was done"),
		files.length === 0 && el("p", {}, "No file was removed."),
		result.text && el("p", {}, result.text),
		el("ul", {class: "volumes"}, result.volumes.map(repaired)),
		el("dl", {class: "facts"}, fact("Sectors written", String(result.sectors)), fact("Next start", nextStart[result.boot_next] ?? result.boot_next),
			fact("It took", took(result.timing))));
}
