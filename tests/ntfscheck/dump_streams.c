/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attributes of a file in the dump: sizes, runs, hash of the content. */
#include "tests/ntfscheck/internal.h"

#include <sodium.h>

#define CHUNK      4096
#define SHOWN_MAX  64 /* bytes of a value that are shown as they are */
#define NAME_AT    66
#define INFO_SHORT 48
#define INFO_LONG  72

static void hash_zeros(crypto_hash_sha256_state *state, uint64_t len)
{
	static const uint8_t zeros[CHUNK];

	for (; len > 0; len -= len < CHUNK ? len : CHUNK)
		(void)crypto_hash_sha256_update(state, zeros, len < CHUNK ? len : CHUNK);
}

/* Of what is read from the stream; of a compressed one, and of one as large as the volume
 * ($BadClus), of the clusters it is stored in. */
static void show_hash(const struct volume *v, const struct stream *s, FILE *out)
{
	crypto_hash_sha256_state state;
	uint8_t hash[crypto_hash_sha256_BYTES];
	bool as_stored = s->flags & ATTR_COMPRESSED || s->size >= v->clusters * v->cluster;
	uint64_t end = as_stored ? UINT64_MAX : s->initialized, at = 0;

	(void)crypto_hash_sha256_init(&state);
	if (s->resident)
		(void)crypto_hash_sha256_update(&state, s->value, s->value_len);
	for (size_t i = 0; i < s->run_count && at < end; i++) {
		uint64_t len =
		        s->runs[i].lcn == HOLE && as_stored ? 0 : s->runs[i].count * v->cluster;
		if (len > end - at)
			len = end - at;
		if (s->runs[i].lcn == HOLE)
			hash_zeros(&state, len);
		else
			(void)crypto_hash_sha256_update(
			        &state, v->bytes + s->runs[i].lcn * v->cluster, len);
		at += len;
	}
	if (!s->resident && !as_stored && at < s->size)
		hash_zeros(&state, s->size - at);
	(void)crypto_hash_sha256_final(&state, hash);
	(void)fputs(as_stored ? " stored-sha256 " : " sha256 ", out);
	dump_hex(out, hash, sizeof(hash));
}

static void show_runs(const struct stream *s, FILE *out)
{
	(void)fprintf(out, " allocated %ju size %ju initialized %ju", (uintmax_t)s->allocated,
	        (uintmax_t)s->size, (uintmax_t)s->initialized);
	if (s->flags & (ATTR_COMPRESSED | ATTR_SPARSE))
		(void)fprintf(out, " stored %ju", (uintmax_t)s->stored);
	(void)fputs(" runs", out);
	for (size_t i = 0; i < s->run_count; i++) {
		if (s->runs[i].lcn == HOLE)
			(void)fprintf(out, " hole+%ju", (uintmax_t)s->runs[i].count);
		else
			(void)fprintf(out, " %ju+%ju", (uintmax_t)s->runs[i].lcn,
			        (uintmax_t)s->runs[i].count);
	}
}

/* Content that is shown elsewhere, follows from other facts, or is the journal. */
static bool content_left_out(uint64_t number, const struct stream *s)
{
	/* Between descriptors $SDS has filler that is never logged; the indexes tell what counts.
	 */
	if (number == RECORD_SECURE && name_is(s->name, s->name_len, "$SDS"))
		return true;
	return s->type == AT_INDEX_ROOT || s->type == AT_INDEX_ALLOCATION || s->type == AT_BITMAP ||
	       s->type == AT_ATTRIBUTE_LIST ||
	       (s->type == AT_DATA && s->name_len == 0 &&
	               (number <= RECORD_LOGFILE || number == RECORD_BITMAP));
}

static void show_information(const struct stream *s, FILE *out)
{
	const uint8_t *p = s->value;

	dump_times(out, p);
	(void)fprintf(out, " attributes 0x%x versions %u %u class %u", le32(p + 32), le32(p + 36),
	        le32(p + 40), le32(p + 44));
	if (s->value_len >= INFO_LONG)
		(void)fprintf(out, " owner %u security 0x%x quota %ju usn %ju", le32(p + 48),
		        le32(p + 52), (uintmax_t)le64(p + 56), (uintmax_t)le64(p + 64));
}

static void show_stream(const struct volume *v, uint64_t number, const struct stream *s, FILE *out)
{
	(void)fprintf(out, " 0x%x ", s->type);
	dump_text(out, s->name, s->name_len);
	(void)fprintf(out, " flags 0x%x", s->flags);
	/* How long $INDEX_ROOT and the list are follows from what is in them. */
	if (s->resident && !content_left_out(number, s))
		(void)fprintf(out, " resident size %u", s->value_len);
	if (!s->resident)
		show_runs(s, out);
	if (content_left_out(number, s))
		return;
	if (s->resident && s->type != AT_DATA && s->value_len <= SHOWN_MAX) {
		(void)fputc(' ', out);
		dump_hex(out, s->value, s->value_len);
	} else {
		show_hash(v, s, out);
	}
}

void dump_streams(const struct volume *v, uint64_t number, const struct record *r, FILE *out)
{
	for (size_t i = 0; i < r->stream_count; i++) {
		const struct stream *s = &r->streams[i];
		(void)fprintf(out, "%ju-%u", (uintmax_t)number, r->sequence);
		if (s->type == AT_STANDARD_INFORMATION && s->resident &&
		        s->value_len >= INFO_SHORT) {
			(void)fputs(" standard-information", out);
			show_information(s, out);
		} else if (s->type == AT_FILE_NAME && s->resident && s->value_len >= NAME_AT &&
		           s->value[NAME_AT - 2] * 2u == s->value_len - NAME_AT) {
			(void)fputs(" name", out);
			dump_file_name(out, s->value);
		} else {
			(void)fputs(" attribute", out);
			show_stream(v, number, s, out);
		}
		(void)fputc('\n', out);
	}
}
