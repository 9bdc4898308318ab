/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the log is as it was written: chain, head, and copies kept elsewhere. */
#include "appliance/escrow/audit/audit.h"
#include "appliance/escrow/audit/copies.h"
#include "appliance/escrow/audit/log.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define SHOWN_MAX 20 /* problems told one by one */

struct check {
	FILE *out;
	struct audit_verdict verdict;
	struct chain head;
	int head_state;
	bool skip_break; /* the line before is no record: of course the next does not follow */
};

__attribute__((format(printf, 2, 3))) static void problem(struct check *c, const char *format, ...)
{
	va_list args;

	if (++c->verdict.problems > SHOWN_MAX)
		return;
	va_start(args, format);
	vfprintf(c->out, format, args);
	va_end(args);
	fputc('\n', c->out);
}

static void check_line(struct check *c, const struct log_line *l, uint64_t before)
{
	if (l->fault == CHAIN_NO_RECORD && (l->len == 0 || l->text[l->len - 1] != '\n'))
		problem(c,
		        "line %zu: %zu bytes after record %" PRIu64 " are no whole record: "
		        "a power cut, or changed (cut off when the next record is written)",
		        l->number, l->len, before);
	else if (l->fault == CHAIN_NO_RECORD)
		problem(c, "line %zu, after record %" PRIu64 ": changed, or no record", l->number,
		        before);
	else if (l->fault == CHAIN_BROKEN && !c->skip_break)
		problem(c,
		        "line %zu: record %" PRIu64 " does not follow record %" PRIu64
		        ": records were removed, added or moved",
		        l->number, l->chain->count, before);
	c->skip_break = l->fault == CHAIN_NO_RECORD;
}

/* What escrow itself found when it was about to append. */
static void check_told(struct check *c, const struct log_line *l)
{
	const char *event = json_string_value(json_object_get(l->record, "event"));
	const char *text = json_string_value(json_object_get(l->record, "text"));

	if (strcmp(event, "damaged") == 0)
		problem(c, "record %" PRIu64 ": found then: %s", l->chain->count, text ? text : "");
	else if (strcmp(event, "torn") == 0)
		fprintf(c->out, "record %" PRIu64 " tells of a power cut: %s\n", l->chain->count,
		        text ? text : "");
}

static void check_against_head(struct check *c, const struct chain *chain)
{
	bool elsewhere = c->head.end != HEAD_END_UNKNOWN && chain->end != c->head.end;

	if (c->head_state == 0 && chain->count == c->head.count &&
	        (strcmp(chain->hash, c->head.hash) != 0 || elsewhere))
		problem(c, "record %" PRIu64 " is not the one audit.head remembers", chain->count);
}

static void check_copy(struct check *c, const struct copies *copies, const struct chain *chain)
{
	enum copies_say say = copies_compare(copies, chain->count, chain->hash);

	if (say == COPIES_OTHER)
		problem(c, "record %" PRIu64 " is not the one that was copied", chain->count);
	c->verdict.compared += say != COPIES_NONE;
}

static void check_end(struct check *c, const struct chain *chain, const struct copies *copies)
{
	if (c->head_state < 0 && (chain->end > 0 || c->head_state != -ENODATA))
		problem(c, "audit.head is missing or damaged: a cut-off end could not be found");
	/* The head may be one write behind after a power cut, never ahead. */
	if (c->head_state == 0 &&
	        (chain->count < c->head.count || chain->count > c->head.count + AUDIT_BATCH))
		problem(c, "audit.log ends with record %" PRIu64 ", audit.head remembers %" PRIu64,
		        chain->count, c->head.count);
	if (copies && copies_last(copies) > chain->count)
		problem(c, "record %" PRIu64 " was copied, but the log ends with record %" PRIu64,
		        copies_last(copies), chain->count);
}

static int check_all(struct check *c, struct log *log, const struct copies *copies)
{
	struct chain last;
	struct log_line l;
	int r;

	chain_begin(&last);
	check_against_head(c, &last);
	while ((r = log_next(log, &l)) == 1) {
		check_line(c, &l, last.count);
		if (l.record) {
			c->verdict.records++;
			check_told(c, &l);
			check_against_head(c, l.chain);
			check_copy(c, copies, l.chain);
		}
		last = *l.chain;
	}
	check_end(c, &last, copies);
	memcpy(c->verdict.hash, last.hash, sizeof(last.hash));
	return r;
}

int audit_verify(
        const char *dir, FILE *copied, FILE *out, struct audit_verdict *ret, struct error *err)
{
	struct log *log CLEANUP_LOG = NULL;
	struct copies *copies CLEANUP_COPIES = NULL;
	struct check c = {.out = out};
	int r = log_open(dir, &log, err);

	if (r == 0 && copied)
		r = copies_read(copied, &copies, err);
	if (r < 0)
		return r;
	c.head_state = log_head(log, &c.head);
	r = check_all(&c, log, copies);
	if (r < 0)
		return error_set(
		        err, r, REASON_AUDIT_FAILED, "cannot read audit.log: %s", strerror(-r));
	if (c.verdict.problems > SHOWN_MAX)
		fprintf(out, "and %" PRIu64 " more\n", c.verdict.problems - SHOWN_MAX);
	*ret = c.verdict;
	return 0;
}
