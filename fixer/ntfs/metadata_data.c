/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the content of a file is, and the content of its named streams. */
#include "fixer/ntfs/internal.h"
#include "fixer/ntfs/metadata.h"

#include <ntfs-3g/runlist.h>
#include <string.h>

static int take_runs(ntfs_attr *na, struct ntfs_metadata *m)
{
	if (ntfs_attr_map_whole_runlist(na) != 0)
		return ntfs_errno();
	for (const runlist_element *run = na->rl; run && run->length > 0; run++) {
		if (m->run_count == NTFS_METADATA_RUNS) {
			m->runs_left_out++;
			continue;
		}
		m->runs[m->run_count++] = (struct ntfs_metadata_run){
		        .vcn = (uint64_t)run->vcn,
		        .lcn = run->lcn < 0 ? NTFS_HOLE : (uint64_t)run->lcn,
		        .length = (uint64_t)run->length,
		};
	}
	return 0;
}

int ntfs_metadata_data(ntfs_inode *ni, struct ntfs_metadata *m)
{
	ntfs_attr *na = ntfs_attr_open(ni, AT_DATA, AT_UNNAMED, 0);
	int r = 0;

	m->cluster_size = ni->vol->cluster_size;
	if (!na)
		return errno == ENOENT ? 0 : ntfs_errno();
	m->allocated = (uint64_t)na->allocated_size;
	m->initialized = (uint64_t)na->initialized_size;
	m->resident = !NAttrNonResident(na);
	m->compression_unit = na->compression_block_clusters;
	if (!m->resident)
		r = take_runs(na, m);
	ntfs_attr_close(na);
	return r;
}

static int read_stream(ntfs_inode *ni, const ntfschar *name, u32 name_len, uint64_t size,
        struct ntfs_metadata_stream *s)
{
	ntfschar copy[NTFS_NAME_MAX];
	s64 got = 0;

	memcpy(copy, name, name_len * sizeof(copy[0]));
	void *content = ntfs_attr_readall(ni, AT_DATA, copy, name_len, &got);
	if (!content)
		return ntfs_errno();
	if ((uint64_t)got != size) {
		free(content);
		return -EIO;
	}
	s->content = content;
	return 0;
}

/* Once more through the streams in the order in which take_attributes() met them. */
int ntfs_metadata_streams(ntfs_inode *ni, struct ntfs_metadata *m)
{
	uint64_t left = NTFS_METADATA_STREAM_MAX;
	size_t n = 0;

	if (m->stream_count == 0)
		return 0;
	ntfs_attr_search_ctx *ctx = ntfs_attr_get_search_ctx(ni, NULL);
	int r = ctx ? 0 : ntfs_errno();
	while (r == 0 && n < m->stream_count &&
	        ntfs_attr_lookup(AT_DATA, NULL, 0, CASE_SENSITIVE, 0, NULL, 0, ctx) == 0) {
		const ATTR_RECORD *a = ctx->attr;
		if (a->name_length == 0 || (a->non_resident && a->lowest_vcn != 0))
			continue;
		struct ntfs_metadata_stream *s = &m->streams[n++];
		if (s->size > left)
			continue;
		left -= s->size;
		const uint8_t *name = (const uint8_t *)a + le16_to_cpu(a->name_offset);
		r = read_stream(
		        ni, (const ntfschar *)(const void *)name, a->name_length, s->size, s);
	}
	if (ctx)
		ntfs_attr_put_search_ctx(ctx);
	return r;
}
