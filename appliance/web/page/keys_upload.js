// SPDX-License-Identifier: GPL-3.0-or-later
// Files of recovery keys on their way to escrow: cut into parts, each sealed in this browser; looked at; stored by the hash of what was
// looked at. The appliance's web server carries boxes; nothing of the files is kept here. The boxes: appliance/README.md.
import {prepared, sendKeys} from "./seal.js";

const PART = 64 * 1024; // bytes in one box
const TRIES = 8;        // of a part, when the appliance has too much to do
const PAUSE = 700;      // ms before the next one

export const FILES_MAX = 16;
export const BYTES_MAX = 20000000; // of all files

function hex(bytes) {
	return Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, "0")).join("");
}

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

// An answer of escrow's that is not a good one.
export class Refused extends Error {
	constructor(answer) {
		super(answer.text || answer.title || "it was not taken");
		this.answer = answer;
	}
}

export class Upload {
	// files: of an input or a drop. key(): what escrow's boxes are sealed to, now.
	constructor(files, key) {
		this.files = files;
		this.key = key;
		this.content = new Blob(files);
		this.name = hex(crypto.getRandomValues(new Uint8Array(16)));
		this.sha256 = "";
		this.drop = null; // makes escrow forget it
		this.stopped = false;
	}

	async order(op, more = {}, bytes = new Uint8Array()) {
		const answer = await sendKeys({op, import: this.name, ...more}, bytes, this.key());
		if (answer.reason !== "OK")
			throw new Refused(answer);
		return answer.keys;
	}

	async part(number) {
		const {size} = this.content;
		const bytes = new Uint8Array(await this.content.slice(number * PART, (number + 1) * PART).arrayBuffer());
		for (let tries = 1;; tries++) {
			try {
				await this.order("part", {part: number, size}, bytes);
				break;
			} catch (error) {
				const passing = error.answer?.undecided && error.answer.reason !== "ROLE_TOO_LOW" && error.answer.reason !== "LOGIN_NEEDED";
				if (!passing || tries === TRIES || this.stopped)
					throw error;
				await wait(PAUSE);
			}
		}
		bytes.fill(0);
	}

	// Brings all parts, then has them looked at: what escrow says of the files. told(share): how far it is, 0 to 1.
	async look(told) {
		const count = Math.ceil(this.content.size / PART);
		const all = await this.content.arrayBuffer();
		this.sha256 = hex(await crypto.subtle.digest("SHA-256", all));
		new Uint8Array(all).fill(0);
		if (this.key())
			this.drop = await prepared({op: "drop", import: this.name}, this.key());
		for (let number = 0; number < count && !this.stopped; number++) {
			await this.part(number);
			told((number + 1) / count);
		}
		if (this.stopped)
			return null;
		const keys = await this.order("look", {files: this.files.map(({name, size}) => ({name, size}))});
		if (keys.sha256 !== this.sha256)
			throw new Error("what escrow has is not what was sent: nothing was stored, choose the files again");
		return keys;
	}

	async store(approver, passphrase) {
		const keys = await this.order("store", {sha256: this.sha256, approver, passphrase});
		this.drop = null;
		return keys;
	}

	// Escrow need not keep it any longer.
	forget() {
		this.stopped = true;
		this.drop?.();
		this.drop = null;
	}
}
