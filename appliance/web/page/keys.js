// SPDX-License-Identifier: GPL-3.0-or-later
// The keyboard: each key does what a link or button does too, and none of them while somebody types.
import {el} from "./text.js";
import {button} from "./form.js";

const sheet = [["/", "find a machine"], ["j", "next machine"], ["k", "machine before"], ["Enter", "open it"], ["Esc", "back to the machines"],
	["f", "filters"], ["m", "map or list"], ["?", "these keys"]];

const $ = (id) => document.getElementById(id);

export function showKeys() {
	const dialog = el("dialog", {"aria-labelledby": "keys-title", class: "keys", onclose: () => dialog.remove()},
		el("h2", {id: "keys-title"}, "Keys"),
		el("dl", {}, sheet.map(([key, does]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, does)))),
		el("p", {class: "hint"}, "On the map the arrow keys go from tile to tile."),
		el("div", {class: "actions"}, button("Close", () => dialog.close())));
	document.body.append(dialog);
	dialog.showModal();
}

function typing({target}) {
	return target.closest("dialog, textarea, select, [contenteditable]") || target.matches("input:not([type=checkbox], [type=radio], [type=file])");
}

// Its number; 0: another view is open.
function machineOpen() {
	return Number(/^#\/machine\/(\d+)$/.exec(location.hash)?.[1] ?? 0);
}

export class Keys {
	// overview: has the list and its address.
	constructor(overview) {
		this.overview = overview;
		addEventListener("keydown", (event) => {
			if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || typing(event) || document.querySelector("dialog[open]"))
				return;
			if (this.press(event.key))
				event.preventDefault();
		});
	}

	// Whether the key meant something.
	press(key) {
		const wall = document.body.classList.contains("wall");
		if (key === "Escape")
			return this.back(wall);
		if (wall || $("top").hidden)
			return false;
		switch (key) {
		case "?":
			showKeys();
			return true;
		case "/":
			return this.atOverview(() => $("search").focus());
		case "f":
			return this.atOverview(() => this.filters());
		case "m":
			return this.atOverview(() => this.overview.flip());
		case "j":
			return this.step(1);
		case "k":
			return this.step(-1);
		}
		return false;
	}

	// Goes there first.
	atOverview(act) {
		if ($("overview").hidden) {
			addEventListener("hashchange", () => requestAnimationFrame(act), {once: true});
			location.hash = this.overview.address();
		} else {
			act();
		}
		return true;
	}

	filters() {
		const details = document.querySelector("#more-filters details");
		if (!details.hidden)
			details.open = true;
		(details.querySelector("select") ?? $("chips").querySelector("button"))?.focus();
	}

	back(wall) {
		if (wall) {
			location.href = "/#/";
			return true;
		}
		if (!$("overview").hidden || $("top").hidden)
			return false;
		const {list} = this.overview, id = machineOpen();
		return this.atOverview(() => list.focusOn(list.rows.findIndex((row) => row.id === id)));
	}

	step(by) {
		const {list} = this.overview, id = machineOpen();
		if (id) {
			const at = list.rows.findIndex((row) => row.id === id);
			const next = list.rows[at < 0 ? 0 : at + by];
			if (next)
				location.replace(`#/machine/${next.id}`);
			return true;
		}
		if ($("overview").hidden)
			return false;
		const at = list.focusedRow();
		list.focusOn(at < 0 ? 0 : at + by);
		return true;
	}
}
