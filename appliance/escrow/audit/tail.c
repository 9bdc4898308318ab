/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/audit/tail.h"
#include "fixer/base/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void damaged(struct tail_note *note, const char *text)
{
	note->event = "damaged";
	(void)snprintf(note->text, sizeof(note->text), "%s", text);
}

/* Follows the records from chain->end to the end of the log, or to the first bytes that are not the
 * record that follows. With all, every line is passed. */
static int follow(int log, uint64_t size, bool all, struct chain *chain)
{
	char *piece CLEANUP_FREE = malloc(AUDIT_LINE_MAX);

	if (!piece)
		return -ENOMEM;
	while (chain->end < size) {
		uint64_t left = size - chain->end;
		size_t want = left < AUDIT_LINE_MAX ? (size_t)left : AUDIT_LINE_MAX;
		struct chain next = *chain;
		json_t *record;
		if (pread(log, piece, want, (off_t)chain->end) != (ssize_t)want)
			return -EIO;
		const char *line_end = memchr(piece, '\n', want);
		size_t len = line_end ? (size_t)(line_end - piece) + 1 : want;
		enum chain_fault fault = chain_check(&next, piece, len, &record);
		json_decref(record);
		if (fault != CHAIN_WHOLE && !all)
			return 0;
		*chain = next;
	}
	return 0;
}

/* What is there stays; the next record begins on a line of its own. */
static int go_on_after(int log, uint64_t size, struct chain *chain)
{
	char last = '\n';

	if (size > 0 && pread(log, &last, 1, (off_t)size - 1) != 1)
		return -EIO;
	if (last != '\n') {
		if (write(log, "\n", 1) != 1)
			return -EIO;
		size++;
	}
	chain->end = size;
	return 0;
}

static int cut_off(int log, uint64_t size, const struct chain *chain, struct tail_note *note)
{
	if (ftruncate(log, (off_t)chain->end) < 0)
		return -errno;
	note->event = "torn";
	(void)snprintf(note->text, sizeof(note->text),
	        "%" PRIu64 " bytes after record %" PRIu64 " were no whole record",
	        size - chain->end, chain->count);
	return 0;
}

/* A head of the first releases says which record was the last one, not where it ends. */
static int find_end(int log, uint64_t size, struct chain *chain, struct tail_note *note)
{
	struct chain known = *chain;

	chain_begin(chain);
	int r = follow(log, size, false, chain);
	if (r < 0 || chain->count > known.count ||
	        (chain->count == known.count && strcmp(chain->hash, known.hash) == 0))
		return r;
	damaged(note, "records that audit.head knows of are missing or changed");
	*chain = known;
	return go_on_after(log, size, chain);
}

static int settle(int log, int head, uint64_t size, struct chain *chain, struct tail_note *note)
{
	int r = head_read(head, chain);

	if (r == -EBADMSG || (r == -ENODATA && size > 0)) {
		damaged(note, "audit.head is not as it was written");
		chain_begin(chain);
		r = follow(log, size, true, chain);
		return r < 0 ? r : go_on_after(log, size, chain);
	}
	if (r == -ENODATA) {
		chain_begin(chain);
	} else if (r < 0) {
		return r;
	} else if (chain->end == HEAD_END_UNKNOWN) {
		r = find_end(log, size, chain, note);
		if (r < 0 || note->event)
			return r;
	}
	if (size < chain->end) {
		damaged(note, "records at the end of audit.log are missing");
		return go_on_after(log, size, chain);
	}
	r = follow(log, size, false, chain);
	if (r < 0 || size == chain->end)
		return r;
	if (size - chain->end <= (uint64_t)AUDIT_BATCH * AUDIT_LINE_MAX)
		return cut_off(log, size, chain, note);
	damaged(note, "something else was written to the end of audit.log");
	return go_on_after(log, size, chain);
}

int tail_settle(int log, int head, struct chain *ret, struct tail_note *note, struct error *err)
{
	struct chain chain;
	struct stat st;

	*note = (struct tail_note){0};
	int r = fstat(log, &st) < 0 ? -errno
	                            : settle(log, head, (uint64_t)st.st_size, &chain, note);
	if (r < 0)
		return error_set(
		        err, r, REASON_AUDIT_FAILED, "cannot go on in audit.log: %s", strerror(-r));
	*ret = chain;
	return 0;
}
