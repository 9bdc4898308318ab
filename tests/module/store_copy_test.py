# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend store`: a store from SQLite to PostgreSQL and back, byte for byte; a backup while the appliance works."""
import contextlib
import hashlib
import os
import sqlite3
import subprocess
import tempfile
import shutil
import threading
import unittest

import postgres_lab
from web_server import BUILD, Web, event, events, operator

PASSWORD = "it's 100% se/cret?&="
BUNDLE = os.urandom(2500000)
SHA = hashlib.sha256(BUNDLE).hexdigest()


def tables(path):
    """{name: rows in order} of an SQLite file."""
    with contextlib.closing(sqlite3.connect(path)) as db:
        names = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        return {n: sorted(db.execute(f"SELECT * FROM {n}").fetchall(), key=repr) for n in names}


def fill(path):
    """A row at least in each table."""
    rows = {
        "secret": "(1, x'00ff')", "machines": "(7, 'Wändi ''; --', '52:54:00:00:00:07')", "macs": "('52:54:00:00:00:07', 7, 11)",
        "tokens": "(x'00', 7, '10.0.0.1', 5, 1, 4, 'media')", "sessions": "(3, x'0102', 7, 1, 5, 'KEY', 0, '[]', NULL, '', 4, 'media')",
        "events": "(90, 7, 3, 1, 6, 1, 'planning', 'plan', 'OK', 'ü', '{}'), (91, 7, NULL, NULL, 7, 1, 'seen', 'x', 'OK', '', '{}')",
        "bundles": f"(7, '{SHA}', {len(BUNDLE)}, 8)", "results": "(2, 7, 3, 9, '{}', 'reboot')",
    }
    columns = {"machines": "(id, name, mac)", "bundles": "(machine, sha256, size, at)"}
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        for name, values in rows.items():
            db.execute(f"INSERT INTO {name} {columns.get(name, '')} VALUES {values}")
        for name, kinds in {n: db.execute(f"PRAGMA table_info({n})").fetchall() for n in tables(path)}.items():
            if name not in rows and name != "schema_version":
                values = ["7" if k[2] == "INTEGER" else "x'7f00'" if k[2] == "BLOB" else f"'{name} {k[1]}'" for k in kinds]
                # A wave belongs to the campaign that was made, a login to the person.
                db.execute(f"INSERT INTO {name} VALUES ({', '.join('1' if k[1] == 'one' else v for k, v in zip(kinds, values))})")


@unittest.skipUnless(postgres_lab.programs(), "skipped: no PostgreSQL server on this host")
class Copy(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="netmend-copy-", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o755)  # web's user goes through it
        self.server = self.enterContext(postgres_lab.Postgres(password=PASSWORD.replace("'", "''")))
        self.config = self.path("netmend.conf")
        with open(self.path("password"), "w") as f:
            f.write(PASSWORD + "\n")
        os.chmod(self.path("password"), 0o600)
        self.url = self.server.tcp_url()
        with open(self.config, "w") as f:
            f.write(f"[server]\ninterface = lo\nstate = {self.dir}/state\nruntime = {self.dir}/run\nweb-user = 64001\n"
                    f"escrow-user = 64002\nfetch-user = 64003\n"
                    f"[store]\ndatabase = {self.url}\npassword-file = {self.path('password')}\n")
        self.file = self.path("first.db")
        os.mkdir(self.path("bundles"))
        with open(f"{self.path('bundles')}/{SHA}.tar.zst", "wb") as f:
            f.write(BUNDLE)

    def path(self, name):
        return f"{self.dir}/{name}"

    def netmend(self, *words, want=0):
        done = subprocess.run([f"{BUILD}/netmend", *words, "--config", self.config], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, want, done.stdout + done.stderr)
        self.assertNotIn(PASSWORD, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_there_and_back(self):
        self.netmend("store", "copy", self.file, self.path("none.db"), want=1)  # there is no such file
        self.netmend("machines", "add", "52:54:00:00:00:01")  # makes the tables in PostgreSQL
        self.assertIn("not empty", self.netmend("store", "copy", self.url, self.url, want=1))
        self.assertIn("postgresql", self.netmend("store", "status"))
        self.server.drop("netmend")
        self.server.create("netmend")
        sqlite3.connect(self.file).close()
        self.netmend("store", "copy", self.file, self.path("empty.db"))
        fill(self.file)
        said = self.netmend("store", "copy", self.file, self.url)
        self.assertIn("every row has arrived", said)
        first = tables(self.file)
        for name, rows in first.items():
            if name != "bundle_parts":
                self.assertEqual(int(self.server.sql(f"SELECT count(*) FROM {name}")[0][0]), len(rows), name)
        self.assertEqual(self.server.sql(f"SELECT encode(sha256(string_agg(bytes, '' ORDER BY part)), 'hex') FROM bundle_parts"
                                         f" WHERE sha256 = '{SHA}'"), [[SHA]])
        # Numbers go on behind those that came.
        self.assertEqual(self.server.sql("INSERT INTO machines (mac) VALUES ('x') RETURNING id"), [["8"]])
        self.server.sql("DELETE FROM machines WHERE mac = 'x'")
        self.netmend("store", "copy", self.url, self.path("second.db"))
        second = tables(self.path("second.db"))
        self.assertEqual(sorted(second), sorted(first))
        first.pop("bundle_parts")
        parts = second.pop("bundle_parts")
        self.assertEqual(second, first)
        self.assertEqual(b"".join(p[2] for p in sorted(parts) if p[0] == SHA), BUNDLE)
        self.assertIn("not empty", self.netmend("store", "copy", self.file, self.url, want=1))
        # And the backup of a server is such a file.
        self.netmend("store", "backup", self.path("backup.db"))
        backup = tables(self.path("backup.db"))
        self.assertEqual(backup.pop("bundle_parts"), parts)
        self.assertEqual(backup, second)
        self.assertEqual(os.stat(self.path("backup.db")).st_mode & 0o777, 0o600)
        self.netmend("store", "backup", self.path("backup.db"), want=1)


class Backup(unittest.TestCase):
    def test_while_a_machine_reports(self):
        folder = tempfile.mkdtemp(prefix="netmend-backup-", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        state = f"{folder}/state"
        os.makedirs(f"{state}/web")
        web = Web(folder=f"{state}/web")
        self.addCleanup(web.close)
        web.start()
        mac = "52:54:00:00:00:0a"
        operator(web, mac, in_scope=1)
        session = web.open(mac)[1]["session"]
        self.assertEqual(web.api("PUT", f"/v1/sessions/{session}/journal", BUNDLE)[0], 200)
        for name in ("netmend.db", "netmend.db-wal", "netmend.db-shm"):  # as if web ran as its user
            os.chown(web.path(name), 64001, 64001)
        for path, _, names in os.walk(web.path("bundles")):
            for name in names:
                os.chown(f"{path}/{name}", 64001, 64001)
        config = f"{folder}/netmend.conf"
        with open(config, "w") as f:
            f.write(f"[server]\ninterface = lo\nstate = {state}\nruntime = {folder}/run\nweb-user = 64001\n")
        acknowledged, stop = [0], threading.Event()

        def report():
            while not stop.is_set():
                n = acknowledged[0] + 1
                web.api("POST", f"/v1/sessions/{session}/events", events("planning", event(n, "planning", "plan")))
                acknowledged[0] = n

        thread = threading.Thread(target=report)
        thread.start()
        try:
            while acknowledged[0] < 5:
                pass
            before = acknowledged[0]
            done = subprocess.run([f"{BUILD}/netmend", "store", "backup", f"{folder}/backup.db", "--config", config],
                                  capture_output=True, text=True, timeout=60)
            after = acknowledged[0] + 1
        finally:
            stop.set()
            thread.join()
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with contextlib.closing(sqlite3.connect(f"{folder}/backup.db")) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            told = db.execute("SELECT max(n) FROM events").fetchone()[0]
            self.assertEqual(b"".join(r[0] for r in db.execute("SELECT bytes FROM bundle_parts ORDER BY part")), BUNDLE)
        self.assertTrue(before <= told <= after, (before, told, after))
        self.assertEqual([n for n in os.listdir(f"{state}/web") if n.startswith("backup")], [])


if __name__ == "__main__":
    unittest.main()
