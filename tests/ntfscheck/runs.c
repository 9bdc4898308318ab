/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runlists, and reading what they hold. */
#include "tests/ntfscheck/internal.h"

/* A little-endian number of len (0 to 8) bytes. */
static uint64_t number(const uint8_t *p, size_t len, bool is_signed)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len; i++)
		n |= (uint64_t)p[i] << (8 * i);
	if (is_signed && len > 0 && len < 8 && p[len - 1] & 0x80)
		n |= UINT64_MAX << (8 * len);
	return n;
}

const char *runs_decode(struct volume *v, const struct attribute *a, struct run **runs,
        size_t *run_count, uint64_t *ret_next_vcn)
{
	const uint8_t *p = a->pairs;
	size_t left = a->pairs_len;
	uint64_t vcn = a->lowest, lcn = 0;

	while (left > 0 && p[0] != 0) {
		size_t len_size = p[0] & 15, lcn_size = p[0] >> 4;
		if (len_size == 0 || len_size > 8 || lcn_size > 8 || left < 1 + len_size + lcn_size)
			return "a run has no length";
		uint64_t count = number(p + 1, len_size, false);
		if (count == 0 || count > UINT64_MAX / 2 || vcn > UINT64_MAX / 2)
			return "length of a run";
		struct run run = {.vcn = vcn, .lcn = HOLE, .count = count};
		if (lcn_size > 0) {
			lcn += number(p + 1 + len_size, lcn_size, true);
			if (lcn >= v->clusters || count > v->clusters - lcn)
				return "a run lies outside the volume";
			run.lcn = lcn;
		}
		struct run *kept = append(v, runs, run_count, sizeof(run));
		*kept = run;
		vcn += count;
		left -= 1 + len_size + lcn_size;
		p += 1 + len_size + lcn_size;
	}
	if (left == 0)
		return "the runs have no end";
	*ret_next_vcn = vcn;
	return NULL;
}

bool runs_read(const struct volume *v, const struct run *runs, size_t run_count, uint64_t offset,
        uint8_t *out, size_t len)
{
	for (size_t i = 0; i < run_count && len > 0; i++) {
		uint64_t start = runs[i].vcn * v->cluster;
		uint64_t size = runs[i].count * v->cluster;
		if (offset < start || offset - start >= size)
			continue;
		uint64_t skip = offset - start;
		size_t piece = len < size - skip ? len : (size_t)(size - skip);
		if (runs[i].lcn == HOLE)
			memset(out, 0, piece);
		else
			memcpy(out, v->bytes + runs[i].lcn * v->cluster + skip, piece);
		out += piece;
		offset += piece;
		len -= piece;
	}
	return len == 0;
}

const uint8_t *stream_load(struct volume *v, const struct stream *s, size_t *ret_len)
{
	if (s->resident) {
		*ret_len = s->value_len;
		return s->value;
	}
	if (s->size > v->size)
		return NULL;
	uint8_t *out = keep(v, s->size + 1, 1);
	for (size_t i = 0; i < s->run_count; i++) {
		const struct run *run = &s->runs[i];
		uint64_t end = s->initialized < s->size ? s->initialized : s->size;
		if (run->lcn == HOLE || run->vcn >= end / v->cluster + 1)
			continue;
		uint64_t at = run->vcn * v->cluster, len = run->count * v->cluster;
		if (at < end)
			memcpy(out + at, v->bytes + run->lcn * v->cluster,
			        len < end - at ? len : end - at);
	}
	*ret_len = s->size;
	return out;
}
