/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine's UUID in IPMI's answer: which byte order it is in, or that it cannot be told. */
#include "appliance/power/ipmi_identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint8_t straight[16] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x41, 0xd1, 0x80, 0xb4,
        0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};

static void as_in_smbios(void **state)
{
	static const uint8_t mixed[16] = {0x10, 0xb8, 0xa7, 0x6b, 0xad, 0x9d, 0xd1, 0x41, 0x80,
	        0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
	char text[40];

	(void)state;
	ipmi_uuid(straight, text);
	assert_string_equal(text, "6ba7b810-9dad-41d1-80b4-00c04fd430c8");
	/* As it came: who compares tries the other order of the first fields. */
	ipmi_uuid(mixed, text);
	assert_string_equal(text, "10b8a76b-ad9d-d141-80b4-00c04fd430c8");
}

static void turned_as_a_whole(void **state)
{
	uint8_t turned[16];
	char text[40];

	(void)state;
	for (size_t i = 0; i < 16; i++)
		turned[i] = straight[15 - i];
	ipmi_uuid(turned, text);
	assert_string_equal(text, "6ba7b810-9dad-41d1-80b4-00c04fd430c8");
}

/* Better not known than another machine's. */
static void not_sure(void **state)
{
	static const uint8_t rows[][16] = {{0}, {[0] = 0xff, [8] = 0xff},
	        /* A vendor's own, made of the MAC. */
	        {[10] = 0xac, [11] = 0x1f, [12] = 0x6b, [13] = 1, [14] = 2, [15] = 3},
	        /* Version and variant at the places of both. */
	        {[6] = 0x41, [7] = 0x81, [8] = 0x81, [9] = 0x41}};
	char text[40];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ipmi_uuid(rows[i], text);
		assert_string_equal(text, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(as_in_smbios),
	        cmocka_unit_test(turned_as_a_whole),
	        cmocka_unit_test(not_sure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
