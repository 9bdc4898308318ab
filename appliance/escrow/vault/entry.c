/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One key into the vault, or many in one transaction. */
#include "appliance/escrow/vault/add.h"

#include <string.h>
#include <time.h>

int64_t vault_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int vault_begin(struct vault *v, struct error *err)
{
	pthread_mutex_lock(&v->lock);
	int r = store_run(v, "BEGIN IMMEDIATE", err);
	pthread_mutex_unlock(&v->lock);
	return r;
}

int vault_commit(struct vault *v, struct error *err)
{
	pthread_mutex_lock(&v->lock);
	int r = store_run(v, "COMMIT", err);
	store_roll_back(v);
	pthread_mutex_unlock(&v->lock);
	return r;
}

void vault_roll_back(struct vault *v)
{
	pthread_mutex_lock(&v->lock);
	store_roll_back(v);
	pthread_mutex_unlock(&v->lock);
}

static int add_one(struct vault *v, const char *source, struct add_context *c,
        const struct vault_entry *entry, enum vault_added *ret, struct error *err)
{
	c->now = vault_now();
	c->page = strcmp(source, VAULT_PAGE) == 0;
	pthread_mutex_lock(&v->lock);
	int r = vault_ready(v, err);
	if (r == 0 && !c->look)
		r = store_source(v, source, &c->source, err);
	if (r == 0)
		r = add_row(v, c, entry, ret, err);
	pthread_mutex_unlock(&v->lock);
	return r;
}

int vault_add(struct vault *v, const char *source, const struct vault_entry *entry,
        enum vault_added *ret, struct error *err)
{
	struct add_context c = {0};

	return add_one(v, source, &c, entry, ret, err);
}

int vault_bring(struct vault *v, const char *source, const struct vault_entry *entry,
        struct vault_brought *b, bool look, enum vault_added *ret, struct error *err)
{
	struct add_context c = {.brought = b, .look = look};

	return add_one(v, source, &c, entry, ret, err);
}
