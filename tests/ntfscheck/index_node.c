/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One node of an index: the header and its entries, of a directory or of a view index. */
#include "tests/ntfscheck/internal.h"

#define ENTRY_HAS_SUBNODE 0x1u
#define ENTRY_LAST        0x2u
#define NODE_HAS_SUBNODES 0x1u
#define NAME_LEN          64
#define NAME_AT           66

/* Key and data of the entry of len bytes at p; limit: where its subnode's VCN begins. */
static const char *parse_entry(
        const struct index *index, const uint8_t *p, uint16_t limit, struct entry *e)
{
	uint16_t data_at = le16(p), data_len = le16(p + 2);

	e->key = p + 16;
	e->key_len = le16(p + 10);
	if (e->key_len == 0 || e->key_len > limit - 16)
		return "key outside the entry";
	if (!index->view) {
		e->ref = le64(p);
		if (e->key_len < NAME_AT || e->key_len != NAME_AT + e->key[NAME_LEN] * 2u ||
		        e->key[NAME_LEN] == 0)
			return "its key is no name";
		return NULL;
	}
	if (data_len > 0 &&
	        (data_at < 16 + e->key_len || data_at > limit || data_len > limit - data_at))
		return "data outside the entry";
	e->data = p + data_at;
	e->data_len = data_len;
	return NULL;
}

static void complain(struct volume *v, const struct index *index, const struct node *node,
        size_t at, const char *what)
{
	finding(v, "index-entry", index->record, "%s %ju, entry at %zu: %s", node->where,
	        (uintmax_t)node->vcn, at, what);
}

/* One entry at *at: true, *at moved behind it, *ret_last set. */
static bool take_entry(struct volume *v, const struct index *index, const struct node *node,
        size_t *at, size_t end, bool branch, struct entry *ret, uint64_t *ret_vcn, bool *ret_last)
{
	const uint8_t *p = node->bytes + *at;
	uint16_t len = end - *at >= 16 ? le16(p + 8) : 0;
	uint16_t flags = len >= 16 ? le16(p + 12) : 0;
	bool subnode = flags & ENTRY_HAS_SUBNODE;
	const char *wrong = NULL;

	if (len < 16 + 8 * subnode || len % 8 != 0 || len > end - *at) {
		complain(v, index, node, *at, "its length");
		return false;
	}
	*ret_last = flags & ENTRY_LAST;
	*ret_vcn = subnode ? le64(p + len - 8) : HOLE;
	*ret = (struct entry){0};
	if (subnode != branch)
		wrong = "has a subnode and the node none, or the other way round";
	else if (!*ret_last)
		wrong = parse_entry(index, p, (uint16_t)(len - 8 * subnode), ret);
	if (wrong)
		complain(v, index, node, *at, wrong);
	*at += len;
	return !wrong;
}

bool node_parse(struct volume *v, const struct index *index, const struct node *node,
        struct entry **entries, uint64_t **vcns, size_t *count)
{
	size_t at, end, vcn_count = 0;
	bool last = false;

	if (node->len < 16)
		return complain(v, index, node, 0, "no room for a header"), false;
	at = le32(node->bytes);
	end = le32(node->bytes + 4);
	if (at < 16 || at % 8 != 0 || at > end || end > le32(node->bytes + 8) ||
	        le32(node->bytes + 8) > node->len) {
		complain(v, index, node, 0, "sizes in the header");
		return false;
	}
	bool branch = node->bytes[12] & NODE_HAS_SUBNODES;
	while (!last) {
		struct entry entry;
		uint64_t vcn;
		if (!take_entry(v, index, node, &at, end, branch, &entry, &vcn, &last))
			return false;
		struct entry *e = append(v, entries, count, sizeof(entry));
		uint64_t *n = append(v, vcns, &vcn_count, sizeof(vcn));
		*e = entry;
		*n = vcn;
	}
	if (at != end)
		complain(v, index, node, at, "the last entry is not where the node ends");
	return true;
}
