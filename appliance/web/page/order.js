// SPDX-License-Identifier: GPL-3.0-or-later
// The machines that are shown, in their order, kept so while they change: ten thousand are sorted once.
import {compare} from "./states.js";

export class Order {
	constructor() {
		this.rows = [];
		this.ids = new Set();
		this.fits = () => true;
	}

	// fits(row): whether it is shown.
	reset(rows, fits) {
		this.fits = fits;
		this.rows = [...rows].filter(fits).sort(compare);
		this.ids = new Set(this.rows.map((row) => row.id));
	}

	// before: the very row that was there; null when there is none.
	change(before, after) {
		if (before && this.ids.delete(before.id))
			this.rows.splice(this.placeOf(before), 1);
		if (after && this.fits(after)) {
			this.rows.splice(this.placeOf(after), 0, after);
			this.ids.add(after.id);
		}
	}

	placeOf(row) {
		let from = 0, to = this.rows.length;
		while (from < to) {
			const middle = from + to >> 1;
			if (compare(this.rows[middle], row) < 0)
				from = middle + 1;
			else
				to = middle;
		}
		return from;
	}
}
