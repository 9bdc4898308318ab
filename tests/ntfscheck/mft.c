/* SPDX-License-Identifier: GPL-3.0-or-later */
/* $MFT: where it lies, every record of it, its bitmap and its mirror. */
#include "tests/ntfscheck/internal.h"

static bool read_record(struct volume *v, uint64_t number, uint8_t *out)
{
	return runs_read(
	        v, v->mft_runs, v->mft_run_count, number * v->record_size, out, v->record_size);
}

/* The part of $MFT's $DATA in the record that starts at VCN lowest: appended to what is known. */
static bool add_part(struct volume *v, const struct record *r, uint64_t lowest)
{
	uint64_t next;

	for (size_t i = 0; i < r->attribute_count; i++) {
		const struct attribute *a = &r->attributes[i];
		if (attribute_is(a, AT_DATA, "") && !a->resident && a->lowest == lowest)
			return !runs_decode(v, a, &v->mft_runs, &v->mft_run_count, &next);
	}
	return false;
}

/* Later parts are in records that earlier parts lead to. */
static void add_listed_parts(struct volume *v, const uint8_t *list, size_t len)
{
	for (size_t at = 0; len - at >= 26;) {
		size_t entry = le16(list + at + 4);
		uint64_t lowest = le64(list + at + 8), number = REF_NUMBER(le64(list + at + 16));
		if (entry < 26 || entry > len - at)
			return;
		if (le32(list + at) == AT_DATA && list[at + 6] == 0 && lowest > 0) {
			struct record r = {.bytes = keep(v, v->record_size, 1)};
			FILE *report = v->report;
			int findings = v->findings;
			/* It is judged in its turn. */
			v->report = NULL;
			bool good = read_record(v, number, r.bytes) &&
			            !fixups_undo(r.bytes, v->record_size) &&
			            record_parse(v, number, &r) && add_part(v, &r, lowest);
			v->report = report;
			v->findings = findings;
			if (!good)
				return;
		}
		at += entry;
	}
}

/* The content of one attribute as its own record tells, before records are put together. */
static const uint8_t *load_early(struct volume *v, const struct attribute *a, size_t *ret_len)
{
	struct stream s = {.resident = a->resident,
	        .value = a->value,
	        .value_len = a->value_len,
	        .size = a->size,
	        .initialized = a->initialized};
	uint64_t next;

	if (!a->resident && runs_decode(v, a, &s.runs, &s.run_count, &next))
		return NULL;
	return stream_load(v, &s, ret_len);
}

static const uint8_t *first_list(struct volume *v, const struct record *r, size_t *ret_len)
{
	for (size_t i = 0; i < r->attribute_count; i++) {
		const struct attribute *a = &r->attributes[i];
		if (a->type == AT_ATTRIBUTE_LIST)
			return load_early(v, a, ret_len);
	}
	return NULL;
}

/* Finds all of $MFT from its record 0, where the boot sector says. */
static bool find_mft(struct volume *v, uint64_t *ret_count)
{
	struct record r = {.bytes = keep(v, v->record_size, 1)};
	uint64_t at = v->mft_lcn * v->cluster;
	FILE *report = v->report;
	int findings = v->findings;
	size_t len = 0;

	if (v->record_size > v->size - at)
		return false;
	memcpy(r.bytes, v->bytes + at, v->record_size);
	v->report = NULL;
	bool good = memcmp(r.bytes, "FILE", 4) == 0 && !fixups_undo(r.bytes, v->record_size) &&
	            record_parse(v, 0, &r) && add_part(v, &r, 0);
	v->report = report;
	v->findings = findings;
	if (!good || v->mft_runs[0].lcn != v->mft_lcn)
		return false;
	const uint8_t *list = first_list(v, &r, &len);
	if (list)
		add_listed_parts(v, list, len);
	uint64_t size = 0;
	for (size_t i = 0; i < r.attribute_count; i++)
		if (attribute_is(&r.attributes[i], AT_DATA, "") && !r.attributes[i].resident)
			size = r.attributes[i].initialized;
	const struct run *last = &v->mft_runs[v->mft_run_count - 1];
	uint64_t mapped = (last->vcn + last->count) * v->cluster;
	if (size > mapped)
		size = mapped;
	if (size > v->size)
		size = v->size;
	*ret_count = size / v->record_size;
	return true;
}

static void load_record(struct volume *v, uint64_t number, bool marked)
{
	struct record *r = &v->records[number];
	uint8_t *bytes = keep(v, v->record_size, 1);
	const char *wrong = NULL;

	if (!read_record(v, number, bytes)) {
		finding(v, "record", number, "outside $MFT's runs");
		return;
	}
	bool is_file = memcmp(bytes, "FILE", 4) == 0;
	bool in_use = is_file && le16(bytes + 22) & RECORD_IN_USE;
	if (!in_use && !marked)
		return;
	if (!is_file)
		wrong = "no FILE record";
	else
		wrong = fixups_undo(bytes, v->record_size);
	if (wrong) {
		r->unreadable = true;
		finding(v, "record", number, "%s", wrong);
		return;
	}
	if (!in_use)
		return; /* the bitmap is compared later */
	r->bytes = bytes;
	if (!record_parse(v, number, r)) {
		r->unreadable = true;
		r->bytes = NULL;
	}
}

/* $MFT's bitmap as record 0 itself tells, before records are put together; NULL: not there. */
static const uint8_t *early_bitmap(struct volume *v, size_t *ret_len)
{
	const struct record *r = &v->records[0];

	for (size_t i = 0; r->bytes && i < r->attribute_count; i++) {
		const struct attribute *a = &r->attributes[i];
		if (attribute_is(a, AT_BITMAP, ""))
			return load_early(v, a, ret_len);
	}
	return NULL;
}

bool mft_load(struct volume *v)
{
	size_t len = 0;

	if (!find_mft(v, &v->record_count) || v->record_count == 0) {
		finding(v, "mft", NO_RECORD, "$MFT cannot be read");
		return false;
	}
	v->records = keep(v, v->record_count, sizeof(*v->records));
	load_record(v, 0, true);
	const uint8_t *bitmap = early_bitmap(v, &len);
	for (uint64_t i = 1; i < v->record_count; i++)
		load_record(v, i, bitmap && i / 8 < len && bitmap[i / 8] >> (i % 8) & 1);
	return true;
}

void mft_check_bitmap(struct volume *v)
{
	struct record *mft = base_record(v, RECORD_MFT);
	const struct stream *s = mft ? stream_find(mft, AT_BITMAP, "") : NULL;
	size_t len = 0;
	const uint8_t *bitmap = s ? stream_load(v, s, &len) : NULL;

	if (!bitmap || len < v->record_count / 8) {
		finding(v, "mft-bitmap", NO_RECORD, "$MFT has no bitmap of all its records");
		return;
	}
	for (uint64_t i = 0; i < (uint64_t)len * 8; i++) {
		bool marked = bitmap[i / 8] >> (i % 8) & 1;
		bool in_use = i < v->record_count && v->records[i].bytes;
		if (i < v->record_count && v->records[i].unreadable)
			continue;
		if (marked != in_use)
			finding(v, "mft-bitmap", i, "%s",
			        marked ? "marked, but not in use" : "in use, but not marked");
	}
}

void mft_check_mirror(struct volume *v)
{
	struct record *r = base_record(v, RECORD_MIRROR);
	const struct stream *s = r ? stream_find(r, AT_DATA, "") : NULL;
	size_t len = 0;
	const uint8_t *mirror = s ? stream_load(v, s, &len) : NULL;
	uint8_t *record = keep(v, v->record_size, 1);

	if (!mirror || s->resident || len < 4ull * v->record_size || s->run_count == 0 ||
	        s->runs[0].lcn != v->mirror_lcn) {
		finding(v, "mirror", NO_RECORD, "not where the boot sector says");
		return;
	}
	for (uint64_t i = 0; i < len / v->record_size && i < v->record_count; i++)
		if (read_record(v, i, record) &&
		        memcmp(record, mirror + i * v->record_size, v->record_size) != 0)
			finding(v, "mirror", i, "differs from its mirror");
}
