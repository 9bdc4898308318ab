/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When two are the same machine, in every combination of what is the same, differs or is not known;
 * what is no identity at all. */
#include "appliance/fleet/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define U1         "4C4C4544-0043-3510-8052-B4C04F564433"
#define U1_SWAPPED "44454C4C-4300-1035-8052-B4C04F564433"
#define U2         "4C4C4544-0043-3510-8052-B4C04F564434"

/* What the known machine has: nothing, the same or another value; shown, or only listed. */
enum has { NOTHING, SAME_SHOWN, OTHER_SHOWN, SAME_LISTED, OTHER_LISTED };

/* The rule once more, in other words than identity.c has. */
static enum identity_fit expected(enum has uuid, enum has serial, bool mac)
{
	bool same_uuid = uuid == SAME_SHOWN || uuid == SAME_LISTED;
	bool same_serial = serial == SAME_SHOWN || serial == SAME_LISTED;

	if (same_uuid && same_serial)
		return FIT_BOTH;
	if (same_uuid || same_serial) {
		enum has rest = same_uuid ? serial : uuid;
		if (rest == OTHER_SHOWN && !mac)
			return FIT_NONE;
		return same_uuid ? FIT_UUID : FIT_SERIAL;
	}
	return mac && uuid == NOTHING && serial == NOTHING ? FIT_MAC : FIT_NONE;
}

static void test_every_combination(void **state)
{
	(void)state;
	const struct identity asked = {U1, "ABC1"};

	for (int u = NOTHING; u <= OTHER_LISTED; u++)
		for (int s = NOTHING; s <= OTHER_LISTED; s++)
			for (int mac = 0; mac < 2; mac++) {
				struct identity shown = {"", ""}, listed = {"", ""};
				if (u == SAME_SHOWN || u == OTHER_SHOWN)
					shown.uuid = u == SAME_SHOWN ? U1 : U2;
				if (u == SAME_LISTED || u == OTHER_LISTED)
					listed.uuid = u == SAME_LISTED ? U1 : U2;
				if (s == SAME_SHOWN || s == OTHER_SHOWN)
					shown.serial = s == SAME_SHOWN ? "ABC1" : "ABC2";
				if (s == SAME_LISTED || s == OTHER_LISTED)
					listed.serial = s == SAME_LISTED ? "abc1" : "ABC2";
				enum identity_fit fit = identity_fit(&asked, &shown, &listed, mac);
				if (fit != expected((enum has)u, (enum has)s, mac))
					fail_msg("uuid %d serial %d mac %d: %d", u, s, mac, fit);
			}
}

static void test_shown_counts_before_listed(void **state)
{
	(void)state;
	const struct identity asked = {"", "ABC1"}, shown = {"", "ABC2"}, listed = {"", "ABC1"};
	const struct identity nobody = {"", ""}, swapped = {U1_SWAPPED, ""}, plain = {U1, ""};

	assert_int_equal(identity_fit(&asked, &shown, &listed, true), FIT_NONE);
	assert_int_equal(identity_fit(&nobody, &shown, &listed, true), FIT_MAC);
	assert_int_equal(identity_fit(&nobody, &shown, &listed, false), FIT_NONE);
	assert_int_equal(identity_fit(&swapped, &plain, &nobody, false), FIT_UUID);
}

static void test_no_identity(void **state)
{
	(void)state;
	static const char *const serials[] = {"", "  ", "0", "00000000", "FFFFFFFF", "xxxxxx",
	        "123456789", "0123456789", "12345678", "To be filled by O.E.M.", "default string",
	        "NONE", "N/A", "System Serial Number", "-----", "........"};
	static const char *const uuids[] = {"", "00000000-0000-0000-0000-000000000000",
	        "ffffffff-ffff-ffff-ffff-ffffffffffff", "03000200-0400-0500-0006-000700080009",
	        "11111111-1111-1111-1111-111111111111", "nonsense", "{" U1 "}"};
	char out[NM_MAX_NAME + 1], uuid[UUID_TEXT];

	for (size_t i = 0; i < sizeof(serials) / sizeof(serials[0]); i++) {
		identity_serial(serials[i], out);
		assert_string_equal(out, "");
	}
	for (size_t i = 0; i < sizeof(uuids) / sizeof(uuids[0]); i++) {
		identity_uuid(uuids[i], uuid);
		assert_string_equal(uuid, "");
	}
	identity_serial(" S1 ", out);
	assert_string_equal(out, "S1");
	identity_serial("12345", out);
	assert_string_equal(out, "12345");
	identity_serial("5CD1234XYZ", out);
	assert_string_equal(out, "5CD1234XYZ");
	identity_uuid_swapped(U1, uuid);
	assert_string_equal(uuid, U1_SWAPPED);
	identity_uuid_swapped("", uuid);
	assert_string_equal(uuid, "");
}

static void test_conflict(void **state)
{
	(void)state;
	struct machine m = {.serial = "abc1", .uuid = U1};
	char text[sizeof(m.conflict)];

	identity_conflict(&m, text);
	assert_string_equal(text, "");
	(void)snprintf(m.listed_serial, sizeof(m.listed_serial), "ABC1");
	(void)snprintf(m.listed_uuid, sizeof(m.listed_uuid), U1_SWAPPED);
	identity_conflict(&m, text);
	assert_string_equal(text, "");
	(void)snprintf(m.listed_serial, sizeof(m.listed_serial), "ABC2");
	(void)snprintf(m.listed_uuid, sizeof(m.listed_uuid), U2);
	identity_conflict(&m, text);
	assert_string_equal(text, "its serial is abc1, the inventory says ABC2; its UUID is " U1
	                          ", the inventory says " U2);
	memset(m.serial, 'x', sizeof(m.serial) - 1);
	identity_conflict(&m, text);
	assert_non_null(strstr(text, U2)); /* all of it fits */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_combination),
	        cmocka_unit_test(test_shown_counts_before_listed),
	        cmocka_unit_test(test_no_identity),
	        cmocka_unit_test(test_conflict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
