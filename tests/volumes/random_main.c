/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usage: random [--seed S] [--from N] [--count N] [--keep DIRECTORY] */
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"
#include "tests/volumes/random.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEPT_MAX 20

struct options {
	uint64_t seed;
	unsigned from, count;
	const char *keep;
};

static bool parse(int argc, char **argv, struct options *ret)
{
	static const struct option names[] = {{"seed", required_argument, NULL, 's'},
	        {"from", required_argument, NULL, 'f'}, {"count", required_argument, NULL, 'c'},
	        {"keep", required_argument, NULL, 'k'}, {0}};
	struct options o = {.seed = 1, .from = 1, .count = 1, .keep = "."};

	for (int option; (option = getopt_long(argc, argv, "", names, NULL)) != -1;) {
		char *end = NULL;
		if (option == 's')
			o.seed = strtoull(optarg, &end, 10);
		else if (option == 'f')
			o.from = (unsigned)strtoul(optarg, &end, 10);
		else if (option == 'c')
			o.count = (unsigned)strtoul(optarg, &end, 10);
		else if (option == 'k')
			o.keep = optarg;
		else
			return false;
		if (end && (end == optarg || *end))
			return false;
	}
	*ret = o;
	return optind == argc;
}

/* Makes the volume again, as it was before the repair, where it can be looked at. */
static void keep(const struct options *o, struct random_case *c, unsigned number)
{
	char path[64], text[256];

	(void)snprintf(
	        path, sizeof(path), "%s/random-%ju-%u.img", o->keep, (uintmax_t)o->seed, number);
	if (random_make(c, o->seed, number, path) == 0)
		(void)printf("    volume as it was before: %s\n", path);
	random_describe(c, text, sizeof(text));
	(void)printf("    %s\n    again: random --seed %ju --from %u --count 1\n", text,
	        (uintmax_t)o->seed, number);
}

static void summary(const struct options *o, const struct random_totals *t)
{
	(void)printf("%u random NTFS volumes (seed %ju, numbers %u to %u), %u failed\n", t->made,
	        (uintmax_t)o->seed, o->from, o->from + t->made - 1, t->failed);
	(void)printf(
	        "    %u with an unclean journal, %u marked dirty; deleted on %u, renamed on %u, "
	        "replayed and deleted on %u, %u files in all\n",
	        t->unclean, t->dirty, t->by_plan[PLAN_DELETE], t->by_plan[PLAN_RENAME],
	        t->by_plan[PLAN_REPLAY_DELETE], t->files_acted);
	(void)printf("    left: unsafe to rename %u, changes pending %u, nothing to do %u; "
	             "discarded, because "
	             "ntfsrecover does not replay the journal: %u; %.1f ms each\n",
	        t->unsafe, t->pending, t->nothing, t->discarded, 1000 * t->seconds / t->made);
}

int main(int argc, char **argv)
{
	static struct random_case c;
	struct options o;
	struct random_totals totals = {0};
	struct judgement j;
	char folder[] = "/dev/shm/netmend-random-XXXXXX", image[48];

	log_init("random", false);
	if (!parse(argc, argv, &o) || o.count == 0 || !mkdtemp(folder)) {
		(void)fprintf(stderr,
		        "usage: random [--seed S] [--from N] [--count N] [--keep DIRECTORY]\n");
		return 2;
	}
	(void)snprintf(image, sizeof(image), "%s/volume.img", folder);
	for (unsigned i = 0; i < o.count; i++) {
		if (!random_run(&c, o.seed, o.from + i, image, &totals, &j)) {
			(void)printf("number %u: %s\n", o.from + i, j.text);
			if (totals.failed <= KEPT_MAX)
				keep(&o, &c, o.from + i);
		}
		if ((i + 1) % 500 == 0 && i + 1 < o.count)
			summary(&o, &totals);
		(void)fflush(stdout);
	}
	(void)unlink(image);
	(void)rmdir(folder);
	summary(&o, &totals);
	return totals.failed > 0;
}
