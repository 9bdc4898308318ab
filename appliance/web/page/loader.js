// SPDX-License-Identifier: GPL-3.0-or-later
// Which of the two boot programs a machine's UEFI firmware gets, and why. The part stays while what is around it is drawn anew.
import {el} from "./text.js";
import {post} from "./api.js";
import {attempt, button, field, problemLine, select} from "./form.js";
import {may} from "./session.js";

const titles = {auto: "automatic", ipxe: "iPXE", shim: "shim"};
const choices = [["auto", "Automatic: the other one when it does not start"], ["ipxe", "iPXE"], ["shim", "shim (the signed chain, for Secure Boot)"]];

function reason(loader) {
	if (loader.chosen !== "auto")
		return "chosen for this machine";
	if (loader.model !== "auto")
		return `chosen for its model, ${loader.model_name}`;
	return loader.flips ? `automatic; changed ${loader.flips === 1 ? "once" : `${loader.flips} times`}, as it did not start what it was given` : "automatic";
}

export class LoaderChoice {
	constructor() {
		this.says = el("p", {class: "loader"});
		this.choice = select(choices);
		this.whose = select([["machine", "this machine"]], "machine");
		this.problem = problemLine();
		this.form = el("div", {class: "actions"}, field("Boot program", this.choice), field("For", this.whose),
			button("Use it from the next boot on", (event) => this.send(event.currentTarget), "", {"data-loader": "send"}));
		this.node = el("section", {class: "acts", hidden: true, "aria-label": "Boot program"}, this.says, this.form, this.problem);
		this.id = null;
	}

	close() {
		this.id = null;
		this.node.hidden = true;
	}

	update(id, loader) {
		this.node.hidden = !loader;
		if (!loader)
			return;
		this.form.hidden = !may("operate");
		const said = `Boot program of UEFI firmware: ${titles[loader.effective]} (${reason(loader)}).`;
		if (this.says.textContent !== said)
			this.says.textContent = said;
		if (this.id === id && this.model === loader.model_name)
			return; // what somebody is about to choose stays
		this.id = id;
		this.model = loader.model_name;
		this.problem.textContent = "";
		this.choice.value = loader.chosen;
		this.whose.replaceChildren(el("option", {value: "machine"}, "this machine"),
			loader.model_name ? el("option", {value: "model"}, `all of ${loader.model_name}`) : "");
	}

	async send(pressed) {
		await attempt(pressed, this.problem, async () => {
			const {loader} = await post(`/api/v1/machines/${this.id}/loader`, {loader: this.choice.value, for: this.whose.value});
			this.update(this.id, loader);
		});
	}
}
