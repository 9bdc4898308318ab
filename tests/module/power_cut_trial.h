/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one repair is put through: every power cut of its commit; each then completed and undone,
 * with further cuts; each looked at as Windows would find it; each given to a fixer that has lost
 * the bundle, which must not make it worse. ntfscheck is the judge.
 */
#ifndef TESTS_MODULE_POWER_CUT_TRIAL_H
#define TESTS_MODULE_POWER_CUT_TRIAL_H

#include "tests/module/power_cut.h"
#include "tests/module/power_cut_look.h"

#define RANDOM_PARTS 64

/* What one repair was put through. */
struct trial {
	struct cut_disk disk;
	struct volume_target target;
	struct bundle *bundle;
	struct recipe recipe;
	enum plan_kind kind; /* that is expected */
	bool encrypted;      /* states are not looked at */
	bool replays; /* its journal is not clean: looking takes longer, fewer states are looked at
	               */
	struct sights sights;
	size_t states, cuts, looks;
	size_t repaired, refused, nothing_to_do; /* by sessions without the bundle */
};

/* Looks at the volume as it is now and counts what it is (sights may be NULL). */
static inline uint64_t look(struct trial *t, struct sights *sights)
{
	struct look look = t->replays ? look_replayed(&t->disk.dev, &t->target)
	                              : look_at(t->disk.bytes + t->target.partition.start,
	                                        t->target.partition.size);

	if (sights) {
		sights->states++;
		sights->with_findings += look.findings > 0;
		sights->torn += look.torn;
		sights->wrong += look.wrong;
	}
	return look.findings;
}

static inline void apply(struct trial *t, enum commit_direction direction)
{
	struct error err = {0};
	size_t written;

	if (repair_apply(&t->disk.dev, t->bundle, direction, &written, &err) < 0)
		fail_msg("%s: %s", reason_code(err.reason), err.text);
	cut_assert_side(&t->disk, direction != COMMIT_UNDO);
}

/* A cut in the middle of completing or undoing: what came next may be either, too. */
static inline void visit_second(void *context, const struct cut_state *state, bool in_order)
{
	struct trial *t = context;

	(void)in_order;
	t->cuts++;
	cut_set(&t->disk, state);
	apply(t, COMMIT_COMPLETE);
	cut_set(&t->disk, state);
	apply(t, COMMIT_UNDO);
}

static inline void cut_again(
        struct trial *t, const struct cut_state *state, enum commit_direction direction)
{
	int events[CUT_EVENTS];

	cut_set(&t->disk, state);
	apply(t, direction);
	size_t count = t->disk.event_count;
	memcpy(events, t->disk.events, count * sizeof(events[0]));
	cut_each(state, events, count, direction != COMMIT_UNDO, 0, visit_second, t);
}

/* The fixer is started anew and knows nothing of the bundle: it refuses, or what it repairs has no
 * finding that was not there before. */
static inline void repair_without_bundle(struct trial *t, uint64_t before)
{
	struct plan *plan;
	struct error err = {0};

	if (plan_make(&t->disk.dev, &t->target, &t->recipe, &plan, &err) < 0) {
		t->refused++;
		return;
	}
	if (plan->reason != REASON_OK) {
		bool fine = strcmp(reason_severity(plan->reason), "ok") == 0;
		*(fine ? &t->nothing_to_do : &t->refused) += 1;
		plan_free(plan);
		return;
	}
	for (size_t i = 0; i < plan->run_count; i++)
		memcpy(t->disk.bytes + plan->runs[i].lba * plan->sector_size,
		        plan->runs[i].new_bytes, (size_t)plan->runs[i].count * plan->sector_size);
	uint64_t after = look(t, NULL);
	if (after > before)
		fail_msg("%ju findings after a second repair, %ju before", after, before);
	t->repaired++;
	for (size_t i = 0; i < plan->run_count; i++)
		memcpy(t->disk.bytes + plan->runs[i].lba * plan->sector_size,
		        plan->runs[i].old_bytes, (size_t)plan->runs[i].count * plan->sector_size);
	plan_free(plan);
}

static inline bool is_looked_at(struct trial *t, bool in_order)
{
	if (t->encrypted || (t->replays && !in_order))
		return false;
	return !t->replays || t->looks++ % 5 == 0;
}

static inline void visit_first(void *context, const struct cut_state *state, bool in_order)
{
	struct trial *t = context;
	/* Of a plan of many sectors not each cut is cut again. */
	size_t step = t->disk.sector_count < 64 ? 1 : t->disk.sector_count / 8;

	if (in_order && t->states % step == 0) {
		cut_again(t, state, COMMIT_COMPLETE);
		cut_again(t, state, COMMIT_UNDO);
	} else {
		visit_second(t, state, false);
	}
	t->states++;
	if (!is_looked_at(t, in_order))
		return;
	cut_set(&t->disk, state);
	uint64_t findings = look(t, &t->sights);
	if (in_order)
		repair_without_bundle(t, findings);
}

/* How it would be without stages: for the figures only. */
static inline void visit_unstaged(void *context, const struct cut_state *state, bool in_order)
{
	struct trial *t = context;

	if (!is_looked_at(t, in_order))
		return;
	cut_set(&t->disk, state);
	(void)look(t, &t->sights);
}

static inline void show_sights(const char *what, const struct sights *s)
{
	print_message(
	        "    %s: of %zu states %zu sound, %zu with lost space only, %zu torn, %zu wrong\n",
	        what, s->states, s->states - s->with_findings,
	        s->with_findings - s->torn - s->wrong, s->torn, s->wrong);
}

static inline void tell(struct trial *t, const char *name, const struct plan *plan, size_t flushes)
{
	static const struct cut_state untouched;
	int events[CUT_SECTORS];

	print_message("%s: %s, %zu sectors, %zu flushes: %zu states, %zu cuts in all\n", name,
	        plan_kind_name(plan->kind), plan->sector_count, flushes, t->states,
	        t->states + t->cuts);
	if (t->encrypted)
		return;
	print_message("    started anew without the bundle: %zu repaired, %zu nothing to do, %zu "
	              "refused\n",
	        t->repaired, t->nothing_to_do, t->refused);
	show_sights("left to Windows", &t->sights);
	/* Half renamed, a file has two names: nothing else is on the way then. */
	if (plan->kind != PLAN_RENAME)
		assert_int_equal(t->sights.wrong, 0);
	for (size_t i = 0; i < t->disk.sector_count; i++)
		events[i] = (int)i;
	t->sights = (struct sights){0};
	t->looks = 0;
	cut_each(&untouched, events, t->disk.sector_count, true, RANDOM_PARTS, visit_unstaged, t);
	show_sights("in ascending order", &t->sights);
}

/* Makes the plan and its bundle, checks both ends, and goes through every cut of the commit. */
static inline void run_trial(struct trial *t, const char *name)
{
	static const struct cut_state untouched;
	struct partition_table table;
	struct error err = {0};
	struct plan *plan;
	int events[CUT_EVENTS];
	size_t written;

	if (plan_make(&t->disk.dev, &t->target, &t->recipe, &plan, &err) < 0)
		fail_msg("%s: %s", reason_code(err.reason), err.text);
	if (plan->reason != REASON_OK || plan->kind != t->kind)
		fail_msg("%s: %s: %s", name, reason_code(plan->reason), plan->text);
	assert_int_equal(partition_table_read(&t->disk.dev, &table, &err), 0);
	const struct bundle_origin origin = {.host = name,
	        .recipe = t->recipe.name,
	        .table = &table,
	        .disk_size = t->disk.dev.size,
	        .partition = t->target.partition.number,
	        .volume_id = ""};
	assert_int_equal(bundle_encode(plan, &origin, &t->bundle, &err), 0);
	cut_expect(&t->disk, t->bundle->runs, t->bundle->run_count);
	cut_assert_side(&t->disk, false);
	if (!t->encrypted)
		assert_int_equal(look(t, NULL), 0);
	if (commit_runs(&t->disk.dev, t->bundle->runs, t->bundle->run_count, COMMIT_FIRST, &written,
	            &err) < 0)
		fail_msg("%s", err.text);
	cut_assert_side(&t->disk, true);
	assert_int_equal(plan_verify(&t->disk.dev, &t->target, plan, &err), 0);
	if (!t->encrypted)
		assert_int_equal(look(t, NULL), 0);

	size_t count = t->disk.event_count;
	memcpy(events, t->disk.events, count * sizeof(events[0]));
	cut_each(&untouched, events, count, true, RANDOM_PARTS, visit_first, t);
	tell(t, name, plan, count - plan->sector_count);
	plan_free(plan);
}

static inline void end_trial(struct trial *t)
{
	bundle_free(t->bundle);
	block_close(&t->disk.dev);
}

#endif
