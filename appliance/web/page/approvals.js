// SPDX-License-Identifier: GPL-3.0-or-later
// The requests that wait for people: compare the code, choose, release or deny. Name and passphrase are sealed to escrow.
import {duration, el, plural, when} from "./text.js";
import {getJson} from "./api.js";
import {sendSealed} from "./seal.js";
import {nameOf, refusal, results} from "./decided.js";
import {may} from "./session.js";

const RELOAD = 500;    // ms between two looks at the list at least
const AT_ONCE = 500;   // requests in one box

// The machine's screen shows its code in two groups: who types it so finds it, too.
function matches(request, find) {
	const wanted = find.trim().toLowerCase();
	const text = [request.code, request.name, request.serial, request.mac, request.ip].join("\n").toLowerCase();
	return text.includes(wanted) || request.code.toLowerCase() === wanted.replace(/\s/g, "");
}

export class Approvals {
	// node: the section. clock(): the appliance's time. escrow(): the appliance's word on escrow, now.
	constructor(node, clock, escrow) {
		this.node = node;
		this.clock = clock;
		this.escrow = escrow;
		this.requests = [];
		this.chosen = new Set();
		this.rows = new Map();
		this.wanted = null; // the machine whose request is to be chosen when it comes
		this.loading = this.stale = this.busy = false;
		this.make();
		setInterval(() => this.tickTimes(), 1000);
		addEventListener("pagehide", () => this.forget());
	}

	make() {
		this.title = el("h2", {id: "approvals-title"});
		this.lead = el("p", {class: "lead"});
		this.all = el("input", {type: "checkbox", id: "approve-all", onchange: () => this.chooseShown(this.all.checked)});
		this.find = el("input", {type: "search", "aria-label": "Find a request", placeholder: "Find code, name, serial, address",
			autocomplete: "off", spellcheck: "false", oninput: () => this.draw()});
		this.count = el("span", {class: "count", "aria-live": "polite"});
		this.body = el("tbody");
		const heads = ["", "Code", "Machine", "Address", "Waiting", "Approved by"];
		this.table = el("div", {class: "scroll"}, el("table", {"aria-labelledby": "approvals-title"},
			el("thead", {}, el("tr", {}, heads.map((h) => el("th", {scope: "col"}, h || el("span", {class: "unseen"}, "Choose"))))),
			this.body));
		this.more = el("p", {class: "hint"});
		this.who = el("input", {type: "text", id: "approver", autocomplete: "off", autocapitalize: "none", spellcheck: "false"});
		this.passphrase = el("input", {type: "password", id: "passphrase", autocomplete: "off"});
		this.keep = el("input", {type: "checkbox", id: "keep", onchange: () => this.keep.checked || this.forget()});
		this.why = el("input", {type: "text", id: "why", autocomplete: "off", maxlength: 150});
		this.release = el("button", {type: "submit", class: "primary"}, "Release");
		this.deny = el("button", {type: "button", class: "danger", onclick: () => this.decide("deny")}, "Deny");
		this.problem = el("p", {class: "problem", role: "alert"});
		this.results = el("div", {class: "results", role: "status", "aria-live": "polite"});
		const field = (label, input, note) => el("div", {class: "field"}, el("label", {for: input.id}, label), input,
			note && el("small", {}, note));
		this.form = el("form", {autocomplete: "off", novalidate: true, oninput: () => {
			this.problem.textContent = "";
		}, onsubmit: (event) => {
			event.preventDefault();
			this.decide("approve");
		}}, el("div", {class: "fields"}, field("Your name as approver", this.who), field("Your passphrase", this.passphrase),
			field("Why (needed to deny)", this.why)),
		el("p", {class: "check"}, this.keep, el("label", {for: "keep"}, "Keep the passphrase until I close this page")),
		this.problem, el("div", {class: "actions"}, this.release, this.deny));
		this.open = el("div", {}, this.lead, el("div", {class: "choosing"},
			el("span", {class: "check"}, this.all, el("label", {for: "approve-all"}, "All shown")), this.find, this.count),
		this.table, this.more, this.form);
		this.node.replaceChildren(this.title, this.open, this.results);
	}

	/* ---- the list ---- */

	// The list may be another one: asked for now, or soon when that was just done.
	async changed() {
		this.stale = true;
		if (this.loading)
			return;
		this.loading = true;
		while (this.stale) {
			this.stale = false;
			try {
				this.take((await getJson("/api/v1/release")).requests);
			} catch (error) {
				console.warn(error.message);
			}
			await new Promise((done) => setTimeout(done, RELOAD));
		}
		this.loading = false;
	}

	take(requests) {
		this.requests = requests;
		const known = new Set(requests.map((r) => r.request));
		for (const request of this.chosen)
			if (!known.has(request))
				this.chosen.delete(request);
		this.chooseWanted();
		this.draw();
	}

	shown() {
		return this.requests.filter((r) => matches(r, this.find.value));
	}

	chooseShown(chosen) {
		for (const r of this.shown())
			this.chosen[chosen ? "add" : "delete"](r.request);
		this.draw();
	}

	// From a machine's page: its request and no other.
	choose(machine) {
		this.find.value = "";
		this.chosen.clear();
		this.wanted = machine;
		this.chooseWanted();
		this.draw();
		this.node.scrollIntoView({block: "start"});
		this.who.focus();
	}

	chooseWanted() {
		const found = this.requests.find((r) => r.machine === this.wanted);
		if (!found)
			return;
		this.chosen.add(found.request);
		this.wanted = null;
	}

	/* ---- drawing: rows stay as long as their request, so that nothing jumps under a hand ---- */

	makeRow(r) {
		const box = el("input", {type: "checkbox", id: `r-${r.request}`, onchange: () => {
			this.chosen[box.checked ? "add" : "delete"](r.request);
			this.draw();
		}});
		const time = el("span"), approved = el("td", {class: "approved"});
		const cell = (name, ...content) => el("td", {class: name}, content);
		const node = el("tr", {},
			cell("pick", box),
			cell("code", el("label", {for: box.id}, el("span", {class: "unseen"}, "Code "), el("code", {}, r.code || "…"))),
			cell("who", r.machine ? el("a", {href: `#/machine/${r.machine}`}, nameOf(r)) : nameOf(r),
				r.serial && r.serial !== nameOf(r) && el("small", {}, r.serial)),
			cell("where", r.ip, el("small", {}, r.mac)),
			cell("since", time), approved);
		return {node, box, time, approved, code: r.code};
	}

	drawRow(r) {
		let row = this.rows.get(r.request);
		if (!row || row.code !== r.code) {
			const fresh = this.makeRow(r);
			row?.node.replaceWith(fresh.node);
			row = fresh;
			this.rows.set(r.request, row);
		}
		row.box.checked = this.chosen.has(r.request);
		row.node.classList.toggle("chosen", row.box.checked);
		const text = r.approved.length ? r.approved.join(", ") : "nobody yet";
		row.approved.textContent = r.needs > 1 ? `${text} (${r.approved.length} of ${r.needs})` : text;
		return row.node;
	}

	draw() {
		const shown = this.shown(), total = this.requests.length, escrow = this.escrow();
		const all = Math.max(total, escrow?.requests ?? 0);
		this.node.hidden = total === 0 && !this.results.firstChild;
		this.open.hidden = total === 0;
		this.form.hidden = !may("approve");
		this.node.classList.toggle("looking", !may("approve"));
		this.title.textContent = total ? `Waiting for approval (${all.toLocaleString("en")})` : "Nothing waits for approval any more";
		this.lead.textContent = !may("approve") ? "Somebody who may approve compares the codes and releases the keys."
			: "Compare each code with the one on the machine's screen. Release only what is the same"
			+ (escrow?.approval === "two-person" ? "; two different people have to approve each machine." : ".");
		const known = new Set(this.requests.map((r) => r.request));
		for (const [request, row] of this.rows) {
			if (known.has(request))
				continue;
			row.node.remove();
			this.rows.delete(request);
		}
		const nodes = shown.map((r) => this.drawRow(r));
		if (nodes.length !== this.body.children.length || nodes.some((n, i) => n !== this.body.children[i]))
			this.place(nodes);
		const chosen = this.chosen.size, here = shown.filter((r) => this.chosen.has(r.request)).length;
		this.all.checked = here > 0 && here === shown.length;
		this.all.indeterminate = here > 0 && here < shown.length;
		this.count.textContent = `${chosen} of ${total} chosen${shown.length < total ? `, ${shown.length} shown` : ""}`;
		this.more.textContent = all > total ? `${all - total} more are not in this list yet: they follow as these are decided.` : "";
		const these = chosen ? ` ${plural(chosen, "machine")}` : "";
		this.release.textContent = `Release${these}`;
		this.deny.textContent = `Deny${these}`;
		this.tickTimes();
	}

	place(nodes) {
		const focused = document.activeElement;
		this.body.replaceChildren(...nodes);
		if (this.body.contains(focused))
			focused.focus({preventScroll: true});
	}

	tickTimes() {
		if (document.hidden || this.node.hidden)
			return;
		const now = this.clock();
		for (const r of this.requests) {
			const time = this.rows.get(r.request)?.time;
			if (!time)
				continue;
			time.textContent = duration(now - r.since);
			time.title = `since ${when(r.since)}${r.expires ? `, until ${when(r.expires)} at most` : ""}`;
		}
	}

	/* ---- deciding ---- */

	forget() {
		this.passphrase.value = "";
	}

	// What is still missing, and the field to fill in.
	missing(decision) {
		if (this.chosen.size === 0)
			return ["Choose the machines first.", this.all];
		if (this.who.value.trim() === "")
			return ["Give your name as approver.", this.who];
		if (this.passphrase.value === "")
			return ["Give your passphrase.", this.passphrase];
		if (decision === "deny" && this.why.value.trim() === "")
			return ["Say why the key is denied: it goes into the record.", this.why];
		return null;
	}

	async decide(decision) {
		if (this.busy)
			return;
		const missing = this.missing(decision);
		this.problem.textContent = missing ? missing[0] : "";
		if (missing) {
			missing[1].focus();
			return;
		}
		const requests = this.requests.filter((r) => this.chosen.has(r.request));
		this.setBusy(true);
		this.results.replaceChildren();
		const lines = [];
		let refused = null;
		for (let i = 0; i < requests.length && !refused; i += AT_ONCE) {
			const some = requests.slice(i, i + AT_ONCE);
			const answer = await this.send(decision, some);
			if (answer.results)
				lines.push(...some.map((r) => [r, answer.results.find((result) => result.request === r.request)]));
			else
				refused = answer;
		}
		this.setBusy(false);
		if (!this.keep.checked || refused?.reason === "APPROVER_UNKNOWN")
			this.forget();
		this.told(decision, lines, refused);
	}

	send(decision, requests) {
		return sendSealed("/api/v1/release/decide", {v: 1, op: "decide", approver: this.who.value.trim(), passphrase: this.passphrase.value,
			decision, requests: requests.map((r) => r.request), why: this.why.value.trim()}, this.escrow()?.box);
	}

	setBusy(busy) {
		this.busy = busy;
		this.release.disabled = this.deny.disabled = busy;
		if (busy)
			this.release.textContent = "Asking escrow …";
		else
			this.draw();
	}

	// lines: [request, its result or undefined].
	told(decision, lines, refused) {
		if (refused) {
			this.problem.textContent = refusal(refused);
			(refused.reason === "APPROVER_UNKNOWN" ? this.passphrase : this.release).focus();
		}
		const good = lines.filter(([, result]) => result?.reason === "OK").map(([r]) => r);
		const over = new Set(good.filter((r) => decision === "deny" || r.needs - r.approved.length <= 1));
		for (const r of good)
			this.chosen.delete(r.request);
		this.requests = this.requests.filter((r) => !over.has(r));
		this.results.replaceChildren(...results(decision, lines));
		if (lines.length > 0)
			this.results.append(el("button", {type: "button", onclick: () => {
				this.results.replaceChildren();
				this.draw();
			}}, "Close"));
		this.why.value = "";
		this.draw();
		this.changed();
	}
}
