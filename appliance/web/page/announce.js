// SPDX-License-Identifier: GPL-3.0-or-later
// What a screen reader is told of a fleet that changes all the time: the newest word, and not more often than somebody can listen.
const EVERY = 30000; // ms

let last = -EVERY, next = "", waiting = 0;

function say() {
	waiting = 0;
	last = performance.now();
	const node = document.getElementById("announce");
	if (node.textContent !== next)
		node.textContent = next;
}

export function announce(text) {
	next = text;
	waiting ||= setTimeout(say, Math.max(0, last + EVERY - performance.now()));
}
