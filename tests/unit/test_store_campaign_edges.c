/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What happens to campaigns at the edges: who is still to come, a plan nobody can read, a clock
 * that is set back, machines that another campaign has left. */
#include "tests/unit/campaign_fixture.h"

#include "appliance/fleet/campaign/report_page.h"
#include "appliance/fleet/clock.h"
#include "appliance/store/leases.h"

static int64_t clock_now;

/* In place of the library's. */
int64_t fleet_clock(void)
{
	return clock_now;
}

static void nothing(void *context)
{
	(void)context;
}

static struct fleet fleet_of(struct fixture *f)
{
	clock_now = NOW + 60000;
	return (struct fleet){.store = f->store,
	        .appliance = "0011223344556677",
	        .clock = fleet_clock,
	        .changed = nothing};
}

static void tick(struct fleet *fleet, int64_t ms)
{
	clock_now += ms;
	assert_int_equal(campaign_tick(fleet), 0);
}

static struct store_campaign campaign(struct fixture *f, int64_t id)
{
	struct store_campaign c;

	assert_int_equal(store_campaign_get(f->store, id, &c), 0);
	return c;
}

static enum campaign_state state_of(struct fixture *f, int64_t id)
{
	struct store_campaign c = campaign(f, id);
	enum campaign_state state = c.state;

	store_campaign_free(&c);
	return state;
}

static void save(struct fixture *f, struct store_campaign *c)
{
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_campaign_save(f->store, c), 0);
	assert_int_equal(store_commit(f->store), 0);
	store_campaign_free(c);
}

/* Its plan has a field this version does not know. */
static void damage(struct fixture *f, int64_t id)
{
	struct store_campaign c = campaign(f, id);

	free(c.plan);
	c.plan = strdup("{\"name\":\"july\",\"scope\":{\"all\":true},\"moon\":1}");
	save(f, &c);
}

static void name(struct fixture *f, int64_t id, const char *text)
{
	struct machine m = get(f, id);

	(void)snprintf(m.name, sizeof(m.name), "%s", text);
	assert_int_equal(store_begin(f->store, false), 0);
	assert_int_equal(store_machine_save(f->store, &m), 0);
	assert_int_equal(store_commit(f->store), 0);
}

static void test_unreadable_plan_stops_alone(void **state)
{
	struct fixture *f = *state;
	int64_t a = machine(f, 1), b = machine(f, 2), c;
	struct fleet fleet = fleet_of(f);
	struct buffer page;
	json_t *shown, *report;

	name(f, a, "A");
	int64_t bad = create(f, "{\"name\":\"july\",\"scope\":{\"machines\":[\"A\"]}}");
	int64_t good = create(f, TWO_WAVES_OF("august"));
	assert_int_equal(act(f, bad, CAMPAIGN_VERB_START, NOW), 0);
	assert_int_equal(act(f, good, CAMPAIGN_VERB_START, NOW), 0);
	expect(f, a, STATE_seen, REASON_OK, true);
	damage(f, bad);
	c = machine(f, 3);
	tick(&fleet, 0);
	assert_int_equal(state_of(f, bad), CAMPAIGN_STOPPED);
	expect(f, a, STATE_seen, REASON_CAMPAIGN_STOPPED, false);
	assert_int_equal(campaign_show(f->store, bad, clock_now, &shown), 0);
	assert_string_equal(json_string_value(json_object_get(shown, "reason")), "PLAN_UNREADABLE");
	assert_non_null(strstr(json_string_value(json_object_get(shown, "text")), "moon"));
	assert_string_equal(json_string_value(json_object_get(shown, "line")),
	        "stopped: its plan cannot be read");
	assert_true(json_is_null(json_object_get(shown, "plan")));
	json_decref(shown);

	/* The one behind it goes on: it takes who turned up, and opens its waves. */
	assert_int_equal(get(f, c).campaign, good);
	put(f, b, STATE_returned, REASON_RETURNED);
	put(f, c, STATE_returned, REASON_RETURNED);
	int64_t d = machine(f, 4);
	tick(&fleet, 5000);
	tick(&fleet, 1000);
	expect(f, d, STATE_seen, REASON_OK, true);
	assert_int_equal(get(f, d).wave, 2);
	struct machine stranger = get(f, machine(f, 5));
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(campaign_admit(f->store, &stranger, clock_now), 0);
	assert_int_equal(store_commit(f->store), 0);
	assert_int_equal(stranger.campaign, good);

	/* Nothing but its end is possible; its report, and the next campaign, are. */
	assert_int_equal(act(f, bad, CAMPAIGN_VERB_RESUME, clock_now), -EBADMSG);
	assert_int_equal(act(f, bad, CAMPAIGN_VERB_FINISH, clock_now), -EBADMSG);
	assert_int_equal(state_of(f, bad), CAMPAIGN_STOPPED);
	assert_int_equal(act(f, bad, CAMPAIGN_VERB_ABORT, clock_now), 0);
	assert_int_equal(state_of(f, bad), CAMPAIGN_ABORTED);
	tick(&fleet, 5000);
	assert_int_equal(get(f, a).campaign, good);
	assert_int_equal(campaign_report(f->store, bad, clock_now, &report), 0);
	assert_int_equal(json_array_size(json_object_get(report, "machines")), 1);
	buffer_init(&page, 1 << 20);
	assert_int_equal(report_page(report, &page), 0);
	assert_non_null(memmem(page.data, page.len, "It cannot be read", 17));
	buffer_free(&page);
	json_decref(report);
}

/* A list names a machine nobody has heard of: it stays open until that one is back. */
static void test_list_waits_for_those_not_known(void **state)
{
	struct fixture *f = *state;
	int64_t a = machine(f, 1);
	json_t *shown;
	struct fleet fleet = fleet_of(f);

	name(f, a, "A");
	int64_t id = create(
	        f, "{\"name\":\"list\",\"scope\":{\"machines\":[\"a\",\"52-54-00-00-00-02\"]}}");
	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	put(f, a, STATE_returned, REASON_RETURNED);
	tick(&fleet, 0);
	assert_int_equal(state_of(f, id), CAMPAIGN_RUNNING);
	assert_int_equal(campaign_show(f->store, id, clock_now, &shown), 0);
	assert_non_null(strstr(json_string_value(json_object_get(shown, "line")), "1 of its list"));
	assert_true(json_is_true(json_object_get(shown, "all_back")));
	json_decref(shown);
	int64_t b = machine(f, 2);
	tick(&fleet, 1000); /* it is known, and not in it yet */
	assert_int_equal(state_of(f, id), CAMPAIGN_RUNNING);
	assert_int_equal(get(f, b).campaign, id);
	put(f, b, STATE_returned, REASON_RETURNED);
	tick(&fleet, 1000);
	assert_int_equal(state_of(f, id), CAMPAIGN_FINISHED);
}

/* Its time is over: the next campaign has those that were not back. */
static void test_time_over_frees_machines(void **state)
{
	struct fixture *f = *state;
	int64_t a = machine(f, 1);
	struct fleet fleet = fleet_of(f);
	char text[120];

	(void)snprintf(text, sizeof(text),
	        "{\"name\":\"night\",\"scope\":{\"all\":true},\"until\":%lld}",
	        (long long)clock_now + 1000);
	int64_t night = create(f, text);
	assert_int_equal(act(f, night, CAMPAIGN_VERB_START, NOW), 0);
	int64_t day = create(f, "{\"name\":\"day\",\"scope\":{\"all\":true}}");
	assert_int_equal(act(f, day, CAMPAIGN_VERB_START, NOW), 0);
	tick(&fleet, 0);
	expect(f, a, STATE_seen, REASON_OK, true);
	assert_int_equal(get(f, a).campaign, night);
	tick(&fleet, 5000);
	assert_int_equal(state_of(f, night), CAMPAIGN_FINISHED);
	tick(&fleet, 5000);
	tick(&fleet, 5000);
	assert_int_equal(get(f, a).campaign, day);
	expect(f, a, STATE_seen, REASON_OK, true);
}

/* What was only looked at is repaired by a campaign that runs already, too. */
static void test_looked_at_joins_who_runs(void **state)
{
	struct fixture *f = *state;
	int64_t a = machine(f, 1);
	struct fleet fleet = fleet_of(f);

	int64_t dry = create(f, "{\"name\":\"look\",\"scope\":{\"all\":true},\"dry_run\":true}");
	assert_int_equal(act(f, dry, CAMPAIGN_VERB_START, NOW), 0);
	int64_t id = create(f, "{\"name\":\"repair\",\"scope\":{\"all\":true}}");
	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	struct machine m = get(f, a);
	m.state = STATE_rebooting;
	m.reason = REASON_WOULD_REPAIR;
	m.done = true;
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_machine_save(f->store, &m), 0);
	assert_int_equal(store_commit(f->store), 0);
	tick(&fleet, 0);
	assert_int_equal(get(f, a).campaign, dry);
	assert_int_equal(act(f, dry, CAMPAIGN_VERB_FINISH, clock_now), 0);
	tick(&fleet, 5000);
	assert_int_equal(get(f, a).campaign, id);
	assert_false(get(f, a).done);
	tick(&fleet, 1000);
	expect(f, a, STATE_seen, REASON_OK, true);
}

/* The clock goes back by an hour after a person said "go on": what fails then still stops the line,
 * the waves go on opening, and a lease of before is not waited for. */
static void test_clock_set_back(void **state)
{
	struct fixture *f = *state;
	int64_t a = machine(f, 1), b = machine(f, 2), id = create(f, TWO_WAVES_OF("july"));
	struct store_lease dead = {.name = "other", .who = "dead"},
	                   we = {.name = "other", .who = "we"};
	struct fleet fleet = fleet_of(f);

	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, clock_now), 0);
	tick(&fleet, 0);
	assert_int_equal(store_lease_take(f->store, &dead, clock_now, 10000), 0);
	assert_int_equal(store_lease_take(f->store, &we, clock_now, 10000), -EBUSY);
	tick(&fleet, -3600000);
	assert_int_equal(store_lease_take(f->store, &we, clock_now, 10000), 0);
	struct machine m = get(f, a);
	m.state = STATE_attention;
	m.reason = REASON_NTFS_DAMAGED;
	m.since = clock_now + 1;
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_machine_save(f->store, &m), 0);
	assert_int_equal(store_commit(f->store), 0);
	tick(&fleet, 5000);
	assert_int_equal(state_of(f, id), CAMPAIGN_STOPPED);
	expect(f, b, STATE_seen, REASON_CAMPAIGN_STOPPED, false);
}

/* However many there are, each is looked after. */
static void test_hundreds(void **state)
{
	enum { MANY = 300 };
	struct fixture *f = *state;
	struct fleet fleet = fleet_of(f);
	int64_t last = 0;
	char text[96];

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(text, sizeof(text),
		        "{\"name\":\"c%d\",\"scope\":{\"machines\":[\"m%d\"]}}", i, i);
		last = create(f, text);
		assert_int_equal(act(f, last, CAMPAIGN_VERB_START, NOW), 0);
	}
	int64_t a = machine(f, 1);
	(void)snprintf(text, sizeof(text), "m%d", MANY - 1);
	name(f, a, text);
	struct machine m = get(f, a);
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(campaign_admit(f->store, &m, NOW), 0);
	assert_int_equal(store_commit(f->store), 0);
	assert_int_equal(m.campaign, last);
	tick(&fleet, 0);
	expect(f, a, STATE_seen, REASON_OK, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        STORE_TEST(test_unreadable_plan_stops_alone),
	        STORE_TEST(test_list_waits_for_those_not_known),
	        STORE_TEST(test_time_over_frees_machines),
	        STORE_TEST(test_looked_at_joins_who_runs),
	        STORE_TEST(test_clock_set_back),
	        STORE_TEST(test_hundreds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
