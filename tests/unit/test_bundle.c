/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bundle: what goes in comes out, and nothing else ever does. */
#include "fixer/base/buffer.h"
#include "fixer/base/bytes.h"
#include "fixer/repair/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECTOR    512
#define DISK_SIZE (64u << 20)

static const char contents[] = "the content of the bad file";

struct sample {
	struct plan plan;
	struct plan_run runs[2];
	uint8_t old_bytes[3 * SECTOR], new_bytes[3 * SECTOR];
	struct partition_table table;
	struct bundle_origin origin;
};

static struct sample *sample_new(void)
{
	struct sample *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	for (size_t i = 0; i < sizeof(s->old_bytes); i++) {
		s->old_bytes[i] = (uint8_t)(i * 7 >> 3);
		s->new_bytes[i] = (uint8_t)(i * 11 >> 2);
	}
	s->runs[0] = (struct plan_run){100, 2, s->old_bytes, s->new_bytes};
	s->runs[1] =
	        (struct plan_run){4000, 1, s->old_bytes + 2 * SECTOR, s->new_bytes + 2 * SECTOR};
	s->plan.kind = PLAN_DELETE;
	s->plan.journal = JOURNAL_CLEAN;
	s->plan.sector_size = SECTOR;
	s->plan.run_count = 2;
	s->plan.sector_count = 3;
	s->plan.runs = s->runs;
	s->plan.file_count = 3;
	(void)snprintf(s->plan.files[0].path, sizeof(s->plan.files[0].path), "\\left\\alone.sys");
	struct plan_file *f = &s->plan.files[1];
	(void)snprintf(f->path, sizeof(f->path), "\\Windows\\C-00000291-gr\303\274n.sys");
	f->acted = true;
	f->size = sizeof(contents);
	f->content = (uint8_t *)(uintptr_t)contents;
	f->modified = 133658580000000000u;
	f->mft_reference = 0xfff0000000000123u;
	(void)snprintf(s->plan.files[2].path, sizeof(s->plan.files[2].path), "\\empty.sys");
	s->plan.files[2].acted = true;
	s->table.scheme = SCHEME_GPT;
	memset(s->table.disk_id.bytes, 0x5a, GUID_LEN);
	s->origin =
	        (struct bundle_origin){"host-\xff", "crowdstrike-291", &s->table, DISK_SIZE, 3, ""};
	return s;
}

static struct bundle *encode(const struct sample *s)
{
	struct bundle *b = NULL;
	struct error err = {0};

	if (bundle_encode(&s->plan, &s->origin, &b, &err) < 0)
		fail_msg("%s", err.text);
	return b;
}

static void test_round_trip(void **state)
{
	struct sample *s = sample_new();
	struct bundle *a = encode(s), *again = encode(s), *b = NULL;
	uint8_t hash[32];
	(void)state;

	assert_int_equal(bundle_decode(a->bytes, a->len, &b, NULL), 0);
	crypto_hash_sha256(hash, a->bytes, a->len);
	assert_memory_equal(b->sha256, hash, sizeof(hash));
	assert_int_equal(again->len, a->len);
	assert_memory_equal(again->bytes, a->bytes, a->len);
	assert_string_equal(b->disk_id, "5A5A5A5A-5A5A-5A5A-5A5A-5A5A5A5A5A5A");
	assert_int_equal(b->partition, 3);
	assert_int_equal(b->disk_size, DISK_SIZE);
	assert_int_equal(b->sector_size, SECTOR);
	assert_int_equal(b->run_count, 2);
	assert_int_equal(b->sector_count, 3);
	for (size_t i = 0; i < 2; i++) {
		size_t len = b->runs[i].count * SECTOR;
		assert_int_equal(b->runs[i].lba, s->runs[i].lba);
		assert_int_equal(b->runs[i].count, s->runs[i].count);
		assert_memory_equal(b->runs[i].old_bytes, s->runs[i].old_bytes, len);
		assert_memory_equal(b->runs[i].new_bytes, s->runs[i].new_bytes, len);
	}
	bundle_free(a);
	bundle_free(again);
	bundle_free(b);
	free(s);
}

static void expect_bad(const void *bytes, size_t len, const char *what)
{
	struct bundle *b = NULL;
	struct error err = {0};

	if (bundle_decode(bytes, len, &b, &err) == 0 || b || err.reason != REASON_BUNDLE_BAD ||
	        err.text[0] == 0)
		fail_msg("%s: not refused as BUNDLE_BAD but %s: %s", what, reason_code(err.reason),
		        err.text);
}

static void test_every_truncation(void **state)
{
	struct sample *s = sample_new();
	struct bundle *b = encode(s);
	(void)state;

	for (size_t len = 0; len < b->len; len++)
		expect_bad(b->bytes, len, "truncation");
	bundle_free(b);
	free(s);
}

static void test_every_flip(void **state)
{
	struct sample *s = sample_new();
	struct bundle *b = encode(s);
	(void)state;

	for (size_t i = 0; i < b->len * 8; i++) {
		b->bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		expect_bad(b->bytes, b->len, "flip");
		b->bytes[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	bundle_free(b);
	free(s);
}

static void seal(uint8_t *bytes, size_t len)
{
	put_le32(bytes + len - BUNDLE_SEAL, 0x184D2A50);
	put_le32(bytes + len - BUNDLE_SEAL + 4, 32);
	crypto_hash_sha256(bytes + len - 32, bytes, len - BUNDLE_SEAL);
}

/* An attacker makes the seal fit: then it is the content that must be right. */
static void test_flips_under_a_good_seal(void **state)
{
	struct sample *s = sample_new();
	struct bundle *good = encode(s);
	uint8_t *bytes = malloc(good->len);
	size_t refused = 0, len = good->len - BUNDLE_SEAL;
	(void)state;

	assert_non_null(bytes);
	for (size_t i = 0; i < len; i++) {
		struct bundle *b = NULL;
		struct error err = {0};
		memcpy(bytes, good->bytes, good->len);
		bytes[i] ^= (uint8_t)(1u << i % 8);
		seal(bytes, good->len);
		if (bundle_decode(bytes, good->len, &b, &err) == 0) {
			assert_memory_equal(b->old_sectors, s->old_bytes, sizeof(s->old_bytes));
			assert_memory_equal(b->new_sectors, s->new_bytes, sizeof(s->new_bytes));
		} else {
			assert_int_equal(err.reason, REASON_BUNDLE_BAD);
			refused++;
		}
		bundle_free(b);
	}
	assert_true(refused > len / 2);
	free(bytes);
	bundle_free(good);
	free(s);
}

/* --- bundles made by somebody else ---------------------------------------------------------- */

struct part {
	const char *name;
	const void *data;
	size_t len;
};

static la_ssize_t to_buffer(struct archive *a, void *context, const void *data, size_t len)
{
	(void)a;
	return buffer_append(context, data, len) == 0 ? (la_ssize_t)len : -1;
}

static struct buffer pack(const struct part *parts, size_t count)
{
	static const uint8_t room[BUNDLE_SEAL];
	struct archive *a = archive_write_new();
	struct buffer out;

	buffer_init(&out, NM_MAX_BUNDLE);
	assert_int_equal(archive_write_set_format_pax_restricted(a), ARCHIVE_OK);
	assert_int_equal(archive_write_add_filter_zstd(a), ARCHIVE_OK);
	assert_int_equal(archive_write_set_bytes_in_last_block(a, 1), ARCHIVE_OK);
	assert_int_equal(archive_write_open2(a, &out, NULL, to_buffer, NULL, NULL), ARCHIVE_OK);
	for (size_t i = 0; i < count; i++) {
		struct archive_entry *e = archive_entry_new();
		archive_entry_set_pathname(e, parts[i].name);
		archive_entry_set_size(e, (la_int64_t)parts[i].len);
		archive_entry_set_filetype(e, AE_IFREG);
		assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
		assert_int_equal(archive_write_data(a, parts[i].data, parts[i].len), parts[i].len);
		archive_entry_free(e);
	}
	assert_int_equal(archive_write_close(a), ARCHIVE_OK);
	(void)archive_write_free(a);
	assert_int_equal(buffer_append(&out, room, sizeof(room)), 0);
	seal(out.data, out.len);
	return out;
}

/* The manifest text of the sample, malloc()ed, and its sector files. */
static char *unpack_manifest(const struct bundle *b)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;

	assert_int_equal(archive_read_support_filter_zstd(a), ARCHIVE_OK);
	assert_int_equal(archive_read_support_format_tar(a), ARCHIVE_OK);
	assert_int_equal(archive_read_open_memory(a, b->bytes, b->len), ARCHIVE_OK);
	assert_int_equal(archive_read_next_header(a, &e), ARCHIVE_OK);
	assert_string_equal(archive_entry_pathname(e), "manifest.json");
	size_t size = (size_t)archive_entry_size(e);
	char *text = calloc(1, size + 1);
	assert_non_null(text);
	assert_int_equal(archive_read_data(a, text, size), size);
	(void)archive_read_free(a);
	return text;
}

static char *replace(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *out;

	if (!at)
		fail_msg("the manifest has no %s", from);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	return out;
}

static struct buffer pack_sample(const struct sample *s, const char *manifest)
{
	const struct part parts[] = {
	        {"manifest.json", manifest, strlen(manifest)},
	        {"sectors.old", s->old_bytes, sizeof(s->old_bytes)},
	        {"sectors.new", s->new_bytes, sizeof(s->new_bytes)},
	        {"files/0", contents, sizeof(contents)},
	        {"files/1", "", 0},
	};

	return pack(parts, sizeof(parts) / sizeof(parts[0]));
}

static void test_hostile_manifests(void **state)
{
	static const struct {
		const char *what, *from, *to;
	} cases[] = {
	        {"another version", "\"v\": 1", "\"v\": 2"},
	        {"wrong type", "\"v\": 1", "\"v\": \"1\""},
	        {"unknown field", "\"v\": 1", "\"v\": 1, \"more\": 1"},
	        {"duplicate field", "\"v\": 1", "\"v\": 1, \"v\": 1"},
	        {"missing field", "\"partition\": 3,", ""},
	        {"text after the end", "\"v\": 1", "\"v\": 1} {"},
	        {"unknown plan", "\"delete\"", "\"format\""},
	        {"unknown journal", "\"journal\": \"", "\"journal\": \"x"},
	        {"partition number", "\"partition\": 3", "\"partition\": 4000000000"},
	        {"long disk id", "5A5A5A5A-5A5A", "5A5A5A5A-5A5A5A5A5A5A5A5A5A5A5A5A5A5A"},
	        {"sector size", "\"sector\": 512", "\"sector\": 0"},
	        {"odd sector size", "\"sector\": 512", "\"sector\": 513"},
	        {"negative disk", "\"size\": 67108864", "\"size\": -1"},
	        {"runs end outside the disk", "\"size\": 67108864", "\"size\": 2048511"},
	        {"negative run", "\"lba\": 100", "\"lba\": -100"},
	        {"huge run", "\"lba\": 4000", "\"lba\": 9223372036854775807"},
	        {"overlapping runs", "\"lba\": 4000", "\"lba\": 101"},
	        {"descending runs", "\"lba\": 4000", "\"lba\": 5"},
	        {"empty run", "\"count\": 1", "\"count\": 0"},
	        {"too many sectors", "\"count\": 1", "\"count\": 4095"},
	        {"count that wraps", "\"count\": 1", "\"count\": 4294967297"},
	        {"count short of the data", "\"count\": 2", "\"count\": 1"},
	        {"hash of a run", "\"old_sha256\": \"", "\"old_sha256\": \"0"},
	        {"runs that are no list", "\"runs\": [", "\"runs\": {}, \"x\": ["},
	        {"file number", "\"n\": 1", "\"n\": 2"},
	        {"file size", "\"size\": 28", "\"size\": 27"},
	        {"file over its limit", "\"size\": 28", "\"size\": 16777217"},
	        {"bad time", "\"133658580000000000\"", "\"-1\""},
	        {"time over 64 bits", "\"133658580000000000\"", "\"99999999999999999999\""},
	        {"reference", "\"mft_reference\": \"", "\"mft_reference\": \"x"},
	};
	struct sample *s = sample_new();
	struct bundle *good = encode(s);
	char *manifest = unpack_manifest(good);
	struct buffer same = pack_sample(s, manifest);
	struct bundle *b = NULL;
	(void)state;

	assert_int_equal(bundle_decode(same.data, same.len, &b, NULL), 0);
	bundle_free(b);
	buffer_free(&same);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = replace(manifest, cases[i].from, cases[i].to);
		struct buffer out = pack_sample(s, text);
		expect_bad(out.data, out.len, cases[i].what);
		buffer_free(&out);
		free(text);
	}
	free(manifest);
	bundle_free(good);
	free(s);
}

static void test_hostile_archives(void **state)
{
	struct sample *s = sample_new();
	struct bundle *good = encode(s);
	char *manifest = unpack_manifest(good);
	size_t bomb_len = 256u << 20;
	uint8_t *bomb = calloc(1, bomb_len);
	const struct part m = {"manifest.json", manifest, strlen(manifest)};
	const struct part old_part = {"sectors.old", s->old_bytes, sizeof(s->old_bytes)};
	const struct part new_part = {"sectors.new", s->new_bytes, sizeof(s->new_bytes)};
	const struct part new_as_old = {"sectors.old", s->new_bytes, sizeof(s->new_bytes)};
	const struct part old_as_new = {"sectors.new", s->old_bytes, sizeof(s->old_bytes)};
	const struct part outside = {"../0", contents, sizeof(contents)};
	const struct part file = {"files/0", contents, sizeof(contents)};
	const struct part file1 = {"files/1", "", 0};
	const struct {
		const char *what;
		struct part parts[6];
		size_t count;
	} cases[] = {
	        {"nothing in it", {{0}}, 0},
	        {"manifest only", {m}, 1},
	        {"file missing", {m, old_part, new_part, file}, 4},
	        {"one too many", {m, old_part, new_part, file, file1, file}, 6},
	        {"wrong order", {old_part, m, new_part, file, file1}, 5},
	        {"sides swapped", {m, new_as_old, old_as_new, file, file1}, 5},
	        {"other name", {m, old_part, new_part, outside, file1}, 5},
	        {"bomb as manifest", {{"manifest.json", bomb, bomb_len}}, 1},
	        {"bomb as sectors", {m, {"sectors.old", bomb, bomb_len}}, 2},
	        {"bomb as file", {m, old_part, new_part, {"files/0", bomb, bomb_len}}, 4},
	};
	(void)state;

	assert_non_null(bomb);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out = pack(cases[i].parts, cases[i].count);
		assert_true(out.len < NM_MAX_BUNDLE);
		expect_bad(out.data, out.len, cases[i].what);
		buffer_free(&out);
	}
	free(bomb);
	free(manifest);
	bundle_free(good);
	free(s);
}

static void test_fits(void **state)
{
	struct sample *s = sample_new();
	struct bundle *b = encode(s);
	struct partition_table other = s->table;
	struct error err = {0};
	(void)state;

	assert_int_equal(bundle_fits(b, &s->table, DISK_SIZE, SECTOR, &err), 0);
	assert_true(bundle_fits(b, &s->table, DISK_SIZE + 512, SECTOR, &err) < 0);
	assert_int_equal(err.reason, REASON_BUNDLE_BAD);
	assert_true(bundle_fits(b, &s->table, DISK_SIZE, 4096, &err) < 0);
	other.disk_id.bytes[3] ^= 1;
	assert_true(bundle_fits(b, &other, DISK_SIZE, SECTOR, &err) < 0);
	other = (struct partition_table){.scheme = SCHEME_MBR, .mbr_signature = 0x5a5a5a5a};
	assert_true(bundle_fits(b, &other, DISK_SIZE, SECTOR, &err) < 0);
	bundle_free(b);
	free(s);
}

static void test_refuses_to_encode(void **state)
{
	struct sample *s = sample_new();
	struct bundle *b = NULL;
	struct error err = {0};
	(void)state;

	s->plan.run_count = 0;
	assert_true(bundle_encode(&s->plan, &s->origin, &b, &err) < 0);
	assert_int_equal(err.reason, REASON_INTERNAL);
	s->plan.run_count = 2;
	s->plan.files[1].size = (uint64_t)NM_MAX_BUNDLE + 1;
	assert_true(bundle_encode(&s->plan, &s->origin, &b, &err) < 0);
	assert_int_equal(err.reason, REASON_TARGET_TOO_LARGE);
	s->plan.files[1].size = 28;
	s->origin.disk_size = 1000; /* the runs lie outside: must not be given out */
	assert_true(bundle_encode(&s->plan, &s->origin, &b, &err) < 0);
	assert_null(b);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_round_trip),
	        cmocka_unit_test(test_every_truncation),
	        cmocka_unit_test(test_every_flip),
	        cmocka_unit_test(test_flips_under_a_good_seal),
	        cmocka_unit_test(test_hostile_manifests),
	        cmocka_unit_test(test_hostile_archives),
	        cmocka_unit_test(test_fits),
	        cmocka_unit_test(test_refuses_to_encode),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
