/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every fact of every record in use, as text. */
#include "tests/ntfscheck/internal.h"
#include "tests/ntfscheck/ntfscheck.h"

static void dump_index(const struct volume *v, const struct index *index, FILE *out)
{
	const struct record *r = base_record(v, index->record);

	for (size_t i = 0; i < index->entry_count; i++) {
		const struct entry *e = &index->entries[i];
		(void)fprintf(out, "%ju-%u index ", (uintmax_t)index->record, r->sequence);
		dump_text(out, index->name, index->name_len);
		if (index->view) {
			(void)fputs(" key ", out);
			dump_hex(out, e->key, e->key_len);
			(void)fputs(" data ", out);
			dump_hex(out, e->data, e->data_len);
		} else {
			(void)fprintf(out, " entry %ju-%u", (uintmax_t)REF_NUMBER(e->ref),
			        REF_SEQUENCE(e->ref));
			dump_file_name(out, e->key);
		}
		(void)fputc('\n', out);
	}
}

static void dump_record(const struct volume *v, uint64_t number, size_t *next_index, FILE *out)
{
	const struct record *r = &v->records[number];

	(void)fprintf(out, "%ju-%u record flags 0x%x links %u", (uintmax_t)number, r->sequence,
	        r->flags, r->links);
	if (r->base != 0)
		(void)fprintf(
		        out, " base %ju-%u", (uintmax_t)REF_NUMBER(r->base), REF_SEQUENCE(r->base));
	(void)fputc('\n', out);
	for (size_t i = 0; i < r->extent_count; i++)
		(void)fprintf(out, "%ju-%u extent %ju\n", (uintmax_t)number, r->sequence,
		        (uintmax_t)r->extents[i]);
	dump_streams(v, number, r, out);
	/* Indexes were loaded in the order of the records. */
	for (; *next_index < v->index_count && v->indexes[*next_index].record == number;
	        (*next_index)++)
		dump_index(v, &v->indexes[*next_index], out);
}

int ntfscheck_dump(const uint8_t *volume, size_t size, FILE *out)
{
	struct volume v = {.bytes = volume, .size = size};
	size_t next_index = 0;

	if (volume_load(&v)) {
		(void)fprintf(out, "volume sector %u cluster %u clusters %ju record %u index %u\n",
		        v.sector, v.cluster, (uintmax_t)v.clusters, v.record_size, v.index_size);
		for (uint64_t i = 0; i < v.record_count; i++)
			if (v.records[i].bytes)
				dump_record(&v, i, &next_index, out);
	}
	release(&v);
	return v.findings;
}
