/* SPDX-License-Identifier: GPL-3.0-or-later */
/* usage: replay_TARGET FOLDER. One test: every file of FOLDER goes through the target once, so what
 * fuzzing has reached and found is tried again by every make check. */
#include "fixer/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static const char *folder;

/* In memory of exactly its size, so that reading behind its end is seen. */
static void replay_file(int dir, const char *name)
{
	CLEANUP_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	struct stat st;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	size_t size = (size_t)st.st_size;
	CLEANUP_FREE uint8_t *data = malloc(size ? size : 1);
	assert_non_null(data);
	assert_int_equal(read(fd, data, size), st.st_size);
	print_message("%s, %zu bytes\n", name, size); /* the last one printed is the culprit */
	assert_int_equal(LLVMFuzzerTestOneInput(data, size), 0);
}

static void replay(void **state)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	size_t files = 0;

	(void)state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		replay_file(dirfd(dir), entry->d_name);
		files++;
	}
	(void)closedir(dir);
	assert_true(files > 0); /* a target without a corpus is not tested at all */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	        {.name = program_invocation_short_name, .test_func = replay}};

	if (argc != 2) {
		(void)fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
