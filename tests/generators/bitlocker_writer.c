/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/bitlocker_writer.h"
#include "tests/generators/bitlocker_crypto.h"
#include "tests/generators/run.h"
#include "fixer/base/bytes.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CLUSTER 4096

static struct fve_protector *add_protector(struct fve_volume *v, uint16_t kind)
{
	struct fve_protector *p = &v->protectors[v->protector_count++];

	p->id = gen_random_guid(&v->random);
	p->kind = kind;
	return p;
}

/* Each group of six digits is 11 times one of the key's 16-bit words. */
static void add_recovery_password(struct fve_volume *v)
{
	struct fve_protector *p = add_protector(v, FVE_RECOVERY);

	gen_random_bytes(&v->random, p->key, sizeof(p->key));
	for (unsigned i = 0; i < 8; i++)
		(void)snprintf(p->password + (size_t)i * 7, 8, "%06u%s",
		        get_le16(p->key + (size_t)2 * i) * 11u, i < 7 ? "-" : "");
}

void fve_make_keys(struct fve_volume *v, uint64_t seed, unsigned recovery_passwords, bool clear_key)
{
	gen_random_init(&v->random, seed, "bitlocker");
	v->id = gen_random_guid(&v->random);
	gen_random_bytes(&v->random, v->vmk, sizeof(v->vmk));
	gen_random_bytes(&v->random, v->fvek, sizeof(v->fvek));
	v->protector_count = 0;
	(void)add_protector(v, FVE_TPM);
	for (unsigned i = 0; i < recovery_passwords; i++)
		add_recovery_password(v);
	if (clear_key)
		(void)add_protector(v, FVE_CLEAR_KEY);
}

static bool in_metadata(const struct fve_volume *v, uint64_t at)
{
	for (unsigned i = 0; i < FVE_COPIES; i++)
		if (at >= v->metadata[i] && at < v->metadata[i] + FVE_AREA_SIZE)
			return true;
	return at < FVE_HEADER_SIZE ||
	       (at >= v->header_backup && at < v->header_backup + FVE_HEADER_SIZE);
}

static bool to_encrypt(const struct fve_volume *v, uint64_t at)
{
	uint64_t cluster = at / CLUSTER;

	if (in_metadata(v, at))
		return false;
	return v->full || cluster >= v->clusters || (v->written[cluster / 8] >> (cluster % 8) & 1);
}

/* Clusters between the special areas. */
static int write_clusters(
        const struct fve_volume *v, EVP_CIPHER_CTX *ctx, int plain, int disk, uint64_t disk_offset)
{
	uint8_t cluster[CLUSTER];
	int r = 0;

	for (uint64_t at = 0; at < v->size && r == 0; at += CLUSTER) {
		if (!to_encrypt(v, at))
			continue;
		r = gen_pread(plain, cluster, CLUSTER, at);
		if (r == 0)
			r = fve_encrypt_sectors(ctx, v->sector_size, at, cluster, CLUSTER);
		if (r == 0)
			r = gen_pwrite(disk, cluster, CLUSTER, disk_offset + at);
	}
	return r;
}

/* The plain volume's start, encrypted as it lies in its new place. */
static int write_moved_header(
        const struct fve_volume *v, EVP_CIPHER_CTX *ctx, int plain, int disk, uint64_t disk_offset)
{
	uint8_t header[FVE_HEADER_SIZE];
	int r = gen_pread(plain, header, sizeof(header), 0);

	if (r == 0)
		r = fve_encrypt_sectors(
		        ctx, v->sector_size, v->header_backup, header, sizeof(header));
	if (r == 0)
		r = gen_pwrite(disk, header, sizeof(header), disk_offset + v->header_backup);
	return r;
}

/* What is at the start instead: BitLocker's boot sector, in the guise of FAT32, and leftovers. */
static int write_boot_sector(struct fve_volume *v, int disk, uint64_t disk_offset)
{
	static const char normal_volume[] = "4967D63B-2E29-4AD8-8399-F6A339E3D001";
	uint8_t start[FVE_HEADER_SIZE];
	struct guid id;
	int r = guid_parse(normal_volume, &id);

	gen_random_bytes(&v->random, start, sizeof(start));
	memset(start, 0, 512);
	memcpy(start, "\xeb\x58\x90-FVE-FS-", 11);
	put_le16(start + 11, (uint16_t)v->sector_size);
	start[13] = (uint8_t)(CLUSTER / v->sector_size);
	start[21] = 0xf8;
	put_le16(start + 24, 63);
	put_le16(start + 26, 255);
	put_le32(start + 28, (uint32_t)(disk_offset / v->sector_size));
	put_le32(start + 36, 0x1fe0);
	put_le32(start + 44, 1);
	put_le16(start + 48, 6);
	start[64] = 0x80;
	start[66] = 0x29;
	memcpy(start + 71, "NO NAME    FAT32   ", 19);
	memcpy(start + 160, id.bytes, GUID_LEN);
	for (unsigned i = 0; i < FVE_COPIES; i++)
		put_le64(start + 176 + (size_t)8 * i, v->metadata[i]);
	start[510] = 0x55;
	start[511] = 0xaa;
	return r == 0 ? gen_pwrite(disk, start, sizeof(start), disk_offset) : r;
}

static int write_copies(struct fve_volume *v, int disk, uint64_t disk_offset)
{
	struct buffer block;

	buffer_init(&block, FVE_AREA_SIZE);
	int r = fve_build_metadata(v, &block);
	if (r < 0)
		log_error("cannot build the BitLocker metadata: %s", strerror(-r));
	for (unsigned i = 0; i < FVE_COPIES && r == 0; i++) {
		uint8_t flip = i < v->bad_copies ? 0x40 : 0;

		block.data[block.len / 2] ^= flip;
		r = gen_pwrite(disk, block.data, block.len, disk_offset + v->metadata[i]);
		block.data[block.len / 2] ^= flip;
	}
	buffer_free(&block);
	return r;
}

int fve_write(struct fve_volume *v, int plain, int disk, uint64_t disk_offset)
{
	EVP_CIPHER_CTX *ctx = fve_sectors_new(v->fvek);

	if (!ctx)
		return -ENOMEM;
	int r = write_clusters(v, ctx, plain, disk, disk_offset);
	if (r == 0)
		r = write_moved_header(v, ctx, plain, disk, disk_offset);
	EVP_CIPHER_CTX_free(ctx);
	if (r == 0)
		r = write_boot_sector(v, disk, disk_offset);
	if (r == 0)
		r = write_copies(v, disk, disk_offset);
	return r;
}
