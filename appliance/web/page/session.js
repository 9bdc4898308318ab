// SPDX-License-Identifier: GPL-3.0-or-later
// Who looks at the page, and what he may. The appliance decides; the page only does not offer what it would refuse.
import {getJson, post} from "./api.js";
import {early} from "./early.js";

const rights = {
	viewer: [],
	operator: ["operate"],
	approver: ["approve"],
	admin: ["operate", "approve", "admin"],
};

export const roles = {
	viewer: "sees everything",
	operator: "acts on machines, inventory and campaigns",
	approver: "releases keys, brings files of them",
	admin: "all of it, and people and tokens",
};

// name "": nobody. setup: no account exists yet. wallboard: it is open to all.
export const me = {name: "", role: "", setup: false, wallboard: false};

export async function whoAmI() {
	const {name, role, setup, wallboard} = await early("/api/v1/me") ?? await getJson("/api/v1/me");
	Object.assign(me, {name, role, setup, wallboard});
}

export function may(right) {
	return (rights[me.role] ?? []).includes(right);
}

export async function signIn(name, password) {
	const answer = await post("/api/v1/login", {name, password});
	Object.assign(me, {name: answer.name, role: answer.role});
}

export async function setUp(token, name, password) {
	await post("/api/v1/setup", {token, name, password});
	await whoAmI();
}

export async function signOut() {
	await post("/api/v1/logout");
	Object.assign(me, {name: "", role: ""});
}
