/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Security descriptors as Windows writes them; hostile ones. */
#include "fixer/windows/sddl.h"
#include "tests/unit/metadata_sample.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int convert(const void *bytes, size_t len, char *out, size_t size)
{
	struct buffer text;

	buffer_init(&text, size - 1);
	int r = sddl_append(bytes, len, &text);
	(void)snprintf(out, size, "%s", text.data ? (const char *)text.data : "");
	buffer_free(&text);
	return r;
}

static void test_sample(void **state)
{
	struct ntfs_metadata *m = metadata_sample();
	char text[200];

	(void)state;
	assert_non_null(m);
	assert_int_equal(convert(m->descriptor, m->descriptor_size, text, sizeof(text)), 0);
	assert_string_equal(text, "O:S-1-5-18G:S-1-5-18D:AI(A;ID;0x1f01ff;;;S-1-5-18)");
	ntfs_metadata_free(m);
}

/* No owner, protected DACL of two entries, SACL with a label; a list that is present but empty. */
static void test_lists(void **state)
{
	static const uint8_t both[] = {1, 0, 0x14, 0x90, 0, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0, 48, 0,
	        0, 0,
	        /* SACL */ 2, 0, 28, 0, 1, 0, 0, 0, 0x11, 0, 20, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0,
	        16, 0, 0x30, 0, 0,
	        /* DACL */ 2, 0, 52, 0, 2, 0, 0, 0, 1, 0, 20, 0, 0, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1,
	        0, 0, 0, 0, 0, 3, 24, 0, 0xa9, 0, 0x12, 0, 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0,
	        0x21, 2, 0, 0};
	static const uint8_t open[] = {
	        1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	char text[200];

	(void)state;
	assert_int_equal(convert(both, sizeof(both), text, sizeof(text)), 0);
	assert_string_equal(text, "D:P(D;;0x10000;;;S-1-1-0)(A;OICI;0x1200a9;;;S-1-5-32-545)"
	                          "S:(ML;;0x1;;;S-1-16-12288)");
	assert_int_equal(convert(open, sizeof(open), text, sizeof(text)), 0);
	assert_string_equal(text, "D:NO_ACCESS_CONTROL");
}

/* Every cut is refused; every byte changed is refused or still text. */
static void test_hostile(void **state)
{
	struct ntfs_metadata *m = metadata_sample();
	char text[4096];

	(void)state;
	assert_non_null(m);
	for (size_t len = 0; len < m->descriptor_size; len++) {
		uint8_t *cut = malloc(len + 1);
		assert_non_null(cut);
		memcpy(cut, m->descriptor, len);
		assert_int_equal(convert(cut, len, text, sizeof(text)), -EBADMSG);
		free(cut);
	}
	for (size_t i = 0; i < 8 * m->descriptor_size; i++) {
		uint8_t *bytes = malloc(m->descriptor_size);
		assert_non_null(bytes);
		memcpy(bytes, m->descriptor, m->descriptor_size);
		bytes[i / 8] ^= (uint8_t)(1u << i % 8);
		int r = convert(bytes, m->descriptor_size, text, sizeof(text));
		assert_true(r == 0 || r == -EBADMSG || r == -ENOTSUP);
		free(bytes);
	}
	assert_int_equal(convert(m->descriptor, m->descriptor_size, text, 20), -EMSGSIZE);
	ntfs_metadata_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_sample),
	        cmocka_unit_test(test_lists),
	        cmocka_unit_test(test_hostile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
