/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/entered.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define KEPT         1024
#define TRIES        512
#define TRY_MS       60000
#define MAX_OF_ONE   10 /* tries a minute, of one address or for one machine */
#define MAX_TOGETHER 120

struct key {
	struct ask_protector protector;
	struct secret *key;
	char from[48];
};

struct
try {
	int64_t at, machine;
	char from[48];
};

struct entered {
	pthread_mutex_t lock;
	size_t count, oldest;
	struct key keys[KEPT];
	size_t next_try;
	struct try tries[TRIES]; /* a ring; at 0: none */
};

struct entered *entered_new(void)
{
	struct entered *e = calloc(1, sizeof(*e));

	if (e)
		pthread_mutex_init(&e->lock, NULL);
	return e;
}

void entered_free(struct entered *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->count; i++)
		secret_free(e->keys[i].key);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

bool entered_may_try(struct entered *e, const char *from, int64_t machine, int64_t now)
{
	size_t same_from = 0, same_machine = 0, all = 0;

	pthread_mutex_lock(&e->lock);
	for (size_t i = 0; i < TRIES; i++) {
		const struct try *t = &e->tries[i];
		if (t->at == 0 || now - t->at >= TRY_MS)
			continue;
		all++;
		same_from += strcmp(t->from, from) == 0;
		same_machine += t->machine == machine;
	}
	bool allowed = same_from < MAX_OF_ONE && same_machine < MAX_OF_ONE && all < MAX_TOGETHER;
	if (allowed) {
		struct try *t = &e->tries[e->next_try];
		*t = (struct try){.at = now, .machine = machine};
		(void)snprintf(t->from, sizeof(t->from), "%s", from);
		e->next_try = (e->next_try + 1) % TRIES;
	}
	pthread_mutex_unlock(&e->lock);
	return allowed;
}

static struct key *find(struct entered *e, const struct ask_protector *p)
{
	for (size_t i = 0; i < e->count; i++)
		if (memcmp(&e->keys[i].protector, p, sizeof(*p)) == 0)
			return &e->keys[i];
	return NULL;
}

int entered_add(struct entered *e, const struct ask_protector *p, const struct secret *key,
        const char *from)
{
	struct secret *copy = secret_copy(key->data, key->len);

	if (!copy)
		return -ENOMEM;
	pthread_mutex_lock(&e->lock);
	struct key *slot = find(e, p);
	if (!slot && e->count < KEPT) {
		slot = &e->keys[e->count++];
	} else if (!slot) {
		slot = &e->keys[e->oldest];
		e->oldest = (e->oldest + 1) % KEPT;
	}
	secret_free(slot->key);
	slot->key = copy;
	slot->protector = *p;
	(void)snprintf(slot->from, sizeof(slot->from), "%s", from);
	pthread_mutex_unlock(&e->lock);
	return 0;
}

struct secret *entered_find(struct entered *e, const struct ask_protector *p, char from[48])
{
	struct secret *copy = NULL;

	pthread_mutex_lock(&e->lock);
	const struct key *k = find(e, p);
	if (k) {
		copy = secret_copy(k->key->data, k->key->len);
		memcpy(from, k->from, sizeof(k->from));
	}
	pthread_mutex_unlock(&e->lock);
	return copy;
}
