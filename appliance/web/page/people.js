// SPDX-License-Identifier: GPL-3.0-or-later
// Accounts and API tokens: who may do what. For administrators.
import {duration, el, when} from "./text.js";
import {getJson, post, problemOf, remove} from "./api.js";
import {clock} from "./fleet.js";
import {ask, attempt, button, check, exports, field, form, number, problemLine, said, select, table, text} from "./form.js";
import {newPassword} from "./login.js";
import {me, roles} from "./session.js";

const roleOptions = Object.entries(roles).map(([role, what]) => [role, `${role}: ${what}`]);

function ago(ms) {
	return ms ? el("span", {title: when(ms)}, `${duration(clock() - ms)} ago`) : "never";
}

export class PeopleView {
	constructor() {
		this.node = el("div", {class: "page"});
	}

	open() {
		this.problem = problemLine();
		this.done = el("div", {role: "status"});
		this.people = el("section", {class: "card"});
		this.tokens = el("section", {class: "card"});
		this.secret = el("div", {role: "status"});
		this.node.replaceChildren(el("h1", {tabindex: -1}, "People and tokens"), this.problem, this.done, this.people,
			this.newPerson(), this.tokens, this.newToken());
		this.load();
	}

	// A token that was shown goes with the view.
	close() {
		this.node.replaceChildren();
	}

	async load() {
		try {
			const [{people}, {tokens}] = await Promise.all([getJson("/api/v1/people"), getJson("/api/v1/tokens")]);
			this.known = tokens;
			this.drawPeople(people);
			this.drawTokens(tokens);
		} catch (error) {
			this.problem.textContent = problemOf(error);
		}
	}

	// Does it, says so, and looks at the lists again.
	act(pressed, words, work) {
		this.done.replaceChildren();
		return attempt(pressed, this.problem, async () => {
			await work();
			this.done.replaceChildren(said("good", words));
			await this.load();
		});
	}

	/* ---- people ---- */

	drawPeople(people) {
		this.people.replaceChildren(el("h2", {}, "People"), exports("/api/v1/people.csv", "/api/v1/people", "people"),
			table("People", [["Name"], ["Role"], ["State"], ["Made"], ["Last seen"], ["", "acts"]],
			people.map((p) => [el("b", {}, p.name, p.name === me.name && " (you)"), p.role, p.disabled ? "‖ disabled" : "active",
				[when(p.created), p.created_by && el("small", {}, ` by ${p.created_by}`)], ago(p.seen),
				button("Change …", () => this.change(p), "small", {"aria-label": `Change ${p.name}`})])));
	}

	newPerson() {
		const name = text({maxlength: 64, autocapitalize: "none"}), role = select(roleOptions, "viewer"), password = newPassword();
		const fields = el("div", {class: "fields"}, field("Name", name), field("Role", role), password.fields);
		const whole = form(fields, "Make the account", async () => {
			this.done.replaceChildren();
			if (!name.value.trim()) {
				name.focus();
				throw new Error("give the person's name");
			}
			await post("/api/v1/people", {name: name.value.trim(), role: role.value, password: password.read()});
			this.done.replaceChildren(said("good", `${name.value.trim()} may sign in. Tell the password in person; `
				+ "it can be changed under “My account”."));
			name.value = "";
			password.clear();
			await this.load();
		});
		return el("details", {class: "card"}, el("summary", {}, "New account"), whole);
	}

	// The account's own question, with all that can be changed in it.
	change(person) {
		const problem = problemLine();
		const role = select(roleOptions, person.role), off = el("input", {type: "checkbox", checked: person.disabled});
		const password = newPassword();
		const done = async (pressed, words, work) => {
			if (await attempt(pressed, problem, work)) {
				dialog.close();
				this.done.replaceChildren(said("good", words));
				await this.load();
			}
		};
		const save = (event) => done(event.currentTarget, `${person.name} is changed.`, () => (
			post(`/api/v1/people/${person.id}`, {role: role.value, disabled: off.checked})));
		const reset = (event) => done(event.currentTarget, `${person.name} has a new password.`, async () => (
			post(`/api/v1/people/${person.id}`, {password: password.read()})));
		const gone = async (event) => {
			const pressed = event.currentTarget;
			const left = this.known.filter((t) => t.created_by === person.name).map((t) => t.name);
			const content = [el("p", {}, "What was done by this name stays in the record."),
				left.length > 0 && el("p", {class: "problem"}, `API tokens made by ${person.name} stay good: ${left.join(", ")}.`)];
			if (await ask({title: `Remove ${person.name}?`, content, label: "Remove"}))
				await done(pressed, `${person.name} is removed.`, () => remove(`/api/v1/people/${person.id}`));
		};
		const dialog = el("dialog", {"aria-label": `Change ${person.name}`, onclose: () => dialog.remove()}, el("h2", {}, person.name),
			el("div", {class: "fields"}, field("Role", role)), check("Disabled: cannot sign in", off),
			el("div", {class: "actions"}, button("Save", save, "primary")),
			el("details", {}, el("summary", {}, "Set a new password"), el("div", {class: "fields"}, password.fields),
				el("div", {class: "actions"}, button("Set the password", reset))),
			problem, el("p", {class: "hint"}, "Each of these ends the person's sign-ins."),
			el("div", {class: "actions"}, button("Remove the account …", gone, "danger"), button("Close", () => dialog.close())));
		document.body.append(dialog);
		dialog.showModal();
	}

	/* ---- tokens ---- */

	drawTokens(tokens) {
		const expiry = (t) => (t.expires === 0 ? "never" : t.expires < clock() ? "! expired" : when(t.expires));
		this.tokens.replaceChildren(el("h2", {}, "API tokens"),
			el("p", {class: "hint"}, "For programs: ", el("code", {}, "Authorization: Bearer TOKEN")),
			exports("/api/v1/tokens.csv", "/api/v1/tokens", "tokens"),
			tokens.length === 0 ? el("p", {}, "None.") : table("API tokens",
				[["Name"], ["Role"], ["Made"], ["Expires"], ["Last used"], ["", "acts"]],
				tokens.map((t) => [el("b", {}, t.name), t.role, [when(t.created), t.created_by && el("small", {}, ` by ${t.created_by}`)],
					expiry(t), ago(t.used), button("Remove …", (event) => this.dropToken(t, event.currentTarget), "small danger",
						{"aria-label": `Remove the token ${t.name}`})])));
	}

	async dropToken(token, pressed) {
		const content = el("p", {}, "Programs that use it are refused from now on.");
		if (await ask({title: `Remove the token ${token.name}?`, content, label: "Remove"}))
			await this.act(pressed, `The token ${token.name} is removed.`, () => remove(`/api/v1/tokens/${token.id}`));
	}

	newToken() {
		const name = text({maxlength: 64}), role = select(roleOptions, "viewer"), days = number({min: 1, max: 3650, value: 90});
		const fields = el("div", {class: "fields"}, field("Name: which program", name), field("Role", role), field("Days it is good for", days));
		const whole = form(fields, "Make the token", async () => {
				this.secret.replaceChildren();
				if (!name.value.trim()) {
					name.focus();
					throw new Error("give the token a name");
				}
				const {token} = await post("/api/v1/tokens", {name: name.value.trim(), role: role.value, days: Number(days.value)});
				this.showToken(name.value.trim(), token);
				name.value = "";
				await this.load();
			});
		return el("details", {class: "card"}, el("summary", {}, "New token"), whole, this.secret);
	}

	showToken(name, token) {
		const copied = el("span", {role: "status"});
		const place = text({value: token, readonly: true, class: "token", onfocus: () => place.select()});
		this.secret.replaceChildren(said("good", `The token ${name}. It is shown this once: keep it now.`), field("Token", place),
			el("div", {class: "actions"}, button("Copy", async () => {
				place.select();
				try {
					await navigator.clipboard.writeText(token);
					copied.textContent = "✓ copied";
				} catch {
					copied.textContent = "It is selected: copy it with the keyboard.";
				}
			}, "primary"), button("Done", () => this.secret.replaceChildren()), copied));
		place.focus();
	}
}
