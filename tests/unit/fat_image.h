/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A small FAT volume made byte by byte, with \EFI\Microsoft\Boot\BCD in it, its clusters apart. */
#ifndef TESTS_FAT_IMAGE_H
#define TESTS_FAT_IMAGE_H

#include "fixer/base/bytes.h"

#include <string.h>

#define FAT_IMAGE_SECTOR 512
#define FAT_IMAGE_MAX    (4300 * FAT_IMAGE_SECTOR) /* of FAT16, which has many clusters */
#define FAT_IMAGE_USED   (64 * FAT_IMAGE_SECTOR)   /* what is not zero is before this */
#define FAT_IMAGE_FILE   1300                      /* bytes */
#define FAT_IMAGE_PATH   "\\EFI\\Microsoft\\Boot\\BCD"

/* Clusters of the directories and of the file. */
enum { FAT_IMAGE_ROOT = 2, FAT_IMAGE_EFI, FAT_IMAGE_MICROSOFT, FAT_IMAGE_BOOT };
static const uint32_t fat_image_chain[3] = {7, 6, 8};

struct fat_image {
	unsigned bits;
	uint8_t *bytes; /* FAT_IMAGE_MAX, zeroed, of the caller */
	uint32_t sectors, table_sectors, clusters;
	size_t table, root, data; /* offsets */
};

static inline uint8_t *fat_image_cluster(const struct fat_image *f, uint32_t n)
{
	return f->bytes + f->data + (size_t)(n - 2) * FAT_IMAGE_SECTOR;
}

static inline uint8_t *fat_image_root(const struct fat_image *f)
{
	return f->bits == 32 ? fat_image_cluster(f, FAT_IMAGE_ROOT) : f->bytes + f->root;
}

static inline void fat_image_set(const struct fat_image *f, uint32_t n, uint32_t value)
{
	uint8_t *e = f->bytes + f->table + (size_t)n * f->bits / 8;

	if (f->bits == 32)
		put_le32(e, value & 0x0fffffff);
	else if (f->bits == 16)
		put_le16(e, (uint16_t)value);
	else if (n & 1)
		put_le16(e, (uint16_t)((get_le16(e) & 0x000f) | (value & 0xfff) << 4));
	else
		put_le16(e, (uint16_t)((get_le16(e) & 0xf000) | (value & 0xfff)));
}

/* name: 11 characters, as on disk. */
static inline void fat_image_entry(
        uint8_t *e, const char *name, uint8_t attributes, uint32_t cluster, uint32_t size)
{
	memcpy(e, name, 11);
	e[11] = attributes;
	put_le16(e + 20, (uint16_t)(cluster >> 16));
	put_le16(e + 26, (uint16_t)cluster);
	put_le32(e + 28, size);
}

/* One part of a long name, of at most 13 letters; order with 0x40 for the last. */
static inline void fat_image_long(
        uint8_t *e, uint8_t order, const char *part, const char *shortname)
{
	static const uint8_t places[13] = {1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
	size_t len = strlen(part);
	uint8_t sum = 0;

	for (size_t i = 0; i < 11; i++)
		sum = (uint8_t)((uint8_t)(sum << 7 | sum >> 1) + (uint8_t)shortname[i]);
	e[0] = order;
	e[11] = 0x0f;
	e[13] = sum;
	for (size_t i = 0; i < 13; i++)
		put_le16(e + places[i], i < len ? (uint8_t)part[i] : i == len ? 0 : 0xffff);
}

static inline void fat_image_boot(const struct fat_image *f)
{
	uint8_t *s = f->bytes;

	memcpy(s, "\xeb\x3c\x90test    ", 11);
	put_le16(s + 11, FAT_IMAGE_SECTOR);
	s[13] = 1;
	put_le16(s + 14, 1);
	s[16] = 1;
	put_le16(s + 17, f->bits == 32 ? 0 : 16);
	put_le32(s + 32, f->sectors);
	put_le16(s + 22, f->bits == 32 ? 0 : (uint16_t)f->table_sectors);
	if (f->bits == 32) {
		put_le32(s + 36, f->table_sectors);
		put_le32(s + 44, FAT_IMAGE_ROOT);
	}
	put_le16(s + 510, 0xaa55);
}

static inline uint8_t fat_image_content(size_t i)
{
	return (uint8_t)(i * 7 + i / 256);
}

/* bytes: FAT_IMAGE_MAX, zeroed. bits: 12, 16, 32. */
static inline struct fat_image fat_image_make(uint8_t *bytes, unsigned bits)
{
	struct fat_image f = {.bits = bits,
	        .bytes = bytes,
	        .clusters = bits == 16 ? 4200 : 40,
	        .table_sectors = bits == 16 ? 17 : 1};
	uint32_t root_sectors = bits == 32 ? 0 : 1;

	f.sectors = 1 + f.table_sectors + root_sectors + f.clusters;
	f.table = FAT_IMAGE_SECTOR;
	f.root = f.table + (size_t)f.table_sectors * FAT_IMAGE_SECTOR;
	f.data = f.root + root_sectors * FAT_IMAGE_SECTOR;
	fat_image_boot(&f);
	for (uint32_t n = FAT_IMAGE_ROOT; n <= FAT_IMAGE_BOOT; n++)
		fat_image_set(&f, n, 0x0fffffff);
	fat_image_set(&f, 7, 6);
	fat_image_set(&f, 6, 8);
	fat_image_set(&f, 8, 0x0fffffff);
	fat_image_entry(fat_image_root(&f), "SYSTEM     ", 0x08, 0, 0);
	fat_image_entry(fat_image_root(&f) + 32, "EFI        ", 0x10, FAT_IMAGE_EFI, 0);
	uint8_t *e = fat_image_cluster(&f, FAT_IMAGE_EFI);
	fat_image_entry(e, ".          ", 0x10, FAT_IMAGE_EFI, 0);
	fat_image_entry(e + 32, "..         ", 0x10, 0, 0);
	fat_image_long(e + 64, 0x41, "Microsoft", "MICROS~1   ");
	fat_image_entry(e + 96, "MICROS~1   ", 0x10, FAT_IMAGE_MICROSOFT, 0);
	fat_image_entry(
	        fat_image_cluster(&f, FAT_IMAGE_MICROSOFT), "BOOT       ", 0x10, FAT_IMAGE_BOOT, 0);
	fat_image_entry(fat_image_cluster(&f, FAT_IMAGE_BOOT), "BCD        ", 0x20,
	        fat_image_chain[0], FAT_IMAGE_FILE);
	for (size_t i = 0; i < FAT_IMAGE_FILE; i++)
		fat_image_cluster(&f, fat_image_chain[i / FAT_IMAGE_SECTOR])[i % FAT_IMAGE_SECTOR] =
		        fat_image_content(i);
	return f;
}

#endif
