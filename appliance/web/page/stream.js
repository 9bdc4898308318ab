// SPDX-License-Identifier: GPL-3.0-or-later
// Server-sent events read by hand: unlike EventSource this sees the comment lines the appliance sends
// every ten seconds, so a dead connection is noticed, and resumes where a snapshot ended.

import {getJson, refusal} from "./api.js";
import {early} from "./early.js";

const SILENCE = 25000;
const DELAYS = [500, 1000, 2000, 5000, 10000];

// One block of lines to {type, data, id}, or null for comments only.
function parseBlock(block) {
	const event = {type: "message", data: "", id: null};
	for (const line of block.split("\n")) {
		const colon = line.indexOf(":");
		const field = colon < 0 ? line : line.slice(0, colon);
		const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
		if (field === "event")
			event.type = value;
		else if (field === "data")
			event.data += (event.data ? "\n" : "") + value;
		else if (field === "id")
			event.id = value;
	}
	return event.data ? event : null;
}

async function readStream(after, onLive, onEvent) {
	const stop = new AbortController();
	let watchdog;
	const alive = () => {
		clearTimeout(watchdog);
		watchdog = setTimeout(() => stop.abort(), SILENCE);
	};
	alive();
	// A page one has left is kept by the browser for a while: with its stream it would keep one of the few connections, too.
	const left = () => stop.abort();
	addEventListener("pagehide", left);
	try {
		const answer = await fetch("/api/v1/events", {
			cache: "no-store", signal: stop.signal,
			headers: {Accept: "text/event-stream", "Last-Event-ID": String(after)},
		});
		if (!answer.ok)
			throw await refusal(answer);
		onLive();
		const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
		let text = "";
		for (;;) {
			const {value, done} = await reader.read();
			if (done)
				return;
			alive();
			text = (text + value).replaceAll("\r\n", "\n");
			for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
				const event = parseBlock(text.slice(0, end));
				if (event)
					onEvent(event);
			}
		}
	} finally {
		removeEventListener("pagehide", left);
		clearTimeout(watchdog);
		stop.abort();
	}
}

// Until nobody is signed in any more: a snapshot, then what changes after it; after a loss a new snapshot.
//   on.snapshot(object)   on.live()   on.event(type, object)   on.lost(error)
export async function follow(on) {
	for (let failures = 0;; failures++) {
		try {
			const snapshot = await early("/api/v1/snapshot") ?? await getJson("/api/v1/snapshot");
			on.snapshot(snapshot);
			await readStream(snapshot.seq, () => on.live(), (event) => {
				failures = 0;
				on.event(event.type, JSON.parse(event.data));
			});
			on.lost(new Error("the appliance closed the connection"));
		} catch (error) {
			if (error.reason === "LOGIN_NEEDED")
				return;
			on.lost(error);
		}
		await new Promise((done) => setTimeout(done, DELAYS[Math.min(failures, DELAYS.length - 1)]));
	}
}
