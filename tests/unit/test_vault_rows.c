/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of the vault: what is found and in which order, snapshots, wiping. */
#include "appliance/escrow/vault/name.h"
#include "tests/unit/vault_place.h"

#include <pthread.h>
#include <sqlite3.h>

/* --- lookups -------------------------------------------------------------------------------------
 */

static void test_candidates(void **state)
{
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic);
	struct vault_candidates found = {0};
	struct guid id = guid_of(ID);

	add(v, ID, 1, "CN=PC1,OU=Workstations,DC=lab", VAULT_ADDED);
	add(v, ID, 1, "PC1", VAULT_PRESENT);
	for (uint8_t i = 2; i < 12; i++) /* somebody else's machines claim the same ID */
		add(v, ID, i, "EVIL", VAULT_ADDED_BESIDE);
	assert_string_equal(by_id(v, ID, NULL), "0b 0a 09 08 ");
	assert_string_equal(by_id(v, ID, "pc1.lab.test"), "01 0b 0a 09 ");
	assert_int_equal(vault_lookup(v, &id, "PC1", &found, NULL), 0);
	assert_int_equal(found.left_out, 7);
	assert_string_equal(found.origins[0].host, "PC1");
	assert_string_equal(found.origins[1].host, "EVIL");
	assert_string_equal(found.origins[0].source, "import");
	vault_candidates_clear(&found);
	vault_close(v);
}

static void test_rows_learn(void **state)
{
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic);
	struct vault_record record;

	add(v, ID, 1, "", VAULT_ADDED); /* an export of IDs and passwords alone */
	assert_int_equal(vault_each(v, keep_record, &record, NULL), 0);
	assert_string_equal(record.host, "");
	add(v, ID, 1, "PC1", VAULT_PRESENT);
	assert_int_equal(vault_each(v, keep_record, &record, NULL), 0);
	assert_string_equal(record.host, "PC1");
	add(v, ID, 1, "", VAULT_PRESENT); /* nothing is forgotten */
	add(v, ID, 1, "EVIL", VAULT_PRESENT);
	assert_int_equal(vault_each(v, keep_record, &record, NULL), 0);
	assert_string_equal(record.host, "PC1");
	assert_true(record.has_id);
	assert_string_equal(by_id(v, ID, NULL), "01 ");
	vault_close(v);
}

static void test_by_name_and_serial(void **state)
{
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic);
	uint8_t bytes[VAULT_RECOVERY_KEY_LEN] = {5};
	struct secret *key CLEANUP_SECRET = secret_copy(bytes, sizeof(bytes));
	struct vault_entry nobody = {.key = key, .host = "", .serial = "Default string"};
	struct vault_entry serial = {.key = key, .host = "", .serial = "5cd 1234"};
	enum vault_added added;

	add(v, NULL, 1, "PC1.lab.test", VAULT_ADDED);
	add(v, NULL, 2, "LAB\\pc1$", VAULT_ADDED_BESIDE);
	add(v, NULL, 2, "PC1", VAULT_PRESENT);
	add(v, ID, 3, "PC1", VAULT_ADDED); /* has an ID: is not guessed at */
	assert_int_equal(vault_add(v, VAULT_IMPORT, &nobody, &added, NULL), -EINVAL);
	assert_int_equal(vault_add(v, VAULT_IMPORT, &serial, &added, NULL), 0);
	assert_string_equal(by_name(v, "CN=pc1,OU=x,DC=y", ""), "02 01 ");
	assert_string_equal(by_name(v, "PC2", ""), "-");
	assert_string_equal(by_name(v, "", "5CD1234"), "05 ");
	assert_string_equal(by_name(v, "PC1", "5CD1234"), "02 01 05 ");
	assert_string_equal(by_name(v, "", ""), "-");
	for (uint8_t i = 10; i < 20; i++)
		add(v, NULL, i, "MANY", i == 10 ? VAULT_ADDED : VAULT_ADDED_BESIDE);
	assert_string_equal(by_name(v, "MANY", ""), "13 12 11 10 ");
	vault_close(v);
}

static void test_names(void **state)
{
	static const char *const hosts[][2] = {{"PC01", "pc01"}, {"pc01$", "pc01"},
	        {"PC01.lab.test", "pc01"}, {"LAB\\PC01", "pc01"}, {"10.0.0.1", "10.0.0.1"},
	        {"CN=PC01,OU=a,DC=b", "pc01"}, {"cn=PC\\,01\\2B,OU=a", "pc,01+"},
	        {"CN=2024-07-19T04:09:00-00:00{" ID "},CN=PC01,OU=a", "pc01"},
	        {"Anna's PC. Home", "anna's pc. home"}, {"$", "$"}, {"", ""}, {"CN=", ""},
	        {"\xff\x01x", "??x"}};
	static const char *const serials[][2] = {{"5CD 1234", "5cd1234"}, {"0000", ""},
	        {"To be filled by O.E.M.", ""}, {"None", ""}, {"0001", "0001"}, {"", ""}};
	char out[VAULT_HOST];

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(*hosts); i++) {
		name_normal_host(hosts[i][0], out, sizeof(out));
		assert_string_equal(out, hosts[i][1]);
	}
	for (size_t i = 0; i < sizeof(serials) / sizeof(*serials); i++) {
		name_normal_serial(serials[i][0], out, VAULT_SERIAL);
		assert_string_equal(out, serials[i][1]);
	}
}

/* Whoever can write the file can make rows unreadable, or hang one under another ID. */
static void test_damaged_rows(void **state)
{
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic);
	struct vault_candidates found = {0};
	struct vault_record record;
	struct guid id = guid_of(ID), other = guid_of(OTHER_ID);
	char path[128];
	sqlite3 *db;

	add(v, ID, 1, "", VAULT_ADDED);
	add(v, OTHER_ID, 2, "", VAULT_ADDED);
	path_in(p, "vault.db", path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	        sqlite3_exec(db,
	                "UPDATE records SET id_hash=(SELECT id_hash FROM records WHERE n=2)"
	                " WHERE n=1",
	                NULL, NULL, NULL),
	        SQLITE_OK);
	assert_int_equal(vault_lookup(v, &other, NULL, &found, NULL), 0);
	assert_int_equal(found.damaged, 1);
	assert_string_equal(first_bytes(&found), "02 ");
	assert_int_equal(vault_lookup(v, &id, NULL, &found, NULL), 0);
	assert_int_equal(found.count, 0);
	assert_int_equal(sqlite3_exec(db, "UPDATE records SET box=zeroblob(length(box)) WHERE n=2",
	                         NULL, NULL, NULL),
	        SQLITE_OK);
	assert_int_equal(vault_lookup(v, &other, NULL, &found, NULL), -EBADMSG);
	assert_int_equal(vault_each(v, keep_record, &record, NULL), -EBADMSG);
	sqlite3_close(db);
	vault_close(v);
}

/* --- snapshots -----------------------------------------------------------------------------------
 */

static void snapshot(
        struct vault *v, const char *keys, bool complete, struct vault_snapshot_counts *counts)
{
	struct vault_snapshot *s;

	assert_int_equal(vault_snapshot_begin(v, "ad", &s, NULL), 0);
	for (; *keys; keys++) {
		uint8_t bytes[VAULT_RECOVERY_KEY_LEN] = {(uint8_t)(*keys - '0'), 7};
		struct secret *key CLEANUP_SECRET = secret_copy(bytes, sizeof(bytes));
		struct vault_entry e = {.key = key,
		        .has_id = true,
		        .id = guid_of(ID),
		        .host = "CN=PC1,OU=x",
		        .serial = "",
		        .changed = 1000000 + *keys};
		assert_int_equal(vault_snapshot_add(s, &e, 1, NULL), 0);
	}
	assert_int_equal(vault_snapshot_end(s, complete, counts, NULL), 0);
}

static void test_snapshots(void **state)
{
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic);
	struct vault_snapshot_info info[NM_MAX_SOURCES];
	struct vault_snapshot_counts counts;
	struct vault_figures figures;
	size_t count = 9;

	assert_int_equal(vault_snapshots(v, info, &count, NULL), 0);
	assert_int_equal(count, 0);
	add(v, ID, 1, "PC1", VAULT_ADDED);
	snapshot(v, "123", true, &counts);
	assert_int_equal(counts.added, 2);
	assert_int_equal(counts.present, 1);
	assert_int_equal(counts.stale, 0);
	assert_string_equal(by_id(v, ID, NULL), "03 02 01 "); /* as the source says they changed */
	snapshot(v, "1", false, &counts); /* cut short: nobody is stale for that */
	assert_int_equal(counts.stale, 0);
	snapshot(v, "12", true, &counts);
	assert_int_equal(counts.stale, 1);
	assert_string_equal(by_id(v, ID, NULL), "02 01 03 "); /* the stale one is kept, and last */
	assert_int_equal(vault_snapshots(v, info, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(info[0].source, "ad");
	assert_int_equal(info[0].keys, 2);
	assert_true(info[0].ended > 1700000000000);
	assert_int_equal(vault_figures(v, &figures, NULL), 0);
	assert_int_equal(figures.stale, 1);
	snapshot(v, "123", true, &counts); /* it is back */
	assert_string_equal(by_id(v, ID, NULL), "03 02 01 ");
	vault_close(v);
}

/* --- wiping --------------------------------------------------------------------------------------
 */

static void test_wipe(void **state)
{
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic);
	struct vault *running = open_vault(p->dir, &automatic);
	char path[128];
	uint64_t count;

	add(v, ID, 1, "PC1", VAULT_ADDED);
	add(v, NULL, 2, "PC2", VAULT_ADDED);
	assert_string_equal(by_id(running, ID, NULL), "01 ");
	path_in(p, "vault.key", path);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t old[32], fresh[32];
	assert_int_equal(read(fd, old, 32), 32);
	(void)close(fd);
	assert_int_equal(vault_wipe(v, NULL), 0);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(fd, fresh, 32), 32);
	(void)close(fd);
	assert_memory_not_equal(old, fresh, 32);
	assert_int_equal(vault_count(v, &count, NULL), 0);
	assert_int_equal(count, 0);
	/* The other process finds nothing, and what is added is found by both. */
	assert_string_equal(by_id(running, ID, NULL), "-");
	assert_string_equal(by_name(running, "PC2", ""), "-");
	add(running, ID, 3, "PC1", VAULT_ADDED);
	assert_string_equal(by_id(v, ID, NULL), "03 ");
	vault_close(running);
	vault_close(v);
	v = open_vault(p->dir, &automatic);
	assert_string_equal(by_id(v, ID, NULL), "03 ");
	vault_close(v);
}

static void test_wipe_under_a_passphrase(void **state)
{
	struct place *p = *state;
	struct vault_key key = {.kind = VAULT_KEY_PASSPHRASE, .secret = text_secret("five words")};
	struct vault *v = open_vault(p->dir, &key), *running = open_vault(p->dir, &key);

	add(v, ID, 1, "PC1", VAULT_ADDED);
	assert_int_equal(vault_wipe(v, NULL), 0);
	assert_string_equal(by_id(running, ID, NULL), "-");
	/* Wiped and protected anew: what runs does not have the key any more, and says so. */
	struct vault_key other = {.kind = VAULT_KEY_PASSPHRASE, .secret = text_secret("six words")};
	struct vault_candidates found;
	struct guid id = guid_of(ID);
	assert_int_equal(vault_protect(v, &other, NULL), 0);
	assert_int_equal(vault_wipe(v, NULL), 0);
	assert_int_equal(vault_lookup(running, &id, NULL, &found, NULL), -ENOKEY);
	assert_true(vault_locked(running));
	assert_int_equal(vault_unlock(running, other.secret, NULL), 0);
	assert_string_equal(by_id(running, ID, NULL), "-");
	vault_close(running);
	vault_close(v);
	secret_free(key.secret);
	secret_free(other.secret);
}

/* --- threads -------------------------------------------------------------------------------------
 */

static void *look_up_often(void *context)
{
	struct guid id = guid_of(ID);

	for (int i = 0; i < 2000; i++) {
		struct vault_candidates found = {0};
		if (vault_lookup(context, &id, NULL, &found, NULL) < 0 || found.count != 1)
			return context;
		vault_candidates_clear(&found);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct place *p = *state;
	struct vault *v = open_vault(p->dir, &automatic);
	struct vault_snapshot_counts counts;
	pthread_t threads[3];
	void *failed;

	add(v, ID, 1, "", VAULT_ADDED);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up_often, v), 0);
	for (int i = 0; i < 50; i++)
		snapshot(v, "1", true, &counts);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	vault_close(v);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(candidates), TEST(rows_learn),
	        TEST(by_name_and_serial), TEST(names), TEST(damaged_rows), TEST(snapshots),
	        TEST(wipe), TEST(wipe_under_a_passphrase), TEST(threads)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
