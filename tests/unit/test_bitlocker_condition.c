/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The state of a BitLocker volume in words. */
#include "fixer/bitlocker/bitlocker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#define MIB (1024 * 1024ULL)

/* A volume of 200 MiB of which 74 are encrypted, with a TPM. */
static struct bitlocker_info volume(uint16_t current, uint16_t next)
{
	struct bitlocker_info info = {
	        .current_state = current,
	        .next_state = next,
	        .needs_key = current != 1,
	        .converting = current != next || (current != 4 && current != 1),
	        .volume_size = 200 * MIB,
	        .encrypted_bytes = 74 * MIB,
	        .protector_count = 1,
	        .protectors = {{.kind = PROTECTOR_TPM}},
	};
	return info;
}

static void expect(const struct bitlocker_info *info, const char *name, const char *words)
{
	char text[BITLOCKER_CONDITION_TEXT];

	assert_string_equal(bitlocker_condition_name(bitlocker_condition(info)), name);
	bitlocker_condition_words(info, text, sizeof(text));
	assert_string_equal(text, words);
}

static void at_rest(void **state)
{
	(void)state;
	struct bitlocker_info info = volume(4, 4);

	expect(&info, "protected", "encrypted, protection on"); /* it was grown */
	info.encrypted_bytes = info.volume_size;
	expect(&info, "protected", "fully encrypted, protection on");
	info.suspended = true;
	expect(&info, "suspended", "fully encrypted, protection suspended: opens without a key");
	info.protectors[0].kind = PROTECTOR_CLEAR_KEY;
	expect(&info, "waiting-for-activation",
	        "encrypted, waiting for activation: has no protector yet, opens without a key");
	info.protectors_left_out = 1; /* it may be any kind */
	expect(&info, "suspended", "fully encrypted, protection suspended: opens without a key");
	info = volume(1, 1);
	expect(&info, "decrypted", "decrypted; only BitLocker's metadata is left");
}

static void converting(void **state)
{
	(void)state;
	struct bitlocker_info info = volume(5, 1);

	expect(&info, "decrypting", "being decrypted, paused with 37 % encrypted");
	info = volume(3, 1);
	expect(&info, "decrypting", "being decrypted, paused with 37 % encrypted");
	info = volume(2, 4);
	expect(&info, "encrypting", "being encrypted, interrupted with 37 % encrypted");
	info.suspended = true;
	expect(&info, "encrypting",
	        "being encrypted, interrupted with 37 % encrypted; its key is in the clear");
	info = volume(4, 9);
	expect(&info, "converting", "being converted, paused with 37 % encrypted");
}

static void encrypt_on_write(void **state)
{
	(void)state;
	struct bitlocker_info info = volume(4, 4);

	info.encrypt_on_write = true;
	expect(&info, "encrypt-on-write", "encrypt-on-write conversion unfinished, 37 % encrypted");
	info.map_damaged = true;
	expect(&info, "encrypt-on-write",
	        "encrypt-on-write conversion unfinished, its map is damaged");
}

static void percent_of_any_size(void **state)
{
	(void)state;
	struct bitlocker_info info = {.volume_size = 0, .encrypted_bytes = 0};

	assert_int_equal(bitlocker_percent(&info), 0);
	info.volume_size = 3;
	assert_int_equal(bitlocker_percent(&info), 0);
	info.encrypted_bytes = 1;
	assert_int_equal(bitlocker_percent(&info), 33);
	info.encrypted_bytes = 5; /* the volume was shrunk */
	assert_int_equal(bitlocker_percent(&info), 100);
	info.volume_size = UINT64_MAX;
	info.encrypted_bytes = UINT64_MAX / 2;
	assert_in_range(bitlocker_percent(&info), 49, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(at_rest),
	        cmocka_unit_test(converting),
	        cmocka_unit_test(encrypt_on_write),
	        cmocka_unit_test(percent_of_any_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
