/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/stretch_memory.h"
#include "fixer/base/bytes.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* One for each machine that may ask at the same time: 1 MiB of locked memory. */
#define SLOTS   NM_MAX_CASES
#define BUCKETS 32768
#define NONE    UINT32_MAX

struct slot {
	uint8_t name[STRETCH_NAME], stretched[BITLOCKER_KEY_LEN];
};

struct stretch_memory {
	struct secret *locked; /* SLOTS slots */
	struct slot *slots;    /* the same */
	uint8_t hash_key[32];
	size_t count, oldest;
	uint32_t bucket[BUCKETS]; /* first slot of a chain */
	uint32_t next[SLOTS];     /* in its chain */
};

struct stretch_memory *stretch_memory_new(void)
{
	struct stretch_memory *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->locked = secret_new(SLOTS * sizeof(struct slot));
	if (!m->locked) {
		free(m);
		return NULL;
	}
	m->slots = (struct slot *)m->locked->data;
	randombytes_buf(m->hash_key, sizeof(m->hash_key));
	memset(m->bucket, 0xff, sizeof(m->bucket));
	return m;
}

void stretch_memory_free(struct stretch_memory *m)
{
	if (!m)
		return;
	secret_free(m->locked);
	secret_wipe(m->hash_key, sizeof(m->hash_key));
	free(m);
}

void stretch_memory_name(const struct stretch_memory *m, const struct secret *key,
        const uint8_t salt[BITLOCKER_SALT_LEN], uint8_t ret[STRETCH_NAME])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, m->hash_key, sizeof(m->hash_key), STRETCH_NAME);
	crypto_generichash_update(&state, key->data, key->len);
	crypto_generichash_update(&state, salt, BITLOCKER_SALT_LEN);
	crypto_generichash_final(&state, ret, STRETCH_NAME);
	secret_wipe(&state, sizeof(state));
}

/* Names are hashes: any bits of them spread evenly. */
static size_t bucket_of(const uint8_t name[STRETCH_NAME])
{
	return get_le32(name) % BUCKETS;
}

const uint8_t *stretch_memory_find(const struct stretch_memory *m, const uint8_t name[STRETCH_NAME])
{
	for (uint32_t i = m->bucket[bucket_of(name)]; i != NONE; i = m->next[i])
		if (memcmp(m->slots[i].name, name, STRETCH_NAME) == 0)
			return m->slots[i].stretched;
	return NULL;
}

static void unlink_slot(struct stretch_memory *m, uint32_t slot)
{
	uint32_t *at = &m->bucket[bucket_of(m->slots[slot].name)];

	while (*at != slot)
		at = &m->next[*at];
	*at = m->next[slot];
}

void stretch_memory_add(
        struct stretch_memory *m, const uint8_t name[STRETCH_NAME], const struct secret *stretched)
{
	uint32_t slot = (uint32_t)m->count;
	size_t bucket = bucket_of(name);

	if (m->count < SLOTS) {
		m->count++;
	} else {
		slot = (uint32_t)m->oldest;
		m->oldest = (m->oldest + 1) % SLOTS;
		unlink_slot(m, slot);
	}
	memcpy(m->slots[slot].name, name, STRETCH_NAME);
	memcpy(m->slots[slot].stretched, stretched->data, BITLOCKER_KEY_LEN);
	m->next[slot] = m->bucket[bucket];
	m->bucket[bucket] = slot;
}
