// SPDX-License-Identifier: GPL-3.0-or-later
// One machine: what it is, what was done, and its timeline by attempt.
import {bytes, duration, el, plural, seconds, when} from "./text.js";
import {stateOf} from "./states.js";
import {getJson} from "./stream.js";
import {windows} from "./windows.js";

const REFRESH = 400; // ms: changes that come together are fetched together

function facts(pairs) {
	return el("dl", {class: "facts"}, pairs.filter(([, value]) => value).map(([name, value]) =>
		el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function head(row, now) {
	const state = stateOf(row);
	const moving = row.state !== "returned" && row.state !== "ignored";
	return [
		el("p", {}, el("a", {class: "up", href: "#/"}, "← all machines")),
		el("h1", {}, row.name || row.mac),
		el("div", {class: `now ${state.colour}`},
			el("p", {class: "words"}, el("i", {class: "glyph", "aria-hidden": "true"}, state.glyph), state.words,
				el("small", {}, moving ? ` for ${duration(now - row.since)}` : ` since ${when(row.since)}`)),
			row.reason !== "OK" && el("p", {}, el("b", {}, row.title), " ", el("code", {}, row.reason)),
			row.text && el("p", {}, row.text),
			row.advice && row.reason !== "OK" && el("p", {class: "advice"}, row.advice),
			row.pairing && row.state === "waiting" && el("p", {}, "Code on the machine's screen: ", el("code", {class: "pairing"}, row.pairing))),
		facts([["MAC", row.mac], ["Address", row.ip], ["Model", row.product], ["Serial", row.serial],
			["UUID", row.uuid], ["Attempts", row.attempt ? String(row.attempt) : ""],
			["First seen", row.first_seen && when(row.first_seen)], ["Last seen", row.last_seen && when(row.last_seen)]]),
	];
}

const protectorWords = {"recovery-password": "recovery password", "passphrase": "passphrase", "tpm": "TPM",
	"tpm-pin": "TPM and PIN", "tpm-startup-key": "TPM and startup key", "startup-key": "startup key",
	"tpm-pin-startup-key": "TPM, PIN and startup key", "certificate": "certificate", "clear-key": "clear key",
	"other": "protector of an unknown kind"};

function volume(v) {
	const name = v.kind === "bitlocker" ? `BitLocker ${v.method || ""}` : v.kind.toUpperCase();
	return el("li", {},
		el("b", {}, `Disk ${v.disk}, partition ${v.partition}`), ` · ${bytes(v.size)} · ${name}`,
		v.suspended && " · protection suspended", v.reason && v.reason !== "OK" && [" · ", el("code", {}, v.reason)],
		v.protectors?.length > 0 && el("ul", {class: "protectors"}, v.protectors.map((p) =>
			el("li", {}, `${protectorWords[p.kind] ?? p.kind} `, el("code", {}, p.id)))));
}

function outcome(result) {
	if (!result)
		return null;
	const files = result.volumes.flatMap((v) => v.files);
	const written = {set: "Windows is started once, before the network", "not-needed": "not needed",
		"no-entry": "no Windows entry in the firmware: choose the disk by hand", failed: "could not be set",
		"not-uefi": "not UEFI"};
	return el("section", {}, el("h2", {}, "What was done"),
		files.length === 0 && el("p", {}, "No file was removed."),
		el("ul", {class: "files"}, files.map((f) => el("li", {},
			el("b", {}, f.removed ? "removed " : f.renamed_to ? "renamed to .off " : "left "), el("code", {class: "path"}, f.path),
			` · ${bytes(f.size)} · written ${f.modified.replace("T", " ").replace("Z", " UTC")}`,
			!f.removed && f.reason !== "OK" && [" · ", el("code", {}, f.reason)], f.note && ` · ${f.note}`,
			el("br"), el("small", {}, `SHA-256 ${f.sha256}`)))),
		facts([["Sectors written", String(result.sectors)], ["Next start", written[result.boot_next] ?? result.boot_next],
			["Plan", [...new Set(result.volumes.map((v) => v.plan).filter(Boolean))].join(", ")],
			["Journal of the volume", [...new Set(result.volumes.map((v) => v.journal).filter(Boolean))].join(", ")],
			["Repair took", result.timing?.verify ? `${seconds(result.timing.verify)} after kernel start` : ""]]));
}

const bundleWords = {pending: "repair not confirmed yet", confirmed: "repair confirmed", void: "not offered to the machine any more"};

function bundles(all) {
	return all.length > 0 && el("section", {}, el("h2", {}, "Saved before writing"), el("ul", {}, all.map((b) =>
		el("li", {}, el("code", {class: "path"}, b.sha256), ` · ${bytes(b.size)} · ${when(b.at)} · `,
			bundleWords[b.state] ?? b.state))));
}

function step(event, before) {
	const state = stateOf({state: event.state, severity: ""});
	const numbers = Object.entries(event.numbers ?? {}).map(([k, v]) => `${k} ${v}`).join(", ");
	const gap = before ? event.at - before.at : 0;
	return el("li", {class: state.colour},
		el("time", {datetime: new Date(event.at).toISOString()}, when(event.at)),
		el("span", {class: "gap"}, before ? `+${seconds(gap)}` : ""),
		el("span", {class: "what"}, el("i", {class: "glyph", "aria-hidden": "true"}, state.glyph),
			el("b", {}, event.step || state.words),
			event.reason && event.reason !== "OK" && [" ", el("code", {}, event.reason)],
			event.text && el("span", {}, ` ${event.text}`),
			numbers && el("small", {}, ` ${numbers}`)));
}

function timeline(events) {
	const attempts = new Map();
	for (const event of events)
		attempts.set(event.attempt, [...(attempts.get(event.attempt) ?? []), event]);
	return el("section", {}, el("h2", {}, "Timeline"), events.length === 0 && el("p", {}, "Nothing yet."),
		[...attempts].sort(([a], [b]) => b - a).map(([number, steps]) => [
			el("h3", {}, number ? `Attempt ${number}` : "Before the first boot", " ",
				el("small", {}, steps.length > 1 ? `${plural(steps.length, "step")} in ${seconds(steps.at(-1).at - steps[0].at)}` : "")),
			el("ol", {class: "timeline"}, steps.map((event, i) => step(event, steps[i - 1])))]));
}

export class MachineView {
	constructor(holder, clock) {
		this.holder = holder;
		this.clock = clock;
		this.id = null;
		this.pending = null;
	}

	open(id) {
		if (this.id === id)
			return;
		this.id = id;
		this.holder.replaceChildren(el("p", {}, "Asking the appliance …"));
		scrollTo(0, 0);
		this.load();
	}

	close() {
		this.id = null;
	}

	// A row changed; null: any may have.
	changed(id) {
		if (this.id === null || (id !== null && id !== this.id) || this.pending)
			return;
		this.pending = setTimeout(() => {
			this.pending = null;
			this.load();
		}, REFRESH);
	}

	async load() {
		const id = this.id;
		if (id === null)
			return;
		try {
			this.show(id, await getJson(`/api/v1/machines/${id}`));
		} catch (error) {
			if (this.id === id && !this.holder.querySelector("h1"))
				this.holder.replaceChildren(el("p", {}, el("a", {class: "up", href: "#/"}, "← all machines")),
					el("p", {}, `Machine ${id} could not be read (${error.message}).`));
		}
	}

	show(id, data) {
		if (this.id !== id)
			return;
		const volumes = data.volumes ?? [];
		this.holder.replaceChildren(...head(data.machine, this.clock()), ...[
			outcome(data.result),
			windows(data.result),
			volumes.length > 0 && el("section", {}, el("h2", {}, "Volumes"), el("ul", {class: "volumes"}, volumes.map(volume))),
			bundles(data.bundles ?? []),
			timeline(data.timeline ?? []),
		].filter(Boolean));
	}
}
