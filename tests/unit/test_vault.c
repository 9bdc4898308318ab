/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What opens the vault, and vaults of before. */
#include "tests/unit/vault_place.h"

#include <sodium.h>
#include <sqlite3.h>

/* --- what opens it -------------------------------------------------------------------------------
 */

static int open_error(const struct place *p, const struct vault_key *key, const char *says)
{
	struct vault *v = NULL;
	struct error err = {0};
	int r = vault_open(p->dir, key, &v, &err);

	if (r == 0 || !strstr(err.text, says))
		fail_msg("%d: %s", r, err.text);
	assert_null(v);
	return r;
}

static void test_without_its_key_file(void **state)
{
	struct place *p = *state;
	char path[128];

	vault_close(open_vault(p->dir, &automatic));
	path_in(p, "vault.key", path);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(open_error(p, &automatic, "chmod 600"), -EPERM);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(open_error(p, &automatic, "restore the key file"), -ENOKEY);
	assert_int_equal(access(path, F_OK), -1); /* nothing is made */
}

static void test_another_key_file(void **state)
{
	struct place *p = *state;
	char path[128];

	vault_close(open_vault(p->dir, &automatic));
	path_in(p, "vault.key", path);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
	(void)close(fd);
	assert_int_equal(open_error(p, &automatic, "not the key of the vault"), -EKEYREJECTED);
}

static void test_key_file_elsewhere(void **state)
{
	struct place *p = *state;
	struct vault_key key = {.kind = VAULT_KEY_FILE,
	        .secret = text_secret("0123456789abcdef0123456789abcdef and more")};
	struct vault_key other = {.kind = VAULT_KEY_FILE,
	        .secret = text_secret("0123456789abcdef0123456789abcdef and less")};
	struct vault_key small = {.kind = VAULT_KEY_FILE, .secret = text_secret("a passphrase")};
	char path[128];

	struct vault *v = open_vault(p->dir, &key);
	add(v, ID, 1, "PC1", VAULT_ADDED);
	vault_close(v);
	path_in(p, "vault.key", path);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(open_error(p, &other, "the key file is not that"), -EKEYREJECTED);
	assert_int_equal(open_error(p, &small, "too short"), -EINVAL);
	v = open_vault(p->dir, &key);
	assert_string_equal(by_id(v, ID, NULL), "01 ");
	vault_close(v);
	secret_free(key.secret);
	secret_free(other.secret);
	secret_free(small.secret);
}

static void test_passphrase(void **state)
{
	struct place *p = *state;
	struct vault_key key = {
	        .kind = VAULT_KEY_PASSPHRASE, .secret = text_secret("correct horse battery")};
	struct vault_key wrong = {
	        .kind = VAULT_KEY_PASSPHRASE, .secret = text_secret("correct horse batterx")};
	struct vault_key ask = {.kind = VAULT_KEY_ASK};
	struct vault_candidates found;
	struct guid id = guid_of(ID);
	struct error err = {0};
	uint64_t count = 0;

	struct vault *v = open_vault(p->dir, &key);
	add(v, ID, 1, "PC1", VAULT_ADDED);
	vault_close(v);
	assert_int_equal(
	        open_error(p, &wrong, "passphrase is not that of the vault"), -EKEYREJECTED);
	assert_int_equal(open_error(p, &automatic, "vault-key = ask"), -EKEYREJECTED);
	v = open_vault(p->dir, &ask);
	assert_true(vault_locked(v));
	assert_int_equal(vault_lookup(v, &id, NULL, &found, &err), -ENOKEY);
	assert_int_equal(err.reason, REASON_VAULT_LOCKED);
	assert_int_equal(vault_lookup_name(v, "PC1", "", &found, NULL), -ENOKEY);
	assert_int_equal(vault_count(v, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_int_equal(vault_unlock(v, wrong.secret, &err), -EKEYREJECTED);
	assert_non_null(strstr(err.text, "not the passphrase"));
	assert_true(vault_locked(v));
	assert_int_equal(vault_unlock(v, key.secret, NULL), 0);
	assert_false(vault_locked(v));
	assert_string_equal(by_id(v, ID, NULL), "01 ");
	assert_int_equal(vault_unlock(v, wrong.secret, NULL), -EKEYREJECTED); /* it stays open */
	assert_string_equal(by_id(v, ID, NULL), "01 ");
	vault_close(v);
	secret_free(key.secret);
	secret_free(wrong.secret);
}

/* ASK before anybody has chosen a passphrase; choosing it makes the vault. */
static void test_ask_without_a_vault(void **state)
{
	struct place *p = *state;
	struct vault_key ask = {.kind = VAULT_KEY_ASK};
	struct vault_key key = {.kind = VAULT_KEY_PASSPHRASE, .secret = text_secret("five words")};
	struct error err = {0};
	struct vault *v = open_vault(p->dir, &ask);

	assert_true(vault_locked(v));
	assert_int_equal(vault_unlock(v, key.secret, &err), -ENOENT);
	assert_non_null(strstr(err.text, "netmend keys passphrase"));
	assert_int_equal(vault_protect(v, &key, NULL), 0);
	assert_false(vault_locked(v));
	add(v, ID, 1, "", VAULT_ADDED);
	vault_close(v);
	v = open_vault(p->dir, &ask);
	assert_int_equal(vault_unlock(v, key.secret, NULL), 0);
	assert_string_equal(by_id(v, ID, NULL), "01 ");
	vault_close(v);
	secret_free(key.secret);
}

static void test_protection_changes(void **state)
{
	struct place *p = *state;
	struct vault_key key = {.kind = VAULT_KEY_PASSPHRASE, .secret = text_secret("five words")};
	char path[128];

	path_in(p, "vault.key", path);
	struct vault *v = open_vault(p->dir, &automatic);
	struct vault *running = open_vault(p->dir, &automatic); /* of another process */
	add(v, ID, 1, "", VAULT_ADDED);
	assert_int_equal(vault_protect(v, &key, NULL), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_string_equal(by_id(running, ID, NULL), "01 "); /* goes on */
	vault_close(v);
	assert_true(open_error(p, &automatic, "opened by a passphrase") < 0);
	v = open_vault(p->dir, &key);
	assert_int_equal(vault_protect(v, &automatic, NULL), 0);
	assert_int_equal(access(path, F_OK), 0);
	vault_close(v);
	assert_true(open_error(p, &key, "opened by a key file") < 0);
	v = open_vault(p->dir, &automatic);
	assert_string_equal(by_id(v, ID, NULL), "01 ");
	vault_close(v);
	vault_close(running);
	secret_free(key.secret);
}

/* A power cut between the new wrapping and the key file's new name. */
static void test_key_file_not_in_its_place(void **state)
{
	struct place *p = *state;
	char key[128], newer[128];

	vault_close(open_vault(p->dir, &automatic));
	path_in(p, "vault.key", key);
	path_in(p, "vault.key.new", newer);
	for (int old_left = 0; old_left < 2; old_left++) {
		assert_int_equal(rename(key, newer), 0);
		if (old_left) {
			int fd = open(key, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
			assert_int_equal(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
			(void)close(fd);
		}
		vault_close(open_vault(p->dir, &automatic));
		assert_int_equal(access(newer, F_OK), -1);
	}
	vault_close(open_vault(p->dir, &automatic));
}

/* --- a vault of before ---------------------------------------------------------------------------
 */

/* One row of the format of release 0.1, written here by its description. */
static void make_old_vault(const struct place *p, const uint8_t master[32])
{
	static const char sql[] =
	        "PRAGMA journal_mode=WAL; CREATE TABLE entries(id_hash BLOB NOT NULL, mark BLOB "
	        "NOT "
	        "NULL, nonce BLOB NOT NULL, box BLOB NOT NULL, added INTEGER NOT NULL, PRIMARY "
	        "KEY(id_hash, mark)) STRICT, WITHOUT ROWID;";
	uint8_t keys[3][32], plain[128] = {9, 7}, box[144], nonce[24] = {1}, index[32], mark[16];
	struct guid id = guid_of(ID);
	crypto_generichash_state state;
	char path[128];
	sqlite3 *db;
	sqlite3_stmt *s;

	for (uint64_t i = 0; i < 3; i++)
		crypto_kdf_derive_from_key(keys[i], 32, i + 1, "nm-vault", master);
	(void)snprintf((char *)plain + 16, 112, "OLD-PC");
	crypto_generichash(index, 32, id.bytes, 16, keys[0], 32);
	crypto_generichash_init(&state, keys[1], 32, 16);
	crypto_generichash_update(&state, id.bytes, 16);
	crypto_generichash_update(&state, plain, 16);
	crypto_generichash_final(&state, mark, 16);
	crypto_aead_xchacha20poly1305_ietf_encrypt(
	        box, NULL, plain, 128, index, 32, NULL, nonce, keys[2]);
	path_in(p, "vault.key", path);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, master, 32), 32);
	(void)close(fd);
	path_in(p, "vault.db", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO entries VALUES(?,?,?,?,1721360000)",
	                         -1, &s, NULL),
	        SQLITE_OK);
	sqlite3_bind_blob(s, 1, index, 32, SQLITE_STATIC);
	sqlite3_bind_blob(s, 2, mark, 16, SQLITE_STATIC);
	sqlite3_bind_blob(s, 3, nonce, 24, SQLITE_STATIC);
	sqlite3_bind_blob(s, 4, box, 144, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(s), SQLITE_DONE);
	sqlite3_finalize(s);
	sqlite3_close(db);
}

static void test_vault_of_before(void **state)
{
	static const uint8_t master[32] = {1, 2, 3};
	struct place *p = *state;
	struct vault_key key = {.kind = VAULT_KEY_PASSPHRASE, .secret = text_secret("five words")};
	struct vault_record record;

	make_old_vault(p, master);
	assert_true(open_error(p, &key, "vault-key = auto") < 0);
	struct vault *v = open_vault(p->dir, &automatic);
	assert_string_equal(by_id(v, ID, NULL), "09 ");
	assert_string_equal(by_id(v, OTHER_ID, NULL), "-");
	assert_int_equal(vault_each(v, keep_record, &record, NULL), 0);
	assert_false(record.has_id); /* it was not in the row */
	assert_string_equal(record.host, "OLD-PC");
	assert_int_equal(record.added, 1721360000000);
	/* Imported again it is the same key, and its ID is known from now on. */
	add(v, ID, 9, "OLD-PC", VAULT_PRESENT);
	assert_int_equal(vault_each(v, keep_record, &record, NULL), 0);
	assert_true(record.has_id);
	assert_string_equal(by_id(v, ID, NULL), "09 ");
	vault_close(v);
	v = open_vault(p->dir, &automatic);
	assert_string_equal(by_id(v, ID, NULL), "09 ");
	vault_close(v);
	secret_free(key.secret);
}

static void test_vault_of_before_with_another_key(void **state)
{
	static const uint8_t master[32] = {1, 2, 3}, other[32] = {4};
	struct place *p = *state;
	char path[128];

	make_old_vault(p, master);
	path_in(p, "vault.key", path);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, other, 32), 32);
	(void)close(fd);
	assert_int_equal(open_error(p, &automatic, "restore both"), -EBADMSG);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, master, 32), 32);
	(void)close(fd);
	vault_close(open_vault(p->dir, &automatic)); /* nothing was changed */
	assert_int_equal(unlink(path), 0);
	assert_int_equal(open_error(p, &automatic, "restore the key file"), -ENOKEY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(without_its_key_file), TEST(another_key_file),
	        TEST(key_file_elsewhere), TEST(passphrase), TEST(ask_without_a_vault),
	        TEST(protection_changes), TEST(key_file_not_in_its_place), TEST(vault_of_before),
	        TEST(vault_of_before_with_another_key)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
