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
        "UPDATE bundles SET state = CASE WHEN confirmed <> 0 THEN 'confirmed'"
        " WHEN id = (SELECT max(b.id) FROM bundles b WHERE b.machine = bundles.machine)"
        " THEN 'pending' ELSE 'void' END;"
        "ALTER TABLE bundles DROP COLUMN confirmed;",

        "ALTER TABLE sessions ADD COLUMN ip TEXT NOT NULL DEFAULT '';",

        /* The fleet: inventory, campaigns, people, several appliances. */
        "ALTER TABLE machines ADD COLUMN campaign INTEGER NOT NULL DEFAULT 0;" /* 0: of none */
        "ALTER TABLE machines ADD COLUMN wave INTEGER NOT NULL DEFAULT 0;"     /* from 1 */
        "ALTER TABLE machines ADD COLUMN open INTEGER NOT NULL DEFAULT 0;"     /* may go on */
        "ALTER TABLE machines ADD COLUMN appliance TEXT NOT NULL DEFAULT '';"  /* served it last */
        "CREATE INDEX machines_campaign ON machines (campaign, wave);"
        /* What the machine was in when it booted, and when it opened its session. */
        "ALTER TABLE tokens ADD COLUMN campaign INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE sessions ADD COLUMN campaign INTEGER NOT NULL DEFAULT 0;"

        "CREATE TABLE inventory (machine INTEGER PRIMARY KEY REFERENCES machines (id),"
        " name TEXT NOT NULL, serial TEXT NOT NULL, uuid TEXT NOT NULL, macs TEXT NOT NULL,"
        " site TEXT NOT NULL, floor TEXT NOT NULL, owner TEXT NOT NULL, ring TEXT NOT NULL,"
        " bmc TEXT NOT NULL, rank INTEGER NOT NULL DEFAULT 0,"
        " conflict TEXT NOT NULL DEFAULT '', imported INTEGER NOT NULL) STRICT;"
        "CREATE INDEX inventory_serial ON inventory (serial);"
        "CREATE INDEX inventory_uuid ON inventory (uuid);"
        "CREATE INDEX machines_uuid ON machines (uuid);"
        /* Machines that turned out to be another one (survivor), or were removed (0). */
        "CREATE TABLE gone (id INTEGER PRIMARY KEY AUTOINCREMENT, machine INTEGER NOT NULL,"
        " survivor INTEGER NOT NULL, seq INTEGER NOT NULL) STRICT;"

        "CREATE TABLE campaigns (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
        " state TEXT NOT NULL, reason TEXT NOT NULL, text TEXT NOT NULL,"
        " plan TEXT NOT NULL, recipe TEXT NOT NULL, created INTEGER NOT NULL,"
        " created_by TEXT NOT NULL, started INTEGER NOT NULL DEFAULT 0,"
        " ended INTEGER NOT NULL DEFAULT 0, changed INTEGER NOT NULL DEFAULT 0,"
        " judged INTEGER NOT NULL DEFAULT 0," /* failures since then may stop the line */
        " window_from INTEGER NOT NULL, window_until INTEGER NOT NULL,"
        " approval TEXT NOT NULL, dry_run INTEGER NOT NULL,"
        " report TEXT NOT NULL DEFAULT '') STRICT;" /* as it was at the end */
        "CREATE TABLE waves (campaign INTEGER NOT NULL REFERENCES campaigns (id),"
        " number INTEGER NOT NULL, name TEXT NOT NULL, opened INTEGER NOT NULL DEFAULT 0,"
        " ready INTEGER NOT NULL DEFAULT 0," /* since when the wave before has returned */
        " rank INTEGER NOT NULL DEFAULT 0, quota INTEGER NOT NULL DEFAULT 0,"
        " done INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (campaign, number)) STRICT;"

        "CREATE TABLE people (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
        " role TEXT NOT NULL, password TEXT NOT NULL, disabled INTEGER NOT NULL DEFAULT 0,"
        " created INTEGER NOT NULL, created_by TEXT NOT NULL,"
        " seen INTEGER NOT NULL DEFAULT 0) STRICT;"
        "CREATE TABLE logins (hash BLOB PRIMARY KEY,"
        " person INTEGER NOT NULL REFERENCES people (id), created INTEGER NOT NULL,"
        " seen INTEGER NOT NULL, ip TEXT NOT NULL) STRICT;"
        "CREATE INDEX logins_person ON logins (person);"
        "CREATE TABLE api_tokens (id INTEGER PRIMARY KEY AUTOINCREMENT, hash BLOB NOT NULL UNIQUE,"
        " name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, created INTEGER NOT NULL,"
        " created_by TEXT NOT NULL, expires INTEGER NOT NULL DEFAULT 0,"
        " used INTEGER NOT NULL DEFAULT 0) STRICT;"
        "CREATE TABLE setup (one INTEGER PRIMARY KEY CHECK (one = 1), hash BLOB NOT NULL,"
        " expires INTEGER NOT NULL) STRICT;"

        "CREATE TABLE actions (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL,"
        " who TEXT NOT NULL, role TEXT NOT NULL, via TEXT NOT NULL, ip TEXT NOT NULL,"
        " verb TEXT NOT NULL, kind TEXT NOT NULL, object TEXT NOT NULL, text TEXT NOT NULL)"
        " STRICT;"

        "CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until INTEGER NOT NULL)"
        " STRICT;"
        "CREATE TABLE appliances (id TEXT PRIMARY KEY, name TEXT NOT NULL, address TEXT NOT NULL,"
        " version TEXT NOT NULL, started INTEGER NOT NULL, seen INTEGER NOT NULL,"
        " beat TEXT NOT NULL DEFAULT '',"                /* of the one that wrote it last */
        " twin TEXT NOT NULL DEFAULT '',"                /* another one with this id, and ... */
        " twin_seen INTEGER NOT NULL DEFAULT 0) STRICT;" /* ... when it was noticed last */
        "CREATE TABLE hooks (name TEXT PRIMARY KEY, cursor INTEGER NOT NULL,"
        " campaigns INTEGER NOT NULL,"
        " delivered INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,"
        " text TEXT NOT NULL DEFAULT '') STRICT;"
        "CREATE TABLE learnt (step TEXT PRIMARY KEY, samples INTEGER NOT NULL,"
        " median INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;"
        "CREATE TABLE bundle_parts (sha256 TEXT NOT NULL, part INTEGER NOT NULL,"
        " bytes BLOB NOT NULL, PRIMARY KEY (sha256, part)) STRICT;",

        /* What happened, by the minute; what happened before it was counted is counted now. */
        "CREATE TABLE tally (at INTEGER PRIMARY KEY, started INTEGER NOT NULL,"
        " repaired INTEGER NOT NULL, recovered INTEGER NOT NULL, failed INTEGER NOT NULL) STRICT;"
        "INSERT INTO tally (at, started, repaired, recovered, failed)"
        " SELECT at / 60000 * 60000,"
        " sum(CASE WHEN step = 'boot' AND state = 'booting' THEN 1 ELSE 0 END),"
        " sum(CASE WHEN step = 'result' AND reason IN ('REPAIRED', 'RENAMED', 'COMPLETED_PENDING')"
        " THEN 1 ELSE 0 END),"
        " sum(CASE WHEN step = 'windows' AND state = 'returned' THEN 1 ELSE 0 END),"
        " sum(CASE WHEN (state = 'attention' AND step IN ('silence', 'result', 'release', 'boot',"
        " 'pxe') AND reason NOT IN ('BOOT_STALLED', 'NO_HEARTBEAT'))"
        " OR (state = 'held' AND step = 'boot' AND reason = 'SERVED_TOO_OFTEN')"
        " THEN 1 ELSE 0 END) FROM events WHERE at > 0 GROUP BY 1;"
        "DELETE FROM tally WHERE started + repaired + recovered + failed = 0;"
        "ALTER TABLE learnt ADD COLUMN most INTEGER NOT NULL DEFAULT 0;",

        /* What each appliance heard on its wire: the newest only. */
        "CREATE TABLE heard (appliance TEXT NOT NULL, mac TEXT NOT NULL, kind TEXT NOT NULL,"
        " at INTEGER NOT NULL, arch TEXT NOT NULL, vendor TEXT NOT NULL, answered INTEGER NOT NULL,"
        " PRIMARY KEY (appliance, mac, kind)) STRICT;"
        "CREATE TABLE dhcp_servers (appliance TEXT NOT NULL, ip TEXT NOT NULL, mac TEXT NOT NULL,"
        " at INTEGER NOT NULL, PRIMARY KEY (appliance, ip)) STRICT;",

        /* When dnsmasq answered a MAC's network boot last; how far a boot's way in is trusted. */
        "ALTER TABLE macs ADD COLUMN answered INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE tokens ADD COLUMN contact TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE sessions ADD COLUMN contact TEXT NOT NULL DEFAULT '';",

        /* Which of the two boot programs firmware gets: enum machine_loader. */
        "ALTER TABLE machines ADD COLUMN loader INTEGER NOT NULL DEFAULT 0;",

        /* The other one for a machine that did not start the first; a person's word for a model. */
        "ALTER TABLE machines ADD COLUMN flipped INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE machines ADD COLUMN given INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE machines ADD COLUMN flips INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE machines ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;"
        "ALTER TABLE machines ADD COLUMN started INTEGER NOT NULL DEFAULT 0;"
        "CREATE TABLE models (model TEXT PRIMARY KEY, loader INTEGER NOT NULL,"
        " revision INTEGER NOT NULL) STRICT;",

        /* What a machine's firmware tries first: enum machine_boot_order. */
        "ALTER TABLE machines ADD COLUMN boot_order INTEGER NOT NULL DEFAULT 0;",

        /* How its Windows is set to start: enum machine_safe_mode. */
        "ALTER TABLE machines ADD COLUMN safe_mode INTEGER NOT NULL DEFAULT 0;",

        /* Management controllers: which appliance knows one of a machine; orders to them. */
        "CREATE TABLE machine_bmc (machine INTEGER NOT NULL REFERENCES machines (id),"
        " appliance TEXT NOT NULL, type TEXT NOT NULL, address TEXT NOT NULL,"
        " PRIMARY KEY (machine, appliance)) STRICT;"
        "CREATE TABLE power_orders (id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " machine INTEGER NOT NULL REFERENCES machines (id), what TEXT NOT NULL,"
        " force INTEGER NOT NULL, by_whom TEXT NOT NULL, why TEXT NOT NULL,"
        " campaign INTEGER NOT NULL, wave INTEGER NOT NULL, image TEXT NOT NULL,"
        " at_once INTEGER NOT NULL, per_rack INTEGER NOT NULL, per_feed INTEGER NOT NULL,"
        " rack TEXT NOT NULL, feed TEXT NOT NULL, rank INTEGER NOT NULL, state TEXT NOT NULL,"
        " reason TEXT NOT NULL, text TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,"
        " busy INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL, due INTEGER NOT NULL,"
        " begun INTEGER NOT NULL DEFAULT 0, driven INTEGER NOT NULL DEFAULT 0,"
        " ended INTEGER NOT NULL DEFAULT 0, appliance TEXT NOT NULL DEFAULT '',"
        " type TEXT NOT NULL, address TEXT NOT NULL, power TEXT NOT NULL DEFAULT '',"
        " boot TEXT NOT NULL DEFAULT '', steps TEXT NOT NULL DEFAULT '[]') STRICT;"
        "CREATE INDEX power_orders_machine ON power_orders (machine, id);"
        "CREATE INDEX power_orders_state ON power_orders (state, id);"
        "CREATE INDEX power_orders_driven ON power_orders (driven);"
        "ALTER TABLE inventory ADD COLUMN rack TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE inventory ADD COLUMN feed TEXT NOT NULL DEFAULT '';",
};

#endif
