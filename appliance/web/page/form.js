// SPDX-License-Identifier: GPL-3.0-or-later
// Pieces of forms, tables and questions that the views share.
import {problemOf} from "./api.js";
import {el} from "./text.js";

let numbers = 0;

export function unique(name) {
	return `${name}-${++numbers}`;
}

// A label, its input and a note that belongs to it.
export function field(label, input, note) {
	input.id ||= unique("field");
	const about = note && el("small", {id: `${input.id}-note`}, note);
	if (about)
		input.setAttribute("aria-describedby", about.id);
	return el("div", {class: "field"}, el("label", {for: input.id}, label), input, about);
}

export function check(label, input) {
	input.id ||= unique("check");
	return el("p", {class: "check"}, input, el("label", {for: input.id}, label));
}

export function text(attributes = {}) {
	return el("input", {type: "text", autocomplete: "off", spellcheck: "false", ...attributes});
}

export function number(attributes = {}) {
	return el("input", {type: "number", min: 0, step: 1, ...attributes});
}

// options: [value, label].
export function select(options, value = "", attributes = {}) {
	return el("select", attributes, options.map(([v, label]) => el("option", {value: v, selected: String(v) === String(value)}, label)));
}

export function button(label, onclick, kind = "", attributes = {}) {
	return el("button", {type: "button", class: kind || null, onclick, ...attributes}, label);
}

// Does it while the button cannot be pressed again; what is refused goes to problem. True when it went well.
export async function attempt(pressed, problem, work) {
	problem.textContent = "";
	if (pressed.disabled)
		return false;
	pressed.disabled = true;
	try {
		await work();
		return true;
	} catch (error) {
		problem.textContent = problemOf(error);
		console.warn(error.message);
		return false;
	} finally {
		pressed.disabled = false;
	}
}

// What the view shows, to keep: the same address as JSON and as CSV.
export function exports(csv, json, name) {
	return el("p", {class: "links"}, el("a", {href: csv, download: `${name}.csv`}, "Save as CSV"), " ",
		el("a", {href: json, download: `${name}.json`}, "as JSON"));
}

export function problemLine() {
	return el("p", {class: "problem", role: "alert"});
}

// A form with its fields, its button and the line on what is wrong. send() may throw.
export function form(fields, label, send, ...more) {
	const problem = problemLine();
	const submit = el("button", {type: "submit", class: "primary"}, label);
	return el("form", {novalidate: true, oninput: () => {
		problem.textContent = "";
	}, onsubmit: (event) => {
		event.preventDefault();
		attempt(submit, problem, send);
	}}, fields, problem, el("div", {class: "actions"}, submit, more));
}

// heads: [label] or [label, class]; rows: arrays of cells. On small screens each row becomes a card.
export function table(name, heads, rows) {
	const all = heads.map((h) => [h].flat());
	return el("div", {class: "scroll"}, el("table", {class: "data", "aria-label": name},
		el("thead", {}, el("tr", {}, all.map(([label, kind]) => el("th", {scope: "col", class: kind ?? null}, label)))),
		el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell, i) => (
			el("td", {"data-label": all[i][0], class: all[i][1] ?? null}, cell !== "" && el("span", {}, cell)))))))));
}

export function said(kind, ...content) {
	return el("p", {class: `result ${kind}`}, el("i", {class: "glyph", "aria-hidden": "true"}, kind === "good" ? "✓" : "!"), content);
}

// Asks before something that cannot be taken back: the promise of true or false. word: has to be typed first; agree: to be ticked.
export function ask({title, content, label, word = "", agree = ""}) {
	return new Promise((done) => {
		const typed = text({"aria-label": `Type ${word}`});
		const tick = el("input", {type: "checkbox"});
		const yes = el("button", {type: "submit", class: "danger", disabled: Boolean(word || agree)}, label);
		typed.addEventListener("input", () => {
			yes.disabled = typed.value !== word;
		});
		tick.addEventListener("change", () => {
			yes.disabled = !tick.checked;
		});
		const name = unique("question");
		const dialog = el("dialog", {"aria-labelledby": name, onclose: () => {
			dialog.remove();
			done(dialog.returnValue === "yes");
		}}, el("form", {method: "dialog", onsubmit: (event) => {
			event.preventDefault();
			if (!yes.disabled)
				dialog.close("yes");
		}}, el("h2", {id: name}, title), content,
		word && field(["Type ", el("b", {}, word), " to go on"], typed), agree && check(agree, tick),
		el("div", {class: "actions"}, yes, button("Cancel", () => dialog.close("")))));
		document.body.append(dialog);
		dialog.showModal();
	});
}

// The card, onto which files can be dropped anywhere: take(files).
export function dropZone(card, take) {
	const over = (event) => {
		event.preventDefault();
		card.classList.add("dropping");
	};
	card.addEventListener("dragenter", over);
	card.addEventListener("dragover", over);
	card.addEventListener("dragleave", (event) => card.contains(event.relatedTarget) || card.classList.remove("dropping"));
	card.addEventListener("drop", (event) => {
		event.preventDefault();
		card.classList.remove("dropping");
		take([...event.dataTransfer.files]);
	});
	return card;
}
