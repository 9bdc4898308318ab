// SPDX-License-Identifier: GPL-3.0-or-later
// Parts of the page that come when they are wanted. A browser gives up what is on its way when its network changes, and an
// appliance that was updated has other files: such a part is asked for again, and the person told.
import {el} from "./text.js";
import {button} from "./form.js";

const QUICK = 300;       // ms: so long nobody is told that he waits
const PAUSE = 2000;
const PATIENCE = 15000;  // a page that is younger is not loaded anew by itself: that would not end

// Whether the appliance can be reached: what it does not give now it will not give later either.
async function reached() {
	try {
		return await fetch("/", {method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(PAUSE)});
	} catch {
		return null;
	}
}

export class Late {
	// load(): the promise of it.
	constructor(load) {
		this.load = load;
		this.it = null;     // when it has come
		this.coming = null; // the promise of it
		this.trouble = null; // why it has not come yet, in words
		this.told = () => {};
	}

	// f(it), when it has come.
	use(f) {
		this.coming ??= this.fetch();
		this.coming.then(f);
	}

	async fetch() {
		for (let there = null;;) {
			try {
				this.it = await this.load();
				return this.it;
			} catch (error) {
				console.warn(error.message);
			}
			if (there && performance.now() > PATIENCE)
				location.reload(); // some browsers never ask again for a module that failed, and a new appliance has others
			there = await reached();
			this.trouble = there ? "This part of the page did not come, though the appliance answers."
				: "This part of the page did not come: the appliance does not answer.";
			this.told();
			await new Promise((done) => setTimeout(done, PAUSE));
		}
	}
}

let wanted = null;

// Until late has come holder is busy, and notice(element) is called when that takes its time; then done(). Only what is wanted
// last is waited for; null: nothing.
export function waiting(holder, late, notice, done) {
	const mine = wanted = {};
	holder.setAttribute("aria-busy", String(late !== null));
	if (!late)
		return;
	const words = el("p", {role: "status"}, "Asking the appliance …");
	late.told = () => {
		if (wanted !== mine)
			return;
		if (late.trouble)
			words.replaceChildren(late.trouble, " Trying again … ", button("Load the page anew", () => location.reload()));
		if (!words.isConnected)
			notice(words);
	};
	const slow = setTimeout(late.told, QUICK);
	late.use(() => {
		clearTimeout(slow);
		if (wanted === mine)
			done();
	});
}
