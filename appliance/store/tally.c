/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/tally.h"
#include "appliance/store/sql.h"

int store_tally_add(struct store *s, enum tally what, int64_t now)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO tally (at, started, repaired, recovered, failed) VALUES (?, ?, ?, ?, "
	        "?)"
	        " ON CONFLICT (at) DO UPDATE SET started = tally.started + excluded.started,"
	        " repaired = tally.repaired + excluded.repaired,"
	        " recovered = tally.recovered + excluded.recovered,"
	        " failed = tally.failed + excluded.failed");

	sql_bind(st, "iiiii", now / TALLY_MS * TALLY_MS, (int64_t)(what == TALLY_STARTED),
	        (int64_t)(what == TALLY_REPAIRED), (int64_t)(what == TALLY_RECOVERED),
	        (int64_t)(what == TALLY_FAILED));
	return sql_run(s, st);
}

int store_tallies(struct store *s, int (*each)(const struct store_tally *minute, void *context),
        void *context)
{
	struct sql *st = sql_prepare(
	        s, "SELECT at, started, repaired, recovered, failed FROM tally ORDER BY at");
	int r;

	while ((r = sql_step(s, st)) == 1) {
		const struct store_tally minute = {.at = sql_int(st, 0),
		        .count = {[TALLY_STARTED] = sql_int(st, 1),
		                [TALLY_REPAIRED] = sql_int(st, 2),
		                [TALLY_RECOVERED] = sql_int(st, 3),
		                [TALLY_FAILED] = sql_int(st, 4)}};
		r = each(&minute, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}
