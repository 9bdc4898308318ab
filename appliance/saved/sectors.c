/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/saved/sectors.h"
#include "appliance/saved/head.h"
#include "fixer/base/bytes.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/text.h"
#include "netmend/limits.h"
#include "netmend/version.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SHORT_TEXT 200
#define PATH_TEXT  512
#define VALUES_MAX (256 * 1024) /* of the JSON: each takes a hundred times the room of its text */

#define bad(err, ...)    error_set(err, -EBADMSG, REASON_BUNDLE_BAD, __VA_ARGS__)
#define memory_lack(err) error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for sectors")

/* fixer/repair/plan.h: enum plan_stage. The last is of a manifest of version 1, which names none.
 */
static const struct {
	const char *name, *what;
} stages[] = {
        {"flags", "dirty flag of the volume ($Volume)"},
        {"index", "directory: index of file names"},
        {"record", "MFT record of a file"},
        {"rest", "bitmap of clusters or records, and the like"},
        {"journal", "NTFS's journal ($LogFile)"},
        {"", "not told by the fixer of that time"},
};
#define STAGES (sizeof(stages) / sizeof(stages[0]))

/* The runs read so far. */
struct reading {
	uint64_t disk_sectors, end; /* end: behind the last run */
	uint64_t sector_size;
	json_int_t version;
	uint64_t sectors;
	struct {
		uint64_t places, sectors;
	} of[STAGES];
	json_t *ranges;
};

static json_t *clean(const char *text, size_t size)
{
	char out[PATH_TEXT];

	text_clean(out, size < sizeof(out) ? size : sizeof(out), text);
	return json_string(out);
}

static int set(json_t *into, const char *key, json_t *value, struct error *err)
{
	return json_object_set_new(into, key, value) < 0 ? memory_lack(err) : 0;
}

static int stage_find(const char *name, size_t *ret)
{
	for (size_t i = 0; i < STAGES; i++)
		if (strcmp(name, stages[i].name) == 0) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

static bool is_hash(const char *text)
{
	uint8_t hash[32];

	return hex_decode(text, hash, sizeof(hash)) == 0;
}

/* Where its bytes are in sectors.old and sectors.new: the runs stand one behind the other there. */
static int range_append(struct reading *g, const char *stage, uint64_t lba, uint64_t count,
        const char *old_hash, const char *new_hash, struct error *err)
{
	if (json_array_size(g->ranges) == SECTORS_RANGES_MAX)
		return 0;
	json_t *range = json_pack("{s:I, s:I, s:s, s:I, s:s, s:s}", "lba", (json_int_t)lba, "count",
	        (json_int_t)count, "stage", stage, "at", (json_int_t)(g->sectors * g->sector_size),
	        "old_sha256", old_hash, "new_sha256", new_hash);

	return json_array_append_new(g->ranges, range) < 0 ? memory_lack(err) : 0;
}

/* As the fixer judges it: inside the disk, behind the one before, all together within the limit. */
static int run_read(const json_t *entry, struct reading *g, struct error *err)
{
	static const char *const formats[] = {
	        [1] = "{s:I, s:I, s:s, s:s !}", [2] = "{s:I, s:I, s:s, s:s, s:s !}"};
	uint64_t limit = (uint64_t)NM_MAX_CHANGED_SECTORS * 512 / g->sector_size;
	const char *old_hash, *new_hash, *stage = "";
	json_int_t lba, count;
	json_error_t e;
	size_t s;

	if (json_unpack_ex((json_t *)(uintptr_t)entry, &e, 0, formats[g->version], "lba", &lba,
	            "count", &count, "old_sha256", &old_hash, "new_sha256", &new_hash, "stage",
	            &stage) < 0)
		return bad(err, "runs: %s", e.text);
	if (lba < 0 || count < 1 || (uint64_t)count > limit - g->sectors ||
	        !range_within((uint64_t)lba, (uint64_t)count, g->disk_sectors) ||
	        (uint64_t)lba < g->end)
		return bad(err, "runs: outside the disk, out of order or too long");
	if (!is_hash(old_hash) || !is_hash(new_hash) || stage_find(stage, &s) < 0)
		return bad(err, "runs: a stage or a hash that is none");
	int r = range_append(g, stage, (uint64_t)lba, (uint64_t)count, old_hash, new_hash, err);
	g->end = (uint64_t)lba + (uint64_t)count;
	g->sectors += (uint64_t)count;
	g->of[s].places++;
	g->of[s].sectors += (uint64_t)count;
	return r;
}

static json_t *kinds_of(const struct reading *g)
{
	json_t *kinds = json_array();

	for (size_t i = 0; i < STAGES; i++)
		if (g->of[i].places > 0)
			(void)json_array_append_new(kinds,
			        json_pack("{s:s, s:s, s:I, s:I}", "stage", stages[i].name, "what",
			                stages[i].what, "places", (json_int_t)g->of[i].places,
			                "sectors", (json_int_t)g->of[i].sectors));
	return kinds;
}

static int runs_tell(const json_t *runs, struct reading *g, json_t *into, struct error *err)
{
	size_t count = json_array_size(runs); /* 0 as well when it is no array */
	int r = 0;

	if (count == 0 || count > NM_MAX_CHANGED_SECTORS)
		return bad(err, "runs: %zu of them", count);
	g->ranges = json_array();
	r = set(into, "ranges", g->ranges, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = run_read(json_array_get(runs, i), g, err);
	if (r == 0)
		r = set(into, "sectors", json_integer((json_int_t)g->sectors), err);
	if (r == 0)
		r = set(into, "places", json_integer((json_int_t)count), err);
	if (r == 0)
		r = set(into, "bytes", json_integer((json_int_t)(g->sectors * g->sector_size)),
		        err);
	if (r == 0)
		r = set(into, "truncated", json_boolean(count > SECTORS_RANGES_MAX), err);
	return r < 0 ? r : set(into, "kinds", kinds_of(g), err);
}

/* Of its metadata only what people ask for; the bundle has it all. */
static int file_tell(const json_t *entry, json_t *files, struct error *err)
{
	const char *path, *modified, *hash, *renamed = "";
	json_int_t size;
	json_error_t e;

	if (json_unpack_ex((json_t *)(uintptr_t)entry, &e, 0, "{s:s, s:I, s:{s:s}, s:s, s?s}",
	            "path", &path, "size", &size, "modified", "utc", &modified, "sha256", &hash,
	            "renamed_to", &renamed) < 0)
		return bad(err, "files: %s", e.text);
	if (size < 0 || !is_hash(hash))
		return bad(err, "files: a size or a hash that is none");
	json_t *file = json_pack("{s:o, s:o, s:I, s:o, s:s}", "path", clean(path, PATH_TEXT),
	        "renamed_to", clean(renamed, PATH_TEXT), "size", size, "modified",
	        clean(modified, ISO8601_TEXT), "sha256", hash);
	return json_array_append_new(files, file) < 0 ? memory_lack(err) : 0;
}

static int files_tell(const json_t *list, json_t *into, struct error *err)
{
	json_t *files = json_array();
	int r = set(into, "files", files, err);

	if (r == 0 && (!json_is_array(list) || json_array_size(list) > NM_MAX_MATCHES))
		r = bad(err, "files: no list, or too long");
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++)
		r = file_tell(json_array_get(list, i), files, err);
	return r;
}

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
	return count <= VALUES_MAX;
}

/* Everything but the two lists. */
static int frame_tell(json_t *manifest, struct reading *g, json_t **ret_runs, json_t **ret_files,
        json_t *into, struct error *err)
{
	const char *program, *host, *recipe, *plan, *journal, *disk, *volume;
	json_int_t size, sector, partition;
	json_error_t e;

	if (json_unpack_ex(manifest, &e, 0,
	            "{s:I, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:I, s:I !}, s:I, s:s, s:o, s:o !}",
	            "v", &g->version, "program", &program, "host", &host, "recipe", &recipe, "plan",
	            &plan, "journal", &journal, "disk", "id", &disk, "size", &size, "sector",
	            &sector, "partition", &partition, "volume_id", &volume, "runs", ret_runs,
	            "files", ret_files) < 0)
		return bad(err, "%s", e.text);
	if (g->version != 1 && g->version != 2)
		return bad(err, "a version that is not known");
	if (size <= 0 || (sector != 512 && sector != 4096) || partition < 0 ||
	        partition > NM_MAX_PARTITIONS)
		return bad(err, "a disk or partition that cannot be");
	g->sector_size = (uint64_t)sector;
	g->disk_sectors = (uint64_t)size / g->sector_size;
	json_t *frame = json_pack("{s:o, s:o, s:o, s:o, s:o, s:{s:o, s:I, s:I}, s:I, s:o}",
	        "program", clean(program, SHORT_TEXT), "host", clean(host, SHORT_TEXT), "recipe",
	        clean(recipe, SHORT_TEXT), "plan", clean(plan, SHORT_TEXT), "journal",
	        clean(journal, SHORT_TEXT), "disk", "id", clean(disk, SHORT_TEXT), "size", size,
	        "sector", sector, "partition", partition, "volume", clean(volume, SHORT_TEXT));
	int r = frame && json_object_update(into, frame) == 0 ? 0 : memory_lack(err);
	json_decref(frame);
	return r;
}

int sectors_tell(const char *text, size_t len, json_t *into, struct error *err)
{
	struct reading g = {0};
	json_t *runs, *files;
	json_error_t e;

	if (!has_few_values(text, len))
		return bad(err, "the manifest of the saved repair has over %d values", VALUES_MAX);
	json_t *manifest = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
	int r = manifest ? frame_tell(manifest, &g, &runs, &files, into, err)
	                 : bad(err, "%s", e.text);
	if (r == 0)
		r = runs_tell(runs, &g, into, err);
	if (r == 0)
		r = files_tell(files, into, err);
	json_decref(manifest);
	if (r == -EBADMSG)
		error_prefix(err, "manifest of the saved repair");
	return r;
}

json_t *sectors_of(const struct store_bundle *bundle, int fd, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t len;

	if (saved_manifest(fd, &text, &len, err) < 0)
		return NULL;
	json_t *told = json_pack("{s:i, s:s, s:I, s:I, s:s}", "v", NETMEND_WIRE_VERSION, "sha256",
	        bundle->sha256, "size", (json_int_t)bundle->size, "at", (json_int_t)bundle->at,
	        "state", bundle_state_name(bundle->state));
	int r = told ? sectors_tell(text, len, told, err) : memory_lack(err);
	if (r == 0)
		return told;
	json_decref(told);
	return NULL;
}
