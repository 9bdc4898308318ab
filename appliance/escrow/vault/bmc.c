/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/bmc.h"
#include "appliance/escrow/vault/bmc_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define REVISION "bmc_revision"

void vault_bmc_clear(struct vault_bmc *b)
{
	secret_free(b->password);
	*b = (struct vault_bmc){0};
}

int bmc_revise(struct vault *v, int64_t *ret, struct error *err)
{
	int64_t n = 0;
	int r = store_meta_get(v, REVISION, &n, sizeof(n), err);

	if (r < 0 && r != -ENOENT)
		return r;
	n++;
	r = store_meta_put(v, REVISION, &n, sizeof(n), err);
	if (r == 0)
		*ret = n;
	return r;
}

/* --- one record in --------------------------------------------------------------------------- */

static int run_with(struct vault *v, const char *text, int64_t n, struct error *err)
{
	sqlite3_stmt *sql;

	if (sqlite3_prepare_v2(v->db, text, -1, &sql, NULL))
		return store_error(v, err, "controller");
	sqlite3_bind_int64(sql, 1, n);
	int r = sqlite3_step(sql) == SQLITE_DONE ? 0 : store_error(v, err, "controller");
	sqlite3_finalize(sql);
	return r;
}

static int delete_record(struct vault *v, int64_t n, struct error *err)
{
	int r = run_with(v, "DELETE FROM bmc_names WHERE n=?1", n, err);

	return r < 0 ? r : run_with(v, "DELETE FROM bmcs WHERE n=?1", n, err);
}

static int insert_names(struct vault *v, int64_t n, const struct vault_bmc *b, struct error *err)
{
	struct bmc_hashes h;
	sqlite3_stmt *sql;
	int r = 0;

	bmc_hash_machine(v, &b->machine, &h);
	bmc_hash_address(v, b->address, b->port, h.hashes[h.count++]);
	if (sqlite3_prepare_v2(v->db, "INSERT INTO bmc_names VALUES(?1,?2) ON CONFLICT DO NOTHING",
	            -1, &sql, NULL))
		return store_error(v, err, "controller");
	for (size_t i = 0; r == 0 && i < h.count; i++) {
		sqlite3_reset(sql);
		sqlite3_bind_blob(sql, 1, h.hashes[i], NAME_HASH_LEN, SQLITE_STATIC);
		sqlite3_bind_int64(sql, 2, n);
		r = sqlite3_step(sql) == SQLITE_DONE ? 0 : store_error(v, err, "controller");
	}
	sqlite3_finalize(sql);
	return r;
}

static int insert_record(struct vault *v, int64_t n, const struct vault_bmc *b, struct error *err)
{
	struct secret *plain CLEANUP_SECRET = secret_new(sizeof(struct bmc_plain));
	uint8_t nonce[NONCE_LEN], box[sizeof(struct bmc_plain) + TAG_LEN];
	sqlite3_stmt *sql;

	if (!plain)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	bmc_to_plain(b, (void *)plain->data);
	int r = bmc_seal(v, BMC_BOX_RECORD, n, plain->data, plain->len, nonce, box, err);
	if (r < 0)
		return r;
	if (sqlite3_prepare_v2(v->db, "INSERT INTO bmcs VALUES(?1,?2,?3)", -1, &sql, NULL))
		return store_error(v, err, "controller");
	sqlite3_bind_int64(sql, 1, n);
	sqlite3_bind_blob(sql, 2, nonce, NONCE_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(sql, 3, box, sizeof(box), SQLITE_STATIC);
	r = sqlite3_step(sql) == SQLITE_DONE ? 0 : store_error(v, err, "controller");
	sqlite3_finalize(sql);
	return r < 0 ? r : insert_names(v, n, b, err);
}

/* In the place of the record old (0: none), which keeps its number. */
static int write_record(struct vault *v, int64_t old, const struct vault_bmc *b, struct error *err)
{
	int64_t n;
	int r = bmc_revise(v, &n, err);

	if (r == 0 && old)
		r = delete_record(v, old, err);
	return r < 0 ? r : insert_record(v, old ? old : n, b, err);
}

/* --- whose place it takes -------------------------------------------------------------------- */

static int several(struct vault *v, const int64_t *n, const char *what, struct error *err)
{
	struct vault_bmc one = {0}, two = {0};
	int r = bmc_load(v, n[0], false, &one, err);

	if (r == 0)
		r = bmc_load(v, n[1], false, &two, err);
	if (r == 0)
		r = error_set(err, -EEXIST, REASON_USAGE,
		        "%s: the records of %s (%s) and %s (%s); netmend power remove takes one "
		        "away",
		        what, one.machine.name, one.address, two.machine.name, two.address);
	return r;
}

/* The machine's record there is, 0: none. */
static int find_place(struct vault *v, const struct vault_bmc *b, int64_t *ret, struct error *err)
{
	uint8_t address[1][NAME_HASH_LEN];
	struct bmc_hashes h;
	int64_t n[2], at[1];
	size_t count = 0, there = 0;

	bmc_hash_machine(v, &b->machine, &h);
	if (h.count == 0)
		return error_set(err, -EINVAL, REASON_USAGE,
		        "neither name, UUID, serial number nor MAC says which machine it is");
	int r = bmc_numbers(
	        v, (const uint8_t(*)[NAME_HASH_LEN])h.hashes, h.count, n, 2, &count, err);
	if (r == -E2BIG || (r == 0 && count > 1))
		return several(v, n, "its name, UUID, serial number and MACs are of several", err);
	if (r < 0)
		return r;
	*ret = count ? n[0] : 0;
	bmc_hash_address(v, b->address, b->port, address[0]);
	r = bmc_numbers(v, (const uint8_t(*)[NAME_HASH_LEN])address, 1, at, 1, &there, err);
	if (r < 0 || there == 0 || at[0] == *ret)
		return r;
	struct vault_bmc other = {0};
	r = bmc_load(v, at[0], false, &other, err);
	return r < 0 ? r
	             : error_set(err, -EEXIST, REASON_USAGE,
	                       "%s is the controller of %s already: one of the two lines is "
	                       "wrong",
	                       b->address, other.machine.name);
}

static bool same_place(const struct vault_bmc *a, const struct vault_bmc *b)
{
	return strcmp(a->address, b->address) == 0 && a->port == b->port;
}

static bool same_secret(const struct secret *a, const struct secret *b)
{
	if (!a || !b)
		return a == b;
	return a->len == b->len && sodium_memcmp(a->data, b->data, a->len) == 0;
}

static bool same(const struct vault_bmc *a, const struct vault_bmc *b)
{
	return memcmp(&a->machine, &b->machine, sizeof(a->machine)) == 0 && same_place(a, b) &&
	       strcmp(a->type, b->type) == 0 && strcmp(a->group, b->group) == 0 &&
	       strcmp(a->user, b->user) == 0 && strcmp(a->pin, b->pin) == 0 &&
	       same_secret(a->password, b->password);
}

/* What the record keeps that b does not say. all is b's, but password and pin of b may come from
 * was, which keeps its own. */
static void keep_known(const struct vault_bmc *was, struct vault_bmc *all)
{
	if (!same_place(was, all))
		return;
	if (!all->pin[0])
		(void)snprintf(all->pin, sizeof(all->pin), "%s", was->pin);
	if (!all->user[0] && !all->password) {
		(void)snprintf(all->user, sizeof(all->user), "%s", was->user);
		all->password = was->password;
	}
}

/* Clean and without anything behind the texts' ends: two that say the same are equal. */
static int cleaned(const struct vault_bmc *b, struct vault_bmc *ret, struct error *err)
{
	struct secret *plain CLEANUP_SECRET = secret_new(sizeof(struct bmc_plain));
	struct timespec now;

	if (!plain)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	bmc_to_plain(b, (void *)plain->data);
	int r = bmc_from_plain((const void *)plain->data, 0, true, ret, err);
	clock_gettime(CLOCK_REALTIME, &now);
	ret->changed = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	return r;
}

static int put(
        struct vault *v, const struct vault_bmc *b, enum vault_bmc_put *ret, struct error *err)
{
	struct vault_bmc was = {0}, own = {0};
	int64_t old = 0;
	int r = find_place(v, b, &old, err);

	if (r == 0 && old)
		r = bmc_load(v, old, true, &was, err);
	if (r == -EBADMSG)
		r = 0; /* it is written anew */
	if (r == 0)
		r = cleaned(b, &own, err);
	if (r == 0) {
		struct vault_bmc all = own; /* borrows passwords */
		if (old)
			keep_known(&was, &all);
		*ret = !old               ? VAULT_BMC_ADDED
		       : same(&was, &all) ? VAULT_BMC_SAME
		                          : VAULT_BMC_CHANGED;
		if (*ret != VAULT_BMC_SAME)
			r = write_record(v, old, &all, err);
	}
	vault_bmc_clear(&was);
	vault_bmc_clear(&own);
	return r;
}

/* Runs in a transaction of its own, unless the caller has one open. */
static int begin(struct vault *v, bool *ret_own, struct error *err)
{
	int r = vault_ready(v, err);

	*ret_own = sqlite3_get_autocommit(v->db);
	return r == 0 && *ret_own ? store_run(v, "BEGIN IMMEDIATE", err) : r;
}

static int end(struct vault *v, bool own, int r, struct error *err)
{
	if (!own)
		return r;
	if (r == 0)
		r = store_run(v, "COMMIT", err);
	store_roll_back(v);
	return r;
}

int vault_bmc_put(
        struct vault *v, const struct vault_bmc *b, enum vault_bmc_put *ret, struct error *err)
{
	bool own;

	pthread_mutex_lock(&v->lock);
	int r = begin(v, &own, err);
	if (r == 0)
		r = put(v, b, ret, err);
	r = end(v, own, r, err);
	pthread_mutex_unlock(&v->lock);
	return r;
}

/* --- changes of one -------------------------------------------------------------------------- */

int vault_bmc_remove(struct vault *v, int64_t id, struct error *err)
{
	struct vault_bmc b = {0};
	int64_t n;
	bool own;

	pthread_mutex_lock(&v->lock);
	int r = begin(v, &own, err);
	if (r == 0)
		r = bmc_load(v, id, false, &b, err);
	if (r == 0 || r == -EBADMSG)
		r = delete_record(v, id, err);
	if (r == 0)
		r = bmc_revise(v, &n, err);
	r = end(v, own, r, err);
	pthread_mutex_unlock(&v->lock);
	return r;
}

static int pin(struct vault *v, int64_t id, const char *address, const char *certificate,
        bool only_first, struct error *err)
{
	struct vault_bmc b = {0};
	int r = bmc_load(v, id, true, &b, err);

	if (r < 0)
		return r;
	if (strcmp(b.address, address) != 0)
		r = -ESTALE;
	else if (only_first && b.pin[0])
		r = -EEXIST;
	else if (strcmp(b.pin, certificate) != 0) {
		(void)snprintf(b.pin, sizeof(b.pin), "%s", certificate);
		r = write_record(v, id, &b, err);
	}
	vault_bmc_clear(&b);
	return r;
}

int vault_bmc_pin(struct vault *v, int64_t id, const char *address, const char *certificate,
        bool only_first, struct error *err)
{
	bool own;

	pthread_mutex_lock(&v->lock);
	int r = begin(v, &own, err);
	if (r == 0)
		r = pin(v, id, address, certificate, only_first, err);
	r = end(v, own, r, err);
	pthread_mutex_unlock(&v->lock);
	return r;
}

/* --- all of them ----------------------------------------------------------------------------- */

static int tell(struct vault *v, sqlite3_stmt *sql, struct bmc_plain *p,
        int (*take)(void *context, const struct vault_bmc *b), void *context, struct error *err)
{
	struct vault_bmc b = {0};
	int64_t n = sqlite3_column_int64(sql, 0);
	int r = bmc_open(v, BMC_BOX_RECORD, n, sql, 1, p, sizeof(*p), err);

	if (r == 0)
		r = bmc_from_plain(p, n, false, &b, err);
	return r < 0 ? r : take(context, &b);
}

int vault_bmc_each(struct vault *v, int64_t after,
        int (*take)(void *context, const struct vault_bmc *b), void *context, struct error *err)
{
	struct secret *plain CLEANUP_SECRET = secret_new(sizeof(struct bmc_plain));
	sqlite3_stmt *sql = NULL;
	int step = SQLITE_DONE, bad = 0;

	if (!plain)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	pthread_mutex_lock(&v->lock);
	int r = vault_ready(v, err);
	if (r == 0 &&
	        sqlite3_prepare_v2(v->db, "SELECT n, nonce, box FROM bmcs WHERE n>?1 ORDER BY n",
	                -1, &sql, NULL))
		r = store_error(v, err, "controllers");
	if (r == 0)
		sqlite3_bind_int64(sql, 1, after);
	while (r == 0 && (step = sqlite3_step(sql)) == SQLITE_ROW) {
		r = tell(v, sql, (void *)plain->data, take, context, err);
		if (r == -EBADMSG) {
			bad++;
			r = 0;
		}
	}
	if (r == 0 && step != SQLITE_DONE)
		r = store_error(v, err, "controllers");
	sqlite3_finalize(sql);
	pthread_mutex_unlock(&v->lock);
	if (r == 0 && bad > 0)
		r = error_set(err, -EBADMSG, REASON_INTERNAL,
		        "%d of the vault's rows of management controllers are damaged: import "
		        "their "
		        "lines again",
		        bad);
	return r;
}

int vault_bmc_figures(
        struct vault *v, uint64_t *ret_count, int64_t *ret_revision, struct error *err)
{
	sqlite3_stmt *sql = NULL;
	int64_t revision = 0;

	pthread_mutex_lock(&v->lock);
	int r = store_meta_get(v, REVISION, &revision, sizeof(revision), err);
	if (r == -ENOENT)
		r = 0;
	if (r == 0 && sqlite3_prepare_v2(v->db, "SELECT count(*) FROM bmcs", -1, &sql, NULL))
		r = store_error(v, err, "controllers");
	if (r == 0 && sqlite3_step(sql) != SQLITE_ROW)
		r = store_error(v, err, "controllers");
	if (r == 0) {
		*ret_count = (uint64_t)sqlite3_column_int64(sql, 0);
		*ret_revision = revision;
	}
	sqlite3_finalize(sql);
	pthread_mutex_unlock(&v->lock);
	return r;
}
