/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Partition types in words. GPT: UEFI specification 2.10 table 5-7; Microsoft,
 * "PARTITION_INFORMATION_GPT" and winioctl.h; the Discoverable Partitions Specification for Linux.
 * MBR: winioctl.h (PARTITION_*) and what fdisk calls them.
 */
#include "fixer/block/partition.h"

#include <string.h>

struct gpt_type {
	const char *guid, *name;
	bool dynamic;
};

static const struct gpt_type gpt_types[] = {
        {"C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "EFI system", false},
        {"E3C9E316-0B5C-4DB8-817D-F92DF00215AE", "Microsoft reserved", false},
        {"EBD0A0A2-B9E5-4433-87C0-68B6B72699C7", "Windows data", false},
        {"DE94BBA4-06D1-4D40-A16A-BFD50179D6AC", "Windows recovery", false},
        {"5808C8AA-7E8F-42E0-85D2-E1E90434CFB3", "Windows LDM metadata", true},
        {"AF9B60A0-1431-4F62-BC68-3311714A69AD", "Windows LDM data", true},
        {"E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D", "Windows Storage Spaces", true},
        {"558D43C5-A1AC-43C0-AAC8-D1472B2923D1", "Windows Storage Replica", false},
        {"D3BFE2DE-3DAF-11DF-BA40-E3A556D89593", "Intel Rapid Start", false},
        {"21686148-6449-6E6F-744E-656564454649", "BIOS boot", false},
        {"0FC63DAF-8483-4772-8E79-3D69D8477DE4", "Linux filesystem", false},
        {"4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709", "Linux root", false},
        {"BC13C2FF-59E6-4262-A352-B275FD6F7172", "Linux boot loader", false},
        {"0657FD6D-A4AB-43C4-84E5-0933C84B4F4F", "Linux swap", false},
        {"E6D6D379-F507-44C2-A23C-238F2A3DF928", "Linux LVM", false},
        {"A19D880F-05FC-4D3B-A006-743F0F84911E", "Linux RAID", false},
        {"CA7D7CCB-63ED-4C53-861C-1742536059CC", "Linux LUKS", false},
        {"48465300-0000-11AA-AA11-00306543ECAC", "Apple HFS+", false},
        {"7C3457EF-0000-11AA-AA11-00306543ECAC", "Apple APFS", false},
};

struct mbr_type {
	uint8_t type;
	bool dynamic;
	const char *name;
};

static const struct mbr_type mbr_types[] = {
        {0x01, false, "FAT12"},
        {0x04, false, "FAT16"},
        {0x06, false, "FAT16"},
        {0x07, false, "Windows data"},
        {0x0b, false, "FAT32"},
        {0x0c, false, "FAT32"},
        {0x0e, false, "FAT16"},
        {0x11, false, "hidden FAT12"},
        {0x12, false, "vendor's diagnostics"},
        {0x14, false, "hidden FAT16"},
        {0x16, false, "hidden FAT16"},
        {0x17, false, "hidden Windows data"},
        {0x1b, false, "hidden FAT32"},
        {0x1c, false, "hidden FAT32"},
        {0x1e, false, "hidden FAT16"},
        {0x27, false, "Windows recovery"},
        {0x42, true, "Windows LDM data"},
        {0x82, false, "Linux swap"},
        {0x83, false, "Linux filesystem"},
        {0x84, false, "Intel Rapid Start"},
        {0x8e, false, "Linux LVM"},
        {0xd7, true, "Windows Storage Spaces"},
        {0xde, false, "Dell's tools"},
        {0xe7, true, "Windows Storage Spaces"},
        {0xef, false, "EFI system"},
        {0xfd, false, "Linux RAID"},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct gpt_type *find_gpt(const struct guid *type)
{
	char text[GUID_TEXT];

	guid_format(type, text);
	for (size_t i = 0; i < COUNT(gpt_types); i++)
		if (strcmp(text, gpt_types[i].guid) == 0)
			return &gpt_types[i];
	return NULL;
}

static const struct mbr_type *find_mbr(uint8_t type)
{
	for (size_t i = 0; i < COUNT(mbr_types); i++)
		if (mbr_types[i].type == type)
			return &mbr_types[i];
	return NULL;
}

const char *partition_type_name(const struct partition *p)
{
	if (p->mbr_type != 0) {
		const struct mbr_type *mbr = find_mbr(p->mbr_type);
		return mbr ? mbr->name : NULL;
	}
	const struct gpt_type *gpt = find_gpt(&p->type);
	return gpt ? gpt->name : NULL;
}

bool partition_is_dynamic(const struct partition *p)
{
	const struct mbr_type *mbr = find_mbr(p->mbr_type);
	const struct gpt_type *gpt = find_gpt(&p->type);

	return (mbr && mbr->dynamic) || (gpt && gpt->dynamic);
}
