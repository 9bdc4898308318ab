/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders to controllers: what is left for people to read, and what a dry run says. */
#include "appliance/store/actions.h"
#include "appliance/store/attention.h"
#include "tests/unit/power_fixture.h"

struct lines {
	char text[8192];
};

static int event_each(const struct store_event *event, void *context)
{
	struct lines *l = context;
	size_t used = strlen(l->text);

	if (strcmp(event->step, "power") == 0)
		(void)snprintf(l->text + used, sizeof(l->text) - used, "%s %s|",
		        reason_code(event->reason), event->text);
	return 0;
}

static void timeline_has(struct fixture *f, int64_t id, const char *line)
{
	struct lines l = {0};

	assert_int_equal(store_events(f->fleet.store, id, 100, event_each, &l), 0);
	if (!strstr(l.text, line))
		fail_msg("not in the timeline: %s; but %s", line, l.text);
}

static void test_the_timeline(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f);
	size_t stopped = 0;

	assert_int_equal(order_with(f, &network, id, false), 1);
	timeline_has(f, id, "POWER_TURN boot by ipmi 10.9.0.1: ordered|");
	assert_int_equal(fleet_power_stop(f->fleet.store, &tester, NULL, 0, "enough", &stopped), 0);
	timeline_has(f, id, "OK boot by ipmi 10.9.0.1: stopped: enough (anna)|");
	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	answer(f, REASON_OK);
	timeline_has(f, id, "OK boot by ipmi 10.9.0.1: as it says|");
	now += 15 * MINUTE;
	tick(f);
	timeline_has(f, id, "POWER_NO_BOOT boot by ipmi 10.9.0.1: it is tried once more");
	answer(f, REASON_POWER_LOGIN);
	timeline_has(f, id, "POWER_LOGIN boot by ipmi 10.9.0.1, second way: as it says|");
	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	assert_int_equal(store_mac_answered(f->fleet.store, MAC, now), 0);
	answer(f, REASON_OK);
	tick(f);
	timeline_has(f, id, "OK boot by ipmi 10.9.0.1: it has asked for its boot|");
}

static int attention_each(const char *name, int64_t machine, enum reason reason, void *context)
{
	int64_t *found = context;

	(void)name;
	if (reason == REASON_POWER_LOGIN)
		*found = machine;
	return 0;
}

static void test_who_needs_somebody(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f), found = 0;

	assert_int_equal(order_with(f, &network, id, false), 1);
	tick(f);
	answer(f, REASON_POWER_LOGIN);
	assert_int_equal(store_attention(f->fleet.store, 10, attention_each, &found), 0);
	assert_true(found == id);
}

static int action_each(const struct store_action *action, void *context)
{
	struct lines *l = context;
	size_t used = strlen(l->text);

	(void)snprintf(l->text + used, sizeof(l->text) - used, "%s %s %s: %s|", action->actor.name,
	        action->verb, action->object, action->text);
	return 0;
}

static void test_its_record(void **state)
{
	struct fixture *f = *state;
	int64_t id = server(f), other = another(f, 1, "", "", 0);
	struct lines l = {0};
	size_t stopped = 0;

	assert_int_equal(order_with(f, &network, id, true), 1); /* looks leave none */
	order_all(f, &network, (int64_t[]){id, other}, 2);
	assert_int_equal(fleet_power_stop(f->fleet.store, &tester, NULL, 0, "enough", &stopped), 0);
	assert_int_equal(store_actions(f->fleet.store, 0, 10, action_each, &l), 0);
	assert_non_null(strstr(l.text, "anna power-boot 2 machines: rack; july|"));
	assert_non_null(strstr(l.text, "anna power-stop 2 machines: enough|"));
	char *first = strstr(l.text, "power-boot");
	assert_null(strstr(first + 1, "power-boot"));
}

/* ---- a dry run is true ---- */

#define LOOKS 5

struct looks {
	struct fleet_power_look of[LOOKS];
	size_t count;
};

static void looked(int64_t machine, const struct fleet_power_look *look, void *context)
{
	struct looks *l = context;

	(void)machine;
	assert_true(l->count < LOOKS);
	l->of[l->count++] = *look;
}

static void test_dry_run(void **state)
{
	struct fixture *f = *state;
	int64_t ids[LOOKS] = {server(f)};
	struct looks dry = {0}, wet = {0};
	size_t done = 0;

	for (int i = 1; i < LOOKS; i++)
		ids[i] = another(f, i, "", "", 0);
	assert_int_equal(store_bmc_remove(f->fleet.store, OURS, ids[1]), 0);
	assert_int_equal(decide(f, DEED_HOLD, ids[2]), 0);
	assert_int_equal(decide(f, DEED_REMOVE, ids[3]), 0);
	struct fleet_power_many many = {.order = &network,
	        .machines = ids,
	        .count = LOOKS,
	        .chosen = "",
	        .dry_run = true,
	        .told = looked,
	        .context = &dry};
	assert_int_equal(fleet_power_order(f->fleet.store, &tester, &many, &done), 0);
	assert_int_equal(done, 2);
	tick(f);
	assert_int_equal(driven.count, 0);
	many.dry_run = false;
	many.context = &wet;
	assert_int_equal(fleet_power_order(f->fleet.store, &tester, &many, &done), 0);
	assert_int_equal(done, 2);
	assert_int_equal(dry.count, LOOKS);
	assert_int_equal(wet.count, LOOKS);
	for (size_t i = 0; i < LOOKS; i++) {
		assert_string_equal(reason_code(dry.of[i].reason), reason_code(wet.of[i].reason));
		assert_string_equal(dry.of[i].deed, wet.of[i].deed);
		assert_string_equal(dry.of[i].text, wet.of[i].text);
		assert_string_equal(dry.of[i].bmc, wet.of[i].bmc);
	}
	assert_int_equal(dry.of[1].reason, REASON_POWER_NO_BMC);
	assert_int_equal(dry.of[2].reason, REASON_HELD);
	assert_int_equal(dry.of[3].reason, REASON_NOT_IN_SCOPE);
	tick(f);
	assert_int_equal(driven.count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_the_timeline),
	        TEST(test_who_needs_somebody),
	        TEST(test_its_record),
	        TEST(test_dry_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
