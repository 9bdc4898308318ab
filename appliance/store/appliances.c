/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/appliances.h"
#include "appliance/store/sql.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static int row_write(struct store *s, const struct store_appliance_row *a, const char *beat)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO appliances (id, name, address, version, started, seen, beat, twin,"
	        " twin_seen) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET"
	        " name = excluded.name, address = excluded.address, version = excluded.version,"
	        " started = excluded.started, seen = excluded.seen, beat = excluded.beat,"
	        " twin = excluded.twin, twin_seen = excluded.twin_seen");

	sql_bind(st, "ttttiitti", a->id, a->name, a->address, a->version, a->started, a->seen, beat,
	        a->twin, a->twin_seen);
	return sql_run(s, st);
}

static int beat_apply(struct store *s, const struct store_appliance_row *a, const char *before,
        const char *after, bool *other, char name[PLACE_TEXT], char address[PLACE_TEXT])
{
	struct sql *st = sql_prepare(s, "SELECT beat, name, address FROM appliances WHERE id = ?");

	sql_bind(st, "t", a->id);
	int r = sql_step(s, st);
	if (r == 1) {
		const char *beat = sql_string(st, 0);
		*other = before[0] && (!beat || strcmp(beat, before) != 0);
		sql_text(st, 1, name, PLACE_TEXT);
		sql_text(st, 2, address, PLACE_TEXT);
	}
	sql_end(st);
	return r < 0 ? r : row_write(s, a, after);
}

int store_appliance_beat(struct store *s, const struct store_appliance_row *a, char beat[BEAT_TEXT],
        bool *ret_other, char ret_name[PLACE_TEXT], char ret_address[PLACE_TEXT])
{
	char after[BEAT_TEXT], name[PLACE_TEXT] = "", address[PLACE_TEXT] = "";
	bool other = false;
	uint64_t fresh;

	randombytes_buf(&fresh, sizeof(fresh));
	(void)snprintf(after, sizeof(after), "%016" PRIx64, fresh);
	int r = store_begin(s, false);
	if (r < 0)
		return r;
	r = beat_apply(s, a, beat, after, &other, name, address);
	if (r < 0) {
		store_rollback(s);
		return r;
	}
	r = store_commit(s);
	if (r < 0)
		return r;
	memcpy(beat, after, BEAT_TEXT);
	*ret_other = other;
	memcpy(ret_name, name, PLACE_TEXT);
	memcpy(ret_address, address, PLACE_TEXT);
	return 0;
}
