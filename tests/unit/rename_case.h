/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Volumes to rename a file on, and what is expected of it. For the test_rename*.c programs. */
#ifndef TESTS_RENAME_CASE_H
#define TESTS_RENAME_CASE_H

#include "fixer/base/bytes.h"
#include "fixer/ntfs/rename.h"
#include "tests/generators/ntfs_bare.h"
#include "tests/unit/memory_device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct bare_ntfs bare;

static inline int prepare(struct ntfs_rename *ret, struct error *err)
{
	struct memory_device m = memory_device_over(bare.bytes, sizeof(bare.bytes), 512);

	bare_finish(&bare);
	int r = ntfs_rename_prepare(&m.dev, BARE_DIR, BARE_FILE, ret, err);
	assert_int_equal(m.writes, 0);
	return r;
}

/* Units of 2 bytes that differ in the records, looked at without their update sequences. */
static inline size_t changed_units(const struct bare_ntfs *then)
{
	const uint8_t *a = bare.records[0], *b = then->records[0];
	size_t len = sizeof(bare.records) + sizeof(bare.blocks), n = 0;

	for (size_t i = 0; i < len; i += 2)
		n += memcmp(a + i, b + i, 2) != 0;
	return n;
}

/* Takes the records of a volume apart again; their update sequence number is one up. */
static inline void gather(struct bare_ntfs *b, uint8_t *record, const uint32_t *units, size_t len)
{
	if (!record[0])
		return;
	for (size_t i = 0; i < len / BARE_UNIT; i++)
		memcpy(record + i * BARE_UNIT, b->bytes + (size_t)units[i] * BARE_UNIT, BARE_UNIT);
	uint8_t *array = record + get_le16(record + 4);
	for (size_t i = 0; i < len / BARE_UNIT; i++) {
		uint8_t *last = record + (i + 1) * BARE_UNIT - 2;
		assert_memory_equal(last, array, 2);
		memcpy(last, array + 2 * (i + 1), 2);
	}
	memset(array, 0, 2 * (len / BARE_UNIT + 1));
}

static inline void gather_all(struct bare_ntfs *b)
{
	for (size_t i = 0; i < BARE_RECORDS; i++)
		gather(b, b->records[i], b->record_units[i], b->record_size);
	for (size_t i = 0; i < BARE_BLOCKS; i++)
		gather(b, b->blocks[i], b->block_units[i], b->block_size);
}

static inline void expect_renamed(size_t max_blocks)
{
	static struct bare_ntfs then;
	struct memory_device m = memory_device_over(bare.bytes, sizeof(bare.bytes), 512);
	struct ntfs_rename rename;
	struct error err = {0};

	if (prepare(&rename, &err) < 0)
		fail_msg("%s: %s", reason_code(err.reason), err.text);
	assert_true(rename.count > 0 && rename.count <= max_blocks);
	assert_int_equal(rename.name_len, strlen(BARE_LONG_NAME));
	assert_int_equal(get_le16(&rename.name[rename.name_len - 1]), 'f');
	then = bare;
	gather_all(&bare);
	assert_int_equal(ntfs_rename_same_on(&rename, &m.dev), 1);
	m.bytes = then.bytes;
	assert_int_equal(ntfs_rename_apply(&m.dev, &rename), 0);
	assert_int_equal(m.writes, rename.count);
	assert_int_equal(ntfs_rename_same_on(&rename, &m.dev), 0);
	gather_all(&then);
	/* Three letters of two names, each in a record and in the index. */
	assert_int_equal(changed_units(&then), 12);
	struct ntfs_whitelist list = {0};
	assert_int_equal(ntfs_rename_allow(&rename, &list), 0);
	assert_int_equal(list.count, rename.count);
	ntfs_whitelist_free(&list);
	ntfs_rename_free(&rename);
	assert_int_equal(ntfs_rename_prepare(&m.dev, BARE_DIR, BARE_FILE, &rename, &err), -ENOTSUP);
	assert_non_null(strstr(err.text, ".off already"));
}

static inline void expect_refused(enum reason reason, const char *text)
{
	struct ntfs_rename rename;
	struct error err = {0};

	memset(&rename, 0x5a, sizeof(rename));
	const struct ntfs_rename untouched = rename;
	if (prepare(&rename, &err) >= 0)
		fail_msg("renamed, where %s was expected", text);
	if (err.reason != reason || !strstr(err.text, text))
		fail_msg("%s: %s", reason_code(err.reason), err.text);
	assert_memory_equal(&rename, &untouched, sizeof(rename));
}

/* A directory of these long names in $INDEX_ROOT, the second the file's; none for its NULL. */
static inline void make_names(const char *before, const char *own, const char *after)
{
	const char *const names[] = {before, own, after};
	uint8_t node[2048], value[600];
	size_t len = 0;

	bare_init(&bare, 4096, 4096, 4096);
	bare_record(&bare, BARE_DIR_RECORD, 3, BARE_USED | BARE_DIRECTORY);
	bare_record(&bare, BARE_FILE_RECORD, 7, BARE_USED);
	bare_resident(
	        &bare, BARE_FILE_RECORD, 0x30, "", value, bare_file_name(value, BARE_DIR, 0, own));
	for (size_t i = 0; i < 3; i++)
		if (names[i])
			len += bare_entry(
			        node + len, i == 1 ? BARE_FILE : 30 + i, BARE_DIR, 0, names[i], -1);
	len += bare_entry(node + len, 0, 0, 0, NULL, -1);
	bare_index_root(&bare, BARE_DIR_RECORD, node, len, false);
}

#endif
