// SPDX-License-Identifier: GPL-3.0-or-later
// A value with a button that copies it. Browsers give pages the clipboard only behind a certificate; elsewhere the older way is tried.
import {el} from "./text.js";

const SHOWN = 2500; // ms
const names = {good: "Copied", bad: "Press Ctrl+C"};

// Said at once, as somebody has just asked for it.
const spoken = el("p", {class: "unseen", role: "status"});
document.body.append(spoken);

let last = {what: "", name: ""}; // what was copied just now: drawn anew meanwhile, its button says so still

// What is selected instead, for who has to do it by hand.
function select(node) {
	getSelection().selectAllChildren(node);
}

function olderWay(value) {
	const from = el("textarea", {class: "unseen", readonly: true}, value);
	const before = document.activeElement;
	document.body.append(from);
	from.select();
	const done = document.execCommand("copy");
	from.remove();
	before?.focus({preventScroll: true});
	return done;
}

async function toClipboard(value) {
	try {
		await navigator.clipboard.writeText(value);
		return true;
	} catch { // there is none here, or it was refused
		return olderWay(value);
	}
}

// name: what it is, "MAC": no two of a view with one value are called the same.
export function copied(name, value) {
	const key = `${name} ${value}`;
	const holder = el("span", {class: "value"}, value);
	const label = () => (last.what === key ? last.name : "Copy");
	const button = el("button", {type: "button", class: "copy", "aria-label": `Copy ${name} ${value}`, "data-keep": key, onclick: async () => {
		const good = await toClipboard(value);
		if (!good)
			select(holder);
		const mine = last = {what: key, name: good ? names.good : names.bad};
		say(button, label());
		spoken.textContent = good ? `${name} copied` : `${name} is selected: press Control and C`;
		setTimeout(() => {
			if (last === mine)
				last = {what: "", name: ""};
			for (const other of document.querySelectorAll("button.copy"))
				if (other.dataset.keep === key && last.what !== key)
					say(other, "Copy");
		}, SHOWN);
	}}, label());
	return el("span", {class: "copied"}, holder, " ", button);
}

function say(button, text) {
	button.textContent = text;
}
