/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replaying a journal, judged by ntfsrecover on a copy of the same volume. */
#include "fixer/repair/replay.h"
#include "fixer/block/overlay.h"
#include "tests/module/plan_fixture.h"
#include "tests/module/windows_image.h"

#include <time.h>

struct job {
	struct block_device *volume; /* an overlay */
	const char *copy;            /* the same, replayed by the tool itself */
	bool twice;
};

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Compares the replayed overlay with the copy, byte for byte; the answer is the first difference.
 */
static int compare(struct block_device *volume, const char *copy, struct error *err)
{
	static uint8_t ours[1024 * 1024], theirs[1024 * 1024];
	FILE *f = fopen(copy, "re");

	if (!f)
		return error_set(err, -ENOENT, REASON_INTERNAL, "no %s", copy);
	for (uint64_t at = 0; at < volume->size; at += sizeof(ours)) {
		size_t n = volume->size - at < sizeof(ours) ? (size_t)(volume->size - at)
		                                            : sizeof(ours);
		if (fread(theirs, 1, n, f) != n || block_read(volume, at, ours, n) < 0)
			return error_set(err, -EIO, REASON_INTERNAL, "cannot read at %lu", at);
		for (size_t i = 0; i < n; i++)
			if (ours[i] != theirs[i])
				return error_set(
				        err, -EIO, REASON_INTERNAL, "differs at %lu", at + i);
	}
	(void)fclose(f);
	return 0;
}

static int work_replay(void *context, struct buffer *out, struct error *err)
{
	const struct job *job = context;
	size_t changed = 0;
	double start = now_ms();

	int r = replay_journal(job->volume, err);
	double took = now_ms() - start;
	if (r == 0 && job->copy)
		r = compare(job->volume, job->copy, err);
	if (r == 0)
		r = overlay_changed(job->volume, &changed);
	return r < 0 ? r : buffer_printf(out, "%.1f ms, %zu sectors", took, changed);
}

static void test_windows_images(void **state)
{
	static const char *const names[] = {"cs-n4-20", "cs-n7-20", "cs-n7-11", "cs-clean"};
	const char *path = fixture_path("w.img"), *copy = fixture_path("copy.img"),
	           *kept = fixture_path("kept.img");
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct error err = {0};
		struct buffer answer;
		struct block_device *overlay;
		if (!windows_image_unpack(names[i], path))
			skip();
		for (int k = 0; k < 2; k++)
			assert_int_equal(gen_run((const char *const[]){"cp", "--sparse=always",
			                         path, k ? kept : copy, NULL}),
			        0);
		free(fixture_tool((const char *const[]){"ntfsrecover", "-k", copy, NULL}, &len));
		struct block_device *disk = fixture_disk(path, 0);
		assert_int_equal(overlay_open(disk, NM_OVERLAY_MAX, &overlay), 0);
		struct job job = {.volume = overlay, .copy = copy};
		double start = now_ms();
		if (sandbox_run_replaying(work_replay, &job, 60, 4096, &answer, &err) < 0)
			fail_msg("%s: %s: %s", names[i], reason_code(err.reason), err.text);
		print_message("%s: replay %s; with its process %.1f ms\n", names[i],
		        (const char *)answer.data, now_ms() - start);
		buffer_free(&answer);
		block_close(overlay);
		block_close(disk);
		assert_true(fixture_same_file(path, kept));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_windows_images),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
