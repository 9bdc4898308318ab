/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/sql.h"

#include <errno.h>
#include <string.h>

int store_event_add(struct store *s, int64_t machine, int64_t session, int64_t n,
        const struct store_event *event, int64_t *ret_seq)
{
	struct sql *st = sql_prepare(s, "INSERT INTO events (machine, at, attempt, state, step, "
	                                "reason, text, numbers, session, n)"
	                                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	                                " RETURNING seq");
	int64_t seq;

	/* NULL is never equal to NULL in UNIQUE: our own events do not clash. */
	sql_bind(st, "iiitttttoo", machine, event->at, (int64_t)event->attempt,
	        machine_state_name(event->state), event->step, reason_code(event->reason),
	        event->text, event->numbers ? event->numbers : "{}", session, n);
	int r = sql_one(s, st, &seq);
	if (r < 0)
		return r;
	st = sql_prepare(s, "UPDATE machines SET changed = ? WHERE id = ?");
	sql_bind(st, "ii", seq, machine);
	r = sql_run(s, st);
	if (r < 0)
		return r;
	if (ret_seq)
		*ret_seq = seq;
	return 0;
}

int store_events(struct store *s, int64_t machine, size_t limit,
        int (*each)(const struct store_event *event, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT * FROM (SELECT seq, at, attempt, state, reason, step, text, "
	        "numbers FROM events"
	        " WHERE machine = ? ORDER BY seq DESC LIMIT ?) AS latest ORDER BY seq");
	struct store_event event;
	int r;

	sql_bind(st, "ii", machine, (int64_t)limit);
	while ((r = sql_step(s, st)) == 1) {
		event.seq = sql_int(st, 0);
		event.at = sql_int(st, 1);
		event.attempt = (int)sql_int(st, 2);
		event.state = sql_state(st, 3);
		event.reason = sql_reason(st, 4);
		sql_text(st, 5, event.step, sizeof(event.step));
		sql_text(st, 6, event.text, sizeof(event.text));
		event.numbers = sql_string(st, 7);
		r = each(&event, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_sequence(struct store *s, int64_t *ret)
{
	return sql_one(s, sql_prepare(s, "SELECT coalesce(max(seq), 0) FROM events"), ret);
}
