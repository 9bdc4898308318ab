// SPDX-License-Identifier: GPL-3.0-or-later
// Making a campaign, or changing a draft: which machines, in which waves, under which rules; with what would come of it beside it.
import {el, plural, sentence} from "./text.js";
import {getJson, post, problemOf} from "./api.js";
import {Choice} from "./choice.js";
import {fleet, valuesOf} from "./fleet.js";
import {check, field, form, number, select, text} from "./form.js";
import {approvals, byHand, dimensions, listedName, recipes} from "./plan_words.js";
import {NARROW, Waves, read} from "./waves.js";

const PREVIEW_AFTER = 300; // ms without a change

function fresh() {
	const canary = valuesOf("ring").some(([ring]) => ring === "canary");
	const wave = (name, more, opens) => ({name, sites: [], floors: [], owners: [], rings: [], machines: 0, percent: 0, opens, ...more});
	const rule = {by_hand: false, returned_percent: 100, minutes: 30};
	const {recipe} = fleet.appliance; // of the appliance's own only the name is known here
	return {name: "", recipe: recipes.includes(recipe) ? recipe : "",
		scope: {all: true, sites: [], floors: [], owners: [], rings: [], subnets: [], machines: []},
		from: 0, until: 0, approval: "config", dry_run: false, start_order: true,
		waves: [wave("canary", canary ? {rings: ["canary"]} : {machines: 2}, rule), wave("everyone else", {}, rule)],
		stop: {failed_percent: 10, at_least: 2}, power: {...byHand}};
}

function words(value) {
	return value.split(/[\n,;]+/).map((w) => w.trim()).filter(Boolean);
}

// Name, MAC, serial or UUID of each to its number; throws with those that no machine has.
function resolve(listed) {
	const known = new Map();
	for (const row of fleet.rows.values())
		for (const name of [row.name, row.mac, row.serial, row.uuid])
			if (name)
				known.set(name.toLowerCase(), row.id);
	const unknown = listed.filter((w) => !known.has(w.toLowerCase()));
	if (unknown.length > 0)
		throw new Error(`no machine has the name, MAC, serial or UUID ${unknown.slice(0, 5).join(", ")}`);
	return [...new Set(listed.map((w) => known.get(w.toLowerCase())))];
}

// A part that most plans leave as it is: on a phone it is folded.
function part(title, ...content) {
	return el("details", {class: "part", open: innerWidth > NARROW}, el("summary", {}, el("h2", {}, title)), content);
}

// A local date and time as the field has it, and back to ms; 0 is empty.
function toLocal(ms) {
	return ms ? new Date(ms - new Date(ms).getTimezoneOffset() * 60000).toISOString().slice(0, 16) : "";
}

function fromLocal(value) {
	return value ? new Date(value).getTime() : 0;
}

// Of a wave of the preview: how many have a management controller, and how many of them start together.
function switchedWords({machines, bmc, at_once}) {
	const all = bmc === machines ? "all by their controllers" : `${bmc.toLocaleString("en")} by their controllers`;
	return el("small", {}, " ", bmc > 0 ? `${all}, ${at_once} at once` : "none has a controller that is known");
}

export class PlanView {
	constructor() {
		this.node = el("div", {class: "page plan"});
		this.asked = 0;
	}

	// id: the draft to change; none: a new campaign.
	open([id]) {
		this.id = Number(id ?? 0);
		this.node.replaceChildren(el("p", {}, el("a", {class: "up", href: this.id ? `#/campaign/${this.id}` : "#/campaigns"}, "← back")),
			el("h1", {tabindex: -1}, this.id ? "Change the plan" : "New campaign"));
		this.waiting = true;
		this.changed("machine");
	}

	// What can be chosen is what machines have: the form waits until they are known, and stays as it is from then on.
	changed(type) {
		if (type !== "machine" || !this.waiting || !fleet.appliance)
			return;
		this.waiting = false;
		this.begin();
	}

	async begin() {
		try {
			this.build(this.id ? (await getJson(`/api/v1/campaigns/${this.id}`)).campaign.plan ?? fresh() : fresh());
		} catch (error) {
			this.node.append(el("p", {class: "problem", role: "alert"}, problemOf(error)));
		}
	}

	close() {
		clearTimeout(this.timer);
		this.asked++;
		this.node.replaceChildren();
	}

	build(plan) {
		const changed = () => this.edited();
		this.name = text({maxlength: 64, value: plan.name, oninput: changed});
		this.waves = new Waves(plan.waves, changed);
		this.preview = el("aside", {class: "card preview", "aria-label": "What would come of it", role: "status"});
		const whole = form([
			el("section", {}, el("div", {class: "fields"}, field("Name of the campaign", this.name)), this.recipePart(plan)),
			this.scopePart(plan.scope), this.waves.node, this.stopPart(plan.stop),
			this.powerPart(plan.power ?? byHand), this.rulesPart(plan)],
		this.id ? "Save the plan" : "Save as a draft", () => this.save(), el("span", {class: "hint"}, "Nothing starts yet."));
		this.node.append(el("div", {class: "beside"}, whole, this.preview));
		this.edited();
	}

	recipePart(plan) {
		const own = !recipes.includes(plan.recipe);
		this.recipe = select([...recipes.map((name) => [name, name]), ["", "another one, given here"]], own ? "" : plan.recipe,
			{onchange: () => this.edited()});
		this.recipeText = el("textarea", {rows: 10, spellcheck: "false", oninput: () => this.edited()}, own ? plan.recipe : "");
		this.recipeField = field("Recipe (INI)", this.recipeText);
		return el("div", {}, el("div", {class: "fields"}, field("Recipe: what is looked for and removed", this.recipe)), this.recipeField);
	}

	scopePart(scope) {
		const changed = () => this.edited();
		this.all = select([["all", "All machines"], ["some", "Only those that fit everything below"]], scope.all ? "all" : "some",
			{onchange: changed});
		this.choices = dimensions.map(([list, of, label]) => [list, new Choice(of, label, scope[list], changed)]);
		this.subnets = text({value: scope.subnets.join(", "), placeholder: "10.1.0.0/16, 10.2.4.0/24", oninput: changed});
		this.listed = el("textarea", {rows: 3, spellcheck: "false", oninput: changed}, scope.machines.map(listedName).join("\n"));
		this.some = el("div", {}, el("div", {class: "choices"}, this.choices.map(([, choice]) => choice.node)),
			this.choices.every(([, choice]) => choice.empty) && el("p", {class: "hint"}, "The inventory knows no site, floor, owner or ring yet."),
			el("div", {class: "fields"}, field("Networks", this.subnets, "Empty: any"),
				field("Machines, one a line", this.listed, "Name, MAC, serial or UUID. Empty: any")));
		return el("section", {}, el("h2", {}, "Which machines"), el("div", {class: "fields"}, field("Scope", this.all)), this.some);
	}

	stopPart(stop) {
		const changed = () => this.edited();
		this.failed = number({min: 0, max: 100, value: stop.failed_percent, oninput: changed});
		this.least = number({min: 1, value: stop.at_least, oninput: changed});
		return part("When too many fail", el("p", {class: "hint"}, "The campaign stops by itself, and goes on when somebody resumes it."),
			el("div", {class: "fields"}, field("Stop when so many percent failed", this.failed, "0: never"),
				field("but not before so many machines failed", this.least)));
	}

	powerPart(power) {
		const changed = () => this.edited();
		this.drive = el("input", {type: "checkbox", checked: power.drive, onchange: changed});
		this.atOnce = number({min: 1, max: 256, value: power.at_once, oninput: changed});
		this.perRack = number({min: 0, max: 1000, value: power.per_rack, oninput: changed});
		this.perFeed = number({min: 0, max: 1000, value: power.per_feed, oninput: changed});
		this.limits = el("div", {class: "fields"}, field("Machines started at once, at most", this.atOnce, "1 to 256"),
			field("Of one rack, at most", this.perRack, "0: no limit"), field("Of one power feed, at most", this.perFeed, "0: no limit"));
		return part("Power", el("p", {class: "hint"}, "A machine whose turn has come is switched off hard and started from the network once, by its management "
			+ "controller; not while it is alive or under repair. Those without a controller are left to people. Rack and feed are columns of the inventory."),
		check("Start machines by their management controllers", this.drive), this.limits);
	}

	rulesPart(plan) {
		const changed = () => this.edited();
		const time = (value) => el("input", {type: "datetime-local", value: toLocal(value), oninput: changed});
		this.from = time(plan.from);
		this.until = time(plan.until);
		this.approval = select(approvals, plan.approval, {onchange: changed});
		this.order = el("input", {type: "checkbox", checked: plan.start_order, onchange: changed});
		this.dry = el("input", {type: "checkbox", checked: plan.dry_run, onchange: changed});
		return part("Rules", el("div", {class: "fields"}, field("Not before", this.from, "Empty: at once"),
			field("Not after", this.until, "Empty: no end"),
		field("Key release", this.approval, "Escrow takes the stricter of this and its own configuration.")),
		check("Start order: machines with an order number wait until those with a lower one have returned", this.order),
		check("Dry run: plan and check everything, write to no disk", this.dry));
	}

	read() {
		const all = this.all.value === "all";
		const lists = this.choices.map(([list, choice]) => [list, all ? [] : choice.values()]);
		return {name: this.name.value.trim(), recipe: this.recipe.value || this.recipeText.value,
			scope: {all, ...Object.fromEntries(lists), subnets: all ? [] : words(this.subnets.value),
				machines: all ? [] : resolve(words(this.listed.value))},
			from: fromLocal(this.from.value), until: fromLocal(this.until.value), approval: this.approval.value, dry_run: this.dry.checked,
			start_order: this.order.checked, waves: this.waves.read(),
			stop: {failed_percent: read(this.failed, 100), at_least: read(this.least, 1)},
			power: {drive: this.drive.checked, at_once: read(this.atOnce, byHand.at_once), per_rack: read(this.perRack), per_feed: read(this.perFeed)}};
	}

	edited() {
		this.some.hidden = this.all.value === "all";
		this.recipeField.hidden = this.recipe.value !== "";
		this.limits.hidden = !this.drive.checked;
		clearTimeout(this.timer);
		this.timer = setTimeout(() => this.look(), PREVIEW_AFTER);
	}

	// Answers may come in another order than the questions: only the last one counts.
	async look() {
		const number = ++this.asked;
		let content;
		try {
			const plan = this.read();
			const answer = await post("/api/v1/campaigns/preview", {plan: {...plan, name: plan.name || "preview"}});
			if (number === this.asked)
				this.waves.tell(answer.waves);
			content = this.outlook(answer);
		} catch (error) {
			content = [el("p", {class: "problem"}, problemOf(error))];
			if (number === this.asked)
				this.waves.tell(null);
		}
		if (number === this.asked)
			this.preview.replaceChildren(el("h2", {}, "Preview"), ...content);
	}

	outlook({waves, elsewhere, problems}) {
		const total = waves.reduce((sum, w) => sum + w.machines, 0);
		return [el("p", {}, el("b", {}, plural(total, "machine")), " in this campaign"),
			el("ol", {class: "counts"}, waves.map((w) => el("li", {}, el("span", {}, w.name, this.drive.checked && w.machines > 0 && switchedWords(w)),
				el("b", {}, w.machines.toLocaleString("en"))))),
			elsewhere > 0 && el("p", {}, `${plural(elsewhere, "machine is", "machines are")} `
				+ "in another campaign that has not ended, and left out here."),
			problems.map((text) => (
				el("p", {class: "note"}, el("i", {class: "glyph", "aria-hidden": "true"}, "!"), sentence(text))))].flat(2).filter(Boolean);
	}

	async save() {
		if (!this.name.value.trim()) {
			this.name.focus();
			throw new Error("give the campaign a name");
		}
		const plan = this.read();
		const id = this.id || (await post("/api/v1/campaigns", {plan})).id;
		if (this.id)
			await post(`/api/v1/campaigns/${id}`, {plan});
		fleet.campaigns.set(id, (await getJson(`/api/v1/campaigns/${id}`)).campaign);
		location.hash = `#/campaign/${id}`;
	}
}
