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

static bool take_stage(const char *name, enum plan_stage *ret)
{
	for (int stage = 0; stage < STAGES; stage++)
		if (strcmp(name, plan_stage_name((enum plan_stage)stage)) == 0) {
			*ret = (enum plan_stage)stage;
			return true;
		}
	return false;
}

/* One run: after the one before it, inside the disk, total under the limit. */
static int read_run(
        json_t *entry, json_int_t version, size_t i, struct bundle *b, struct error *err)
{
	static const char *const formats[] = {
	        [1] = "{s:I, s:I, s:s, s:s !}", [2] = "{s:I, s:I, s:s, s:s, s:s !}"};
	/* All of version 1 is of one stage. */
	const char *stage_name = plan_stage_name(STAGE_FLAGS);
	enum plan_stage stage;
	const struct plan_run *previous = i > 0 ? &b->runs[i - 1] : NULL;
	uint64_t disk_sectors = b->disk_size / b->sector_size;
	size_t limit = (size_t)(BUNDLE_MAX_SECTOR_BYTES / b->sector_size);
	json_int_t lba, count;
	const char *old_hash, *new_hash;
	uint8_t hash[32];
	json_error_t e;

	if (json_unpack_ex(entry, &e, 0, formats[version], "lba", &lba, "count", &count,
	            "old_sha256", &old_hash, "new_sha256", &new_hash, "stage", &stage_name) < 0)
		return bundle_bad(err, "manifest, run %zu: %s", i, e.text);
	if (lba < 0 || count < 1 || (uint64_t)count > limit - b->sector_count ||
	        !range_within((uint64_t)lba, (uint64_t)count, disk_sectors) ||
	        (previous && (uint64_t)lba < previous->lba + previous->count))
		return bundle_bad(err, "manifest, run %zu: outside, out of order or too long", i);
	if (hex_decode(old_hash, hash, sizeof(hash)) < 0 ||
	        hex_decode(new_hash, hash, sizeof(hash)) < 0)
		return bundle_bad(err, "manifest, run %zu: bad hash", i);
	if (!take_stage(stage_name, &stage))
		return bundle_bad(err, "manifest, run %zu: unknown stage", i);
	b->runs[i] =
	        (struct plan_run){.lba = (uint64_t)lba, .count = (uint32_t)count, .stage = stage};
	b->sector_count += (size_t)count;
	return 0;
}

static int read_runs(json_t *list, json_int_t version, struct bundle *b, struct error *err)
{
	size_t count = json_array_size(list); /* 0 as well when it is no array */

	if (count == 0 || count > NM_MAX_CHANGED_SECTORS)
		return bundle_bad(err, "manifest: %zu runs", count);
	b->runs = calloc(count, sizeof(*b->runs));
	if (!b->runs)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "decoding the bundle");
	for (size_t i = 0; i < count; i++) {
		int r = read_run(json_array_get(list, i), version, i, b, err);
		if (r < 0)
			return r;
	}
	b->run_count = count;
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

/* A parsed value takes a hundred times the room of its text, so they are counted before. */
static bool has_few_values(const char *text, size_t len)
{
	bool in_string = false;
	size_t count = 1;

	for (size_t i = 0; i < len; i++) {
		if (in_string && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			in_string = !in_string;
		else if (!in_string)
			count += text[i] == ',' || text[i] == '[' || text[i] == '{';
	}
	return count <= BUNDLE_MAX_VALUES;
}

int manifest_read(const char *text, size_t len, struct bundle *b, struct error *err)
{
	json_int_t version, size, sector, partition;
	const char *program, *host, *recipe, *plan, *journal, *disk_id, *volume_id;
	json_t *runs, *files;
	json_error_t e;

	if (!has_few_values(text, len))
		return bundle_bad(err, "manifest: over %d values", BUNDLE_MAX_VALUES);
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
	if (version != 1 && version != MANIFEST_VERSION)
		return bundle_bad(err, "manifest: its version is not known");
	if (!known_plan(plan) || !known_journal(journal) || partition < 0 ||
	        partition > NM_MAX_PARTITIONS)
		return bundle_bad(err, "manifest: unknown plan, journal state or partition");
	b->partition = (uint32_t)partition;
	int r = read_disk(disk_id, size, sector, b, err);
	if (r < 0)
		return r;
	r = read_runs(runs, version, b, err);
	if (r < 0)
		return r;
	return manifest_check_files(files, version, err);
}

void manifest_run_hash(const struct bundle *b, size_t run, bool new_side, uint8_t ret[32])
{
	const json_t *entry = json_array_get(json_object_get(b->manifest, "runs"), run);
	const char *key = new_side ? "new_sha256" : "old_sha256";

	(void)hex_decode(json_string_value(json_object_get(entry, key)), ret, 32);
}
