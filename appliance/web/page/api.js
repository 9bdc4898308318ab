// SPDX-License-Identifier: GPL-3.0-or-later
// Calls to the appliance. What it refuses comes as a Refusal, in the words of the table of reasons.
import {reasons} from "./reasons.js";
import {sentence} from "./text.js";

const PATIENCE = 30000; // ms

let signedOut = () => {};

// f() is called when the appliance says that nobody is signed in (any more).
export function onSignedOut(f) {
	signedOut = f;
}

export class Refusal extends Error {
	// status: of HTTP, 0 when there was no answer. text: what the appliance says of this very case.
	constructor(status, reason, text) {
		const {title, advice} = reasons[reason] ?? {title: `the appliance answered ${status}`, advice: ""};
		super(`${title}${text && text !== title ? `: ${text}` : ""}`);
		Object.assign(this, {status, reason, title, advice, text});
	}
}

// What went wrong, for a person: what happened, then what to do.
export function problemOf(error) {
	return [sentence(error.message), error.advice].filter(Boolean).join(" ");
}

// What an answer that is not a good one says.
export async function refusal(answer) {
	const body = await answer.json().catch(() => ({}));
	const refused = new Refusal(answer.status, body.error, body.text ?? "");
	if (refused.reason === "LOGIN_NEEDED")
		signedOut();
	return refused;
}

async function ask(method, path, settings) {
	try {
		return await fetch(path, {method, cache: "no-store", signal: AbortSignal.timeout(PATIENCE), ...settings});
	} catch (error) {
		console.warn(`${method} ${path}: ${error.name}`);
		throw new Refusal(0, "APPLIANCE_UNREACHABLE", "");
	}
}

async function call(method, path, settings) {
	const answer = await ask(method, path, settings);
	if (answer.ok)
		return answer.json();
	throw await refusal(answer);
}

// What a page of another site cannot send.
const ours = {"X-Netmend": "1"};

export function getJson(path) {
	return call("GET", path, {});
}

export function post(path, body = {}, patience = PATIENCE) {
	return call("POST", path, {headers: {...ours, "Content-Type": "application/json"}, body: JSON.stringify({v: 1, ...body}), signal: AbortSignal.timeout(patience)});
}

// An inventory of 100,000 lines takes its time: the appliance serves machines meanwhile.
export function postCsv(path, csv) {
	return call("POST", path, {headers: {...ours, "Content-Type": "text/csv"}, body: csv, signal: AbortSignal.timeout(20 * PATIENCE)});
}

export function remove(path) {
	return call("DELETE", path, {headers: ours});
}
