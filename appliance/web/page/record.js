// SPDX-License-Identifier: GPL-3.0-or-later
// Who did what.
import {el, when} from "./text.js";
import {getJson, problemOf} from "./api.js";
import {button, exports, problemLine, table} from "./form.js";

const AT_ONCE = 100;

// What is not a word of everyday.
const words = {"login": "signed in", "login-failed": "sign-in refused", "logout": "signed out", "setup": "set up", "setup-link": "set-up link made",
	"account-add": "account made", "account-change": "account changed", "account-remove": "account removed",
	"token-add": "token made", "token-remove": "token removed"};

export class RecordView {
	constructor() {
		this.node = el("div", {class: "page"});
	}

	open() {
		this.actions = [];
		this.problem = problemLine();
		this.list = el("div");
		this.older = button("Older", () => this.load(), "", {hidden: true});
		this.node.replaceChildren(el("h1", {tabindex: -1}, "Who did what"),
			el("p", {class: "links"}, "Acts of people and programs on machines, inventory, campaigns and accounts. "
				+ "Releases of keys are in escrow's own record: ",
				el("code", {}, "netmend audit show"), "."),
			exports("/api/v1/actions.csv", "/api/v1/actions?limit=1000", "actions"),
			this.problem, this.list, el("div", {class: "actions"}, this.older, button("Look again", () => this.open())));
		this.load();
	}

	async load() {
		const before = this.actions.at(-1)?.id;
		try {
			const {actions} = await getJson(`/api/v1/actions?limit=${AT_ONCE}${before ? `&before=${before}` : ""}`);
			this.actions.push(...actions);
			this.older.hidden = actions.length < AT_ONCE;
			this.draw();
		} catch (error) {
			this.problem.textContent = problemOf(error);
		}
	}

	draw() {
		if (this.actions.length === 0) {
			this.list.replaceChildren(el("p", {}, "Nothing yet."));
			return;
		}
		this.list.replaceChildren(table("Actions", [["When"], ["Who"], ["What"], ["On"], ["Details"], ["From"]], this.actions.map((a) => [
			el("time", {datetime: new Date(a.at).toISOString()}, when(a.at)),
			[a.who && el("b", {}, a.who), a.role && a.role !== a.who && el("small", {}, ` ${a.role}`)], words[a.verb] ?? a.verb.replace(/^campaign-/, ""),
			[a.kind && el("small", {}, `${a.kind} `), a.object], a.text, [a.via, a.ip && el("small", {}, ` ${a.ip}`)]])));
	}
}
