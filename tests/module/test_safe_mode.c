/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a BCD says of safe mode, and where it is looked for: on an EFI system partition and on the
 * active partition of a BIOS machine. */
#include "fixer/repair/safe_mode.h"
#include "fixer/windows/hive.h"
#include "tests/generators/bcd.h"
#include "tests/generators/esp.h"
#include "tests/generators/hive.h"
#include "tests/module/plan_fixture.h"

#define SECONDS   120
#define SAFE_BOOT "\\Elements\\25000080"
#define OTHER     "Objects\\{6c9d2f1e-45d7-11ef-9a3b-52540012ab02}"

/* The values of a good one that is set to minimal; a case has one in another way. */
static const struct gen_hive_value good[] = {
        {GEN_BCD_MANAGER "\\Elements\\23000003", "Element", GEN_BCD_LOADER, 0},
        {GEN_BCD_DEFAULT "\\Description", "Type", NULL, 0x10200003},
        {GEN_BCD_DEFAULT SAFE_BOOT, "Element", "hex:0000000000000000", 0},
        {OTHER "\\Description", "Type", NULL, 0x10200003},
        {OTHER SAFE_BOOT, "Element", "hex:0100000000000000", 0},
};
#define VALUES (sizeof(good) / sizeof(good[0]))

static const struct bcd_case {
	const char *name;
	size_t index; /* of good, what is otherwise */
	struct gen_hive_value value;
	enum safe_mode mode;
} cases[] = {
        {"minimal", 2, {GEN_BCD_DEFAULT SAFE_BOOT, "Element", "hex:0000000000000000", 0},
                SAFE_MODE_MINIMAL},
        {"network", 2, {GEN_BCD_DEFAULT SAFE_BOOT, "Element", "hex:0100000000000000", 0},
                SAFE_MODE_NETWORK},
        {"dsrepair", 2, {GEN_BCD_DEFAULT SAFE_BOOT, "Element", "hex:0200000000000000", 0},
                SAFE_MODE_DSREPAIR},
        {"a mode nobody knows", 2,
                {GEN_BCD_DEFAULT SAFE_BOOT, "Element", "hex:0300000000000000", 0},
                SAFE_MODE_UNKNOWN},
        {"a high byte", 2, {GEN_BCD_DEFAULT SAFE_BOOT, "Element", "hex:0000000000000001", 0},
                SAFE_MODE_UNKNOWN},
        {"too short", 2, {GEN_BCD_DEFAULT SAFE_BOOT, "Element", "hex:00000000", 0},
                SAFE_MODE_UNKNOWN},
        {"too long", 2, {GEN_BCD_DEFAULT SAFE_BOOT, "Element", "hex:000000000000000000", 0},
                SAFE_MODE_UNKNOWN},
        {"text", 2, {GEN_BCD_DEFAULT SAFE_BOOT, "Element", "0", 0}, SAFE_MODE_UNKNOWN},
        {"another element", 2,
                {GEN_BCD_DEFAULT "\\Elements\\25000081", "Element", "hex:0000000000000000", 0},
                SAFE_MODE_NONE},
        {"the other one starts", 0,
                {GEN_BCD_MANAGER "\\Elements\\23000003", "Element",
                        "{6C9D2F1E-45D7-11EF-9A3B-52540012AB02}", 0},
                SAFE_MODE_NETWORK},
        {"one that is not there starts", 0,
                {GEN_BCD_MANAGER "\\Elements\\23000003", "Element",
                        "{6c9d2f1e-45d7-11ef-9a3b-52540012ab03}", 0},
                SAFE_MODE_UNKNOWN},
        {"nobody says what starts", 0, {GEN_BCD_MANAGER "\\Elements\\25000004", "Element", "x", 0},
                SAFE_MODE_UNKNOWN},
        {"a number says what starts", 0,
                {GEN_BCD_MANAGER "\\Elements\\23000003", "Element", NULL, 1}, SAFE_MODE_UNKNOWN},
        {"no loader of Windows", 1, {GEN_BCD_DEFAULT "\\Description", "Type", NULL, 0x10200005},
                SAFE_MODE_UNKNOWN},
};

static enum safe_mode mode_of(const void *bytes, size_t len)
{
	struct hive_h *hive;
	bool dirty;
	int scratch = hive_scratch();

	assert_true(scratch >= 0);
	assert_int_equal(hive_open_bytes(bytes, len, scratch, &hive, &dirty), 0);
	enum safe_mode mode = bcd_safe_mode(hive);
	hive_close(hive);
	assert_int_equal(close(scratch), 0);
	return mode;
}

static void test_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gen_hive_value values[VALUES];
		struct buffer hive;
		memcpy(values, good, sizeof(good));
		values[cases[i].index] = cases[i].value;
		buffer_init(&hive, 256 * 1024);
		assert_int_equal(gen_hive_make(values, VALUES, 1700000000, NULL, 4096, &hive), 0);
		enum safe_mode mode = mode_of(hive.data, hive.len);
		buffer_free(&hive);
		if (mode != cases[i].mode)
			fail_msg("%s: %s", cases[i].name, safe_mode_name(mode));
	}
}

static void make_bcd(const char *name, struct buffer *hive)
{
	uint64_t number;

	assert_true(gen_bcd_by_name(name, &number));
	buffer_init(hive, 256 * 1024);
	assert_int_equal(gen_bcd_make(number, hive), 0);
}

static enum safe_mode look_at(const char *image, bool uefi)
{
	struct block_device *disk CLEANUP_BLOCK = fixture_disk(image, 512);
	const struct partition p = {.size = disk->size};

	return safe_mode_read(disk, &p, uefi, SECONDS);
}

/* A new volume with that as its BCD. */
static const char *esp_with(const void *bytes, size_t len)
{
	static const char *const folders[] = {"/EFI", "/EFI/Microsoft", "/EFI/Microsoft/Boot"};
	const char *path = fixture_path("esp.img");
	struct gen_esp esp;

	assert_int_equal(gen_esp_format_stick(&esp, path, 16 << 20, 512, 1), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(gen_esp_mkdir(&esp, folders[i]), 0);
	assert_int_equal(gen_esp_put(&esp, "/EFI/Microsoft/Boot/BCD", bytes, len), 0);
	gen_esp_free(&esp);
	return path;
}

static void test_on_an_esp(void **state)
{
	static const char *const modes[] = {"none", "minimal", "network", "dsrepair"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct buffer hive;
		make_bcd(modes[i], &hive);
		const char *path = esp_with(hive.data, hive.len);
		assert_string_equal(safe_mode_name(look_at(path, true)), modes[i]);
		assert_string_equal(safe_mode_name(look_at(path, false)), "unknown");
		buffer_free(&hive);
	}
}

/* What a hostile or broken disk may hold there ends in nothing said. */
static void test_no_hive(void **state)
{
	static uint8_t large[BCD_MAX + 1];
	struct buffer hive;

	(void)state;
	make_bcd("minimal", &hive);
	memcpy(large, hive.data, hive.len);
	assert_int_equal(look_at(esp_with(large, BCD_MAX), true), SAFE_MODE_MINIMAL);
	assert_int_equal(look_at(esp_with(large, sizeof(large)), true), SAFE_MODE_UNKNOWN);
	assert_int_equal(look_at(esp_with("", 0), true), SAFE_MODE_UNKNOWN);
	assert_int_equal(look_at(esp_with("regf", 4), true), SAFE_MODE_UNKNOWN);
	assert_int_equal(look_at(esp_with(hive.data, hive.len / 2), true), SAFE_MODE_UNKNOWN);
	buffer_free(&hive);
}

static void test_on_ntfs(void **state)
{
	const char *path = fixture_path("active.img");
	struct gen_ntfs *n = fixture_format(path, 512);
	struct buffer hive;

	(void)state;
	make_bcd("network", &hive);
	const struct gen_file file = {.path = "\\Boot\\BCD", .data = hive.data, .size = hive.len};
	assert_int_equal(gen_ntfs_mkdir(n, "\\Boot"), 0);
	assert_int_equal(gen_ntfs_put(n, &file), 0);
	fixture_finish(n);
	buffer_free(&hive);
	assert_int_equal(look_at(path, false), SAFE_MODE_NETWORK);
	assert_int_equal(look_at(path, true), SAFE_MODE_UNKNOWN);
}

static void test_ntfs_without(void **state)
{
	const char *path = fixture_path("without.img");

	(void)state;
	fixture_finish(fixture_format(path, 512));
	assert_int_equal(look_at(path, false), SAFE_MODE_UNKNOWN);
}

static void test_partitions(void **state)
{
	struct partition esp = {.active = false}, data = {.active = true, .mbr_type = 7};

	(void)state;
	assert_int_equal(guid_parse("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", &esp.type), 0);
	assert_true(safe_mode_partition(&esp, true));
	assert_false(safe_mode_partition(&esp, false));
	assert_true(safe_mode_partition(&data, false));
	assert_false(safe_mode_partition(&data, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_what_it_says),
	        cmocka_unit_test(test_on_an_esp),
	        cmocka_unit_test(test_no_hive),
	        cmocka_unit_test(test_on_ntfs),
	        cmocka_unit_test(test_ntfs_without),
	        cmocka_unit_test(test_partitions),
	};
	return cmocka_run_group_tests(tests, fixture_make, fixture_remove);
}
