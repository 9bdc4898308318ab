/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Campaigns on a store: machines join, are opened and shut, come back; what is known of one that is
 * over stays. */
#include "tests/unit/campaign_fixture.h"

#include "appliance/fleet/operator.h"

static int event_keep(const struct store_event *e, void *context)
{
	*(struct store_event *)context = *e;
	return 0;
}

#define TWO_WAVES TWO_WAVES_OF("july")

static void test_line(void **state)
{
	struct fixture *f = *state;
	int64_t a = machine(f, 1), b = machine(f, 2), c = machine(f, 3), unaligned = -1;
	struct store_event last;

	int64_t id = create(f, TWO_WAVES);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_PAUSE, NOW), -EPERM);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	expect(f, a, STATE_seen, REASON_OK, true);
	expect(f, b, STATE_seen, REASON_OK, true);
	expect(f, c, STATE_seen, REASON_WAVE_NOT_OPEN, false);
	assert_int_equal(store_campaign_unaligned(f->store, id, REASON_OK, &unaligned), 0);
	assert_int_equal(unaligned, 0);
	assert_int_equal(store_events(f->store, a, 1, event_keep, &last), 0);
	assert_string_equal(last.step, "campaign");
	assert_string_equal(last.text, "wave canary");
	assert_int_equal(get(f, a).changed, last.seq);

	/* One that waits in front of the fixer stays there; one at work keeps its state. */
	put(f, a, STATE_held, REASON_OK);
	put(f, b, STATE_planning, REASON_OK);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_PAUSE, NOW), 0);
	expect(f, a, STATE_held, REASON_CAMPAIGN_PAUSED, false);
	expect(f, b, STATE_planning, REASON_OK, false);
	expect(f, c, STATE_seen, REASON_CAMPAIGN_PAUSED, false);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_RESUME, NOW), 0);
	expect(f, a, STATE_seen, REASON_OK, true);
	expect(f, b, STATE_planning, REASON_OK, true);
	expect(f, c, STATE_seen, REASON_WAVE_NOT_OPEN, false);

	put(f, a, STATE_returned, REASON_RETURNED);
	put(f, b, STATE_attention, REASON_NTFS_DAMAGED);
	assert_int_equal(advance(f, id, NOW + 2), CAMPAIGN_STOPPED);
	expect(f, c, STATE_seen, REASON_CAMPAIGN_STOPPED, false);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_RESUME, NOW + 3), 0);
	assert_int_equal(advance(f, id, NOW + 4), CAMPAIGN_RUNNING);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_RETRY, NOW + 5), 0);
	expect(f, b, STATE_seen, REASON_OK, true);
	put(f, b, STATE_returned, REASON_RETURNED);
	assert_int_equal(advance(f, id, NOW + 6), CAMPAIGN_RUNNING);
	expect(f, c, STATE_seen, REASON_OK, true);
	/* All that are known are back; who knows whether that is all. */
	assert_int_equal(act(f, id, CAMPAIGN_VERB_FINISH, NOW + 6), -EPERM);
	put(f, c, STATE_returned, REASON_RETURNED);
	assert_int_equal(advance(f, id, NOW + 7), CAMPAIGN_RUNNING);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_FINISH, NOW + 8), 0);
	assert_int_equal(advance(f, id, NOW + 9), CAMPAIGN_FINISHED);
}

static void test_kept_report(void **state)
{
	struct fixture *f = *state;
	json_t *before, *after, *report;

	int64_t a = machine(f, 1);
	(void)machine(f, 2);
	int64_t first = create(f, TWO_WAVES);
	assert_int_equal(act(f, first, CAMPAIGN_VERB_START, NOW), 0);
	put(f, a, STATE_returned, REASON_RETURNED);
	assert_int_equal(act(f, first, CAMPAIGN_VERB_ABORT, NOW + 2), 0);
	assert_int_equal(campaign_show(f->store, first, NOW + 3, &before), 0);
	int64_t second = create(f, "{\"name\":\"august\",\"scope\":{\"all\":true}}");
	assert_int_equal(act(f, second, CAMPAIGN_VERB_START, NOW + 3), 0);
	assert_int_equal(get(f, a).campaign, second);
	assert_int_equal(campaign_show(f->store, first, NOW + 9, &after), 0);
	assert_true(json_equal(before, after));
	assert_int_equal(campaign_report(f->store, first, NOW + 9, &report), 0);
	assert_int_equal(json_array_size(json_object_get(report, "machines")), 2);
	assert_int_equal(json_array_size(json_object_get(report, "decisions")), 4);
	json_decref(before);
	json_decref(after);
	json_decref(report);

	/* What is kept is not looked at again, however many machines leave one by one. */
	int64_t *ids;
	size_t count = 9;
	assert_int_equal(store_campaign_unkept(f->store, &ids, &count), 0);
	assert_int_equal(count, 0);
	assert_null(ids);
	assert_int_equal(act(f, second, CAMPAIGN_VERB_ABORT, NOW + 10), 0);
	assert_int_equal(store_campaign_unkept(f->store, &ids, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(ids[0], second);
	free(ids);
	const struct fleet_order add = {
	        .verb = DEED_ADD, .machines = &a, .count = 1, .text = "", .chosen = ""};
	assert_int_equal(fleet_act(f->store, &anna, &add, &count), 0);
	assert_int_equal(get(f, a).campaign, 0);
	assert_int_equal(campaign_report(f->store, second, NOW + 11, &report), 0);
	assert_int_equal(json_array_size(json_object_get(report, "machines")), 2);
	json_decref(report);
}

#define REPAIR "{\"name\":\"repair\",\"scope\":{\"all\":true}}"

/* How many a preview tells of. */
static size_t problems(struct fixture *f, const char *text)
{
	struct plan p;
	struct error err = {0};
	json_t *preview;

	assert_int_equal(plan_parse(text, strlen(text), &p, &err), 0);
	assert_int_equal(campaign_preview(f->store, &p, NOW, &preview), 0);
	plan_clear(&p);
	size_t count = json_array_size(json_object_get(preview, "problems"));
	json_decref(preview);
	return count;
}

/* First a dry run, then for good: the machine that was looked at is one to repair. */
static void test_after_a_dry_run(void **state)
{
	struct fixture *f = *state;
	int64_t a = machine(f, 1);
	int64_t dry = create(f, "{\"name\":\"look\",\"scope\":{\"all\":true},\"dry_run\":true}");
	struct machine m;

	assert_int_equal(act(f, dry, CAMPAIGN_VERB_START, NOW), 0);
	put(f, a, STATE_rebooting, REASON_WOULD_REPAIR);
	m = get(f, a);
	m.done = true;
	assert_int_equal(store_begin(f->store, false), 0);
	assert_int_equal(store_machine_save(f->store, &m), 0);
	assert_int_equal(store_commit(f->store), 0);
	assert_int_equal(act(f, dry, CAMPAIGN_VERB_FINISH, NOW + 2), 0);
	assert_int_equal(problems(f, REPAIR), 0);
	int64_t id = create(f, REPAIR);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW + 3), 0);
	expect(f, a, STATE_seen, REASON_OK, true);
	assert_false(get(f, a).done);
}

/* A machine of the plan by its serial, at its first boot: nothing of it is in the store yet. */
static void test_admitted_by_what_it_says(void **state)
{
	struct fixture *f = *state;
	int64_t id = create(f, "{\"name\":\"one\",\"scope\":{\"machines\":[\"SN7\"]}}");
	struct machine stranger = get(f, machine(f, 1)), meant = get(f, machine(f, 2));

	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	(void)snprintf(stranger.serial, sizeof(stranger.serial), "SN8");
	(void)snprintf(meant.serial, sizeof(meant.serial), "SN7");
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(campaign_admit(f->store, &stranger, NOW), 0);
	assert_int_equal(campaign_admit(f->store, &meant, NOW), 0);
	assert_int_equal(store_commit(f->store), 0);
	assert_int_equal(stranger.campaign, 0);
	assert_int_equal(meant.campaign, id);
}

static void test_later_and_names(void **state)
{
	struct fixture *f = *state;
	struct store_campaign c;
	struct plan p;
	struct error err = {0};
	int64_t id = create(f, TWO_WAVES), joined = 0, other;

	assert_int_equal(plan_parse(TWO_WAVES, strlen(TWO_WAVES), &p, &err), 0);
	assert_int_equal(campaign_create(f->store, &p, &anna, NOW, &other), -EEXIST);
	assert_int_equal(act(f, id, CAMPAIGN_VERB_START, NOW), 0);
	for (int i = 1; i <= 3; i++)
		(void)machine(f, i);
	assert_int_equal(store_campaign_get(f->store, id, &c), 0);
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(campaign_gather_later(f->store, &c, &p, NOW, &joined), 0);
	assert_int_equal(store_commit(f->store), 0);
	assert_int_equal(joined, 3);
	assert_int_equal(get(f, 2).wave, 1);
	assert_int_equal(get(f, 3).wave, 2);
	store_campaign_free(&c);
	plan_clear(&p);
	assert_int_equal(campaign_delete(f->store, id, &anna, NOW), -EPERM);
	id = create(f, "{\"name\":\"gone\",\"scope\":{\"all\":true}}");
	assert_int_equal(campaign_delete(f->store, id, &anna, NOW), 0);
	assert_int_equal(store_campaign_get(f->store, id, &c), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        STORE_TEST(test_line),
	        STORE_TEST(test_kept_report),
	        STORE_TEST(test_after_a_dry_run),
	        STORE_TEST(test_admitted_by_what_it_says),
	        STORE_TEST(test_later_and_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
