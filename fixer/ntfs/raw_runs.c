/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mapping pairs: runs of clusters, each a byte that says how long its two numbers are, the length,
 * and the distance from the run before. */
#include "fixer/base/bytes.h"
#include "fixer/ntfs/raw.h"

#include <errno.h>

#define RUNS_MAX 65536 /* of one attribute; they are searched one by one */

/* len bytes, little-endian, two's complement; 1 to 8 of them. */
static int64_t take_number(struct cursor *c, unsigned len)
{
	const uint8_t *bytes = cursor_take(c, len);

	if (!bytes)
		return 0;
	uint64_t number = bytes[len - 1] & 0x80 ? UINT64_MAX : 0;
	for (unsigned i = len; i-- > 0;)
		number = number << 8 | bytes[i];
	return (int64_t)number;
}

static int append_run(
        const struct raw_volume *v, struct raw_runs *runs, uint64_t lcn, uint64_t count)
{
	if (count > v->clusters || lcn > v->clusters - count ||
	        runs->clusters > v->clusters - count)
		return -EBADMSG;
	if (runs->count == RUNS_MAX)
		return -EBADMSG;
	struct raw_run *last = runs->count ? &runs->runs[runs->count - 1] : NULL;
	if (last && last->lcn + last->count == lcn) {
		last->count += count;
	} else {
		void *more = reallocarray(runs->runs, runs->count + 1, sizeof(struct raw_run));
		if (!more)
			return -ENOMEM;
		runs->runs = more;
		runs->runs[runs->count++] = (struct raw_run){runs->clusters, lcn, count};
	}
	runs->clusters += count;
	return 0;
}

static int append_all(
        const struct raw_volume *v, const struct raw_attribute *a, struct raw_runs *runs)
{
	struct cursor c = cursor_over(a->value, a->value_len);
	int64_t lcn = 0;

	for (;;) {
		uint8_t lengths = cursor_u8(&c);
		if (c.failed)
			return -EBADMSG;
		if (lengths == 0)
			return 0;
		unsigned count_len = lengths & 0xf, lcn_len = lengths >> 4;
		/* Without the second number it is a hole, and none of what we read has one. */
		if (count_len == 0 || count_len > 8 || lcn_len == 0 || lcn_len > 8)
			return -EBADMSG;
		int64_t count = take_number(&c, count_len), step = take_number(&c, lcn_len);
		if (c.failed || count <= 0 || __builtin_add_overflow(lcn, step, &lcn) || lcn < 0)
			return -EBADMSG;
		int r = append_run(v, runs, (uint64_t)lcn, (uint64_t)count);
		if (r < 0)
			return r;
	}
}

int raw_runs_append(const struct raw_volume *v, const struct raw_attribute *a,
        struct raw_runs *runs, struct error *err)
{
	int r = a->resident || a->lowest != runs->clusters ? -EBADMSG : append_all(v, a, runs);

	if (r == -ENOMEM)
		return raw_no_memory(err);
	if (r < 0 || runs->clusters != a->highest + 1)
		return raw_damaged(err, "record %ju: where attribute %#x lies makes no sense",
		        (uintmax_t)a->record, a->type);
	if (a->lowest == 0)
		runs->size = a->size;
	return 0;
}

struct gathering {
	const struct raw_volume *v;
	struct raw_runs runs;
	size_t pieces;
};

static int gather(void *context, const struct raw_attribute *a, struct error *err)
{
	struct gathering *g = context;

	g->pieces++;
	return raw_runs_append(g->v, a, &g->runs, err);
}

int raw_runs_read(struct raw_volume *v, uint64_t reference, uint32_t type, const char *name,
        struct raw_runs *ret, struct error *err)
{
	struct gathering g = {.v = v};
	const struct raw_visitor visitor = {gather, &g};

	int r = raw_each_attribute(v, reference, type, name, &visitor, err);
	if (r == 0 && g.pieces == 0)
		r = -ENOENT;
	if (r < 0) {
		raw_runs_free(&g.runs);
		return r;
	}
	*ret = g.runs;
	return 0;
}
