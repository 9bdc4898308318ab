/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Disk images by their content; those that may not be worked on. */
#include "fixer/base/bytes.h"
#include "fixer/block/image_format.h"
#include "fixer/block/vhd.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>
#include <string.h>

static uint8_t head[IMAGE_HEAD], tail[512];

static void blank(void)
{
	memset(head, 0, sizeof(head));
	memset(tail, 0, sizeof(tail));
}

static void put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 3; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

static enum image_format probe(void)
{
	struct image_info info;
	struct error err = {0};

	if (image_format_probe(head, sizeof(head), tail, &info, &err) < 0)
		fail_msg("%s", err.text);
	return info.format;
}

static void assert_refused(const char *word)
{
	struct image_info info = {.size = 77};
	struct error err = {0};

	assert_int_equal(image_format_probe(head, sizeof(head), tail, &info, &err), -ENOTSUP);
	assert_int_equal(err.reason, REASON_IMAGE_FORMAT);
	if (!strstr(err.text, word))
		fail_msg("no \"%s\" in \"%s\"", word, err.text);
	assert_int_equal(info.size, 77);
}

static void sign_footer(uint8_t *f)
{
	uint32_t sum = 0;

	put_be32(f + 64, 0);
	for (size_t i = 0; i < VHD_FOOTER; i++)
		sum += f[i];
	put_be32(f + 64, ~sum);
}

static void make_footer(uint8_t *f, uint32_t type)
{
	memset(f, 0, VHD_FOOTER);
	memcpy(f, "conectix", 8);
	put_be32(f + 52, 1 << 20);
	put_be32(f + 60, type);
	sign_footer(f);
}

static void vhd(void **state)
{
	(void)state;
	blank();
	make_footer(tail, VHD_FIXED);
	assert_int_equal(probe(), IMAGE_VHD_FIXED);
	tail[70] ^= 1; /* the checksum no longer fits: bytes of the disk */
	assert_int_equal(probe(), IMAGE_RAW);
	make_footer(head, VHD_DYNAMIC);
	assert_int_equal(probe(), IMAGE_VHD);
	make_footer(head, VHD_DIFFERENCING);
	assert_refused("parent");
	make_footer(head, 7);
	assert_refused("unknown");
	make_footer(head, VHD_DYNAMIC);
	head[84] = 1;
	sign_footer(head);
	assert_refused("saved state");
}

static void make_qcow2(uint32_t version)
{
	blank();
	memcpy(head, "QFI\xfb", 4);
	put_be32(head + 4, version);
	put_be32(head + 28, 1 << 20);
}

static void qcow2(void **state)
{
	struct image_info info;

	(void)state;
	make_qcow2(3);
	put_be32(head + 60, 5);
	assert_int_equal(image_format_probe(head, 104, NULL, &info, NULL), 0);
	assert_int_equal(info.format, IMAGE_QCOW2);
	assert_int_equal(info.size, 1 << 20);
	assert_int_equal(info.snapshots, 5);
	assert_int_equal(image_format_probe(head, 103, NULL, &info, NULL), -ENOTSUP);
	put_be32(head + 12, 500);
	assert_refused("backing file");
	make_qcow2(2);
	put_be32(head + 32, 2);
	assert_refused("encrypted");
	make_qcow2(1);
	assert_refused("old");
	for (uint32_t bit = 1; bit <= 4; bit *= 2) {
		make_qcow2(3);
		put_be32(head + 76, bit);
		assert_refused(bit == 1 ? "not closed" : bit == 2 ? "corrupt" : "another file");
	}
	make_qcow2(2);
	put_be32(head + 76, 7); /* version 2 has no such field */
	assert_int_equal(probe(), IMAGE_QCOW2);
}

#define DESCRIPTOR "# Disk DescriptorFile\nversion=1\n"

static int vmdk_text(const char *text, bool embedded)
{
	return vmdk_descriptor_check(text, strlen(text), embedded, NULL);
}

static void vmdk_descriptors(void **state)
{
	static const char *const good[] = {
	        "RW 100 SPARSE \"disk-s001.vmdk\"\n",
	        "CID=1\nparentCID=ffffffff\nRW 100 FLAT \"disk-flat.vmdk\" 0",
	        "parentCID = FFFFFFFF\r\nRW 1 VMFS \"a b.vmdk\"\r\nRW 5 ZERO\r\n",
	};
	static const char *const bad[] = {
	        "",
	        "RW 100 FLAT \"/etc/shadow\" 0\n",
	        " \tRW  100  FLAT  \"../x\" 0\n",
	        "RW 100 FLAT \"nbd:x\" 0\n",
	        "RW 100 FLAT \"\" 0\n",
	        "RW 100 FLAT \"x 0\n",
	        "RW 100 FLAT x 0\n",
	        "RW 100 VMFSRDM \"x\"\n",
	        "RW 100 SESPARSE \"x\"\n",
	        "RW 100 \"x\"\n",
	        "RDONLY 100 FLAT \"x\" 0\n",
	        "RW 100 FLAT \"x\" 0\nNOACCESS 1 FLAT \"y\" 0\n",
	        "parentCID=12345678\nRW 100 SPARSE \"x\"\n",
	        "  parentCID=1\nRW 100 SPARSE \"x\"\n",
	        "createType=\"streamOptimized\"\nRW 100 SPARSE \"x\"\n",
	        "encryption.data = \"x\"\nRW 100 SPARSE \"x\"\n",
	};
	char longest[700];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(vmdk_text(good[i], false), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (vmdk_text(bad[i], false) != -ENOTSUP)
			fail_msg("taken: %s", bad[i]);
	assert_int_equal(vmdk_text("RW 100 SPARSE \"/any/name\"", true), 0); /* is not opened */
	assert_int_equal(vmdk_text(good[2], true), -ENOTSUP);
	(void)snprintf(longest, sizeof(longest), "x=%600d\nRW 1 FLAT \"x\" 0\n", 0);
	assert_int_equal(vmdk_text(longest, false), -ENOTSUP);
}

static void make_sparse_vmdk(void)
{
	blank();
	memcpy(head, "KDMV", 4);
	put_le64(head + 12, 2048);
	put_le64(head + 28, 1);
	put_le64(head + 36, 20);
	memcpy(head + 512, DESCRIPTOR "RW 2048 SPARSE \"x\"\n", sizeof(DESCRIPTOR) + 18);
}

static void vmdk_files(void **state)
{
	(void)state;
	make_sparse_vmdk();
	assert_int_equal(probe(), IMAGE_VMDK);
	put_le64(head + 12, 0); /* QEMU then takes the descriptor's extents */
	assert_refused("extent");
	make_sparse_vmdk();
	put_le64(head + 36, UINT64_MAX);
	assert_refused("beginning");
	make_sparse_vmdk();
	put_le64(head + 28, 0);
	assert_refused("describes");
	make_sparse_vmdk();
	head[77] = 1;
	assert_refused("compressed");
	blank();
	memcpy(head, "COWD", 4);
	assert_refused("snapshot");
	blank();
	memcpy(head, DESCRIPTOR, sizeof(DESCRIPTOR));
	assert_refused("64 KiB");
}

static void others(void **state)
{
	(void)state;
	blank();
	assert_int_equal(probe(), IMAGE_RAW);
	memcpy(head, "vhdxfile", 8);
	assert_int_equal(probe(), IMAGE_VHDX);
	blank();
	put_le32(head + 64, 0xbeda107f);
	assert_int_equal(probe(), IMAGE_VDI);
	struct image_info info = {.format = IMAGE_VDI};
	for (size_t len = 0; len < 4; len++)
		assert_int_equal(image_format_probe(head, len, NULL, &info, NULL), 0);
	assert_int_equal(info.format, IMAGE_RAW);
	assert_string_equal(image_format_name(IMAGE_VHD_FIXED), "vhd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(vhd),
	        cmocka_unit_test(qcow2),
	        cmocka_unit_test(vmdk_descriptors),
	        cmocka_unit_test(vmdk_files),
	        cmocka_unit_test(others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
