/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The manifest of a bundle, read: hostile text. Exactly the fields that are written, no others. */
#include "fixer/base/bytes.h"
#include "fixer/repair/bundle_internal.h"
#include "netmend/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static bool known_plan(const char *name)
{
	for (int k = PLAN_DELETE; k <= PLAN_REPLAY_DELETE; k++)
		if (strcmp(name, plan_kind_name((enum plan_kind)k)) == 0)
			return true;
	return false;
}

static bool known_journal(const char *name)
{
	for (int s = JOURNAL_CLEAN; s <= JOURNAL_DAMAGED; s++)
		if (strcmp(name, journal_state_name((enum journal_state)s)) == 0)
			return true;
	return false;
}

static bool is_u64(const char *text)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > 20 || text[len] != 0)
		return false;
	errno = 0;
	(void)strtoull(text, NULL, 10);
	return errno == 0;
}

static bool is_time(json_t *entry)
{
	const char *utc, *filetime;
	json_error_t e;

	if (json_unpack_ex(entry, &e, 0, "{s:s, s:s !}", "utc", &utc, "filetime", &filetime) < 0)
		return false;
	return strlen(utc) < ISO8601_TEXT && is_u64(filetime);
}

/* One run: after the one before it, inside the disk, total under the limit. */
static int read_run(json_t *entry, size_t i, struct bundle *b, struct error *err)
{
	const struct plan_run *previous = i > 0 ? &b->runs[i - 1] : NULL;
	uint64_t disk_sectors = b->disk_size / b->sector_size;
	size_t limit = (size_t)(BUNDLE_MAX_SECTOR_BYTES / b->sector_size);
	json_int_t lba, count;
	const char *old_hash, *new_hash;
	uint8_t hash[32];
	json_error_t e;

	if (json_unpack_ex(entry, &e, 0, "{s:I, s:I, s:s, s:s !}", "lba", &lba, "count", &count,
	            "old_sha256", &old_hash, "new_sha256", &new_hash) < 0)
		return bundle_bad(err, "manifest, run %zu: %s", i, e.text);
	if (lba < 0 || count < 1 || (uint64_t)count > limit - b->sector_count ||
	        !range_within((uint64_t)lba, (uint64_t)count, disk_sectors) ||
	        (previous && (uint64_t)lba < previous->lba + previous->count))
		return bundle_bad(err, "manifest, run %zu: outside, out of order or too long", i);
	if (hex_decode(old_hash, hash, sizeof(hash)) < 0 ||
	        hex_decode(new_hash, hash, sizeof(hash)) < 0)
		return bundle_bad(err, "manifest, run %zu: bad hash", i);
	b->runs[i] = (struct plan_run){.lba = (uint64_t)lba, .count = (uint32_t)count};
	b->sector_count += (size_t)count;
	return 0;
}

static int read_runs(json_t *list, struct bundle *b, struct error *err)
{
	size_t count = json_array_size(list); /* 0 as well when it is no array */

	if (count == 0 || count > NM_MAX_CHANGED_SECTORS)
		return bundle_bad(err, "manifest: %zu runs", count);
	b->runs = calloc(count, sizeof(*b->runs));
	if (!b->runs)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "decoding the bundle");
	for (size_t i = 0; i < count; i++) {
		int r = read_run(json_array_get(list, i), i, b, err);
		if (r < 0)
			return r;
	}
	b->run_count = count;
	return 0;
}

static int check_file(json_t *entry, size_t n, uint64_t *total, struct error *err)
{
	json_int_t index, size, attributes;
	json_t *created, *modified, *mft_modified, *accessed;
	const char *path, *reference, *hash_text;
	uint8_t hash[32];
	json_error_t e;

	if (json_unpack_ex(entry, &e, 0, "{s:I, s:s, s:I, s:o, s:o, s:o, s:o, s:I, s:s, s:s !}",
	            "n", &index, "path", &path, "size", &size, "created", &created, "modified",
	            &modified, "mft_modified", &mft_modified, "accessed", &accessed, "attributes",
	            &attributes, "mft_reference", &reference, "sha256", &hash_text) < 0)
		return bundle_bad(err, "manifest, file %zu: %s", n, e.text);
	if (index != (json_int_t)n || size < 0 || size > NM_MAX_TARGET_FILE ||
	        (uint64_t)size > BUNDLE_MAX_FILE_BYTES - *total)
		return bundle_bad(err, "manifest, file %zu: wrong number, or too large", n);
	if (!is_time(created) || !is_time(modified) || !is_time(mft_modified) ||
	        !is_time(accessed) || attributes < 0 || attributes > UINT32_MAX ||
	        !is_u64(reference) || hex_decode(hash_text, hash, sizeof(hash)) < 0)
		return bundle_bad(err, "manifest, file %zu: bad time, number or hash", n);
	*total += (uint64_t)size;
	return 0;
}

static int check_files(json_t *list, struct error *err)
{
	uint64_t total = 0;
	size_t count = json_array_size(list);

	if (!json_is_array(list) || count > NM_MAX_MATCHES)
		return bundle_bad(err, "manifest: bad list of files");
	for (size_t n = 0; n < count; n++) {
		int r = check_file(json_array_get(list, n), n, &total, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_disk(
        const char *id, json_int_t size, json_int_t sector, struct bundle *b, struct error *err)
{
	size_t len = strlen(id);

	if (len >= sizeof(b->disk_id) || size <= 0 || (sector != 512 && sector != 4096))
		return bundle_bad(err, "manifest: bad description of the disk");
	memcpy(b->disk_id, id, len + 1);
	b->disk_size = (uint64_t)size;
	b->sector_size = (uint32_t)sector;
	return 0;
}

int manifest_read(const char *text, size_t len, struct bundle *b, struct error *err)
{
	json_int_t version, size, sector, partition;
	const char *program, *host, *recipe, *plan, *journal, *disk_id, *volume_id;
	json_t *runs, *files;
	json_error_t e;

	b->manifest = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	if (!b->manifest)
		return bundle_bad(err, "manifest: %s", e.text);
	if (json_unpack_ex(b->manifest, &e, 0,
	            "{s:I, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:I, s:I !}, s:I, s:s, s:o, s:o !}",
	            "v", &version, "program", &program, "host", &host, "recipe", &recipe, "plan",
	            &plan, "journal", &journal, "disk", "id", &disk_id, "size", &size, "sector",
	            &sector, "partition", &partition, "volume_id", &volume_id, "runs", &runs,
	            "files", &files) < 0)
		return bundle_bad(err, "manifest: %s", e.text);
	if (version != 1)
		return bundle_bad(err, "manifest: its version is not known");
	if (!known_plan(plan) || !known_journal(journal) || partition < 0 ||
	        partition > NM_MAX_PARTITIONS)
		return bundle_bad(err, "manifest: unknown plan, journal state or partition");
	b->partition = (uint32_t)partition;
	int r = read_disk(disk_id, size, sector, b, err);
	if (r < 0)
		return r;
	r = read_runs(runs, b, err);
	if (r < 0)
		return r;
	return check_files(files, err);
}

size_t manifest_file_count(const struct bundle *b)
{
	return json_array_size(json_object_get(b->manifest, "files"));
}

void manifest_file_at(const struct bundle *b, size_t n, struct manifest_file *ret)
{
	const json_t *f = json_array_get(json_object_get(b->manifest, "files"), n);

	ret->path = json_string_value(json_object_get(f, "path"));
	ret->size = (uint64_t)json_integer_value(json_object_get(f, "size"));
	(void)hex_decode(json_string_value(json_object_get(f, "sha256")), ret->sha256, 32);
}

void manifest_run_hash(const struct bundle *b, size_t run, bool new_side, uint8_t ret[32])
{
	const json_t *entry = json_array_get(json_object_get(b->manifest, "runs"), run);
	const char *key = new_side ? "new_sha256" : "old_sha256";

	(void)hex_decode(json_string_value(json_object_get(entry, key)), ret, 32);
}
