/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot sector: which volumes are ours, which are Vista's, which nobody's. */
#include "tests/unit/fve_case.h"

static void the_sector_size_is_the_device_s_when_none_is_stated(void **state)
{
	(void)state;

	srandom(27);
	for (uint32_t sector = 512; sector <= 4096; sector *= 8) {
		struct fve_spec spec = fve_usual(sector);
		struct fve_volume v;
		struct fve_opened o;
		fve_make(&v, &spec);
		put_le16(v.bytes + 11, 0);
		v.memory.dev.sector_size = sector;
		assert_int_equal(fve_open(&v, &o, NULL), 0);
		assert_int_equal(bitlocker_info(o.b)->sector_size, sector);
		fve_check_view(&v, o.volume);
		fve_close(&o);
		fve_drop(&v);
	}
}

static void check_to_go(struct fve_spec *spec)
{
	struct fve_volume v;
	struct fve_opened o;

	spec->to_go = true;
	fve_make(&v, spec);
	assert_int_equal(fve_open(&v, &o, NULL), 0);
	fve_check_view(&v, o.volume);
	fve_close(&o);
	fve_drop(&v);
}

static void to_go_is_read(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual(512);

	srandom(28);
	spec.header_sectors = 300;
	check_to_go(&spec);
	spec = fve_usual(4096);
	check_to_go(&spec);
}

/* Boot sectors of another kind: changed bytes, and what is said of them. */
static void other_boot_sectors_are_told_apart(void **state)
{
	(void)state;
	static const struct {
		bool to_go;
		size_t offset;
		uint8_t value;
		int answer;
		enum reason reason;
	} cases[] = {
	        {false, 160, 0x3c, -EBADMSG, REASON_BITLOCKER_METADATA_BAD}, /* another type */
	        {true, 424, 0x3c, -ENODEV, REASON_NO_NTFS},                  /* a FAT volume */
	        {false, 3, 'X', -ENODEV, REASON_NO_NTFS},
	        {false, 12, 4, -EBADMSG, REASON_BITLOCKER_METADATA_BAD}, /* 1024 bytes a sector */
	        {false, 12, 3, -EBADMSG, REASON_BITLOCKER_METADATA_BAD},
	        {false, 176, 1, -EBADMSG, REASON_BITLOCKER_METADATA_BAD}, /* copy 0 elsewhere */
	};

	srandom(29);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fve_spec spec = fve_usual(512);
		struct fve_volume v;
		struct fve_opened o;
		struct error err = {0};
		spec.to_go = cases[i].to_go;
		fve_make(&v, &spec);
		v.bytes[cases[i].offset] = cases[i].value;
		if (cases[i].offset == 176) {
			assert_int_equal(fve_open(&v, &o, &err), 0); /* two others are left */
			assert_int_equal(bitlocker_info(o.b)->good_copies, 2);
			fve_close(&o);
			put_le64(v.bytes + 184, 1);
			put_le64(v.bytes + 192, 1);
		}
		assert_int_equal(fve_open(&v, &o, &err), cases[i].answer);
		assert_int_equal(err.reason, cases[i].reason);
		fve_drop(&v);
	}
}

/* The type counts only where it belongs. */
static void a_type_elsewhere_is_none(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual(512);
	struct fve_volume v;
	struct fve_opened o;
	struct error err = {0};

	srandom(30);
	fve_make(&v, &spec);
	memmove(v.bytes + 424, v.bytes + 160, 40);
	memset(v.bytes + 160, 0, 40);
	assert_int_equal(fve_open(&v, &o, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "unknown BitLocker volume type"));
	fve_drop(&v);
}

static void vista_is_known(void **state)
{
	(void)state;
	struct fve_spec spec = fve_usual(512);
	struct fve_volume v;
	struct fve_opened o;
	struct error err = {0};

	srandom(31);
	fve_make(&v, &spec);
	memset(v.bytes + 160, 0, 40);
	put_le64(v.bytes + 56, spec.metadata[0] / 4096);
	assert_int_equal(fve_open(&v, &o, &err), -EBADMSG);
	put_le16(v.bytes + spec.metadata[0] + 10, 1); /* by the metadata's version */
	assert_int_equal(fve_open(&v, &o, &err), -ENOTSUP);
	assert_int_equal(err.reason, REASON_BITLOCKER_VISTA);
	put_le64(v.bytes + 56, UINT64_MAX / 4096 + 1);
	assert_int_equal(fve_open(&v, &o, &err), -EBADMSG);
	v.bytes[1] = 0x52; /* by the jump of an NTFS boot sector */
	assert_int_equal(fve_open(&v, &o, &err), -ENOTSUP);
	assert_int_equal(err.reason, REASON_BITLOCKER_VISTA);
	fve_drop(&v);
	/* Version 1 under the type of Windows 7, and a version nobody knows. */
	for (uint16_t version = 1; version <= 3; version += 2) {
		fve_make(&v, &spec);
		for (size_t i = 0; i < 3; i++)
			put_le16(v.bytes + spec.metadata[i] + 10, version);
		assert_int_equal(fve_open(&v, &o, &err), version == 1 ? -ENOTSUP : -EBADMSG);
		assert_int_equal(err.reason,
		        version == 1 ? REASON_BITLOCKER_VISTA : REASON_BITLOCKER_METADATA_BAD);
		fve_drop(&v);
	}
	assert_non_null(strstr(err.text, "unknown version 3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_sector_size_is_the_device_s_when_none_is_stated),
	        cmocka_unit_test(to_go_is_read),
	        cmocka_unit_test(other_boot_sectors_are_told_apart),
	        cmocka_unit_test(a_type_elsewhere_is_none),
	        cmocka_unit_test(vista_is_known),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
