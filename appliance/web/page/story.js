// SPDX-License-Identifier: GPL-3.0-or-later
// A machine's whole story, to keep: on paper, or as a file.
import {el} from "./text.js";
import {button} from "./form.js";
import {me} from "./session.js";

const LATER = 60000; // ms: the browser has taken the file by then

async function save(name, data, sectors) {
	await sectors.all();
	const text = JSON.stringify({...data(), sectors: sectors.told()}, null, "\t");
	const link = el("a", {href: URL.createObjectURL(new Blob([text], {type: "application/json"})), download: `${name}.json`});
	link.click();
	setTimeout(() => URL.revokeObjectURL(link.href), LATER);
}

async function onPaper(sectors) {
	await sectors.all();
	print();
}

export function keep(id, name, data, sectors) {
	return el("p", {class: "links keep"}, button("Print", () => onPaper(sectors)), " ",
		button("Save all of it as JSON", () => save(name, data, sectors)), " ",
		el("a", {href: `/api/v1/machines/${id}/timeline.csv`, download: `${name}-timeline.csv`}, "Save the timeline as CSV"));
}

// A line on paper alone: where and when it was so; in UTC too, as paper goes anywhere.
export function imprint() {
	return el("p", {class: "paper"});
}

function stamp() {
	const now = new Date();
	for (const node of document.querySelectorAll(".paper"))
		node.textContent = `netmend · ${location.origin}/${location.hash} · as of ${now.toLocaleString()} (${now.toISOString().slice(0, 19)}Z). Times without a date are of that day. `
			+ `Printed by ${me.name}.`;
}

// What is folded on the screen is not on paper.
let opened = [];
addEventListener("beforeprint", () => {
	stamp();
	opened = [...document.querySelectorAll("main:not([hidden]) details:not([open])")];
	for (const details of opened)
		details.open = true;
});
addEventListener("afterprint", () => {
	for (const details of opened)
		details.open = false;
	opened = [];
});
