// SPDX-License-Identifier: GPL-3.0-or-later
// The waves of a plan: who is in each, when it opens, and their order.
import {el, plural} from "./text.js";
import {Choice} from "./choice.js";
import {button, field, number, select, text} from "./form.js";
import {dimensions, opensWords, waveWho} from "./plan_words.js";

const NAME_MAX = 64;
export const NARROW = 700; // px: what is as proposed stays folded
const FRESH = {name: "", sites: [], floors: [], owners: [], rings: [], machines: 0, percent: 0,
	opens: {by_hand: false, returned_percent: 90, minutes: 30}};

// What a number field says; fallback when it is empty.
export function read(input, fallback = 0) {
	return input.value.trim() === "" ? fallback : Number(input.value);
}

class Wave {
	// editor: the waves it is one of.
	constructor(wave, editor) {
		const changed = () => {
			this.tell();
			editor.changed();
		};
		this.index = 0;
		this.name = text({maxlength: NAME_MAX, value: wave.name, required: true, oninput: changed});
		this.choices = dimensions.map(([list, of, label]) => [list, new Choice(of, label, wave[list], changed)]);
		this.size = select([["all", "all of them"], ["machines", "at most so many machines"],
			["percent", "at most so many percent of the scope"]],
			wave.machines > 0 ? "machines" : wave.percent > 0 ? "percent" : "all", {onchange: changed});
		this.amount = number({min: 1, value: wave.machines || wave.percent || 10, oninput: changed});
		this.hand = select([["rule", "by itself, once the wave before is back"], ["hand", "when a person opens it"]], wave.opens.by_hand ? "hand" : "rule", {onchange: changed});
		this.returned = number({min: 1, max: 100, value: wave.opens.returned_percent, oninput: changed});
		this.minutes = number({min: 0, value: wave.opens.minutes, oninput: changed});
		this.legend = el("legend");
		this.count = el("span", {class: "count"});
		const act = (label, what) => button(label, what, "small");
		this.up = act("Earlier", () => editor.move(this, -1));
		this.down = act("Later", () => editor.move(this, 1));
		this.gone = act("Remove", () => editor.remove(this));
		this.amountField = field("How many at most", this.amount);
		this.rule = el("div", {class: "fields"}, field("Percent of the wave before that must be back", this.returned),
			field("Minutes they must stay back", this.minutes));
		this.opens = el("div", {}, el("div", {class: "fields"}, field("When this wave opens", this.hand)), this.rule);
		this.words = el("span");
		this.body = el("details", {open: innerWidth > NARROW || !wave.name}, el("summary", {}, this.words, this.count),
			el("div", {class: "fields"}, field("Name", this.name), field("How many of those that match it takes", this.size), this.amountField),
			el("div", {class: "choices"}, this.choices.map(([, choice]) => choice.node)), this.opens,
			el("div", {class: "actions"}, this.up, this.down, this.gone));
		this.node = el("fieldset", {class: "wave"}, this.legend, this.body);
		this.tell();
	}

	tell() {
		this.amountField.hidden = this.size.value === "all";
		this.rule.hidden = this.hand.value === "hand";
		const wave = this.read(), opens = this.index > 0 ? opensWords(wave.opens) : "opens when the campaign is started";
		this.words.replaceChildren(el("b", {}, wave.name || "no name yet"), `: ${waveWho(wave)}; ${opens}`);
	}

	place(index, total) {
		this.index = index;
		this.legend.textContent = `Wave ${index + 1}`;
		for (const [input, word] of [[this.up, "earlier"], [this.down, "later"], [this.gone, "Remove"]])
			input.setAttribute("aria-label", word === "Remove" ? `Remove wave ${index + 1}` : `Move wave ${index + 1} ${word}`);
		this.up.disabled = index === 0;
		this.down.disabled = index === total - 1;
		this.gone.disabled = total === 1;
		this.opens.hidden = index === 0;
		this.tell();
	}

	read() {
		const size = this.size.value, amount = read(this.amount);
		return {name: this.name.value.trim(), ...Object.fromEntries(this.choices.map(([list, choice]) => [list, choice.values()])),
			machines: size === "machines" ? amount : 0, percent: size === "percent" ? amount : 0,
			opens: {by_hand: this.hand.value === "hand", returned_percent: read(this.returned, 100), minutes: read(this.minutes)}};
	}
}

export class Waves {
	// changed(): the plan is another now.
	constructor(waves, changed) {
		this.changed = changed;
		this.waves = waves.map((wave) => new Wave(wave, this));
		this.list = el("div");
		this.node = el("section", {}, el("h2", {}, "Waves"),
			el("p", {class: "hint"}, "A machine belongs to the first wave that takes it. "
				+ "Machines that none takes come in a last wave, “rest”."),
			this.list, el("div", {class: "actions"}, button("Add a wave", () => this.add())));
		this.draw();
	}

	draw() {
		this.list.replaceChildren(...this.waves.map((wave) => wave.node));
		this.waves.forEach((wave, i) => wave.place(i, this.waves.length));
	}

	add() {
		const wave = new Wave({...FRESH, name: `wave ${this.waves.length + 1}`}, this);
		this.waves.push(wave);
		this.draw();
		wave.body.open = true;
		wave.name.focus();
		wave.name.select();
		this.changed();
	}

	move(wave, by) {
		const at = this.waves.indexOf(wave);
		this.waves.splice(at, 1);
		this.waves.splice(at + by, 0, wave);
		this.draw();
		const pressed = by < 0 ? wave.up : wave.down;
		(pressed.disabled ? wave.name : pressed).focus();
		this.changed();
	}

	remove(wave) {
		const at = this.waves.indexOf(wave);
		this.waves.splice(at, 1);
		this.draw();
		this.waves[Math.min(at, this.waves.length - 1)].name.focus();
		this.changed();
	}

	// counts: machines by wave, of the preview; null: not known.
	tell(counts) {
		this.waves.forEach((wave, i) => {
			wave.count.textContent = counts?.[i] ? ` · ${plural(counts[i].machines, "machine")}` : "";
		});
	}

	read() {
		return this.waves.map((wave) => wave.read());
	}
}
