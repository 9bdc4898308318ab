// SPDX-License-Identifier: GPL-3.0-or-later
// The last screen of text of a machine, as its management controller has it.
import {about, el, when} from "./text.js";
import {post} from "./api.js";
import {attempt, button, problemLine} from "./form.js";
import {reasonWords} from "./power_words.js";

const PATIENCE = 45000; // ms: of the appliance's own
const NONE = "No text came. Many machines write to their serial console only when their firmware is set to, and one that stands still writes nothing. "
	+ "Look again while it starts, or look at its screen.";

export class Console {
	constructor() {
		this.says = el("p", {role: "status"});
		this.screen = el("pre", {class: "screen", tabindex: 0, role: "region", "aria-label": "Text console", hidden: true});
		this.problem = problemLine();
		this.look = button("Look at its console", (event) => this.ask(event.currentTarget));
		this.node = el("div", {class: "console"}, el("h3", {}, "Console"), this.says, this.screen, this.problem,
			el("div", {class: "actions"}, this.look));
	}

	clear(id) {
		this.id = id;
		this.says.textContent = "Its last screen of text, over the management controller. Nothing is typed, nothing is changed.";
		this.screen.hidden = true;
		this.screen.textContent = this.problem.textContent = "";
		this.look.textContent = "Look at its console";
	}

	ask(pressed) {
		const {id} = this;
		this.says.textContent = "Asking its controller: that takes up to half a minute …";
		return attempt(pressed, this.problem, async () => {
			try {
				const answer = await post(`/api/v1/machines/${id}/console`, {}, PATIENCE);
				if (this.id === id)
					this.show(answer);
			} catch (error) {
				if (this.id === id)
					this.says.textContent = this.screen.hidden ? "" : "What stands here is older:";
				throw error;
			}
		});
	}

	show({reason, text, rows, seen}) {
		this.look.textContent = "Look again";
		if (reason !== "OK") {
			this.says.textContent = this.screen.hidden ? "" : "What stands here is older:";
			this.problem.textContent = reasonWords({reason, text});
			return;
		}
		const empty = !seen || rows.every((row) => row.trim() === "");
		this.screen.hidden = empty;
		this.screen.textContent = empty ? "" : rows.join("\n");
		this.says.textContent = empty ? NONE
			: `Looked at ${when(Date.now())}. The last character came ${when(seen)}, ${about(Date.now() - seen)} ago.`;
	}
}
