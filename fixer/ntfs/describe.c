/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fixer/ntfs/describe.h"
#include "fixer/base/text.h"
#include "fixer/ntfs/internal.h"

#define LABEL_BYTES_MAX 256 /* libntfs-3g's own limit; Windows takes 32 characters */

/* $VOLUME_NAME of $Volume. The library's own copy of it depends on the locale. */
static int read_label(ntfs_volume *vol, char *out, size_t size)
{
	uint8_t units[LABEL_BYTES_MAX];
	ntfs_attr *name = ntfs_attr_open(vol->vol_ni, AT_VOLUME_NAME, AT_UNNAMED, 0);
	s64 len = 0;

	if (!name && errno != ENOENT)
		return ntfs_errno();
	if (name) {
		len = ntfs_attr_pread(name, 0, sizeof(units), units);
		ntfs_attr_close(name);
	}
	if (len < 0)
		return ntfs_errno();
	char *text = utf16_to_utf8(units, (size_t)len / 2);
	if (!text)
		return -ENOMEM;
	text_clean(out, size, text);
	free(text);
	return 0;
}

int ntfs_describe(struct ntfs_view *view, struct ntfs_description *ret)
{
	ntfs_volume *vol = view->vol;

	if (ntfs_volume_get_free_space(vol) != 0)
		return ntfs_errno();
	struct ntfs_description d = {
	        .major = vol->major_ver,
	        .minor = vol->minor_ver,
	        .cluster_size = vol->cluster_size,
	        .size = (uint64_t)vol->nr_clusters * vol->cluster_size,
	        .free = (uint64_t)vol->free_clusters * vol->cluster_size,
	};
	int r = read_label(vol, d.label, sizeof(d.label));
	if (r == 0)
		*ret = d;
	return r;
}
