// SPDX-License-Identifier: GPL-3.0-or-later
// A campaign's line of waves, as the list, its own page and the wallboard show it.
import {el, plural} from "./text.js";

// state: [words, glyph, colour class].
const states = {
	draft: ["draft, not started", "○", "idle"],
	running: ["running", "▸", "run"],
	paused: ["paused", "‖", "wait"],
	stopped: ["stopped by its failures", "!", "fail"],
	aborted: ["aborted", "✗", "idle"],
	finished: ["finished", "✓", "back"],
};

export function campaignState(campaign) {
	const [words, glyph, colour] = states[campaign.state] ?? [campaign.state, "?", "idle"];
	return {words, glyph, colour};
}

export function stateMark(campaign) {
	const {words, glyph, colour} = campaignState(campaign);
	return el("span", {class: `mark ${colour}`}, el("i", {class: "glyph", "aria-hidden": "true"}, glyph), words);
}

// The wallboard is not told `done`.
function isDone(wave) {
	return wave.done ?? wave.returned === wave.machines;
}

export function waveWords(wave) {
	if (wave.machines === 0)
		return "no machines";
	if (isDone(wave))
		return "done";
	if (wave.open)
		return "open";
	return wave.opened || wave.returned + wave.failed > 0 ? "stands still" : "not open yet";
}

// Counts and words say the same as the bar.
export function waveBar(wave) {
	const rest = Math.max(0, wave.machines - wave.returned - wave.failed - (wave.working ?? 0));
	const parts = [["back", wave.returned], ["run", wave.working ?? 0], ["fail", wave.failed], ["idle", rest]];
	return el("div", {class: "bar", "aria-hidden": "true"}, parts.filter(([, count]) => count > 0).map(([colour, count]) => {
			const part = el("span", {class: colour});
			part.style.flexGrow = count;
			return part;
		}));
}

// The waves side by side, in order.
export function line(waves) {
	const some = waves.filter((wave) => wave.machines > 0); // the table of waves has the others, too
	return el("ol", {class: "line"}, (some.length > 0 ? some : waves).map((wave) => el("li", {class: wave.open && !isDone(wave) ? "now" : null},
		el("b", {}, wave.name), el("small", {}, ` ${waveWords(wave)}`), waveBar(wave), counts(wave))));
}

function counts({machines, returned, failed}) {
	return el("span", {}, `${returned.toLocaleString("en")} of ${machines.toLocaleString("en")} back`,
		failed > 0 && el("b", {class: "failed"}, ` ! ${failed.toLocaleString("en")} failed`));
}

// Several campaigns side by side, each as one bar.
export function campaignsLine(campaigns) {
	return el("ol", {class: "line"}, campaigns.map((campaign) => {
		const sum = (name) => campaign.waves.reduce((all, wave) => all + (wave[name] ?? 0), 0);
		const all = {machines: sum("machines"), returned: sum("returned"), failed: sum("failed"), working: sum("working")};
		return el("li", {}, el("b", {}, campaign.name), " ", stateMark(campaign), waveBar(all), counts(all));
	}));
}

export function totals(campaign) {
	const sum = (name) => campaign.waves.reduce((all, w) => all + w[name], 0);
	const failed = sum("failed");
	const back = `${sum("returned").toLocaleString("en")} of ${plural(sum("machines"), "machine")} back`;
	return failed ? `${back}, ${failed.toLocaleString("en")} failed` : back;
}
