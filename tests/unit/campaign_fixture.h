/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Campaigns on a store, and machines that are put where a test wants them. */
#ifndef UNIT_CAMPAIGN_FIXTURE_H
#define UNIT_CAMPAIGN_FIXTURE_H

#include "tests/unit/store_fixture.h"

#include "appliance/fleet/campaign/run.h"

#include <errno.h>

#define NOW INT64_C(1700000000000)

static const struct actor anna = {.name = "anna", .role = "operator", .via = "page"};

static inline int64_t machine(struct fixture *f, int number)
{
	char mac[MAC_TEXT];

	(void)snprintf(mac, sizeof(mac), "52:54:00:00:00:%02x", (unsigned)number);
	return machine_make(f, mac);
}

static inline struct machine get(struct fixture *f, int64_t id)
{
	struct machine m;

	assert_int_equal(store_machine_get(f->store, id, &m), 0);
	return m;
}

static inline void expect(
        struct fixture *f, int64_t id, enum machine_state state, enum reason reason, bool open)
{
	struct machine m = get(f, id);

	assert_string_equal(machine_state_name(m.state), machine_state_name(state));
	assert_string_equal(reason_code(m.reason), reason_code(reason));
	assert_int_equal(m.open, open);
}

static inline void put(struct fixture *f, int64_t id, enum machine_state state, enum reason reason)
{
	struct machine m = get(f, id);

	m.state = state;
	m.reason = reason;
	m.since = NOW + 1;
	m.done = state == STATE_returned;
	assert_int_equal(store_begin(f->store, false), 0);
	assert_int_equal(store_machine_save(f->store, &m), 0);
	assert_int_equal(store_commit(f->store), 0);
}

static inline int64_t create(struct fixture *f, const char *text)
{
	struct plan p;
	struct error err = {0};
	int64_t id = 0;

	assert_int_equal(plan_parse(text, strlen(text), &p, &err), 0);
	assert_int_equal(campaign_create(f->store, &p, &anna, NOW, &id), 0);
	plan_clear(&p);
	return id;
}

static inline int act(struct fixture *f, int64_t id, enum campaign_verb verb, int64_t now)
{
	const struct campaign_order order = {.verb = verb, .text = "why"};
	struct error err = {0};
	int64_t count;

	return campaign_act(f->store, id, &order, &anna, now, &count, &err);
}

static inline enum campaign_state advance(struct fixture *f, int64_t id, int64_t now)
{
	struct store_campaign c;
	bool changed = false;

	assert_int_equal(store_campaign_get(f->store, id, &c), 0);
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(campaign_advance(f->store, &c, now, &changed), 0);
	assert_int_equal(store_commit(f->store), 0);
	enum campaign_state state = c.state;
	store_campaign_free(&c);
	return state;
}

/* A canary of two, and the rest; half of them failed stop it. */
#define TWO_WAVES_OF(name)                                                                 \
	"{\"name\":\"" name "\",\"scope\":{\"all\":true},\"waves\":[{\"name\":\"canary\"," \
	"\"machines\":2}],\"stop\":{\"failed_percent\":50,\"at_least\":1}}"

#endif
