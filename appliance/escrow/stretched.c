/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/stretched.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* 4096 machines waiting for their second question; 256 KiB of locked memory. */
#define SLOTS    4096
#define NAME_LEN 32

/* A slot: name (keyed hash of key and salt), then the stretched key. */
#define SLOT_LEN (NAME_LEN + BITLOCKER_KEY_LEN)

struct stretched_cache {
	pthread_mutex_t lock;
	uint8_t hash_key[32];
	size_t next;
	struct secret *slots;
};

struct stretched_cache *stretched_cache_new(void)
{
	struct stretched_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->slots = secret_new((size_t)SLOTS * SLOT_LEN);
	if (!c->slots) {
		free(c);
		return NULL;
	}
	randombytes_buf(c->hash_key, sizeof(c->hash_key));
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void stretched_cache_free(struct stretched_cache *c)
{
	if (!c)
		return;
	secret_free(c->slots);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void name_of(const struct stretched_cache *c, const struct secret *key, const uint8_t *salt,
        uint8_t out[NAME_LEN])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, c->hash_key, sizeof(c->hash_key), NAME_LEN);
	crypto_generichash_update(&state, key->data, key->len);
	crypto_generichash_update(&state, salt, BITLOCKER_SALT_LEN);
	crypto_generichash_final(&state, out, NAME_LEN);
	secret_wipe(&state, sizeof(state));
}

/* A slot of zeros is empty: no hash is zero in practice. */
static struct secret *find(struct stretched_cache *c, const uint8_t name[NAME_LEN])
{
	for (size_t i = 0; i < SLOTS; i++) {
		const uint8_t *slot = c->slots->data + i * SLOT_LEN;
		if (memcmp(slot, name, NAME_LEN) == 0)
			return secret_copy(slot + NAME_LEN, BITLOCKER_KEY_LEN);
	}
	return NULL;
}

static void remember(
        struct stretched_cache *c, const uint8_t name[NAME_LEN], const struct secret *stretched)
{
	uint8_t *slot = c->slots->data + c->next * SLOT_LEN;

	memcpy(slot, name, NAME_LEN);
	memcpy(slot + NAME_LEN, stretched->data, BITLOCKER_KEY_LEN);
	c->next = (c->next + 1) % SLOTS;
}

int stretched_get(struct stretched_cache *c, const struct secret *key,
        const uint8_t salt[BITLOCKER_SALT_LEN], struct secret **ret)
{
	uint8_t name[NAME_LEN];

	name_of(c, key, salt, name);
	pthread_mutex_lock(&c->lock);
	struct secret *known = find(c, name);
	pthread_mutex_unlock(&c->lock);
	if (known) {
		*ret = known;
		return 0;
	}
	int r = bitlocker_stretch(key, salt, ret);
	if (r < 0)
		return r;
	pthread_mutex_lock(&c->lock);
	remember(c, name, *ret);
	pthread_mutex_unlock(&c->lock);
	return 0;
}
