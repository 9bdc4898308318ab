// SPDX-License-Identifier: GPL-3.0-or-later
// Orders to management controllers in words, and the calls that make them.
import {el, plural, seconds, sentence} from "./text.js";
import {post} from "./api.js";
import {nameOfMachine} from "./fleet.js";
import {reasons} from "./reasons.js";

const LOST = "What is open and not saved is lost.";

// order: [what its button says, the question before it, what happens to one, what happens to each of many, what is lost].
export const orders = {
	boot: ["Start from the network", (name) => `Start ${name} from the network?`, "is switched off hard, then starts from the network once",
		"are switched off hard, then start from the network once", LOST],
	media: ["Start from the image", (name) => `Start ${name} from the image?`, "is switched off hard, then starts once from the image its controller inserts",
		"are switched off hard, then start once from the image their controllers insert", LOST],
	on: ["On", (name) => `Switch ${name} on?`, "is switched on and starts as its firmware is set; if it is on, nothing happens",
		"are switched on and start as their firmware is set; those that are on stay as they are", ""],
	off: ["Off", (name) => `Switch ${name} off?`, "is switched off hard, as by holding its power button",
		"are switched off hard, as by holding their power buttons", LOST],
	cycle: ["Cycle", (name) => `Switch ${name} off and on again?`, "is switched off hard and on again, and starts as its firmware is set",
		"are switched off hard and on again, and start as their firmware is set", LOST],
};

const made = {eject: "Take the image out"}; // by itself, or on the command line

export function orderName(order) {
	return orders[order]?.[0] ?? made[order] ?? order;
}

// state of an order: [words, glyph, colour class].
const states = {
	waiting: ["waits for its turn", "…", "wait"],
	driving: ["its controller is at work", "▸", "run"],
	booting: ["switched on; has to ask for its boot now", "▸", "run"],
	done: ["done", "✓", "back"],
	failed: ["failed", "!", "fail"],
	stopped: ["stopped", "‖", "idle"],
};

export function stateOfOrder(state) {
	const [words, glyph, colour] = states[state] ?? [state, "?", "idle"];
	return {words, glyph, colour};
}

export function isOpen(order) {
	return ["waiting", "driving", "booting"].includes(order?.state);
}

const names = {connect: "login", identify: "whose it is", status: "power", boot: "boot order", readback: "boot order read back", insert: "image in",
	eject: "image out", off: "off", on: "on", cycle: "cycle", console: "console"};

export function stepList(steps) {
	return el("ol", {class: "steps-taken"}, steps.map((s) => el("li", {class: s.ok ? "back" : "fail"}, el("span", {class: "gap"}, seconds(s.ms)),
		el("span", {class: "what"}, el("i", {class: "glyph", "aria-hidden": "true"}, s.ok ? "✓" : "!"), el("b", {}, names[s.step] ?? s.step), " ", s.text,
			!s.ok && el("span", {class: "unseen"}, " (failed)")))));
}

// What is said of this very machine; without what the command line is told to do, which is a tick here.
export function detail({reason, text = ""}) {
	return reason === "POWER_NO_BMC" ? "" : text.replace(/^not touched: /, "").replace(/; --force .*$/, "");
}

// Why not, for a person.
export function reasonWords(answer) {
	const {title, advice} = reasons[answer.reason] ?? {title: answer.reason, advice: ""};
	const more = detail(answer);
	const force = answer.reason === "POWER_ALIVE";
	const next = force && (!answer.text || answer.text.includes("--force")) ? "Somebody may be using it." : force ? "" : advice;
	return [sentence([title, more !== title && more].filter(Boolean).join(": ")), next].filter(Boolean).join(" ");
}

const MANY = 120000; // ms, for an order to ten thousand machines

// dry: nothing is ordered, the answer is what would come of it. count: machines ordered, beside those refused. Throws Refusal.
export function give(order, machines, {force = false, dry = false, why = ""}) {
	return post("/api/v1/power", {order, machines, force, dry_run: dry, why}, MANY);
}

// machines: their ids; null: all.
export function stopWaiting(machines) {
	return post("/api/v1/power/stop", {...machines ? {machines} : {filter: {}}, why: ""}, MANY);
}

export function nameIn(answer) {
	return answer.name || nameOfMachine(answer.id);
}

export function manyWords(order, count) {
	const [, , one, many] = orders[order];
	return `${plural(count, "machine")} ${count === 1 ? one : many}.`;
}
