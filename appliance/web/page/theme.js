// SPDX-License-Identifier: GPL-3.0-or-later
// Light or dark: as the system is, unless somebody has chosen otherwise in this browser. Loaded before anything is drawn.
import {el} from "./text.js";

const KEPT = "netmend-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");
const themes = [["", "◐ System"], ["light", "○ Light"], ["dark", "● Dark"]];

// A browser that keeps nothing for us still shows the page.
function kept() {
	try {
		return localStorage.getItem(KEPT) ?? "";
	} catch {
		return "";
	}
}

function apply(theme) {
	document.documentElement.dataset.theme = theme || (dark.matches ? "dark" : "light");
	dispatchEvent(new Event("themechange"));
}

// The box that chooses.
export function themeSwitch() {
	const now = kept();
	return el("select", {"aria-label": "Colours", class: "theme", onchange: (event) => {
		try {
			localStorage.setItem(KEPT, event.target.value);
		} catch (error) {
			console.warn(`the choice of colours is not kept: ${error.message}`);
		}
		apply(event.target.value);
	}}, themes.map(([value, label]) => el("option", {value, selected: value === now}, label)));
}

dark.addEventListener("change", () => apply(kept()));
addEventListener("storage", () => apply(kept()));
apply(kept());
