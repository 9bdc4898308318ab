/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attributes put together to streams: runs, sizes, holes, and which cluster is whose. */
#include "tests/ntfscheck/internal.h"

static bool same_stream(const struct attribute *a, const struct attribute *b)
{
	return a->type == b->type && a->name_len == b->name_len &&
	       memcmp(a->name, b->name, a->name_len * 2u) == 0;
}

static void own(struct volume *v, uint64_t number, const struct run *run)
{
	for (uint64_t c = run->lcn; c < run->lcn + run->count; c++) {
		if (v->owners[c] != 0) {
			finding(v, "cluster-twice", number, "cluster %ju is record %u's, too",
			        (uintmax_t)c, v->owners[c] - 1);
			return;
		}
		v->owners[c] = (uint32_t)number + 1;
	}
}

/* $BadClus:$Bad is the volume as a hole, without saying that it is sparse. */
static bool may_have_holes(uint64_t number, const struct stream *s)
{
	return s->flags & (ATTR_COMPRESSED | ATTR_SPARSE) ||
	       (number == RECORD_BADCLUS && name_is(s->name, s->name_len, "$Bad"));
}

/* In a compression unit the clusters stored come first, then the hole. */
static bool units_whole(const struct stream *s)
{
	uint64_t unit = s->unit < 16 ? 1ull << s->unit : 1;

	for (size_t i = 1; i < s->run_count; i++)
		if (s->runs[i - 1].lcn == HOLE && s->runs[i].lcn != HOLE &&
		        s->runs[i].vcn % unit != 0)
			return false;
	return true;
}

static void check_sizes(struct volume *v, uint64_t number, const struct stream *s)
{
	uint64_t stored = 0;
	bool holes = false;

	for (size_t i = 0; i < s->run_count; i++) {
		if (s->runs[i].lcn == HOLE)
			holes = true;
		else
			stored += s->runs[i].count * v->cluster;
	}
	if (s->allocated != s->clusters * v->cluster)
		finding(v, "sizes", number, "attribute 0x%x: allocated size %ju, runs hold %ju",
		        s->type, (uintmax_t)s->allocated, (uintmax_t)(s->clusters * v->cluster));
	if (s->size > s->allocated || s->initialized > s->size)
		finding(v, "sizes", number, "attribute 0x%x: initialized %ju of %ju of %ju",
		        s->type, (uintmax_t)s->initialized, (uintmax_t)s->size,
		        (uintmax_t)s->allocated);
	if (holes && !may_have_holes(number, s))
		finding(v, "hole", number, "attribute 0x%x is not sparse", s->type);
	if (s->flags & (ATTR_COMPRESSED | ATTR_SPARSE) && s->stored != stored)
		finding(v, "sizes", number, "attribute 0x%x: says %ju stored, its runs hold %ju",
		        s->type, (uintmax_t)s->stored, (uintmax_t)stored);
	if (s->flags & ATTR_COMPRESSED && (s->unit == 0 || !units_whole(s)))
		finding(v, "compression", number, "attribute 0x%x: a unit begins with its hole",
		        s->type);
}

/* The runs of parts[0..count), which follow each other. */
static void assemble_runs(
        struct volume *v, uint64_t number, struct attribute **parts, size_t count, struct stream *s)
{
	uint64_t vcn = 0;

	for (size_t i = 0; i < count; i++) {
		const struct attribute *a = parts[i];
		const char *wrong = "is resident in one part, not in another";
		if (!a->resident && a->lowest != vcn)
			wrong = "parts leave a gap or overlap";
		else if (!a->resident)
			wrong = runs_decode(v, a, &s->runs, &s->run_count, &vcn);
		if (!wrong && a->highest != vcn - 1)
			wrong = "its last VCN is not what the runs end with";
		if (wrong) {
			finding(v, "runs", a->record, "attribute 0x%x: %s", a->type, wrong);
			break;
		}
	}
	s->clusters = vcn;
	for (size_t i = 0; i < s->run_count; i++)
		if (s->runs[i].lcn != HOLE)
			own(v, number, &s->runs[i]);
	check_sizes(v, number, s);
}

static void assemble(
        struct volume *v, uint64_t number, struct record *r, struct attribute **parts, size_t count)
{
	const struct attribute *a = parts[0];
	struct stream *s = append(v, &r->streams, &r->stream_count, sizeof(*s));

	*s = (struct stream){.type = a->type,
	        .flags = a->flags,
	        .name = a->name,
	        .name_len = a->name_len,
	        .resident = a->resident,
	        .value = a->value,
	        .value_len = a->value_len,
	        .allocated = a->allocated,
	        .size = a->size,
	        .initialized = a->initialized,
	        .stored = a->stored,
	        .unit = a->unit};
	if (!a->resident)
		assemble_runs(v, number, parts, count, s);
	else
		s->size = s->initialized = s->value_len;
}

void streams_assemble(struct volume *v, uint64_t number, struct record *r)
{
	for (size_t i = 0; i < r->all_count;) {
		size_t count = 1;
		/* Each name is a stream of its own. */
		while (r->all[i]->type != AT_FILE_NAME && i + count < r->all_count &&
		        same_stream(r->all[i], r->all[i + count]))
			count++;
		if (r->all[i]->resident && count > 1)
			finding(v, "attribute-twice", number, "type 0x%x", r->all[i]->type);
		assemble(v, number, r, r->all + i, count);
		i += count;
	}
}

/* Tells runs of bits that are wrong in the same way as one finding. */
static void tell(struct volume *v, uint64_t first, uint64_t end, int wrong)
{
	static const char *const text[] = {NULL, "are nobody's, but marked",
	        "are in use, but not marked", "do not exist, but are not marked"};

	if (wrong)
		finding(v, "bitmap", NO_RECORD, "clusters %ju to %ju %s", (uintmax_t)first,
		        (uintmax_t)end - 1, text[wrong]);
}

/* What is wrong with the bit of cluster c. */
static int judge(const struct volume *v, const uint8_t *bitmap, uint64_t c)
{
	bool marked = bitmap[c / 8] >> (c % 8) & 1;

	if (c >= v->clusters)
		return marked ? 0 : 3;
	if (marked == (v->owners[c] != 0))
		return 0;
	return marked ? 1 : 2;
}

void volume_check_bitmap(struct volume *v)
{
	struct record *r = base_record(v, RECORD_BITMAP);
	const struct stream *s = r ? stream_find(r, AT_DATA, "") : NULL;
	size_t len = 0;
	const uint8_t *bitmap = s ? stream_load(v, s, &len) : NULL;
	uint64_t first = 0;
	int before = 0;

	if (!bitmap || len < (v->clusters + 7) / 8) {
		finding(v, "bitmap", NO_RECORD, "does not cover the volume");
		return;
	}
	for (uint64_t c = 0; c < (uint64_t)len * 8; c++) {
		int wrong = judge(v, bitmap, c);
		if (wrong != before) {
			tell(v, first, c, before);
			first = c;
		}
		before = wrong;
	}
	tell(v, first, (uint64_t)len * 8, before);
}
