// SPDX-License-Identifier: GPL-3.0-or-later
// What does not work as a whole, whatever the single machines do: what it means for them, and what to do next.
import {duration, el} from "./text.js";
import {fleet} from "./fleet.js";

const SKEW = 120000; // ms: clocks further apart than this mislead people, and make signed answers invalid

function code(text) {
	return el("code", {}, text);
}

// Which of the two clocks is wrong: the appliance knows whether somebody keeps its own right. Null: they agree.
export function clockTrouble({clock}, skew) {
	if (Math.abs(skew) <= SKEW)
		return null;
	const apart = `This computer's clock is ${duration(Math.abs(skew))} ${skew < 0 ? "ahead of" : "behind"} the appliance's`;
	if (clock === "synchronised")
		return {title: apart, next: ["The appliance's is kept right from the network: set the clock of this computer. "
			+ "Times on this page are the appliance's, in this computer's zone."]};
	return {title: apart, next: ["Nobody keeps the appliance's right: compare it with a watch, with ", code("timedatectl"), " on the appliance, and set it (",
		code("timedatectl set-ntp true"), " keeps it right). If it is right, set the clock of this computer."]};
}

function escrowTrouble({escrow}) {
	if (!escrow.ok)
		return {title: `Escrow does not answer${escrow.text ? `: ${escrow.text}` : ""}`, next: [
			"No key is released meanwhile. Machines that need one wait, and go on by themselves once it is back; those without BitLocker are "
			+ "not held up. It is started anew by itself. If that lasts longer than a minute, look on the appliance: ",
			code("systemctl status netmend"), " and ", code("journalctl -u netmend -n 50"), "."]};
	if (escrow.locked)
		return {title: "The vault is locked", next: ["Machines that need a key wait. Unlock it on the appliance: ", code("netmend keys unlock"),
			"; they go on by themselves."]};
	return null;
}

function dhcpTrouble({dhcp}) {
	return dhcp.ok ? null : {title: `Machines are not answered when they start from the network: ${dhcp.text || "the DHCP service is down"}`,
		next: ["Those that run already go on. Look on the appliance: ", code("systemctl status netmend"), " and ", code("journalctl -u netmend -n 50"), "."]};
}

// What there is, as the notices of #trouble; empty when all is well.
export function troubles(appliance) {
	return [clockTrouble(appliance, fleet.skew), escrowTrouble(appliance), dhcpTrouble(appliance)].filter(Boolean).map(({title, next}) => (
		el("div", {class: "notice fail"}, el("b", {}, el("i", {class: "glyph", "aria-hidden": "true"}, "!"), title), el("p", {}, next))));
}

// What to do when the appliance does not answer (any more). lost: since when, our clock.
export function lostAdvice(lost) {
	return Date.now() - lost < 30000 ? "" : " If it stays so: is this computer still on the network, and is the appliance on? "
		+ "The machines do not need this page. On the appliance, systemctl status netmend tells more.";
}
