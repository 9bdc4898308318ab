/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/store/ops.h"
#include "fixer/base/secret.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

static const struct store_ops *ops_of(const char *place)
{
	return strncmp(place, "postgresql://", 13) == 0 || strncmp(place, "postgres://", 11) == 0
	               ? &store_postgres
	               : &store_sqlite;
}

int store_open(const char *place, struct store **ret, struct error *err)
{
	const struct store_ops *ops = ops_of(place);
	struct store *s;
	int r = ops->open(place, &s, err);

	if (r < 0)
		return r;
	s->ops = ops;
	r = store_migrate(s, err);
	if (r < 0) {
		error_prefix(err, "%s", ops == &store_sqlite ? place : "[store] database");
		store_close(s);
		return r;
	}
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_rollback(s);
	for (size_t i = 0; i < SQL_KEPT_MAX; i++)
		sql_drop(s->kept[i]);
	s->ops->close(s);
}

const char *store_kind(const struct store *s)
{
	return s->ops->name;
}

bool store_keeps_bundles(const struct store *s)
{
	return s->ops->keeps_bundles;
}

size_t store_files(const struct store *s, const char *ret[STORE_FILES_MAX])
{
	return s->ops->files ? s->ops->files(s, ret) : 0;
}

const int store_latency_ms[STORE_BUCKETS - 1] = {1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500};

static double seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void latency_note(struct store_latency *l, double took)
{
	size_t i = 0;

	while (i < STORE_BUCKETS - 1 && took * 1000 > store_latency_ms[i])
		i++;
	l->count[i]++;
	l->seconds += took;
}

int store_begin(struct store *s, bool durable)
{
	if (s->transaction)
		return -EALREADY;
	s->begun = seconds();
	int r = s->ops->begin(s, durable && !s->groups);
	if (r < 0)
		return r;
	s->transaction = true;
	s->broken = false;
	return 0;
}

int store_commit(struct store *s)
{
	if (!s->transaction || s->broken) {
		store_rollback(s);
		return -EIO;
	}
	s->transaction = false;
	int r = s->ops->commit(s);
	if (r == 0) {
		latency_note(&s->latency, seconds() - s->begun);
		s->unsettled = s->groups;
	}
	return r;
}

void store_group(struct store *s)
{
	s->groups = true;
}

bool store_unsettled(const struct store *s)
{
	return s->unsettled;
}

int store_settle(struct store *s)
{
	if (!s->unsettled)
		return 0;
	if (s->transaction)
		return -EALREADY;
	s->unsettled = false;
	double begun = seconds();
	int r = s->ops->settle(s);
	if (r == 0)
		latency_note(&s->latency, seconds() - begun);
	return r;
}

const struct store_latency *store_latency(const struct store *s)
{
	return &s->latency;
}

void store_rollback(struct store *s)
{
	if (!s->transaction)
		return;
	s->transaction = false;
	s->ops->rollback(s);
}

bool store_changed_elsewhere(struct store *s)
{
	return s->ops->changed(s);
}

int store_secret(struct store *s, uint8_t ret[32])
{
	uint8_t fresh[32];

	randombytes_buf(fresh, sizeof(fresh));
	struct sql *st = sql_prepare(s, "SELECT bytes FROM secret WHERE one = 1");
	int r = sql_step(s, st);
	if (r == 0) {
		st = sql_prepare(s, "INSERT INTO secret (one, bytes) VALUES (1, ?)"
		                    " ON CONFLICT DO NOTHING");
		sql_bind(st, "b", fresh, (int)sizeof(fresh));
		r = sql_run(s, st);
		if (r < 0)
			return r;
		st = sql_prepare(s, "SELECT bytes FROM secret WHERE one = 1");
		r = sql_step(s, st);
	}
	size_t len = 0;
	const void *bytes = r == 1 ? sql_blob(st, 0, &len) : NULL;
	if (bytes && len == 32) {
		memcpy(ret, bytes, 32);
		r = 0;
	} else if (r >= 0) {
		r = -EIO;
	}
	sql_end(st);
	return r;
}
