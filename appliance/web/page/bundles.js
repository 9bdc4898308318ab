// SPDX-License-Identifier: GPL-3.0-or-later
// The saved repairs of a machine: what each holds, and for whom it is to be had.
import {bytes, el, when} from "./text.js";
import {copied} from "./copy.js";
import {may} from "./session.js";

const states = {pending: "repair not confirmed yet", confirmed: "repair confirmed", void: "not offered to the machine any more"};

function saved(machine, bundle) {
	return el("li", {}, copied("SHA-256", bundle.sha256), ` · ${bytes(bundle.size)} · ${when(bundle.at)} · `,
		states[bundle.state] ?? bundle.state, may("operate") && [" · ",
			el("a", {href: `/api/v1/machines/${machine}/bundles/${bundle.sha256}`, download: true}, "Download")]);
}

export function bundles(machine, all) {
	return all.length > 0 && el("section", {}, el("h2", {}, "Saved before writing"), el("ul", {}, all.map((b) => saved(machine, b))),
		el("p", {class: "hint"}, "Each holds every changed sector as it was and as it is now, as on the disk (encrypted, where BitLocker is), "
			+ "and the removed files with their names, dates and permissions, readable by whoever has the file. It holds no key. "
			+ (may("operate") ? "Who downloads one is in the record. " : "Operators can download it. "),
		"Look into it with ", el("code", {}, "tar --zstd"), "; ", el("code", {}, "fixer --undo"), " puts the sectors back."));
}
