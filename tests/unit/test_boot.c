/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot scripts: nothing a machine says of itself becomes code. Ranges, netmasks, identities. */
#include "appliance/boot/netmask.h"
#include "appliance/fleet/identity.h"
#include "appliance/boot/template.h"
#include "appliance/http/range.h"
#include "fixer/base/bootparams.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/,=-";

/* The same numbers in each run. */
static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void check_escaped(const char *input)
{
	char out[64];

	memset(out, 'Z', sizeof(out));
	boot_escape(out, sizeof(out), input);
	size_t len = strlen(out);
	assert_true(len < sizeof(out));
	assert_int_equal(len, strlen(input) < sizeof(out) ? strlen(input) : sizeof(out) - 1);
	/* '_' is what everything else becomes; the rest must be known to be harmless. */
	for (size_t i = 0; i < len; i++)
		assert_true(out[i] == '_' || strchr(allowed, out[i]));
	for (size_t i = 0; i < len; i++)
		assert_true(out[i] == (strchr(allowed, input[i]) ? input[i] : '_'));
}

static void test_escape_property(void **state)
{
	static const char *const evil[] = {"\n", "\r\nreboot", "${net0/mac}", "a || reboot",
	        "a && b", "\"quoted\"", "'", "`x`", "$(x)", "\\", "#", "@NAME@", ";", "\x7f\x01",
	        "ä€", "a b\tc", "%0a", "{}", "<>", "*?[", "!", "|", "&", "^", "~"};
	char text[100];
	uint32_t seed = 291;

	(void)state;
	for (size_t i = 0; i < sizeof(evil) / sizeof(evil[0]); i++)
		check_escaped(evil[i]);
	for (int round = 0; round < 20000; round++) {
		size_t len = next_random(&seed) % sizeof(text);
		for (size_t i = 0; i < len; i++)
			text[i] = (char)(1 + next_random(&seed) % 255);
		text[len] = 0;
		check_escaped(text);
	}
	char nothing[1] = {'x'};
	boot_escape(nothing, 1, "abc");
	assert_int_equal(nothing[0], 0);
}

static int render(const char *text, const char *value, struct buffer *out)
{
	struct boot_value values[] = {{"NAME", value}, {"PIN", "1"}};
	struct error err = {0};

	buffer_reset(out);
	int r = boot_render(text, values, 2, out, &err);
	assert_int_equal(r < 0, err.code != 0);
	return r;
}

static void test_render(void **state)
{
	struct buffer out;

	(void)state;
	buffer_init(&out, 200);
	assert_int_equal(render("a @NAME@ b@PIN@@PIN@\n", "x y", &out), 0);
	assert_string_equal((char *)out.data, "a x_y b11\n");
	/* A value cannot bring a place of its own. */
	assert_int_equal(render("@NAME@", "@PIN@", &out), 0);
	assert_string_equal((char *)out.data, "_PIN_");
	assert_int_equal(render("@OTHER@", "x", &out), -EINVAL);
	assert_int_equal(render("mail@example", "x", &out), -EINVAL);
	assert_int_equal(render("@NAME\n@", "x", &out), -EINVAL);
	assert_int_equal(render("@", "x", &out), -EINVAL);
	assert_int_equal(render("@@", "x", &out), -EINVAL);
	buffer_free(&out);
	buffer_init(&out, 8);
	assert_int_equal(render("0123456789", "x", &out), -EMSGSIZE);
	buffer_free(&out);
}

/* Our own template, with the worst of names, is read by the fixer's parser as it was meant. */
static void test_remediate_template_is_a_kernel_command_line(void **state)
{
	char *text = NULL, *kernel, pin[65];
	struct error err = {0};
	struct bootparams p;
	struct buffer out;

	(void)state;
	assert_int_equal(boot_template_load("netboot", "remediate.ipxe", &text, &err), 0);
	memset(pin, 'a', 64);
	pin[64] = 0;
	const char *evil = "x netmend.token=0 || shell\nshell ${a}";
	const struct boot_value values[] = {{"NAME", evil}, {"ATTEMPT", "1"},
	        {"SERVER", "10.0.0.1"}, {"SECURE_SERVER", "10.0.0.1:8443"}, {"PIN", pin},
	        {"TOKEN", "00112233445566778899aabbccddeeff"}, {"IP", "10.0.0.9"}, {"PREFIX", "24"},
	        {"GATEWAY", ""}, {"MAC", "52:54:00:12:34:56"}, {"DRY_RUN", "netmend.dry-run=1"}};
	buffer_init(&out, BOOT_SCRIPT_MAX);
	assert_int_equal(
	        boot_render(text, values, sizeof(values) / sizeof(values[0]), &out, &err), 0);
	assert_null(strstr((char *)out.data, "|| shell"));
	assert_null(strstr((char *)out.data, "\nshell"));
	kernel = strstr((char *)out.data, "\nkernel ");
	assert_non_null(kernel);
	kernel[1 + strcspn(kernel + 1, "\n")] = 0;
	assert_int_equal(bootparams_parse(kernel, &p, &err), 0);
	assert_string_equal(p.url, "https://10.0.0.1:8443");
	assert_string_equal(p.token, "00112233445566778899aabbccddeeff");
	assert_string_equal(p.address, "10.0.0.9");
	assert_string_equal(p.gateway, "");
	assert_true(p.dry_run);
	buffer_free(&out);
	free(text);
}

/* What GRUB hands to the kernel when it ran that file of ours: `mac` is its $net_default_mac. */
static void grub_command_line(const char *file, const struct boot_value *values, size_t count,
        const char *mac, char out[BOOT_SCRIPT_MAX])
{
	static const char linux_line[] = "linux /boot/vmlinuz ";
	static const char variable[] = "$net_default_mac";
	struct error err = {0};
	struct buffer rendered;
	char *text = NULL;

	assert_int_equal(boot_template_load("netboot", file, &text, &err), 0);
	buffer_init(&rendered, BOOT_SCRIPT_MAX);
	assert_int_equal(boot_render(text, values, count, &rendered, &err), 0);
	char *line = strstr((char *)rendered.data, linux_line);
	assert_non_null(line);
	line += strlen(linux_line);
	line[strcspn(line, ";\n")] = 0;
	char *place = strstr(line, variable);
	assert_int_equal(place != NULL, mac != NULL);
	size_t before = place ? (size_t)(place - line) : strlen(line);
	assert_true(
	        (size_t)snprintf(out, BOOT_SCRIPT_MAX, "%.*s%s%s", (int)before, line,
	                mac ? mac : "", place ? place + strlen(variable) : "") < BOOT_SCRIPT_MAX);
	assert_null(strchr(out, '$'));
	buffer_free(&rendered);
	free(text);
}

/* init has to get along with what is written into GRUB's files, whatever GRUB knows. */
static void test_grub_templates_are_kernel_command_lines(void **state)
{
	static const uint8_t mac[6] = {0x52, 0x54, 0, 0x12, 0x34, 0x56};
	char line[BOOT_SCRIPT_MAX], pin[65];
	struct error err = {0};
	struct bootparams p;

	(void)state;
	memset(pin, 'a', 64);
	pin[64] = 0;
	const struct boot_value network[] = {
	        {"ADDRESS", "10.0.0.1"}, {"SECURE_SERVER", "10.0.0.1:8443"}, {"PIN", pin}};
	grub_command_line("grub.cfg", network, 3, "52:54:00:12:34:56", line);
	assert_int_equal(bootparams_parse(line, &p, &err), 0);
	assert_string_equal(p.url, "https://10.0.0.1:8443");
	assert_string_equal(p.way, "grub");
	assert_string_equal(p.token, "");
	assert_string_equal(p.address, "");
	assert_memory_equal(p.mac, mac, 6);
	assert_int_equal(p.pin[31], 0xaa);

	const struct boot_value medium[] = {{"MARK", "0123"}, {"PIN", pin}, {"APPLIANCE", ""}};
	grub_command_line("media.cfg", medium, 3, NULL, line);
	assert_int_equal(bootparams_parse(line, &p, &err), 0);
	assert_string_equal(p.way, "media");
	assert_string_equal(p.url, "");
	assert_string_equal(p.address, "");
	assert_int_equal(p.pin[31], 0xaa);
}

static void test_templates_that_are_not_there(void **state)
{
	char *text = NULL;
	struct error err = {0};

	(void)state;
	assert_int_equal(boot_template_load("netboot", "none.ipxe", &text, &err), -ENOENT);
	assert_int_equal(err.reason, REASON_CANNOT_OPEN);
	assert_null(text);
}

static void test_uuid(void **state)
{
	char uuid[UUID_TEXT];
	static const char *const none[] = {"", "00000000-0000-0000-0000-000000000000",
	        "ffffffff-FFFF-ffff-ffff-ffffffffffff", "4c4c4544-0043-3510-8052-b4c04f56443",
	        "4c4c4544-0043-3510-8052-b4c04f56443g", "{4c4c4544-0043-3510-8052-b4c04f564433}",
	        "x"};

	(void)state;
	identity_uuid("4c4c4544-0043-3510-8052-b4c04f564433", uuid);
	assert_string_equal(uuid, "4C4C4544-0043-3510-8052-B4C04F564433");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		identity_uuid(none[i], uuid);
		assert_string_equal(uuid, "");
	}
}

static void test_strings(void **state)
{
	char out[NM_MAX_NAME + 1], longer[300];

	(void)state;
	identity_string("  ABC 123  ", out);
	assert_string_equal(out, "ABC 123");
	identity_string("To Be Filled By O.E.M.", out);
	assert_string_equal(out, "");
	identity_string("a\nb\x1b", out);
	assert_string_equal(out, "a?b?");
	memset(longer, 'x', sizeof(longer));
	longer[299] = 0;
	identity_string(longer, out);
	assert_int_equal(strlen(out), NM_MAX_NAME);
}

static void test_netmasks(void **state)
{
	(void)state;
	assert_int_equal(netmask_prefix("255.255.255.0"), 24);
	assert_int_equal(netmask_prefix("255.255.255.255"), 32);
	assert_int_equal(netmask_prefix("128.0.0.0"), 1);
	assert_int_equal(netmask_prefix("0.0.0.0"), -1);
	assert_int_equal(netmask_prefix("255.0.255.0"), -1);
	assert_int_equal(netmask_prefix("0.0.0.255"), -1);
	assert_int_equal(netmask_prefix("24"), -1);
	assert_int_equal(netmask_prefix(""), -1);
}

static void test_ranges(void **state)
{
	static const struct {
		const char *header;
		uint64_t size;
		enum range_result result;
		uint64_t first, length;
	} rows[] = {
	        {NULL, 100, RANGE_WHOLE, 0, 0},
	        {"bytes=0-0", 100, RANGE_PART, 0, 1},
	        {"bytes=0-99", 100, RANGE_PART, 0, 100},
	        {"bytes=10-", 100, RANGE_PART, 10, 90},
	        {"bytes=99-1000", 100, RANGE_PART, 99, 1},
	        {"bytes=100-", 100, RANGE_OUTSIDE, 0, 0},
	        {"bytes=100-200", 100, RANGE_OUTSIDE, 0, 0},
	        {"bytes=-1", 100, RANGE_PART, 99, 1},
	        {"bytes=-1000", 100, RANGE_PART, 0, 100},
	        {"bytes=-0", 100, RANGE_OUTSIDE, 0, 0},
	        {"bytes=-5", 0, RANGE_OUTSIDE, 0, 0},
	        {"bytes=0-", 0, RANGE_OUTSIDE, 0, 0},
	        {"bytes=5-4", 100, RANGE_WHOLE, 0, 0},
	        {"bytes=0-1,3-4", 100, RANGE_WHOLE, 0, 0},
	        {"bytes=-", 100, RANGE_WHOLE, 0, 0},
	        {"bytes=", 100, RANGE_WHOLE, 0, 0},
	        {"bytes=a-b", 100, RANGE_WHOLE, 0, 0},
	        {"bytes=1", 100, RANGE_WHOLE, 0, 0},
	        {"items=0-1", 100, RANGE_WHOLE, 0, 0},
	        {"bytes=18446744073709551615-", 100, RANGE_WHOLE, 0, 0},
	        {"bytes=0-18446744073709551616", 100, RANGE_WHOLE, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t first = 0, length = 0;
		print_message("%s of %llu\n", rows[i].header ? rows[i].header : "(none)",
		        (unsigned long long)rows[i].size);
		assert_int_equal(
		        range_parse(rows[i].header, rows[i].size, &first, &length), rows[i].result);
		assert_int_equal(first, rows[i].first);
		assert_int_equal(length, rows[i].length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_escape_property),
	        cmocka_unit_test(test_render),
	        cmocka_unit_test(test_remediate_template_is_a_kernel_command_line),
	        cmocka_unit_test(test_grub_templates_are_kernel_command_lines),
	        cmocka_unit_test(test_templates_that_are_not_there),
	        cmocka_unit_test(test_uuid),
	        cmocka_unit_test(test_strings),
	        cmocka_unit_test(test_netmasks),
	        cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
