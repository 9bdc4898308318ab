/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the children of `fixer inspect` tell: strictly read; and what is made of it. */
#include "fixer/base/buffer.h"
#include "fixer/base/bytes.h"
#include "fixer/repair/facts_show.h"

#include <errno.h>
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static struct volume_facts example(void)
{
	struct volume_facts f = {
	        .ntfs = {.journal = JOURNAL_UNCLEAN_V2,
	                .hibernated = true,
	                .mirror_differs = true,
	                .flags = 0x81,
	                .serial = 0x0870803570802c0e},
	        .description =
	                {
	                        .major = 3,
	                        .minor = 1,
	                        .cluster_size = 4096,
	                        .size = 1 << 30,
	                        .free = 1 << 20,
	                        .label = "Gr\xc3\xb6\xc3\x9f"
	                                 "e",
	                },
	        .windows_count = 2,
	        .windows = {{.directory = "\\Windows"}, {.directory = "\\Windows.old"}},
	};
	return f;
}

static const uint64_t roots[] = {0x1000000000029, 0x200000000002a};

static void encode(struct buffer *out)
{
	const struct volume_facts f = example();

	buffer_init(out, 4096);
	assert_int_equal(facts_encode(&f, roots, out), 0);
}

static void facts_come_through(void **state)
{
	(void)state;
	const struct volume_facts f = example();
	static struct volume_facts got;
	uint64_t got_roots[WINDOWS_MAX];
	struct buffer b;

	encode(&b);
	assert_int_equal(facts_decode(b.data, b.len, &got, got_roots), 0);
	assert_int_equal(got.ntfs.journal, f.ntfs.journal);
	assert_int_equal(got.ntfs.hibernated, f.ntfs.hibernated);
	assert_int_equal(got.ntfs.flags, f.ntfs.flags);
	assert_int_equal(got.ntfs.serial, f.ntfs.serial);
	assert_int_equal(got.description.cluster_size, f.description.cluster_size);
	assert_int_equal(got.description.size, f.description.size);
	assert_int_equal(got.description.free, f.description.free);
	assert_string_equal(got.description.label, f.description.label);
	assert_int_equal(got.windows_count, 2);
	assert_string_equal(got.windows[1].directory, "\\Windows.old");
	assert_memory_equal(got_roots, roots, sizeof(roots));
	buffer_free(&b);
}

/* Every shorter answer, a longer one, and each number beyond what it may be. */
static void lies_are_refused(void **state)
{
	(void)state;
	/* Which of the leading numbers, and the least value it can't have. */
	static const struct {
		size_t index;
		uint64_t value;
	} wrong[] = {{0, JOURNAL_DAMAGED + 1}, {1, 2}, {2, 0x10000}, {4, 256}, {5, 256},
	        {6, 1ULL << 32}, {7, 1ULL << 63}, {8, (1 << 30) + 1}, {9, 2}, {10, WINDOWS_MAX + 1},
	        {11, NM_MAX_NAME + 1}};
	static struct volume_facts got;
	uint64_t got_roots[WINDOWS_MAX];
	struct buffer b;

	encode(&b);
	for (size_t len = 0; len < b.len; len++)
		assert_int_equal(facts_decode(b.data, len, &got, got_roots), -EBADMSG);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint64_t right = get_le64(b.data + 8 * wrong[i].index);
		put_le64(b.data + 8 * wrong[i].index, wrong[i].value);
		assert_int_equal(facts_decode(b.data, b.len, &got, got_roots), -EBADMSG);
		put_le64(b.data + 8 * wrong[i].index, right);
	}
	assert_int_equal(facts_decode(b.data, b.len, &got, got_roots), 0);
	assert_int_equal(buffer_append(&b, "", 1), 0);
	assert_int_equal(facts_decode(b.data, b.len, &got, got_roots), -EBADMSG);
	buffer_free(&b);
}

static void versions_come_through_clean(void **state)
{
	(void)state;
	const struct windows_version v = {.product = "Windows \x1b[31m11",
	        .edition = "Professional",
	        .build = 22631,
	        .revision = 3880,
	        .computer = "WS-\xff",
	        .dirty = true};
	struct windows_version got = {0};
	struct buffer b;

	buffer_init(&b, 4096);
	assert_int_equal(version_encode(&v, &b), 0);
	assert_int_equal(version_decode(b.data, b.len, &got), 0);
	assert_string_equal(got.product, "Windows ?[31m11");
	assert_string_equal(got.edition, "Professional");
	assert_string_equal(got.computer, "WS-?");
	assert_int_equal(got.build, 22631);
	assert_int_equal(got.revision, 3880);
	assert_true(got.dirty);
	for (size_t len = 0; len < b.len; len++)
		assert_int_equal(version_decode(b.data, len, &got), -EBADMSG);
	put_le64(b.data, 1ULL << 32);
	assert_int_equal(version_decode(b.data, b.len, &got), -EBADMSG);
	buffer_free(&b);
}

static struct windows_evidence crash_example(void)
{
	const struct windows_evidence e = {
	        .crash = {.source = CRASH_MINIDUMP,
	                .path = "\\Windows\\Minidump\\071924-8843-01.dmp",
	                .dump = {.kind = DUMP_SMALL,
	                        .build = 22631,
	                        .code = 0x50,
	                        .parameters = {0xffff840500000074, 0, 0xfffff80445a314ed, 2},
	                        .time = 133658389310000000,
	                        .module = "csagent.sys"}},
	        .folder_count = 1,
	        .folders = {{"\\Windows\\System32\\drivers\\CrowdStrike", 188, 133658094000000000,
	                133286688000000000}},
	        .problem = "\\Windows\\MEMORY.DMP is no crash dump that can be read"};
	return e;
}

static void evidence_comes_through_or_not_at_all(void **state)
{
	(void)state;
	/* Which number, in bytes from the start, and the least value it can't have. */
	static const struct {
		size_t at;
		uint64_t value;
	} wrong[] = {{0, CRASH_SOURCE_LAST + 1}, {8, DUMP_KIND_LAST + 1}, {16, 1ull << 32},
	        {24, 1ull << 32}, {72, WINDOWS_PATH}};
	const struct windows_evidence e = crash_example();
	struct windows_evidence got = {0};
	struct buffer b;

	buffer_init(&b, 4096);
	assert_int_equal(evidence_encode(&e, &b), 0);
	assert_int_equal(evidence_decode(b.data, b.len, &got), 0);
	assert_int_equal(got.crash.source, CRASH_MINIDUMP);
	assert_string_equal(got.crash.path, e.crash.path);
	assert_int_equal(got.crash.dump.kind, DUMP_SMALL);
	assert_int_equal(got.crash.dump.code, 0x50);
	assert_int_equal(got.crash.dump.build, 22631);
	assert_int_equal(got.crash.dump.time, e.crash.dump.time);
	assert_memory_equal(got.crash.dump.parameters, e.crash.dump.parameters,
	        sizeof(e.crash.dump.parameters));
	assert_string_equal(got.crash.dump.module, "csagent.sys");
	assert_int_equal(got.folder_count, 1);
	assert_string_equal(got.folders[0].directory, e.folders[0].directory);
	assert_int_equal(got.folders[0].files, 188);
	assert_int_equal(got.folders[0].newest, e.folders[0].newest);
	assert_int_equal(got.folders[0].oldest, e.folders[0].oldest);
	assert_string_equal(got.problem, e.problem);
	for (size_t len = 0; len < b.len; len++)
		assert_int_equal(evidence_decode(b.data, len, &got), -EBADMSG);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint64_t right = get_le64(b.data + wrong[i].at);
		put_le64(b.data + wrong[i].at, wrong[i].value);
		assert_int_equal(evidence_decode(b.data, b.len, &got), -EBADMSG);
		put_le64(b.data + wrong[i].at, right);
	}
	assert_int_equal(buffer_append(&b, "", 1), 0);
	assert_int_equal(evidence_decode(b.data, b.len, &got), -EBADMSG);
	buffer_free(&b);
}

static void words_say_what_is_known(void **state)
{
	(void)state;
	struct windows_evidence e = crash_example();
	struct windows_version v = {
	        .product = "Windows 11 Pro", .release = "23H2", .build = 22631, .revision = 3880};
	char words[FACTS_TEXT];

	facts_windows_words(&v, words);
	assert_string_equal(words, "Windows 11 Pro 23H2 (22631.3880)");
	v.revision = 0;
	v.release[0] = 0;
	facts_windows_words(&v, words);
	assert_string_equal(words, "Windows 11 Pro (22631)");
	v = (struct windows_version){0};
	facts_windows_words(&v, words);
	assert_string_equal(words, "version unknown");
	facts_crash_words(&e.crash, words);
	assert_string_equal(words, "0x50 PAGE_FAULT_IN_NONPAGED_AREA, csagent.sys (minidump of "
	                           "2024-07-19T05:02:11Z)");
	e.crash.dump.module[0] = 0;
	e.crash.dump.time = 0;
	e.crash.dump.code = 0xabcdef;
	facts_crash_words(&e.crash, words);
	assert_string_equal(words, "0xABCDEF (minidump)");
	e.crash.source = CRASH_NONE;
	facts_crash_words(&e.crash, words);
	assert_string_equal(words, "");
	facts_folder_words(&e.folders[0], words);
	assert_string_equal(words, "188, newest 2024-07-18T20:50:00Z, oldest 2023-05-16T00:00:00Z");
	e.folders[0].files = 0;
	facts_folder_words(&e.folders[0], words);
	assert_string_equal(words, "none");
}

static void windows_11_is_called_so(void **state)
{
	(void)state;
	static const struct {
		const char *product, *installation;
		uint32_t build;
		const char *right;
	} cases[] = {
	        {"Windows 10 Pro", "Client", 22000, "Windows 11 Pro"},
	        {"Windows 10 Enterprise", "Client", 26100, "Windows 11 Enterprise"},
	        {"Windows 10 Pro", "", 22631, "Windows 11 Pro"},
	        {"Windows 10 Pro", "Client", 19045, "Windows 10 Pro"},
	        {"Windows 10 Pro", "Client", 0, "Windows 10 Pro"},
	        {"Windows 10", "Client", 22000, "Windows 11"},
	        {"Windows Server 2022 Standard", "Server", 20348, "Windows Server 2022 Standard"},
	        {"Windows 10 something", "Server Core", 26100, "Windows 10 something"},
	        {"", "Client", 22631, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct windows_version v = {.build = cases[i].build};
		(void)snprintf(v.product, sizeof(v.product), "%s", cases[i].product);
		(void)snprintf(v.installation, sizeof(v.installation), "%s", cases[i].installation);
		windows_product_correct(&v);
		assert_string_equal(v.product, cases[i].right);
	}
}

/* --- the conversions libhivex is given instead of the C library's --------------------------- */

static size_t convert(const char *from, const char *in, size_t in_len, char *out, size_t room)
{
	char *in_at = (char *)(uintptr_t)in, *out_at = out;
	size_t left = room;
	iconv_t cd = iconv_open("UTF-8", from);

	assert_true(cd != (iconv_t)-1);
	errno = 0;
	size_t r = iconv(cd, &in_at, &in_len, &out_at, &left);
	int error = errno;
	assert_int_equal(iconv_close(cd), 0);
	errno = error;
	if (r == 0)
		assert_int_equal(in_len, 0);
	return r == 0 ? room - left : r;
}

static void names_are_recoded(void **state)
{
	(void)state;
	char out[64];
	iconv_t one = iconv_open("UTF-8", "LATIN1"), two = iconv_open("UTF-8", "LATIN1");
	assert_ptr_equal(one, two); /* the C library's would be two */
	/* e acute; z, e acute, euro, a planet (a pair) */
	static const char latin1[] = "z\xe9", utf16[] = "z\0\xe9\0\xac\x20\x3c\xd8\x0d\xdf";

	assert_int_equal(convert("LATIN1", latin1, 2, out, sizeof(out)), 3);
	assert_memory_equal(out, "z\xc3\xa9", 3);
	assert_int_equal(convert("UTF-16LE", utf16, 10, out, sizeof(out)), 10);
	assert_memory_equal(out, "z\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8d", 10);
	assert_int_equal(convert("UTF-16LE", utf16, 10, out, 9), (size_t)-1);
	assert_int_equal(errno, E2BIG);
	assert_int_equal(convert("UTF-16LE", utf16, 9, out, sizeof(out)), (size_t)-1);
	assert_int_equal(errno, EINVAL); /* half a character */
	assert_int_equal(convert("UTF-16LE", "\x0d\xdf", 2, out, sizeof(out)), (size_t)-1);
	assert_int_equal(errno, EILSEQ); /* the second half of a pair */
	assert_int_equal(convert("UTF-16LE", "\x3c\xd8z\0", 4, out, sizeof(out)), (size_t)-1);
	assert_int_equal(errno, EILSEQ); /* the first, without the second */
	assert_int_equal(convert("UTF-16LE", "", 0, out, sizeof(out)), 0);
	/* Any other pair is the C library's business. */
	assert_int_equal(convert("UTF-8", "abc", 3, out, sizeof(out)), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(facts_come_through),
	        cmocka_unit_test(lies_are_refused),
	        cmocka_unit_test(versions_come_through_clean),
	        cmocka_unit_test(evidence_comes_through_or_not_at_all),
	        cmocka_unit_test(words_say_what_is_known),
	        cmocka_unit_test(windows_11_is_called_so),
	        cmocka_unit_test(names_are_recoded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
