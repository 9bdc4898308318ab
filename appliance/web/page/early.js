// SPDX-License-Identifier: GPL-3.0-or-later
// What the page wants to know first is asked while its files are still on their way: who is here and, if somebody is, the fleet.
// Of whom the appliance knows already it is asked by the first lines of the page (index.html); these requests find its answers.

async function ask(path) {
	try {
		const answer = await fetch(path);
		return answer.ok ? {...await answer.json(), at: Date.now()} : null;
	} catch (error) {
		console.warn(`${path}: ${error.name}`);
		return null;
	}
}

const me = ask("/api/v1/me");
const answers = new Map([["/api/v1/me", me], ["/api/v1/snapshot", me.then((who) => (who?.name ? ask("/api/v1/snapshot") : null))]]);

// The answer, once, with our clock when it came; null: to be asked for (again).
export async function early(path) {
	const answer = await answers.get(path);
	answers.delete(path);
	return answer ?? null;
}
