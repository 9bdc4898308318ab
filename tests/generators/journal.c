/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/generators/journal.h"
#include "tests/generators/journal_log.h"
#include "tests/generators/ntfs_private.h"
#include "tests/generators/random.h"
#include "tests/generators/run.h"
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define CLUSTER    GEN_CLUSTER
#define RECORD_MAX 4096
#define IN_USE     1 /* of an MFT record's flags */

struct crash {
	const struct gen_crash *options;
	ntfs_volume *vol;  /* after the changes; only read through the library */
	int before, after; /* files; before is -1 without changes */
	struct gen_random random;
	struct journal_log log;
};

/* --- telling the journal ---------------------------------------------------------------------- */

/* A FILE or INDX record as on disk: tells its new content, then gives it the record's LSN. */
static int tell_protected(struct crash *c, uint8_t *record, const struct journal_change *change)
{
	uint64_t lsn;

	journal_unprotect(record);
	int r = journal_log_change(&c->log, change, &lsn);
	put_le64(record + 8, lsn);
	journal_protect(record);
	return r;
}

static int tell_mft(
        struct crash *c, uint64_t vcn, uint64_t lcn, const uint8_t *before, uint8_t *after)
{
	unsigned size = c->vol->mft_record_size;
	int r = 0;

	for (unsigned at = 0; r == 0 && at < CLUSTER; at += size) {
		uint8_t *record = after + at;
		if (memcmp(record, before + at, size) == 0 || memcmp(record, "FILE", 4) != 0)
			continue;
		bool in_use = get_le16(record + 22) & IN_USE;
		r = tell_protected(c, record,
		        &(struct journal_change){
		                .redo = in_use ? JOURNAL_INITIALIZE : JOURNAL_DEALLOCATE,
		                .undo = in_use ? JOURNAL_NOOP : JOURNAL_INITIALIZE,
		                .lcn = lcn,
		                .vcn = vcn,
		                .cluster_index = (uint16_t)(at / 512),
		                .acts_on = JOURNAL_ON_MFT,
		                .data = record,
		                .len = (uint16_t)size});
	}
	return r;
}

static int tell_index(struct crash *c, uint64_t lcn, uint8_t *after)
{
	return tell_protected(c, after,
	        &(struct journal_change){.redo = JOURNAL_UPDATE,
	                .undo = JOURNAL_UPDATE,
	                .lcn = lcn,
	                .vcn = get_le64(after + 16),
	                .acts_on = JOURNAL_ON_INDEX,
	                .data = after,
	                .len = CLUSTER});
}

/* The bytes from the first that differs to the last, in units of 8. */
static int tell_bitmap(
        struct crash *c, uint64_t vcn, uint64_t lcn, const uint8_t *before, const uint8_t *after)
{
	size_t first = 0, end = CLUSTER;
	uint64_t lsn;

	while (memcmp(before + first, after + first, 8) == 0)
		first += 8;
	while (memcmp(before + end - 8, after + end - 8, 8) == 0)
		end -= 8;
	return journal_log_change(&c->log,
	        &(struct journal_change){.redo = JOURNAL_UPDATE,
	                .undo = JOURNAL_UPDATE,
	                .lcn = lcn,
	                .vcn = vcn,
	                .offset = (uint16_t)first,
	                .data = after + first,
	                .len = (uint16_t)(end - first)},
	        &lsn);
}

/* --- which clusters --------------------------------------------------------------------------- */

enum kind { KIND_MFT, KIND_INDEX, KIND_BITMAP };

/* In place or not: after's bytes with their LSNs, or those from before. The first clusters of the
 * MFT are in the mirror, too, which Windows writes with them. */
static int put_in_place(struct crash *c, enum kind kind, uint64_t vcn, uint64_t lcn,
        const uint8_t *before, const uint8_t *after)
{
	bool flushed =
	        c->options->flushed == GEN_FLUSHED_ALL ||
	        (c->options->flushed == GEN_FLUSHED_SOME && gen_random_below(&c->random, 2) == 0);
	const uint8_t *bytes = flushed ? after : before;
	const ntfs_volume *vol = c->vol;
	int r = gen_pwrite(c->after, bytes, CLUSTER, lcn * CLUSTER);

	if (r == 0 && kind == KIND_MFT &&
	        vcn * CLUSTER < (uint64_t)vol->mftmirr_size * vol->mft_record_size)
		r = gen_pwrite(
		        c->after, bytes, CLUSTER, ((uint64_t)vol->mftmirr_lcn + vcn) * CLUSTER);
	return r;
}

static int change_cluster(struct crash *c, enum kind kind, uint64_t vcn, uint64_t lcn)
{
	uint8_t before[CLUSTER], after[CLUSTER];

	int r = gen_pread(c->before, before, CLUSTER, lcn * CLUSTER);
	if (r == 0)
		r = gen_pread(c->after, after, CLUSTER, lcn * CLUSTER);
	if (r < 0 || memcmp(before, after, CLUSTER) == 0)
		return r;
	if (kind == KIND_INDEX && memcmp(after, "INDX", 4) != 0)
		return 0;
	if (kind == KIND_MFT)
		r = tell_mft(c, vcn, lcn, before, after);
	else if (kind == KIND_INDEX)
		r = tell_index(c, lcn, after);
	else
		r = tell_bitmap(c, vcn, lcn, before, after);
	return r < 0 ? r : put_in_place(c, kind, vcn, lcn, before, after);
}

/* All clusters of an attribute. */
static int change_attribute(struct crash *c, enum kind kind, ntfs_attr *na)
{
	int r = ntfs_attr_map_whole_runlist(na) < 0 ? -EIO : 0;

	for (const runlist_element *rl = na->rl; r == 0 && rl && rl->length > 0; rl++)
		for (s64 i = 0; r == 0 && rl->lcn >= 0 && i < rl->length; i++)
			r = change_cluster(
			        c, kind, (uint64_t)(rl->vcn + i), (uint64_t)(rl->lcn + i));
	return r;
}

static int change_index(struct crash *c, ntfs_inode *ni)
{
	ntfs_attr *na = ntfs_attr_open(ni, AT_INDEX_ALLOCATION, NTFS_INDEX_I30, 4);

	if (!na)
		return errno == ENOENT ? 0 : -errno;
	int r = change_attribute(c, KIND_INDEX, na);
	ntfs_attr_close(na);
	return r;
}

/* Of every directory there is after the changes. */
static int change_indexes(struct crash *c)
{
	ntfs_volume *vol = c->vol;
	s64 size = vol->mft_record_size, count = vol->mft_na->initialized_size / size;
	int r = 0;

	for (s64 i = FILE_root; r == 0 && i < count; i++) {
		uint8_t record[RECORD_MAX];
		if (ntfs_attr_pread(vol->mft_na, i * size, size, record) != size)
			return -EIO;
		/* In use, a directory, not the continuation of another record. */
		if (memcmp(record, "FILE", 4) != 0 || (get_le16(record + 22) & 3) != 3 ||
		        get_le64(record + 32) != 0)
			continue;
		ntfs_inode *ni = ntfs_inode_open(vol, (MFT_REF)i);
		if (!ni)
			return -EIO;
		r = change_index(c, ni);
		(void)ntfs_inode_close(ni);
	}
	return r;
}

/* Everything is read through the library before the first cluster goes back to what it was. */
static int change_all(struct crash *c)
{
	ntfs_volume *vol = c->vol;
	int r = change_indexes(c);

	if (r == 0)
		r = change_attribute(c, KIND_MFT, vol->mft_na);
	if (r == 0)
		r = change_attribute(c, KIND_BITMAP, vol->mftbmp_na);
	if (r == 0)
		r = change_attribute(c, KIND_BITMAP, vol->lcnbmp_na);
	return r;
}

/* --- $LogFile --------------------------------------------------------------------------------- */

static int write_log(struct crash *c, ntfs_attr *na)
{
	int r = ntfs_attr_map_whole_runlist(na) < 0 ? -EIO : 0;

	for (const runlist_element *rl = na->rl; r == 0 && rl && rl->length > 0; rl++) {
		uint64_t at = (uint64_t)rl->vcn * CLUSTER;
		uint64_t left = at < c->log.size ? c->log.size - at : 0;
		uint64_t len = (uint64_t)rl->length * CLUSTER;
		r = gen_pwrite(c->after, c->log.bytes + at, left < len ? left : len,
		        (uint64_t)rl->lcn * CLUSTER);
	}
	return r;
}

static int make_log(struct crash *c)
{
	ntfs_inode *ni = ntfs_inode_open(c->vol, FILE_LogFile);
	ntfs_attr *na = ni ? ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0) : NULL;

	if (!na)
		return -EIO;
	int r = journal_log_begin(
	        &c->log, (size_t)na->data_size, c->options->version, c->options->wraps);
	if (r == 0 && c->before >= 0)
		r = change_all(c);
	if (r == 0)
		r = journal_log_finish(&c->log, !c->options->incomplete);
	if (r == 0)
		r = write_log(c, na);
	journal_log_free(&c->log);
	ntfs_attr_close(na);
	(void)ntfs_inode_close(ni);
	return r;
}

int gen_journal_crash(const char *path, const struct gen_crash *options)
{
	int after CLEANUP_CLOSE = open(path, O_RDWR | O_CLOEXEC);
	int before CLEANUP_CLOSE =
	        options->before ? open(options->before, O_RDONLY | O_CLOEXEC) : -1;
	struct crash c = {.options = options, .before = before, .after = after};

	if (after >= 0 && (before >= 0 || !options->before))
		c.vol = ntfs_mount(path, NTFS_MNT_RDONLY);
	if (!c.vol)
		return gen_ntfs_failed("cannot open the volume", path);
	int r = 0;
	if (c.vol->mft_record_size > RECORD_MAX || c.vol->cluster_size != CLUSTER)
		r = -EINVAL;
	gen_random_init(&c.random, options->seed, "what is in place");
	if (r == 0)
		r = make_log(&c);
	(void)ntfs_umount(c.vol, TRUE);
	if (r < 0)
		log_error("cannot make the journal of %s: %s", path, strerror(-r));
	return r;
}
