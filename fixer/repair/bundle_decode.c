/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hostile bytes. The seal finds damage; everything after it assumes that somebody made a fitting
 * seal. Each entry's name and exact size are known before it is read, so nothing can unpack to more
 * than the manifest's limits allow.
 */
#include "fixer/repair/bundle_internal.h"
#include "netmend/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static int check_seal(const uint8_t *bytes, size_t len, struct error *err)
{
	uint8_t seal[BUNDLE_SEAL];

	if (len <= BUNDLE_SEAL || len > NM_MAX_BUNDLE)
		return bundle_bad(err, "%zu bytes cannot be a bundle", len);
	bundle_seal_make(bytes, len - BUNDLE_SEAL, seal);
	if (memcmp(seal, bytes + len - BUNDLE_SEAL, BUNDLE_SEAL) != 0)
		return bundle_bad(err, "no bundle, or cut short or damaged: its seal does not fit");
	return 0;
}

/* Steps to the entry that must come next and gives its size, at most max. */
static int next_entry(
        struct archive *a, const char *name, uint64_t max, uint64_t *ret_size, struct error *err)
{
	struct archive_entry *entry;

	if (archive_read_next_header(a, &entry) != ARCHIVE_OK)
		return bundle_bad(err, "%s is missing or damaged", name);
	const char *found = archive_entry_pathname(entry);
	la_int64_t size = archive_entry_size(entry);
	if (!found || strcmp(found, name) != 0 || archive_entry_filetype(entry) != AE_IFREG ||
	        archive_entry_hardlink(entry) || !archive_entry_size_is_set(entry) || size < 0 ||
	        (uint64_t)size > max)
		return bundle_bad(err, "%s is not where it must be, or too large", name);
	*ret_size = (uint64_t)size;
	return 0;
}

/* Exactly len bytes of the current entry. */
static int read_bytes(struct archive *a, const char *name, void *buf, size_t len, struct error *err)
{
	for (size_t done = 0; done < len;) {
		la_ssize_t n = archive_read_data(a, (uint8_t *)buf + done, len - done);
		if (n <= 0)
			return bundle_bad(err, "%s is damaged", name);
		done += (size_t)n;
	}
	return 0;
}

static int decode_manifest(struct archive *a, struct bundle *b, struct error *err)
{
	uint64_t size;

	int r = next_entry(a, "manifest.json", BUNDLE_MAX_MANIFEST, &size, err);
	if (r < 0)
		return r;
	char *text = malloc(size + 1);
	if (!text)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "decoding the bundle");
	r = read_bytes(a, "manifest.json", text, size, err);
	if (r == 0)
		r = manifest_read(text, size, b, err);
	free(text);
	return r;
}

static int decode_sectors(struct archive *a, struct bundle *b, bool new_side, struct error *err)
{
	const char *name = new_side ? "sectors.new" : "sectors.old";
	size_t len = b->sector_count * b->sector_size;
	uint64_t size;

	int r = next_entry(a, name, len, &size, err);
	if (r < 0)
		return r;
	if (size != len)
		return bundle_bad(err, "%s is too short", name);
	uint8_t *all = malloc(len);
	if (!all)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "decoding the bundle");
	*(new_side ? &b->new_sectors : &b->old_sectors) = all;
	r = read_bytes(a, name, all, len, err);
	for (size_t i = 0; i < b->run_count && r == 0; i++) {
		struct plan_run *run = &b->runs[i];
		size_t run_len = (size_t)run->count * b->sector_size;
		uint8_t expected[32], found[32];
		manifest_run_hash(b, i, new_side, expected);
		crypto_hash_sha256(found, all, run_len);
		if (memcmp(expected, found, sizeof(found)) != 0)
			r = bundle_bad(err, "%s: run %zu does not have its hash", name, i);
		*(new_side ? &run->new_bytes : &run->old_bytes) = all;
		all += run_len;
	}
	return r;
}

/* The content is not kept: whoever wants it back unpacks the bundle with tar. */
static int check_part(
        struct archive *a, const char *name, const struct manifest_part *part, struct error *err)
{
	crypto_hash_sha256_state state;
	uint8_t chunk[16384], found[32];
	uint64_t size;

	int r = next_entry(a, name, part->size, &size, err);
	if (r < 0)
		return r;
	(void)crypto_hash_sha256_init(&state);
	for (uint64_t left = size; left > 0 && r == 0;) {
		size_t len = left < sizeof(chunk) ? (size_t)left : sizeof(chunk);
		r = read_bytes(a, name, chunk, len, err);
		if (r == 0)
			(void)crypto_hash_sha256_update(&state, chunk, len);
		left -= len;
	}
	if (r < 0)
		return r;
	(void)crypto_hash_sha256_final(&state, found);
	if (size != part->size || memcmp(found, part->sha256, sizeof(found)) != 0)
		return bundle_bad(err, "%s does not have the size or hash of the manifest", name);
	return 0;
}

static int check_streams(struct archive *a, const struct bundle *b, size_t n, struct error *err)
{
	struct manifest_part part;
	char name[BUNDLE_ENTRY_NAME];
	int r = 0;

	for (size_t i = 0; r == 0 && i < manifest_stream_count(b, n); i++) {
		bundle_stream_name(name, n, i);
		if (manifest_stream_at(b, n, i, &part))
			r = check_part(a, name, &part, err);
	}
	return r;
}

static int check_file(struct archive *a, const struct bundle *b, size_t n, struct error *err)
{
	struct manifest_part part;
	char name[BUNDLE_ENTRY_NAME];

	manifest_file_at(b, n, &part);
	bundle_file_entry_name(name, n);
	int r = check_part(a, name, &part, err);
	return r < 0 ? r : check_streams(a, b, n, err);
}

static int decode_all(struct archive *a, struct bundle *b, struct error *err)
{
	struct archive_entry *entry;

	int r = decode_manifest(a, b, err);
	if (r == 0)
		r = decode_sectors(a, b, false, err);
	if (r == 0)
		r = decode_sectors(a, b, true, err);
	for (size_t n = 0; r == 0 && n < manifest_file_count(b); n++)
		r = check_file(a, b, n, err);
	if (r == 0 && archive_read_next_header(a, &entry) != ARCHIVE_EOF)
		r = bundle_bad(err, "something follows the last file");
	return r;
}

static int decode_archive(struct bundle *b, struct error *err)
{
	struct archive *a = archive_read_new();

	if (!a)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "decoding the bundle");
	int r;
	if (archive_read_support_filter_zstd(a) == ARCHIVE_OK &&
	        archive_read_support_format_tar(a) == ARCHIVE_OK &&
	        archive_read_open_memory(a, b->bytes, b->len - BUNDLE_SEAL) == ARCHIVE_OK)
		r = decode_all(a, b, err);
	else
		r = bundle_bad(err, "not a tar compressed with zstd");
	(void)archive_read_free(a);
	return r;
}

int bundle_decode(const void *bytes, size_t len, struct bundle **ret, struct error *err)
{
	int r = check_seal(bytes, len, err);

	if (r < 0)
		return r;
	struct bundle *b = calloc(1, sizeof(*b));
	if (b)
		b->bytes = malloc(len);
	if (!b || !b->bytes) {
		bundle_free(b);
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "decoding the bundle");
	}
	memcpy(b->bytes, bytes, len);
	b->len = len;
	crypto_hash_sha256(b->sha256, bytes, len);
	r = decode_archive(b, err);
	if (r < 0) {
		bundle_free(b);
		return r;
	}
	*ret = b;
	return 0;
}
