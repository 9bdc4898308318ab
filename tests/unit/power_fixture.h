/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A server with a controller, orders to it and a clock of our own, for the tests of what becomes of
 * them. */
#ifndef TESTS_UNIT_POWER_FIXTURE_H
#define TESTS_UNIT_POWER_FIXTURE_H

#include "appliance/fleet/power.h"
#include "appliance/store/inventory.h"
#include "appliance/store/wire.h"
#include "tests/unit/fleet_fixture.h"

#define OURS "00000000000000a1"

static const struct fleet_power network = {.what = POWER_WHAT_BOOT, .why = "july", .image = ""};

/* What went out last, and how often. */
static struct {
	struct fleet_power_question q;
	int count, refuse;
	int64_t orders[64];
} driven;

static inline int drive(void *context, const struct fleet_power_question *q)
{
	(void)context;
	if (driven.refuse)
		return -EAGAIN;
	driven.q = *q;
	driven.orders[driven.count++ % 64] = q->order;
	return 0;
}

static inline void give_bmc_of(
        struct fixture *f, int64_t id, const char *appliance, const char *type)
{
	struct store_bmc bmc = {.machine = id};

	(void)snprintf(bmc.appliance, sizeof(bmc.appliance), "%s", appliance);
	(void)snprintf(bmc.type, sizeof(bmc.type), "%s", type);
	(void)snprintf(bmc.address, sizeof(bmc.address), "10.9.0.%d", (int)id);
	assert_int_equal(store_bmc_set(f->fleet.store, &bmc), 0);
}

static inline void give_bmc(struct fixture *f, int64_t id, const char *appliance)
{
	give_bmc_of(f, id, appliance, "ipmi");
}

/* The machine, in scope, with a controller. */
static inline int64_t server(struct fixture *f)
{
	int64_t id = add(f);

	(void)snprintf(f->fleet.appliance, sizeof(f->fleet.appliance), "%s", OURS);
	give_bmc(f, id, OURS);
	memset(&driven, 0, sizeof(driven));
	return id;
}

static struct fleet_power_look told_look;

static inline void told(int64_t machine, const struct fleet_power_look *look, void *context)
{
	(void)machine;
	(void)context;
	told_look = *look;
}

static inline size_t order_with(
        struct fixture *f, const struct fleet_power *order, int64_t id, bool dry_run)
{
	const struct fleet_power_many many = {.order = order,
	        .machines = &id,
	        .count = 1,
	        .chosen = "",
	        .dry_run = dry_run,
	        .told = told};
	size_t done = 0;

	assert_int_equal(fleet_power_order(f->fleet.store, &tester, &many, &done), 0);
	return done;
}

static inline void refused(
        struct fixture *f, const struct fleet_power *order, int64_t id, enum reason why)
{
	assert_int_equal(order_with(f, order, id, true), 0);
	assert_string_equal(reason_code(told_look.reason), reason_code(why));
	assert_string_equal(told_look.deed, "");
	assert_int_equal(order_with(f, order, id, false), 0);
	assert_string_equal(reason_code(told_look.reason), reason_code(why));
	assert_true(told_look.text[0] != 0);
}

static inline void tick(struct fixture *f)
{
	assert_int_equal(fleet_power_tick(&f->fleet, drive, NULL), 0);
}

static inline void answer(struct fixture *f, enum reason reason)
{
	const struct fleet_power_answer a = {.reason = reason,
	        .text = "as it says",
	        .type = "ipmi",
	        .address = "10.9.0.1",
	        .power = "on",
	        .boot = "network once",
	        .steps = "[{\"step\":\"off\"}]"};

	assert_int_equal(fleet_power_answered(&f->fleet, driven.q.order, &a), 0);
}

static inline struct store_power last(struct fixture *f, int64_t id)
{
	struct store_power p;

	assert_int_equal(store_power_of_machine(f->fleet.store, id, &p), 0);
	store_power_free(&p);
	return p;
}

static inline void is(struct fixture *f, int64_t id, enum power_progress state, enum reason reason)
{
	struct store_power p = last(f, id);

	assert_string_equal(power_progress_name(p.state), power_progress_name(state));
	assert_string_equal(reason_code(p.reason), reason_code(reason));
}

/* Another one, as the inventory has it. */
static inline int64_t another(
        struct fixture *f, int n, const char *rack, const char *feed, int rank)
{
	struct inventory_line line = {.rank = rank};
	char mac[MAC_TEXT];
	int64_t id = 0;

	(void)snprintf(mac, sizeof(mac), "52:54:00:00:00:%02X", n);
	(void)snprintf(line.rack, sizeof(line.rack), "%s", rack);
	(void)snprintf(line.feed, sizeof(line.feed), "%s", feed);
	assert_int_equal(fleet_add(f->fleet.store, &tester, mac, "srv", &id), 0);
	line.machine = id;
	assert_int_equal(store_inventory_set(f->fleet.store, &line), 0);
	give_bmc(f, id, OURS);
	return id;
}

static inline void order_all(
        struct fixture *f, const struct fleet_power *order, int64_t *ids, size_t count)
{
	const struct fleet_power_many many = {
	        .order = order, .machines = ids, .count = count, .chosen = "rack"};
	size_t done = 0;

	assert_int_equal(fleet_power_order(f->fleet.store, &tester, &many, &done), 0);
	assert_int_equal(done, count);
}

#endif
