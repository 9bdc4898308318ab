/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/policy/approvers.h"
#include "appliance/escrow/policy/approvers_file.h"
#include "appliance/escrow/policy/steady.h"
#include "appliance/escrow/policy/tries.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define PASSPHRASE_MIN 8

struct approvers {
	char *dir;
	pthread_mutex_t lock; /* of all below */
	struct approver_list list;
	struct steady clock;
	struct tries tries;
	unsigned at_once;
	pthread_mutex_t turn; /* one Argon2id at a time; never taken while lock is held */
};

int approvers_open(const char *dir, struct approvers **ret, struct error *err)
{
	struct approvers *a = calloc(1, sizeof(*a));

	if (a)
		a->dir = strdup(dir);
	if (!a || !a->dir) {
		free(a);
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	}
	pthread_mutex_init(&a->lock, NULL);
	pthread_mutex_init(&a->turn, NULL);
	int r = approvers_load(dir, &a->list, err);
	if (r < 0)
		approvers_free(a);
	else
		*ret = a;
	return r;
}

void approvers_free(struct approvers *a)
{
	if (!a)
		return;
	pthread_mutex_destroy(&a->lock);
	pthread_mutex_destroy(&a->turn);
	secret_wipe(&a->list, sizeof(a->list));
	free(a->dir);
	free(a);
}

/* --- the list ------------------------------------------------------------------------------------
 */

static struct approver *find(struct approver_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->all[i].name, name) == 0)
			return &list->all[i];
	return NULL;
}

/* The file first: what could not be written does not hold. */
static int replace(struct approvers *a, const struct approver_list *list, struct error *err)
{
	int r = approvers_store(a->dir, list, err);

	if (r == 0)
		a->list = *list;
	return r;
}

static int add_hashed(struct approvers *a, const struct approver *approver, struct error *err)
{
	struct approver_list *list CLEANUP_FREE = malloc(sizeof(*list));

	if (!list)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	*list = a->list;
	if (find(list, approver->name))
		return error_set(err, -EEXIST, REASON_USAGE,
		        "%s is an approver already; remove the old one first", approver->name);
	if (list->count == NM_MAX_APPROVERS)
		return error_set(err, -ENOSPC, REASON_USAGE,
		        "there are %d approvers already; remove one first", NM_MAX_APPROVERS);
	list->all[list->count++] = *approver;
	return replace(a, list, err);
}

int approvers_add(
        struct approvers *a, const char *name, const struct secret *passphrase, struct error *err)
{
	struct approver approver = {0};

	if (!approvers_name_ok(name))
		return error_set(err, -EINVAL, REASON_USAGE,
		        "a name has 1 to %d of a-z 0-9 . _ - @, and is not root",
		        APPROVER_NAME - 1);
	if (passphrase->len < PASSPHRASE_MIN || passphrase->len > NM_MAX_PASSPHRASE)
		return error_set(err, -EINVAL, REASON_USAGE, "a passphrase has %d to %d characters",
		        PASSPHRASE_MIN, NM_MAX_PASSPHRASE);
	(void)snprintf(approver.name, sizeof(approver.name), "%s", name);
	pthread_mutex_lock(&a->turn);
	int r = crypto_pwhash_str(approver.hash, (const char *)passphrase->data, passphrase->len,
	        APPROVERS_OPS, APPROVERS_MEMORY);
	pthread_mutex_unlock(&a->turn);
	if (r < 0)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY,
		        "no 64 MiB of memory for hashing the passphrase");
	pthread_mutex_lock(&a->lock);
	r = add_hashed(a, &approver, err);
	pthread_mutex_unlock(&a->lock);
	secret_wipe(&approver, sizeof(approver));
	return r;
}

static int remove_named(struct approvers *a, const char *name, struct error *err)
{
	struct approver_list *list CLEANUP_FREE = malloc(sizeof(*list));

	if (!list)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory");
	*list = a->list;
	struct approver *approver = find(list, name);
	if (!approver)
		return error_set(err, -ENOENT, REASON_USAGE, "no approver %.31s", name);
	size_t after = (size_t)(&list->all[list->count] - (approver + 1));
	memmove(approver, approver + 1, after * sizeof(*approver));
	list->count--;
	return replace(a, list, err);
}

int approvers_remove(struct approvers *a, const char *name, struct error *err)
{
	pthread_mutex_lock(&a->lock);
	int r = remove_named(a, name, err);
	pthread_mutex_unlock(&a->lock);
	return r;
}

size_t approvers_list(struct approvers *a, char (*ret)[APPROVER_NAME], size_t max)
{
	size_t count = 0;

	pthread_mutex_lock(&a->lock);
	for (; count < a->list.count && count < max; count++)
		memcpy(ret[count], a->list.all[count].name, APPROVER_NAME);
	pthread_mutex_unlock(&a->lock);
	return count;
}

/* --- verifying -----------------------------------------------------------------------------------
 */

struct question {
	char name[APPROVER_NAME]; /* lower case */
	char from[48];
	char hash[crypto_pwhash_STRBYTES];
	bool known; /* the name is there */
};

/* A hash of the same form and cost that is nobody's: salt and hash are zeros. */
static void nobody(char ret[crypto_pwhash_STRBYTES])
{
	(void)snprintf(ret, crypto_pwhash_STRBYTES, "$argon2id$v=19$m=%zu,t=%d,p=1$%.22s$%.43s",
	        APPROVERS_MEMORY / 1024, APPROVERS_OPS, "AAAAAAAAAAAAAAAAAAAAAA",
	        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
}

static bool enter(struct approvers *a, struct question *q, int64_t now)
{
	pthread_mutex_lock(&a->lock);
	int64_t time = steady_at(&a->clock, now);
	unsigned room = APPROVERS_AT_ONCE * (tries_known(&a->tries, q->name, q->from) ? 2 : 1);
	bool allowed = a->at_once < room && tries_allowed(&a->tries, q->name, q->from, time);
	if (allowed) {
		const struct approver *approver = find(&a->list, q->name);
		a->at_once++;
		q->known = approver != NULL;
		if (approver)
			memcpy(q->hash, approver->hash, sizeof(q->hash));
		else
			nobody(q->hash);
	}
	pthread_mutex_unlock(&a->lock);
	return allowed;
}

/* *ret_enough: the memory for it was there. */
static bool passphrase_fits(struct approvers *a, const struct question *q,
        const struct secret *passphrase, bool *ret_enough)
{
	pthread_mutex_lock(&a->turn);
	errno = 0;
	bool fits = crypto_pwhash_str_verify(
	                    q->hash, (const char *)passphrase->data, passphrase->len) == 0;
	*ret_enough = fits || errno == EINVAL;
	pthread_mutex_unlock(&a->turn);
	return fits && q->known;
}

static void leave(
        struct approvers *a, const struct question *q, bool fits, bool enough, int64_t now)
{
	pthread_mutex_lock(&a->lock);
	int64_t time = steady_at(&a->clock, now);
	a->at_once--;
	if (fits)
		tries_succeeded(&a->tries, q->name, q->from, time);
	else if (enough)
		tries_failed(&a->tries, q->name, q->from, time);
	pthread_mutex_unlock(&a->lock);
}

enum reason approvers_verify(struct approvers *a, const char *name, const struct secret *passphrase,
        const char *from, int64_t now)
{
	struct question q = {0};
	bool enough = false;

	/* One that is too long is cut: no approver is called so either. */
	(void)snprintf(q.name, sizeof(q.name), "%s", strlen(name) < APPROVER_NAME ? name : "");
	for (char *c = q.name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	(void)snprintf(q.from, sizeof(q.from), "%s", from);
	if (passphrase->len > NM_MAX_PASSPHRASE)
		return REASON_APPROVER_UNKNOWN;
	if (!enter(a, &q, now))
		return REASON_TRY_LATER;
	bool fits = passphrase_fits(a, &q, passphrase, &enough);
	leave(a, &q, fits, enough, now);
	secret_wipe(&q, sizeof(q));
	if (fits)
		return REASON_OK;
	return enough ? REASON_APPROVER_UNKNOWN : REASON_OUT_OF_MEMORY;
}
