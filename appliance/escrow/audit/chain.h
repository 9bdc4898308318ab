/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One line of the audit log and how it hangs on the one before; the head file. Theirs alone who
 * write and read the log (this folder). */
#ifndef ESCROW_AUDIT_CHAIN_H
#define ESCROW_AUDIT_CHAIN_H

#include "fixer/base/buffer.h"
#include "fixer/base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define AUDIT_LOG      "audit.log"
#define AUDIT_HEAD     "audit.head"
#define AUDIT_HASH     65   /* text of a SHA-256 */
#define AUDIT_LINE_MAX 8192 /* with its line end */
#define AUDIT_BATCH    64   /* records that one write brings to the disk, at most */

/* Where the log stands after a record. */
struct chain {
	uint64_t count;
	uint64_t end; /* bytes of the log up to there */
	char hash[AUDIT_HASH];
};

/* Before the first record. */
void chain_begin(struct chain *ret);

/*
 * Adds the record to text and moves the chain on. body: a JSON object's members without its braces,
 * "" for none. -EMSGSIZE (chain and text as before), -ENOMEM.
 */
int chain_add(struct chain *chain, const char *event, const char *body, int64_t now_ms,
        struct buffer *text);

enum chain_fault {
	CHAIN_WHOLE,
	CHAIN_NO_RECORD, /* not one of our lines, or its hash is not that of its content */
	CHAIN_BROKEN,    /* whole in itself, but not the one that follows */
};

/*
 * Looks at one line of the log, its end included. Moves the chain on: past the record when there is
 * one, whether or not it is the one that follows, so that what comes after it can be judged; past
 * its bytes when there is none. *ret_record (the caller's) is NULL then.
 */
enum chain_fault chain_check(
        struct chain *chain, const char *line, size_t len, json_t **ret_record);

/* The head file. -ENODATA: it is empty; -EBADMSG: it is not as head_write() left it. The first
 * releases wrote no end: HEAD_END_UNKNOWN then. */
#define HEAD_END_UNKNOWN UINT64_MAX
int head_read(int fd, struct chain *ret);
/* On stable storage when 0 is returned. */
int head_write(int fd, const struct chain *chain);

/* Opens a file of the audit record in dir. fd or negative errno. */
int audit_file(const char *dir, const char *name, int flags, struct error *err);

#endif
