/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The bundle: what goes in comes out. */
#include "tests/unit/bundle_sample.h"

#include <jansson.h>

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
		assert_int_equal(b->runs[i].stage, s->runs[i].stage);
		assert_memory_equal(b->runs[i].old_bytes, s->runs[i].old_bytes, len);
		assert_memory_equal(b->runs[i].new_bytes, s->runs[i].new_bytes, len);
	}
	bundle_free(a);
	bundle_free(again);
	bundle_free(b);
	sample_free(s);
}

static void test_every_truncation(void **state)
{
	struct sample *s = sample_new();
	struct bundle *b = encode(s);
	(void)state;

	for (size_t len = 0; len < b->len; len++)
		expect_bad(b->bytes, len, "truncation");
	bundle_free(b);
	sample_free(s);
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
	sample_free(s);
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
	sample_free(s);
}

static void forget(json_t *list, const char *const keys[])
{
	json_t *entry;
	size_t i;

	json_array_foreach(list, i, entry) for (size_t k = 0; keys[k]; k++)
	        assert_int_equal(json_object_del(entry, keys[k]), 0);
}

/* What the first releases saved must be undone by this one. */
static void test_first_version(void **state)
{
	struct sample *s = sample_new();
	struct bundle *now = encode(s), *b = NULL;
	struct error err = {0};
	const struct part parts[] = {{"manifest.json", NULL, 0},
	        {"sectors.old", s->old_bytes, sizeof(s->old_bytes)},
	        {"sectors.new", s->new_bytes, sizeof(s->new_bytes)},
	        {"files/0", contents, sizeof(contents)}, {"files/1", "", 0}};
	struct part first[5];
	(void)state;

	forget(json_object_get(now->manifest, "runs"), (const char *const[]){"stage", NULL});
	forget(json_object_get(now->manifest, "files"),
	        (const char *const[]){"renamed_to", "metadata", NULL});
	(void)json_object_set_new(now->manifest, "v", json_integer(1));
	char *text = json_dumps(now->manifest, JSON_INDENT(1));
	assert_non_null(text);
	memcpy(first, parts, sizeof(parts));
	first[0] = (struct part){"manifest.json", text, strlen(text)};
	struct buffer out = pack(first, 5);
	if (bundle_decode(out.data, out.len, &b, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(b->sector_count, 3);
	assert_int_equal(b->runs[1].stage, b->runs[0].stage);
	assert_memory_equal(b->runs[1].old_bytes, s->runs[1].old_bytes, SECTOR);
	bundle_free(b);
	bundle_free(now);
	buffer_free(&out);
	free(text);
	sample_free(s);
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
	sample_free(s);
}

static void test_stays_inside(void **state)
{
	static struct partition_table table;
	struct sample *s = sample_new();
	struct bundle *b = encode(s);
	struct error err = {0};
	(void)state;

	table.count = 2;
	table.entries[0] = (struct partition){.number = 1, .size = DISK_SIZE};
	table.entries[1] = (struct partition){
	        .number = 3, .start = 100 * SECTOR, .size = (4001 - 100) * SECTOR};
	assert_int_equal(bundle_stays_inside(b, &table, &err), 0);
	table.entries[1].size -= SECTOR;
	assert_true(bundle_stays_inside(b, &table, &err) < 0);
	assert_int_equal(err.reason, REASON_BUNDLE_BAD);
	assert_non_null(strstr(err.text, "sector 4000"));
	table.entries[1] =
	        (struct partition){.number = 3, .start = 101 * SECTOR, .size = DISK_SIZE};
	assert_true(bundle_stays_inside(b, &table, &err) < 0);
	assert_non_null(strstr(err.text, "sector 100 "));
	table.count = 1;
	assert_true(bundle_stays_inside(b, &table, &err) < 0);
	assert_non_null(strstr(err.text, "does not have"));
	bundle_free(b);
	sample_free(s);
}

/* As many files as a recipe may match, each with as much metadata as is ever kept. */
static void test_largest_metadata(void **state)
{
	struct sample *s = sample_new();
	(void)state;

	s->plan.file_count = NM_MAX_MATCHES;
	for (size_t i = 0; i < NM_MAX_MATCHES; i++) {
		struct plan_file *f = &s->plan.files[i];
		ntfs_metadata_free(f->metadata);
		f->metadata = metadata_sample();
		assert_non_null(f->metadata);
		f->acted = true;
		struct ntfs_metadata *m = f->metadata;
		for (size_t n = 0; n < NTFS_METADATA_RUNS; n++)
			m->runs[n] = (struct ntfs_metadata_run){INT64_MAX, INT64_MAX, INT64_MAX};
		for (size_t n = 0; n < NTFS_METADATA_NAMES; n++) {
			m->names[n] = m->names[1];
			memset(m->names[n].name, '"', NTFS_NAME_UTF8 - 1);
		}
		for (size_t n = 1; n < NTFS_METADATA_STREAMS; n++) {
			m->streams[n].size = 1u << 30;
			memset(m->streams[n].name, '"', NTFS_NAME_UTF8 - 1);
		}
		m->run_count = NTFS_METADATA_RUNS;
		m->name_count = NTFS_METADATA_NAMES;
		m->stream_count = NTFS_METADATA_STREAMS;
		m->descriptor_size = NTFS_METADATA_DESCRIPTOR;
	}
	struct bundle *b = encode(s);
	char *text = unpack_manifest(b);
	print_message("manifest of %zu bytes\n", strlen(text));
	free(text);
	bundle_free(b);
	sample_free(s);
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
	struct ntfs_metadata *kept = s->plan.files[2].metadata;
	s->plan.files[2].metadata = NULL;
	assert_true(bundle_encode(&s->plan, &s->origin, &b, &err) < 0);
	assert_int_equal(err.reason, REASON_INTERNAL);
	s->plan.files[2].metadata = kept;
	s->origin.disk_size = 1000; /* the runs lie outside: must not be given out */
	assert_true(bundle_encode(&s->plan, &s->origin, &b, &err) < 0);
	assert_null(b);
	sample_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_round_trip),
	        cmocka_unit_test(test_every_truncation),
	        cmocka_unit_test(test_every_flip),
	        cmocka_unit_test(test_flips_under_a_good_seal),
	        cmocka_unit_test(test_first_version),
	        cmocka_unit_test(test_fits),
	        cmocka_unit_test(test_stays_inside),
	        cmocka_unit_test(test_largest_metadata),
	        cmocka_unit_test(test_refuses_to_encode),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
