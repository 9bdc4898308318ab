/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rich volume in memory, whole again before each damage, and what ntfscheck says of it. */
#ifndef TESTS_NTFSCHECK_FIXTURE_H
#define TESTS_NTFSCHECK_FIXTURE_H

#include "fixer/base/bytes.h"
#include "tests/generators/ntfs_edit.h"
#include "tests/generators/ntfs_rich.h"
#include "tests/generators/run.h"
#include "tests/ntfscheck/ntfscheck.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BLOCK       4096u /* an index block, and a cluster */
#define KINDS_MAX   512
#define BOOT_BACKUP (RICH_SIZE - 512)

struct fixture_case {
	const char *name;
	void (*damage)(void); /* of edit.bytes */
	const char *kinds;    /* of findings, in the order they appear */
};

static uint8_t *pristine;
static struct ntfs_edit edit;

static inline int fixture_load(void **state)
{
	char path[] = "/tmp/netmend-check-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	edit.bytes = malloc(RICH_SIZE);
	pristine = malloc(RICH_SIZE);
	if (fd < 0 || !edit.bytes || !pristine || gen_ntfs_rich(path) < 0)
		return -1;
	(void)close(fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || gen_pread(fd, pristine, RICH_SIZE, 0) < 0)
		return -1;
	(void)close(fd);
	(void)unlink(path);
	memcpy(edit.bytes, pristine, RICH_SIZE);
	return ntfs_edit_volume(edit.bytes, RICH_SIZE, &edit) ? 0 : -1;
}

static inline int fixture_unload(void **state)
{
	(void)state;
	free(edit.bytes);
	free(pristine);
	return 0;
}

/* The kinds of findings, each once, in the order they first appear: "bitmap links". */
static inline const char *fixture_kinds(char *report)
{
	static char kinds[KINDS_MAX];
	char *line;

	kinds[0] = 0;
	while ((line = strsep(&report, "\n")) && *line) {
		char word[40];
		line[strcspn(line, ":")] = 0;
		(void)snprintf(word, sizeof(word), "%s ", line);
		char padded[KINDS_MAX + 1];
		(void)snprintf(padded, sizeof(padded), " %s", kinds);
		char needle[42];
		(void)snprintf(needle, sizeof(needle), " %s", word);
		size_t len = strlen(kinds);
		if (!strstr(padded, needle))
			(void)snprintf(kinds + len, sizeof(kinds) - len, "%s", word);
	}
	if (kinds[0])
		kinds[strlen(kinds) - 1] = 0;
	return kinds;
}

/* Damages a whole volume and compares the kinds of findings: false, and told, when they differ. */
static inline bool fixture_expect(const struct fixture_case *c)
{
	char *report = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&report, &len);

	assert_non_null(f);
	memcpy(edit.bytes, pristine, RICH_SIZE);
	c->damage();
	int findings = ntfscheck(edit.bytes, RICH_SIZE, f);
	assert_int_equal(fclose(f), 0);
	char *text = strdup(report);
	assert_non_null(text);
	const char *found = fixture_kinds(text);
	bool good = strcmp(found, c->kinds) == 0 && (findings > 0) == (c->kinds[0] != 0);
	if (!good)
		print_error("%s: expected %s, found %s\n%.600s", c->name, c->kinds, found, report);
	free(text);
	free(report);
	return good;
}

static inline void fixture_expect_all(const struct fixture_case *cases, size_t count)
{
	size_t failed = 0;

	for (size_t i = 0; i < count; i++)
		failed += !fixture_expect(&cases[i]);
	assert_int_equal(failed, 0);
}

/* The record of the file called name, out of its update sequence. */
static inline uint8_t *opened(const char *name)
{
	uint64_t number = ntfs_edit_find(&edit, name);

	assert_true(number != EDIT_NONE);
	uint8_t *record = ntfs_edit_record(&edit, number);
	ntfs_edit_open(record, EDIT_RECORD);
	return record;
}

static inline void closed(uint8_t *record)
{
	ntfs_edit_close(record, EDIT_RECORD);
}

static inline uint8_t *attribute(uint8_t *record, uint32_t type, unsigned nth)
{
	uint8_t *a = ntfs_edit_attribute(record, type, nth);

	assert_non_null(a);
	return a;
}

static inline uint8_t *value(uint8_t *a)
{
	return a + get_le16(a + 20);
}

/* Where the first cluster of a file's attribute is; the record stays as it was. */
static inline uint8_t *first_cluster(const char *name, uint32_t type, unsigned nth)
{
	uint8_t *record = opened(name);
	uint64_t at = ntfs_edit_first_run(&edit, attribute(record, type, nth));

	closed(record);
	assert_true(at != EDIT_NONE);
	return edit.bytes + at;
}

#endif
