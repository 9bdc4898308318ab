/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything a source has, in batches that fit a message; the asker's reading sets the pace. */
#include "appliance/fetch/place_internal.h"

#include <errno.h>
#include <stdio.h>

#define BATCH 128 /* a record takes at most 900 bytes of JSON */

struct pull {
	struct place *place;
	struct asker *asker;
	json_int_t id;
	json_t *records;
};

static int send_batch(struct pull *pull, bool done, enum reason reason, const char *text)
{
	json_t *records = pull->records;

	pull->records = done ? NULL : json_array();
	return asker_send(
	        pull->asker, source_message_records(pull->id, records, done, reason, text), true);
}

static int take_record(void *context, const struct source_record *r)
{
	struct pull *pull = context;

	pthread_mutex_lock(&pull->place->lock);
	bool stopping = pull->place->stopping;
	pthread_mutex_unlock(&pull->place->lock);
	if (stopping)
		return -EINTR;
	if (json_array_append_new(pull->records, source_message_record(r)) < 0)
		return -ENOMEM;
	return json_array_size(pull->records) < BATCH ? 0 : send_batch(pull, false, REASON_OK, "");
}

static void *run(void *context)
{
	struct pull *pull = context;
	struct place *p = pull->place;
	struct error err = {0};
	int r = p->ops->pull(p->source, take_record, pull, &err);
	enum reason reason = r == 0                            ? REASON_OK
	                     : err.code == 0 || !pull->records ? REASON_SOURCE_FAILED
	                                                       : err.reason;

	place_noted(p, reason);
	pthread_mutex_lock(&p->lock);
	p->pulling = false; /* whoever reads the last answer may ask for the next pull */
	pthread_mutex_unlock(&p->lock);
	(void)send_batch(pull, true, reason, r == 0 ? "" : err.code ? err.text : "ended early");
	asker_drop(pull->asker);
	free(pull);
	return NULL;
}

static bool may_pull(struct place *p)
{
	pthread_mutex_lock(&p->lock);
	bool free_now = !p->pulling && !p->stopping;
	if (free_now)
		p->pulling = true;
	pthread_mutex_unlock(&p->lock);
	return free_now;
}

static int start(struct place *p, struct asker *asker, json_int_t id)
{
	struct pull *pull = calloc(1, sizeof(*pull));
	pthread_t thread;
	pthread_attr_t detached;

	if (!pull)
		return -ENOMEM;
	*pull = (struct pull){p, asker_hold(asker), id, json_array()};
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	int r = pull->records ? -pthread_create(&thread, &detached, run, pull) : -ENOMEM;
	pthread_attr_destroy(&detached);
	if (r < 0) {
		json_decref(pull->records);
		asker_drop(pull->asker);
		free(pull);
	}
	return r;
}

static void refuse(
        struct place *p, struct asker *asker, json_int_t id, enum reason reason, const char *text)
{
	char whole[PLACE_TEXT];

	(void)snprintf(whole, sizeof(whole), "%s: %s", p->setting->name, text);
	(void)asker_send(
	        asker, source_message_records(id, json_array(), true, reason, whole), false);
}

void place_pull(struct place *p, struct asker *asker, json_int_t id)
{
	if (!p->source) {
		refuse(p, asker, id, p->reason, p->text);
	} else if (!p->ops->pull) {
		refuse(p, asker, id, REASON_SOURCE_FAILED,
		        "a source of this type cannot tell all it has");
	} else if (!may_pull(p)) {
		refuse(p, asker, id, REASON_SOURCE_LIMITED, "another pull is under way");
	} else if (start(p, asker, id) < 0) {
		pthread_mutex_lock(&p->lock);
		p->pulling = false;
		pthread_mutex_unlock(&p->lock);
		refuse(p, asker, id, REASON_OUT_OF_MEMORY, "no memory");
	}
}
