#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What opens the vault, and `netmend keys` beside a running netmend-escrow: unlock, sources, snapshot.

The key source is played by this test: netmend-fetch's socket, and records as it would give them.
"""
import json
import os
import socket
import subprocess
import threading
import time
import unittest

from escrow_lab import settings
from keys_lab import Case, crowdstrike, keys

PASSPHRASE = "five words are quite enough"


class Protection(Case):
    def setUp(self):
        super().setUp()
        self.keys("import", self.file("a.csv", crowdstrike(keys(3))))
        self.vault_key = os.path.join(self.state, "escrow", "vault.key")

    def test_passphrase(self):
        self.assertIn("at least 12", self.keys("passphrase", stdin="short\n", status=1).stderr)
        self.assertTrue(os.path.exists(self.vault_key))
        done = self.keys("passphrase", stdin=PASSPHRASE + "\n")
        self.assertIn("vault-key = ask", done.stdout)
        self.assertFalse(os.path.exists(self.vault_key))
        self.assertEqual([r["key"] for r in self.audit() if r["event"] == "protect"], ["passphrase"])
        # The configuration still says auto: nothing is made anew, and the message says what to do.
        self.assertIn("is opened by a passphrase: set vault-key", self.keys("list", status=1).stderr)
        self.assertFalse(os.path.exists(self.vault_key))
        path = self.file("passphrase", PASSPHRASE + "\n")
        self.configure(f"vault-key = passphrase-file:{path}")
        self.assertEqual(self.count(), 3)
        self.assertEqual(len(json.loads(self.keys("list", "--json").stdout)["keys"]), 3)
        self.file("passphrase", "five words are quite wrong\n")
        self.assertIn("passphrase is not that of the vault", self.keys("list", status=1).stderr)
        for text in self.shown:
            self.assertNotIn(PASSPHRASE, text)

    def test_asked_for(self):
        self.keys("passphrase", stdin=PASSPHRASE + "\n")
        self.configure("vault-key = ask")
        self.assertEqual(len(json.loads(self.keys("list", "--json", stdin=PASSPHRASE + "\n").stdout)["keys"]), 3)
        self.assertIn("not the passphrase", self.keys("list", stdin="another one of twelve\n", status=1).stderr)
        self.assertEqual(self.count(), 3)  # how many there are is told without it
        added = self.keys("import", self.file("b.csv", crowdstrike(keys(2, seed=7))), stdin=PASSPHRASE + "\n")
        self.assertIn("2 added", added.stdout)
        # Another one, and back to a key file of its own.
        self.keys("passphrase", stdin=f"{PASSPHRASE}\n{PASSPHRASE}2\n")
        self.keys("list", stdin=PASSPHRASE + "\n", status=1)
        self.keys("passphrase", "auto", stdin=PASSPHRASE + "2\n")
        self.assertTrue(os.path.exists(self.vault_key))
        self.configure("")
        self.assertEqual(len(json.loads(self.keys("list", "--json").stdout)["keys"]), 5)

    def test_asked_for_before_there_is_a_vault(self):
        self.state = self.path("new")
        self.configure("vault-key = ask")
        self.keys("passphrase", stdin=PASSPHRASE + "\n")
        self.keys("import", self.path("a.csv"), stdin=PASSPHRASE + "\n")
        self.assertEqual(self.count(), 3)
        self.assertFalse(os.path.exists(os.path.join(self.state, "escrow", "vault.key")))

    def test_key_file(self):
        path = self.file("vault-key", os.urandom(40))
        self.assertIn("at least 32", self.keys("passphrase", "file", self.file("small", b"x" * 31), status=1).stderr)
        self.keys("passphrase", "file", path)
        self.configure(f"vault-key = file:{path}")
        self.assertFalse(os.path.exists(self.vault_key))
        self.assertEqual(len(json.loads(self.keys("list", "--json").stdout)["keys"]), 3)
        self.configure(f"vault-key = file:{self.file('other', os.urandom(40))}")
        self.assertIn("key file is not that of the vault", self.keys("list", status=1).stderr)
        self.keys("passphrase", "nonsense", status=2)
        self.keys("passphrase", "file", status=2)


class Source(threading.Thread):
    """netmend-fetch, as far as a snapshot and status go."""
    def __init__(self, path):
        super().__init__(daemon=True)
        self.records, self.fail = [], False
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(8)
        self.start()

    def run(self):
        with self.listener:
            while True:
                try:
                    client, _ = self.listener.accept()
                except OSError:
                    return  # shut down
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client:
            self.answer(client)

    def answer(self, client):
        while message := client.recv(131072):
            question = json.loads(message)
            if question["op"] == "status":
                answers = [{"sources": [{"name": "ad", "type": "ldap", "reason": "OK", "text": "1 controller", "checked": 1}]}]
            elif question["op"] == "pull":
                answers = [{"records": self.records[i:i + 100], "done": False, "reason": "OK", "text": ""}
                           for i in range(0, len(self.records), 100)]
                answers.append({"records": [], "done": not self.fail, "reason": "OK", "text": ""} if not self.fail else
                               {"records": [], "done": True, "reason": "SOURCE_UNREACHABLE", "text": "the controller went away"})
            else:
                answers = [{"reason": "OK", "text": "", "candidates": []}]
            for answer in answers:
                client.send(json.dumps({"v": 1, "id": question["id"], **answer}).encode())


class Running(Case):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("run"))
        os.chmod(self.path("run"), 0o777)
        self.keys("status")  # makes the folders
        self.process = None
        self.source = Source(self.path("run/fetch.sock"))
        self.addCleanup(self.source.listener.shutdown, socket.SHUT_RDWR)

    def serve(self, vault):
        owner = os.stat(os.path.join(self.state, "escrow"))
        reader, writer = os.pipe()
        os.write(writer, json.dumps(settings(sources=("vault", "ad"), fetch=self.path("run/fetch.sock"), vault=vault)).encode())
        os.close(writer)
        path = self.path("run/escrow.sock")
        if os.path.exists(path):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # opened by root, as netmend serve does
        listener.bind(path)
        listener.listen(8)
        with open(self.path("log"), "w") as log, listener:
            self.process = subprocess.Popen(
                [self.path("netmend-escrow"), "serve", "--state", os.path.join(self.state, "escrow"), "--listen-fd",
                 str(listener.fileno()), "--web-uid", "64871", "--settings-fd", str(reader)],
                pass_fds=(reader, listener.fileno()), user=owner.st_uid, group=owner.st_gid, extra_groups=[], stderr=log)
        os.close(reader)
        self.addCleanup(self.stop)
        deadline = time.monotonic() + 60
        while b"ready" not in self.log().encode():
            self.assertIsNone(self.process.poll(), self.log())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def log(self):
        with open(self.path("log")) as f:
            return f.read()

    def stop(self):
        self.process.terminate()
        self.assertEqual(self.process.wait(60), 0, self.log())

    def records(self, rows):
        return [{"protector": guid, "password": digits, "host": f"CN={host},OU=X", "changed": 1000 * i + 1}
                for i, (host, guid, digits) in enumerate(rows)]

    def test_snapshot(self):
        self.serve({"key": "auto", "secret": ""})
        rows = keys(250)
        self.source.records = self.records(rows)
        done = self.keys("snapshot", "ad")
        self.assertIn("ad: complete, 250 keys", done.stdout)
        status = json.loads(self.keys("status", "--json").stdout)
        self.assertEqual((status["keys"], [(s["source"], s["keys"]) for s in status["snapshots"]]), (250, [("ad", 250)]))
        listed = json.loads(self.keys("list", "--json").stdout)["keys"]
        self.assertEqual({(k["host"], k["source"], k["stale"]) for k in listed[:1]}, {("ZEBRA000000", "ad", False)})
        # Some were tidied away: kept, marked.
        self.source.records = self.records(rows[:200])
        self.keys("snapshot")
        self.assertEqual(json.loads(self.keys("status", "--json").stdout)["stale"], 50)
        self.assertIn("50 that their source does not have any more", self.keys("status").stdout)
        # Broken off: said, and what came before stays as it was.
        self.source.fail, self.source.records = True, self.records(rows[:100] + keys(5, seed=3))
        done = self.keys("snapshot", "ad", status=1)
        self.assertIn("ad: not complete", done.stderr)
        self.assertIn("the controller went away", done.stderr)
        status = json.loads(self.keys("status", "--json").stdout)
        self.assertEqual((status["keys"], status["stale"]), (255, 50))
        self.keys("snapshot", "nobody", status=1)
        for _, _, digits in rows:
            for text in self.shown:
                self.assertNotIn(digits, text)

    def test_sources(self):
        self.serve({"key": "auto", "secret": ""})
        deadline = time.monotonic() + 60
        while "1 controller" not in (shown := subprocess.run(self.command("sources"), capture_output=True, text=True).stdout):
            self.assertLess(time.monotonic(), deadline, shown)
            time.sleep(0.2)
        self.assertRegex(shown, r"ad +ldap +OK")
        self.assertRegex(shown, r"(?m)^ad .* never ")
        self.keys("snapshot")
        self.assertRegex(self.keys("sources").stdout, r"(?m)^ad .*  \d+ s  +\d+  ")
        self.assertEqual([s["name"] for s in json.loads(self.keys("sources", "--json").stdout)], ["vault", "ad"])

    def test_unlock(self):
        self.keys("passphrase", stdin=PASSPHRASE + "\n")
        self.configure("vault-key = ask")
        self.serve({"key": "ask", "secret": ""})
        self.assertIn("The vault is locked", self.keys("sources", status=1).stdout)
        self.assertIn("locked", self.keys("snapshot", status=1).stderr)
        self.assertIn("not the passphrase", self.keys("unlock", stdin="another one of twelve\n", status=1).stderr)
        self.keys("unlock", stdin=PASSPHRASE + "\n")
        self.source.records = self.records(keys(3))
        self.keys("snapshot")
        self.assertEqual(self.count(), 3)
        with open(os.path.join(self.state, "escrow", "audit.log")) as f:
            self.assertIn('"unlock"', f.read())

    def test_wiped_while_it_runs(self):
        self.serve({"key": "auto", "secret": ""})
        self.source.records = self.records(keys(20))
        self.keys("snapshot")
        self.keys("wipe", "--yes")
        self.assertEqual(self.count(), 0)
        self.keys("snapshot")
        self.assertEqual(self.count(), 20)
        self.assertEqual(len(json.loads(self.keys("list", "--json").stdout)["keys"]), 20)
        self.assertIsNone(self.process.poll(), self.log())

    def test_nobody_runs(self):
        for verb in ("sources", "snapshot", "unlock"):
            self.assertIn("escrow", self.keys(verb, status=1, stdin="x\n").stderr)


if __name__ == "__main__":
    unittest.main()
