// SPDX-License-Identifier: GPL-3.0-or-later
// What came of a decision, said plainly.
import {el, sentence} from "./text.js";

const NAMES_SHOWN = 8; // in the sentence on those that went well

const words = {
	APPROVER_UNKNOWN: "Name or passphrase is wrong. Nothing was decided.",
	TRY_LATER: "Too many tries. Wait a minute, then try again.",
	APPROVER_TWICE: "you approved it already; another person has to",
	REQUEST_GONE: "it does not wait any more: it has started again, has its key, or its request expired",
};

export function nameOf(request) {
	return request.name || request.serial || request.mac || request.ip;
}

// Of an answer that decided nothing.
export function refusal(answer) {
	return words[answer.reason] ?? sentence(answer.text || answer.title || "it was refused");
}

function reasonWords(result) {
	if (!result)
		return "no word on it; look at the list again";
	return words[result.reason] ?? [result.title || result.reason, result.text].filter(Boolean).join(", ");
}

function names(lines) {
	return lines.slice(0, NAMES_SHOWN).map(([r]) => nameOf(r)).join(", ")
		+ (lines.length > NAMES_SHOWN ? ` and ${lines.length - NAMES_SHOWN} more` : "");
}

function line(kind, glyph, text) {
	return el("p", {class: `result ${kind}`}, el("i", {class: "glyph", "aria-hidden": "true"}, glyph), text);
}

// lines: [request as it was, its result or undefined]. One sentence on those that went well, one on each other.
export function results(decision, lines) {
	const good = lines.filter(([, result]) => result?.reason === "OK");
	const bad = lines.filter(([, result]) => result?.reason !== "OK");
	const half = good.filter(([r]) => decision === "approve" && r.needs - r.approved.length > 1);
	const whole = good.filter((one) => !half.includes(one));
	return [
		whole.length > 0 && line("good", "✓", `${decision === "approve" ? "Released" : "Denied"}: ${names(whole)}.`),
		half.length > 0 && line("good", "✓", `Approved by you, a second person has to approve too: ${names(half)}.`),
		...bad.map(([r, result]) => line("fail", "!", sentence(`${nameOf(r)}: ${reasonWords(result)}`))),
	].filter(Boolean);
}
