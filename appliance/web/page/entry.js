// SPDX-License-Identifier: GPL-3.0-or-later
// The form in which a technician enters the recovery password of one waiting machine: typed, pasted, from a scanner that
// types, or by the camera. The digits are in these fields and in the sealed box, nowhere else.
import {el, sentence} from "./text.js";
import {DIGITS, GROUPS, findPassword, groupProblem} from "./recovery.js";
import {Scanner, canScan} from "./scan.js";
import {sendSealed} from "./seal.js";

const BURST = 80; // ms: a scanner types faster than this, nobody else does

// Reasons for which a password given by hand helps.
const WANTED = /^(KEY_(NOT_FOUND|MISMATCH|NOT_READABLE)|VAULT_LOCKED|SOURCE_\w+)$/;

export function wantsPassword(row) {
	return row.state === "waiting" && WANTED.test(row.reason);
}

// [{id, where}] of the recovery passwords that would open something.
export function recoveryKeys(volumes) {
	return volumes.flatMap((v) => (v.protectors ?? []).filter((p) => p.kind === "recovery-password").map((p) => (
		{id: p.id, where: `disk ${v.disk}, partition ${v.partition}`})));
}

const words = {
	OK: "It fits. The machine gets its key and goes on by itself.",
	KEY_MISMATCH: "This password does not open the volume: it belongs to another recovery key ID. Compare the ID beside it with "
		+ "the one above.",
	TRY_LATER: "Too many tries. Wait a minute, then try again.",
};

// Escrow's own words are more exact but where ours say what to do.
function said(answer) {
	if (words[answer.reason])
		return words[answer.reason];
	return sentence(answer.text || answer.title || "it was not taken");
}

export class RecoveryEntry {
	// key(): the key boxes are sealed to, now.
	constructor(key) {
		this.key = key;
		this.machine = null;
		this.keys = [];
		this.burst = "";
		this.typed = 0;
		this.busy = false;
		this.ids = el("ul", {class: "keyids"});
		this.boxes = Array.from({length: GROUPS}, (_, i) => this.makeGroup(i));
		this.problem = el("p", {class: "problem", id: "entry-problem", role: "alert"});
		this.result = el("p", {class: "result", role: "status", "aria-live": "polite"});
		this.camera = el("div", {class: "camera", hidden: true});
		this.scanner = new Scanner(this.camera, (text) => this.scanned(text));
		this.scan = el("button", {type: "button", hidden: true, onclick: () => this.startCamera()}, "Scan with the camera");
		this.hint = el("p", {class: "hint"});
		this.submit = el("button", {type: "submit", class: "primary"}, "Try this password");
		this.node = el("section", {class: "entry", hidden: true, "aria-labelledby": "entry-title"},
			el("h2", {id: "entry-title"}, "Enter the recovery password"),
			el("p", {}, "Look up the password of this recovery key ID:"), this.ids,
			el("form", {autocomplete: "off", novalidate: true, onsubmit: (event) => this.send(event)},
				el("fieldset", {}, el("legend", {}, "Recovery password: eight groups of six digits"),
					el("div", {class: "groups"}, this.boxes.map((b) => b.node))),
				this.problem,
				el("div", {class: "actions"}, this.submit, this.scan,
					el("button", {type: "button", onclick: () => this.clear(true)}, "Clear"))),
			this.camera, this.hint, this.result);
		canScan().catch(() => false).then((can) => this.showScan(can));
		document.addEventListener("keydown", (event) => this.strayKey(event));
		addEventListener("pagehide", () => this.clear(false));
	}

	makeGroup(i) {
		const mark = el("span", {class: "mark", "aria-hidden": "true"});
		const input = el("input", {type: "text", inputmode: "numeric", autocomplete: "off", spellcheck: "false",
			id: `group-${i + 1}`, size: DIGITS, "aria-describedby": "entry-problem",
			oninput: () => this.input(i), onkeydown: (event) => this.keyDown(event, i), onpaste: (event) => this.paste(event),
			onblur: () => this.check(i), onfocus: (event) => event.target.select()});
		return {input, mark, node: el("div", {class: "group"}, el("label", {for: `group-${i + 1}`}, `Group ${i + 1}`), input, mark)};
	}

	showScan(can) {
		this.scan.hidden = !can;
		this.hint.textContent = "Type it, paste the whole, or read its barcode "
			+ (can ? "with the camera or a USB scanner." : "with a USB scanner, which types it (this browser cannot read barcodes by camera).")
			+ " It is sealed here so that only the escrow service can read it, which tries it on the machine's own disk and forgets it when"
			+ " it ends; the machine never sees it.";
	}

	// What the machine's page says of it. The form stays while something is in it, and a result until the page is left.
	update(row, volumes) {
		if (this.machine !== row.id) {
			this.clear(false);
			this.say("", "");
			this.machine = row.id;
		}
		this.keys = recoveryKeys(volumes);
		const wanted = this.keys.length > 0 && (wantsPassword(row) || (row.state === "waiting" && this.digits() !== ""));
		this.node.hidden = !wanted && !this.result.textContent;
		this.node.classList.toggle("over", !wanted);
		if (this.shown !== JSON.stringify(this.keys)) {
			this.shown = JSON.stringify(this.keys);
			this.ids.replaceChildren(...this.keys.map((k) => el("li", {},
				el("code", {}, el("b", {}, k.id.slice(0, 8)), k.id.slice(8)), el("small", {}, ` ${k.where}`))));
		}
	}

	close() {
		this.machine = null;
		this.node.hidden = true;
		this.clear(false);
		this.say("", "");
	}

	digits() {
		return this.boxes.map((b) => b.input.value).join("");
	}

	clear(focus) {
		for (let i = 0; i < GROUPS; i++) {
			this.boxes[i].input.value = "";
			this.check(i);
		}
		this.burst = "";
		this.scanner.stop();
		this.problem.textContent = "";
		if (focus)
			this.boxes[0].input.focus();
	}

	fill(groups) {
		groups.forEach((digits, i) => {
			this.boxes[i].input.value = digits;
			this.check(i);
		});
		const bad = this.firstBad();
		if (bad < 0)
			this.submit.focus();
		else
			this.boxes[bad].input.focus();
	}

	/* ---- checking ---- */

	// Marks group i; an incomplete one only when it is left.
	check(i) {
		const {input, mark, node} = this.boxes[i];
		const left = document.activeElement !== input;
		const problem = input.value && (input.value.length === DIGITS || left) ? groupProblem(input.value, i + 1) : "";
		const good = input.value.length === DIGITS && !problem;
		node.classList.toggle("good", good);
		node.classList.toggle("wrong", problem !== "");
		input.setAttribute("aria-invalid", String(problem !== ""));
		mark.textContent = problem ? "✗" : good ? "✓" : "";
		this.tellProblems();
		return !problem;
	}

	tellProblems() {
		const text = this.boxes.filter((b) => b.node.classList.contains("wrong"))
			.map((b) => groupProblem(b.input.value, this.boxes.indexOf(b) + 1)).join(" ");
		if (this.problem.textContent !== text)
			this.problem.textContent = text;
	}

	firstBad() {
		return this.boxes.findIndex((b, i) => groupProblem(b.input.value, i + 1) !== "");
	}

	/* ---- typing ---- */

	// Only digits stay; a seventh goes to the next group when that is empty.
	input(i) {
		const {input} = this.boxes[i];
		const pasted = findPassword(input.value);
		if (pasted) {
			this.fill(pasted);
			return;
		}
		const digits = input.value.normalize("NFKC").replaceAll(/\D/g, "");
		input.value = digits.slice(0, DIGITS);
		const good = this.check(i);
		const next = this.boxes[i + 1]?.input;
		if (digits.length >= DIGITS && next && !next.value && (good || digits.length > DIGITS)) {
			next.focus();
			next.value = digits.slice(DIGITS, 2 * DIGITS);
			this.check(i + 1);
			this.check(i);
		}
	}

	keyDown(event, i) {
		if (event.key === "Enter" && this.burst.length === GROUPS * DIGITS) {
			event.preventDefault();
			this.fill(this.burst.match(/\d{6}/g));
			this.burst = "";
			this.send();
		} else if (event.key === "Backspace" && this.boxes[i].input.value === "" && i > 0) {
			event.preventDefault();
			const before = this.boxes[i - 1].input;
			before.focus();
			before.setSelectionRange(before.value.length, before.value.length);
		} else if ((event.key === "-" || event.key === " ") && this.boxes[i].input.value.length === DIGITS && this.boxes[i + 1]) {
			event.preventDefault();
			this.boxes[i + 1].input.focus();
		}
	}

	// Every key on the page: what a scanner types is known by its speed, wherever the focus is.
	strayKey(event) {
		if (this.node.hidden || !this.node.offsetParent || event.ctrlKey || event.altKey || event.metaKey)
			return;
		const now = event.timeStamp; // when the key was pressed, however busy the page is
		if (now - this.typed > BURST)
			this.burst = "";
		if (/^\d$/.test(event.key)) {
			this.typed = now;
			this.burst += event.key;
			if (!document.activeElement?.closest("input, textarea, select, button")) {
				this.clear(false);
				this.burst = event.key;
				this.boxes[0].input.focus();
			}
		} else if (event.key === "-") {
			this.typed = now;
		}
	}

	paste(event) {
		const groups = findPassword(event.clipboardData?.getData("text") ?? "");
		if (!groups)
			return;
		event.preventDefault();
		this.fill(groups);
	}

	/* ---- the camera ---- */

	async startCamera() {
		this.say("", "");
		try {
			await this.scanner.start();
		} catch (error) {
			this.scanner.stop();
			this.say("fail", error.name === "NotAllowedError" ? "The browser may not use the camera: allow it in the address bar."
				: "No camera could be opened. A USB scanner works too: it types into this form.");
		}
	}

	scanned(text) {
		const groups = findPassword(text);
		if (groups)
			this.fill(groups);
		else
			this.say("fail", "That code is not a recovery password.");
		return groups !== null;
	}

	/* ---- sending ---- */

	say(kind, text) {
		this.result.className = `result ${kind}`;
		this.result.textContent = text;
	}

	async send(event) {
		event?.preventDefault();
		if (this.busy)
			return;
		const bad = this.firstBad();
		if (bad >= 0) {
			this.boxes.forEach((_, i) => this.check(i));
			this.problem.textContent = groupProblem(this.boxes[bad].input.value, bad + 1);
			this.boxes[bad].input.focus();
			this.boxes[bad].input.select();
			return;
		}
		const {machine} = this;
		this.busy = true;
		this.submit.disabled = true;
		this.say("", "Escrow tries it on the machine's disk …");
		const answer = await sendSealed("/api/v1/release/enter", {v: 1, op: "enter", machine,
			protector: this.keys.length === 1 ? this.keys[0].id : "", password: this.boxes.map((b) => b.input.value).join("-")}, this.key());
		this.busy = false;
		this.submit.disabled = false;
		if (this.machine !== machine)
			return;
		this.told(answer);
	}

	told(answer) {
		const kept = answer.undecided || answer.reason === "TRY_LATER";
		if (!kept)
			this.clear(false);
		this.say(answer.reason === "OK" ? "good" : "fail", said(answer));
		if (answer.reason !== "OK")
			this.boxes[0].input.focus();
	}
}
