/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/media/check.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* ISO 9660 (ECMA-119) and El Torito: sectors of 2048 bytes, descriptors from the 16th. */
#define BLOCK         2048
#define PRIMARY_AT    (16 * BLOCK)
#define BOOT_AT       (17 * BLOCK)
#define CATALOGUE_PTR 0x47
/* The disk's side: sectors of 512 bytes, the GPT's header in the second (UEFI 5.3). */
#define SECTOR        512
#define GPT_ENTRIES   72
#define GPT_COUNT     80
#define GPT_SIZE      84
#define GPT_MOST      256
#define BIOS_PLATFORM 0
#define EFI_PLATFORM  0xef
#define BOOTABLE      0x88

static const uint8_t system_partition[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba,
        0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};

static uint32_t le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t le64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static int bad(struct error *err, const char *what)
{
	return error_set(err, -EBADMSG, REASON_INTERNAL,
	        "the image is not good: %s. It was not kept.", what);
}

/* The catalogue: validation entry, the first entry (BIOS), a section header (UEFI), its entry. */
static int check_catalogue(const uint8_t *image, size_t len, uint64_t *ret_esp, struct error *err)
{
	uint64_t at = (uint64_t)le32(image + BOOT_AT + CATALOGUE_PTR) * BLOCK;

	if (at > len || len - at < BLOCK)
		return bad(err, "the boot catalogue is outside");
	const uint8_t *c = image + at;
	uint16_t sum = 0;
	for (int i = 0; i < 32; i += 2)
		sum = (uint16_t)(sum + c[i] + (c[i + 1] << 8));
	if (c[0] != 1 || c[1] != BIOS_PLATFORM || c[30] != 0x55 || c[31] != 0xaa || sum != 0)
		return bad(err, "the boot catalogue has no validation entry");
	uint64_t bios = (uint64_t)le32(c + 32 + 8) * BLOCK;
	if (c[32] != BOOTABLE || bios == 0 || bios >= len)
		return bad(err, "nothing in it for BIOS");
	uint64_t efi = (uint64_t)le32(c + 96 + 8) * BLOCK;
	if (c[65] != EFI_PLATFORM || c[96] != BOOTABLE || efi == 0 || efi >= len)
		return bad(err, "nothing in it for UEFI");
	*ret_esp = efi;
	return 0;
}

/* The partition of that type in the GPT. */
static int find_partition(
        const uint8_t *image, size_t len, struct media_layout *ret, struct error *err)
{
	const uint8_t *header = image + SECTOR;
	uint64_t table = le64(header + GPT_ENTRIES);
	uint32_t count = le32(header + GPT_COUNT), size = le32(header + GPT_SIZE);

	if (memcmp(header, "EFI PART", 8) != 0 || size != 128 || count > GPT_MOST ||
	        table > len / SECTOR || len - table * SECTOR < (uint64_t)count * size)
		return bad(err, "no partition table");
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *e = image + table * SECTOR + (uint64_t)i * size;
		if (memcmp(e, system_partition, 16) != 0)
			continue;
		uint64_t first = le64(e + 32), last = le64(e + 40);
		if (last < first || last >= len / SECTOR)
			return bad(err, "the EFI system partition is outside");
		ret->esp_at = first * SECTOR;
		ret->esp_len = (last - first + 1) * SECTOR;
		return 0;
	}
	return bad(err, "no EFI system partition");
}

int media_check(const uint8_t *image, size_t len, struct media_layout *ret, struct error *err)
{
	struct media_layout found = {0};
	uint64_t esp = 0;

	if (len < BOOT_AT + BLOCK || len % SECTOR != 0)
		return bad(err, "too short");
	if (image[510] != 0x55 || image[511] != 0xaa || (image[0] == 0 && image[1] == 0))
		return bad(err, "the first sector cannot start");
	if (memcmp(image + PRIMARY_AT, "\1CD001", 6) != 0 ||
	        memcmp(image + BOOT_AT, "\0CD001\1EL TORITO SPECIFICATION", 30) != 0)
		return bad(err, "no CD file system that can be started");
	int r = check_catalogue(image, len, &esp, err);
	if (r == 0)
		r = find_partition(image, len, &found, err);
	if (r < 0)
		return r;
	if (found.esp_at != esp)
		return bad(err, "CD and disk start different EFI system partitions");
	*ret = found;
	return 0;
}
