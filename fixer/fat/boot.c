/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boot sector's BIOS parameter block. */
#include "fixer/base/bytes.h"
#include "fixer/fat/fat.h"

#include <errno.h>

#define BOOT_SECTOR   512
#define ENTRY         32 /* bytes of a directory entry */
#define CLUSTER_MAX   (256u * 1024)
#define FAT12_MAX     4084
#define FAT16_MAX     65524
#define FAT32_MAX     0x0ffffff5u /* above are marks */
#define MIRROR_OFF    0x80        /* of the flags: one table is in use, its number below */
#define ACTIVE_NUMBER 0x0f

/* As it stands there; sizes in sectors. */
struct parameters {
	uint16_t sector; /* bytes */
	uint8_t per_cluster, tables;
	uint16_t reserved, root_entries;
	uint32_t sectors, table_sectors;
	bool is_fat32;
	uint16_t flags;
	uint32_t root_cluster;
};

static struct parameters read_parameters(const uint8_t *s)
{
	struct parameters p = {.sector = get_le16(s + 11),
	        .per_cluster = s[13],
	        .reserved = get_le16(s + 14),
	        .tables = s[16],
	        .root_entries = get_le16(s + 17),
	        .sectors = get_le16(s + 19),
	        .table_sectors = get_le16(s + 22)};

	if (p.sectors == 0)
		p.sectors = get_le32(s + 32);
	/* Small FAT32 volumes exist, on disks with sectors of 4096 bytes: the field counts, not
	 * the number of clusters. */
	p.is_fat32 = p.table_sectors == 0;
	if (p.is_fat32) {
		p.table_sectors = get_le32(s + 36);
		p.flags = get_le16(s + 40);
		p.root_cluster = get_le32(s + 44);
	}
	return p;
}

static bool power_of_two(uint32_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

static bool is_possible(const struct parameters *p, uint64_t size)
{
	return power_of_two(p->sector) && p->sector >= 512 && p->sector <= 4096 &&
	       power_of_two(p->per_cluster) &&
	       (uint32_t)p->per_cluster * p->sector <= CLUSTER_MAX && p->reserved > 0 &&
	       p->tables > 0 && p->table_sectors > 0 && (uint64_t)p->sectors * p->sector <= size &&
	       (p->is_fat32 ? p->root_entries == 0 : p->root_entries > 0);
}

/* Entries the table has room for. */
static uint64_t table_entries(const struct parameters *p, unsigned bits)
{
	return (uint64_t)p->table_sectors * p->sector * 8 / bits;
}

static unsigned entry_bits(const struct parameters *p, uint32_t clusters)
{
	return p->is_fat32 ? 32 : clusters <= FAT12_MAX ? 12 : 16;
}

static bool count_fits(const struct parameters *p, unsigned bits, uint32_t clusters)
{
	return clusters > 0 && clusters <= (bits == 32 ? FAT32_MAX : FAT16_MAX) &&
	       table_entries(p, bits) >= (uint64_t)clusters + 2;
}

static int lay_out(const struct parameters *p, struct fat *fat)
{
	uint64_t tables = (uint64_t)p->tables * p->table_sectors;
	uint64_t root = ((uint64_t)p->root_entries * ENTRY + p->sector - 1) / p->sector;
	uint64_t data = p->reserved + tables + root;
	unsigned active = p->flags & MIRROR_OFF ? p->flags & ACTIVE_NUMBER : 0;

	if (data >= p->sectors || active >= p->tables)
		return -EBADMSG;
	fat->clusters = (uint32_t)((p->sectors - data) / p->per_cluster);
	fat->bits = entry_bits(p, fat->clusters);
	if (!count_fits(p, fat->bits, fat->clusters))
		return -EBADMSG;
	fat->cluster = (uint32_t)p->per_cluster * p->sector;
	fat->table = (p->reserved + (uint64_t)active * p->table_sectors) * p->sector;
	fat->root = (p->reserved + tables) * p->sector;
	fat->root_len = (uint64_t)p->root_entries * ENTRY;
	fat->root_cluster = p->root_cluster;
	fat->data = data * p->sector;
	return 0;
}

int fat_open(struct block_device *dev, struct fat *ret)
{
	struct fat fat = {.dev = dev};
	uint8_t sector[BOOT_SECTOR];

	if (dev->size < sizeof(sector))
		return -EBADMSG;
	int r = block_read(dev, 0, sector, sizeof(sector));
	if (r < 0)
		return r;
	struct parameters p = read_parameters(sector);
	if (get_le16(sector + 510) != 0xaa55 || !is_possible(&p, dev->size))
		return -EBADMSG;
	r = lay_out(&p, &fat);
	if (r < 0)
		return r;
	*ret = fat;
	return 0;
}
