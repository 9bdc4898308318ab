/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recovery password to VMK, against the same steps done with libcrypto's other interfaces. */
#include "tests/unit/key_helpers.h"

#include <openssl/sha.h>
#include <sodium.h>

/* Groups 11 * 1, 11 * 2 ... except the last: 11 * 65535, the largest there is. */
static const char password[] = "000011-000022-000033-000044-000055-000066-000077-720885";

static int parse(const char *text, struct secret **key, unsigned *group, struct error *err)
{
	*group = 99;
	return recovery_password_parse(text, strlen(text), key, group, err);
}

static void password_is_eight_little_endian_numbers(void **state)
{
	(void)state;
	static const char *const spellings[] = {password,
	        "000011 000022 000033 000044 000055 000066 000077 720885",
	        "000011000022000033000044000055000066000077720885",
	        "  000011-000022-000033\t000044 - 000055-000066-000077720885\r\n"};
	static const uint8_t expected[16] = {1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0xff, 0xff};
	unsigned group;

	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		CLEANUP_SECRET struct secret *key = NULL;
		assert_int_equal(parse(spellings[i], &key, &group, NULL), 0);
		assert_int_equal(key->len, 16);
		assert_memory_equal(key->data, expected, 16);
	}
}

static void bad_group_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		unsigned group;
	} cases[] = {
	        {"000012-000022-000033-000044-000055-000066-000077-720885", 1}, /* not by 11 */
	        {"000011-000022-000303-000044-000055-000066-000077-720885", 3}, /* digits swapped */
	        {"000011-000022-000033-000044-000055-000066-000077-720896", 8}, /* 11 * 65536 */
	        {"000011-000022-000033-0O0044-000055-000066-000077-720885", 4}, /* letter O */
	        {"000011-00022-000033-000044-000055-000066-000077-720885", 2},  /* a digit short */
	        {"000011-0000222-000033-000044-000055-000066-000077-720885", 2}, /* one too many */
	        {"000011000022000033000044000055000067000077720885", 6},
	        {"000011-000022-000033-000044-000055-000066-000077", 0},
	        {"000011-000022-000033-000044-000055-000066-000077-720885-000011", 0},
	        {"0000110000220000330000440000550000660000777208850", 0},
	        {"", 0},
	        {"   ", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct secret *key = NULL;
		struct error err = {0};
		unsigned group;
		assert_int_equal(parse(cases[i].text, &key, &group, &err), -EINVAL);
		assert_int_equal(group, cases[i].group);
		assert_null(key);
		assert_int_equal(err.reason, REASON_RECOVERY_PASSWORD_FORMAT);
		assert_null(strstr(err.text, "000"));
	}
}

/* Every group by its number, in every way a group can be wrong. */
static void each_bad_group_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *group;
		bool as_run; /* also found when the 48 digits are not separated */
	} wrong[] = {
	        {"000012", true},   /* no multiple of 11 */
	        {"720896", true},   /* 11 * 65536 */
	        {"999999", true},   /* 11 * 90909 */
	        {"000101", true},   /* 000110 with digits swapped */
	        {"12345", false},   /* a digit short */
	        {"1234567", false}, /* one too many */
	        {"00001l", false},  /* a letter */
	        {"0000-1", false},
	};
	char text[80], run[80];

	for (size_t i = 0; i < 8 * sizeof(wrong) / sizeof(*wrong); i++) {
		size_t bad = i % 8;
		struct secret *key = NULL;
		struct error err = {0};
		unsigned group;
		text[0] = run[0] = 0;
		for (size_t g = 0; g < 8; g++) {
			const char *digits = g == bad ? wrong[i / 8].group : "000110";
			size_t at = strlen(text), run_at = strlen(run);
			(void)snprintf(text + at, sizeof(text) - at, "%s%s", g ? "-" : "", digits);
			(void)snprintf(run + run_at, sizeof(run) - run_at, "%s", digits);
		}
		assert_int_equal(parse(text, &key, &group, &err), -EINVAL);
		assert_int_equal(group, bad + 1);
		char named[32];
		(void)snprintf(named, sizeof(named), "group %zu ", bad + 1);
		assert_non_null(strstr(err.text, named));
		assert_int_equal(parse(run, &key, &group, &err), -EINVAL);
		if (wrong[i / 8].as_run)
			assert_int_equal(group, bad + 1);
		assert_null(key);
	}
}

static void refused_in_group_3(const char *text)
{
	struct secret *key = NULL;
	unsigned group;

	assert_int_equal(parse(text, &key, &group, NULL), -EINVAL);
	assert_int_equal(group, 3);
}

/* Two neighbouring digits swapped, or one mistyped: never a multiple of 11 again. */
static void typing_errors_never_pass(void **state)
{
	(void)state;
	static const char format[] = "000011-000022-%06u-000044-000055-000066-000077-000088";
	char text[80], *digit = text + 14;

	for (uint32_t value = 0; value <= 11 * 65535u; value += 11 * 257u) {
		for (size_t i = 0; i < 6; i++) {
			(void)snprintf(text, sizeof(text), format, value);
			digit[i] = (char)(digit[i] == '9' ? '0' : digit[i] + 1);
			refused_in_group_3(text);
			(void)snprintf(text, sizeof(text), format, value);
			char first = digit[i];
			if (i == 5 || first == digit[i + 1])
				continue;
			digit[i] = digit[i + 1];
			digit[i + 1] = first;
			refused_in_group_3(text);
		}
	}
}

static void password_ends_where_its_length_says(void **state)
{
	(void)state;
	struct secret *key = NULL;
	unsigned group = 99;

	assert_int_equal(recovery_password_parse(password, 54, &key, &group, NULL), -EINVAL);
	assert_int_equal(group, 8);
}

static void stretching_is_a_million_rounds(void **state)
{
	(void)state;
	struct {
		uint8_t last[32], initial[32], salt[16], count[8];
	} s = {.salt = "0123456789abcde"};
	CLEANUP_SECRET struct secret *key = NULL, *stretched = NULL;
	unsigned group;

	assert_int_equal(parse(password, &key, &group, NULL), 0);
	assert_int_equal(bitlocker_stretch(key, s.salt, &stretched), 0);
	SHA256(key->data, key->len, s.initial);
	for (uint64_t i = 0; i < 1048576; i++) {
		uint8_t out[32];
		put_le64(s.count, i);
		SHA256((const uint8_t *)&s, sizeof(s), out);
		memcpy(s.last, out, sizeof(out));
	}
	assert_int_equal(stretched->len, 32);
	assert_memory_equal(stretched->data, s.last, 32);
}

static void blob_opens_with_its_key_only(void **state)
{
	(void)state;
	struct bitlocker_blob blob;
	uint8_t vmk[32], raw[32];
	struct secret *opened = NULL;

	randombytes_buf(vmk, sizeof(vmk));
	randombytes_buf(raw, sizeof(raw));
	vmk_seal(raw, vmk, 44, blob.sealed);
	CLEANUP_SECRET struct secret *key = secret_copy(raw, sizeof(raw));
	assert_int_equal(bitlocker_blob_open(&blob, key, &opened), 0);
	assert_int_equal(opened->len, 32);
	assert_memory_equal(opened->data, vmk, 32);
	secret_free(opened);
	opened = NULL;
	for (size_t i = 0; i < sizeof(blob.sealed); i++) {
		blob.sealed[i] ^= 1;
		assert_int_equal(bitlocker_blob_open(&blob, key, &opened), -EKEYREJECTED);
		blob.sealed[i] ^= 1;
	}
	key->data[31] ^= 0x80;
	assert_int_equal(bitlocker_blob_open(&blob, key, &opened), -EKEYREJECTED);
	CLEANUP_SECRET struct secret *short_key = secret_copy(raw, 16);
	assert_int_equal(bitlocker_blob_open(&blob, short_key, &opened), -EINVAL);
	assert_null(opened);
}

static void blob_must_hold_a_key(void **state)
{
	(void)state;
	struct bitlocker_blob blob;
	uint8_t vmk[32] = {0}, raw[32] = {1};
	struct secret *opened = NULL;

	vmk_seal(raw, vmk, 45, blob.sealed);
	CLEANUP_SECRET struct secret *key = secret_copy(raw, sizeof(raw));
	assert_int_equal(bitlocker_blob_open(&blob, key, &opened), -EBADMSG);
	assert_null(opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(password_is_eight_little_endian_numbers),
	        cmocka_unit_test(bad_group_is_named),
	        cmocka_unit_test(each_bad_group_is_named),
	        cmocka_unit_test(typing_errors_never_pass),
	        cmocka_unit_test(password_ends_where_its_length_says),
	        cmocka_unit_test(stretching_is_a_million_rounds),
	        cmocka_unit_test(blob_opens_with_its_key_only),
	        cmocka_unit_test(blob_must_hold_a_key),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
