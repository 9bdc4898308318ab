// SPDX-License-Identifier: GPL-3.0-or-later
// One's own account.
import {el} from "./text.js";
import {field, form, said} from "./form.js";
import {post} from "./api.js";
import {me, roles} from "./session.js";
import {newPassword, passwordInput} from "./login.js";

export class AccountView {
	constructor() {
		this.node = el("div", {class: "page narrow"});
	}

	open() {
		const old = passwordInput("current-password"), password = newPassword();
		const result = el("div", {role: "status"});
		this.node.replaceChildren(el("h1", {tabindex: -1}, "My account"),
			el("dl", {class: "facts"},
				el("div", {}, el("dt", {}, "Name"), el("dd", {}, me.name)),
				el("div", {}, el("dt", {}, "Role"), el("dd", {}, `${me.role}: ${roles[me.role] ?? ""}`))),
			el("section", {class: "card"}, el("h2", {}, "Change my password"),
				form(el("div", {class: "fields"}, field("Present password", old), password.fields), "Change the password", async () => {
					result.replaceChildren();
					const chosen = password.read();
					await post("/api/v1/me/password", {old: old.value, new: chosen});
					old.value = "";
					password.clear();
					result.replaceChildren(said("good", "Your password is changed."));
				}), result));
	}

	close() {
		this.node.replaceChildren();
	}
}
