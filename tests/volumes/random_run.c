/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One number: make, repair, judge, undo. */
#include "tests/volumes/random.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char recipe_text[] =
        "[recipe]\nname = random\n[match]\npath = " RANDOM_FOLDER "\nglob = C-00000291*.sys\n"
        "modified-from = 2024-07-19T04:09:00Z\nmodified-to = 2024-07-19T05:27:00Z\n"
        "when-outside-window = skip\n[action]\ndo = %s\nunclean-journal = %s\n";

/* Keeps the bundle as an appliance would: bytes, read again when they are needed. */
static int save(void *context, const struct bundle *bundle, struct error *err)
{
	return bundle_decode(bundle->bytes, bundle->len, context, err);
}

static bool complain(struct judgement *j, const char *what, const char *text)
{
	(void)snprintf(j->text, sizeof(j->text), "%s: %s", what, text);
	return false;
}

/* What may come of a volume where there is something to do: design section 7, step 4. */
static bool may_be(const struct random_case *c, const struct repair_result *r)
{
	bool settled = !c->journal && !c->dirty, remove = c->action == ACTION_REMOVE;
	bool may_replay = remove && c->journal && !c->dirty && c->unclean == UNCLEAN_REPLAY;

	switch (r->reason) {
	case REASON_REPAIRED:
		return remove && r->plan->kind == (settled ? PLAN_DELETE : PLAN_REPLAY_DELETE) &&
		       (settled || may_replay);
	case REASON_RENAMED:
		return !(remove && settled) && r->plan->kind == PLAN_RENAME;
	case REASON_RENAME_UNSAFE:
		return !(remove && settled) && !may_replay;
	case REASON_NTFS_PENDING:
		return c->pending_beside && !may_replay;
	default:
		return false;
	}
}

static bool expected(const struct random_case *c, const struct repair_result *r,
        struct random_totals *t, struct judgement *j)
{
	char why[512];
	size_t acted = 0;

	(void)snprintf(why, sizeof(why), "%s: %s", reason_code(r->reason), r->text);
	for (size_t i = 0; r->plan && i < r->plan->file_count; i++)
		acted += r->plan->files[i].acted;
	if (c->act_count == 0) {
		t->nothing++;
		return r->reason == REASON_NO_BAD_FILE || r->reason == REASON_OUTSIDE_WINDOW ||
		       complain(j, "nothing to find", why);
	}
	if (!may_be(c, r))
		return complain(j, "result", why);
	t->unsafe += r->reason == REASON_RENAME_UNSAFE;
	t->pending += r->reason == REASON_NTFS_PENDING;
	if (!repair_is_done(r->reason))
		return true;
	if (acted != c->act_count || r->written != WRITTEN_ALL)
		return complain(j, "not all of it", why);
	t->by_plan[r->plan->kind]++;
	t->files_acted += (unsigned)acted;
	return true;
}

/* settled: the volume before, replayed. */
static bool judge_after(const struct random_case *c, const struct snapshot *settled,
        const struct repair_result *result, struct judgement *j)
{
	struct snapshot after CLEANUP(snapshot_free) = {0};
	bool replay = c->journal && result->plan->kind == PLAN_RENAME;

	if ((replay ? snapshot_take_replayed : snapshot_take)(c->image, &after) < 0)
		return complain(j, "image", "cannot be read again");
	return judge_check(&after, "after the repair: ", j) &&
	       judge_effect(settled, &after, result->plan, j);
}

static bool undo(const struct random_case *c, const struct snapshot *before,
        const struct bundle *bundle, struct judgement *j)
{
	struct error err = {0};
	size_t written;

	if (repair_undo(c->image, bundle, &written, &err) < 0)
		return complain(j, "undo", err.text);
	return snapshot_equals(before, c->image) ||
	       complain(j, "undo", "the volume is not as it was before");
}

static bool repair(const struct random_case *c, const struct snapshot *before,
        const struct snapshot *settled, struct random_totals *totals, struct judgement *j)
{
	struct bundle *bundle CLEANUP(bundle_free_p) = NULL;
	const struct repair_ops ops = {.save = save, .context = &bundle};
	const struct repair_options options = {.host = "random", .sector_size = c->sector};
	const struct volume_target target = {.partition = {.size = c->size}};
	struct repair_result result CLEANUP(repair_result_clear) = {0};
	struct recipe recipe;
	char text[512];

	int len = snprintf(text, sizeof(text), recipe_text,
	        c->action == ACTION_RENAME ? "rename" : "remove",
	        c->unclean == UNCLEAN_RENAME ? "rename" : "replay");
	if (recipe_parse(text, (size_t)len, &recipe, NULL) < 0)
		return complain(j, "recipe", "cannot be read");
	(void)repair_volume(c->image, &target, &recipe, &options, &ops, &result, NULL);
	if (!expected(c, &result, totals, j))
		return false;
	if (!bundle)
		return snapshot_equals(before, c->image) ||
		       complain(j, "no repair", "but the volume is another");
	return judge_after(c, settled, &result, j) && undo(c, before, bundle, j);
}

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

bool random_run(struct random_case *c, uint64_t seed, unsigned number, const char *image,
        struct random_totals *totals, struct judgement *j)
{
	struct snapshot before CLEANUP(snapshot_free) = {0};
	struct snapshot settled CLEANUP(snapshot_free) = {0};
	double started = now();

	j->text[0] = 0;
	totals->made++;
	int r = random_make(c, seed, number, image);
	if (r == 0)
		r = snapshot_take(image, &before);
	if (r == 0 && c->journal)
		r = snapshot_take_replayed(image, &settled);
	const struct snapshot *seen = c->journal ? &settled : &before; /* as Windows will */
	totals->unclean += c->journal > 0;
	totals->dirty += c->dirty;
	bool fine = r < 0 ? complain(j, "making it", strerror(-r))
	                  : judge_check(seen, "before the repair: ", j);
	if (r == 0 && !fine && c->pending) {
		totals->discarded++;
		fine = true;
	} else if (fine) {
		fine = repair(c, &before, seen, totals, j);
	}
	totals->failed += !fine;
	totals->seconds += now() - started;
	return fine;
}
