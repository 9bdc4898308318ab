/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Campaigns, waves and counts in the store: each function, on both databases. */
#include "appliance/store/campaigns.h"
#include "appliance/store/counts.h"
#include "tests/unit/store_fixture.h"

#include <errno.h>

static int64_t campaign_make(struct fixture *f, const char *name)
{
	char plan[] = "{}", recipe[] = "[recipe]", report[] = "";
	struct store_campaign c = {.created = 3,
	        .created_by = "anna",
	        .approval = "config",
	        .plan = plan,
	        .recipe = recipe,
	        .report = report};
	const struct store_wave waves[] = {
	        {.number = 1, .name = "canary", .opened = 5}, {.number = 2, .name = "rest"}};
	int64_t id = 0;

	(void)snprintf(c.name, sizeof(c.name), "%s", name);
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_campaign_add(f->store, &c, &id), 0);
	assert_int_equal(store_waves_set(f->store, id, waves, 2), 0);
	assert_int_equal(store_wave_save(f->store, id, &waves[0]), 0);
	assert_int_equal(store_commit(f->store), 0);
	return id;
}

static void test_campaigns_and_waves(void **state)
{
	struct fixture *f = *state;
	int64_t id = campaign_make(f, "one"), other = campaign_make(f, "two"), *ids, changed, now;
	struct store_campaign c;
	struct store_wave waves[WAVES_MAX];
	size_t count;

	assert_int_equal(store_campaign_get(f->store, id, &c), 0);
	assert_string_equal(c.name, "one");
	assert_string_equal(c.plan, "{}");
	assert_int_equal(c.state, CAMPAIGN_DRAFT);
	c.state = CAMPAIGN_RUNNING;
	c.dry_run = true;
	assert_int_equal(store_campaigns_changed(f->store, &changed), 0);
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_campaign_save(f->store, &c), 0);
	assert_int_equal(store_commit(f->store), 0);
	store_campaign_free(&c);
	assert_int_equal(store_campaigns_changed(f->store, &now), 0);
	assert_true(now > changed);
	assert_int_equal(store_campaign_ids(f->store, true, &ids, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(ids[0], id);
	free(ids);
	assert_int_equal(store_campaign_ids(f->store, false, &ids, &count), 0);
	assert_int_equal(count, 2);
	free(ids);
	assert_int_equal(store_waves(f->store, id, waves, &count), 0);
	assert_int_equal(count, 2);
	waves[1].opened = 7;
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_wave_save(f->store, id, &waves[1]), 0);
	assert_int_equal(store_campaign_delete(f->store, other), 0);
	assert_int_equal(store_commit(f->store), 0);
	assert_int_equal(store_waves(f->store, id, waves, &count), 0);
	assert_int_equal(waves[1].opened, 7);
	assert_int_equal(store_campaign_get(f->store, other, &c), -ENOENT);
}

static int candidate_each(const struct store_candidate *c, void *context)
{
	int *count = context;

	assert_true(c->id > 0);
	(*count)++;
	return 0;
}

static int group_each(const struct store_group *group, void *context)
{
	int64_t *sum = context;

	*sum += group->count;
	return 0;
}

static int step_each(const struct store_step *step, void *context)
{
	(void)step;
	(void)context;
	return 0;
}

static int count_each(const struct store_count *count, void *context)
{
	int64_t *sum = context;

	*sum += count->machines;
	return 0;
}

static int state_each(const char *name, int64_t count, void *context)
{
	int64_t *sum = context;

	assert_true(name[0] != 0);
	*sum += count;
	return 0;
}

static void machine_join(struct fixture *f, const char *mac, int64_t campaign, int wave)
{
	struct machine m;

	assert_int_equal(store_machine_get(f->store, machine_make(f, mac), &m), 0);
	m.campaign = campaign;
	m.wave = wave;
	m.attempt = 2;
	assert_int_equal(store_machine_save(f->store, &m), 0);
}

static void test_machines_of_a_campaign(void **state)
{
	struct fixture *f = *state;
	int64_t id = campaign_make(f, "one"), sizes[WAVES_MAX + 1], changed, sum = 0, *numbers;
	struct store_turn turn;
	struct store_candidate one;
	size_t count;
	int all = 0, later = 0, rank;

	machine_join(f, "52:54:00:00:00:01", id, 1);
	machine_join(f, "52:54:00:00:00:02", id, 2);
	assert_int_equal(store_campaign_turn(f->store, id, 1, &turn), 0);
	assert_int_equal(turn.opened, 5);
	assert_int_equal(store_campaign_turn(f->store, id, 9, &turn), -ENOENT);
	assert_int_equal(store_campaign_groups(f->store, id, true, 0, 100, group_each, &sum), 0);
	assert_int_equal(sum, 2);
	assert_int_equal(store_campaign_machines(f->store, id, 0, &numbers, &count), 0);
	assert_int_equal(count, 2);
	free(numbers);
	assert_int_equal(store_campaign_machines(f->store, id, 2, &numbers, &count), 0);
	assert_int_equal(count, 1);
	free(numbers);
	assert_int_equal(store_campaign_sizes(f->store, id, sizes), 0);
	assert_int_equal(sizes[1] + sizes[2], 2);
	assert_int_equal(store_campaign_next_rank(f->store, id, 1, 0, &rank), -ENOENT);
	assert_int_equal(store_candidates(f->store, false, candidate_each, &all), 0);
	assert_int_equal(store_candidates(f->store, true, candidate_each, &later), 0);
	assert_int_equal(all, 2);
	assert_int_equal(store_candidate(f->store, 1, &one), 0);
	assert_int_equal(store_campaign_unaligned(f->store, id, REASON_OK, &changed), 0);
	int64_t unaligned = changed;
	assert_int_equal(store_begin(f->store, true), 0);
	assert_int_equal(store_campaign_align(f->store, id, 50, REASON_OK, &changed), 0);
	assert_int_equal(store_commit(f->store), 0);
	assert_int_equal(changed, unaligned);
	assert_int_equal(store_campaign_unaligned(f->store, id, REASON_OK, &changed), 0);
	assert_int_equal(changed, 0);
	assert_int_equal(store_campaign_steps(f->store, id, 0, step_each, NULL), 0);
}

static void test_counts(void **state)
{
	struct fixture *f = *state;
	int64_t id = campaign_make(f, "one"), machines = 0, of_campaign = 0, campaigns = 0,
	        attempts;

	machine_join(f, "52:54:00:00:00:01", id, 1);
	(void)machine_make(f, "52:54:00:00:00:02");
	assert_int_equal(store_counts(f->store, count_each, &machines), 0);
	assert_int_equal(machines, 2);
	assert_int_equal(store_campaign_counts(f->store, count_each, &of_campaign), 0);
	assert_int_equal(of_campaign, 1);
	assert_int_equal(store_campaign_states(f->store, state_each, &campaigns), 0);
	assert_int_equal(campaigns, 1);
	assert_int_equal(store_attempts(f->store, &attempts), 0);
	assert_int_equal(attempts, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        STORE_TEST(test_campaigns_and_waves),
	        STORE_TEST(test_machines_of_a_campaign),
	        STORE_TEST(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
