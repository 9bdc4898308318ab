// SPDX-License-Identifier: GPL-3.0-or-later
// Power of many machines: what would come of an order, for whom and why not for others, is seen before it is given.
import {el, plural} from "./text.js";
import {problemOf} from "./api.js";
import {attempt, button, check, field, problemLine, said, select, text, unique} from "./form.js";
import {detail, give, manyWords, nameIn, orders, reasonWords, stopWaiting} from "./power_words.js";
import {reasons} from "./reasons.js";

const SHOWN = 200; // machines of one list

function list(answers, words) {
	return el("ul", {class: "machines"}, answers.slice(0, SHOWN).map((m) => el("li", {}, el("b", {}, nameIn(m)), " ", el("small", {}, words(m)))),
		answers.length > SHOWN && el("li", {}, `and ${(answers.length - SHOWN).toLocaleString("en")} more`));
}

function byReason(machines) {
	const groups = new Map();
	for (const m of machines) {
		const those = groups.get(m.reason) ?? [];
		those.push(m);
		groups.set(m.reason, those);
	}
	return [...groups].sort((a, b) => b[1].length - a[1].length);
}

// Those that are not touched, by reason: how many, why, which.
function refused(machines) {
	return byReason(machines).map(([reason, those]) => {
		const same = those.every((m) => m.text === those[0].text) && detail(those[0]);
		return el("details", {class: "refused"}, el("summary", {}, el("i", {class: "glyph", "aria-hidden": "true"}, "!"),
			el("b", {}, plural(those.length, "machine")), `, not touched: ${same || reasons[reason]?.title || reason}`),
		el("p", {class: "hint"}, reasonWords({reason})), list(those, detail));
	});
}

function outlook(order, {machines, count, refused: left}) {
	const good = machines.filter((m) => m.reason === "OK");
	const more = count + left - machines.length;
	return [count > 0 ? el("p", {}, el("b", {}, manyWords(order, count)), " ", orders[order].at(-1)) : el("p", {}, el("b", {}, "No machine would be touched.")),
		good.length > 0 && el("details", {}, el("summary", {}, "Which"), list(good, (m) => [m.bmc, m.do].filter(Boolean).join(": "))),
		refused(machines.filter((m) => m.reason !== "OK")),
		more > 0 && el("p", {class: "hint"}, `${plural(more, "more machine is", "more machines are")} counted and not listed here.`)].flat().filter(Boolean);
}

export class PowerMany {
	// machines: their ids.
	open(machines) {
		if (this.dialog?.isConnected) // pressed twice while it was on its way
			return;
		this.machines = machines;
		this.asked = 0;
		const again = () => this.look();
		this.order = select([...Object.entries(orders).map(([order, [label]]) => [order, label]), ["stop", "Stop their orders"]], "boot", {onchange: again});
		this.force = el("input", {type: "checkbox", onchange: again});
		this.forced = check("Also those that answer as alive: what is open there is lost", this.force);
		this.why = text({maxlength: 200});
		this.because = field("Why (goes into the record)", this.why);
		this.preview = el("div", {class: "outlook", role: "status"});
		this.problem = problemLine();
		this.yes = el("button", {type: "submit", class: "danger"});
		this.no = button("Cancel", () => this.dialog.close());
		const title = el("h2", {id: unique("power")}, `Power of ${plural(machines.length, "machine")}`);
		this.dialog = el("dialog", {class: "power-many", "aria-labelledby": title.id, onclose: () => this.dialog.remove()},
			el("form", {method: "dialog", onsubmit: (event) => {
				event.preventDefault();
				this.send();
			}}, title, this.choice = field("Order", this.order), this.preview, this.forced, this.because, this.problem, el("div", {class: "actions"}, this.yes, this.no)));
		document.body.append(this.dialog);
		this.dialog.showModal();
		this.look();
	}

	// Answers may come in another order than the questions: only the last one counts.
	async look() {
		const number = ++this.asked, order = this.order.value;
		this.problem.textContent = "";
		this.because.hidden = order === "stop";
		this.yes.disabled = order !== "stop";
		this.yes.textContent = order === "stop" ? "Stop them" : orders[order][0];
		if (order === "stop") {
			this.forced.hidden = true;
			this.preview.replaceChildren(el("p", {}, "Orders of the chosen machines that wait for their turn are given up, and those that were switched on "
				+ "are not waited for any more. What is being done at a controller goes on to its end."));
			return;
		}
		this.preview.replaceChildren(el("p", {}, "Asking the appliance what would come of it …"));
		let answer = null, content;
		try {
			answer = await give(order, this.machines, {force: this.force.checked, dry: true});
			content = [el("h3", {}, "Nothing is ordered yet. This would come of it:"), ...outlook(order, answer)];
		} catch (error) {
			content = [el("p", {class: "problem"}, problemOf(error))];
		}
		if (number !== this.asked)
			return;
		const fine = answer?.count ?? 0;
		this.forced.hidden = !this.force.checked && !answer?.machines.some((m) => m.reason === "POWER_ALIVE");
		this.preview.replaceChildren(...content);
		this.yes.disabled = fine === 0;
		this.yes.textContent = fine > 0 ? `${orders[order][0]}: ${plural(fine, "machine")}` : orders[order][0];
	}

	send() {
		const order = this.order.value;
		return attempt(this.yes, this.problem, async () => {
			const answer = order === "stop" ? await stopWaiting(this.machines)
				: await give(order, this.machines, {force: this.force.checked, why: this.why.value.trim()});
			this.told(order, answer);
		});
	}

	told(order, answer) {
		const {count, machines} = answer;
		for (const part of [this.choice, this.forced, this.because, this.yes])
			part.hidden = true;
		this.preview.replaceChildren(...order === "stop" ? [said("good", `Stopped: ${plural(answer.stopped, "order")}.`)] : [
			count > 0 && said("good", `Ordered for ${plural(count, "machine")}. Each goes out when its rack, its power feed and the limits let it.`),
			...refused(machines.filter((m) => m.reason !== "OK"))].filter(Boolean),
		el("p", {class: "links"}, el("a", {href: "#/power", onclick: () => this.dialog.close()}, "See how the orders go")));
		this.no.textContent = "Close";
		this.no.focus();
	}
}
