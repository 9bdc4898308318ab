/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bundles that somebody else made under a good seal: nothing but what a bundle may be gets through.
 */
#include "tests/unit/bundle_sample.h"

static void test_hostile_manifests(void **state)
{
	static const struct {
		const char *what, *from, *to;
	} cases[] = {
	        {"another version", "\"v\": 2", "\"v\": 3"},
	        {"another form", "\"v\": 2", "\"v\": 1"},
	        {"wrong type", "\"v\": 2", "\"v\": \"2\""},
	        {"unknown field", "\"v\": 2", "\"v\": 2, \"more\": 1"},
	        {"duplicate field", "\"v\": 2", "\"v\": 2, \"v\": 2"},
	        {"missing field", "\"partition\": 3,", ""},
	        {"text after the end", "\"v\": 2", "\"v\": 2} {"},
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
	        {"unknown stage", "\"stage\": \"rest\"", "\"stage\": \"best\""},
	        {"metadata missing", "\"metadata\": {", "\"metadata\": null, \"x\": {"},
	        {"unknown name type", "\"win32\"", "\"win64\""},
	        {"parent", "\"parent\": \"", "\"parent\": \"-"},
	        {"no cluster", "\"lcn\": 5000", "\"lcn\": -2"},
	        {"empty cluster run", "\"vcn\": 2", "\"vcn\": -2"},
	        {"stream size", "\"size\": 11", "\"size\": 10"},
	        {"stream over its limit", "\"size\": 11", "\"size\": 262145"},
	        {"stream hash", "\"d8450834", "\"0d8450834"},
	        {"stream of another hash", "\"d8450834", "\"00000000"},
	        {"stream that is not there", "\"size\": 1073741824", "\"size\": -1"},
	        {"descriptor that is no hex", "\"descriptor\": \"01", "\"descriptor\": \"x1"},
	        {"descriptor cut short", "\"descriptor\": \"01", "\"descriptor\": \""},
	        {"security id", "\"security_id\": 261", "\"security_id\": 4294967296"},
	        {"object id", "\"object_id\": \"3C", "\"object_id\": \"3"},
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
	sample_free(s);
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
	const struct part stream = {"streams/0/0", SAMPLE_STREAM, sizeof(SAMPLE_STREAM)};
	const struct part stream1 = {"streams/1/0", SAMPLE_STREAM, sizeof(SAMPLE_STREAM)};
	const struct {
		const char *what;
		struct part parts[8];
		size_t count;
	} cases[] = {
	        {"nothing in it", {{0}}, 0},
	        {"manifest only", {m}, 1},
	        {"file missing", {m, old_part, new_part, file}, 4},
	        {"stream missing", {m, old_part, new_part, file, file1, stream1}, 6},
	        {"one too many", {m, old_part, new_part, file, stream, file1, stream1, file}, 8},
	        {"another's stream", {m, old_part, new_part, file, stream, file1, stream}, 7},
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
	sample_free(s);
}

/* Two million objects, which would take a gigabyte once parsed. */
static void test_swarm(void **state)
{
	size_t len = 7u << 20;
	char *swarm = malloc(len);
	struct bundle *b = NULL;
	struct error err = {0};
	(void)state;

	assert_non_null(swarm);
	for (size_t i = 0; i < len; i++)
		swarm[i] = "{},"[i % 3];
	swarm[0] = '[';
	swarm[1] = '0';
	struct buffer out = pack(&(struct part){"manifest.json", swarm, len}, 1);
	assert_true(bundle_decode(out.data, out.len, &b, &err) < 0);
	assert_int_equal(err.reason, REASON_BUNDLE_BAD);
	assert_non_null(strstr(err.text, "values"));
	buffer_free(&out);
	free(swarm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_hostile_manifests),
	        cmocka_unit_test(test_hostile_archives),
	        cmocka_unit_test(test_swarm),
	};

	if (sodium_init() < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
