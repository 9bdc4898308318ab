/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/bench/swarm/keys.h"
#include "tests/generators/bitlocker_crypto.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define VMK_DATUM    44 /* a key datum: 12 bytes of header, 32 of key */
#define THREADS_MAX  64
#define SAY_EVERY    1000
#define NONCE_OF(b)  ((b)->sealed)
#define SEALED_OF(b) ((b)->sealed + FVE_NONCE_LEN)

/* Threads take the next ones until none is left. */
struct work {
	struct swarm_key *keys;
	size_t next, end; /* of those that are stretched */
	size_t count;     /* behind end are others with their passwords and salts, in turn */
	int failed;
	pthread_mutex_t lock;
};

static void password_of(const uint8_t key[RECOVERY_KEY_LEN], char ret[PASSWORD_TEXT])
{
	for (size_t i = 0; i < 8; i++) {
		unsigned group = (unsigned)(key[2 * i] | key[2 * i + 1] << 8) * 11;
		(void)snprintf(ret + 7 * i, PASSWORD_TEXT - 7 * i, i < 7 ? "%06u-" : "%06u", group);
	}
}

void swarm_password(char ret[PASSWORD_TEXT])
{
	uint8_t key[RECOVERY_KEY_LEN];

	randombytes_buf(key, sizeof(key));
	password_of(key, ret);
}

/* Version 4, as Windows makes them. */
static struct guid guid_new(void)
{
	struct guid g;

	randombytes_buf(g.bytes, sizeof(g.bytes));
	g.bytes[7] = (uint8_t)((g.bytes[7] & 0x0f) | 0x40);
	g.bytes[8] = (uint8_t)((g.bytes[8] & 0x3f) | 0x80);
	return g;
}

static int key_seal(struct swarm_key *k, const struct secret *stretched)
{
	static const uint8_t header[12] = {VMK_DATUM, 0, 0, 0, 1, 0, 1, 0, 3, 0x20, 0, 0};
	uint8_t datum[VMK_DATUM];

	memcpy(datum, header, sizeof(header));
	memcpy(datum + sizeof(header), k->vmk, sizeof(k->vmk));
	return fve_seal(
	        stretched->data, NONCE_OF(&k->blob), datum, sizeof(datum), SEALED_OF(&k->blob));
}

static void key_new(struct swarm_key *k)
{
	randombytes_buf(k, sizeof(*k));
	k->protector = guid_new();
	k->volume = guid_new();
}

/* Other machines with this one's password and salt. */
static int siblings_seal(
        struct work *w, const struct swarm_key *first, const struct secret *stretched)
{
	int r = 0;

	for (size_t i = (size_t)(first - w->keys) + w->end; r == 0 && i < w->count; i += w->end) {
		key_new(&w->keys[i]);
		memcpy(w->keys[i].password, first->password, sizeof(first->password));
		memcpy(w->keys[i].blob.salt, first->blob.salt, sizeof(first->blob.salt));
		r = key_seal(&w->keys[i], stretched);
	}
	return r;
}

/* Everything but the sealed VMK; the password's key goes into a lane. */
static int key_begin(struct swarm_key *k, struct bitlocker_lanes *lanes)
{
	struct secret *key CLEANUP_SECRET = secret_new(RECOVERY_KEY_LEN);

	if (!key)
		return -ENOMEM;
	key_new(k);
	randombytes_buf(key->data, key->len);
	password_of(key->data, k->password);
	int lane = bitlocker_lanes_put(lanes, key, k->blob.salt);
	return lane < 0 ? lane : 0;
}

static size_t take_some(struct work *w, size_t most, struct swarm_key **ret)
{
	pthread_mutex_lock(&w->lock);
	size_t n = w->failed ? 0 : w->end - w->next;
	n = n < most ? n : most;
	*ret = w->keys + w->next;
	if (n && w->next / SAY_EVERY != (w->next + n) / SAY_EVERY)
		(void)fprintf(stderr, "swarm: %zu of %zu keys\n", w->next + n, w->end);
	w->next += n;
	pthread_mutex_unlock(&w->lock);
	return n;
}

static int make_some(
        struct work *w, struct bitlocker_lanes *lanes, struct swarm_key *keys, size_t n)
{
	struct secret *stretched;
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = key_begin(&keys[i], lanes);
	for (size_t i = 0; r == 0 && i < BITLOCKER_SLICES; i++)
		r = bitlocker_lanes_run(lanes);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = bitlocker_lanes_take(lanes, i, &stretched);
		if (r < 0)
			break;
		r = key_seal(&keys[i], stretched);
		if (r == 0)
			r = siblings_seal(w, &keys[i], stretched);
		secret_free(stretched);
	}
	return r;
}

static void *make(void *context)
{
	struct work *w = context;
	struct bitlocker_lanes_figures figures;
	struct swarm_key *keys;
	size_t n;
	struct bitlocker_lanes *lanes = bitlocker_lanes_new();
	int r = lanes ? 0 : -ENOMEM;

	bitlocker_lanes_measure(&figures);
	while (r == 0 && (n = take_some(w, figures.best, &keys)) > 0)
		r = make_some(w, lanes, keys, n);
	bitlocker_lanes_free(lanes);
	if (r < 0) {
		pthread_mutex_lock(&w->lock);
		w->failed = r;
		pthread_mutex_unlock(&w->lock);
	}
	return NULL;
}

static int make_all(struct swarm_key *keys, size_t from, size_t stretched, size_t count)
{
	struct work w = {.keys = keys, .next = from, .end = stretched, .count = count};
	struct bitlocker_lanes_figures figures;
	pthread_t threads[THREADS_MAX];
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = processors < 1 ? 1 : (size_t)processors, started = 0;

	bitlocker_lanes_measure(&figures); /* before the threads: once */
	pthread_mutex_init(&w.lock, NULL);
	while (started < n && started < THREADS_MAX &&
	        pthread_create(&threads[started], NULL, make, &w) == 0)
		started++;
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	return started ? w.failed : -EAGAIN;
}

/* A whole set in place of the old one: a run that is stopped leaves no half of it. */
static int set_save(const char *path, const struct swarm_key *keys, size_t count)
{
	char fresh[4096];

	(void)snprintf(fresh, sizeof(fresh), "%s.%d", path, (int)getpid());
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f)
		return -errno;
	bool whole = fwrite(keys, sizeof(*keys), count, f) == count;
	whole = fclose(f) == 0 && whole;
	return whole && rename(fresh, path) == 0 ? 0 : -EIO;
}

static size_t set_load(const char *path, struct swarm_key *keys, size_t count)
{
	FILE *f = fopen(path, "re");
	size_t had = f ? fread(keys, sizeof(*keys), count, f) : 0;

	if (f)
		(void)fclose(f);
	return had;
}

int swarm_keys(const char *path, size_t count, size_t stretchings, struct swarm_key **ret)
{
	struct swarm_key *keys = calloc(count ? count : 1, sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	size_t had = set_load(path, keys, count);
	bool shared = stretchings > 0 && stretchings < count;
	int r = 0;
	if (had < count)
		r = make_all(keys, shared ? 0 : had, shared ? stretchings : count, count);
	if (r == 0 && had < count)
		r = set_save(path, keys, count);
	if (r < 0) {
		(void)fprintf(stderr, "swarm: keys %s: %s\n", path, strerror(-r));
		free(keys);
		return r;
	}
	*ret = keys;
	return 0;
}
