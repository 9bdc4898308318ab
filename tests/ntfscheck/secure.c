/* SPDX-License-Identifier: GPL-3.0-or-later */
/* $Secure: security descriptors in $SDS, their indexes by id ($SII) and by hash ($SDH). */
#include "tests/ntfscheck/internal.h"

#define HEADER      20       /* hash, id, offset (8), length; the descriptor follows */
#define COPY        0x40000u /* each 256 KiB of $SDS are there a second time behind */
#define INFO_ID     52       /* in $STANDARD_INFORMATION: the security id */
#define INFO_LONG   72
#define NO_SECURITY 0

static uint32_t hash_of(const uint8_t *p, uint32_t len)
{
	uint32_t hash = 0;

	for (; len >= 4; len -= 4, p += 4)
		hash = le32(p) + (hash << 3 | hash >> 29);
	return hash;
}

/* The header in an entry's data against the $SDS. */
static void check_descriptor(
        struct volume *v, const uint8_t *header, const uint8_t *sds, size_t len)
{
	uint32_t id = le32(header + 4), size = le32(header + 16);
	uint64_t at = le64(header + 8);

	if (size < HEADER || size > COPY || at > len || size > len - at ||
	        memcmp(sds + at, header, HEADER) != 0) {
		finding(v, "sds", RECORD_SECURE, "id 0x%x is not where its index says", id);
		return;
	}
	if (hash_of(sds + at + HEADER, size - HEADER) != le32(header))
		finding(v, "sds", RECORD_SECURE, "id 0x%x has another hash", id);
	if (at > len - size || COPY > len - size - at ||
	        memcmp(sds + at, sds + at + COPY, size) != 0)
		finding(v, "sds", RECORD_SECURE, "the copy of id 0x%x differs", id);
}

/* The entry of $SII for an id, or NULL. Entries are in order of the id. */
static const struct entry *find_id(const struct index *sii, uint32_t id)
{
	size_t from = 0, to = sii->entry_count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct entry *e = &sii->entries[middle];
		uint32_t at = e->key_len >= 4 ? le32(e->key) : 0;
		if (at == id)
			return e;
		if (at < id)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

static void check_ids(struct volume *v, const struct index *sii, const uint8_t *sds, size_t len)
{
	for (size_t i = 0; i < sii->entry_count; i++) {
		const struct entry *e = &sii->entries[i];
		if (e->key_len != 4 || e->data_len < HEADER || le32(e->data + 4) != le32(e->key))
			finding(v, "sii", RECORD_SECURE, "entry %zu does not fit its key", i);
		else
			check_descriptor(v, e->data, sds, len);
	}
}

static void check_hashes(struct volume *v, const struct index *sdh, const struct index *sii)
{
	for (size_t i = 0; i < sdh->entry_count; i++) {
		const struct entry *e = &sdh->entries[i];
		const struct entry *other = e->key_len == 8 ? find_id(sii, le32(e->key + 4)) : NULL;
		if (!other || e->data_len < HEADER || other->data_len < HEADER ||
		        memcmp(e->data, other->data, HEADER) != 0 ||
		        memcmp(e->key, e->data, 8) != 0)
			finding(v, "sdh", RECORD_SECURE, "entry %zu is none of $SII", i);
	}
	if (sdh->entry_count != sii->entry_count)
		finding(v, "sdh", RECORD_SECURE, "%zu entries, $SII has %zu", sdh->entry_count,
		        sii->entry_count);
}

/* Every file's security id exists. */
static void check_files(struct volume *v, const struct index *sii)
{
	for (uint64_t i = 0; i < v->record_count; i++) {
		const struct record *r = base_record(v, i);
		const struct stream *s = r ? stream_find(r, AT_STANDARD_INFORMATION, "") : NULL;
		uint32_t id = s && s->resident && s->value_len >= INFO_LONG
		                      ? le32(s->value + INFO_ID)
		                      : NO_SECURITY;
		if (id != NO_SECURITY && !find_id(sii, id))
			finding(v, "security-id", i, "0x%x is not in $Secure", id);
	}
}

void secure_check(struct volume *v)
{
	const struct record *r = base_record(v, RECORD_SECURE);
	const struct stream *s = r ? stream_find(r, AT_DATA, "$SDS") : NULL;
	const struct index *sii = index_find(v, RECORD_SECURE, "$SII");
	const struct index *sdh = index_find(v, RECORD_SECURE, "$SDH");
	size_t len = 0;
	const uint8_t *sds = s ? stream_load(v, s, &len) : NULL;

	if (!sds || !sii || !sdh) {
		finding(v, "sds", RECORD_SECURE, "no $SDS, $SII or $SDH");
		return;
	}
	check_ids(v, sii, sds, len);
	check_hashes(v, sdh, sii);
	check_files(v, sii);
}
