/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logins of groups, and the default one. */
#include "appliance/escrow/vault/bmc_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int no_memory(struct error *err)
{
	return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
}

static int damaged(const char *group, struct error *err)
{
	return error_set(err, -EBADMSG, REASON_INTERNAL,
	        "the vault's row for the login %s%s is damaged: netmend power login sets it again",
	        group[0] ? "of group " : "that is the default", group);
}

int bmc_login_load(struct vault *v, const char *group, struct vault_bmc *b, struct error *err)
{
	struct secret *box CLEANUP_SECRET = secret_new(sizeof(struct bmc_login_plain));
	uint8_t hash[NAME_HASH_LEN];
	sqlite3_stmt *sql;

	if (!box)
		return no_memory(err);
	if (sqlite3_prepare_v2(
	            v->db, "SELECT n, nonce, box FROM bmc_logins WHERE hash=?1", -1, &sql, NULL))
		return store_error(v, err, "login");
	bmc_hash_group(v, group, hash);
	sqlite3_bind_blob(sql, 1, hash, NAME_HASH_LEN, SQLITE_STATIC);
	int step = sqlite3_step(sql);
	int r = step == SQLITE_ROW ? bmc_open(v, BMC_BOX_LOGIN, sqlite3_column_int64(sql, 0), sql,
	                                     1, box->data, box->len, err)
	        : step == SQLITE_DONE ? -ENOENT
	                              : store_error(v, err, "login");
	sqlite3_finalize(sql);
	const struct bmc_login_plain *p = (const void *)box->data;
	if (r == -EBADMSG || (r == 0 && strcasecmp(p->group, group) != 0))
		return damaged(group, err);
	if (r < 0)
		return r;
	text_clean(b->user, sizeof(b->user), p->user);
	b->password = secret_copy(p->password, strnlen(p->password, sizeof(p->password) - 1) + 1);
	return b->password ? 0 : no_memory(err);
}

static int login_remove(struct vault *v, const uint8_t hash[NAME_HASH_LEN], struct error *err)
{
	sqlite3_stmt *sql;

	if (sqlite3_prepare_v2(v->db, "DELETE FROM bmc_logins WHERE hash=?1", -1, &sql, NULL))
		return store_error(v, err, "login");
	sqlite3_bind_blob(sql, 1, hash, NAME_HASH_LEN, SQLITE_STATIC);
	int r = sqlite3_step(sql) == SQLITE_DONE ? sqlite3_changes(v->db) > 0 ? 0 : -ENOENT
	                                         : store_error(v, err, "login");
	sqlite3_finalize(sql);
	return r;
}

static int login_insert(struct vault *v, int64_t n, const uint8_t hash[NAME_HASH_LEN],
        const struct secret *plain, struct error *err)
{
	uint8_t nonce[NONCE_LEN], box[sizeof(struct bmc_login_plain) + TAG_LEN];
	int r = bmc_seal(v, BMC_BOX_LOGIN, n, plain->data, plain->len, nonce, box, err);
	sqlite3_stmt *sql;

	if (r < 0)
		return r;
	if (sqlite3_prepare_v2(v->db, "INSERT INTO bmc_logins VALUES(?1,?2,?3,?4)", -1, &sql, NULL))
		return store_error(v, err, "login");
	sqlite3_bind_int64(sql, 1, n);
	sqlite3_bind_blob(sql, 2, hash, NAME_HASH_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(sql, 3, nonce, NONCE_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(sql, 4, box, sizeof(box), SQLITE_STATIC);
	r = sqlite3_step(sql) == SQLITE_DONE ? 0 : store_error(v, err, "login");
	sqlite3_finalize(sql);
	return r;
}

static int login_put(struct vault *v, const char *group, const char *user,
        const struct secret *password, struct error *err)
{
	struct secret *plain CLEANUP_SECRET = secret_new(sizeof(struct bmc_login_plain));
	uint8_t hash[NAME_HASH_LEN];
	int64_t n = 0;

	if (!plain)
		return no_memory(err);
	bmc_hash_group(v, group, hash);
	int r = login_remove(v, hash, err);
	if (r == 0 || (r == -ENOENT && user))
		r = bmc_revise(v, &n, err);
	if (r < 0 || !user)
		return r;
	struct bmc_login_plain *p = (void *)plain->data;
	memset(p, 0, sizeof(*p));
	text_clean(p->group, sizeof(p->group), group);
	text_clean(p->user, sizeof(p->user), user);
	(void)snprintf(p->password, sizeof(p->password), "%s", (const char *)password->data);
	return login_insert(v, n, hash, plain, err);
}

int vault_bmc_login_put(struct vault *v, const char *group, const char *user,
        const struct secret *password, struct error *err)
{
	if (strlen(group) >= VAULT_BMC_GROUP || (user && strlen(user) >= VAULT_BMC_USER) ||
	        (password && password->len > VAULT_BMC_PASSWORD))
		return error_set(err, -EINVAL, REASON_USAGE,
		        "group and user have up to %d bytes, the password up to %d",
		        VAULT_BMC_USER - 1, VAULT_BMC_PASSWORD - 1);
	pthread_mutex_lock(&v->lock);
	int r = vault_ready(v, err);
	if (r == 0)
		r = store_run(v, "BEGIN IMMEDIATE", err);
	if (r == 0)
		r = login_put(v, group, user, password, err);
	if (r == 0)
		r = store_run(v, "COMMIT", err);
	store_roll_back(v);
	pthread_mutex_unlock(&v->lock);
	return r;
}

static int login_tell(struct vault *v, sqlite3_stmt *sql, struct bmc_login_plain *p,
        int (*take)(void *context, const char *group, const char *user), void *context,
        struct error *err)
{
	int r = bmc_open(
	        v, BMC_BOX_LOGIN, sqlite3_column_int64(sql, 0), sql, 1, p, sizeof(*p), err);

	if (r < 0)
		return r == -EBADMSG ? damaged("", err) : r;
	return take(context, p->group, p->user);
}

int vault_bmc_logins(struct vault *v,
        int (*take)(void *context, const char *group, const char *user), void *context,
        struct error *err)
{
	struct secret *plain CLEANUP_SECRET = secret_new(sizeof(struct bmc_login_plain));
	sqlite3_stmt *sql = NULL;
	int step = SQLITE_DONE;

	if (!plain)
		return no_memory(err);
	pthread_mutex_lock(&v->lock);
	int r = vault_ready(v, err);
	if (r == 0 && sqlite3_prepare_v2(v->db, "SELECT n, nonce, box FROM bmc_logins ORDER BY n",
	                      -1, &sql, NULL))
		r = store_error(v, err, "login");
	while (r == 0 && (step = sqlite3_step(sql)) == SQLITE_ROW)
		r = login_tell(v, sql, (void *)plain->data, take, context, err);
	if (r == 0 && step != SQLITE_DONE)
		r = store_error(v, err, "login");
	sqlite3_finalize(sql);
	pthread_mutex_unlock(&v->lock);
	return r;
}
