/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose record is whose. */
#include "appliance/escrow/vault/bmc_internal.h"

#include <errno.h>
#include <string.h>

static int damaged(struct error *err)
{
	return error_set(err, -EBADMSG, REASON_INTERNAL,
	        "the vault's row for this management controller is damaged: import its line again");
}

int bmc_load(struct vault *v, int64_t n, bool password, struct vault_bmc *ret, struct error *err)
{
	struct secret *plain CLEANUP_SECRET = secret_new(sizeof(struct bmc_plain));
	sqlite3_stmt *sql;

	if (!plain)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	if (sqlite3_prepare_v2(v->db, "SELECT nonce, box FROM bmcs WHERE n=?1", -1, &sql, NULL))
		return store_error(v, err, "controller");
	sqlite3_bind_int64(sql, 1, n);
	int step = sqlite3_step(sql);
	int r = step == SQLITE_ROW
	                ? bmc_open(v, BMC_BOX_RECORD, n, sql, 0, plain->data, plain->len, err)
	        : step == SQLITE_DONE ? -ENOENT
	                              : store_error(v, err, "controller");
	sqlite3_finalize(sql);
	if (r == -EBADMSG)
		return damaged(err);
	return r < 0 ? r : bmc_from_plain((const void *)plain->data, n, password, ret, err);
}

static int add_number(int64_t n, int64_t *ret, size_t max, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		if (ret[i] == n)
			return 0;
	if (*count == max)
		return -E2BIG;
	ret[(*count)++] = n;
	return 0;
}

int bmc_numbers(struct vault *v, const uint8_t (*hashes)[NAME_HASH_LEN], size_t count, int64_t *ret,
        size_t max, size_t *ret_count, struct error *err)
{
	sqlite3_stmt *sql;
	int r = 0;

	*ret_count = 0;
	if (sqlite3_prepare_v2(
	            v->db, "SELECT n FROM bmc_names WHERE hash=?1 ORDER BY n", -1, &sql, NULL))
		return store_error(v, err, "controller");
	for (size_t i = 0; r == 0 && i < count; i++) {
		int step;
		sqlite3_reset(sql);
		sqlite3_bind_blob(sql, 1, hashes[i], NAME_HASH_LEN, SQLITE_STATIC);
		while (r == 0 && (step = sqlite3_step(sql)) == SQLITE_ROW)
			r = add_number(sqlite3_column_int64(sql, 0), ret, max, ret_count);
		if (r == 0 && step != SQLITE_DONE)
			r = store_error(v, err, "controller");
	}
	sqlite3_finalize(sql);
	return r;
}

/* Somebody who can write the file could hang a box under another machine's hash. */
static bool has_hash(
        const struct vault *v, const struct vault_bmc *b, const uint8_t hash[NAME_HASH_LEN])
{
	struct bmc_hashes own;

	bmc_hash_machine(v, &b->machine, &own);
	for (size_t i = 0; i < own.count; i++)
		if (memcmp(own.hashes[i], hash, NAME_HASH_LEN) == 0)
			return true;
	return false;
}

/* The surest identity that names a record decides. */
static int find_record(struct vault *v, const struct vault_bmc_machine *m, bool password,
        struct vault_bmc *ret, struct error *err)
{
	struct bmc_hashes wanted;
	int64_t n[1];
	size_t count = 0;

	bmc_hash_machine(v, m, &wanted);
	for (size_t i = 0; i < wanted.count; i++) {
		int r = bmc_numbers(v, &wanted.hashes[i], 1, n, 1, &count, err);
		if (r < 0 && r != -E2BIG)
			return r;
		if (count == 0)
			continue;
		r = bmc_load(v, n[0], password, ret, err);
		if (r == 0 && !has_hash(v, ret, wanted.hashes[i])) {
			vault_bmc_clear(ret);
			r = damaged(err);
		}
		return r;
	}
	return -ENOENT;
}

/* Without one of its own: its group's, then the default one. */
static int find_login(struct vault *v, struct vault_bmc *b, struct error *err)
{
	if (b->user[0] || b->password)
		return 0;
	int r = b->group[0] ? bmc_login_load(v, b->group, b, err) : -ENOENT;
	if (r == -ENOENT)
		r = bmc_login_load(v, VAULT_BMC_DEFAULT, b, err);
	return r == -ENOENT ? 0 : r;
}

int vault_bmc_find(struct vault *v, const struct vault_bmc_machine *m, bool login,
        struct vault_bmc *ret, struct error *err)
{
	struct vault_bmc b = {0};

	pthread_mutex_lock(&v->lock);
	int r = vault_ready(v, err);
	if (r == 0)
		r = find_record(v, m, login, &b, err);
	if (r == 0 && login)
		r = find_login(v, &b, err);
	pthread_mutex_unlock(&v->lock);
	if (r < 0)
		vault_bmc_clear(&b);
	else
		*ret = b;
	return r;
}
