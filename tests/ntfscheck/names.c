/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every $FILE_NAME has one entry in its directory's index, and every entry one $FILE_NAME. */
#include "tests/ntfscheck/internal.h"

#include <stdlib.h>

#define FLAGS_AT  56
#define NAME_LEN  64 /* length, name space, name: what must be equal */
#define NAME_AT   66
#define DIRECTORY 0x10000000u /* in the flags: a copy of the record's */

/* A name as a file has it, or as an index has it. */
struct name {
	uint64_t directory; /* record numbers */
	uint64_t file;
	uint16_t file_sequence;
	const uint8_t *value; /* $FILE_NAME */
};

struct names {
	struct name *list;
	size_t count;
};

static int compare(const struct name *a, const struct name *b)
{
	size_t a_len = 2u + a->value[NAME_LEN] * 2u;

	if (a->directory != b->directory)
		return a->directory < b->directory ? -1 : 1;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->value[NAME_LEN] != b->value[NAME_LEN])
		return a->value[NAME_LEN] < b->value[NAME_LEN] ? -1 : 1;
	return memcmp(a->value + NAME_LEN, b->value + NAME_LEN, a_len);
}

static int compare_void(const void *a, const void *b)
{
	return compare(a, b);
}

static bool whole(const uint8_t *value, size_t len)
{
	return len >= NAME_AT && len == NAME_AT + value[NAME_LEN] * 2u;
}

static struct names names_of_files(struct volume *v)
{
	struct names names = {0};

	for (uint64_t i = 0; i < v->record_count; i++) {
		const struct record *r = base_record(v, i);
		for (size_t k = 0; r && k < r->stream_count; k++) {
			const struct stream *s = &r->streams[k];
			if (s->type != AT_FILE_NAME || !s->resident ||
			        !whole(s->value, s->value_len))
				continue;
			struct name *name = append(v, &names.list, &names.count, sizeof(*name));
			*name = (struct name){.directory = REF_NUMBER(le64(s->value)),
			        .file = i,
			        .file_sequence = r->sequence,
			        .value = s->value};
		}
	}
	return names;
}

static struct names names_of_indexes(struct volume *v)
{
	struct names names = {0};

	for (size_t i = 0; i < v->index_count; i++) {
		const struct index *index = &v->indexes[i];
		for (size_t k = 0; !index->view && k < index->entry_count; k++) {
			const struct entry *e = &index->entries[k];
			struct name *name = append(v, &names.list, &names.count, sizeof(*name));
			*name = (struct name){.directory = index->record,
			        .file = REF_NUMBER(e->ref),
			        .file_sequence = REF_SEQUENCE(e->ref),
			        .value = e->key};
		}
	}
	return names;
}

/* The parent that a $FILE_NAME or a key names must be this life of that directory. */
static void check_parent(struct volume *v, const struct name *name, const char *where)
{
	const struct record *r = base_record(v, name->directory);
	uint64_t parent = le64(name->value);

	if (REF_NUMBER(parent) != name->directory || (r && REF_SEQUENCE(parent) != r->sequence))
		finding(v, "reference", name->file, "%s names parent %ju-%u", where,
		        (uintmax_t)REF_NUMBER(parent), REF_SEQUENCE(parent));
}

static void check_pair(struct volume *v, const struct name *file, const struct name *entry)
{
	const struct record *r = base_record(v, file->file);
	bool directory = le32(entry->value + FLAGS_AT) & DIRECTORY;

	if (entry->file_sequence != file->file_sequence)
		finding(v, "reference", file->file,
		        "its entry in directory %ju has sequence number %u",
		        (uintmax_t)entry->directory, entry->file_sequence);
	if (r && directory != !!(r->flags & RECORD_DIRECTORY))
		finding(v, "entry-flags", file->file,
		        "its entry in directory %ju says it is %s directory",
		        (uintmax_t)entry->directory, directory ? "a" : "no");
	check_parent(v, entry, "its entry");
}

static void merge(struct volume *v, const struct names *files, const struct names *entries)
{
	size_t i = 0, k = 0;

	while (i < files->count || k < entries->count) {
		int order = i == files->count     ? 1
		            : k == entries->count ? -1
		                                  : compare(&files->list[i], &entries->list[k]);
		if (order < 0)
			finding(v, "name-without-entry", files->list[i].file,
			        "a name is not in the index of directory %ju",
			        (uintmax_t)files->list[i].directory);
		else if (order > 0)
			finding(v, "entry-without-name", entries->list[k].directory,
			        "an entry is no name of record %ju",
			        (uintmax_t)entries->list[k].file);
		else
			check_pair(v, &files->list[i], &entries->list[k]);
		if (order <= 0)
			check_parent(v, &files->list[i++], "$FILE_NAME");
		if (order >= 0)
			k++;
	}
}

/* Every file is below the root: no ring of directories that hold each other. */
static void check_reachable(struct volume *v, const struct names *files)
{
	uint64_t *parents = keep(v, v->record_count, sizeof(*parents));

	for (size_t i = 0; i < files->count; i++)
		parents[files->list[i].file] = files->list[i].directory;
	for (uint64_t i = 0; i < v->record_count; i++) {
		uint64_t at = i, steps = 0;
		const struct record *r = base_record(v, i);
		if (!r || !(r->flags & RECORD_DIRECTORY) || r->links == 0)
			continue;
		while (at != RECORD_ROOT && at < v->record_count && steps++ < v->record_count &&
		        steps < 4096)
			at = parents[at];
		if (at != RECORD_ROOT)
			finding(v, "unreachable", i, "no way leads from the root to it");
	}
}

void names_check(struct volume *v)
{
	struct names files = names_of_files(v), entries = names_of_indexes(v);

	if (files.count > 0)
		qsort(files.list, files.count, sizeof(*files.list), compare_void);
	if (entries.count > 0)
		qsort(entries.list, entries.count, sizeof(*entries.list), compare_void);
	merge(v, &files, &entries);
	check_reachable(v, &files);
}
