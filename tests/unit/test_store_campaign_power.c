/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Campaigns that switch their machines on: whom, when, once; what is taken back, what has failed.
 */
#include "tests/unit/campaign_power_fixture.h"

static int count_up(const struct store_power *p, void *context)
{
	(void)p;
	++*(int *)context;
	return 0;
}

/* How many orders there ever were, of a campaign or (0) at all. */
static int orders(struct fixture *f, int64_t campaign)
{
	int count = 0;

	assert_int_equal(store_powers(f->store, campaign, 0, 10000, count_up, &count), 0);
	return count;
}

static struct store_power latest(struct fixture *f, int64_t id)
{
	struct store_power p;

	assert_int_equal(store_power_of_machine(f->store, id, &p), 0);
	store_power_free(&p);
	return p;
}

static void ordered(struct fixture *f, int64_t id, enum power_progress state)
{
	assert_string_equal(power_progress_name(latest(f, id).state), power_progress_name(state));
}

static void not_ordered(struct fixture *f, int64_t id)
{
	struct store_power p;

	assert_int_equal(store_power_of_machine(f->store, id, &p), -ENOENT);
}

static json_t *show(struct fixture *f, int64_t id)
{
	json_t *shown;

	assert_int_equal(campaign_show(f->store, id, NOW, &shown), 0);
	return shown;
}

static int power_of_wave(const json_t *shown, size_t wave, const char *name)
{
	json_t *w = json_array_get(json_object_get(shown, "waves"), wave);
	json_t *number = json_object_get(json_object_get(w, "power"), name);

	assert_true(json_is_integer(number));
	return (int)json_integer_value(number);
}

static void line_says(struct fixture *f, int64_t id, const char *words)
{
	json_t *shown = show(f, id);
	const char *line = json_string_value(json_object_get(shown, "line"));

	if (!strstr(line, words))
		fail_msg("%s: not %s", line, words);
	json_decref(shown);
}

/* ---- whom, and once ---- */

static void test_those_whose_turn_it_is(void **state)
{
	struct fixture *f = *state;
	int64_t a = server(f, 1), b = machine(f, 2), c = server(f, 3);

	int64_t id = create(f, TWO_WAVES);
	not_ordered(f, a);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	ordered(f, a, POWER_STATE_WAITING);
	not_ordered(f, b);
	not_ordered(f, c);
	struct store_power p = latest(f, a);
	assert_int_equal(p.what, POWER_WHAT_BOOT);
	assert_false(p.force);
	assert_int_equal(p.campaign, id);
	assert_int_equal(p.wave, 1);
	assert_int_equal(p.at_once, 7);
	assert_int_equal(p.per_rack, 3);
	assert_int_equal(p.per_feed, 1);
	assert_string_equal(p.by, "campaign july");
	assert_string_equal(p.why, "campaign july, wave canary");

	json_t *shown = show(f, id);
	assert_int_equal(power_of_wave(shown, 0, "bmc"), 1);
	assert_int_equal(power_of_wave(shown, 0, "people"), 1);
	assert_int_equal(power_of_wave(shown, 0, "waiting"), 1);
	assert_int_equal(power_of_wave(shown, 1, "bmc"), 1);
	assert_int_equal(power_of_wave(shown, 1, "untouched"), 0);
	json_decref(shown);
	line_says(f, id, "1 to start by hand (no management controller known)");

	/* Once, however often it is looked at, and whatever it said in between. */
	assert_int_equal(advance(f, id, NOW + 60000), CAMPAIGN_RUNNING);
	goes(f, a, POWER_STATE_DONE, NOW + 61000);
	assert_int_equal(advance(f, id, NOW + 62000), CAMPAIGN_RUNNING);
	assert_int_equal(orders(f, id), 1);

	/* The next wave opens. */
	put(f, a, STATE_returned, REASON_RETURNED);
	put(f, b, STATE_returned, REASON_RETURNED);
	assert_int_equal(advance(f, id, NOW + 63000), CAMPAIGN_RUNNING);
	ordered(f, c, POWER_STATE_WAITING);
	assert_int_equal(orders(f, id), 2);
}

static void test_not_driven(void **state)
{
	struct fixture *f = *state;
	int64_t a = server(f, 1);
	int64_t id = create(f, TWO_WAVES_OF("july"));

	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	assert_int_equal(advance(f, id, NOW + 5000), CAMPAIGN_RUNNING);
	expect(f, a, STATE_seen, REASON_OK, true);
	assert_int_equal(orders(f, 0), 0);
	json_t *shown = show(f, id);
	assert_int_equal(power_of_wave(shown, 0, "bmc"), 0);
	assert_int_equal(power_of_wave(shown, 0, "people"), 0);
	json_decref(shown);
}

static void asked(struct fixture *f, int64_t id, int64_t at)
{
	struct machine m = get(f, id);

	m.asked = at;
	begin(f);
	assert_int_equal(store_machine_save(f->store, &m), 0);
	commit(f);
}

static void hold(struct fixture *f, int64_t id, bool held)
{
	struct machine m = get(f, id);

	m.held = held;
	begin(f);
	assert_int_equal(store_machine_save(f->store, &m), 0);
	commit(f);
}

/* Who works, is back, is held or just asked is left alone; whoever is free later gets its order. */
static void test_left_alone(void **state)
{
	struct fixture *f = *state;
	int64_t works = server(f, 1), back = server(f, 2), held = server(f, 3), near = server(f, 4);
	int64_t id = create(f, ONE_WAVE), now = NOW + 200000;

	asked(f, near, NOW + 199000);
	put(f, works, STATE_planning, REASON_OK);
	hold(f, held, true);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, now), 0);
	put(f, back, STATE_returned, REASON_RETURNED);
	/* Taken back what waited when it came. */
	ordered(f, back, POWER_STATE_WAITING);
	assert_int_equal(advance(f, id, now + 1000), CAMPAIGN_RUNNING);
	ordered(f, back, POWER_STATE_STOPPED);
	assert_non_null(strstr(latest(f, back).text, "come by itself"));
	not_ordered(f, works);
	not_ordered(f, held);
	not_ordered(f, near);
	json_t *shown = show(f, id);
	assert_int_equal(power_of_wave(shown, 0, "untouched"), 1);
	json_decref(shown);

	hold(f, held, false);
	assert_int_equal(advance(f, id, now + 120000), CAMPAIGN_RUNNING);
	ordered(f, held, POWER_STATE_WAITING);
	not_ordered(f, works);
	ordered(f, near, POWER_STATE_WAITING);
	assert_int_equal(orders(f, id), 3);

	/* What is under way is not taken back: it goes on to its end. */
	goes(f, held, POWER_STATE_DRIVING, 0);
	put(f, held, STATE_booting, REASON_OK);
	assert_int_equal(advance(f, id, now + 121000), CAMPAIGN_RUNNING);
	ordered(f, held, POWER_STATE_DRIVING);
}

static void test_start_order(void **state)
{
	struct fixture *f = *state;
	int64_t second = server(f, 1), first = server(f, 2), alike = server(f, 3);
	int64_t id = create(f, ONE_WAVE);

	place(f, second, "", "", 2);
	place(f, first, "r1", "f1", 1);
	place(f, alike, "", "", 1);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	ordered(f, first, POWER_STATE_WAITING);
	assert_string_equal(latest(f, first).rack, "r1");
	ordered(f, alike, POWER_STATE_WAITING);
	not_ordered(f, second);
	put(f, first, STATE_returned, REASON_RETURNED);
	assert_int_equal(advance(f, id, NOW + 1000), CAMPAIGN_RUNNING);
	not_ordered(f, second);
	put(f, alike, STATE_returned, REASON_RETURNED);
	assert_int_equal(advance(f, id, NOW + 2000), CAMPAIGN_RUNNING);
	ordered(f, second, POWER_STATE_WAITING);
}

/* ---- the line stands ---- */

static void test_pause_takes_back(void **state)
{
	struct fixture *f = *state;
	int64_t a = server(f, 1), b = server(f, 2);
	int64_t id = create(f, ONE_WAVE);

	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	goes(f, b, POWER_STATE_DRIVING, 0);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_PAUSE, NOW + 1000), 0);
	ordered(f, a, POWER_STATE_STOPPED);
	assert_string_equal(latest(f, a).text, reason_title(REASON_CAMPAIGN_PAUSED));
	ordered(f, b, POWER_STATE_DRIVING);
	assert_int_equal(advance(f, id, NOW + 2000), CAMPAIGN_PAUSED);
	assert_int_equal(orders(f, id), 2);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_RESUME, NOW + 3000), 0);
	ordered(f, a, POWER_STATE_WAITING);
	assert_int_equal(orders(f, id), 3);

	/* What a person stops stays stopped, until a person says once more. */
	size_t stopped = 0;
	clock_now = NOW + 4000;
	assert_int_equal(fleet_power_stop(f->store, &anna, &a, 1, "not today", &stopped), 0);
	assert_int_equal(stopped, 1);
	assert_int_equal(advance(f, id, NOW + 5000), CAMPAIGN_RUNNING);
	assert_int_equal(orders(f, id), 3);

	assert_int_equal(act(f, id, CAMPAIGN_VERB_ABORT, NOW + 6000), 0);
	ordered(f, b, POWER_STATE_DRIVING);
	assert_int_equal(orders(f, id), 3);
}

static void test_end_takes_back(void **state)
{
	struct fixture *f = *state;
	int64_t a = server(f, 1);
	int64_t id = create(f, "{\"name\":\"night\",\"scope\":{\"all\":true},"
	                       "\"until\":1700000100000," DRIVE "}");

	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	ordered(f, a, POWER_STATE_WAITING);
	assert_int_equal(advance(f, id, NOW + 100000), CAMPAIGN_FINISHED);
	ordered(f, a, POWER_STATE_STOPPED);
}

/* ---- failures ---- */

static void test_failure_stops_the_line(void **state)
{
	struct fixture *f = *state;
	int64_t a = server(f, 1), b = server(f, 2);
	int64_t id = create(f, ONE_WAVE);

	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	put(f, b, STATE_returned, REASON_RETURNED);
	/* It only warns of itself; to the campaign it is one that did not come. */
	fails(f, a, REASON_POWER_UNREACHABLE, NOW + 1000);
	assert_int_equal(advance(f, id, NOW + 2000), CAMPAIGN_STOPPED);
	json_t *shown = show(f, id);
	assert_string_equal(json_string_value(json_object_get(shown, "text")),
	        "1 of 2 machines failed, 50 %: the plan stops at 50 %; 1 of them could not be "
	        "switched on");
	assert_int_equal(power_of_wave(shown, 0, "failed"), 1);
	json_decref(shown);

	/* Seen and judged: the line goes on, without another order. */
	assert_int_equal(act(f, id, CAMPAIGN_VERB_RESUME, NOW + 3000), 0);
	assert_int_equal(advance(f, id, NOW + 4000), CAMPAIGN_RUNNING);
	line_says(f, id, "1 failed (1 not switched on)");
	assert_int_equal(orders(f, id), 1 + 1);
	ordered(f, a, POWER_STATE_FAILED);

	/* Once more. */
	assert_int_equal(act(f, id, CAMPAIGN_VERB_RETRY, NOW + 5000), 0);
	ordered(f, a, POWER_STATE_WAITING);
	assert_int_equal(orders(f, id), 3);
	shown = show(f, id);
	assert_int_equal(power_of_wave(shown, 0, "failed"), 0);
	assert_int_equal(power_of_wave(shown, 0, "waiting"), 1);
	json_decref(shown);
	fails(f, a, REASON_POWER_NO_BOOT, NOW + 6000);
	assert_int_equal(advance(f, id, NOW + 7000), CAMPAIGN_STOPPED);
}

/* A person has pressed its button: that is no failure any more. */
static void test_failed_and_came(void **state)
{
	struct fixture *f = *state;
	int64_t a = server(f, 1), b = server(f, 2);
	int64_t id = create(f, ONE_WAVE);

	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	fails(f, a, REASON_POWER_LOGIN, NOW + 1000);
	put(f, a, STATE_booting, REASON_OK);
	fails(f, b, REASON_POWER_STUCK, NOW + 1000);
	hold(f, b, true); /* somebody is at it */
	assert_int_equal(advance(f, id, NOW + 2000), CAMPAIGN_RUNNING);
	json_t *shown = show(f, id);
	assert_int_equal(power_of_wave(shown, 0, "failed"), 0);
	json_decref(shown);
}

/* A person has tried in vain before its turn came: the campaign tries once more, and what comes of
 * that is judged, although it stands in attention since before the line went on. */
static void test_after_a_person(void **state)
{
	struct fixture *f = *state;
	int64_t a = server(f, 1), b = server(f, 2), c = server(f, 3), mine;
	int64_t id = create(f, TWO_WAVES);

	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	const struct store_power p = {
	        .machine = c, .state = POWER_STATE_BOOTING, .reason = REASON_OK, .created = NOW};
	begin(f);
	assert_int_equal(store_power_add(f->store, &p, &mine), 0);
	commit(f);
	fails(f, c, REASON_POWER_NO_BOOT, NOW + 1000);
	line_says(f, id, "wave canary: 0 of 2 returned; ");
	assert_int_equal(act(f, id, CAMPAIGN_VERB_PAUSE, NOW + 2000), 0);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_RESUME, NOW + 3000), 0);
	assert_int_equal(latest(f, c).id, mine);
	put(f, a, STATE_returned, REASON_RETURNED);
	put(f, b, STATE_returned, REASON_RETURNED);
	assert_int_equal(advance(f, id, NOW + 4000), CAMPAIGN_RUNNING);
	assert_int_equal(latest(f, c).campaign, id);
	ordered(f, c, POWER_STATE_WAITING);
	fails(f, c, REASON_POWER_UNREACHABLE, NOW + 5000);
	assert_int_equal(get(f, c).since, NOW + 1000);
	assert_int_equal(advance(f, id, NOW + 6000), CAMPAIGN_STOPPED);
}

/* Nothing was done to it: nobody failed, and it is not asked again and again. */
static void test_alive(void **state)
{
	struct fixture *f = *state;
	int64_t a = server(f, 1);
	int64_t id = create(f, ONE_WAVE);

	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	fails(f, a, REASON_POWER_ALIVE, NOW + 1000);
	assert_int_equal(advance(f, id, NOW + 2000), CAMPAIGN_RUNNING);
	assert_int_equal(orders(f, id), 1);
	json_t *shown = show(f, id);
	assert_int_equal(power_of_wave(shown, 0, "failed"), 0);
	assert_int_equal(power_of_wave(shown, 0, "untouched"), 1);
	json_decref(shown);
}

/* Some hundreds may not be touched; those behind them get their turn all the same. */
static void test_all_get_their_look(void **state)
{
	enum { REFUSED = 300, FREE = 5 };
	struct fixture *f = *state;
	int64_t free_ones[FREE], unused;

	clock_now = NOW;
	for (int i = 0; i < REFUSED + FREE; i++) {
		char mac[MAC_TEXT];
		(void)snprintf(mac, sizeof(mac), "52:54:00:01:%02x:%02x", (unsigned)i / 256,
		        (unsigned)i % 256);
		int64_t id = machine_make(f, mac);
		give_bmc(f, id);
		const struct store_power p = {.machine = id,
		        .state = POWER_STATE_WAITING,
		        .reason = REASON_POWER_TURN,
		        .created = NOW};
		begin(f);
		if (i < REFUSED)
			assert_int_equal(store_power_add(f->store, &p, &unused), 0);
		else
			free_ones[i - REFUSED] = id;
		commit(f);
	}
	int64_t id = create(f, ONE_WAVE);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	assert_int_equal(advance(f, id, NOW + 5000), CAMPAIGN_RUNNING);
	for (int i = 0; i < FREE; i++)
		ordered(f, free_ones[i], POWER_STATE_WAITING);
	assert_int_equal(orders(f, id), FREE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        STORE_TEST(test_those_whose_turn_it_is),
	        STORE_TEST(test_not_driven),
	        STORE_TEST(test_left_alone),
	        STORE_TEST(test_start_order),
	        STORE_TEST(test_pause_takes_back),
	        STORE_TEST(test_end_takes_back),
	        STORE_TEST(test_failure_stops_the_line),
	        STORE_TEST(test_failed_and_came),
	        STORE_TEST(test_after_a_person),
	        STORE_TEST(test_alive),
	        STORE_TEST(test_all_get_their_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
