/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines with management controllers in campaigns that switch them on. */
#ifndef UNIT_CAMPAIGN_POWER_FIXTURE_H
#define UNIT_CAMPAIGN_POWER_FIXTURE_H

#include "tests/unit/campaign_fixture.h"

#include "appliance/fleet/clock.h"
#include "appliance/fleet/power.h"
#include "appliance/fleet/power_note.h"
#include "appliance/store/inventory.h"

#define APPLIANCE "0011223344556677"

static int64_t clock_now;

/* In place of the library's. */
int64_t fleet_clock(void)
{
	return clock_now;
}

#define DRIVE "\"power\":{\"drive\":true,\"at_once\":7,\"per_rack\":3,\"per_feed\":1}"
/* Half of them failed stops it. */
#define ONE_WAVE                                       \
	"{\"name\":\"july\",\"scope\":{\"all\":true}," \
	"\"stop\":{\"failed_percent\":50,\"at_least\":1}," DRIVE "}"
#define TWO_WAVES                                                                      \
	"{\"name\":\"july\",\"scope\":{\"all\":true},\"waves\":[{\"name\":\"canary\"," \
	"\"machines\":2}],\"stop\":{\"failed_percent\":50,\"at_least\":1}," DRIVE "}"

static inline void begin(struct fixture *f)
{
	assert_int_equal(store_begin(f->store, true), 0);
}

static inline void commit(struct fixture *f)
{
	assert_int_equal(store_commit(f->store), 0);
}

static inline void give_bmc(struct fixture *f, int64_t id)
{
	struct store_bmc bmc = {.machine = id};

	(void)snprintf(bmc.appliance, sizeof(bmc.appliance), APPLIANCE);
	(void)snprintf(bmc.type, sizeof(bmc.type), "ipmi");
	(void)snprintf(bmc.address, sizeof(bmc.address), "10.9.0.%d", (int)(id % 250));
	begin(f);
	assert_int_equal(store_bmc_set(f->store, &bmc), 0);
	commit(f);
}

static inline int64_t server(struct fixture *f, int number)
{
	int64_t id = machine(f, number);

	clock_now = NOW;
	give_bmc(f, id);
	return id;
}

static inline void place(
        struct fixture *f, int64_t id, const char *rack, const char *feed, int rank)
{
	struct inventory_line line = {.machine = id, .rank = rank, .imported = NOW};

	(void)snprintf(line.rack, sizeof(line.rack), "%s", rack);
	(void)snprintf(line.feed, sizeof(line.feed), "%s", feed);
	begin(f);
	assert_int_equal(store_inventory_set(f->store, &line), 0);
	commit(f);
}

/* What the driver says of the machine's order at the end. */
static inline void fails(struct fixture *f, int64_t id, enum reason reason, int64_t now)
{
	struct store_power p;
	struct machine m = get(f, id);

	assert_int_equal(store_power_of_machine(f->store, id, &p), 0);
	begin(f);
	assert_int_equal(power_fail(f->store, &m, &p, now, reason, "as it says"), 0);
	commit(f);
	store_power_free(&p);
}

static inline void goes(struct fixture *f, int64_t id, enum power_progress state, int64_t now)
{
	struct store_power p;

	assert_int_equal(store_power_of_machine(f->store, id, &p), 0);
	p.state = state;
	p.ended = state == POWER_STATE_DONE ? now : 0;
	begin(f);
	assert_int_equal(store_power_save(f->store, &p), 0);
	commit(f);
	store_power_free(&p);
}

#endif
