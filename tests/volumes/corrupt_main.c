/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usage: corrupt [--seed S] [--from N] [--count N] [--keep FILE]: with --keep, number N's volume
 * goes to FILE and that is all. */
#include "fixer/base/log.h"
#include "tests/generators/run.h"
#include "tests/volumes/corrupt.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOW_EVERY 1000

struct options {
	uint64_t seed;
	unsigned from, count;
	const char *keep;
};

/* How often each reason came, for each volume. */
struct table {
	unsigned by_reason[CORRUPT_REASONS][CORRUPT_BASES];
	unsigned by_plan[CORRUPT_BASES][4];
	unsigned made, failed, shared;
};

static bool parse(int argc, char **argv, struct options *ret)
{
	static const struct option names[] = {{"seed", required_argument, NULL, 's'},
	        {"from", required_argument, NULL, 'f'}, {"count", required_argument, NULL, 'c'},
	        {"keep", required_argument, NULL, 'k'}, {0}};

	*ret = (struct options){.seed = 1, .from = 1, .count = 1};
	for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		char *end = NULL;
		if (option == '?')
			return false;
		if (option == 'k') {
			ret->keep = optarg;
			continue;
		}
		uint64_t value = strtoull(optarg, &end, 10);
		if (end == optarg || *end || value > 1000000000)
			return false;
		if (option == 's')
			ret->seed = value;
		else if (option == 'f')
			ret->from = (unsigned)value;
		else
			ret->count = (unsigned)value;
	}
	return optind == argc && ret->count > 0;
}

static void show(const struct options *o, const struct corrupt_bases *bases, const struct table *t)
{
	(void)printf("%u damaged NTFS volumes (seed %ju, numbers %u to %u), %u failed\n", t->made,
	        (uintmax_t)o->seed, o->from, o->from + t->made - 1, t->failed);
	(void)printf("    %u more freed clusters that another file claimed, too\n", t->shared);
	for (size_t b = 0; b < bases->count; b++)
		(void)printf("    %c: %-18s deleted %u, renamed %u, replayed and deleted %u\n",
		        (int)('A' + b), bases->list[b].name, t->by_plan[b][PLAN_DELETE],
		        t->by_plan[b][PLAN_RENAME], t->by_plan[b][PLAN_REPLAY_DELETE]);
	(void)printf("    %-22s", "");
	for (size_t b = 0; b < bases->count; b++)
		(void)printf("%5c", (int)('A' + b));
	for (size_t r = 0; r < CORRUPT_REASONS; r++) {
		unsigned sum = 0;
		for (size_t b = 0; b < bases->count; b++)
			sum += t->by_reason[r][b];
		if (sum == 0)
			continue;
		(void)printf("\n    %-22s", reason_code((enum reason)r));
		for (size_t b = 0; b < bases->count; b++)
			(void)printf("%5u", t->by_reason[r][b]);
	}
	(void)printf("\n");
}

/* False when nothing can go on. */
static bool one(
        const struct options *o, unsigned number, struct corrupt_bases *bases, struct table *t)
{
	struct corrupt_case c;
	struct corrupt_verdict verdict = {.text = "the damage could not be written"};

	if (corrupt_damage(&c, bases, o->seed, number) == 0)
		corrupt_run(&c, &verdict);
	size_t base = (size_t)(c.base - bases->list);
	t->made++;
	t->shared += verdict.shared;
	if (verdict.reason < CORRUPT_REASONS)
		t->by_reason[verdict.reason][base]++;
	if (verdict.reason == REASON_REPAIRED || verdict.reason == REASON_RENAMED)
		t->by_plan[base][verdict.plan]++;
	if (!verdict.good) {
		t->failed++;
		(void)printf("number %u (volume \"%s\", do %u, unclean-journal %u): %s: %s\n",
		        number, c.base->name, c.action, c.unclean, reason_code(verdict.reason),
		        verdict.text);
	}
	if (corrupt_revert(&c, !verdict.good) == 0)
		return true;
	(void)printf("number %u: the volume cannot be brought back\n", number);
	return false;
}

/* The volume of --from, as the fixer would get it. */
static bool keep(const struct options *o, struct corrupt_bases *bases)
{
	struct corrupt_case c;
	int r = corrupt_damage(&c, bases, o->seed, o->from);

	if (r == 0)
		r = gen_write_file(o->keep, c.base->bytes, c.base->size, 0600);
	(void)printf("%s: volume \"%s\", do %u, unclean-journal %u\n",
	        r < 0 ? strerror(-r) : o->keep, c.base->name, c.action, c.unclean);
	return r == 0;
}

int main(int argc, char **argv)
{
	static struct corrupt_bases bases;
	static struct table table;
	struct options o;
	bool good = true;

	log_init("corrupt", false);
	if (!parse(argc, argv, &o)) {
		(void)fprintf(
		        stderr, "usage: corrupt [--seed S] [--from N] [--count N] [--keep FILE]\n");
		return 2;
	}
	if (corrupt_bases_make(&bases) < 0) {
		corrupt_bases_free(&bases);
		return 2;
	}
	if (o.keep) {
		good = keep(&o, &bases);
		corrupt_bases_free(&bases);
		return !good;
	}
	for (unsigned i = 0; i < o.count && good; i++) {
		good = one(&o, o.from + i, &bases, &table);
		if ((i + 1) % SHOW_EVERY == 0 && i + 1 < o.count)
			show(&o, &bases, &table);
		(void)fflush(stdout);
	}
	show(&o, &bases, &table);
	corrupt_bases_free(&bases);
	return !good || table.failed > 0;
}
