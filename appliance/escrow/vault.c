/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MASTER_LEN crypto_kdf_KEYBYTES
#define INDEX_LEN  32
#define MARK_LEN   16
#define HOST_LEN   112
#define PLAIN_LEN  (VAULT_RECOVERY_KEY_LEN + HOST_LEN)
#define BOX_LEN    (PLAIN_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES)
#define NONCE_LEN  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

enum subkey { SUBKEY_INDEX, SUBKEY_MARK, SUBKEY_BOX, SUBKEY_COUNT };

struct vault {
	sqlite3 *db;
	sqlite3_stmt *add, *lookup, *count;
	struct secret *keys[SUBKEY_COUNT];
};

static const char schema[] =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
        "CREATE TABLE IF NOT EXISTS entries("
        " id_hash BLOB NOT NULL," /* keyed hash of the key ID */
        " mark BLOB NOT NULL,"    /* keyed hash of ID and key: the same pair is stored once */
        " nonce BLOB NOT NULL, box BLOB NOT NULL, added INTEGER NOT NULL,"
        " PRIMARY KEY(id_hash, mark)) STRICT, WITHOUT ROWID;";

static int db_error(struct vault *v, struct error *err, const char *what)
{
	return error_set(err, -EIO, REASON_INTERNAL, "vault: %s: %s", what, sqlite3_errmsg(v->db));
}

/* --- key file ------------------------------------------------------------------------------------
 */

static int sync_dir(const char *dir)
{
	int fd CLEANUP_CLOSE = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

static int key_file_make(
        const char *dir, const char *path, struct secret *master, struct error *err)
{
	int fd CLEANUP_CLOSE = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "cannot make %s: %s", path,
		        strerror(errno));
	crypto_kdf_keygen(master->data);
	if (write(fd, master->data, MASTER_LEN) != MASTER_LEN || fsync(fd) < 0 || sync_dir(dir) < 0)
		return error_set(err, -EIO, REASON_CANNOT_OPEN, "cannot write %s: %s", path,
		        strerror(errno));
	return 0;
}

static int key_file_read(const char *path, struct secret *master, struct error *err)
{
	int fd CLEANUP_CLOSE = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return error_set(err, -errno, REASON_CANNOT_OPEN, "cannot read %s: %s", path,
		        strerror(errno));
	if (fstat(fd, &st) < 0 || st.st_size != MASTER_LEN ||
	        read(fd, master->data, MASTER_LEN) != MASTER_LEN)
		return error_set(err, -EBADMSG, REASON_CANNOT_OPEN,
		        "%s is not a vault key: %d bytes expected", path, MASTER_LEN);
	if (st.st_mode & 077)
		return error_set(err, -EPERM, REASON_CANNOT_OPEN,
		        "%s can be read by others: chmod 600 it, and rotate the keys if others "
		        "could log in",
		        path);
	return 0;
}

static int derive_keys(struct vault *v, const char *dir, struct error *err)
{
	struct secret *master CLEANUP_SECRET = secret_new(MASTER_LEN);
	char key_path[4096], db_path[4096];
	int r;

	if (!master)
		return error_set(
		        err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory for the vault key");
	if (snprintf(key_path, sizeof(key_path), "%s/vault.key", dir) >= (int)sizeof(key_path) ||
	        snprintf(db_path, sizeof(db_path), "%s/vault.db", dir) >= (int)sizeof(db_path))
		return error_set(
		        err, -ENAMETOOLONG, REASON_CANNOT_OPEN, "state folder name too long");
	if (access(key_path, F_OK) == 0)
		r = key_file_read(key_path, master, err);
	else if (access(db_path, F_OK) == 0)
		r = error_set(err, -ENOKEY, REASON_CANNOT_OPEN,
		        "%s is here but its key %s is not: restore the key file from backup",
		        db_path, key_path);
	else
		r = key_file_make(dir, key_path, master, err);
	for (int i = 0; r == 0 && i < SUBKEY_COUNT; i++) {
		v->keys[i] = secret_new(32);
		if (!v->keys[i])
			return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
		crypto_kdf_derive_from_key(
		        v->keys[i]->data, 32, (uint64_t)i + 1, "nm-vault", master->data);
	}
	return r;
}

/* --- open and close ------------------------------------------------------------------------------
 */

static int open_db(struct vault *v, const char *dir, struct error *err)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/vault.db", dir);
	if (sqlite3_open_v2(path, &v->db,
	            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
	            NULL) != SQLITE_OK)
		return error_set(err, -EIO, REASON_CANNOT_OPEN, "cannot open %s: %s", path,
		        sqlite3_errmsg(v->db));
	sqlite3_busy_timeout(v->db, 10000);
	if (sqlite3_exec(v->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return db_error(v, err, "schema");
	if (sqlite3_prepare_v2(v->db,
	            "INSERT INTO entries VALUES(?1,?2,?3,?4,?5) ON CONFLICT DO NOTHING", -1,
	            &v->add, NULL) ||
	        sqlite3_prepare_v2(v->db,
	                "SELECT nonce, box FROM entries WHERE id_hash=?1 ORDER BY added DESC LIMIT "
	                "?2",
	                -1, &v->lookup, NULL) ||
	        sqlite3_prepare_v2(v->db, "SELECT count(*) FROM entries", -1, &v->count, NULL))
		return db_error(v, err, "prepare");
	return 0;
}

int vault_open(const char *dir, struct vault **ret, struct error *err)
{
	struct vault *v = calloc(1, sizeof(*v));
	if (!v)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no memory for the vault");
	int r = derive_keys(v, dir, err);
	if (r == 0)
		r = open_db(v, dir, err);
	if (r < 0) {
		vault_close(v);
		return r;
	}
	*ret = v;
	return 0;
}

void vault_close(struct vault *v)
{
	if (!v)
		return;
	sqlite3_finalize(v->add);
	sqlite3_finalize(v->lookup);
	sqlite3_finalize(v->count);
	sqlite3_close(v->db);
	for (int i = 0; i < SUBKEY_COUNT; i++)
		secret_free(v->keys[i]);
	free(v);
}

int vault_begin(struct vault *v, struct error *err)
{
	return sqlite3_exec(v->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) ? db_error(v, err, "begin")
	                                                                : 0;
}

int vault_commit(struct vault *v, struct error *err)
{
	return sqlite3_exec(v->db, "COMMIT", NULL, NULL, NULL) ? db_error(v, err, "commit") : 0;
}

/* --- entries -------------------------------------------------------------------------------------
 */

static void index_of(struct vault *v, const struct guid *id, uint8_t out[INDEX_LEN])
{
	crypto_generichash(out, INDEX_LEN, id->bytes, GUID_LEN, v->keys[SUBKEY_INDEX]->data, 32);
}

static void mark_of(
        struct vault *v, const struct guid *id, const struct secret *key, uint8_t out[MARK_LEN])
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, v->keys[SUBKEY_MARK]->data, 32, MARK_LEN);
	crypto_generichash_update(&state, id->bytes, GUID_LEN);
	crypto_generichash_update(&state, key->data, key->len);
	crypto_generichash_final(&state, out, MARK_LEN);
	secret_wipe(&state, sizeof(state));
}

int vault_add(struct vault *v, const struct guid *id, const struct secret *key, const char *host,
        bool *ret_new, struct error *err)
{
	struct secret *plain CLEANUP_SECRET = secret_new(PLAIN_LEN);
	uint8_t index[INDEX_LEN], mark[MARK_LEN], nonce[NONCE_LEN], box[BOX_LEN];

	if (!plain || key->len != VAULT_RECOVERY_KEY_LEN)
		return error_set(err, -ENOMEM, REASON_OUT_OF_MEMORY, "no locked memory");
	memcpy(plain->data, key->data, VAULT_RECOVERY_KEY_LEN);
	text_clean((char *)plain->data + VAULT_RECOVERY_KEY_LEN, HOST_LEN, host);
	index_of(v, id, index);
	mark_of(v, id, key, mark);
	randombytes_buf(nonce, sizeof(nonce));
	crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, plain->data, PLAIN_LEN, index,
	        INDEX_LEN, NULL, nonce, v->keys[SUBKEY_BOX]->data);

	sqlite3_bind_blob(v->add, 1, index, INDEX_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(v->add, 2, mark, MARK_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(v->add, 3, nonce, NONCE_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(v->add, 4, box, BOX_LEN, SQLITE_STATIC);
	sqlite3_bind_int64(v->add, 5, (sqlite3_int64)time(NULL));
	int r = sqlite3_step(v->add) == SQLITE_DONE ? 0 : db_error(v, err, "insert");
	if (r == 0)
		*ret_new = sqlite3_changes(v->db) > 0;
	sqlite3_reset(v->add);
	sqlite3_clear_bindings(v->add);
	return r;
}

/* The key of the statement's current row; -EBADMSG when the row was not written by this vault. */
static int open_row(struct vault *v, const uint8_t index[INDEX_LEN], struct secret **ret)
{
	struct secret *plain CLEANUP_SECRET = secret_new(PLAIN_LEN);

	if (!plain)
		return -ENOMEM;
	if (sqlite3_column_bytes(v->lookup, 0) != NONCE_LEN ||
	        sqlite3_column_bytes(v->lookup, 1) != BOX_LEN)
		return -EBADMSG;
	if (crypto_aead_xchacha20poly1305_ietf_decrypt(plain->data, NULL, NULL,
	            sqlite3_column_blob(v->lookup, 1), BOX_LEN, index, INDEX_LEN,
	            sqlite3_column_blob(v->lookup, 0), v->keys[SUBKEY_BOX]->data) != 0)
		return -EBADMSG;
	*ret = secret_copy(plain->data, VAULT_RECOVERY_KEY_LEN);
	return *ret ? 0 : -ENOMEM;
}

int vault_lookup(
        struct vault *v, const struct guid *id, struct vault_candidates *ret, struct error *err)
{
	struct vault_candidates found = {0};
	uint8_t index[INDEX_LEN];
	int r = 0, step;

	index_of(v, id, index);
	sqlite3_mutex_enter(sqlite3_db_mutex(v->db));
	sqlite3_bind_blob(v->lookup, 1, index, INDEX_LEN, SQLITE_STATIC);
	sqlite3_bind_int(v->lookup, 2, NM_MAX_CANDIDATES);
	while (r == 0 && (step = sqlite3_step(v->lookup)) == SQLITE_ROW &&
	        found.count < NM_MAX_CANDIDATES) {
		r = open_row(v, index, &found.keys[found.count]);
		if (r == 0)
			found.count++;
	}
	if (r < 0)
		(void)error_set(
		        err, r, REASON_INTERNAL, "vault: a row does not open with this vault key");
	else if (step != SQLITE_DONE && step != SQLITE_ROW)
		r = db_error(v, err, "lookup");
	sqlite3_reset(v->lookup);
	sqlite3_clear_bindings(v->lookup);
	sqlite3_mutex_leave(sqlite3_db_mutex(v->db));
	if (r < 0)
		vault_candidates_clear(&found);
	else
		*ret = found;
	return r;
}

void vault_candidates_clear(struct vault_candidates *c)
{
	for (size_t i = 0; i < c->count; i++)
		secret_free(c->keys[i]);
	c->count = 0;
}

int vault_count(struct vault *v, uint64_t *ret, struct error *err)
{
	sqlite3_mutex_enter(sqlite3_db_mutex(v->db));
	int r = sqlite3_step(v->count) == SQLITE_ROW ? 0 : db_error(v, err, "count");
	if (r == 0)
		*ret = (uint64_t)sqlite3_column_int64(v->count, 0);
	sqlite3_reset(v->count);
	sqlite3_mutex_leave(sqlite3_db_mutex(v->db));
	return r;
}
