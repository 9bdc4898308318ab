/* SPDX-License-Identifier: GPL-3.0-or-later */
/* On, off, and off and on: what counts is the status that is read afterwards. */
#include "appliance/power/drive_internal.h"

#include <errno.h>
#include <stdio.h>

#define POLL_MS   1000
#define REFUSE_MS 3000 /* between an order that was refused and the next try */
#define LAST_MS   3000 /* the last look may end so much later than its turn */
#define ASKS      2    /* times an order is given that was taken and not followed */
#define REFUSALS  3    /* of OFF; ON has all the time there is: the machine is off */
/* Off and on by the BMC is quick: so long after it, and always on, it is believed. One that stays
 * off for so long is switched on. */
#define SETTLE_MS    10000
#define STAYS_OFF_MS 15000

/* One call has no more than this: a silence is not waited out where another look would help. */
#define CALL_MS 20000

static int64_t call_limit(int64_t limit)
{
	int64_t most = power_clock() + CALL_MS;

	return limit < most ? limit : most;
}

static const char *name_of(enum power_state s)
{
	return s == POWER_ON ? "on" : s == POWER_OFF ? "off" : "unknown";
}

static int read_status(struct drive *d, int64_t deadline, struct error *err)
{
	enum power_state state = POWER_UNKNOWN;
	int r = d->ops->status(d->bmc, deadline, &state, err);

	if (r == 0)
		d->result->power = state;
	return r;
}

int drive_status(struct drive *d)
{
	int64_t since = power_clock();
	struct error err = {0};
	int r = drive_in_time(d, "status");

	if (r < 0)
		return r;
	if (read_status(d, drive_share(d), &err) < 0)
		return drive_failed(d, "status", since, &err);
	drive_step(d, "status", since, true, "power is %s", name_of(d->result->power));
	return 0;
}

/* --- on or off ------------------------------------------------------------------------------- */

struct switching {
	enum power_state want;
	int64_t since, limit, next; /* next: when the order is given (again) */
	unsigned asked, refused;
	struct error err; /* of the last order, or of the status when that fails; code 0: none */
};

static int give_order(struct drive *d, struct switching *s)
{
	bool on = s->want == POWER_ON;
	struct error err = {0};
	int r = d->ops->control(
	        d->bmc, call_limit(s->limit), on ? POWER_ACT_ON : POWER_ACT_OFF, &err);

	/* Whatever is answered: it may have been taken. */
	if (on)
		d->told_on = true;
	else
		d->told_off = true;
	s->err = err;
	if (r == 0) {
		s->asked++;
		s->next = power_clock() + (s->limit - s->since) / 3;
		return 0;
	}
	s->refused++;
	s->next = power_clock() + REFUSE_MS;
	return drive_passing(err.reason) && (on || s->refused < REFUSALS) ? 0 : r;
}

static int not_switched(struct drive *d, const struct switching *s)
{
	const char *name = name_of(s->want);

	if (s->err.code < 0 && (s->asked == 0 || s->err.reason != REASON_POWER_REFUSED))
		return drive_failed(d, name, s->since, &s->err);
	return drive_fail(d, name, s->since, -ETIME, REASON_POWER_STUCK,
	        "%s: told to switch %s %u times, power is %s still%s%s", d->job->target.address,
	        name, s->asked + s->refused, name_of(d->result->power), s->err.code < 0 ? ": " : "",
	        s->err.code < 0 ? s->err.text : "");
}

/* Between two orders the status is read: one that was carried out late is not given twice. */
static int switch_until(struct drive *d, struct switching *s)
{
	for (;;) {
		struct error err = {0};
		if (power_clock() >= s->next && s->asked < ASKS && give_order(d, s) < 0)
			return not_switched(d, s);
		power_pause(POLL_MS);
		int r = read_status(d, call_limit(s->limit + LAST_MS), &err);
		if (r == 0 && d->result->power == s->want)
			return 0;
		if (r < 0)
			s->err = err;
		else if (s->err.reason == REASON_POWER_UNREACHABLE)
			s->err.code = 0; /* it was silent for a moment */
		if ((r < 0 && !drive_passing(err.reason)) || power_clock() >= s->limit)
			return not_switched(d, s);
	}
}

int drive_switch(struct drive *d, enum power_state want)
{
	const char *name = name_of(want);
	int r = drive_in_time(d, name);
	struct switching s = {.want = want, .since = power_clock()};

	if (r < 0)
		return r;
	s.next = s.since;
	s.limit = want == POWER_OFF ? drive_share(d) : d->job->deadline;
	r = switch_until(d, &s);
	if (r == 0)
		drive_step(d, name, s.since, true, "power is %s%s", name,
		        s.asked + s.refused > 1 ? ", after more than one order" : "");
	return r;
}

/* --- off and on by the BMC itself ------------------------------------------------------------ */

struct cycling {
	int64_t since, told, limit, off_since; /* off_since: 0 while it was not seen off */
	bool unanswered;                       /* whether it was taken is seen by its power alone */
	struct error err;
};

/* Given again only when it was refused: twice taken it would use up the order to start from the
 * network. */
static int give_cycle(struct drive *d, struct cycling *c)
{
	for (unsigned refused = 0;;) {
		c->err = (struct error){0};
		int r = d->ops->control(d->bmc, call_limit(c->limit), POWER_ACT_CYCLE, &c->err);
		c->told = power_clock();
		if (r == 0 || c->err.reason == REASON_POWER_UNREACHABLE) {
			d->told_on = true;
			c->unanswered = r < 0;
			return 0;
		}
		if (!drive_passing(c->err.reason) || ++refused == REFUSALS ||
		        c->told + REFUSE_MS >= c->limit)
			return r;
		power_pause(REFUSE_MS);
	}
}

enum cycle_seen { SEEN_CYCLED, SEEN_ON, SEEN_STAYS_OFF, SEEN_NOTHING };

static enum cycle_seen watch_cycle(struct drive *d, struct cycling *c)
{
	for (;;) {
		struct error err = {0};
		power_pause(POLL_MS);
		int r = read_status(d, call_limit(c->limit + LAST_MS), &err);
		int64_t now = power_clock();
		enum power_state state = r == 0 ? d->result->power : POWER_UNKNOWN;
		if (state == POWER_OFF && c->off_since == 0)
			c->off_since = now;
		if (state == POWER_ON && c->off_since)
			return SEEN_CYCLED;
		if (state == POWER_ON && !c->unanswered && now - c->told >= SETTLE_MS)
			return SEEN_ON;
		if (state == POWER_OFF && now - c->off_since >= STAYS_OFF_MS)
			return SEEN_STAYS_OFF;
		if (r < 0)
			c->err = err;
		if (now >= c->limit || (r < 0 && !drive_passing(err.reason)))
			return state == POWER_ON    ? SEEN_ON
			       : state == POWER_OFF ? SEEN_STAYS_OFF
			                            : SEEN_NOTHING;
	}
}

int drive_cycle(struct drive *d)
{
	struct cycling c = {.since = power_clock(), .limit = drive_share(d)};
	bool was_off = d->result->power == POWER_OFF;
	int r = drive_in_time(d, "cycle");

	if (r < 0)
		return r;
	if (give_cycle(d, &c) < 0)
		return drive_failed(d, "cycle", c.since, &c.err);
	if (was_off)
		c.off_since = c.told;
	switch (watch_cycle(d, &c)) {
	case SEEN_CYCLED:
		drive_step(d, "cycle", c.since, true, "power was off, and is on");
		return 0;
	case SEEN_ON:
		if (c.unanswered)
			return drive_failed(d, "cycle", c.since, &c.err);
		(void)snprintf(d->note, sizeof(d->note),
		        "power is on; it was not seen off between, so only the machine's own "
		        "start tells that it restarted");
		drive_step(d, "cycle", c.since, true, "taken; power is on, not seen off between");
		return 0;
	case SEEN_STAYS_OFF:
		drive_step(d, "cycle", c.since, false, "it went off and stays off: switched on");
		return drive_switch(d, POWER_ON);
	case SEEN_NOTHING:
		break;
	}
	if (c.err.code < 0)
		return drive_failed(d, "cycle", c.since, &c.err);
	return drive_fail(d, "cycle", c.since, -ETIME, REASON_POWER_STUCK,
	        "%s: told to switch off and on; since then it does not say whether power is on",
	        d->job->target.address);
}
