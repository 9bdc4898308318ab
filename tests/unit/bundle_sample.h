/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan to make a bundle of, and bundles made by somebody else. For the test_bundle*.c programs.
 */
#ifndef TESTS_UNIT_BUNDLE_SAMPLE_H
#define TESTS_UNIT_BUNDLE_SAMPLE_H

#include "fixer/base/buffer.h"
#include "fixer/base/bytes.h"
#include "fixer/repair/bundle.h"
#include "tests/unit/metadata_sample.h"

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

static inline struct sample *sample_new(void)
{
	struct sample *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	for (size_t i = 0; i < sizeof(s->old_bytes); i++) {
		s->old_bytes[i] = (uint8_t)(i * 7 >> 3);
		s->new_bytes[i] = (uint8_t)(i * 11 >> 2);
	}
	s->runs[0] = (struct plan_run){100, 2, s->old_bytes, s->new_bytes, STAGE_INDEX};
	s->runs[1] = (struct plan_run){
	        4000, 1, s->old_bytes + 2 * SECTOR, s->new_bytes + 2 * SECTOR, STAGE_REST};
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
	for (size_t i = 1; i < 3; i++) {
		s->plan.files[i].metadata = metadata_sample();
		assert_non_null(s->plan.files[i].metadata);
	}
	s->table.scheme = SCHEME_GPT;
	memset(s->table.disk_id.bytes, 0x5a, GUID_LEN);
	s->origin =
	        (struct bundle_origin){"host-\xff", "crowdstrike-291", &s->table, DISK_SIZE, 3, ""};
	return s;
}

static inline void sample_free(struct sample *s)
{
	for (size_t i = 0; i < s->plan.file_count; i++)
		ntfs_metadata_free(s->plan.files[i].metadata);
	free(s);
}

static inline struct bundle *encode(const struct sample *s)
{
	struct bundle *b = NULL;
	struct error err = {0};

	if (bundle_encode(&s->plan, &s->origin, &b, &err) < 0)
		fail_msg("%s", err.text);
	return b;
}

static inline void expect_bad(const void *bytes, size_t len, const char *what)
{
	struct bundle *b = NULL;
	struct error err = {0};

	if (bundle_decode(bytes, len, &b, &err) == 0 || b || err.reason != REASON_BUNDLE_BAD ||
	        err.text[0] == 0)
		fail_msg("%s: not refused as BUNDLE_BAD but %s: %s", what, reason_code(err.reason),
		        err.text);
}

static inline void seal(uint8_t *bytes, size_t len)
{
	put_le32(bytes + len - BUNDLE_SEAL, 0x184D2A50);
	put_le32(bytes + len - BUNDLE_SEAL + 4, 32);
	crypto_hash_sha256(bytes + len - 32, bytes, len - BUNDLE_SEAL);
}

/* --- bundles made by somebody else ---------------------------------------------------------- */

struct part {
	const char *name;
	const void *data;
	size_t len;
};

static inline la_ssize_t to_buffer(struct archive *a, void *context, const void *data, size_t len)
{
	(void)a;
	return buffer_append(context, data, len) == 0 ? (la_ssize_t)len : -1;
}

static inline struct buffer pack(const struct part *parts, size_t count)
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
static inline char *unpack_manifest(const struct bundle *b)
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

static inline char *replace(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *out;

	if (!at)
		fail_msg("the manifest has no %s", from);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	return out;
}

static inline struct buffer pack_sample(const struct sample *s, const char *manifest)
{
	const struct part parts[] = {
	        {"manifest.json", manifest, strlen(manifest)},
	        {"sectors.old", s->old_bytes, sizeof(s->old_bytes)},
	        {"sectors.new", s->new_bytes, sizeof(s->new_bytes)},
	        {"files/0", contents, sizeof(contents)},
	        {"streams/0/0", SAMPLE_STREAM, sizeof(SAMPLE_STREAM)},
	        {"files/1", "", 0},
	        {"streams/1/0", SAMPLE_STREAM, sizeof(SAMPLE_STREAM)},
	};

	return pack(parts, sizeof(parts) / sizeof(parts[0]));
}

#endif
