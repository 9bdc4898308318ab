// SPDX-License-Identifier: GPL-3.0-or-later
// What only escrow may read is sealed here, in the browser, to the key escrow made at its start; the appliance's web
// server carries it and cannot open it. The box's layout: appliance/README.md.
import {getJson} from "./api.js";

const ORDER = "netmend box 1", KEYS = "netmend keys 1"; // what is sealed: one does not open as the other
const CURVE = {name: "ECDH", namedCurve: "P-256"};

function encoded(text) {
	return new TextEncoder().encode(text);
}

function join(...parts) {
	const all = new Uint8Array(parts.reduce((sum, p) => sum + p.byteLength, 0));
	let at = 0;
	for (const part of parts) {
		all.set(new Uint8Array(part), at);
		at += part.byteLength;
	}
	return all;
}

// Ephemeral public key, IV, AES-256-GCM of the bytes, in base64. plain is wiped.
async function seal(plain, label, keyText) {
	const key = Uint8Array.from(atob(keyText), (c) => c.charCodeAt(0));
	const theirs = await crypto.subtle.importKey("raw", key, CURVE, false, []);
	const ours = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
	const point = await crypto.subtle.exportKey("raw", ours.publicKey);
	const shared = await crypto.subtle.deriveBits({name: "ECDH", public: theirs}, ours.privateKey, 256);
	const secret = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
	const aes = await crypto.subtle.deriveKey({name: "HKDF", hash: "SHA-256", salt: join(point, key), info: encoded(label)}, secret,
		{name: "AES-GCM", length: 256}, false, ["encrypt"]);
	const iv = crypto.getRandomValues(new Uint8Array(12));
	const sealed = await crypto.subtle.encrypt({name: "AES-GCM", iv}, aes, plain);
	plain.fill(0);
	return btoa(Array.from(join(point, iv, sealed), (b) => String.fromCharCode(b)).join(""));
}

function post(path, box, more) {
	return fetch(path, {method: "POST", cache: "no-store", headers: {"Content-Type": "application/json", "X-Netmend": "1"},
		body: JSON.stringify({v: 1, box}), ...more});
}

async function judged(path, box, patience) {
	const answer = await post(path, box, {signal: AbortSignal.timeout(patience)});
	const body = await answer.json();
	return answer.ok ? body : {ok: false, reason: body.error, text: body.text, undecided: true};
}

// Seals and sends; resolves to escrow's answer {ok, reason, title, advice, text, results}. `undecided`: it did not come to escrow's
// judgement, and what was typed is worth keeping. A box that does not open was sealed to the key of an escrow that has
// started again since: it is sealed once more, to the new one.
async function send(path, sealed, key, patience) {
	try {
		if (!key)
			return {ok: false, reason: "ESCROW_UNREACHABLE", text: "The escrow service does not answer.", undecided: true};
		const first = await judged(path, await sealed(key), patience);
		if (first.reason !== "PROTOCOL_ERROR")
			return first;
		const fresh = (await getJson("/api/v1/snapshot")).appliance.escrow.box;
		return fresh && fresh !== key ? await judged(path, await sealed(fresh), patience) : first;
	} catch (error) {
		console.warn(error.name);
		return {ok: false, reason: "APPLIANCE_UNREACHABLE", undecided: true,
			text: "The appliance did not answer. Look whether it did happen before you try again."};
	}
}

export function sendSealed(path, object, key) {
	return send(path, (to) => seal(encoded(JSON.stringify(object)), ORDER, to), key, 40000);
}

/* ---- files of recovery keys ---- */

const IMPORT = "/api/v1/keys/import";

function sealOrder(order, bytes, key) {
	return seal(join(encoded(`${JSON.stringify({v: 1, ...order})}\n`), bytes), KEYS, key);
}

// The same for an order about them and the bytes that belong to it.
export function sendKeys(order, bytes, key) {
	return send(IMPORT, (to) => sealOrder(order, bytes, to), key, 130000);
}

// Seals an order now; what is given sends it at once, also while the page is being left, and waits for nothing.
export async function prepared(order, key) {
	const box = await sealOrder(order, new Uint8Array(), key);
	return () => post(IMPORT, box, {keepalive: true}).catch((error) => console.warn(error.name));
}
