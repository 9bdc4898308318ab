// SPDX-License-Identifier: GPL-3.0-or-later
// What a machine's disk told of its Windows: version, last crash, age of the files beside the bad one.
import {el, plural} from "./text.js";

// "2024-07-19T05:02:11Z" as "2024-07-19 05:02 UTC"; whatever else a disk says stays as it is.
function minute(text) {
	return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) ? `${text.slice(0, 16).replace("T", " ")} UTC` : text;
}

function name(w) {
	const build = [w.build, w.revision].filter(Boolean).join(".");
	return [w.product || "Windows of an unknown version", w.release, build && `(${build})`].filter(Boolean).join(" ");
}

function crash(c) {
	if (!c)
		return "not known: no crash dump";
	const code = `0x${c.code.toString(16).toUpperCase()}${c.name && ` ${c.name}`}`;
	return [el("b", {}, c.module ? `${code}, ${c.module}` : code), ` — ${c.source}${c.time && ` of ${minute(c.time)}`}`,
		el("br"), el("small", {}, el("code", {class: "path"}, c.path), c.kind && ` (${c.kind} dump${c.build ? `, build ${c.build}` : ""})`),
		c.parameters?.length > 0 && [el("br"), el("small", {}, "Parameters ", el("code", {}, c.parameters.map((p) => `0x${p}`).join(" ")))]];
}

function folder(f) {
	const words = f.files === 0 ? "none" : `${f.files.toLocaleString("en")}, newest ${minute(f.newest)}, oldest ${minute(f.oldest)}`;
	return [words, el("br"), el("small", {}, el("code", {class: "path"}, f.directory))];
}

function row(title, ...content) {
	return el("div", {}, el("dt", {}, title), el("dd", {}, content));
}

function installation(w) {
	return el("li", {},
		el("p", {}, el("b", {}, name(w)), ` in ${w.directory}`, w.computer && `, computer name ${w.computer}`,
			[w.edition, w.installation].filter(Boolean).map((word) => ` · ${word}`),
			w.registry_dirty && " · its registry was not closed when it stopped"),
		el("dl", {class: "told"},
			row("Stopped with", crash(w.crash)),
			w.folders.map((f) => row("Sensor's other files", folder(f)))),
		[w.problem, w.evidence_problem].filter(Boolean).map((text) => el("p", {}, el("small", {}, `Not read: ${text}`))));
}

// Nothing when no volume could be read.
export function windows(result) {
	const all = (result?.volumes ?? []).flatMap((v) => v.installations ?? []);
	const more = (result?.volumes ?? []).reduce((sum, v) => sum + (v.windows ?? 0), 0) - all.length;
	return all.length > 0 && el("section", {class: "windows"}, el("h2", {}, "What its disk tells"),
		el("ul", {}, all.map(installation)),
		more > 0 && el("p", {class: "hint"}, `${plural(more, "more Windows installation")} on it: too many to be told.`));
}
