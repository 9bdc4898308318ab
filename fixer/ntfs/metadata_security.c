/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The security descriptor of a file. Since NTFS 3.0 a file has an id only; the index $SII of the
 * file $Secure says where in its stream $SDS the descriptor lies, behind a header that says it
 * again.
 */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/internal.h"
#include "fixer/ntfs/metadata.h"

#include <ntfs-3g/index.h>
#include <string.h>

#define HEADER_LEN sizeof(SECURITY_DESCRIPTOR_HEADER)

/* Exactly len bytes of an attribute. */
static int read_at(ntfs_attr *na, uint64_t offset, void *buf, size_t len)
{
	s64 n = ntfs_attr_pread(na, (s64)offset, (s64)len, buf);

	if (n < 0)
		return ntfs_errno();
	return (size_t)n == len ? 0 : -EIO;
}

/* The descriptor behind the header that the index told. */
static int read_descriptor(ntfs_attr *sds, const uint8_t told[HEADER_LEN], struct ntfs_metadata *m)
{
	uint64_t offset = get_le64(told + offsetof(SECURITY_DESCRIPTOR_HEADER, offset));
	uint32_t len = get_le32(told + offsetof(SECURITY_DESCRIPTOR_HEADER, length));
	uint8_t found[HEADER_LEN];

	if (len < HEADER_LEN || !range_within(offset, len, (uint64_t)sds->data_size))
		return -EIO;
	int r = read_at(sds, offset, found, sizeof(found));
	if (r < 0)
		return r;
	if (memcmp(found, told, sizeof(found)) != 0)
		return -EIO;
	size_t size = len - HEADER_LEN;
	if (size <= sizeof(m->descriptor))
		r = read_at(sds, offset + HEADER_LEN, m->descriptor, size);
	if (r == 0)
		m->descriptor_size = size;
	return r;
}

/* The library's own data pointer is that of the key. */
static bool entry_data(const INDEX_ENTRY *entry, uint8_t ret[HEADER_LEN])
{
	size_t offset = le16_to_cpu(entry->data_offset), len = le16_to_cpu(entry->data_length);

	if (len < HEADER_LEN || !range_within(offset, len, le16_to_cpu(entry->length)))
		return false;
	memcpy(ret, (const uint8_t *)entry + offset, HEADER_LEN);
	return true;
}

/* The header that the index $SII keeps of an id. 0; -ENOENT; other errors of the volume. */
static int look_up(ntfs_inode *secure, uint32_t id, uint8_t ret[HEADER_LEN])
{
	SII_INDEX_KEY key = {.security_id = cpu_to_le32(id)};
	ntfs_index_context *ctx = ntfs_index_ctx_get(secure, NTFS_INDEX_SII, 4);

	if (!ctx)
		return ntfs_errno();
	int r = ntfs_index_lookup(&key, sizeof(key), ctx) == 0 ? 0 : ntfs_errno();
	if (r == 0 && !entry_data(ctx->entry, ret))
		r = -EIO;
	ntfs_index_ctx_put(ctx);
	return r;
}

static int from_secure(ntfs_volume *vol, struct ntfs_metadata *m)
{
	uint8_t header[HEADER_LEN];

	ntfs_inode *secure = ntfs_inode_open(vol, FILE_Secure);
	if (!secure)
		return ntfs_errno();
	int r = look_up(secure, m->security_id, header);
	if (r == 0) {
		ntfs_attr *sds = ntfs_attr_open(secure, AT_DATA, STREAM_SDS, 4);
		r = sds ? read_descriptor(sds, header, m) : ntfs_errno();
		if (sds)
			ntfs_attr_close(sds);
	}
	(void)ntfs_inode_close(secure);
	return r;
}

static int from_attribute(ntfs_inode *ni, struct ntfs_metadata *m)
{
	ntfs_attr *na = ntfs_attr_open(ni, AT_SECURITY_DESCRIPTOR, AT_UNNAMED, 0);
	int r = 0;

	if (!na)
		return errno == ENOENT ? 0 : ntfs_errno();
	size_t size = (size_t)na->data_size;
	if (size <= sizeof(m->descriptor))
		r = read_at(na, 0, m->descriptor, size);
	if (r == 0)
		m->descriptor_size = size;
	ntfs_attr_close(na);
	return r;
}

/* A damaged $Secure is no reason to leave the machine as it is: the id is kept in any case. */
int ntfs_metadata_security(ntfs_inode *ni, struct ntfs_metadata *m)
{
	bool has_id = test_nino_flag(ni, v3_Extensions) && ni->security_id != 0;

	m->security_id = has_id ? le32_to_cpu(ni->security_id) : NTFS_NO_SECURITY;
	int r = has_id ? from_secure(ni->vol, m) : from_attribute(ni, m);
	return r == -ENOMEM ? r : 0;
}
