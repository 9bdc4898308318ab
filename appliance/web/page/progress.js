// SPDX-License-Identifier: GPL-3.0-or-later
// How fast the fleet recovers, as the appliance reckons it, in words.
import {getJson} from "./api.js";
import {duration, plural} from "./text.js";

const EVERY = 10000; // ms
const MINUTE = 60000;

// Asks for as long as wanted() says that somebody looks. draw(progress): the newest.
export function followProgress(wanted, draw) {
	let asked = -EVERY, busy = false;
	setInterval(async () => {
		if (busy || performance.now() - asked < EVERY || document.hidden || !wanted())
			return;
		busy = true;
		asked = performance.now();
		try {
			draw(await getJson("/api/v1/progress"));
		} catch (error) {
			console.warn(error.message);
		}
		busy = false;
	}, 500);
}

function minutes(ms) {
	return duration(Math.max(1, Math.round(ms / MINUTE)) * MINUTE);
}

export function rateWords({rate, recovered, total}) {
	if (rate.per_hour <= 0)
		return recovered < total ? `none recovered in the last ${duration(rate.minutes * MINUTE)}` : "";
	const digits = rate.per_hour < 10 ? 1 : 0;
	return `${rate.per_hour.toLocaleString("en", {maximumFractionDigits: digits})} an hour`;
}

export function leftWords({left, recovered, total}) {
	if (recovered >= total)
		return total ? "all recovered" : "";
	if (!left.latest)
		return "nobody can say yet when all are back";
	const soonest = minutes(left.soonest), latest = minutes(left.latest);
	return soonest === latest ? `all back in about ${latest}` : `all back in ${soonest} to ${latest}`;
}

// One line for somebody who cannot see the chart.
export function chartWords({buckets, bucket, recovered, total}) {
	const peak = buckets.reduce((best, b) => (b.recovered > best.recovered ? b : best), buckets[0]);
	const failed = buckets.reduce((sum, b) => sum + b.failed, 0);
	return `${recovered.toLocaleString("en")} of ${plural(total, "machine")} recovered over `
		+ `${duration(buckets.length * bucket)}, at most ${peak.recovered.toLocaleString("en")} in ${duration(bucket)}; `
		+ `${plural(failed, "failure")}`;
}
