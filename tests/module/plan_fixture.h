/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Volumes to plan on, and ntfs-3g's own tools as judges. For the test_plan*.c programs. */
#ifndef TESTS_PLAN_FIXTURE_H
#define TESTS_PLAN_FIXTURE_H

#include "fixer/block/file.h"
#include "fixer/repair/plan.h"
#include "tests/generators/ntfs_image.h"
#include "tests/generators/run.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define FOLDER       "\\Windows\\System32\\drivers\\CrowdStrike"
#define FOLDER_SLASH "/Windows/System32/drivers/CrowdStrike"
#define BAD_1        "C-00000291-00000000-00000032.sys"
#define BAD_2        "C-00000291-00000000-00000031.sys"
#define GOOD         "C-00000291-00000000-00000033.sys"
#define IN_WINDOW    1721362680 /* 2024-07-19T04:18:00Z */
#define AFTER_WINDOW 1721366820 /* 2024-07-19T05:27:00Z */
#define SIBLINGS     24

/* A folder of this test run, gone with fixture_remove(). */
static char fixture_dir[] = "/tmp/netmend-plan-XXXXXX";

static inline int fixture_make(void **state)
{
	(void)state;
	return mkdtemp(fixture_dir) ? 0 : -1;
}

static inline int fixture_remove(void **state)
{
	(void)state;
	return gen_run((const char *const[]){"rm", "-rf", fixture_dir, NULL});
}

/* The path of a name in the folder; stays valid. */
static inline const char *fixture_path(const char *name)
{
	static char paths[32][128];
	char path[sizeof(paths[0])];
	unsigned i = 0;

	(void)snprintf(path, sizeof(path), "%s/%s", fixture_dir, name);
	while (i < 31 && paths[i][0] && strcmp(paths[i], path) != 0)
		i++;
	memcpy(paths[i], path, sizeof(path));
	return paths[i];
}

static inline void fixture_put(
        struct gen_ntfs *n, const char *path, size_t size, int64_t modified, uint32_t attributes)
{
	uint8_t *data = malloc(size + 1);

	assert_non_null(data);
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)(i * 31 + i / 256 + size);
	struct gen_file file = {.path = path,
	        .data = data,
	        .size = size,
	        .created = modified,
	        .modified = modified,
	        .attributes = attributes};
	assert_int_equal(gen_ntfs_put(n, &file), 0);
	free(data);
}

/* A file that begins like the kind of file it is. */
static inline void fixture_put_like(
        struct gen_ntfs *n, const char *path, size_t size, const char *magic)
{
	char *data = calloc(1, size);

	assert_non_null(data);
	memcpy(data, magic, strlen(magic));
	struct gen_file file = {.path = path,
	        .data = data,
	        .size = size,
	        .created = IN_WINDOW,
	        .modified = IN_WINDOW};
	assert_int_equal(gen_ntfs_put(n, &file), 0);
	free(data);
}

/* The volume of a small Windows under \NAME: what makes it one, and a folder of channel files. */
static inline void fixture_put_windows(struct gen_ntfs *n, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "\\%s\\System32\\config\\SYSTEM", name);
	fixture_put_like(n, path, 8192, "regf");
	(void)snprintf(path, sizeof(path), "\\%s\\System32\\config\\SOFTWARE", name);
	fixture_put_like(n, path, 8192, "regf");
	(void)snprintf(path, sizeof(path), "\\%s\\System32\\ntoskrnl.exe", name);
	fixture_put_like(n, path, 4096, "MZ");
	for (unsigned i = 0; i < SIBLINGS; i++) {
		(void)snprintf(path, sizeof(path),
		        "\\%s\\System32\\drivers\\CrowdStrike\\C-%08u-00000000-%08u.sys", name,
		        280 + i / 2 * 3, i);
		fixture_put(n, path, 100 + i * 1777, IN_WINDOW, 0);
	}
}

static inline struct gen_ntfs *fixture_format(const char *path, uint32_t sector_size)
{
	struct gen_ntfs *n;

	assert_int_equal(gen_ntfs_format(path, 48 * 1024 * 1024, 0, sector_size, "C", 0x1234), 0);
	assert_int_equal(gen_ntfs_open(path, &n), 0);
	return n;
}

static inline void fixture_finish(struct gen_ntfs *n)
{
	assert_int_equal(gen_ntfs_settle(n, 1721000000), 0);
	assert_int_equal(gen_ntfs_close(n), 0);
}

/* A volume with Windows and these files, all of the bad time, in the folder of the recipe. */
static inline const char *fixture_bad_image(
        const char *name, const char *const bad[], uint32_t attributes)
{
	const char *path = fixture_path(name);
	struct gen_ntfs *n = fixture_format(path, 512);
	char file[256];

	fixture_put_windows(n, "Windows");
	for (size_t i = 0; bad[i]; i++) {
		(void)snprintf(file, sizeof(file), FOLDER "\\%s", bad[i]);
		fixture_put(n, file, 41083, IN_WINDOW, attributes);
	}
	fixture_finish(n);
	return path;
}

static inline struct block_device *fixture_disk(const char *path, uint32_t sector_size)
{
	struct block_device *disk;
	struct error err = {0};

	if (file_device_open(path, false, sector_size, &disk, &err) < 0)
		fail_msg("%s", err.text);
	return disk;
}

static inline struct volume_target fixture_whole(const struct block_device *disk)
{
	return (struct volume_target){.partition = {.size = disk->size}};
}

/* Plans on a device that is one bare volume. */
static inline struct plan *fixture_plan_on(struct block_device *disk, const char *recipe_text)
{
	struct volume_target target = fixture_whole(disk);
	struct recipe recipe;
	struct error err = {0};
	struct plan *plan;

	if (recipe_parse(recipe_text, strlen(recipe_text), &recipe, &err) < 0 ||
	        plan_make(disk, &target, &recipe, &plan, &err) < 0)
		fail_msg("%s: %s", reason_code(err.reason), err.text);
	return plan;
}

static inline struct plan *fixture_plan(const char *path, const char *recipe_text)
{
	struct block_device *disk = fixture_disk(path, 0);
	struct plan *plan = fixture_plan_on(disk, recipe_text);

	block_close(disk);
	return plan;
}

/* What the commit does, without its care. */
static inline void fixture_apply(const struct plan *plan, const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	for (size_t i = 0; i < plan->run_count; i++) {
		const struct plan_run *run = &plan->runs[i];
		assert_int_equal(
		        gen_pwrite(fd, run->new_bytes, (size_t)run->count * plan->sector_size,
		                run->lba * plan->sector_size),
		        0);
	}
	assert_int_equal(close(fd), 0);
}

/* Runs a tool and gives what it printed (at most 1 MiB, NUL after it); its failure is the test's.
 */
static inline char *fixture_tool(const char *const argv[], size_t *ret_len)
{
	static char text[1024 * 1024];
	const char *out = fixture_path("tool-output");
	posix_spawn_file_actions_t actions;
	char *const *args = (char *const *)(uintptr_t)argv;
	pid_t pid;
	int status;

	(void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	(void)posix_spawn_file_actions_init(&actions);
	/* Not close-on-exec: they may be opened at their final numbers. */
	(void)posix_spawn_file_actions_addopen(
	        &actions, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	(void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	assert_int_equal(posix_spawnp(&pid, argv[0], &actions, NULL, args, environ), 0);
	(void)posix_spawn_file_actions_destroy(&actions);
	assert_true(waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s: status %#x", argv[0], (unsigned)status);
	FILE *f = fopen(out, "re");
	assert_non_null(f);
	*ret_len = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[*ret_len] = 0;
	char *copy = malloc(*ret_len + 1);
	assert_non_null(copy);
	memcpy(copy, text, *ret_len + 1);
	return copy;
}

/* ntfsls of the channel files' folder: one long name a line, or one short name. */
static inline char *fixture_listing(const char *image, bool short_names)
{
	const char *const long_ones[] = {"ntfsls", "-f", "-p", FOLDER_SLASH, image, NULL};
	const char *const short_ones[] = {"ntfsls", "-f", "-x", "-p", FOLDER_SLASH, image, NULL};
	size_t len;

	return fixture_tool(short_names ? short_ones : long_ones, &len);
}

static inline size_t fixture_short_names(const char *image)
{
	char *list = fixture_listing(image, true);
	size_t lines = 0;

	for (const char *c = list; *c; c++)
		lines += *c == '\n';
	free(list);
	return lines;
}

static inline char *fixture_cat(const char *image, const char *name, size_t *ret_len)
{
	char path[512];

	(void)snprintf(path, sizeof(path), FOLDER_SLASH "/%s", name);
	return fixture_tool((const char *const[]){"ntfscat", "-f", image, path, NULL}, ret_len);
}

/* By ntfs-3g's tools: after lists what before lists without the gone names, with the same content.
 */
static inline void fixture_judge(const char *before, const char *after, const char *const gone[])
{
	char *list = fixture_listing(before, false), *rest = list, *name;
	char *list_after = fixture_listing(after, false), *at = list_after;
	size_t missing = 0, kept = 0;

	while ((name = strsep(&rest, "\n")) && *name) {
		bool is_gone = false;
		for (size_t i = 0; gone[i]; i++)
			is_gone = is_gone || strcmp(name, gone[i]) == 0;
		missing += is_gone;
		if (is_gone)
			continue;
		assert_non_null(at);
		assert_string_equal(strsep(&at, "\n"), name);
		if (*name == '.')
			continue;
		size_t len_a, len_b;
		char *a = fixture_cat(before, name, &len_a), *b = fixture_cat(after, name, &len_b);
		assert_true(len_a > 0 && len_a == len_b && memcmp(a, b, len_a) == 0);
		kept++;
		free(a);
		free(b);
	}
	assert_true(!at || !*at);
	for (size_t i = 0; i < missing; i++)
		assert_non_null(gone[i]);
	assert_null(gone[missing]);
	assert_int_equal(fixture_short_names(before) - fixture_short_names(after), missing);
	assert_true(kept >= SIBLINGS);
	size_t len;
	free(fixture_tool((const char *const[]){"ntfsinfo", "-m", "-f", after, NULL}, &len));
	free(list);
	free(list_after);
}

/* True when both files hold the same. */
static inline bool fixture_same_file(const char *a, const char *b)
{
	return gen_run((const char *const[]){"cmp", "-s", a, b, NULL}) == 0;
}

#endif
