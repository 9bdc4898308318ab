/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/bitlocker_writer.h"
#include "tests/generators/bitlocker_map.h"
#include "tests/generators/run.h"
#include "fixer/base/bytes.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <string.h>

#define BLOCK (16 * (size_t)FVE_CLUSTER)

/* Where a volume is read from and written to. */
struct job {
	struct fve_volume *v;
	struct fve_cipher *cipher;
	int plain, disk;
	uint64_t disk_offset;
};

static int put(const struct job *j, const void *data, size_t len, uint64_t at)
{
	return gen_pwrite(j->disk, data, len, j->disk_offset + at);
}

/* How many bytes from at on, at most len of them, share the fate of the sector there. */
static size_t run_length(const struct fve_volume *v, uint64_t at, size_t len, enum fve_fate fate)
{
	size_t run = v->sector_size;

	while (run < len && fve_fate_of(v, at + run) == fate)
		run += v->sector_size;
	return run;
}

static int write_block(const struct job *j, uint64_t at, uint8_t *block, size_t len)
{
	size_t run;
	int r = gen_pread(j->plain, block, len, at);

	for (size_t done = 0; done < len && r == 0; done += run) {
		enum fve_fate fate = fve_fate_of(j->v, at + done);
		run = run_length(j->v, at + done, len - done, fate);
		if (fate == FVE_ENCRYPTED)
			r = fve_cipher_encrypt(j->cipher, at + done, block + done, run);
		if (fate != FVE_LEFT_ALONE && r == 0)
			r = put(j, block + done, run, at + done);
	}
	return r;
}

/* All but BitLocker's own structures. */
static int write_content(const struct job *j)
{
	uint8_t block[BLOCK];
	int r = 0;

	for (uint64_t at = 0; at < j->v->size && r == 0; at += BLOCK) {
		uint64_t left = j->v->size - at;
		r = write_block(j, at, block, left < BLOCK ? (size_t)left : BLOCK);
	}
	return r;
}

/* The plain volume's start, as it lies in its new place; in its old one is noise. */
static int write_moved_header(const struct job *j)
{
	uint8_t sector[4096];
	struct fve_volume *v = j->v;
	size_t len = v->sector_size;
	int r = 0;

	for (uint64_t at = 0; at < fve_header_size(v) && r == 0; at += len) {
		uint64_t moved = v->header_backup + at;
		r = gen_pread(j->plain, sector, len, at);
		if (r == 0 && fve_is_encrypted(v, moved))
			r = fve_cipher_encrypt(j->cipher, moved, sector, len);
		if (r == 0)
			r = put(j, sector, len, moved);
		gen_random_bytes(&v->random, sector, len);
		if (r == 0)
			r = put(j, sector, len, at);
	}
	return r;
}

static int write_copy(const struct job *j, unsigned copy)
{
	struct buffer block;

	buffer_init(&block, FVE_AREA_SIZE);
	int r = fve_build_metadata(j->v, &block);
	if (r < 0)
		log_error("cannot build the BitLocker metadata: %s", strerror(-r));
	if (r == 0 && copy < j->v->options.bad_copies)
		block.data[block.len / 2] ^= 0x40;
	if (r == 0)
		r = put(j, block.data, block.len, j->v->metadata[copy]);
	buffer_free(&block);
	return r;
}

/* Built from the same random numbers: what tells copies apart is the description alone. */
static int write_copies(const struct job *j)
{
	struct gen_random random = j->v->random;
	char *number = j->v->description + strlen(j->v->description) - 1;
	int r = 0;

	for (unsigned i = 0; i < FVE_COPIES && r == 0; i++) {
		j->v->random = random;
		if (i > 0 && j->v->options.copies_differ)
			*number = (char)('0' + i);
		r = write_copy(j, i);
	}
	return r;
}

/* What an interrupted conversion left there. */
static int write_conversion_buffer(const struct job *j)
{
	uint8_t sector[4096];
	size_t len = j->v->sector_size;
	int r = 0;

	for (uint64_t at = 0; at < j->v->options.conversion_size && r == 0; at += len) {
		gen_random_bytes(&j->v->random, sector, len);
		r = put(j, sector, len, fve_encrypted_size(j->v) + at);
	}
	return r;
}

static int write_eow(const struct job *j)
{
	const struct fve_eow *eow = &j->v->eow;
	struct buffer first;
	size_t info;

	buffer_init(&first, (size_t)eow->first.size);
	int r = fve_eow_build(j->v, &first, &info);
	if (r == 0)
		r = put(j, first.data, first.len, eow->first.start);
	if (r == 0)
		r = put(j, first.data, info, eow->second.start);
	buffer_free(&first);
	return r;
}

static int write_boot_sector(const struct job *j)
{
	uint8_t sector[512];
	int r = gen_pread(j->plain, sector, sizeof(sector), 0);

	if (r < 0)
		return r;
	fve_boot_sector(j->v, j->disk_offset, sector);
	return put(j, sector, sizeof(sector), 0);
}

int fve_write(struct fve_volume *v, int plain, int disk, uint64_t disk_offset)
{
	struct job job = {.v = v, .plain = plain, .disk = disk, .disk_offset = disk_offset};
	int r = fve_cipher_new(v->method, v->sector_size, v->fvek, &job.cipher);

	if (r < 0)
		return r;
	r = write_content(&job);
	if (r == 0)
		r = write_moved_header(&job);
	if (r == 0)
		r = write_boot_sector(&job);
	if (r == 0)
		r = write_copies(&job);
	if (r == 0)
		r = write_conversion_buffer(&job);
	if (r == 0 && v->options.encrypt_on_write)
		r = write_eow(&job);
	fve_cipher_free(job.cipher);
	return r;
}
