// SPDX-License-Identifier: GPL-3.0-or-later
// The way in: signing in, and the first account by the set-up link.
import {el} from "./text.js";
import {field, form, text} from "./form.js";
import {Refusal, problemOf} from "./api.js";
import {me, setUp, signIn} from "./session.js";

const PASSWORD_MIN = 12; // characters: NM_PASSWORD_MIN

export function isSetup() {
	return location.pathname === "/setup";
}

// The link's token, taken out of the address bar and the history at once; it is kept nowhere but here.
let token = "";

function takeToken() {
	if (!isSetup() || location.hash.length < 2)
		return;
	token = decodeURIComponent(location.hash.slice(1));
	history.replaceState(null, "", "/setup");
}

takeToken();

export function passwordInput(autocomplete) {
	return el("input", {type: "password", autocomplete, maxlength: 256});
}

// A password chosen by somebody, typed twice: {fields, read()}; read() throws what is wrong with it.
export function newPassword() {
	const first = passwordInput("new-password"), second = passwordInput("new-password");
	return {
		fields: [field("Password", first, `At least ${PASSWORD_MIN} characters; it need not look complicated.`),
			field("The same password again", second)],
		read() {
			if ([...first.value].length < PASSWORD_MIN) {
				first.focus();
				throw new Refusal(0, "PASSWORD_WEAK", "");
			}
			if (first.value !== second.value) {
				second.focus();
				throw new Error("the two passwords are not the same");
			}
			return first.value;
		},
		clear() {
			first.value = second.value = "";
		},
	};
}

export class LoginView {
	// entered(): somebody has signed in.
	constructor(entered) {
		this.entered = entered;
		this.node = el("div", {class: "gate"});
		this.shown = "";
	}

	open([ended]) {
		takeToken();
		const kind = isSetup() ? (token ? "setup" : "link") : me.setup ? "fresh" : ended ? "ended" : "login";
		if (kind === this.shown)
			return;
		this.shown = kind;
		this.node.replaceChildren(el("p", {class: "brand"}, "netmend"), ...this[kind === "ended" ? "login" : kind](kind).filter(Boolean));
		this.node.querySelector("input")?.focus();
	}

	close() {
		this.shown = "";
		this.node.replaceChildren();
	}

	login(kind) {
		const name = text({autocomplete: "username", autocapitalize: "none", name: "name"});
		const password = passwordInput("current-password");
		return [
			el("h1", {}, "Sign in"),
			kind === "ended" && el("p", {class: "lead"}, "Your sign-in has ended. Sign in again to go on where you were."),
			form(el("div", {class: "fields"}, field("Name", name), field("Password", password)), "Sign in", async () => {
				if (!name.value.trim() || !password.value)
					throw new Error("give your name and your password");
				try {
					await signIn(name.value.trim(), password.value);
				} catch (error) {
					password.value = "";
					password.focus();
					throw error;
				}
				this.entered();
			}),
			me.wallboard && el("p", {}, el("a", {href: "#wallboard"}, "Wallboard"), " (needs no sign-in)"),
		];
	}

	setup() {
		const name = text({autocomplete: "username", autocapitalize: "none", name: "name"});
		const password = newPassword();
		return [
			el("h1", {}, "Make the first account"),
			el("p", {class: "lead"}, "It is an administrator: it may do everything on this page, and makes the accounts of others."),
			form(el("div", {class: "fields"}, field("Your name", name), password.fields), "Make the account and sign in", async () => {
				if (!name.value.trim()) {
					name.focus();
					throw new Error("give your name");
				}
				await setUp(token, name.value.trim(), password.read());
				token = "";
				this.entered();
			}),
		];
	}

	link() {
		return [
			el("h1", {}, "The set-up link is incomplete"),
			el("p", {}, problemOf(new Refusal(403, "SETUP_CLOSED", ""))),
			el("p", {}, "Open the whole link as the appliance printed it; after a reload of this page it has to be opened again."),
			el("p", {}, el("a", {href: "/"}, "Sign in")),
		];
	}

	fresh() {
		return [
			el("h1", {}, "No account exists yet"),
			el("p", {}, "Open the set-up link that the appliance printed when it was first started, or make another one there:"),
			el("p", {}, el("code", {}, "netmend user setup")),
			me.wallboard && el("p", {}, el("a", {href: "#wallboard"}, "Wallboard"), " (needs no sign-in)"),
		];
	}
}
