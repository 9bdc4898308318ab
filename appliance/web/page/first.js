// SPDX-License-Identifier: GPL-3.0-or-later
// Before the first machine: what to do, in order, and what the appliance hears meanwhile.
import {el, plural} from "./text.js";
import {may} from "./session.js";
import {Wire} from "./wire.js";

function code(text) {
	return el("code", {}, text);
}

function step(done, ...content) {
	return el("li", {}, done && el("b", {class: "back"}, el("i", {class: "glyph", "aria-hidden": "true"}, "✓"), "done: "), content);
}

// What is done at the machine; the same for whoever reads it.
export function atTheMachine() {
	return [step(false, "Connect a machine by cable (not by Wi-Fi) to the appliance's network and start it from the network: on most, "
		+ "press F12 at power-on, then choose “IPv4 PXE” or “network boot”.")];
}

export class First {
	// most: machines heard on the wire, at most
	constructor(most) {
		this.steps = el("ol");
		this.wire = new Wire(most);
		this.node = el("div", {class: "first"}, el("h2", {}, "What to do next"), this.steps, this.wire.node);
	}

	// Until close() it tells what is on the wire.
	open({dhcp, escrow}) {
		const keys = escrow.ok && escrow.keys > 0;
		this.steps.replaceChildren(
			step(dhcp.ok, "The appliance answers machines that start from the network.",
				!dhcp.ok && ` It does not now: ${dhcp.text || "its DHCP service is down"}.`),
			step(keys, "Give escrow the recovery keys: ", may("approve") && [el("a", {href: "#/keys"}, "drop the files here"), ", or "],
				"on the appliance ", code("netmend keys import FILE.csv"),
				keys && ` (${plural(escrow.keys, "key")} there already)`),
			step(false, "Put the machines on the list: ",
				may("operate") ? el("a", {href: "#/inventory"}, "import your inventory") : "an operator imports the inventory", ", or ",
				code("netmend machines add MAC NAME"), " on the appliance."),
			...atTheMachine(),
			step(false, "It appears here as soon as it asks for an address. If it does not, see what is heard on the wire: what is not does not reach "
				+ "the appliance (cable, VLAN, DHCP relay, network boot off in the firmware); what is heard says why it is not answered."));
		this.wire.open();
	}

	close() {
		this.wire.close();
	}
}
