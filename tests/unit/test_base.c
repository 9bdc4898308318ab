/* SPDX-License-Identifier: GPL-3.0-or-later */
/* fixer/base: bytes, buffer, text, errors, reasons, boot parameters. */
#include "fixer/base/bootparams.h"
#include "fixer/base/buffer.h"
#include "fixer/base/bytes.h"
#include "fixer/base/text.h"

#include <errno.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void cursor_never_leaves_its_bytes(void **state)
{
	(void)state;
	const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
	struct cursor c = cursor_over(bytes, sizeof(bytes));
	uint8_t two[2] = {0xff, 0xff};

	assert_int_equal(cursor_u8(&c), 1);
	assert_int_equal(cursor_le16(&c), 0x0302);
	assert_int_equal(cursor_le32(&c), 0x07060504);
	assert_int_equal(cursor_le64(&c), 0x0f0e0d0c0b0a0908);
	assert_int_equal(c.left, 0);
	assert_false(c.failed);
	assert_int_equal(cursor_u8(&c), 0);
	assert_true(c.failed);
	c = cursor_over(bytes, 3);
	assert_int_equal(cursor_le32(&c), 0);
	assert_int_equal(cursor_u8(&c), 0); /* failed stays failed, though bytes are left */
	assert_false(cursor_copy(&c, two, 2));
	assert_int_equal(two[0], 0);
	c = cursor_over(bytes, 10);
	struct cursor sub = cursor_sub(&c, 4);
	assert_int_equal(cursor_le64(&sub), 0);
	assert_true(sub.failed);
	assert_int_equal(cursor_u8(&c), 5);
	assert_true(cursor_sub(&c, 6).failed);
	assert_true(c.failed);
}

static void ranges_do_not_overflow(void **state)
{
	(void)state;
	assert_true(range_within(0, 10, 10));
	assert_true(range_within(10, 0, 10));
	assert_false(range_within(11, 0, 10));
	assert_false(range_within(1, 10, 10));
	assert_false(range_within(1, UINT64_MAX, 10));
	assert_false(range_within(UINT64_MAX, 2, 10));
}

static void buffer_keeps_its_maximum(void **state)
{
	(void)state;
	struct buffer b;

	buffer_init(&b, 300);
	assert_int_equal(buffer_append(&b, "abc", 3), 0);
	assert_int_equal(buffer_printf(&b, "-%d", 42), 0);
	assert_string_equal((char *)b.data, "abc-42");
	for (int i = 0; i < 29; i++)
		assert_int_equal(buffer_append(&b, "0123456789", 10), 0);
	assert_int_equal(b.len, 296);
	assert_int_equal(buffer_append(&b, "12345", 5), -EMSGSIZE);
	assert_int_equal(buffer_printf(&b, "%s", "12345"), -EMSGSIZE);
	assert_int_equal(buffer_append(&b, "x", SIZE_MAX), -EMSGSIZE);
	assert_int_equal(b.len, 296);
	assert_int_equal(buffer_append(&b, "1234", 4), 0);
	assert_int_equal(b.data[300], 0);
	buffer_reset(&b);
	assert_string_equal((char *)b.data, "");
	buffer_free(&b);
	assert_int_equal(buffer_append(&b, "", 0), 0);
	buffer_free(&b);
}

static void guid_is_written_as_windows_does(void **state)
{
	(void)state;
	const uint8_t disk[16] = {0xe1, 0xa4, 0x3e, 0x06, 0x0c, 0x22, 0x93, 0x42, 0xba, 0x01, 0x47,
	        0x54, 0x62, 0x0a, 0x96, 0xe7};
	static const char *const wrong[] = {"", "063EA4E1", "063EA4E1-220C-4293-BA01-4754620A96E",
	        "063EA4E1-220C-4293-BA01-4754620A96E77", "{063EA4E1-220C-4293-BA01-4754620A96E7",
	        "063EA4E1220C-4293-BA01-4754620A96E7-", "063EA4E1-220C-4293-BA01-4754620A96G7",
	        "063EA4E1-220C-4293-BA01-4754620A96E7}", "{",
	        "{063EA4E1-220C-4293-BA01-4754620A96E7} "};
	char text[GUID_TEXT];
	struct guid g, untouched = {"untouched"};

	assert_int_equal(guid_parse("063ea4e1-220c-4293-BA01-4754620a96e7", &g), 0);
	assert_memory_equal(g.bytes, disk, 16);
	guid_format(&g, text);
	assert_string_equal(text, "063EA4E1-220C-4293-BA01-4754620A96E7");
	assert_int_equal(guid_parse("{063EA4E1-220C-4293-BA01-4754620A96E7}", &g), 0);
	assert_memory_equal(g.bytes, disk, 16);
	g = untouched;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(guid_parse(wrong[i], &g), -EINVAL);
	assert_true(guid_equal(&g, &untouched));
}

static void hex_and_base64_are_strict(void **state)
{
	(void)state;
	const uint8_t bytes[] = {0x00, 0xff, 0x10, 0xa5};
	uint8_t out[8];
	char hex[9];
	size_t len = 0;

	hex_encode(bytes, 4, hex);
	assert_string_equal(hex, "00ff10a5");
	assert_int_equal(hex_decode("00FF10a5", out, 4), 0);
	assert_memory_equal(out, bytes, 4);
	assert_int_equal(hex_decode("00ff10a", out, 4), -EINVAL);
	assert_int_equal(hex_decode("00ff10a5aa", out, 4), -EINVAL);
	assert_int_equal(hex_decode("00ff10ag", out, 4), -EINVAL);
	char *text = base64_encode(bytes, 4);
	assert_string_equal(text, "AP8QpQ==");
	assert_int_equal(base64_decode(text, out, sizeof(out), &len), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(out, bytes, 4);
	free(text);
	assert_int_equal(base64_decode("AP8QpQ", out, sizeof(out), &len), -EINVAL);
	assert_int_equal(base64_decode("AP8QpQ==x", out, sizeof(out), &len), -EINVAL);
	assert_int_equal(base64_decode("A P8QpQ==", out, sizeof(out), &len), -EINVAL);
	assert_true(base64_decode("AAAAAAAAAAAAAAAA", out, sizeof(out), &len) < 0);
	assert_int_equal(len, 4);
}

static void times_survive_the_way_there_and_back(void **state)
{
	(void)state;
	char text[ISO8601_TEXT];
	int64_t seconds;

	/* 2024-07-19 04:09:00 UTC as a FILETIME. */
	assert_int_equal(iso8601_parse("2024-07-19T04:09:00Z", &seconds), 0);
	assert_int_equal(seconds, 1721362140);
	assert_int_equal(filetime_to_ns(133658357400000000ULL), 1721362140LL * 1000000000);
	assert_int_equal(filetime_from_ns(1721362140LL * 1000000000), 133658357400000000ULL);
	iso8601_format(1721362140LL * 1000000000 + 999, text);
	assert_string_equal(text, "2024-07-19T04:09:00Z");
	assert_int_equal(iso8601_parse("2024-07-19T04:09:00", &seconds), -EINVAL);
	assert_int_equal(iso8601_parse("2024-07-19T04:09:00Zx", &seconds), -EINVAL);
	assert_int_equal(iso8601_parse("2024-13-19T04:09:00Z", &seconds), -EINVAL);
	/* Hostile times do not overflow. */
	assert_true(filetime_to_ns(UINT64_MAX) > 0);
	assert_true(filetime_to_ns(0) < 0);
}

static void utf16_becomes_utf8(void **state)
{
	(void)state;
	const uint8_t units[] = {
	        'a', 0, 0xa3, 0, 0xac, 0x20, 0x3d, 0xd8, 0x00, 0xde, 0x00, 0xd8, 'b', 0};
	char *text = utf16_to_utf8(units, sizeof(units) / 2);

	assert_string_equal(text, "a\xc2\xa3\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd"
	                          "b");
	free(text);
	text = utf16_to_utf8(units + 8, 1); /* half a pair at the end */
	assert_string_equal(text, "\xef\xbf\xbd");
	free(text);
	assert_null(utf16_to_utf8(units, SIZE_MAX / 2));
}

static void foreign_text_is_cleaned(void **state)
{
	(void)state;
	char out[8];

	text_clean(out, sizeof(out), "a\x1b[2J\n\x7f");
	assert_string_equal(out, "a?[2J??");
	text_clean(out, sizeof(out), "123456\xe2\x82\xac"); /* the euro sign does not fit */
	assert_string_equal(out, "123456");
	text_clean(out, sizeof(out), "12345\xe2\x82\xac");
	assert_string_equal(out, "12345");
	text_clean(out, sizeof(out), "1234\xe2\x82\xac");
	assert_string_equal(out, "1234\xe2\x82\xac");
	text_clean(out, sizeof(out), NULL);
	assert_string_equal(out, "");
}

static void cleaned_text_is_utf8(void **state)
{
	(void)state;
	static const struct {
		const char *raw, *clean;
	} cases[] = {
	        {"\xff-\x80", "?-?"},
	        {"\xe2\x82", "??"},                               /* cut */
	        {"\xc0\xaf\xe0\x80\xaf", "?????"},                /* '/' in two and three bytes */
	        {"\xed\xa0\x80", "???"},                          /* half of a surrogate pair */
	        {"\xf4\x90\x80\x80\xf8\x88\x80\x80", "????????"}, /* beyond U+10FFFF */
	        {"\xc2\x9b"
	         "31m",
	                "??31m"}, /* CSI, as one control character */
	        {"PC\xe2\x80\xae"
	         "10",
	                "PC?10"}, /* right to left from here */
	        {"\xd8\x9c\xe2\x80\x8f\xe2\x80\xa8\xe2\x81\xa6\xe2\x81\xa9", "?????"},
	        {"\xd7\x90\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xa5",
	                "\xd7\x90\xe2\x80\x8d\xe2\x80\xaf\xe2\x81\xa5"}, /* their neighbours */
	        {"\xc2\xa0\xdf\xbf\xe0\xa0\x80\xf0\x90\x80\x80",
	                "\xc2\xa0\xdf\xbf\xe0\xa0\x80\xf0\x90\x80\x80"},
	};
	char out[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text_clean(out, sizeof(out), cases[i].raw);
		assert_string_equal(out, cases[i].clean);
	}
}

/* Errors quote what others sent, and go to screens. */
static void errors_are_clean(void **state)
{
	(void)state;
	struct error err = {0};
	char longer[600];

	(void)error_set(&err, -EINVAL, REASON_INTERNAL, "near %s;", "\x1b[2J\n\xff");
	assert_string_equal(err.text, "near ?[2J??;");
	error_prefix(&err, "%s", "\x1b]0;title\x07");
	assert_string_equal(err.text, "?]0;title?: near ?[2J??;");
	for (size_t i = 0; i + 3 < sizeof(longer); i += 3)
		memcpy(longer + i, "\xe2\x82\xac", 4);
	(void)error_set(&err, -EINVAL, REASON_INTERNAL, "%s", longer);
	assert_int_equal(strlen(err.text), 318); /* whole characters */
	assert_null(strchr(err.text, '?'));
}

static void errors_carry_reason_and_place(void **state)
{
	(void)state;
	struct error err = {0};
	char longer[600];

	assert_int_equal(error_set(NULL, -EIO, REASON_INTERNAL, "x"), -EIO);
	error_prefix(&err, "nothing to prefix");
	assert_string_equal(err.text, "");
	assert_int_equal(error_set(&err, -EBADMSG, REASON_NTFS_DAMAGED, "record %d", 5), -EBADMSG);
	error_prefix(&err, "disk %s", "sda");
	assert_string_equal(err.text, "disk sda: record 5");
	assert_int_equal(err.reason, REASON_NTFS_DAMAGED);
	memset(longer, 'y', sizeof(longer));
	longer[599] = 0;
	error_prefix(&err, "%s", longer);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void every_reason_can_be_told(void **state)
{
	(void)state;
	static const char *const severities[] = {"ok", "wait", "warn", "fail"};
	static const char *const actors[] = {"none", "floor", "operator", "escrow", "developer"};

	for (int r = 0; r < REASON_COUNT; r++) {
		size_t severity = 0, actor = 0;
		const char *advice = reason_advice((enum reason)r),
		           *title = reason_title((enum reason)r);
		assert_int_equal(reason_parse(reason_code((enum reason)r)), r);
		while (severity < 4 &&
		        strcmp(severities[severity], reason_severity((enum reason)r)) != 0)
			severity++;
		while (actor < 5 && strcmp(actors[actor], reason_actor((enum reason)r)) != 0)
			actor++;
		if (severity == 4 || actor == 5)
			fail_msg("%s: severity or actor", reason_code((enum reason)r));
		if (!title[0] || title[strlen(title) - 1] == '.' ||
		        advice[strlen(advice) - 1] != '.')
			fail_msg("%s: title or advice", reason_code((enum reason)r));
		if (severity == 3 && actor == 0)
			fail_msg("%s: a failure nobody can act on", reason_code((enum reason)r));
	}
	assert_int_equal(reason_parse("NO_SUCH_REASON"), -1);
	assert_int_equal(reason_parse(NULL), -1);
	assert_string_equal(reason_code((enum reason)9999), "INTERNAL");
}

#define URL   "netmend.url=https://10.0.0.1:8443 "
#define PIN   "netmend.pin=sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f "
#define TOKEN "netmend.token=00112233445566778899aabbccddeeff "
#define IP    "netmend.ip=10.0.0.57/24,10.0.0.254,52:54:00:12:34:56"

static void boot_parameters_are_read(void **state)
{
	(void)state;
	struct bootparams p;

	assert_int_equal(
	        bootparams_parse("quiet " URL PIN "console=ttyS0 " TOKEN IP "\n", &p, NULL), 0);
	assert_string_equal(p.url, "https://10.0.0.1:8443");
	assert_int_equal(p.pin[31], 0x1f);
	assert_string_equal(p.token, "00112233445566778899aabbccddeeff");
	assert_string_equal(p.address, "10.0.0.57");
	assert_int_equal(p.prefix, 24);
	assert_string_equal(p.gateway, "10.0.0.254");
	assert_int_equal(p.mac[5], 0x56);
	assert_false(p.dry_run);
	assert_int_equal(
	        bootparams_parse(URL PIN TOKEN "netmend.ip=10.0.0.57/24,,52:54:00:12:34:56 "
	                                       "netmend.dry-run=1",
	                &p, NULL),
	        0);
	assert_string_equal(p.gateway, "");
	assert_true(p.dry_run);
}

/* What a boot loader that knows nothing of the machine leaves out, init finds out. */
static void boot_parameters_without_a_token(void **state)
{
	(void)state;
	static const struct {
		const char *cmdline;
		bool whole;
		const char *address;
		int mac;
	} cases[] = {
	        {URL PIN IP " netmend.way=grub", true, "10.0.0.57", 0x56},
	        {URL PIN "netmend.way=grub", false, "", 0},
	        {PIN "netmend.way=media", false, "", 0},
	        {PIN IP " netmend.way=media", false, "10.0.0.57", 0x56},
	        {PIN "netmend.way=media " IP " " URL, true, "10.0.0.57", 0x56},
	        {URL PIN "netmend.way=grub netmend.ip=10.0.0.57/,,52:54:00:12:34:56", false, "",
	                0x56},
	        {URL PIN "netmend.way=grub netmend.ip=/,10.0.0.1,52:54:00:12:34:56", false, "",
	                0x56},
	        {URL PIN "netmend.way=grub netmend.ip=10.0.0.57/24,,", false, "10.0.0.57", 0},
	        {URL PIN "netmend.way=grub netmend.ip=/,, " IP, true, "10.0.0.57", 0x56},
	};
	struct bootparams p;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(bootparams_parse(cases[i].cmdline, &p, NULL), 0);
		assert_int_equal(bootparams_whole(&p), cases[i].whole);
		assert_string_equal(p.address, cases[i].address);
		assert_int_equal(p.mac[5], cases[i].mac);
		assert_string_equal(p.token, "");
	}
}

static void bad_boot_parameters_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *cmdline, *named;
	} cases[] = {
	        {"", "netmend.url"},
	        {URL PIN TOKEN, "netmend.ip"},
	        {URL PIN TOKEN IP " netmend.shell=1", "netmend.shell"},
	        {"netmend.url=http://10.0.0.1 " PIN TOKEN IP, "netmend.url"},
	        {"netmend.url=https:// " PIN TOKEN IP, "netmend.url"},
	        {"netmend.url=https://a@b " PIN TOKEN IP, "netmend.url"},
	        {"netmend.url=https://10.0.0.1/x " PIN TOKEN IP, "netmend.url"},
	        {URL "netmend.pin=sha256:00 " TOKEN IP, "netmend.pin"},
	        {URL "netmend.pin=md5:00 " TOKEN IP, "netmend.pin"},
	        {URL PIN "netmend.token=short " IP, "netmend.token"},
	        {URL PIN TOKEN "netmend.ip=10.0.0.57/33,,52:54:00:12:34:56", "netmend.ip"},
	        {URL PIN TOKEN "netmend.ip=10.0.0.57/,,52:54:00:12:34:56", "netmend.ip"},
	        {URL PIN TOKEN "netmend.ip=10.0.0.357/24,,52:54:00:12:34:56", "netmend.ip"},
	        {URL PIN TOKEN "netmend.ip=10.0.0.57/24,gw,52:54:00:12:34:56", "netmend.ip"},
	        {URL PIN TOKEN "netmend.ip=10.0.0.57/24,,52:54:00:12:34", "netmend.ip"},
	        {URL PIN TOKEN "netmend.ip=10.0.0.57", "netmend.ip"},
	        {URL PIN TOKEN IP " netmend.dry-run=yes", "netmend.dry-run"},
	        {URL PIN TOKEN IP " netmend.dry-run", "netmend.dry-run"},
	        {URL PIN TOKEN "netmend.ip=10.0.0.57/24,,", "netmend.ip"},
	        {URL PIN TOKEN "netmend.ip=/,,", "netmend.ip"},
	        {URL PIN IP " netmend.way=pxe", "netmend.way"},
	        {URL PIN TOKEN IP " netmend.way=grub", "netmend.way"},
	        {PIN IP " netmend.way=grub", "netmend.url"},
	        {URL " netmend.way=media", "netmend.pin"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct bootparams p = {.prefix = 77};
		struct error err = {0};
		assert_int_equal(bootparams_parse(cases[i].cmdline, &p, &err), -EINVAL);
		assert_int_equal(err.reason, REASON_BAD_BOOT_PARAMETERS);
		if (!strstr(err.text, cases[i].named))
			fail_msg("\"%s\" does not name %s", err.text, cases[i].named);
		assert_int_equal(p.prefix, 77);
	}
}

/* UTF-16 of what is text; nothing of what is not. */
static void utf8_becomes_utf16(void **state)
{
	static const char *const bad[] = {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80",
	        "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff", "\x1b", "\x7f",
	        "\xc2\x85", "a\xc3"};
	static const uint16_t want[] = {'a', 0xe4, 0x20ac, 0xd83c, 0xdf0d, 0xffff};
	uint16_t units[6] = {0};
	size_t len = 7;

	(void)state;
	assert_int_equal(
	        utf8_to_utf16("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x8c\x8d\xef\xbf\xbf", units, 6, &len),
	        0);
	assert_int_equal(len, 6);
	assert_memory_equal(units, want, sizeof(want));
	assert_int_equal(utf8_to_utf16("ab\xf0\x9f\x8c\x8d", units, 3, &len), -EMSGSIZE);
	assert_int_equal(utf8_to_utf16("abc", units, 2, &len), -EMSGSIZE);
	assert_int_equal(len, 6);
	assert_int_equal(utf8_to_utf16("", units, 0, &len), 0);
	assert_int_equal(len, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(utf8_to_utf16(bad[i], units, 6, &len), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(cursor_never_leaves_its_bytes),
	        cmocka_unit_test(ranges_do_not_overflow),
	        cmocka_unit_test(buffer_keeps_its_maximum),
	        cmocka_unit_test(guid_is_written_as_windows_does),
	        cmocka_unit_test(hex_and_base64_are_strict),
	        cmocka_unit_test(times_survive_the_way_there_and_back),
	        cmocka_unit_test(utf16_becomes_utf8),
	        cmocka_unit_test(foreign_text_is_cleaned),
	        cmocka_unit_test(cleaned_text_is_utf8),
	        cmocka_unit_test(errors_are_clean),
	        cmocka_unit_test(errors_carry_reason_and_place),
	        cmocka_unit_test(every_reason_can_be_told),
	        cmocka_unit_test(boot_parameters_are_read),
	        cmocka_unit_test(utf8_becomes_utf16),
	        cmocka_unit_test(boot_parameters_without_a_token),
	        cmocka_unit_test(bad_boot_parameters_are_named),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
