/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every state a volume can be in, with every recipe: which plan, or which refusal. The rows are the
 * rule, first fit first; a volume and recipe that no row fits fail the test. */
#include "fixer/repair/plan_choose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum truth { NO, YES, ANY };
enum journals { SETTLED = 1, WAITING = 2, DAMAGED = 4, EVERY = 7 };

#define OF(what)    (1u << (what))
#define ALL_DO      7u
#define ALL_UNCLEAN 7u
#define REMOVE      OF(ACTION_REMOVE)

static const struct rule {
	enum journals journals;
	enum truth dirty, hibernated, mirror;
	unsigned actions, policies;
	enum plan_kind kind;
	bool or_replay;
	enum reason reason;
} rules[] = {
        {EVERY, ANY, YES, ANY, ALL_DO, ALL_UNCLEAN, PLAN_NONE, false, REASON_NTFS_HIBERNATED},
        {DAMAGED, ANY, NO, ANY, ALL_DO, ALL_UNCLEAN, PLAN_NONE, false, REASON_NTFS_JOURNAL_DAMAGED},
        {SETTLED, ANY, NO, YES, ALL_DO, ALL_UNCLEAN, PLAN_NONE, false, REASON_NTFS_MIRROR_DIFFERS},
        {WAITING, ANY, NO, ANY, ALL_DO, OF(UNCLEAN_REFUSE), PLAN_NONE, false, REASON_NTFS_UNCLEAN},
        {SETTLED, YES, NO, NO, REMOVE, OF(UNCLEAN_REFUSE), PLAN_NONE, false, REASON_NTFS_DIRTY},
        {SETTLED, NO, NO, NO, REMOVE, ALL_UNCLEAN, PLAN_DELETE, false, REASON_OK},
        {WAITING, NO, NO, NO, REMOVE, OF(UNCLEAN_REPLAY), PLAN_RENAME, true, REASON_OK},
        {SETTLED | WAITING, ANY, NO, ANY, ALL_DO, ALL_UNCLEAN, PLAN_RENAME, false, REASON_OK},
};

static bool fits(enum truth want, bool is)
{
	return want == ANY || is == (want == YES);
}

static enum journals group_of(enum journal_state journal)
{
	if (journal == JOURNAL_DAMAGED)
		return DAMAGED;
	return journal == JOURNAL_CLEAN || journal == JOURNAL_EMPTY ? SETTLED : WAITING;
}

static const struct rule *rule_of(const struct ntfs_facts *f, const struct recipe *recipe)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *r = &rules[i];
		if ((r->journals & group_of(f->journal)) && fits(r->dirty, f->flags & 1) &&
		        fits(r->hibernated, f->hibernated) && fits(r->mirror, f->mirror_differs) &&
		        (r->actions & OF(recipe->action)) && (r->policies & OF(recipe->unclean)))
			return r;
	}
	fail_msg("no rule");
	return NULL;
}

static void check(const struct ntfs_facts *facts, const struct recipe *recipe)
{
	const struct rule *want = rule_of(facts, recipe);
	struct plan_choice got;

	plan_choose(facts, recipe, &got);
	enum reason reason = got.refusal.code ? got.refusal.reason : REASON_OK;
	if (got.kind != want->kind || got.or_replay != want->or_replay || reason != want->reason)
		fail_msg("%s%s%s, do %d, unclean %d: %s, %s", got.state,
		        facts->hibernated ? ", hibernated" : "",
		        facts->mirror_differs ? ", mirror" : "", recipe->action, recipe->unclean,
		        plan_kind_name(got.kind), reason_code(reason));
	assert_int_equal(got.refusal.code < 0, got.kind == PLAN_NONE);
	assert_non_null(strstr(got.state, journal_state_name(facts->journal)));
	assert_int_equal(strstr(got.state, "dirty") != NULL, facts->flags & 1);
}

static void test_every_state(void **state)
{
	static const uint16_t flags[] = {0, 0x80, 0x01, 0x81};

	(void)state;
	for (unsigned i = 0; i < 5 * 4 * 2 * 2 * 3 * 3; i++) {
		unsigned n = i;
		struct ntfs_facts facts = {.journal = (enum journal_state)(n % 5)};
		facts.flags = flags[(n /= 5) % 4];
		facts.hibernated = (n /= 4) % 2;
		facts.mirror_differs = (n /= 2) % 2;
		struct recipe recipe = {.action = (enum recipe_action)((n /= 2) % 3),
		        .unclean = (enum recipe_unclean)(n / 3 % 3)};
		check(&facts, &recipe);
	}
}

static void expect_words(const struct plan *plan, const char *why, const char *want)
{
	char text[sizeof(plan->text)];

	plan_tell(plan, why, text, sizeof(text));
	assert_string_equal(text, want);
}

static void test_words(void **state)
{
	struct plan *p = calloc(1, sizeof(*p));

	(void)state;
	assert_non_null(p);
	p->file_count = 2;
	p->files[1].acted = true;
	p->sector_count = 24;
	p->kind = PLAN_DELETE;
	expect_words(p, "journal clean", "journal clean: delete 1 file, 24 sectors");
	p->files[0].acted = true;
	p->kind = PLAN_RENAME;
	expect_words(p, "journal clean, volume marked dirty",
	        "journal clean, volume marked dirty: rename 2 files in place, 24 sectors");
	p->journal = JOURNAL_UNCLEAN_V2;
	p->files[0].acted = false;
	expect_words(p, "journal unclean-2.0",
	        "journal unclean-2.0: nothing pending in the records of the file: rename 1 file in "
	        "place, 24 sectors; Windows finishes its journal itself");
	p->kind = PLAN_REPLAY_DELETE;
	expect_words(p, "because",
	        "because: replay the journal and delete 1 file, 24 sectors; Windows runs chkdsk "
	        "when it starts");
	free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_state),
	        cmocka_unit_test(test_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
