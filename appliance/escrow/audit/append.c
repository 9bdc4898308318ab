/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Appending: those who wait at the same time share one write and its way to the disk. */
#include "appliance/escrow/audit/audit.h"
#include "appliance/escrow/audit/copy.h"
#include "appliance/escrow/audit/tail.h"
#include "fixer/base/cleanup.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

/* Bytes of records that may wait for a system log that is away. */
#define COPY_MAX (4 * 1024 * 1024)

/* What one caller brings; on its stack while it waits. */
struct entry {
	struct entry *next;
	const char *event;
	char *body;
	bool done;
	int result;
	struct error err;
};

struct audit {
	int log, head;
	struct copy *copy; /* NULL: no copies */
	uint64_t copied;   /* bytes of the log that were copied, or are not to be */
	pthread_mutex_t lock;
	pthread_cond_t written;
	struct entry *first, **last; /* in the order they came */
	bool busy;                   /* somebody writes for all */
};

int audit_open(const char *dir, struct audit **ret, struct error *err)
{
	struct audit *a = calloc(1, sizeof(*a));

	if (!a)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->written, NULL);
	a->last = &a->first;
	a->head = -1;
	a->log = audit_file(dir, AUDIT_LOG, O_RDWR | O_CREAT | O_APPEND, err);
	if (a->log >= 0)
		a->head = audit_file(dir, AUDIT_HEAD, O_RDWR | O_CREAT, err);
	if (a->log < 0 || a->head < 0) {
		int r = a->log < 0 ? a->log : a->head;
		audit_close(a);
		return r;
	}
	*ret = a;
	return 0;
}

void audit_close(struct audit *a)
{
	if (!a)
		return;
	if (a->log >= 0)
		(void)close(a->log);
	if (a->head >= 0)
		(void)close(a->head);
	copy_close(a->copy);
	pthread_cond_destroy(&a->written);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

void audit_copy_to(struct audit *a, const char *path)
{
	if (!a->copy)
		a->copy = copy_open(path);
}

void audit_copy_to_syslog(struct audit *a)
{
	audit_copy_to(a, _PATH_LOG);
}

/* --- one write for several ----------------------------------------------------------------------
 */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int add_note(const struct tail_note *note, struct chain *chain, struct buffer *text)
{
	char body[sizeof(note->text) + 16];

	if (!note->event)
		return 0;
	log_error("audit.log: %s", note->text);
	(void)snprintf(body, sizeof(body), "\"text\":\"%s\"", note->text);
	return chain_add(chain, note->event, body, now_ms(), text);
}

/* A record that is too large fails alone. */
static int add_entries(struct entry *first, struct chain *chain, struct buffer *text)
{
	for (struct entry *e = first; e; e = e->next) {
		e->result = chain_add(chain, e->event, e->body, now_ms(), text);
		if (e->result == -EMSGSIZE)
			error_set(
			        &e->err, -EMSGSIZE, REASON_AUDIT_FAILED, "audit record too large");
		else if (e->result < 0)
			return e->result;
	}
	return 0;
}

static int put_on_disk(struct audit *a, const struct buffer *text, const struct chain *before,
        const struct chain *after, struct error *err)
{
	errno = ENOSPC; /* for a short write */
	if (write(a->log, text->data, text->len) == (ssize_t)text->len && fdatasync(a->log) == 0 &&
	        head_write(a->head, after) == 0)
		return 0;
	int r = error_set(err, -EIO, REASON_AUDIT_FAILED, "cannot write the audit record: %s",
	        strerror(errno));
	/* Nobody is told of these records; what stays of them is cut off before the next ones. */
	if (ftruncate(a->log, (off_t)before->end) < 0 || head_write(a->head, before) < 0)
		error_prefix(err, "a torn record stays in audit.log");
	return r;
}

/* Copies what is new since the last time: this write, those of other processes, and what could not
 * be copied before, within reason. */
static void copy_new(struct audit *a, uint64_t before, uint64_t end)
{
	if (a->copied == 0 || a->copied > end || end - a->copied > COPY_MAX)
		a->copied = before;
	size_t len = (size_t)(end - a->copied);
	char *lines CLEANUP_FREE = malloc(len);
	if (lines && pread(a->log, lines, len, (off_t)a->copied) == (ssize_t)len)
		a->copied += copy_send(a->copy, lines, len);
}

static int write_locked(struct audit *a, struct entry *first, struct error *err)
{
	struct tail_note note;
	struct chain chain;
	struct buffer text;
	int r = tail_settle(a->log, a->head, &chain, &note, err);

	if (r < 0)
		return r;
	const struct chain before = chain;
	buffer_init(&text, (AUDIT_BATCH + 1) * (AUDIT_LINE_MAX + 1));
	r = add_note(&note, &chain, &text);
	if (r == 0)
		r = add_entries(first, &chain, &text);
	if (r < 0)
		r = error_set(err, r, REASON_AUDIT_FAILED, "no memory for the audit record");
	else if (text.len > 0)
		r = put_on_disk(a, &text, &before, &chain, err);
	if (r == 0 && a->copy && text.len > 0)
		copy_new(a, before.end, chain.end);
	buffer_free(&text);
	return r;
}

static void write_all(struct audit *a, struct entry *first)
{
	struct error err = {0};
	int r = flock(a->log, LOCK_EX) < 0 ? error_set(&err, -errno, REASON_AUDIT_FAILED,
	                                             "cannot lock audit.log: %s", strerror(errno))
	                                   : write_locked(a, first, &err);

	(void)flock(a->log, LOCK_UN);
	for (struct entry *e = first; e && r < 0; e = e->next) {
		e->result = r;
		e->err = err;
	}
}

/* --- callers ------------------------------------------------------------------------------------
 */

/* Takes the oldest entries out of the queue. */
static struct entry *take_batch(struct audit *a)
{
	struct entry *first = a->first, **last = &first;

	for (size_t i = 0; i < AUDIT_BATCH && *last; i++)
		last = &(*last)->next;
	a->first = *last;
	*last = NULL;
	if (!a->first)
		a->last = &a->first;
	return first;
}

/* Under the lock, which it gives up while it writes. */
static void write_batch(struct audit *a)
{
	struct entry *first = take_batch(a);

	a->busy = true;
	pthread_mutex_unlock(&a->lock);
	write_all(a, first);
	pthread_mutex_lock(&a->lock);
	a->busy = false;
	while (first) {
		struct entry *e = first;
		first = e->next;
		e->done = true; /* and from here on it may be gone */
	}
	pthread_cond_broadcast(&a->written);
}

static int wait_for(struct audit *a, struct entry *e)
{
	pthread_mutex_lock(&a->lock);
	*a->last = e;
	a->last = &e->next;
	while (!e->done) {
		if (a->busy)
			pthread_cond_wait(&a->written, &a->lock);
		else
			write_batch(a);
	}
	pthread_mutex_unlock(&a->lock);
	return e->result;
}

static bool is_ours(json_t *fields)
{
	static const char *const names[] = {"n", "time", "event", "prev", "hash"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (json_object_get(fields, names[i]))
			return true;
	return false;
}

int audit_append(struct audit *a, const char *event, json_t *fields, struct error *err)
{
	char *text CLEANUP_FREE = json_dumps(fields, JSON_COMPACT);
	struct entry e = {.event = event};

	if (!text || *text != '{' || is_ours(fields))
		return error_set(err, -EINVAL, REASON_AUDIT_FAILED,
		        "audit record of the event %s can't be written as JSON", event);
	text[strlen(text) - 1] = 0; /* without its braces */
	e.body = text + 1;
	if (wait_for(a, &e) == 0)
		return 0;
	return error_set(err, e.result, e.err.reason, "%s", e.err.text);
}
