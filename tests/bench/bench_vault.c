/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *   bench_vault DIR LOOKUPS
 *
 * Looks up that many key IDs of the vault in DIR in random order, then as many that it does not
 * have. Prints one JSON object: microseconds a lookup, the key copied to locked memory of its own
 * and freed again.
 */
#include "appliance/escrow/vault/vault.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct ids {
	struct guid *all;
	size_t count, room;
};

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int collect(void *context, const struct vault_record *r)
{
	struct ids *ids = context;

	if (ids->count == ids->room) {
		ids->room = ids->room ? 2 * ids->room : 4096;
		ids->all = reallocarray(ids->all, ids->room, sizeof(*ids->all));
		if (!ids->all)
			return -1;
	}
	ids->all[ids->count++] = r->id;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* False when one lookup does not give what it should. */
static bool measure(struct vault *v, const struct ids *ids, size_t lookups, bool there)
{
	double *times = calloc(lookups, sizeof(*times)), sum = 0;
	struct error err = {0};
	bool good = times != NULL;

	for (size_t i = 0; i < lookups && good; i++) {
		struct vault_candidates found = {0};
		struct guid id = ids->all[randombytes_uniform((uint32_t)ids->count)];
		if (!there)
			randombytes_buf(&id, sizeof(id));
		double begun = now();
		good = vault_lookup(v, &id, NULL, &found, &err) == 0 && (found.count == 1) == there;
		vault_candidates_clear(&found);
		times[i] = now() - begun;
		sum += times[i];
	}
	if (good) {
		printf("\"first\": %.1f, \"mean\": %.1f, ", times[0], sum / (double)lookups);
		qsort(times, lookups, sizeof(*times), compare);
		printf("\"median\": %.1f, \"p99\": %.1f, \"longest\": %.1f", times[lookups / 2],
		        times[lookups * 99 / 100], times[lookups - 1]);
	}
	free(times);
	return good;
}

int main(int argc, char **argv)
{
	const struct vault_key key = {.kind = VAULT_KEY_AUTO};
	struct vault *v = NULL;
	struct error err = {0};
	struct ids ids = {0};
	size_t lookups = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	if (lookups == 0) {
		fputs("usage: bench_vault DIR LOOKUPS\n", stderr);
		return 2;
	}
	if (secrets_init() < 0 || vault_open(argv[1], &key, &v, &err) < 0 ||
	        vault_each(v, collect, &ids, &err) < 0 || ids.count == 0) {
		fprintf(stderr, "bench_vault: %s\n", err.text);
		return 1;
	}
	vault_close(v);
	v = NULL;
	if (vault_open(argv[1], &key, &v, &err) < 0)
		return 1;
	printf("{\"keys\": %zu, \"found\": {", ids.count);
	bool good = measure(v, &ids, lookups, true);
	printf("}, \"not there\": {");
	good = good && measure(v, &ids, lookups, false);
	puts("}}");
	vault_close(v);
	free(ids.all);
	return good ? 0 : 1;
}
