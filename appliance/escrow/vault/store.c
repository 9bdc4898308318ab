/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/escrow/vault/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BUSY_MS       10000
#define MODE_PAUSE_MS 10

static const char schema[] =
        "PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"
        "PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;"
        "CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;"
        "CREATE TABLE IF NOT EXISTS sources(n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,"
        " run INTEGER NOT NULL DEFAULT 0,"   /* number of the last snapshot begun */
        " ended INTEGER NOT NULL DEFAULT 0," /* time and count of the last complete one */
        " keys INTEGER NOT NULL DEFAULT 0) STRICT;"
        "CREATE TABLE IF NOT EXISTS records(n INTEGER PRIMARY KEY,"
        " id_hash BLOB,"           /* keyed hash of the key ID; NULL without one */
        " mark BLOB NOT NULL,"     /* keyed hash of ID or names, and key */
        " known INTEGER NOT NULL," /* what is in the box besides the key: enum known */
        " source INTEGER NOT NULL, run INTEGER NOT NULL," /* snapshot that saw it last */
        " stale INTEGER NOT NULL, added INTEGER NOT NULL, changed INTEGER NOT NULL,"
        " nonce BLOB NOT NULL, box BLOB NOT NULL) STRICT;"
        "CREATE INDEX IF NOT EXISTS records_id ON records(id_hash) WHERE id_hash IS NOT NULL;"
        "CREATE TABLE IF NOT EXISTS names(hash BLOB NOT NULL, n INTEGER NOT NULL,"
        " PRIMARY KEY(hash, n)) STRICT, WITHOUT ROWID;"
        /* Management controllers (bmc.h): hashes of what a machine, an address, a group is. */
        "CREATE TABLE IF NOT EXISTS bmcs(n INTEGER PRIMARY KEY, nonce BLOB NOT NULL,"
        " box BLOB NOT NULL) STRICT;"
        "CREATE TABLE IF NOT EXISTS bmc_names(hash BLOB NOT NULL, n INTEGER NOT NULL,"
        " PRIMARY KEY(hash, n)) STRICT, WITHOUT ROWID;"
        "CREATE INDEX IF NOT EXISTS bmc_names_n ON bmc_names(n);"
        "CREATE TABLE IF NOT EXISTS bmc_logins(n INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE,"
        " nonce BLOB NOT NULL, box BLOB NOT NULL) STRICT;";

#define CANDIDATE_COLUMNS \
	"SELECT r.mark, r.nonce, r.box, s.name FROM records r JOIN sources s ON s.n = r.source "
/* Only so many are opened for one question. */
#define CANDIDATE_ORDER \
	" ORDER BY s.name='" VAULT_PAGE "', r.stale, r.changed DESC, r.n DESC LIMIT 64"
#define OF_PAGE "=(SELECT n FROM sources WHERE name='" VAULT_PAGE "')"

static const char *const texts[STATEMENTS] = {
        [SQL_VERSION] = "PRAGMA data_version",
        [SQL_SAME] =
                "SELECT n, mark, known, source" OF_PAGE ", stale FROM records WHERE id_hash=?1",
        [SQL_INSERT] = "INSERT INTO records(id_hash,mark,known,source,run,stale,added,changed,"
                       "nonce,box) VALUES(?1,?2,?3,?4,?5,0,?6,?7,?8,?9)",
        [SQL_SEEN] = "UPDATE records SET source=?2, run=?3, stale=0,"
                     " changed=CASE WHEN ?4 > 0 THEN ?4 ELSE changed END WHERE n=?1",
        [SQL_COMPLETE] = "UPDATE records SET known=?4, nonce=?2, box=?3 WHERE n=?1",
        [SQL_NAME_ADD] = "INSERT INTO names VALUES(?1,?2) ON CONFLICT DO NOTHING",
        [SQL_NAME_SAME] = "SELECT r.n, r.mark, r.known, r.source" OF_PAGE ", r.stale FROM names m"
                          " JOIN records r ON r.n = m.n WHERE m.hash=?1",
        [SQL_BY_ID] = CANDIDATE_COLUMNS "WHERE r.id_hash=?1" CANDIDATE_ORDER,
        [SQL_BY_NAME] = CANDIDATE_COLUMNS
        "WHERE r.n IN (SELECT n FROM names WHERE hash=?1 OR hash=?2)" CANDIDATE_ORDER,
        [SQL_COUNT] = "SELECT count(*) FROM records",
        [SQL_COUNT_PAGE] = "SELECT count(*) FROM records WHERE source" OF_PAGE,
        [SQL_SOURCE] = "SELECT n FROM sources WHERE name=?1",
        [SQL_SOURCE_ADD] = "INSERT INTO sources(name) VALUES(?1)",
};

int store_error(struct vault *v, struct error *err, const char *what)
{
	return error_set(err, -EIO, REASON_INTERNAL, "vault: %s: %s", what, sqlite3_errmsg(v->db));
}

int store_run(struct vault *v, const char *sql, struct error *err)
{
	return sqlite3_exec(v->db, sql, NULL, NULL, NULL) == SQLITE_OK
	               ? 0
	               : store_error(v, err, "cannot change the file");
}

void store_roll_back(struct vault *v)
{
	if (!sqlite3_get_autocommit(v->db))
		(void)sqlite3_exec(v->db, "ROLLBACK", NULL, NULL, NULL);
}

/* Two that open a new vault at once change its mode together. SQLite has them fail then instead of
 * waiting for the lock, lest they wait for each other: whoever failed asks again. */
static int store_write_ahead(struct vault *v, struct error *err)
{
	const struct timespec pause = {.tv_nsec = MODE_PAUSE_MS * 1000000L};
	int r = SQLITE_BUSY;

	for (int waited = 0; r == SQLITE_BUSY && waited < BUSY_MS; waited += MODE_PAUSE_MS) {
		if (waited > 0)
			(void)nanosleep(&pause, NULL);
		r = sqlite3_exec(v->db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
	}
	return r == SQLITE_OK ? 0 : store_error(v, err, "write-ahead log");
}

int store_open(struct vault *v, struct error *err)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/vault.db", v->dir) >= (int)sizeof(path))
		return error_set(
		        err, -ENAMETOOLONG, REASON_CANNOT_OPEN, "state folder name too long");
	if (sqlite3_open_v2(path, &v->db,
	            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
	            NULL) != SQLITE_OK)
		return error_set(err, -EIO, REASON_CANNOT_OPEN, "cannot open %s: %s", path,
		        sqlite3_errmsg(v->db));
	sqlite3_busy_timeout(v->db, BUSY_MS);
	int r = store_write_ahead(v, err);
	if (r < 0)
		return r;
	if (sqlite3_exec(v->db, schema, NULL, NULL, NULL) != SQLITE_OK)
		return store_error(v, err, "schema");
	for (int i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(v->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &v->sql[i],
		            NULL) != SQLITE_OK)
			return store_error(v, err, "prepare");
	return 0;
}

void store_close(struct vault *v)
{
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(v->sql[i]);
	sqlite3_close(v->db);
}

sqlite3_stmt *store_statement(struct vault *v, enum statement which)
{
	sqlite3_reset(v->sql[which]);
	sqlite3_clear_bindings(v->sql[which]);
	return v->sql[which];
}

int store_compact(struct vault *v, struct error *err)
{
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_reset(v->sql[i]);
	int r = store_run(v, "VACUUM", err);
	return r == 0 ? store_run(v, "PRAGMA wal_checkpoint(TRUNCATE)", err) : r;
}

int store_source(struct vault *v, const char *name, int64_t *ret, struct error *err)
{
	sqlite3_stmt *sql = store_statement(v, SQL_SOURCE);

	sqlite3_bind_text(sql, 1, name, -1, SQLITE_STATIC);
	int step = sqlite3_step(sql);
	if (step == SQLITE_ROW)
		*ret = sqlite3_column_int64(sql, 0);
	sqlite3_reset(sql);
	if (step != SQLITE_DONE)
		return step == SQLITE_ROW ? 0 : store_error(v, err, "source");
	sql = store_statement(v, SQL_SOURCE_ADD);
	sqlite3_bind_text(sql, 1, name, -1, SQLITE_STATIC);
	step = sqlite3_step(sql);
	sqlite3_reset(sql);
	if (step != SQLITE_DONE)
		return store_error(v, err, "source");
	*ret = sqlite3_last_insert_rowid(v->db);
	return 0;
}

int store_meta_get(struct vault *v, const char *key, void *out, size_t len, struct error *err)
{
	sqlite3_stmt *sql;
	int r = -ENOENT;

	if (sqlite3_prepare_v2(v->db, "SELECT value FROM meta WHERE key=?1", -1, &sql, NULL))
		return store_error(v, err, "meta");
	sqlite3_bind_text(sql, 1, key, -1, SQLITE_STATIC);
	int step = sqlite3_step(sql);
	if (step == SQLITE_ROW) {
		r = sqlite3_column_bytes(sql, 0) == (int)len ? 0 : -EBADMSG;
		if (r == 0)
			memcpy(out, sqlite3_column_blob(sql, 0), len);
	} else if (step != SQLITE_DONE) {
		r = store_error(v, err, "meta");
	}
	sqlite3_finalize(sql);
	return r;
}

int store_meta_put(
        struct vault *v, const char *key, const void *data, size_t len, struct error *err)
{
	sqlite3_stmt *sql;

	if (sqlite3_prepare_v2(v->db, "INSERT OR REPLACE INTO meta VALUES(?1,?2)", -1, &sql, NULL))
		return store_error(v, err, "meta");
	sqlite3_bind_text(sql, 1, key, -1, SQLITE_STATIC);
	sqlite3_bind_blob(sql, 2, data, (int)len, SQLITE_STATIC);
	int r = sqlite3_step(sql) == SQLITE_DONE ? 0 : store_error(v, err, "meta");
	sqlite3_finalize(sql);
	return r;
}
