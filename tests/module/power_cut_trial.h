/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What one repair is put through: every power cut of its commit; each then completed and undone,
 * with further cuts; each looked at as Windows would find it; each given to a fixer that has lost
 * the bundle, which must not make it worse. ntfscheck is the judge.
 */
#ifndef TESTS_MODULE_POWER_CUT_TRIAL_H
#define TESTS_MODULE_POWER_CUT_TRIAL_H

#include "tests/module/power_cut.h"

#define RANDOM_PARTS 64

/* What a state is for a Windows that starts before the next session. */
struct sights {
	size_t states, with_findings;
	size_t torn;  /* a record or block is in pieces: Windows sees that, and chkdsk mends it */
	size_t wrong; /* whole, but two things contradict each other: what is written next may harm
	               */
};

/* What one repair was put through. */
struct trial {
	struct cut_disk disk;
	struct volume_target target;
	struct bundle *bundle;
	struct recipe recipe;
	size_t volume_start, volume_size;
	struct sights sights;
	size_t states, cuts;
	size_t repaired, refused, nothing_to_do; /* by sessions without the bundle */
};

/* A lost file, whole or not, and lost clusters or records harm nobody. */
static inline bool is_harmless(const char *finding)
{
	static const char *const harmless[] = {
	        "name-without-entry:", "unreachable:", "are nobody's, but marked",
	        "marked, but not in use", "index-bitmap:", "extent:", "attribute-list:"};

	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (strstr(finding, harmless[i]))
			return true;
	return false;
}

/* Findings of the checker, and into which of the sights the state falls (sights may be NULL). */
static inline int look(const struct trial *t, struct sights *sights)
{
	char *text = NULL, *line, *rest;
	bool torn, wrong = false, lost_mark;
	size_t len;
	FILE *report = open_memstream(&text, &len);

	assert_non_null(report);
	int count = ntfscheck(t->disk.bytes + t->volume_start, t->volume_size, report);
	assert_int_equal(fclose(report), 0);
	torn = strstr(text, "torn write");
	lost_mark = strstr(text, "in use, but not marked");
	rest = text;
	while ((line = strsep(&rest, "\n")) && *line)
		wrong = wrong || !is_harmless(line);
	free(text);
	if (sights) {
		sights->states++;
		sights->with_findings += count > 0;
		sights->torn += torn && !lost_mark;
		sights->wrong += lost_mark || (wrong && !torn);
	}
	return count;
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
static inline void repair_without_bundle(struct trial *t, int before)
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
	int after = look(t, NULL);
	if (after > before)
		fail_msg("%d findings after a second repair, %d before", after, before);
	t->repaired++;
	for (size_t i = 0; i < plan->run_count; i++)
		memcpy(t->disk.bytes + plan->runs[i].lba * plan->sector_size,
		        plan->runs[i].old_bytes, (size_t)plan->runs[i].count * plan->sector_size);
	plan_free(plan);
}

static inline void visit_first(void *context, const struct cut_state *state, bool in_order)
{
	struct trial *t = context;

	t->states++;
	if (in_order) {
		cut_again(t, state, COMMIT_COMPLETE);
		cut_again(t, state, COMMIT_UNDO);
	} else {
		visit_second(t, state, false);
	}
	if (t->volume_size == 0)
		return;
	cut_set(&t->disk, state);
	int count = look(t, &t->sights);
	if (in_order)
		repair_without_bundle(t, count);
}

/* How it would be without stages: for the figures only. */
static inline void visit_unstaged(void *context, const struct cut_state *state, bool in_order)
{
	struct trial *t = context;

	(void)in_order;
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
	if (t->volume_size == 0)
		return;
	print_message("    started anew without the bundle: %zu repaired, %zu nothing to do, %zu "
	              "refused\n",
	        t->repaired, t->nothing_to_do, t->refused);
	show_sights("left to Windows", &t->sights);
	if (plan->kind == PLAN_DELETE)
		assert_int_equal(t->sights.wrong, 0);
	for (size_t i = 0; i < t->disk.sector_count; i++)
		events[i] = (int)i;
	t->sights = (struct sights){0};
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
	if (plan->reason != REASON_OK)
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
	if (t->volume_size)
		assert_int_equal(look(t, NULL), 0);
	if (commit_runs(&t->disk.dev, t->bundle->runs, t->bundle->run_count, COMMIT_FIRST, &written,
	            &err) < 0)
		fail_msg("%s", err.text);
	cut_assert_side(&t->disk, true);
	assert_int_equal(plan_verify(&t->disk.dev, &t->target, plan, &err), 0);
	if (t->volume_size)
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
