/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/repair/bundle.h"
#include "fixer/base/bytes.h"
#include "fixer/repair/bundle_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bundle_seal_make(const void *bytes, size_t len, uint8_t seal[BUNDLE_SEAL])
{
	put_le32(seal, BUNDLE_SEAL_MAGIC);
	put_le32(seal + 4, BUNDLE_SEAL_HASH);
	crypto_hash_sha256(seal + 8, bytes, len);
}

void bundle_file_entry_name(char out[BUNDLE_ENTRY_NAME], size_t file)
{
	(void)snprintf(out, BUNDLE_ENTRY_NAME, "files/%zu", file);
}

void bundle_stream_name(char out[BUNDLE_ENTRY_NAME], size_t file, size_t stream)
{
	(void)snprintf(out, BUNDLE_ENTRY_NAME, "streams/%zu/%zu", file, stream);
}

void bundle_disk_id(const struct partition_table *table, char out[DISK_ID_TEXT])
{
	out[0] = 0;
	if (table->scheme == SCHEME_GPT)
		guid_format(&table->disk_id, out);
	else if (table->scheme == SCHEME_MBR)
		(void)snprintf(out, DISK_ID_TEXT, "mbr:%08" PRIX32, table->mbr_signature);
}

int bundle_fits(const struct bundle *b, const struct partition_table *table, uint64_t disk_size,
        uint32_t sector_size, struct error *err)
{
	char id[DISK_ID_TEXT];

	bundle_disk_id(table, id);
	if (strcmp(id, b->disk_id) != 0)
		return error_set(err, -EINVAL, REASON_BUNDLE_BAD,
		        "the bundle is of disk %s, this is disk %s",
		        b->disk_id[0] ? b->disk_id : "(without id)", id[0] ? id : "(without id)");
	if (disk_size != b->disk_size)
		return error_set(err, -EINVAL, REASON_BUNDLE_BAD,
		        "the bundle is of a disk of %" PRIu64 " bytes, this one has %" PRIu64,
		        b->disk_size, disk_size);
	if (sector_size != b->sector_size)
		return error_set(err, -EINVAL, REASON_BUNDLE_BAD,
		        "the bundle is of a disk with sectors of %" PRIu32
		        " bytes, this one has %" PRIu32,
		        b->sector_size, sector_size);
	return 0;
}

/* A partition of the disk now; a table has each number once. */
static const struct partition *find_partition(const struct partition_table *table, uint32_t number)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->entries[i].number == number)
			return &table->entries[i];
	return NULL;
}

int bundle_stays_inside(
        const struct bundle *b, const struct partition_table *table, struct error *err)
{
	const struct partition *p = find_partition(table, b->partition);

	if (!p)
		return error_set(err, -EINVAL, REASON_BUNDLE_BAD,
		        "the bundle is of partition %" PRIu32 ", which the disk does not have",
		        b->partition);
	for (size_t i = 0; i < b->run_count; i++) {
		uint64_t start = b->runs[i].lba * b->sector_size,
		         len = (uint64_t)b->runs[i].count * b->sector_size;
		if (start < p->start || !range_within(start - p->start, len, p->size))
			return error_set(err, -EINVAL, REASON_BUNDLE_BAD,
			        "sector %" PRIu64
			        " of the bundle lies outside its partition %" PRIu32,
			        b->runs[i].lba, b->partition);
	}
	return 0;
}

void bundle_free(struct bundle *b)
{
	if (!b)
		return;
	json_decref(b->manifest);
	free(b->runs);
	free(b->old_sectors);
	free(b->new_sectors);
	free(b->bytes);
	free(b);
}
