/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sources: qcow2, QEMU's docs/interop/qcow2.txt; VHDX, [MS-VHDX] 2.2.1; VMDK, VMware "Virtual Disk
 * Format 5.0" (2011), section 4; VDI, VirtualBox' VDICore.h (pre-header).
 */
#include "fixer/block/image_format.h"
#include "fixer/base/bytes.h"
#include "fixer/block/vhd.h"

#include <errno.h>
#include <string.h>

const char *image_format_name(enum image_format format)
{
	static const char *const names[] = {
	        [IMAGE_RAW] = "raw",
	        [IMAGE_VHD_FIXED] = "vhd",
	        [IMAGE_VHD] = "vhd",
	        [IMAGE_VHDX] = "vhdx",
	        [IMAGE_QCOW2] = "qcow2",
	        [IMAGE_VMDK] = "vmdk",
	        [IMAGE_VDI] = "vdi",
	};

	return names[format];
}

static int refuse(struct error *err, const char *what)
{
	return error_set(err, -ENOTSUP, REASON_IMAGE_FORMAT, "%s", what);
}

#define DAMAGED_SHORT "the image is cut off within its header"

/* --- VHD -------------------------------------------------------------------------------------- */

static int probe_vhd(const struct vhd_footer *footer, struct image_info *ret, struct error *err)
{
	if (footer->type == VHD_DIFFERENCING)
		return refuse(err, "a differencing VHD, useless without its parent: merge it into "
		                   "the parent, or take the machine's checkpoints away, first");
	if (footer->type != VHD_FIXED && footer->type != VHD_DYNAMIC)
		return refuse(err, "a VHD of an unknown type");
	if (footer->saved)
		return refuse(err, "a VHD of a machine in saved state: start it or discard that "
		                   "state first");
	ret->format = footer->type == VHD_FIXED ? IMAGE_VHD_FIXED : IMAGE_VHD;
	ret->size = footer->size;
	return 0;
}

/* --- qcow2 ------------------------------------------------------------------------------------ */

#define QCOW2_V2_HEADER     72
#define QCOW2_V3_HEADER     104
#define QCOW2_DIRTY         (1U << 0)
#define QCOW2_CORRUPT       (1U << 1)
#define QCOW2_EXTERNAL_DATA (1U << 2)

static int check_qcow2_features(uint64_t features, struct error *err)
{
	if (features & QCOW2_CORRUPT)
		return refuse(
		        err, "a qcow2 image marked corrupt: qemu-img check -r all repairs it");
	if (features & QCOW2_DIRTY)
		return refuse(err, "a qcow2 image that was not closed: qemu-img check -r all "
		                   "repairs it");
	if (features & QCOW2_EXTERNAL_DATA)
		return refuse(err, "a qcow2 image whose data is in another file: convert it with "
		                   "qemu-img convert");
	return 0;
}

static int probe_qcow2(const uint8_t *head, size_t len, struct image_info *ret, struct error *err)
{
	if (len < QCOW2_V3_HEADER)
		return refuse(err, DAMAGED_SHORT);
	uint32_t version = get_be32(head + 4);
	if (version != 2 && version != 3)
		return refuse(err, "an image of QEMU's old qcow format: convert it with qemu-img "
		                   "convert");
	if (get_be64(head + 8) != 0)
		return refuse(err, "a qcow2 image with a backing file: bring the two together with "
		                   "qemu-img convert or commit first");
	if (get_be32(head + 32) != 0)
		return refuse(err, "an encrypted qcow2 image: convert it with qemu-img convert");
	if (version == 3) {
		int r = check_qcow2_features(get_be64(head + QCOW2_V2_HEADER), err);
		if (r < 0)
			return r;
	}
	ret->format = IMAGE_QCOW2;
	ret->size = get_be64(head + 24);
	ret->snapshots = get_be32(head + 60);
	return 0;
}

/* --- VMDK ------------------------------------------------------------------------------------- */

#define VMDK_SECTOR     512
#define VMDK_COMPRESSED 77 /* offset of compressAlgorithm, u16 */

/* A sparse extent's header; the file is a whole disk when it has the descriptor, too. */
static int probe_vmdk(const uint8_t *head, size_t len, struct image_info *ret, struct error *err)
{
	if (len < VMDK_SECTOR)
		return refuse(err, DAMAGED_SHORT);
	uint64_t size = get_le64(head + 12), at = get_le64(head + 28), count = get_le64(head + 36);
	if (at == 0 || count == 0 || size == 0)
		return refuse(err, "one extent of a VMDK: name the small file that describes the "
		                   "disk");
	if (get_le16(head + VMDK_COMPRESSED) != 0)
		return refuse(err,
		        "a compressed VMDK (streamOptimized, as in an OVA), which cannot "
		        "be written: convert it with qemu-img convert");
	if (at > len / VMDK_SECTOR || count > len / VMDK_SECTOR - at)
		return refuse(err, "a VMDK whose descriptor is not at its beginning");
	int r = vmdk_descriptor_check(
	        (const char *)head + at * VMDK_SECTOR, count * VMDK_SECTOR, true, err);
	if (r < 0)
		return r;
	ret->format = IMAGE_VMDK;
	ret->size = size > UINT64_MAX / VMDK_SECTOR ? 0 : size * VMDK_SECTOR;
	return 0;
}

static int probe_vmdk_text(
        const uint8_t *head, size_t len, struct image_info *ret, struct error *err)
{
	ret->format = IMAGE_VMDK;
	if (len == IMAGE_HEAD)
		return refuse(err, "a VMDK descriptor of over 64 KiB");
	return vmdk_descriptor_check((const char *)head, len, false, err);
}

/* --- all of them ------------------------------------------------------------------------------ */

static bool starts(const uint8_t *head, size_t len, const void *magic, size_t magic_len)
{
	return len >= magic_len && memcmp(head, magic, magic_len) == 0;
}

#define STARTS(magic) starts(head, head_len, magic, sizeof(magic) - 1)

int image_format_probe(const uint8_t *head, size_t head_len, const uint8_t *tail,
        struct image_info *ret, struct error *err)
{
	struct image_info info = {.format = IMAGE_RAW};
	struct vhd_footer footer;
	int r = 0;

	if (STARTS("QFI\xfb"))
		r = probe_qcow2(head, head_len, &info, err);
	else if (STARTS("vhdxfile"))
		info.format = IMAGE_VHDX;
	else if (STARTS("KDMV"))
		r = probe_vmdk(head, head_len, &info, err);
	else if (STARTS("# Disk DescriptorFile"))
		r = probe_vmdk_text(head, head_len, &info, err);
	else if (STARTS("COWD"))
		r = refuse(err, "a snapshot of an ESX machine: consolidate its snapshots first");
	else if (head_len >= 68 && get_le32(head + 64) == 0xbeda107f)
		info.format = IMAGE_VDI;
	else if (head_len >= VHD_FOOTER && vhd_footer_parse(head, &footer))
		r = probe_vhd(&footer, &info, err);
	else if (tail && vhd_footer_parse(tail, &footer))
		r = probe_vhd(&footer, &info, err);
	if (r == 0)
		*ret = info;
	return r;
}
