// SPDX-License-Identifier: GPL-3.0-or-later
// Making elements and words. Text from outside only ever goes through textContent.

export function el(tag, attributes, ...children) {
	return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes, ...children) {
	return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes ?? {})) {
		if (name.startsWith("on"))
			node.addEventListener(name.slice(2), value);
		else if (value === true)
			node.setAttribute(name, "");
		else if (value !== false && value != null)
			node.setAttribute(name, value);
	}
	for (const child of children.flat(Infinity)) {
		if (child == null || child === false)
			continue;
		node.append(child instanceof Node ? child : document.createTextNode(String(child)));
	}
	return node;
}

export function plural(count, one, many = one + "s") {
	return count === 1 ? `1 ${one}` : `${count.toLocaleString("en")} ${many}`;
}

// With a capital and a full stop.
export function sentence(text) {
	return text && text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}

// "8 s", "3 min 20 s", "2 h 5 min", "3 d 4 h": two units are enough to judge by.
export function duration(ms) {
	const s = Math.max(0, Math.round(ms / 1000));
	if (s < 60)
		return `${s} s`;
	if (s < 600)
		return s % 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s / 60} min`;
	const min = Math.floor(s / 60);
	if (min < 60)
		return `${min} min`;
	const h = Math.floor(min / 60);
	if (h < 24)
		return min % 60 ? `${h} h ${min % 60} min` : `${h} h`;
	const d = Math.floor(h / 24);
	return h % 24 ? `${d} d ${h % 24} h` : `${d} d`;
}

// "8 s", "3 min", "2 h", "3 d": how long ago about.
export function about(ms) {
	const s = Math.max(0, Math.round(ms / 1000));
	const [length, unit] = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]].find(([l]) => s >= l) ?? [1, "s"];
	return `${Math.round(s / length)} ${unit}`;
}

// Steps of a timeline: tenths matter below ten seconds.
export function seconds(ms) {
	return ms < 9950 ? `${(Math.max(0, ms) / 1000).toFixed(1)} s` : duration(ms);
}

const time = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23"});
const day = new Intl.DateTimeFormat(undefined, {weekday: "short", day: "numeric", month: "short"});

// Local time, with the day when it isn't today's.
export function when(ms, now = Date.now()) {
	const at = new Date(ms);
	const today = at.toDateString() === new Date(now).toDateString();
	return today ? time.format(at) : `${day.format(at)} ${time.format(at)}`;
}

export function bytes(n) {
	const units = ["bytes", "KB", "MB", "GB", "TB"];
	let i = 0;
	while (n >= 1000 && i < units.length - 1) {
		n /= 1000;
		i++;
	}
	return `${i === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}
