/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/power.h"
#include "appliance/store/sql.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const whats[POWER_WHATS] = {"boot", "media", "eject", "on", "off", "cycle"};
static const char *const states[POWER_STATES] = {
        "waiting", "driving", "booting", "done", "failed", "stopped"};

static int parse(const char *name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

const char *power_what_name(enum power_what what)
{
	return (unsigned)what < POWER_WHATS ? whats[what] : "";
}

int power_what_parse(const char *name)
{
	return parse(name, whats, POWER_WHATS);
}

bool power_image_fits(const char *url)
{
	bool fits = strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0;

	for (const char *c = url; *c; c++)
		fits = fits && *c > ' ' && *c < 0x7f;
	return fits && strlen(url) < POWER_IMAGE_TEXT;
}

const char *power_progress_name(enum power_progress state)
{
	return (unsigned)state < POWER_STATES ? states[state] : "";
}

int power_progress_parse(const char *name)
{
	return parse(name, states, POWER_STATES);
}

bool power_is_open(enum power_progress state)
{
	return state <= POWER_STATE_BOOTING;
}

void store_power_free(struct store_power *p)
{
	free(p->steps);
	p->steps = NULL;
}

/* ---- rows ---- */

#define CHOSEN                                                                                 \
	"o.id, o.machine, o.what, o.force, o.by_whom, o.why, o.campaign, o.wave, o.image,"     \
	" o.at_once, o.per_rack, o.per_feed, o.rack, o.feed, o.rank, o.state, o.reason,"       \
	" o.text, o.tries, o.busy, o.created, o.due, o.begun, o.driven, o.ended, o.appliance," \
	" o.type, o.address, o.power, o.boot"

static void read_row(struct sql *st, struct store_power *p)
{
	char word[16];
	int what, state;

	*p = (struct store_power){.id = sql_int(st, 0), .machine = sql_int(st, 1)};
	sql_text(st, 2, word, sizeof(word));
	what = power_what_parse(word);
	p->what = what < 0 ? POWER_WHAT_BOOT : (enum power_what)what;
	p->force = sql_int(st, 3) != 0;
	sql_text(st, 4, p->by, sizeof(p->by));
	sql_text(st, 5, p->why, sizeof(p->why));
	p->campaign = sql_int(st, 6);
	p->wave = (int)sql_int(st, 7);
	sql_text(st, 8, p->image, sizeof(p->image));
	p->at_once = (int)sql_int(st, 9);
	p->per_rack = (int)sql_int(st, 10);
	p->per_feed = (int)sql_int(st, 11);
	sql_text(st, 12, p->rack, sizeof(p->rack));
	sql_text(st, 13, p->feed, sizeof(p->feed));
	p->rank = (int)sql_int(st, 14);
	sql_text(st, 15, word, sizeof(word));
	state = power_progress_parse(word);
	p->state = state < 0 ? POWER_STATE_FAILED : (enum power_progress)state;
	p->reason = sql_reason(st, 16);
	sql_text(st, 17, p->text, sizeof(p->text));
	p->tries = (int)sql_int(st, 18);
	p->busy = (int)sql_int(st, 19);
	p->created = sql_int(st, 20);
	p->due = sql_int(st, 21);
	p->begun = sql_int(st, 22);
	p->driven = sql_int(st, 23);
	p->ended = sql_int(st, 24);
	sql_text(st, 25, p->appliance, sizeof(p->appliance));
	sql_text(st, 26, p->type, sizeof(p->type));
	sql_text(st, 27, p->address, sizeof(p->address));
	sql_text(st, 28, p->power, sizeof(p->power));
	sql_text(st, 29, p->boot, sizeof(p->boot));
}

static bool is_open(struct store *s, int64_t machine, int *ret)
{
	struct sql *st = sql_prepare(s, "SELECT count(*) FROM power_orders WHERE machine = ?"
	                                " AND state IN ('waiting', 'driving', 'booting')");
	int64_t count = 0;

	sql_bind(st, "i", machine);
	*ret = sql_one(s, st, &count);
	return count > 0;
}

int store_power_add(struct store *s, const struct store_power *p, int64_t *ret_id)
{
	int r;

	if (is_open(s, p->machine, &r))
		return -EEXIST;
	if (r < 0)
		return r;
	struct sql *st = sql_prepare(s,
	        "INSERT INTO power_orders (machine, what, force, by_whom, why, campaign, wave,"
	        " image, at_once, per_rack, per_feed, rack, feed, rank, state, reason, text, "
	        "created,"
	        " due, type, address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
	        "?, ?,"
	        " ?, ?) RETURNING id");
	sql_bind(st, "itittiitiiittitttiitt", p->machine, power_what_name(p->what),
	        (int64_t)p->force, p->by, p->why, p->campaign, (int64_t)p->wave, p->image,
	        (int64_t)p->at_once, (int64_t)p->per_rack, (int64_t)p->per_feed, p->rack, p->feed,
	        (int64_t)p->rank, power_progress_name(p->state), reason_code(p->reason), p->text,
	        p->created, p->due, p->type, p->address);
	return sql_one(s, st, ret_id);
}

int store_power_save(struct store *s, const struct store_power *p)
{
	struct sql *st = sql_prepare(s,
	        "UPDATE power_orders SET state = ?, reason = ?, text = ?, tries = ?, busy = ?,"
	        " due = ?, begun = ?, driven = ?, ended = ?, appliance = ?, type = ?, address = ?,"
	        " power = ?, boot = ?, steps = ? WHERE id = ?");

	sql_bind(st, "tttiiiiiitttttti", power_progress_name(p->state), reason_code(p->reason),
	        p->text, (int64_t)p->tries, (int64_t)p->busy, p->due, p->begun, p->driven, p->ended,
	        p->appliance, p->type, p->address, p->power, p->boot, p->steps ? p->steps : "[]",
	        p->id);
	return sql_run(s, st);
}

/* The first row, steps behind the other columns. */
static int read_one(struct store *s, struct sql *st, struct store_power *ret)
{
	int r = sql_step(s, st);

	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	read_row(st, ret);
	r = sql_copy(st, 30, &ret->steps);
	sql_end(st);
	return r;
}

int store_power_get(struct store *s, int64_t id, struct store_power *ret)
{
	struct sql *st =
	        sql_prepare(s, "SELECT " CHOSEN ", o.steps FROM power_orders o WHERE o.id = ?");

	sql_bind(st, "i", id);
	return read_one(s, st, ret);
}

int store_power_of_machine(struct store *s, int64_t machine, struct store_power *ret)
{
	struct sql *st = sql_prepare(s, "SELECT " CHOSEN ", o.steps FROM power_orders o"
	                                " WHERE o.machine = ? ORDER BY o.id DESC LIMIT 1");

	sql_bind(st, "i", machine);
	return read_one(s, st, ret);
}

int store_power_of_others(struct store *s, int64_t machine, const char *by, struct store_power *ret)
{
	struct sql *st =
	        sql_prepare(s, "SELECT " CHOSEN ", o.steps FROM power_orders o WHERE o.machine = ?"
	                       " AND o.by_whom <> ? ORDER BY o.id DESC LIMIT 1");

	sql_bind(st, "it", machine, by);
	return read_one(s, st, ret);
}

int store_power_of_campaign(
        struct store *s, int64_t campaign, int64_t machine, struct store_power *ret)
{
	struct sql *st =
	        sql_prepare(s, "SELECT " CHOSEN ", o.steps FROM power_orders o WHERE o.machine = ?"
	                       " AND o.campaign = ? ORDER BY o.id DESC LIMIT 1");

	sql_bind(st, "ii", machine, campaign);
	return read_one(s, st, ret);
}

static int each_row(struct store *s, struct sql *st,
        int (*each)(const struct store_power *p, void *context), void *context)
{
	struct store_power p;
	int r;

	while ((r = sql_step(s, st)) == 1) {
		read_row(st, &p);
		r = each(&p, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_powers_in(struct store *s, enum power_progress state, int64_t after, size_t limit,
        int (*each)(const struct store_power *p, void *context), void *context)
{
	struct sql *st = sql_prepare(s, "SELECT " CHOSEN " FROM power_orders o"
	                                " WHERE o.state = ? AND o.id > ? ORDER BY o.id LIMIT ?");

	sql_bind(st, "tii", power_progress_name(state), after, (int64_t)limit);
	return each_row(s, st, each, context);
}

int store_powers(struct store *s, int64_t campaign, int64_t before, size_t limit,
        int (*each)(const struct store_power *p, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT " CHOSEN " FROM power_orders o WHERE (? = 0 OR o.campaign = ?)"
	        " AND (? = 0 OR o.id < ?) ORDER BY o.id DESC LIMIT ?");

	sql_bind(st, "iiiii", campaign, campaign, before, before, (int64_t)limit);
	return each_row(s, st, each, context);
}

int store_powers_next(struct store *s, const char *appliance, int64_t now, size_t limit,
        int (*each)(const struct store_power *p, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT " CHOSEN " FROM power_orders o JOIN machine_bmc b ON b.machine = o.machine"
	        " AND b.appliance = ? WHERE o.state = 'waiting' AND o.due <= ?"
	        " ORDER BY CASE WHEN o.rank > 0 THEN o.rank ELSE 1000000 END, o.id LIMIT ?");

	sql_bind(st, "tii", appliance, now, (int64_t)limit);
	return each_row(s, st, each, context);
}

int store_powers_moved(struct store *s, int64_t driven_from, int64_t driven_until, int64_t after,
        size_t limit, int (*each)(const struct store_power *p, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT " CHOSEN " FROM power_orders o JOIN machines m ON m.id = o.machine"
	        " WHERE o.state = 'booting' AND o.id > ? AND (o.driven < ? OR o.driven > ?"
	        " OR m.asked >= o.begun OR m.started >= o.begun OR m.since >= o.begun"
	        " OR EXISTS (SELECT 1 FROM macs c WHERE c.machine = o.machine"
	        " AND c.answered >= o.begun)) ORDER BY o.id LIMIT ?");

	sql_bind(st, "iiii", after, driven_from, driven_until, (int64_t)limit);
	return each_row(s, st, each, context);
}

int store_powers_without(struct store *s, int64_t after, size_t limit,
        int (*each)(const struct store_power *p, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT " CHOSEN " FROM power_orders o WHERE o.state = 'waiting' AND o.id > ?"
	        " AND NOT EXISTS (SELECT 1 FROM machine_bmc b WHERE b.machine = o.machine)"
	        " ORDER BY o.id LIMIT ?");

	sql_bind(st, "ii", after, (int64_t)limit);
	return each_row(s, st, each, context);
}

int store_power_load(struct store *s, int64_t since, const char *rack, const char *feed,
        struct store_power_load *ret)
{
	struct sql *st = sql_prepare(s,
	        "SELECT count(*), coalesce(sum(CASE WHEN rack <> '' AND rack = ? THEN 1 ELSE 0 "
	        "END),"
	        " 0), coalesce(sum(CASE WHEN feed <> '' AND feed = ? THEN 1 ELSE 0 END), 0)"
	        " FROM power_orders WHERE state = 'driving' OR driven > ?");

	sql_bind(st, "tti", rack, feed, since);
	int r = sql_step(s, st);
	if (r == 1) {
		ret->all = sql_int(st, 0);
		ret->rack = sql_int(st, 1);
		ret->feed = sql_int(st, 2);
		r = 0;
	}
	sql_end(st);
	return r;
}

static int counts_read(struct store *s, struct sql *st, int64_t ret[POWER_STATES])
{
	char word[16];
	int r;

	for (int i = 0; i < POWER_STATES; i++)
		ret[i] = 0;
	while ((r = sql_step(s, st)) == 1) {
		sql_text(st, 0, word, sizeof(word));
		int state = power_progress_parse(word);
		if (state >= 0)
			ret[state] = sql_int(st, 1);
	}
	return r;
}

int store_power_open_counts(struct store *s, int64_t ret[POWER_STATES])
{
	struct sql *st = sql_prepare(s, "SELECT state, count(*) FROM power_orders WHERE state IN"
	                                " ('waiting', 'driving', 'booting') GROUP BY state");

	return counts_read(s, st, ret);
}

int store_power_counts(struct store *s, int64_t campaign, int64_t ret[POWER_STATES])
{
	struct sql *st = sql_prepare(s, "SELECT state, count(*) FROM power_orders"
	                                " WHERE (? = 0 OR campaign = ?) GROUP BY state");

	sql_bind(st, "ii", campaign, campaign);
	return counts_read(s, st, ret);
}

/* ---- which machines have a controller ---- */

int store_bmc_set(struct store *s, const struct store_bmc *bmc)
{
	struct sql *st = sql_prepare(s,
	        "INSERT INTO machine_bmc (machine, appliance, type, address) VALUES (?, ?, ?, ?)"
	        " ON CONFLICT (machine, appliance) DO UPDATE SET type = excluded.type,"
	        " address = excluded.address");

	sql_bind(st, "ittt", bmc->machine, bmc->appliance, bmc->type, bmc->address);
	return sql_run(s, st);
}

int store_bmc_remove(struct store *s, const char *appliance, int64_t machine)
{
	struct sql *st =
	        sql_prepare(s, "DELETE FROM machine_bmc WHERE appliance = ? AND machine = ?");

	sql_bind(st, "ti", appliance, machine);
	return sql_run(s, st);
}

static void read_bmc(struct sql *st, struct store_bmc *ret)
{
	ret->machine = sql_int(st, 0);
	sql_text(st, 1, ret->appliance, sizeof(ret->appliance));
	sql_text(st, 2, ret->type, sizeof(ret->type));
	sql_text(st, 3, ret->address, sizeof(ret->address));
}

int store_bmc_get(struct store *s, int64_t machine, const char *first, struct store_bmc *ret)
{
	struct sql *st = sql_prepare(s,
	        "SELECT machine, appliance, type, address FROM machine_bmc WHERE machine = ?"
	        " ORDER BY CASE WHEN appliance = ? THEN 0 ELSE 1 END, appliance LIMIT 1");

	sql_bind(st, "it", machine, first);
	int r = sql_step(s, st);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	read_bmc(st, ret);
	sql_end(st);
	return 0;
}

int store_bmcs(struct store *s, const char *appliance, int64_t after, size_t limit,
        int (*each)(const struct store_bmc *bmc, void *context), void *context)
{
	struct sql *st = sql_prepare(s,
	        "SELECT machine, appliance, type, address FROM machine_bmc WHERE appliance = ?"
	        " AND machine > ? ORDER BY machine LIMIT ?");
	struct store_bmc bmc;
	int r;

	sql_bind(st, "tii", appliance, after, (int64_t)limit);
	while ((r = sql_step(s, st)) == 1) {
		read_bmc(st, &bmc);
		r = each(&bmc, context);
		if (r != 0)
			break;
	}
	sql_end(st);
	return r;
}

int store_bmc_count(struct store *s, int64_t *ret)
{
	return sql_one(s, sql_prepare(s, "SELECT count(DISTINCT machine) FROM machine_bmc"), ret);
}
