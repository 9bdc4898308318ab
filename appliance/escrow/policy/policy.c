/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/policy.h"
#include "appliance/escrow/policy/rates.h"
#include "appliance/escrow/policy/scope.h"
#include "appliance/escrow/policy/span.h"
#include "appliance/escrow/policy/steady.h"
#include "fixer/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct policy {
	const struct policy_rules *rules;
	struct scope *scope;
	struct rates *rates;
	struct steady clock;
	int64_t latest; /* reading of the clock */
	uint64_t released;
};

struct policy *policy_new(const struct policy_rules *rules)
{
	struct policy *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->rules = rules;
	p->scope = scope_new(rules);
	p->rates = rates_new();
	if (!p->scope || !p->rates) {
		policy_free(p);
		return NULL;
	}
	return p;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	scope_free(p->scope);
	rates_free(p->rates);
	free(p);
}

/* --- words ---------------------------------------------------------------------------------------
 */

/* What is beyond the year 2262 is said to be then. */
static void time_text(int64_t ms, char ret[ISO8601_TEXT])
{
	iso8601_format(ms < INT64_MAX / 1000000 ? ms * 1000000 : INT64_MAX, ret);
}

/* --- window and total ----------------------------------------------------------------------------
 */

static enum reason check_window(const struct policy *p, int64_t now, char *text, size_t size)
{
	const struct policy_rules *rules = p->rules;
	char when[ISO8601_TEXT], span[SPAN_TEXT];

	if (rules->from && now < rules->from) {
		time_text(rules->from, when);
		span_text(rules->from - now, span);
		(void)snprintf(text, size, "opens at %s, in %s", when, span);
		return REASON_CAMPAIGN_WINDOW;
	}
	if (rules->until && p->latest >= rules->until) {
		time_text(rules->until, when);
		span_text(now - rules->until, span);
		if (now >= rules->until)
			(void)snprintf(text, size, "closed at %s, %s ago", when, span);
		else
			(void)snprintf(text, size,
			        "closed at %s; the clock has gone back since: restart netmend if "
			        "it is right now",
			        when);
		return REASON_CAMPAIGN_WINDOW;
	}
	return REASON_OK;
}

/* --- rates ---------------------------------------------------------------------------------------
 */

/* What a machine and its subnet are counted under. */
struct counted {
	char machine[TABLE_KEY], subnet[TABLE_KEY];
};

static void counted_as(const struct policy *p, const struct subject *s, struct counted *ret)
{
	unsigned prefix = p->rules->subnet_prefix > 32 ? 32 : p->rules->subnet_prefix;
	uint32_t address;

	if (s->machine)
		(void)snprintf(ret->machine, sizeof(ret->machine), "%" PRId64, s->machine);
	else
		(void)snprintf(
		        ret->machine, sizeof(ret->machine), "%s", s->mac[0] ? s->mac : s->ip);
	/* What has no IPv4 address is one subnet together. */
	(void)snprintf(ret->subnet, sizeof(ret->subnet), "none");
	if (scope_address(s->ip, &address)) {
		address &= prefix ? UINT32_MAX << (32 - prefix) : 0;
		(void)snprintf(ret->subnet, sizeof(ret->subnet), "%u.%u.%u.%u/%u", address >> 24,
		        address >> 16 & 255, address >> 8 & 255, address & 255, prefix);
	}
}

static enum reason check_rates(
        const struct policy *p, const struct counted *who, int64_t time, char *text, size_t size)
{
	const struct policy_rules *rules = p->rules;
	struct rates_count n;
	char span[SPAN_TEXT];

	rates_count(p->rates, who->machine, who->subnet, &n);
	if (rules->machine_hour && n.machine >= rules->machine_hour) {
		span_text(
		        rates_wait(p->rates, who->machine, NULL, rules->machine_hour, time), span);
		(void)snprintf(text, size, "%u times within the hour; the next is possible in %s",
		        n.machine, span);
		return REASON_RATE_MACHINE;
	}
	if (rules->subnet_minute && n.subnet >= rules->subnet_minute) {
		span_text(
		        rates_wait(p->rates, NULL, who->subnet, rules->subnet_minute, time), span);
		(void)snprintf(text, size, "%u in %s within the minute; the next in %s", n.subnet,
		        who->subnet, span);
		return REASON_RATE_SUBNET;
	}
	if (rules->per_minute && n.campaign >= rules->per_minute) {
		span_text(rates_wait(p->rates, NULL, NULL, rules->per_minute, time), span);
		(void)snprintf(
		        text, size, "%u within the minute; the next in %s", n.campaign, span);
		return REASON_RATE_CAMPAIGN;
	}
	if (n.full) {
		(void)snprintf(
		        text, size, "more releases within the hour than escrow can remember");
		return REASON_RATE_CAMPAIGN;
	}
	return REASON_OK;
}

static enum reason check(struct policy *p, const struct subject *s, const struct counted *who,
        int64_t now, int64_t time, char *text, size_t size)
{
	const struct policy_rules *rules = p->rules;

	if (size)
		text[0] = '\0';
	if (!scope_covers(p->scope, s, text, size))
		return REASON_CAMPAIGN_SCOPE;
	enum reason reason = check_window(p, now, text, size);
	if (reason != REASON_OK)
		return reason;
	if (rules->total && p->released >= rules->total) {
		(void)snprintf(text, size, "%" PRIu64 " of %u", p->released, rules->total);
		return REASON_CAMPAIGN_TOTAL;
	}
	return check_rates(p, who, time, text, size);
}

static int64_t pass(struct policy *p, int64_t now)
{
	int64_t time = steady_at(&p->clock, now);

	if (now > p->latest)
		p->latest = now;
	rates_pass(p->rates, time);
	return time;
}

/* --- what is asked of a policy -------------------------------------------------------------------
 */

enum reason policy_covers(
        struct policy *p, const struct subject *s, int64_t now, char *text, size_t size)
{
	int64_t time = pass(p, now);
	struct counted who;

	counted_as(p, s, &who);
	return check(p, s, &who, now, time, text, size);
}

enum reason policy_take(
        struct policy *p, const struct subject *s, int64_t now, char *text, size_t size)
{
	int64_t time = pass(p, now);
	struct counted who;

	counted_as(p, s, &who);
	enum reason reason = check(p, s, &who, now, time, text, size);
	if (reason != REASON_OK)
		return reason;
	if (rates_add(p->rates, who.machine, who.subnet, now, time) < 0) {
		(void)snprintf(text, size, "no memory to count this release");
		return REASON_OUT_OF_MEMORY;
	}
	p->released++;
	return REASON_OK;
}

void policy_give_back(struct policy *p, const struct subject *s, int64_t at)
{
	struct counted who;

	counted_as(p, s, &who);
	(void)rates_remove(p->rates, who.machine, at); /* over an hour ago: it counts no more */
	if (p->released > 0)
		p->released--;
}

void policy_remember(struct policy *p, const struct subject *s, int64_t at)
{
	int64_t time = pass(p, at);
	struct counted who;

	counted_as(p, s, &who);
	/* What cannot be counted has made the tables full, and those refuse by themselves. */
	(void)rates_add(p->rates, who.machine, who.subnet, at, time);
	p->released++;
}

void policy_figures(struct policy *p, int64_t now, struct policy_figures *ret)
{
	struct rates_count n;

	(void)pass(p, now);
	rates_count(p->rates, "", "", &n);
	*ret = (struct policy_figures){.released = p->released, .last_minute = n.campaign};
}
