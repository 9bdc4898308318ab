/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which directories are a Windows: known by hives and kernel, not by name. */
#include "tests/module/match_fixture.h"

/* The names of the installations, in order, a blank after each. */
static void expect(const char *image, const char *names)
{
	char got[512] = "", path[256];
	struct found f;

	found_open(&f, image, REMOVE(WHERE("\\nowhere", "abcd.sys")));
	for (size_t i = 0; i < f.windows.count; i++) {
		assert_int_equal(ntfs_path(f.view, f.windows.roots[i], path, sizeof(path)), 0);
		size_t len = strlen(got);
		(void)snprintf(got + len, sizeof(got) - len, "%s ", path + 1);
	}
	assert_string_equal(got, names);
	found_close(&f);
}

static void put_parts(
        struct gen_ntfs *n, const char *root, const char *const parts[], const char *const magics[])
{
	char path[256];

	for (size_t i = 0; parts[i]; i++) {
		(void)snprintf(path, sizeof(path), "\\%s\\System32\\%s", root, parts[i]);
		fixture_put_like(n, path, 4096, magics[i]);
	}
}

#define SYSTEM_HIVE   "config\\SYSTEM"
#define SOFTWARE_HIVE "config\\SOFTWARE"
#define KERNEL        "ntoskrnl.exe"

static void test_by_its_parts(void **state)
{
	static const char *const all[] = {SYSTEM_HIVE, SOFTWARE_HIVE, KERNEL, NULL};
	static const char *const old[] = {SYSTEM_HIVE, SOFTWARE_HIVE, "NTKRNLPA.EXE", NULL};
	static const char *const magics[] = {"regf", "regf", "MZ"};
	const char *path = fixture_path("parts.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	(void)state;
	put_parts(n, "Fenster", all, magics);
	put_parts(n, "WINNT", old, magics);
	put_parts(n, "Windows.old\\Windows", all, magics);
	/* Each lacks one thing. */
	put_parts(n, "no-kernel", (const char *const[]){SYSTEM_HIVE, SOFTWARE_HIVE, NULL}, magics);
	put_parts(n, "no-software", (const char *const[]){SYSTEM_HIVE, KERNEL, NULL},
	        (const char *const[]){"regf", "MZ"});
	put_parts(n, "no-hive", all, (const char *const[]){"fger", "fger", "MZ"});
	/* What a crash left of one hive makes it no less a Windows. */
	put_parts(n, "half", all, (const char *const[]){"", "regf", "MZ"});
	put_parts(n, "no-program", all, (const char *const[]){"regf", "regf", "ZM"});
	put_parts(n, "folder",
	        (const char *const[]){SYSTEM_HIVE, SOFTWARE_HIVE, KERNEL "\\x", NULL}, magics);
	fixture_put(n, "\\pagefile.sys", 70000, IN_WINDOW, 0);
	fixture_finish(n);
	expect(path, "Fenster WINNT half ");
}

static void test_twin_and_link(void **state)
{
	static const char *const all[] = {SYSTEM_HIVE, SOFTWARE_HIVE, KERNEL, NULL};
	static const char *const magics[] = {"regf", "regf", "MZ"};
	const char *path = fixture_path("twin.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	(void)state;
	/* An empty folder of the same name in other case hides nothing. */
	assert_int_equal(gen_ntfs_mkdir(n, "\\Windows"), 0);
	assert_int_equal(gen_ntfs_mkdir_posix(n, "\\Windows\\SYSTEM32"), 0);
	assert_int_equal(gen_ntfs_mkdir_posix(n, "\\Windows\\system32"), 0);
	put_parts(n, "Windows", all, magics);
	assert_int_equal(gen_ntfs_mkdir(n, "\\Link"), 0);
	assert_int_equal(gen_ntfs_make_junction(n, "\\Link", "\\Windows"), 0);
	fixture_finish(n);
	expect(path, "Windows ");
}

/* What CompactOS compressed cannot be read here, but starts in Windows. */
static void test_compressed_kernel(void **state)
{
	const char *path = fixture_path("compact.img");
	struct gen_ntfs *n = fixture_format(path, 512);

	(void)state;
	put_parts(n, "Windows", (const char *const[]){SYSTEM_HIVE, SOFTWARE_HIVE, NULL},
	        (const char *const[]){"regf", "regf"});
	fixture_put(n, "\\Windows\\System32\\ntoskrnl.exe", 5000, IN_WINDOW, NTFS_ATTR_REPARSE);
	fixture_finish(n);
	expect(path, "Windows ");
}

static void test_too_many(void **state)
{
	static const char *const all[] = {SYSTEM_HIVE, SOFTWARE_HIVE, KERNEL, NULL};
	static const char *const magics[] = {"regf", "regf", "MZ"};
	const char *path = fixture_path("many.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	struct found f;
	char name[16];

	(void)state;
	for (unsigned i = 0; i <= WINDOWS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "Win%02u", i);
		put_parts(n, name, all, magics);
	}
	fixture_finish(n);
	found_open(&f, path, REMOVE(WHERE("\\Windows\\x", "abcd.sys")));
	assert_true(f.windows.too_many && f.list.too_many);
	assert_int_equal(f.windows.count, WINDOWS_MAX);
	found_close(&f);
	found_expect(path, REMOVE(WHERE("\\Win01\\System32", "ntoskrnl.exe")), REASON_OK,
	        PATHS("\\Win01\\System32\\ntoskrnl.exe"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_by_its_parts),
	        cmocka_unit_test(test_twin_and_link),
	        cmocka_unit_test(test_compressed_kernel),
	        cmocka_unit_test(test_too_many),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
