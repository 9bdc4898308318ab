/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the parent believes of a planning child: the form of its answer, and its sectors. */
#include "fixer/repair/plan_internal.h"
#include "tests/unit/memory_device.h"
#include "tests/unit/metadata_sample.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SECTORS 64

/* A plan of one file of 3 bytes and runs {8, 2 sectors}, {20, 1 sector}. */
static struct plan *make_plan(void)
{
	struct plan *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->kind = PLAN_DELETE;
	p->sector_size = 512;
	p->windows_count = 1;
	p->file_count = 2;
	(void)snprintf(p->files[0].path, sizeof(p->files[0].path), "\\A\\b.sys");
	p->files[0].size = 3;
	(void)snprintf(p->files[0].note, sizeof(p->files[0].note), "odd");
	memcpy(p->files[0].name, "b\0.\0s\0y\0s\0", 10);
	p->files[0].name_len = 5;
	p->files[0].acted = p->files[0].in_window = true;
	p->files[0].content = malloc(3);
	assert_non_null(p->files[0].content);
	memcpy(p->files[0].content, "abc", 3);
	p->files[0].metadata = metadata_sample();
	assert_non_null(p->files[0].metadata);
	(void)snprintf(p->files[1].path, sizeof(p->files[1].path), "\\A\\c.sys");
	p->files[1].reason = REASON_OUTSIDE_WINDOW;
	p->run_count = 2;
	p->runs = calloc(2, sizeof(*p->runs));
	assert_non_null(p->runs);
	for (size_t i = 0; i < 2; i++) {
		p->runs[i].lba = i ? 20 : 8;
		p->runs[i].count = i ? 1 : 2;
		p->sector_count += p->runs[i].count;
		p->runs[i].old_bytes = calloc(p->runs[i].count, 512);
		p->runs[i].new_bytes = calloc(p->runs[i].count, 512);
		assert_true(p->runs[i].old_bytes && p->runs[i].new_bytes);
		memset(p->runs[i].new_bytes + (i ? 7 : 0), 1, i ? 1 : 1000);
	}
	return p;
}

static struct ntfs_range ranges[] = {{8 * 512, 1000}, {20 * 512 + 7, 1}};
static const struct ntfs_whitelist list = {2, ranges};

static int decode(const void *bytes, size_t len, struct plan **ret, struct ntfs_whitelist *ret_list)
{
	struct plan *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->sector_size = 512;
	*ret_list = (struct ntfs_whitelist){0};
	int r = plan_decode(bytes, len, p, ret_list);
	*ret = p;
	return r;
}

static void test_round_trip(void **state)
{
	struct plan *made = make_plan(), *got;
	struct ntfs_whitelist got_list;
	struct buffer out;

	(void)state;
	buffer_init(&out, 65536);
	assert_int_equal(plan_encode(made, &list, &out), 0);
	assert_int_equal(decode(out.data, out.len, &got, &got_list), 0);
	assert_int_equal(got->file_count, 2);
	assert_string_equal(got->files[0].path, "\\A\\b.sys");
	assert_memory_equal(got->files[0].content, "abc", 3);
	assert_string_equal(got->files[0].metadata->names[0].name, "C-0000~1.SYS");
	assert_string_equal(got->files[0].note, "odd");
	assert_int_equal(got->files[0].name_len, 5);
	assert_memory_equal(got->files[0].name, made->files[0].name, sizeof(made->files[0].name));
	assert_null(got->files[1].metadata);
	assert_int_equal(got->files[1].reason, REASON_OUTSIDE_WINDOW);
	assert_int_equal(got->sector_count, 3);
	assert_memory_equal(got->runs[0].new_bytes, made->runs[0].new_bytes, 1024);
	assert_int_equal(got_list.count, 2);
	assert_memory_equal(got_list.ranges, ranges, sizeof(ranges));
	ntfs_whitelist_free(&got_list);
	plan_free(got);
	plan_free(made);
	buffer_free(&out);
}

/* What is not for a delete is for the other kinds. */
static void test_kinds(void **state)
{
	static const struct {
		enum plan_kind kind;
		enum journal_state journal;
		uint16_t flags;
	} fit[] = {{PLAN_RENAME, JOURNAL_UNCLEAN_V2, NTFS_FLAG_DIRTY},
	        {PLAN_RENAME, JOURNAL_CLEAN, NTFS_FLAG_DIRTY}, {PLAN_RENAME, JOURNAL_EMPTY, 0},
	        {PLAN_REPLAY_DELETE, JOURNAL_UNCLEAN_V1, 0x80}, {PLAN_DELETE, JOURNAL_EMPTY, 0x80}};

	(void)state;
	for (size_t i = 0; i < sizeof(fit) / sizeof(fit[0]); i++) {
		struct plan *p = make_plan(), *got;
		struct ntfs_whitelist got_list;
		struct buffer out;
		p->kind = fit[i].kind;
		p->journal = fit[i].journal;
		p->volume_flags = fit[i].flags;
		if (p->kind == PLAN_RENAME)
			(void)snprintf(p->files[0].renamed_to, sizeof(p->files[0].renamed_to),
			        "\\A\\b.off");
		buffer_init(&out, 65536);
		assert_int_equal(plan_encode(p, &list, &out), 0);
		assert_int_equal(decode(out.data, out.len, &got, &got_list), 0);
		assert_int_equal(got->kind, fit[i].kind);
		assert_string_equal(got->files[0].renamed_to, p->files[0].renamed_to);
		ntfs_whitelist_free(&got_list);
		plan_free(got);
		plan_free(p);
		buffer_free(&out);
	}
}

/* Every cut, and every byte changed in several ways: refused or still a consistent plan. */
static void test_hostile_answers(void **state)
{
	struct plan *made = make_plan(), *got;
	struct ntfs_whitelist got_list;
	struct buffer out;

	(void)state;
	buffer_init(&out, 65536);
	assert_int_equal(plan_encode(made, &list, &out), 0);
	for (size_t len = 0; len < out.len; len++) {
		uint8_t *cut = malloc(len + 1);
		assert_non_null(cut);
		memcpy(cut, out.data, len);
		assert_int_equal(decode(cut, len, &got, &got_list), -EBADMSG);
		ntfs_whitelist_free(&got_list);
		plan_free(got);
		free(cut);
	}
	static const uint8_t masks[] = {0x01, 0x80, 0xff};
	for (size_t i = 0; i < 3 * out.len; i++) {
		out.data[i / 3] ^= masks[i % 3];
		int r = decode(out.data, out.len, &got, &got_list);
		assert_true(r == -EBADMSG ||
		            (r == 0 && (got->reason == REASON_OK) == (got->run_count > 0)));
		ntfs_whitelist_free(&got_list);
		plan_free(got);
		out.data[i / 3] ^= masks[i % 3];
	}
	plan_free(made);
	buffer_free(&out);
}

static void test_inconsistent(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++) {
		struct plan *p = make_plan(), *got;
		struct ntfs_whitelist got_list;
		struct buffer out;
		if (i == 0)
			p->files[1].reason = REASON_OK; /* not acted, and no reason why */
		else if (i == 1)
			p->runs[1].lba = 9; /* overlaps */
		else if (i == 2)
			p->runs[1].lba = 10; /* touches: one run, if it were honest */
		else if (i == 3)
			p->kind = PLAN_NONE;
		else if (i == 4)
			p->reason = REASON_NO_BAD_FILE; /* but sectors */
		else if (i == 5)
			p->runs[1].lba = UINT64_MAX / 512;
		else if (i == 6)
			p->kind = PLAN_RENAME; /* to what? */
		else if (i == 7)
			memcpy(p->files[0].renamed_to, "\\A\\b.off", 9); /* of a delete */
		else if (i == 8)
			p->volume_flags = NTFS_FLAG_DIRTY;
		else if (i == 9)
			p->journal = JOURNAL_UNCLEAN_V2;
		else if (i == 10)
			p->kind = PLAN_REPLAY_DELETE; /* of what? */
		else
			p->journal = JOURNAL_DAMAGED;
		buffer_init(&out, 65536);
		assert_int_equal(plan_encode(p, &list, &out), 0);
		assert_int_equal(decode(out.data, out.len, &got, &got_list), -EBADMSG);
		ntfs_whitelist_free(&got_list);
		plan_free(got);
		plan_free(p);
		buffer_free(&out);
	}
}

/* The parent's check on a disk of zeros whose partition is [start, start + size). */
static int check(const struct plan *p, const struct ntfs_whitelist *allowed, uint64_t start,
        uint64_t size, uint8_t first_byte, struct error *err)
{
	static uint8_t bytes[SECTORS * 512];
	struct memory_device disk = memory_device_over(bytes, sizeof(bytes), 512);
	struct volume_target target = {.partition = {.number = 1, .start = start, .size = size}};
	struct volume volume;

	bytes[8 * 512] = first_byte;
	*err = (struct error){0};
	assert_int_equal(volume_attach(&disk.dev, &target, &volume, err), 0);
	int r = plan_check_sectors(&disk.dev, &target, &volume, p, allowed, err);
	volume_detach(&volume);
	return r;
}

static void expect_refused(const struct plan *p, const struct ntfs_whitelist *allowed,
        uint64_t start, uint64_t size, uint8_t first_byte, const char *says)
{
	struct error err;

	assert_true(check(p, allowed, start, size, first_byte, &err) < 0);
	assert_int_equal(err.reason, REASON_PLAN_CHECK_FAILED);
	if (!strstr(err.text, says))
		fail_msg("'%s' without '%s'", err.text, says);
}

static void test_sectors(void **state)
{
	struct plan *p = make_plan();
	struct ntfs_range short_range[] = {{8 * 512, 999}, {20 * 512, 512}};
	struct ntfs_range beside[] = {{8 * 512, 1024}, {20 * 512, 7}, {20 * 512 + 8, 504}};
	struct ntfs_range outside[] = {{8 * 512, 1024}, {20 * 512, SECTORS * 512}};
	struct ntfs_range moved[] = {{4 * 512, 1024}, {16 * 512, 512}};
	struct error err;

	(void)state;
	assert_int_equal(check(p, &list, 0, SECTORS * 512, 0, &err), 0);
	expect_refused(p, &list, 0, SECTORS * 512, 1, "other content than sector 8");
	/* Each byte counts, not only its sector. */
	expect_refused(p, &(struct ntfs_whitelist){2, short_range}, 0, SECTORS * 512, 0,
	        "byte 5095 of the volume, which what is planned does not concern");
	expect_refused(
	        p, &(struct ntfs_whitelist){3, beside}, 0, SECTORS * 512, 0, "byte 10247 of");
	expect_refused(p, &(struct ntfs_whitelist){0}, 0, SECTORS * 512, 0, "does not concern");
	expect_refused(
	        p, &(struct ntfs_whitelist){2, outside}, 0, SECTORS * 512, 0, "not of this volume");
	/* Ranges count from the volume's start, sectors from the disk's. */
	assert_int_equal(
	        check(p, &(struct ntfs_whitelist){2, moved}, 4 * 512, 32 * 512, 0, &err), 0);
	expect_refused(
	        p, &(struct ntfs_whitelist){1, moved}, 4 * 512, 8 * 512, 0, "outside partition");
	expect_refused(p, &(struct ntfs_whitelist){0}, 9 * 512, 32 * 512, 0, "outside partition");
	plan_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_round_trip),
	        cmocka_unit_test(test_kinds),
	        cmocka_unit_test(test_hostile_answers),
	        cmocka_unit_test(test_inconsistent),
	        cmocka_unit_test(test_sectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
