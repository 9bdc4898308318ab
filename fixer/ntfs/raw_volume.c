/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The volume as a whole: where $MFT is, the bytes of an attribute, $UpCase. */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/raw.h"

#include <endian.h>
#include <string.h>

#define BOOT_SIZE     512
#define UPCASE_RECORD 10

int raw_no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory to read the file system");
}

void raw_runs_free(struct raw_runs *runs)
{
	free(runs->runs);
	*runs = (struct raw_runs){0};
}

static int read_bytes(
        struct raw_volume *v, uint64_t offset, void *buf, size_t len, struct error *err)
{
	int r = block_read(v->dev, offset, buf, len);

	if (r < 0)
		return error_set(err, r, REASON_DISK_READ_ERROR,
		        "cannot read byte %ju of the volume: %s", (uintmax_t)offset, strerror(-r));
	return 0;
}

int raw_place(const struct raw_volume *v, const struct raw_runs *runs, uint64_t offset, size_t len,
        uint64_t *ret_offset, size_t *ret_len)
{
	uint64_t cluster = v->geometry.cluster_size, vcn = offset / cluster;

	for (size_t i = 0; i < runs->count; i++) {
		const struct raw_run *run = &runs->runs[i];
		if (vcn - run->vcn >= run->count)
			continue;
		uint64_t inside = offset - run->vcn * cluster;
		uint64_t left = run->count * cluster - inside;
		*ret_offset = run->lcn * cluster + inside;
		*ret_len = len < left ? len : (size_t)left;
		return 0;
	}
	return -ERANGE;
}

int raw_read(struct raw_volume *v, const struct raw_runs *runs, uint64_t offset, void *buf,
        size_t len, struct error *err)
{
	uint8_t *to = buf;

	if (!range_within(offset, len, runs->size))
		return raw_damaged(
		        err, "byte %ju of a system file is behind its end", (uintmax_t)offset);
	while (len > 0) {
		uint64_t at;
		size_t n;
		if (raw_place(v, runs, offset, len, &at, &n) < 0)
			return raw_damaged(
			        err, "byte %ju of a system file is nowhere", (uintmax_t)offset);
		int r = read_bytes(v, at, to, n, err);
		if (r < 0)
			return r;
		to += n;
		offset += n;
		len -= n;
	}
	return 0;
}

static int read_upcase(struct raw_volume *v, struct error *err)
{
	CLEANUP(raw_runs_free) struct raw_runs runs = {0};
	uint64_t size = RAW_UPCASE * sizeof(uint16_t);

	int r = raw_runs_read(v, UPCASE_RECORD, RAW_DATA, "", &runs, err);
	if (r == -ENOENT || (r == 0 && runs.size != size))
		return raw_damaged(err, "$UpCase is not %ju bytes long", (uintmax_t)size);
	if (r < 0)
		return r;
	v->upcase = malloc(size);
	if (!v->upcase)
		return raw_no_memory(err);
	r = raw_read(v, &runs, 0, v->upcase, size, err);
	for (size_t i = 0; r == 0 && i < RAW_UPCASE; i++)
		v->upcase[i] = le16toh(v->upcase[i]);
	return r;
}

static int read_geometry(struct raw_volume *v, struct error *err)
{
	uint8_t boot[BOOT_SIZE];

	if (v->dev->size < sizeof(boot))
		return raw_damaged(err, "the volume has no boot sector");
	int r = read_bytes(v, 0, boot, sizeof(boot), err);
	if (r < 0)
		return r;
	struct ntfs_geometry *g = &v->geometry;
	if (memcmp(boot + 3, "NTFS    ", 8) != 0 || !ntfs_geometry_read(boot, v->dev->size, g) ||
	        g->cluster_size % RAW_STRIDE != 0 || g->record_size < 2 * RAW_STRIDE ||
	        g->record_size % RAW_STRIDE != 0)
		return raw_damaged(err, "the boot sector makes no sense");
	v->clusters = v->dev->size / g->cluster_size;
	return 0;
}

/* Every piece of $MFT makes more of it known, perhaps the record with the next piece. */
static int take_piece(void *context, const struct raw_attribute *a, struct error *err)
{
	struct raw_volume *v = context;

	if (a->lowest == 0) /* what the start below stands for */
		v->mft.count = 0, v->mft.clusters = 0;
	return raw_runs_append(v, a, &v->mft, err);
}

/* Record 0 describes $MFT itself, and lies where the boot sector says. */
static int read_mft(struct raw_volume *v, struct error *err)
{
	uint64_t cluster = v->geometry.cluster_size, size = v->geometry.record_size;
	uint64_t lcn = v->geometry.mft / cluster, count = (size + cluster - 1) / cluster;

	v->mft.runs = malloc(sizeof(struct raw_run));
	if (!v->mft.runs)
		return raw_no_memory(err);
	if (count > v->clusters || lcn > v->clusters - count)
		return raw_damaged(err, "$MFT begins behind the end of the volume");
	v->mft.runs[0] = (struct raw_run){.lcn = lcn, .count = count};
	v->mft.count = 1;
	v->mft.clusters = count;
	v->mft.size = size;
	const struct raw_visitor visitor = {take_piece, v};
	int r = raw_each_attribute(v, 0, RAW_DATA, "", &visitor, err);
	if (r == 0 && v->mft.size <= size)
		return raw_damaged(err, "$MFT has no content");
	return r;
}

int raw_volume_open(struct block_device *dev, struct raw_volume *ret, struct error *err)
{
	struct raw_volume v = {.dev = dev};

	int r = read_geometry(&v, err);
	if (r == 0)
		r = read_mft(&v, err);
	if (r == 0)
		r = read_upcase(&v, err);
	if (r < 0) {
		raw_volume_close(&v);
		return r;
	}
	*ret = v;
	return 0;
}

void raw_volume_close(struct raw_volume *v)
{
	raw_runs_free(&v->mft);
	free(v->upcase);
	*v = (struct raw_volume){0};
}
