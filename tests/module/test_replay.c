/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Replaying a journal, judged by ntfsrecover on a copy of the same volume. */
#include "fixer/repair/replay.h"
#include "fixer/block/overlay.h"
#include "fixer/repair/sandbox.h"
#include "tests/generators/journal.h"
#include "tests/module/plan_fixture.h"
#include "tests/module/windows_image.h"

#include <grp.h>
#include <sys/prctl.h>
#include <time.h>

struct job {
	struct block_device *volume; /* an overlay */
	const char *copy;            /* the same, replayed by the tool itself */
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
	if (r == 0)
		r = compare(job->volume, job->copy, err);
	if (r == 0)
		r = overlay_changed(job->volume, &changed);
	return r < 0 ? r : buffer_printf(out, "%.1f ms, %zu sectors", took, changed);
}

static int work_nothing(void *context, struct buffer *out, struct error *err)
{
	(void)context;
	(void)err;
	return buffer_append(out, "x", 1);
}

static const char *copy_of(const char *path, const char *name)
{
	const char *copy = fixture_path(name);

	assert_int_equal(
	        gen_run((const char *const[]){"cp", "--sparse=always", path, copy, NULL}), 0);
	return copy;
}

/* Replays on an overlay; it then holds what the tool makes of a copy, and the disk what it held. */
static void replay(const char *path, const char *what)
{
	const char *copy = copy_of(path, "copy.img"), *kept = copy_of(path, "kept.img");
	struct block_device *disk = fixture_disk(path, 0), *overlay;
	struct error err = {0};
	struct buffer answer;
	size_t len;

	free(fixture_tool((const char *const[]){"ntfsrecover", "-k", copy, NULL}, &len));
	assert_int_equal(overlay_open(disk, NM_OVERLAY_MAX, &overlay), 0);
	struct job job = {.volume = overlay, .copy = copy};
	if (sandbox_run_replaying(work_replay, &job, 60, 4096, &answer, &err) < 0)
		fail_msg("%s: %s: %s", what, reason_code(err.reason), err.text);
	print_message("%s: replay %s\n", what, (const char *)answer.data);
	buffer_free(&answer);
	block_close(overlay);
	block_close(disk);
	assert_true(fixture_same_file(path, kept));
}

static void test_windows_images(void **state)
{
	static const char *const names[] = {"cs-n4-20", "cs-n7-20", "cs-n7-11", "cs-clean"};
	const char *path = fixture_path("windows.img");

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!windows_image_unpack(names[i], path))
			skip();
		replay(path, names[i]);
	}
}

/* A volume whose journal tells of more files beside the others; none is in place. */
static const char *make_crashed(unsigned version)
{
	const char *path = fixture_path("crashed.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	fixture_put_windows(n, "Windows");
	fixture_finish(n);
	const char *before = copy_of(path, "before.img");
	assert_int_equal(gen_ntfs_open(path, &n), 0);
	for (unsigned i = 0; i < 40; i++) {
		char name[160];
		(void)snprintf(name, sizeof(name), FOLDER "\\C-00000200-00000000-%08u.sys", i);
		fixture_put(n, name, 100 + i * 100, IN_WINDOW, 0);
	}
	fixture_finish(n);
	const struct gen_crash crash = {
	        .version = version, .before = before, .flushed = GEN_FLUSHED_NONE};
	assert_int_equal(gen_journal_crash(path, &crash), 0);
	return path;
}

static void test_generated(void **state)
{
	(void)state;
	replay(make_crashed(1), "version 1.1");
	replay(make_crashed(2), "version 2.0");
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Where ntfsrecover looks: pieces of 512 bytes of log pages, MFT records and index blocks. */
static size_t find_metadata(const char *path, uint64_t *places, size_t max)
{
	static const char *const magics[] = {"RSTR", "RCRD", "FILE", "INDX"};
	uint8_t page[4096];
	size_t count = 0;
	FILE *f = fopen(path, "re");

	assert_non_null(f);
	for (uint64_t at = 0; fread(page, 1, sizeof(page), f) == sizeof(page); at += sizeof(page))
		for (size_t m = 0; m < sizeof(magics) / sizeof(magics[0]); m++)
			for (size_t i = 0; memcmp(page, magics[m], 4) == 0 && i < 8; i++)
				if (count < max)
					places[count++] = at + i * 512;
	(void)fclose(f);
	return count;
}

static int work_replay_only(void *context, struct buffer *out, struct error *err)
{
	(void)out;
	return replay_journal(context, err);
}

/* Damaged in some bytes it is replayed, or there is a reason: no crash of ours, no hang. */
static void test_damaged(void **state)
{
	static uint64_t places[4096];
	const char *path = make_crashed(2), *rounds = getenv("NM_TEST_ROUNDS");
	size_t count = find_metadata(path, places, 4096), seen[REASON_COUNT] = {0};
	struct block_device *disk = fixture_disk(path, 0), *overlay;
	uint64_t seed = 0x291;

	(void)state;
	assert_true(count > 200);
	for (unsigned long i = rounds ? strtoul(rounds, NULL, 10) : 40; i > 0; i--) {
		struct error err = {0};
		struct buffer answer;
		assert_int_equal(overlay_open(disk, NM_OVERLAY_MAX, &overlay), 0);
		for (uint64_t k = next_random(&seed) % 8 + 1; k > 0; k--) {
			uint8_t byte = (uint8_t)next_random(&seed);
			uint64_t at = places[next_random(&seed) % count] + next_random(&seed) % 512;
			assert_int_equal(block_write(overlay, at, &byte, 1), 0);
		}
		if (sandbox_run_replaying(work_replay_only, overlay, 60, 16, &answer, &err) == 0)
			buffer_free(&answer);
		if (err.code < 0 && err.reason != REASON_NTFS_REPLAY_FAILED)
			fail_msg("%s: %s", reason_code(err.reason), err.text);
		if (rounds && err.code < 0)
			print_message("%s\n", err.text);
		seen[err.code < 0 ? err.reason : REASON_OK]++;
		block_close(overlay);
	}
	print_message(
	        "replayed %zu, failed %zu\n", seen[REASON_OK], seen[REASON_NTFS_REPLAY_FAILED]);
	block_close(disk);
}

/* As fixer runs there: without privileges, and keeping its memory from other processes. */
static void test_ordinary_user(void **state)
{
	const char *path = make_crashed(2);
	int status;

	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: every test here is one\n");
		skip();
	}
	assert_int_equal(
	        gen_run((const char *const[]){"chown", "-R", "65534:65534", fixture_dir, NULL}), 0);
	pid_t pid = fork();
	if (pid == 0) {
		if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0 ||
		        prctl(PR_SET_DUMPABLE, 0) < 0)
			_exit(41);
		replay(path, "ordinary user");
		_exit(0);
	}
	assert_true(pid > 0 && waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void test_cost(void **state)
{
	struct error err = {0};
	struct buffer answer;
	double ms[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		double start = now_ms();
		assert_int_equal((i == 2 ? sandbox_run_replaying : sandbox_run)(
		                         work_nothing, NULL, 60, 16, &answer, &err),
		        0);
		ms[i] = now_ms() - start;
		buffer_free(&answer);
	}
	print_message("a child process: %.1f ms; one that may replay: %.1f ms\n", ms[1], ms[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_windows_images),
	        cmocka_unit_test(test_generated),
	        cmocka_unit_test(test_damaged),
	        cmocka_unit_test(test_ordinary_user),
	        cmocka_unit_test(test_cost),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
