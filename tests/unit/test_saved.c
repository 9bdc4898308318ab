/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bundle made by the fixer's own encoder, as the appliance tells of it. */
#include "appliance/saved/head.h"
#include "appliance/saved/sectors.h"
#include "fixer/base/cleanup.h"
#include "tests/unit/bundle_sample.h"

#include <jansson.h>
#include <sys/mman.h>
#include <unistd.h>

static json_t *tell(const void *bytes, size_t len, struct error *err)
{
	CLEANUP_CLOSE int fd = memfd_create("bundle", MFD_CLOEXEC);
	CLEANUP_FREE char *text = NULL;
	json_t *told = json_object();
	size_t text_len;

	assert_int_equal(write(fd, bytes, len), len);
	int r = saved_manifest(fd, &text, &text_len, err);
	if (r == 0)
		r = sectors_tell(text, text_len, told, err);
	if (r == 0)
		return told;
	json_decref(told);
	return NULL;
}

static long long number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void test_of_the_fixer(void **state)
{
	static const char *const stages[] = {"index", "rest"};
	struct sample *s = sample_new();
	struct bundle *b = encode(s);
	struct error err = {0};
	const json_t *range, *files;
	size_t i;

	(void)state;
	json_t *told = tell(b->bytes, b->len, &err);
	assert_non_null(told);
	assert_int_equal(number(told, "sectors"), b->sector_count);
	assert_int_equal(number(told, "places"), b->run_count);
	json_array_foreach(json_object_get(told, "ranges"), i, range)
	{
		assert_int_equal(number(range, "lba"), s->runs[i].lba);
		assert_int_equal(number(range, "count"), s->runs[i].count);
		assert_int_equal(number(range, "at"), s->runs[i].old_bytes - s->old_bytes);
		assert_string_equal(json_string_value(json_object_get(range, "stage")), stages[i]);
	}
	assert_int_equal(i, 2);
	files = json_object_get(told, "files");
	assert_int_equal(json_array_size(files), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(files, 0), "path")),
	        s->plan.files[1].path);
	json_decref(told);
	bundle_free(b);
	sample_free(s);
}

/* Every stage the fixer knows is known here. */
static void test_stages(void **state)
{
	struct sample *s = sample_new();
	struct error err = {0};

	(void)state;
	for (int stage = 0; stage < STAGES; stage++) {
		s->runs[1].stage = (enum plan_stage)stage;
		struct bundle *b = encode(s);
		json_t *told = tell(b->bytes, b->len, &err);
		if (!told)
			fail_msg("stage %s: %s", plan_stage_name((enum plan_stage)stage), err.text);
		json_decref(told);
		bundle_free(b);
	}
	sample_free(s);
}

/* Cut at every length, it is told of as a whole or not at all. */
static void test_cut_short(void **state)
{
	struct sample *s = sample_new();
	struct bundle *b = encode(s);

	(void)state;
	for (size_t len = 0; len < b->len; len++) {
		struct error err = {0};
		json_t *told = tell(b->bytes, len, &err);
		if (told)
			assert_int_equal(number(told, "sectors"), b->sector_count);
		else
			assert_int_equal(err.reason, REASON_BUNDLE_BAD);
		json_decref(told);
	}
	bundle_free(b);
	sample_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_of_the_fixer),
	        cmocka_unit_test(test_stages),
	        cmocka_unit_test(test_cut_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
