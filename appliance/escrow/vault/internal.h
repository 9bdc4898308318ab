/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the vault share; nobody else includes it. Unless said otherwise the caller
 * holds the lock. */
#ifndef ESCROW_VAULT_INTERNAL_H
#define ESCROW_VAULT_INTERNAL_H

#include "appliance/escrow/vault/vault.h"

#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>

/* The keys wrapped in the meta table: SUBKEY_COUNT times SUBKEY_LEN bytes, each random. */
enum subkey { SUBKEY_INDEX, SUBKEY_MARK, SUBKEY_BOX, SUBKEY_NAME, SUBKEY_COUNT };
#define SUBKEY_LEN  32
#define SUBKEYS_LEN (SUBKEY_COUNT * SUBKEY_LEN)

#define INDEX_LEN     32
#define MARK_LEN      16
#define NAME_HASH_LEN 16
#define NONCE_LEN     crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_LEN       crypto_aead_xchacha20poly1305_ietf_ABYTES

/* Inside a box. */
struct row_plain {
	uint8_t key[VAULT_RECOVERY_KEY_LEN];
	uint8_t id[GUID_LEN];
	uint8_t has_id;
	uint8_t zero[7];
	char host[VAULT_HOST];
	char serial[VAULT_SERIAL];
};
#define BOX_LEN (sizeof(struct row_plain) + TAG_LEN)

/* How the subkeys are wrapped; a blob of WRAP_LEN bytes in the meta table. */
enum wrap_kind { WRAP_FILE = 1, WRAP_PASSPHRASE = 2 };
#define WRAP_SALT_LEN crypto_pwhash_SALTBYTES
#define WRAP_ID_LEN   16
#define WRAP_HEAD_LEN (8 + 8 + 8 + WRAP_SALT_LEN + WRAP_ID_LEN)
#define WRAP_LEN      (WRAP_HEAD_LEN + NONCE_LEN + SUBKEYS_LEN + TAG_LEN)
#define KEK_LEN       crypto_aead_xchacha20poly1305_ietf_KEYBYTES

struct wrap {
	enum wrap_kind kind;
	uint64_t operations, memory; /* of Argon2id; 0 for a key file */
	uint8_t salt[WRAP_SALT_LEN];
	uint8_t id[WRAP_ID_LEN]; /* of these subkeys; not secret */
	uint8_t blob[WRAP_LEN];  /* as stored */
};

enum statement {
	SQL_VERSION,
	SQL_SAME,
	SQL_INSERT,
	SQL_SEEN,
	SQL_COMPLETE,
	SQL_NAME_ADD,
	SQL_NAME_SAME,
	SQL_BY_ID,
	SQL_BY_NAME,
	SQL_COUNT,
	SQL_COUNT_PAGE,
	SQL_SOURCE,
	SQL_SOURCE_ADD,
	STATEMENTS
};

struct vault {
	pthread_mutex_t lock;
	char *dir;
	sqlite3 *db;
	sqlite3_stmt *sql[STATEMENTS];
	enum vault_key_kind kind;
	struct secret *kek;  /* NULL while locked */
	struct secret *keys; /* the subkeys; NULL while locked */
	uint8_t id[WRAP_ID_LEN];
	int64_t version;    /* of the file, as SQLite counts what others change */
	struct secret *row; /* a struct row_plain: the one being sealed or opened */
};

/* --- store.c: SQLite ------------------------------------------------------------------------- */

int store_open(struct vault *v, struct error *err);
void store_close(struct vault *v);
int store_error(struct vault *v, struct error *err, const char *what); /* -EIO */
int store_run(struct vault *v, const char *sql, struct error *err);
/* Undoes what is open; for the way out after an error. */
void store_roll_back(struct vault *v);
/* Rewrites the file without its free pages and empties the log. */
int store_compact(struct vault *v, struct error *err);

/* The statement, reset and without bindings. */
sqlite3_stmt *store_statement(struct vault *v, enum statement which);
/* Number of the source's row; makes it. */
int store_source(struct vault *v, const char *name, int64_t *ret, struct error *err);

/* Of the meta table. -ENOENT, -EBADMSG when it has another size. */
int store_meta_get(struct vault *v, const char *key, void *out, size_t len, struct error *err);
int store_meta_put(
        struct vault *v, const char *key, const void *data, size_t len, struct error *err);

/* --- wrap.c: the subkeys --------------------------------------------------------------------- */

/* Takes the wrapping from the meta table. -ENOENT when the vault has none yet. */
int wrap_load(struct vault *v, struct wrap *ret, struct error *err);

/* A wrapping of this kind with a new salt, and, given by id, for these subkeys; nothing sealed. */
void wrap_prepare(struct wrap *w, enum wrap_kind kind, const uint8_t id[WRAP_ID_LEN]);

/* What secret gives under w. Without the lock; for a passphrase it takes about a second. */
int wrap_derive(const struct wrap *w, const struct secret *secret, struct secret **ret_kek,
        struct error *err);

/* Seals the subkeys into w->blob and stores that. */
int wrap_store(struct vault *v, struct wrap *w, const struct secret *kek, const struct secret *keys,
        struct error *err);

/* -EKEYREJECTED, with no text: the caller knows whose key it was. */
int wrap_open(const struct wrap *w, const struct secret *kek, struct secret **ret_keys);

/* --- key_file.c: DIR/vault.key --------------------------------------------------------------- */

/* A new one under another name, flushed; key_file_use() gives it its place. */
int key_file_make(const char *dir, struct secret **ret, struct error *err);
int key_file_use(const char *dir, struct error *err);
/* The file in use; with is_new the one not in its place yet. -ENOENT when it is not there. */
int key_file_read(const char *dir, bool is_new, struct secret **ret, struct error *err);
/* Overwrites and removes it; fine when there is none. */
int key_file_remove(const char *dir, struct error *err);

/* --- open.c ---------------------------------------------------------------------------------- */

/* For everything that needs the subkeys: -ENOKEY while locked. Takes up what another process has
 * changed. */
int vault_ready(struct vault *v, struct error *err);

/* Takes both; what was there is freed. */
void vault_set_keys(
        struct vault *v, struct secret *kek, struct secret *keys, const uint8_t id[WRAP_ID_LEN]);

/* -ENOKEY, with what to do. */
int vault_no_key_file(const char *dir, struct error *err);

/* Opens the subkeys of w with key; not ASK. -EKEYREJECTED with what to do. */
int vault_open_wrapped(
        struct vault *v, const struct wrap *w, const struct vault_key *key, struct error *err);

/* make.c: in one transaction, so that of two processes that come at once one makes the wrapping and
 * the other opens it. */
int vault_make(struct vault *v, const struct vault_key *key, struct error *err);

/* legacy.c: a vault of a release whose vault.key was the only key. -ENOENT when it is none.
 * In a transaction; gives the subkeys under which all rows are now. */
int legacy_convert(
        struct vault *v, const struct secret *master, struct secret **ret_keys, struct error *err);
bool legacy_is(struct vault *v);

/* --- row.c: hashes and boxes ----------------------------------------------------------------- */

/* What a box holds besides the key. */
enum known { KNOWN_ID = 1, KNOWN_NAME = 2 };
int row_known(const struct vault *v); /* of v->row */

const uint8_t *vault_subkey(const struct vault *v, enum subkey which);
void row_index(const struct vault *v, const struct guid *id, uint8_t out[INDEX_LEN]);
/* Of v->row. */
void row_mark(const struct vault *v, uint8_t out[MARK_LEN]);
/* kind: 'h' host, 's' serial; normal: as name.h makes them. */
void row_name_hash(
        const struct vault *v, char kind, const char *normal, uint8_t out[NAME_HASH_LEN]);
/* v->row into box; nonce is made. */
void row_seal(const struct vault *v, const uint8_t mark[MARK_LEN], uint8_t nonce[NONCE_LEN],
        uint8_t box[BOX_LEN]);
/* Columns of sql from first: mark, nonce, box. Into v->row; -EBADMSG when this vault did not write
 * it. */
int row_open(const struct vault *v, sqlite3_stmt *sql, int first);

#endif
