/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   bench_repair IMAGE BUNDLE RECIPE PARTITION START SIZE [VMK]
 *
 * One repair as `fixer --image` does it, but with the partition (bytes) and the VMK (hexadecimal)
 * given: no key stretching, no report. Prints one JSON object: milliseconds of each step, the
 * result and the sectors written.
 */
#include "fixer/repair/repair.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct steps {
	double begun[STEP_DONE + 1]; /* ms */
	double synced;               /* part of the saving: until the bundle was durable */
	const char *bundle;
};

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void progress(void *context, enum repair_step step, const char *text)
{
	struct steps *s = context;

	(void)text;
	s->begun[step] = now();
}

static int save(void *context, const struct bundle *bundle, struct error *err)
{
	struct steps *s = context;
	double begun = now();
	int fd CLEANUP_CLOSE = open(s->bundle, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bundle->bytes, bundle->len) != (ssize_t)bundle->len ||
	        fsync(fd) < 0)
		return error_set(err, -EIO, REASON_JOURNAL_REFUSED, "%s", s->bundle);
	s->synced = now() - begun;
	return 0;
}

static int load_recipe(const char *name, struct recipe *ret)
{
	char text[NM_MAX_RECIPE + 1];
	FILE *f = fopen(name, "re");

	if (!f)
		return -1;
	size_t len = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	return recipe_parse(text, len, ret, NULL);
}

int main(int argc, char **argv)
{
	struct steps s = {.bundle = argc > 2 ? argv[2] : ""};
	const struct repair_ops ops = {progress, save, &s};
	const struct repair_options options = {.host = "bench"};
	struct repair_result result;
	struct recipe recipe;
	struct error err = {0};
	uint8_t key[32];

	if (argc < 7 || secrets_init() < 0 || load_recipe(argv[3], &recipe) < 0)
		return 2;
	struct volume_target target = {.bitlocker = argc > 7};
	target.partition.number = (uint32_t)strtoul(argv[4], NULL, 10);
	target.partition.start = strtoull(argv[5], NULL, 10);
	target.partition.size = strtoull(argv[6], NULL, 10);
	if (argc > 7 && hex_decode(argv[7], key, sizeof(key)) < 0)
		return 2;
	struct secret *vmk CLEANUP_SECRET = argc > 7 ? secret_copy(key, sizeof(key)) : NULL;
	target.vmk = vmk;
	double begun = now();
	int r = repair_volume(argv[1], &target, &recipe, &options, &ops, &result, &err);
	double end = now();
	if (r < 0) {
		(void)fprintf(stderr, "bench_repair: %s: %s\n", reason_code(err.reason), err.text);
		return 1;
	}
	(void)printf("{\"result\": \"%s\", \"sectors\": %zu, \"open\": %.2f, \"plan\": %.2f, "
	             "\"bundle\": %.2f, \"sync\": %.2f, \"commit\": %.2f, \"verify\": %.2f, "
	             "\"all\": %.2f}\n",
	        reason_code(result.reason), result.sectors_written, s.begun[STEP_PLAN] - begun,
	        s.begun[STEP_SAVE] - s.begun[STEP_PLAN],
	        s.begun[STEP_COMMIT] - s.begun[STEP_SAVE] - s.synced, s.synced,
	        s.begun[STEP_VERIFY] - s.begun[STEP_COMMIT], end - s.begun[STEP_VERIFY],
	        end - begun);
	repair_result_clear(&result);
	return 0;
}
