/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine of campaigns: looks made by hand, decisions read. */
#include "appliance/fleet/campaign/engine.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW    INT64_C(1000000000)
#define MINUTE INT64_C(60000)

/* Canary, half, rest; the second opens at 50 % after ten minutes, the rest at all. */
static struct plan plan_of(void)
{
	struct plan p = {
	        .wave_count = 2, .start_order = true, .stop_percent = 10, .stop_at_least = 2};

	p.waves[1].returned_percent = 50;
	p.waves[1].minutes = 10;
	return p;
}

static void wave(
        struct campaign_look *l, int64_t opened, int64_t machines, int64_t returned, int64_t failed)
{
	static const char *const names[] = {"canary", "half", "rest"};
	struct wave_now *w = &l->waves[l->wave_count++];

	*w = (struct wave_now){.machines = machines, .returned = returned, .failed = failed};
	w->waiting = machines - returned - failed;
	w->row.number = (int)l->wave_count;
	w->row.opened = opened;
	(void)snprintf(w->row.name, sizeof(w->row.name), "%s", names[l->wave_count - 1]);
	l->judged_returned += returned;
	l->judged_failed += failed;
}

static struct campaign_look running(void)
{
	return (struct campaign_look){.state = CAMPAIGN_RUNNING, .now = NOW};
}

static void test_standing(void **state)
{
	static const struct {
		enum machine_state state;
		enum reason reason;
		bool held, settled;
		enum standing standing;
	} cases[] = {
	        {STATE_seen, REASON_OK, false, true, STANDING_WAITING},
	        {STATE_held, REASON_WAVE_NOT_OPEN, false, true, STANDING_WAITING},
	        {STATE_ignored, REASON_NOT_IN_SCOPE, false, true, STANDING_WAITING},
	        {STATE_waiting, REASON_KEY_NOT_FOUND, false, true, STANDING_WORKING},
	        {STATE_rebooting, REASON_REPAIRED, false, true, STANDING_WORKING},
	        {STATE_rebooting, REASON_WOULD_REPAIR, false, true, STANDING_RETURNED},
	        {STATE_returned, REASON_RETURNED, false, true, STANDING_RETURNED},
	        {STATE_attention, REASON_NO_HEARTBEAT, false, true, STANDING_WORKING},
	        {STATE_attention, REASON_NTFS_DAMAGED, false, false, STANDING_FAILED},
	        {STATE_attention, REASON_RELEASE_DENIED, false, false, STANDING_FAILED},
	        {STATE_attention, REASON_NOT_RETURNED, false, false, STANDING_FAILED},
	        {STATE_attention, REASON_RELAPSED, true, false, STANDING_FAILED},
	        {STATE_held, REASON_SERVED_TOO_OFTEN, true, false, STANDING_FAILED},
	        {STATE_held, REASON_HELD, true, true, STANDING_ASIDE},
	        {STATE_attention, REASON_POWER_LOGIN, false, false, STANDING_FAILED},
	        {STATE_attention, REASON_POWER_ALIVE, false, true, STANDING_WAITING},
	        {STATE_attention, REASON_POWER_NO_BOOT, true, true, STANDING_ASIDE},
	        /* It may be about to start over. */
	        {STATE_attention, REASON_DISK_CHANGED, false, false, STANDING_WORKING},
	        {STATE_attention, REASON_DISK_CHANGED, false, true, STANDING_FAILED},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (campaign_standing(cases[i].state, cases[i].reason, cases[i].held,
		            cases[i].settled) != cases[i].standing)
			fail_msg("case %zu, %s", i, reason_code(cases[i].reason));
}

static void test_first_wave_opens_alone(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;

	(void)state;
	wave(&l, 0, 2, 0, 0);
	wave(&l, 0, 4, 0, 0);
	wave(&l, 0, 4, 0, 0);
	campaign_decide(&p, &l, &d);
	assert_true(d.changed);
	assert_false(d.state_changed);
	assert_int_equal(d.waves[0].opened, NOW);
	assert_int_equal(d.waves[1].opened, 0);
	l.waves[0].row = d.waves[0];
	campaign_decide(&p, &l, &d);
	assert_false(d.changed);
}

static void test_share_and_minutes(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;
	char line[200];

	(void)state;
	wave(&l, 5, 3, 1, 0);
	wave(&l, 0, 4, 0, 0);
	wave(&l, 0, 4, 0, 0);
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].ready, 0); /* a third is not half */
	l.waves[0].returned = 2;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].ready, NOW);
	assert_int_equal(d.waves[1].opened, 0);
	l.waves[1].row = d.waves[1];
	l.now = NOW + 9 * MINUTE;
	campaign_decide(&p, &l, &d);
	assert_false(d.changed);
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(line, "wave canary: 2 of 3 returned, opens half in 1 minute");
	/* One relapses: the time begins anew. */
	l.waves[0].returned = 1;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].ready, 0);
	l.waves[0].returned = 2;
	l.now = NOW + 10 * MINUTE;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].opened, l.now);
	assert_int_equal(d.waves[2].opened, 0);
}

static void test_by_hand_waits_for_a_person(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;
	char line[200];

	(void)state;
	p.waves[1].by_hand = true;
	wave(&l, 5, 2, 2, 0);
	wave(&l, 0, 4, 0, 0);
	wave(&l, 0, 4, 0, 0);
	l.now = NOW + 1000 * MINUTE;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].opened, 0);
	assert_true(d.waves[0].done);
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(line, "wave canary: 2 of 2 returned; a person opens half");
}

static void test_empty_waves(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;
	char line[200];

	(void)state;
	wave(&l, 0, 0, 0, 0);
	wave(&l, 0, 0, 0, 0);
	wave(&l, 0, 0, 0, 0);
	campaign_decide(&p, &l, &d); /* nobody known: who turns up may be the canary */
	assert_int_equal(d.waves[0].opened, NOW);
	assert_int_equal(d.waves[1].opened, 0);
	assert_false(d.state_changed);
	/* Nobody can join them. */
	l.waves[2].machines = 5;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[2].opened, NOW);
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(line, "about to open wave canary");
}

/* Of a wave that anybody may join, or whose machines have no address yet, the first one is awaited;
 * one that chooses from the inventory takes who is there. */
static void test_empty_waves_that_may_grow(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;
	json_t *rings = json_pack("[s]", "canary"), *subnets = json_pack("[s]", "10.0.0.0/8");
	char line[200];

	(void)state;
	p.scope.all = true;
	p.waves[1].minutes = 0;
	wave(&l, 5, 0, 0, 0);
	wave(&l, 0, 4, 0, 0);
	wave(&l, 0, 0, 0, 0);
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].opened, 0);
	assert_int_equal(d.waves[1].ready, 0);
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(
	        line, "wave canary: no machine of it is known yet; half opens when 50 % are back");
	p.waves[0].lists.rings = rings;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].opened, NOW);
	p.scope.subnets = subnets;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].opened, 0);
	json_decref(rings);
	json_decref(subnets);
}

/* A wave opens for somebody: who turns up may still belong to the one before. */
static void test_no_wave_opens_for_nobody(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;
	char line[200];

	(void)state;
	p.scope.all = true;
	p.waves[1].minutes = 0;
	wave(&l, 5, 2, 1, 1);
	wave(&l, 0, 0, 0, 0);
	wave(&l, 0, 0, 0, 0);
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].ready, NOW);
	assert_int_equal(d.waves[1].opened, 0);
	l.waves[1].row = d.waves[1];
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(
	        line, "wave canary: 1 of 2 returned, 1 failed; half has no machine yet");
	l.waves[1].machines = 1;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].opened, NOW);
}

/* The clock goes back by an hour: the wait begins anew instead of lasting an hour longer. */
static void test_clock_set_back(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;

	(void)state;
	wave(&l, 5, 2, 2, 0);
	wave(&l, 0, 4, 0, 0);
	wave(&l, 0, 4, 0, 0);
	l.waves[1].row.ready = NOW + 60 * MINUTE;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].ready, NOW);
	assert_int_equal(d.waves[1].opened, 0);
	l.waves[1].row = d.waves[1];
	l.now = NOW + 10 * MINUTE;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].opened, l.now);
}

static void test_stop(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;

	(void)state;
	wave(&l, 5, 40, 9, 1);
	wave(&l, 0, 4, 0, 0);
	wave(&l, 0, 4, 0, 0);
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.state, CAMPAIGN_RUNNING); /* 10 %, but only one */
	l.judged_failed = 2;
	l.judged_returned = 19;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.state, CAMPAIGN_RUNNING); /* two, but under 10 % */
	l.judged_returned = 18;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.state, CAMPAIGN_STOPPED);
	assert_int_equal(d.reason, REASON_FAILURE_RATE);
	assert_non_null(strstr(d.text, "2 of 20"));
	/* It opens nothing in the same breath. */
	l.waves[0].returned = 40;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[1].opened, 0);
	p.stop_percent = 0;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.state, CAMPAIGN_RUNNING);
}

static void test_finish(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;

	(void)state;
	wave(&l, 5, 2, 2, 0);
	wave(&l, 6, 4, 3, 1);
	wave(&l, 7, 0, 0, 0);
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.state, CAMPAIGN_RUNNING);
	/* A person has put the failed one aside. */
	l.waves[1].failed = 0;
	l.waves[1].aside = 1;
	l.judged_failed = 0;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.state, CAMPAIGN_FINISHED);
	assert_true(d.state_changed);
	assert_string_equal(d.text, "every machine is back but 1 that people hold");
	l.waves[1].machines = 3;
	l.waves[1].aside = 0;
	p.dry_run = true;
	campaign_decide(&p, &l, &d);
	assert_string_equal(d.text, "every machine has been looked at");
	l.state = CAMPAIGN_PAUSED;
	campaign_decide(&p, &l, &d);
	assert_false(d.state_changed);
}

static void test_window(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;

	(void)state;
	p.from = NOW + 1;
	p.until = NOW + 10;
	wave(&l, 0, 2, 0, 0);
	wave(&l, 0, 4, 0, 0);
	wave(&l, 0, 4, 0, 0);
	campaign_decide(&p, &l, &d);
	assert_false(d.changed);
	l.now = NOW + 1;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[0].opened, l.now);
	assert_int_equal(
	        campaign_shut(CAMPAIGN_RUNNING, p.from, p.until, NOW), REASON_CAMPAIGN_NOT_NOW);
	assert_int_equal(campaign_shut(CAMPAIGN_RUNNING, p.from, p.until, NOW + 9), REASON_OK);
	assert_int_equal(campaign_shut(CAMPAIGN_PAUSED, 0, 0, NOW), REASON_CAMPAIGN_PAUSED);
	assert_int_equal(campaign_shut(CAMPAIGN_STOPPED, 0, 0, NOW), REASON_CAMPAIGN_STOPPED);
	assert_int_equal(campaign_shut(CAMPAIGN_FINISHED, 0, 0, NOW), REASON_CAMPAIGN_ENDED);
	assert_int_equal(campaign_shut(CAMPAIGN_DRAFT, 0, 0, NOW), REASON_CAMPAIGN_ENDED);
}

/* Who has not come yet may still come: it stays open until its time is over. */
static void test_open_ended(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;
	char line[200];

	(void)state;
	p.scope.all = true;
	wave(&l, 5, 2, 2, 0);
	wave(&l, 6, 4, 4, 0);
	wave(&l, 7, 0, 0, 0);
	assert_true(campaign_all_back(&l));
	campaign_decide(&p, &l, &d);
	assert_false(d.state_changed);
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(line, "6 of 6 machines returned, all that are known; waits for more "
	                          "until a person finishes it");
	p.until = NOW + 1;
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(line, "6 of 6 machines returned, all that are known; waits for more "
	                          "until its time is over");
	l.now = NOW + 1;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.state, CAMPAIGN_FINISHED);
	assert_int_equal(d.reason, REASON_OK);
	/* Two of a list have not shown themselves. */
	p.scope.all = false;
	p.until = 0;
	l.unseen = 2;
	campaign_decide(&p, &l, &d);
	assert_false(d.state_changed);
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(line, "6 of 6 machines returned, all that are known; waits for 2 of "
	                          "its list until a person finishes it");
	l.unseen = 0;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.state, CAMPAIGN_FINISHED);
}

/* Its time is over before all are back: nobody waits for ever in a campaign that opens nothing. */
static void test_time_over(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;

	(void)state;
	p.until = NOW;
	wave(&l, 5, 5, 3, 0);
	wave(&l, 0, 4, 0, 0);
	wave(&l, 0, 0, 0, 0);
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.state, CAMPAIGN_FINISHED);
	assert_int_equal(d.reason, REASON_CAMPAIGN_TIME_OVER);
	assert_string_equal(d.text, "3 of 9 machines were back");
	assert_int_equal(d.waves[1].opened, 0);
	l.state = CAMPAIGN_PAUSED; /* a person is at it */
	campaign_decide(&p, &l, &d);
	assert_false(d.state_changed);
}

static void test_start_order(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	struct campaign_decision d;

	(void)state;
	wave(&l, 5, 5, 0, 0);
	wave(&l, 0, 4, 0, 0);
	wave(&l, 0, 4, 0, 0);
	l.waves[0].lowest_rank = 2;
	l.waves[1].lowest_rank = 1;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[0].rank, 2);
	assert_int_equal(d.waves[1].rank, 0); /* its wave is not open */
	/* One of the first relapses: who was let on stays so. */
	l.waves[0].row = d.waves[0];
	l.waves[0].lowest_rank = 1;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[0].rank, 2);
	l.waves[0].lowest_rank = 0;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[0].rank, 2);
	p.start_order = false;
	campaign_decide(&p, &l, &d);
	assert_int_equal(d.waves[0].rank, INT_MAX);
}

static void test_lines(void **state)
{
	struct plan p = plan_of();
	struct campaign_look l = running();
	char line[200];

	(void)state;
	wave(&l, 5, 2, 1, 1);
	wave(&l, 0, 4, 0, 0);
	wave(&l, 0, 0, 0, 0);
	p.waves[1].returned_percent = 100;
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(
	        line, "wave canary: 1 of 2 returned, 1 failed; half opens when all are back");
	l.state = CAMPAIGN_FINISHED;
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(line, "1 of 6 machines returned");
	l.state = CAMPAIGN_DRAFT;
	campaign_line(&p, &l, line, sizeof(line));
	assert_string_equal(line, "not started");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_standing),
	        cmocka_unit_test(test_first_wave_opens_alone),
	        cmocka_unit_test(test_share_and_minutes),
	        cmocka_unit_test(test_by_hand_waits_for_a_person),
	        cmocka_unit_test(test_empty_waves),
	        cmocka_unit_test(test_empty_waves_that_may_grow),
	        cmocka_unit_test(test_no_wave_opens_for_nobody),
	        cmocka_unit_test(test_clock_set_back),
	        cmocka_unit_test(test_stop),
	        cmocka_unit_test(test_finish),
	        cmocka_unit_test(test_window),
	        cmocka_unit_test(test_open_ended),
	        cmocka_unit_test(test_time_over),
	        cmocka_unit_test(test_start_order),
	        cmocka_unit_test(test_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
