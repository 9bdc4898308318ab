/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a child tells of a file's metadata: it arrives as it was, and nothing else does. */
#include "fixer/repair/metadata_answer.h"
#include "tests/unit/metadata_sample.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct buffer encode(const struct ntfs_metadata *m)
{
	struct buffer out;

	buffer_init(&out, 1024 * 1024);
	assert_int_equal(metadata_put(&out, m), 0);
	return out;
}

static struct ntfs_metadata *sample(void)
{
	struct ntfs_metadata *m = metadata_sample();

	assert_non_null(m);
	return m;
}

static void test_round_trip(void **state)
{
	struct ntfs_metadata *made = sample();
	struct buffer out = encode(made);
	struct cursor c = cursor_over(out.data, out.len);
	struct ntfs_metadata *got = metadata_get(&c);

	(void)state;
	assert_non_null(got);
	assert_int_equal(c.left, 0);
	assert_string_equal((const char *)got->streams[0].content, SAMPLE_STREAM);
	free(got->streams[0].content);
	got->streams[0].content = made->streams[0].content;
	assert_memory_equal(got, made, sizeof(*got));
	got->streams[0].content = NULL;
	ntfs_metadata_free(got);
	ntfs_metadata_free(made);
	buffer_free(&out);
}

/* Every cut, and every byte changed: refused, or within every bound. */
static void test_hostile(void **state)
{
	struct ntfs_metadata *made = sample();
	struct buffer out = encode(made);

	(void)state;
	for (size_t len = 0; len < out.len; len++) {
		uint8_t *cut = malloc(len + 1);
		assert_non_null(cut);
		memcpy(cut, out.data, len);
		struct cursor c = cursor_over(cut, len);
		assert_null(metadata_get(&c));
		assert_true(c.failed);
		free(cut);
	}
	for (size_t i = 0; i < 8 * out.len; i++) {
		out.data[i / 8] ^= (uint8_t)(1u << i % 8);
		struct cursor c = cursor_over(out.data, out.len);
		struct ntfs_metadata *m = metadata_get(&c);
		assert_true((m == NULL) == c.failed);
		if (m)
			assert_true(m->name_count <= NTFS_METADATA_NAMES &&
			            m->run_count <= NTFS_METADATA_RUNS &&
			            m->stream_count <= NTFS_METADATA_STREAMS);
		ntfs_metadata_free(m);
		out.data[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	ntfs_metadata_free(made);
	buffer_free(&out);
}

static void expect_refused(struct ntfs_metadata *m, const char *what)
{
	struct buffer out = encode(m);
	struct cursor c = cursor_over(out.data, out.len);
	struct ntfs_metadata *got = metadata_get(&c);

	if (got)
		fail_msg("%s: accepted", what);
	buffer_free(&out);
	ntfs_metadata_free(m);
}

static void test_out_of_bounds(void **state)
{
	struct ntfs_metadata *m = sample();

	(void)state;
	m->runs[0].length = 0;
	expect_refused(m, "a run of nothing");
	m = sample();
	m->runs[0].lcn = NTFS_HOLE - 1;
	expect_refused(m, "a cluster that cannot be");
	m = sample();
	m->names[0].type = NTFS_NAME_WIN32_AND_DOS + 1;
	expect_refused(m, "a type of name that is not");
	m = sample();
	m->streams[0].size = NTFS_METADATA_STREAM_MAX + 1;
	m->streams[0].content = realloc(m->streams[0].content, NTFS_METADATA_STREAM_MAX + 1);
	assert_non_null(m->streams[0].content);
	memset(m->streams[0].content, 0, NTFS_METADATA_STREAM_MAX + 1);
	expect_refused(m, "a stream over the limit");
	m = sample();
	m->cluster_size = 1u << 31;
	expect_refused(m, "clusters of 2 GiB");
}

static void test_large_descriptor_is_left_out(void **state)
{
	struct ntfs_metadata *m = sample();

	(void)state;
	m->descriptor_size = sizeof(m->descriptor) + 1;
	memset(m->descriptor, 0, sizeof(m->descriptor));
	struct buffer out = encode(m);
	struct cursor c = cursor_over(out.data, out.len);
	struct ntfs_metadata *got = metadata_get(&c);
	assert_non_null(got);
	assert_int_equal(got->descriptor_size, sizeof(m->descriptor) + 1);
	ntfs_metadata_free(got);
	ntfs_metadata_free(m);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_round_trip),
	        cmocka_unit_test(test_hostile),
	        cmocka_unit_test(test_out_of_bounds),
	        cmocka_unit_test(test_large_descriptor_is_left_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
