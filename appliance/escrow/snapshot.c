/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/snapshot.h"
#include "appliance/escrow/cases.h"
#include "appliance/escrow/clock.h"
#include "appliance/escrow/fetch_socket.h"
#include "appliance/guard/guard.h"
#include "fixer/base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SILENCE_MS 60000 /* without a message the source is given up */
#define LOOK_MS    500   /* how often the end is looked for */
#define BATCH      1024

struct snapshot {
	struct escrow *escrow;
	pthread_mutex_t lock;
	bool running, joinable;
	atomic_bool stop;
	pthread_t thread;
	char wanted[32]; /* "": all */
	char source[32]; /* at work on it */
	uint64_t records;
	char text[400];
};

/* One source's pull under way. */
struct pull {
	struct snapshot *snapshot;
	struct vault_snapshot *into;
	const char *source;
	uint64_t records, malformed;
	struct vault_entry *entries; /* BATCH */
	struct fetch_record *taken;  /* BATCH: what the entries point to */
};

struct snapshot *snapshot_new(struct escrow *e)
{
	struct snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->escrow = e;
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

void snapshot_free(struct snapshot *s)
{
	if (!s)
		return;
	atomic_store(&s->stop, true);
	if (s->joinable)
		pthread_join(s->thread, NULL);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static void tell(struct snapshot *s, const char *source, uint64_t records, const char *text)
{
	pthread_mutex_lock(&s->lock);
	(void)snprintf(s->source, sizeof(s->source), "%s", source);
	s->records = records;
	(void)snprintf(s->text, sizeof(s->text), "%s", text);
	pthread_mutex_unlock(&s->lock);
}

json_t *snapshot_status(struct snapshot *s)
{
	pthread_mutex_lock(&s->lock);
	json_t *j = json_pack("{s:b,s:s,s:I,s:s}", "running", s->running, "source",
	        s->running ? s->source : "", "records", (json_int_t)s->records, "text", s->text);
	pthread_mutex_unlock(&s->lock);
	return j;
}

/* --- one source ------------------------------------------------------------------------------ */

static int store(struct pull *p, size_t count, struct error *err)
{
	int r = count > 0 ? vault_snapshot_add(p->into, p->entries, count, err) : 0;

	for (size_t i = 0; i < count; i++)
		secret_free(p->taken[i].key);
	p->records += r == 0 ? count : 0;
	return r;
}

static int take_records(struct pull *p, json_t *list, struct error *err)
{
	size_t count = 0, i;
	json_t *record;
	int r = 0;

	json_array_foreach(list, i, record)
	{
		struct fetch_record *t = &p->taken[count];
		int got = fetch_answer_record(record, t);
		if (got == -EINVAL) {
			p->malformed++;
			continue;
		}
		if (got < 0 || count == BATCH - 1) {
			(void)store(p, count, NULL);
			return error_set(err, -EBADMSG, REASON_SOURCE_FAILED,
			        "netmend-fetch sends what is no record");
		}
		p->entries[count++] = (struct vault_entry){.key = t->key,
		        .has_id = true,
		        .id = t->protector,
		        .host = t->host,
		        .serial = "",
		        .changed = t->changed};
	}
	r = store(p, count, err);
	tell(p->snapshot, p->source, p->records, "");
	return r;
}

/* The next message into bytes; its length, or a negative errno with err. */
static ssize_t receive(struct pull *p, int fd, struct secret *bytes, struct error *err)
{
	struct pollfd in = {.fd = fd, .events = POLLIN};
	int64_t since = clock_steady();

	while (poll(&in, 1, LOOK_MS) == 0) {
		if (atomic_load(&p->snapshot->stop))
			return error_set(err, -ECANCELED, REASON_SOURCE_FAILED, "broken off");
		if (clock_steady() - since >= SILENCE_MS)
			return error_set(err, -ETIMEDOUT, REASON_SOURCE_UNREACHABLE,
			        "no record for a minute");
	}
	ssize_t n = recv(fd, bytes->data, bytes->len, MSG_TRUNC);
	if (n <= 0 || (size_t)n > bytes->len)
		return error_set(err, -EPIPE, REASON_SOURCE_UNREACHABLE, "netmend-fetch went away");
	return n;
}

/* 1: that was all; 0: more to come. */
static int take_page(struct pull *p, const struct secret *bytes, size_t len, struct error *err)
{
	struct fetch_page page = {0};
	json_t *j = json_loadb((const char *)bytes->data, len, JSON_REJECT_DUPLICATES, NULL);
	int r = j ? fetch_answer_page(j, &page) : -EBADMSG;

	if (r < 0)
		r = error_set(err, r, REASON_SOURCE_FAILED, "netmend-fetch gave no proper answer");
	else
		r = take_records(p, page.records, err);
	if (r == 0 && page.reason != REASON_OK)
		r = error_set(err, -EIO, page.reason, "%s", page.text);
	json_decref(j);
	return r < 0 ? r : page.done;
}

static int pull_all(struct pull *p, struct error *err)
{
	struct secret *bytes CLEANUP_SECRET = secret_new(NM_ESCROW_MESSAGE_MAX);
	int fd CLEANUP_CLOSE = guard_connect(p->snapshot->escrow->settings.fetch, 0);

	if (!bytes)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory can be locked");
	if (fd < 0 || fetch_send(fd, json_pack("{s:i,s:i,s:s,s:s}", "v", 1, "id", 1, "op", "pull",
	                                     "source", p->source)) < 0)
		return error_set(
		        err, -EPIPE, REASON_SOURCE_UNREACHABLE, "netmend-fetch does not run");
	for (;;) {
		ssize_t n = receive(p, fd, bytes, err);
		int r = n < 0 ? (int)n : take_page(p, bytes, (size_t)n, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
}

static int run_pull(struct pull *p, struct vault_snapshot_counts *counts, struct error *err)
{
	struct error ignored = {0};

	p->entries = calloc(BATCH, sizeof(*p->entries));
	p->taken = calloc(BATCH, sizeof(*p->taken));
	int r = p->entries && p->taken
	                ? vault_snapshot_begin(p->snapshot->escrow->vault, p->source, &p->into, err)
	                : error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	if (r == 0) {
		r = pull_all(p, err);
		int ended = vault_snapshot_end(p->into, r == 0, counts, r == 0 ? err : &ignored);
		r = r < 0 ? r : ended;
	}
	free(p->entries);
	free(p->taken);
	return r;
}

static void snapshot_one(struct snapshot *s, const char *source)
{
	struct pull p = {.snapshot = s, .source = source};
	struct vault_snapshot_counts counts = {0};
	struct error err = {0};
	char text[400];

	tell(s, source, 0, "");
	int r = run_pull(&p, &counts, &err);
	enum reason reason = r == 0 ? REASON_OK : err.reason;
	(void)snprintf(text, sizeof(text), "%s: %llu records%s%s", source,
	        (unsigned long long)p.records, r == 0 ? "" : ", then: ", r == 0 ? "" : err.text);
	if (r < 0)
		log_warning("snapshot: %s", text);
	tell(s, source, p.records, text);
	record_note(s->escrow->audit, "snapshot",
	        json_pack("{s:s,s:s,s:s,s:I,s:I,s:I,s:I}", "source", source, "reason",
	                reason_code(reason), "text", r == 0 ? "" : err.text, "added",
	                (json_int_t)counts.added, "present", (json_int_t)counts.present, "stale",
	                (json_int_t)counts.stale, "malformed", (json_int_t)p.malformed));
}

/* --- all that are wanted --------------------------------------------------------------------- */

static bool is_wanted(const struct snapshot *s, const char *wanted, size_t i)
{
	const struct sources *sources = s->escrow->sources;

	return sources_remote(sources, i) &&
	       (!wanted[0] || strcmp(sources_name(sources, i), wanted) == 0);
}

static void *run(void *context)
{
	struct snapshot *s = context;

	for (size_t i = 0; i < sources_count(s->escrow->sources); i++)
		if (is_wanted(s, s->wanted, i) && !atomic_load(&s->stop))
			snapshot_one(s, sources_name(s->escrow->sources, i));
	cases_wake_all(s->escrow->cases);
	pthread_mutex_lock(&s->lock);
	s->running = false;
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int snapshot_start(struct snapshot *s, const char *source, struct error *err)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < sources_count(s->escrow->sources); i++)
		any |= is_wanted(s, source, i);
	if (!any)
		return error_set(err, -ENOENT, REASON_USAGE,
		        "no key source of that name is configured, besides the vault");
	pthread_mutex_lock(&s->lock);
	if (s->running) {
		r = error_set(err, -EBUSY, REASON_TRY_LATER, "a snapshot is being taken");
	} else {
		if (s->joinable)
			pthread_join(s->thread, NULL);
		(void)snprintf(s->wanted, sizeof(s->wanted), "%s", source);
		s->text[0] = '\0';
		s->joinable = s->running = pthread_create(&s->thread, NULL, run, s) == 0;
		if (!s->running)
			r = error_set(err, -EAGAIN, REASON_OUT_OF_MEMORY, "cannot start a thread");
	}
	pthread_mutex_unlock(&s->lock);
	return r;
}
