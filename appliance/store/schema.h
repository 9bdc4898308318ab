/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables, one string a version: migration N takes user_version N to N + 1. Never edited after
 * a release; a change is a new string at the end. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

static const char *const migrations[] = {
        "CREATE TABLE secret (one INTEGER PRIMARY KEY CHECK (one = 1), bytes BLOB NOT NULL) STRICT;"

        "CREATE TABLE machines ("
        " id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " name TEXT NOT NULL DEFAULT '', mac TEXT NOT NULL, ip TEXT NOT NULL DEFAULT '',"
        " uuid TEXT NOT NULL DEFAULT '', serial TEXT NOT NULL DEFAULT '',"
        " asset TEXT NOT NULL DEFAULT '', manufacturer TEXT NOT NULL DEFAULT '',"
        " product TEXT NOT NULL DEFAULT '',"
        " in_scope INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0,"
        " done INTEGER NOT NULL DEFAULT 0,"
        " state TEXT NOT NULL DEFAULT 'seen', reason TEXT NOT NULL DEFAULT 'OK',"
        " text TEXT NOT NULL DEFAULT '',"
        " silent_state TEXT NOT NULL DEFAULT '', silent_reason TEXT NOT NULL DEFAULT 'OK',"
        " attempt INTEGER NOT NULL DEFAULT 0, since INTEGER NOT NULL DEFAULT 0,"
        " first_seen INTEGER NOT NULL DEFAULT 0, last_seen INTEGER NOT NULL DEFAULT 0,"
        " guard_from INTEGER NOT NULL DEFAULT 0, pairing TEXT NOT NULL DEFAULT '',"
        " changed INTEGER NOT NULL DEFAULT 0) STRICT;"
        "CREATE INDEX machines_changed ON machines (changed);"
        "CREATE INDEX machines_state ON machines (state, last_seen);"
        "CREATE INDEX machines_identity ON machines (serial, uuid);"
        "CREATE INDEX machines_ip ON machines (ip);"

        "CREATE TABLE macs (mac TEXT PRIMARY KEY,"
        " machine INTEGER NOT NULL REFERENCES machines (id)) STRICT, WITHOUT ROWID;"
        "CREATE INDEX macs_machine ON macs (machine);"

        "CREATE TABLE tokens (hash BLOB PRIMARY KEY,"
        " machine INTEGER NOT NULL REFERENCES machines (id), ip TEXT NOT NULL,"
        " created INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
        "CREATE INDEX tokens_machine ON tokens (machine, created);"

        "CREATE TABLE sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,"
        " machine INTEGER NOT NULL REFERENCES machines (id), attempt INTEGER NOT NULL,"
        " created INTEGER NOT NULL, key TEXT NOT NULL, replaced INTEGER NOT NULL DEFAULT 0,"
        " volumes TEXT NOT NULL, released TEXT) STRICT;"
        "CREATE INDEX sessions_machine ON sessions (machine, id);"

        "CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT,"
        " machine INTEGER NOT NULL REFERENCES machines (id), session INTEGER, n INTEGER,"
        " at INTEGER NOT NULL, attempt INTEGER NOT NULL, state TEXT NOT NULL, step TEXT NOT NULL,"
        " reason TEXT NOT NULL, text TEXT NOT NULL, numbers TEXT NOT NULL,"
        " UNIQUE (session, n)) STRICT;"
        "CREATE INDEX events_machine ON events (machine, seq);"

        "CREATE TABLE bundles (id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " machine INTEGER NOT NULL REFERENCES machines (id), sha256 TEXT NOT NULL,"
        " size INTEGER NOT NULL, at INTEGER NOT NULL, confirmed INTEGER NOT NULL DEFAULT 0,"
        " UNIQUE (machine, sha256)) STRICT;"

        "CREATE TABLE results (id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " machine INTEGER NOT NULL REFERENCES machines (id), session INTEGER NOT NULL UNIQUE,"
        " at INTEGER NOT NULL, json TEXT NOT NULL, next TEXT NOT NULL) STRICT;"
        "CREATE INDEX results_machine ON results (machine, id);",

        "ALTER TABLE bundles ADD COLUMN state TEXT NOT NULL DEFAULT 'pending';"
        "UPDATE bundles SET state = CASE WHEN confirmed THEN 'confirmed'"
        " WHEN id = (SELECT max(b.id) FROM bundles b WHERE b.machine = bundles.machine)"
        " THEN 'pending' ELSE 'void' END;"
        "ALTER TABLE bundles DROP COLUMN confirmed;",
};

#endif
