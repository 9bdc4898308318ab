/* SPDX-License-Identifier: GPL-3.0-or-later */
/* C: as a BitLocker volume: where its structures go, and what it leaves beside the disk. */
#include "tests/generators/disk.h"
#include "tests/generators/run.h"

#include "fixer/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MIB (1024ull * 1024)

/* Eighths of the volume after which the first free clusters are taken. */
struct places {
	const char *name;
	unsigned copies[FVE_COPIES], header;
};

static const struct places all_places[] = {
        [DISK_SPREAD] = {"spread", {2, 4, 6}, 2},
        [DISK_LOW] = {"low", {0, 0, 0}, 0},
        [DISK_HIGH] = {"high", {8, 8, 8}, 8},
        [DISK_REVERSED] = {"reversed", {6, 4, 2}, 1},
};

const char *disk_places_name(enum disk_places places)
{
	return all_places[places].name;
}

bool disk_places_by_name(const char *name, enum disk_places *ret)
{
	for (size_t i = 0; i < sizeof(all_places) / sizeof(all_places[0]); i++) {
		if (strcmp(name, all_places[i].name) == 0) {
			*ret = (enum disk_places)i;
			return true;
		}
	}
	return false;
}

#define DEFAULT_CONVERSION 65536
#define TO_GO_HEADER       (10270 * 512)
#define VISTA_METHOD       0x8000

/* Sizes that depend on others. */
static int settle_sizes(struct fve_volume *v)
{
	struct fve_options *o = &v->options;
	unsigned state = o->curr_state ? o->curr_state : FVE_STATE_ENCRYPTED;

	if (o->form == FVE_TO_GO && o->header_sectors == 0)
		o->header_sectors = (TO_GO_HEADER + v->sector_size - 1) / v->sector_size;
	if (o->form == FVE_VISTA && o->method == 0)
		o->method = VISTA_METHOD;
	if (o->encrypted_size == 0 && state != FVE_STATE_DECRYPTED && state != FVE_STATE_ENCRYPTED)
		o->encrypted_size = v->size / 2 / MIB * MIB;
	if (state != FVE_STATE_CONVERTING)
		o->conversion_size = 0;
	else if (o->conversion_size == 0)
		o->conversion_size = DEFAULT_CONVERSION;
	if (o->conversion_size % v->sector_size != 0 || o->chunk_size % v->sector_size != 0) {
		log_error("--conversion-size, --chunk-size: whole sectors");
		return -EINVAL;
	}
	bool two_ways = state == FVE_STATE_CONVERTING || o->form == FVE_VISTA;
	if (o->grow >= v->size || (o->encrypt_on_write && two_ways)) {
		log_error("no volume is grown by all its size, or converting in two ways");
		return -EINVAL;
	}
	return 0;
}

int disk_plan_bitlocker(struct disk *d)
{
	const struct disk_options *o = &d->options;

	d->fve.options = o->fve;
	d->fve.size = d->partitions[PART_C].size;
	d->fve.sector_size = o->sector_size;
	(void)snprintf(
	        d->fve.description, sizeof(d->fve.description), "%.40s C: 5/15/2023", o->name);
	int r = settle_sizes(&d->fve);
	return r == 0 ? fve_make_keys(&d->fve, o->seed) : r;
}

static uint64_t clusters(uint64_t bytes)
{
	return (bytes + GEN_CLUSTER - 1) / GEN_CLUSTER;
}

/* The cluster from which to look for room. The volume's end has its last sector, the copy of the
 * boot sector, outside of all clusters. */
static uint64_t look_from(const struct fve_volume *v, unsigned eighths)
{
	uint64_t structures =
	        FVE_COPIES * clusters(fve_area_size(v)) + clusters(fve_header_size(v));
	uint64_t all = (v->size - v->sector_size) / GEN_CLUSTER;
	uint64_t from = eighths == 8 ? all - structures : all * eighths / 8;
	uint64_t moved = clusters(fve_header_size(v));

	return from > moved ? from : moved;
}

/* FAT has its few files in front, and nobody writes to it: room is what nothing else has taken. */
static int reserve_in_fat(struct disk *d, uint64_t size, uint64_t from, uint64_t *ret)
{
	uint64_t at = from * GEN_CLUSTER;

	for (unsigned i = 0; i < d->taken_count; i++) {
		/* From the first again: they are in no order. */
		if (at < d->taken[i].start + d->taken[i].size && d->taken[i].start < at + size) {
			at = d->taken[i].start + d->taken[i].size;
			i = (unsigned)-1;
		}
	}
	if (at + size > d->fve.size) {
		log_error("no room for %ju bytes at %ju or later", (uintmax_t)size, (uintmax_t)at);
		return -ENOSPC;
	}
	d->taken[d->taken_count++] = (struct fve_area){at, size};
	*ret = at;
	return 0;
}

/* NTFS keeps the places of BitLocker's structures occupied with files of these names. Of whole
 * clusters: NTFS would put less into the file's record. */
static int reserve(struct disk *d, const char *suffix, uint64_t size, uint64_t from, uint64_t *ret)
{
	uint64_t whole = clusters(size) * GEN_CLUSTER;
	char id[GUID_TEXT], path[96];
	struct gen_run run;

	if (d->fve.options.form == FVE_TO_GO)
		return reserve_in_fat(d, whole, from, ret);
	guid_format(&d->fve.id, id);
	(void)snprintf(path, sizeof(path), "\\System Volume Information\\FVE2.{%s}%s", id, suffix);
	struct gen_file file = {.path = path,
	        .size = whole,
	        .created = TREE_JULY,
	        .modified = TREE_JULY,
	        .attributes = GEN_ATTR_HIDDEN | GEN_ATTR_SYSTEM};
	int r = gen_ntfs_reserve_from(d->tree.ntfs, &file, from, &run);
	if (r == 0)
		*ret = run.first * GEN_CLUSTER;
	return r;
}

/* It is where encryption has come to, in the next place that NTFS leaves free. */
static int reserve_conversion_buffer(struct disk *d)
{
	struct fve_options *o = &d->fve.options;

	if (o->conversion_size == 0)
		return 0;
	return reserve(
	        d, ".4", o->conversion_size, clusters(o->encrypted_size), &o->encrypted_size);
}

static int reserve_eow(struct disk *d)
{
	struct fve_volume *v = &d->fve;
	int r = reserve(d, ".4", fve_eow_room(v), look_from(v, 3), &v->eow.first.start);

	if (r == 0)
		r = reserve(d, ".5", GEN_CLUSTER, look_from(v, 5), &v->eow.second.start);
	return r == 0 ? fve_eow_plan(v) : r;
}

int disk_reserve_bitlocker(struct disk *d)
{
	static const char *const suffixes[FVE_COPIES] = {".1", ".2", ".3"};
	const struct places *p = &all_places[d->options.places];
	struct fve_volume *v = &d->fve;
	int r = reserve_conversion_buffer(d);

	for (unsigned i = 0; i < FVE_COPIES && r == 0; i++)
		r = reserve(d, suffixes[i], fve_area_size(v), look_from(v, p->copies[i]),
		        &v->metadata[i]);
	if (r == 0 && fve_header_size(v) > 0)
		r = reserve(d, "", fve_header_size(v), look_from(v, p->header), &v->header_backup);
	if (r == 0 && v->options.encrypt_on_write)
		r = reserve_eow(d);
	return r;
}

int disk_write_startup_key(struct disk *d)
{
	struct buffer file;
	int r = 0;

	buffer_init(&file, 4096);
	for (unsigned i = 0; i < d->fve.protector_count && r == 0; i++)
		if (d->fve.protectors[i].kind == FVE_STARTUP_KEY)
			r = fve_startup_key_file(&d->fve, &d->fve.protectors[i], &file);
	if (r == 0)
		r = gen_write_file(d->options.startup_key, file.data, file.len, 0644);
	buffer_free(&file);
	return r;
}
