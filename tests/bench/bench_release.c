/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How many keys are released in a second and where the time goes, from the lookup in a vault to the
 * sealed box; what is compared is measured in turn, in one run.
 *
 *   bench_release DIR       DIR is on the disk whose fsync counts
 */
#include "appliance/escrow/audit/audit.h"
#include "appliance/escrow/stretcher.h"
#include "appliance/escrow/vault/vault.h"
#include "tests/generators/bitlocker_crypto.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define KEYS         10000 /* in the vault */
#define MACHINES     128   /* with a volume and a password each */
#define ONE_BY_ONE   8     /* of them, for what is slow */
#define TURNS        3
#define REPEAT       1000
#define THREADS_MAX  256
#define VMK_DATUM    44 /* a key datum: 12 bytes of header, 32 of key */
#define AUDIT_SINGLE 50

struct machine {
	struct guid id;
	struct bitlocker_blob blob;
};

struct bench {
	struct vault *vault;
	struct audit *audit;
	struct stretcher *stretcher; /* NULL: each password by libcrypto, alone */
	uint8_t public_key[crypto_box_PUBLICKEYBYTES];
	struct machine machines[MACHINES];
	pthread_mutex_t lock;
	size_t next, count;
};

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench_release: %s failed\n", what);
	exit(1);
}

static double clock_of(clockid_t id)
{
	struct timespec now;

	(void)clock_gettime(id, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double wall(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

/* Of this thread's processor time, which other people's load does not change much. */
static double spent(void)
{
	return clock_of(CLOCK_THREAD_CPUTIME_ID);
}

/* --- what is released ---------------------------------------------------------------------------
 */

static void fill_vault(struct bench *b)
{
	struct error err = {0};
	enum vault_added added;

	need(vault_begin(b->vault, &err) == 0, "vault");
	for (size_t i = 0; i < KEYS; i++) {
		struct secret *key = secret_new(VAULT_RECOVERY_KEY_LEN);
		struct vault_entry entry = {.key = key, .has_id = true, .host = "PC", .serial = ""};
		need(key != NULL, "locked memory");
		randombytes_buf(key->data, key->len);
		randombytes_buf(&entry.id, sizeof(entry.id));
		if (i < MACHINES)
			b->machines[i].id = entry.id;
		need(vault_add(b->vault, VAULT_IMPORT, &entry, &added, &err) == 0, "vault_add");
		secret_free(key);
	}
	need(vault_commit(b->vault, &err) == 0, "vault_commit");
}

static struct secret *look_up(struct bench *b, const struct machine *m)
{
	struct vault_candidates found;

	need(vault_lookup(b->vault, &m->id, "", &found, NULL) == 0 && found.count == 1, "lookup");
	struct secret *key = secret_copy(found.keys[0]->data, found.keys[0]->len);
	vault_candidates_clear(&found);
	need(key != NULL, "locked memory");
	return key;
}

/* A volume that this password opens. */
static void make_blob(struct bench *b, struct machine *m)
{
	static const uint8_t header[12] = {VMK_DATUM, 0, 0, 0, 1, 0, 1, 0, 0, 0x20, 0, 0};
	uint8_t datum[VMK_DATUM];
	struct secret *key = look_up(b, m), *stretched = NULL;

	randombytes_buf(&m->blob, sizeof(m->blob));
	randombytes_buf(datum, sizeof(datum));
	memcpy(datum, header, sizeof(header));
	need(stretcher_stretch(b->stretcher, key, m->blob.salt, 0, &stretched) == 0, "stretching");
	need(fve_seal(stretched->data, m->blob.sealed, datum, sizeof(datum), m->blob.sealed + 12) ==
	                0,
	        "sealing a blob");
	secret_free(stretched);
	secret_free(key);
}

/* --- one release --------------------------------------------------------------------------------
 */

static void append_record(struct bench *b, const struct machine *m)
{
	char id[GUID_TEXT];

	guid_format(&m->id, id);
	/* As long as one of escrow's. */
	json_t *fields = json_pack("{s:s,s:s,s:s,s:s,s:s,s:[],s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}",
	        "campaign", "default", "decision", "released", "reason", "OK", "source", "vault",
	        "origin", "PC-0001.example.org", "approved_by", "machine", "PC-0001", "uuid", id,
	        "serial", "SERIAL-0001", "mac", "52:54:00:12:34:56", "ip", "10.20.30.40", "session",
	        "0123456789abcdef", "volume", id, "protector", id);
	need(fields && audit_append(b->audit, "release", fields, NULL) == 0, "audit record");
	json_decref(fields);
}

static void seal(struct bench *b, const struct secret *vmk)
{
	struct secret *plain = secret_new(GUID_LEN + vmk->len);
	uint8_t box[GUID_LEN + BITLOCKER_KEY_LEN + crypto_box_SEALBYTES];

	memcpy(plain->data + GUID_LEN, vmk->data, vmk->len);
	need(crypto_box_seal(box, plain->data, plain->len, b->public_key) == 0, "seal");
	secret_free(plain);
}

static void release(struct bench *b, struct machine *m, uint64_t turn)
{
	struct secret *key = look_up(b, m), *stretched = NULL, *vmk = NULL;

	int r = b->stretcher ? stretcher_stretch(b->stretcher, key, m->blob.salt, turn, &stretched)
	                     : bitlocker_stretch(key, m->blob.salt, &stretched);
	need(r == 0 && bitlocker_blob_open(&m->blob, stretched, &vmk) == 0, "opening a blob");
	append_record(b, m);
	seal(b, vmk);
	secret_free(vmk);
	secret_free(stretched);
	secret_free(key);
}

static size_t take_one(struct bench *b)
{
	pthread_mutex_lock(&b->lock);
	size_t i = b->next < b->count ? b->next++ : SIZE_MAX;
	pthread_mutex_unlock(&b->lock);
	return i;
}

static void *serve(void *context)
{
	struct bench *b = context;
	size_t i;

	while ((i = take_one(b)) != SIZE_MAX)
		release(b, &b->machines[i], i);
	return NULL;
}

static void *make_blobs(void *context)
{
	struct bench *b = context;
	size_t i;

	while ((i = take_one(b)) != SIZE_MAX)
		make_blob(b, &b->machines[i]);
	return NULL;
}

static void *append_many(void *context)
{
	struct bench *b = context;

	while (take_one(b) != SIZE_MAX)
		append_record(b, &b->machines[0]);
	return NULL;
}

/* Seconds for count pieces of work by so many threads. */
static double run(struct bench *b, void *(*work)(void *), size_t count, size_t threads)
{
	pthread_t list[THREADS_MAX];
	double begun = wall();

	b->next = 0;
	b->count = count;
	for (size_t i = 0; i < threads; i++)
		need(pthread_create(&list[i], NULL, work, b) == 0, "thread");
	for (size_t i = 0; i < threads; i++)
		need(pthread_join(list[i], NULL) == 0, "thread");
	return wall() - begun;
}

/* --- the figures --------------------------------------------------------------------------------
 */

static void bench_stretching(void)
{
	struct bitlocker_lanes_figures figures;
	struct bitlocker_lanes *lanes = bitlocker_lanes_new();
	struct secret *key = secret_new(16), *stretched = NULL;
	static const uint8_t salt[BITLOCKER_SALT_LEN];

	need(lanes && key, "lanes");
	bitlocker_lanes_measure(&figures);
	printf("Stretching, passwords a second and processor (alone by libcrypto; side by side, "
	       "%zu "
	       "at once):\n",
	        figures.best);
	for (size_t turn = 0; turn < TURNS; turn++) {
		double begun = spent();
		need(bitlocker_stretch(key, salt, &stretched) == 0, "stretching");
		double alone = 1 / (spent() - begun);
		secret_free(stretched);
		for (size_t i = 0; i < figures.best; i++)
			need(bitlocker_lanes_put(lanes, key, salt) >= 0, "lanes");
		begun = spent();
		for (size_t i = 0; i < BITLOCKER_SLICES; i++)
			need(bitlocker_lanes_run(lanes) == 0, "lanes");
		double together = (double)figures.best / (spent() - begun);
		for (size_t i = 0; i < figures.best; i++)
			bitlocker_lanes_drop(lanes, i);
		printf("  alone %.2f, side by side %.2f: %.1f times\n", alone, together,
		        together / alone);
	}
	bitlocker_lanes_free(lanes);
	secret_free(key);
}

static void bench_parts(struct bench *b)
{
	struct bitlocker_lanes_figures figures;
	struct secret *key = secret_new(16), *stretched = NULL, *vmk = NULL;
	struct machine *m = &b->machines[0];

	bitlocker_lanes_measure(&figures);
	printf("\nWhere the time of one release goes, in ms:\n  stretching %.2f (of processor "
	       "time)\n",
	        1000 / figures.per_second);
	double begun = wall();
	for (size_t i = 0; i < REPEAT; i++)
		secret_free(look_up(b, &b->machines[i % MACHINES]));
	printf("  lookup in a vault of %d keys %.3f\n", KEYS, 1000 * (wall() - begun) / REPEAT);
	secret_free(key);
	key = look_up(b, m);
	need(stretcher_stretch(b->stretcher, key, m->blob.salt, 0, &stretched) == 0, "stretching");
	begun = wall();
	for (size_t i = 0; i < REPEAT; i++) {
		need(bitlocker_blob_open(&m->blob, stretched, &vmk) == 0, "opening a blob");
		if (i + 1 < REPEAT)
			secret_free(vmk);
	}
	printf("  trying it on the blob %.3f\n", 1000 * (wall() - begun) / REPEAT);
	printf("  audit record on the disk %.3f",
	        1000 * run(b, append_many, AUDIT_SINGLE, 1) / AUDIT_SINGLE);
	printf("; %.3f when 32 wait at the same time\n",
	        1000 * run(b, append_many, REPEAT, 32) / REPEAT);
	begun = wall();
	for (size_t i = 0; i < REPEAT; i++)
		seal(b, vmk);
	printf("  sealing %.3f\n", 1000 * (wall() - begun) / REPEAT);
	secret_free(vmk);
	secret_free(stretched);
	secret_free(key);
}

static void bench_releases(struct bench *b)
{
	struct stretcher *stretcher = stretcher_new(0);
	struct bitlocker_lanes_figures figures;

	need(stretcher != NULL, "stretcher");
	bitlocker_lanes_measure(&figures);
	size_t width = stretcher_width(stretcher), threads = width / figures.best;
	b->stretcher = NULL;
	double alone = ONE_BY_ONE / run(b, serve, ONE_BY_ONE, threads);
	b->stretcher = stretcher;
	double together =
	        MACHINES / run(b, serve, MACHINES, width < THREADS_MAX ? width : THREADS_MAX);
	printf("\nReleases a second, %zu processors, each with another password, all of the way:\n"
	       "  each password alone %.1f, side by side %.1f: %.1f times\n",
	        threads, alone, together, together / alone);
	double again = MACHINES / run(b, serve, MACHINES, 1);
	printf("  to machines that ask again %.0f\n", again);
	stretcher_free(stretcher);
	b->stretcher = NULL;
}

int main(int argc, char **argv)
{
	static struct bench b;
	uint8_t private_key[crypto_box_SECRETKEYBYTES];
	char dir[4096], path[4200];
	const struct vault_key auto_key = {.kind = VAULT_KEY_AUTO};
	struct error err = {0};

	need(argc == 2 && secrets_init() == 0, "start");
	(void)snprintf(dir, sizeof(dir), "%s/bench-release-XXXXXX", argv[1]);
	need(mkdtemp(dir) != NULL, "mkdtemp");
	pthread_mutex_init(&b.lock, NULL);
	(void)crypto_box_keypair(b.public_key, private_key);
	need(vault_open(dir, &auto_key, &b.vault, &err) == 0, "vault_open");
	need(audit_open(dir, &b.audit, &err) == 0, "audit_open");
	fill_vault(&b);
	bench_stretching();
	b.stretcher = stretcher_new(0);
	need(b.stretcher != NULL, "stretcher");
	(void)run(&b, make_blobs, MACHINES, stretcher_width(b.stretcher));
	bench_parts(&b);
	stretcher_free(b.stretcher);
	bench_releases(&b);
	audit_close(b.audit);
	vault_close(b.vault);
	static const char *const names[] = {
	        "vault.db", "vault.db-wal", "vault.db-shm", "vault.key", "audit.log", "audit.head"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		(void)remove(path);
	}
	return remove(dir) == 0 ? 0 : 1;
}
