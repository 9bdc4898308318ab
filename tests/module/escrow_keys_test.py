#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recovery keys that come through the status page, at a real netmend-escrow: parts, look, store; who may; what nobody is told."""
import hashlib
import json
import os
import random
import sqlite3
import subprocess
import unittest
import uuid

from escrow_lab import ESCROW, EscrowCase, seal_box, settings
from keys_upload import PART, Upload, keys_box

PAGE_KEYS = 200000  # NM_MAX_PAGE_KEYS
ANNA = ("anna", "correct horse")


def password(seed):
    groups = random.Random(seed)
    return "-".join("%06d" % (11 * groups.randrange(1, 65536)) for _ in range(8))


def many(count):
    return [(str(uuid.UUID(int=n + 1)).upper(), password(n)) for n in range(count)]


def csv(rows, head="KeyID,RecoveryKey\n"):
    return (head + "".join(f"{guid},{key}\n" for guid, key in rows)).encode()


class Keys(EscrowCase):
    def begin(self, *people, **given):
        client = self.start(settings(**given))
        for name, passphrase in people:
            self.assertTrue(client.op("approver", action="add", name=name, passphrase=passphrase)["ok"])
        self.point = client.point()
        return client

    def upload(self, client, *files):
        def send(order, data):
            return client.op("keys", **{"from": "10.9.9.9", "by": "clara"}, box=keys_box(self.point, order, data))
        return Upload(send, *files)

    def refused(self, answer, reason, words=""):
        self.assertEqual((answer["ok"], answer["reason"]), (False, reason), answer)
        self.assertIn(words, answer["text"])
        self.assertNotIn("keys", answer)

    def looked(self, upload):
        self.assertTrue((answer := upload.parts())["ok"], answer)
        answer = upload.look()
        self.assertEqual((answer["ok"], answer["reason"]), (True, "OK"), answer)
        self.assertFalse(answer["keys"]["stored"])
        self.assertEqual(answer["keys"]["sha256"], hashlib.sha256(upload.content).hexdigest())
        return answer["keys"]

    def looked_at(self, client, *files):
        self.looked(upload := self.upload(client, *files))
        return upload

    def stored(self, upload, *person):
        answer = upload.store(*person)
        self.assertEqual((answer["ok"], answer["reason"]), (True, "OK"), answer)
        self.assertTrue(answer["keys"]["stored"])
        return answer["keys"]

    def count(self, client):
        return client.op("status")["keys"]

    def sources(self):
        return subprocess.run([ESCROW, "list", "--state", self.state], capture_output=True, text=True, check=True).stdout

    def test_looked_at_stored_and_released(self):
        client, machine = self.begin(), self.machine()
        self.assertEqual(client.release(machine)["reason"], "KEY_NOT_FOUND")
        rows = list(self.passwords.items())
        text = csv(rows) + b"11111111-2222-3333-4444-555555555555,NULL\n" + b",\n" + rows[0][0].encode() + b"," + \
            rows[0][1].replace("-", "")[:-1].encode() + b"%d\n" % ((int(rows[0][1][-1]) + 1) % 10)
        upload = self.upload(client, ("keys.csv", text))
        keys = self.looked(upload)
        (file,) = keys["files"]
        self.assertEqual((file["name"], file["encoding"], file["rows"], file["added"], file["present"], file["rejected"]),
                         ("keys.csv", "UTF-8", len(rows) + 2, len(rows), 0, 2))
        self.assertIn("column 1 'KeyID' is the key ID", file["columns"])
        line = len(rows) + 2
        self.assertEqual([(r["from"], r["to"]) for r in file["lines"]], [(line, line), (line + 2, line + 2)])
        self.assertIn("NULL", file["lines"][0]["text"])
        self.assertIn("typing error in group", file["lines"][1]["text"])
        self.assertEqual(sum(r["rows"] for r in file["reasons"]), 2)
        self.assertFalse(keys["approver"])
        self.assertEqual(self.count(client), 0, "a look stores nothing")
        self.assertEqual(client.until(machine, "pending", "KEY_NOT_FOUND")["volumes"], [])
        (file,) = self.stored(upload)["files"]
        self.assertEqual((file["added"], self.count(client)), (len(rows), len(rows)))
        self.assertEqual(self.opened(client.until(machine), machine), self.vmk)
        (released,), (ordered,), (done,) = self.audit("release", decision="released"), self.audit("import"), self.audit("imported")
        self.assertEqual(released["source"], "vault")
        self.assertEqual((ordered["source"], ordered["from"], ordered["account"], ordered["by"], ordered["file"], ordered["sha256"]),
                         ("status page", "10.9.9.9", "clara", "", ["keys.csv"], keys["sha256"]))
        self.assertEqual((done["added"], done["present"], done["rejected"], done["text"]), (len(rows), 0, 2, ""))
        self.refused(upload.store(), "NOT_FOUND")
        again = self.upload(client, ("keys.csv", text))
        self.assertEqual(self.looked(again)["files"][0]["added"], 0)
        (file,) = self.stored(again)["files"]
        self.assertEqual((file["added"], file["present"], self.count(client)), (0, len(rows), len(rows)), "twice is once")
        self.nothing_leaks()

    def test_several_files_in_parts_in_any_order(self):
        client, rows = self.begin(), many(1500)
        first = csv(rows[:1400])
        second = ("\ufeff" + csv(rows[1400:]).decode()).encode("utf-16-le")
        upload = self.upload(client, ("a.csv", first), ("b.csv", second), ("readme.txt", b"nothing in here\n"))
        count = -(-len(upload.content) // PART)
        self.assertGreater(count, 2)
        order = list(range(count))
        random.Random(7).shuffle(order)
        for number in order[:-1] + order[:2]:
            self.assertTrue(upload.part(number)["ok"], "twice is once")
        self.refused(upload.look(), "VALUE_BAD", f"1 of {count} parts did not come, part {order[-1] + 1} is")
        self.assertTrue(upload.part(order[-1])["ok"])
        keys = self.looked(upload)
        self.assertEqual([(f["name"], f["encoding"], f["added"], f["rejected"]) for f in keys["files"]],
                         [("a.csv", "UTF-8", 1400, 0), ("b.csv", "UTF-16LE", 100, 0), ("readme.txt", "UTF-8", 0, 0)])
        self.refused(upload.part(0), "NOT_NOW", "looked at already")
        self.stored(upload)
        self.assertEqual(self.count(client), 1500)

    def vault(self):
        connection = sqlite3.connect(os.path.join(self.state, "vault.db"), isolation_level=None, timeout=60)
        self.addCleanup(connection.close)
        return connection

    def test_nobody_waits_for_a_look(self):
        client, machine, rows = self.begin(), self.machine(), many(40)
        mine = list(self.passwords.items())
        self.stored(self.looked_at(client, ("mine.csv", csv(mine))))
        other = self.vault()
        other.execute("BEGIN IMMEDIATE")  # whoever needs the write lock waits for the end of this
        (file,) = self.looked(self.upload(client, ("a.csv", csv(rows + mine))))["files"]
        self.assertEqual((file["added"], file["present"]), (40, len(mine)))
        self.assertEqual(self.opened(client.until(machine), machine), self.vmk)
        other.execute("ROLLBACK")

    def test_repeated_in_several_files(self):
        client, rows = self.begin(), many(4)
        upload = self.upload(client, ("a.csv", csv(rows[:3] + rows[:1])), ("b.csv", csv(rows[2:] + rows[2:])))
        expected = [(3, 0, 1), (1, 0, 3)]
        self.assertEqual([(f["added"], f["present"], f["repeated"]) for f in self.looked(upload)["files"]], expected)
        self.assertEqual([(f["added"], f["present"], f["repeated"]) for f in self.stored(upload)["files"]], expected)
        (done,) = self.audit("imported")
        self.assertEqual((self.count(client), done["added"], done["repeated"]), (4, 4, 4))

    def test_no_more_keys_of_the_page_than_there_is_room_for(self):
        client, rows = self.begin(), many(4)
        self.stored(self.looked_at(client, ("a.csv", csv(rows[:1]))))
        self.vault().execute("INSERT INTO records(mark, known, source, run, stale, added, changed, nonce, box) "
                             "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?) "
                             "SELECT x'00', 0, (SELECT n FROM sources WHERE name = 'status page'), 0, 0, 0, 0, x'00', x'00' FROM c",
                             (PAGE_KEYS - 3,))
        self.assertEqual(self.count(client), PAGE_KEYS - 2)
        beyond = self.upload(client, ("a.csv", csv(rows[:2])), ("b.csv", csv(rows[1:])))
        self.assertTrue(beyond.parts()["ok"])
        self.refused(beyond.look(), "VALUE_BAD", f"more than {PAGE_KEYS} keys from the status page are not kept")
        self.refused(beyond.store(), "VALUE_BAD", "looked at")
        self.assertTrue(beyond.drop()["ok"])
        full = self.looked_at(client, ("a.csv", csv(rows[:2])), ("b.csv", csv(rows[:3])))
        self.assertEqual([f["added"] for f in self.stored(full)["files"]], [1, 1])
        self.assertEqual(self.count(client), PAGE_KEYS)
        known = self.looked_at(client, ("a.csv", csv(rows[:3])))
        self.assertEqual([(f["added"], f["present"]) for f in self.stored(known)["files"]], [(0, 3)])
        one = self.upload(client, ("a.csv", csv(rows[3:])))
        self.assertTrue(one.parts()["ok"])
        self.refused(one.look(), "VALUE_BAD", "netmend keys import")
        self.assertEqual(self.count(client), PAGE_KEYS)

    def test_of_many_bad_lines_some_are_named(self):
        client = self.begin()
        bad = "".join(f"{guid},{'NULL' if n % 2 else ''}\n" for n, (guid, _) in enumerate(many(1000)))
        (file,) = self.looked(self.upload(client, ("bad.csv", b"ID,Key\n" + bad.encode())))["files"]
        self.assertEqual((file["added"], file["rejected"], len(file["lines"]), file["left_out"]), (0, 1000, 200, 800))

    def test_pieces_of_a_password_in_the_heading_are_not_told(self):
        client, (guid, key) = self.begin(), many(1)[0]
        text = (",".join(key.split("-")) + f",host\nPC1,{key},{guid}\n").encode()
        answer = json.dumps(self.looked(self.upload(client, ("odd.csv", text))))
        for group in key.split("-"):
            self.assertNotIn(group, answer)

    def test_one_import_at_a_time(self):
        client, text = self.begin(), csv(many(2))
        one, other, third = (self.upload(client, (f"{name}.csv", text)) for name in "abc")
        self.looked(one)
        self.refused(other.parts(), "NOT_NOW", "another import is running")
        self.refused(other.store(), "NOT_FOUND")
        self.assertTrue(other.drop()["ok"], "nothing of another one's is dropped")
        self.refused(other.parts(), "NOT_FOUND")
        self.refused(third.parts(), "NOT_NOW", "another import is running")
        self.assertTrue(one.drop()["ok"])
        self.refused(one.store(), "NOT_FOUND")
        self.refused(one.part(0), "NOT_FOUND", "any more")  # comes late, and is in nobody's way
        self.looked(third)

    def test_only_what_was_looked_at_is_stored(self):
        client = self.begin()
        upload = self.upload(client, ("a.csv", csv(many(2))))
        self.assertTrue(upload.parts()["ok"])
        self.refused(upload.store(), "VALUE_BAD", "looked at")
        self.looked(upload)
        self.refused(upload.store(sha256="00" * 32), "VALUE_BAD", "looked at")
        self.assertEqual((self.count(client), self.audit("import")), (0, []))
        self.stored(upload)

    def test_malformed(self):
        client = self.begin()
        upload = self.upload(client, ("a.csv", csv(many(2))))
        size = len(upload.content)
        for part in ({"number": 1, "data": b""}, {"number": 0, "data": b"short"}, {"number": 0, "data": b"", "size": 0},
                     {"number": 0, "data": b"x" * PART, "size": 20 * 1024 * 1024 + 1}):
            self.refused(upload.part(**part), "PROTOCOL_ERROR")
        self.refused(upload.order("part", b"x", part=0, size=1, more=1), "PROTOCOL_ERROR")
        self.refused(upload.order("steal"), "PROTOCOL_ERROR")
        upload.parts()
        self.refused(upload.part(0, b"x", 1), "VALUE_BAD", "of the same files")
        for sizes in ([size - 1], [size + 1], [size, 1]):
            self.refused(upload.look([{"name": "a.csv", "size": s} for s in sizes]), "VALUE_BAD")
        self.looked(upload)
        order = {"from": "10.9.9.9", "by": "clara"}
        self.refused(client.op("keys", **order, box=seal_box(self.point, {"v": 1, "op": "look"})), "PROTOCOL_ERROR", "does not open")
        box = keys_box(self.point, {"op": "drop", "import": "00" * 16})
        self.assertTrue(client.op("keys", **order, box=box)["ok"])
        self.refused(client.op("keys", **order, box=box), "PROTOCOL_ERROR", "before")
        self.refused(client.op("keys", **order, box="AA=="), "PROTOCOL_ERROR")
        self.refused(client.op("enter", **{"from": "10.9.9.9"}, box=keys_box(self.point, {"op": "drop", "import": "00" * 16})),
                     "PROTOCOL_ERROR", "does not open")

    def test_the_configuration_can_forbid_it(self):
        client = self.begin(page_import=False)
        self.refused(self.upload(client, ("a.csv", csv(many(1)))).parts(), "NOT_NOW", "page-import")

    def test_a_locked_vault(self):
        client = self.begin(vault={"key": "ask", "secret": ""})
        self.refused(self.upload(client, ("a.csv", csv(many(1)))).parts(), "VAULT_LOCKED", "netmend keys unlock")

    def test_where_there_are_approvers_one_of_them_says_so(self):
        client = self.begin(ANNA)
        upload = self.upload(client, ("a.csv", csv(many(3))))
        self.assertTrue(self.looked(upload)["approver"])
        for person in (("", ""), ("anna", ""), ("anna", "correct hors"), ("eve", "correct horse")):
            self.refused(upload.store(*person), "APPROVER_UNKNOWN")
        self.assertEqual((self.count(client), self.audit("import")), (0, []))
        self.stored(upload, *ANNA)
        self.assertEqual(self.audit("import")[0]["by"], "anna")
        for place in self.answers + [self.logged().encode()]:
            self.assertNotIn(ANNA[1].encode(), place)

    def test_bogus_keys_crowd_nobody_out(self):
        """A key from the page is one more candidate, never one instead."""
        client, machine = self.begin(), self.machine()
        self.imports([(self.guid, self.passwords[self.guid])])
        rows = "".join(f"{machine.about['name']},{self.guid},{password(n)}\n" for n in range(12))
        upload = self.upload(client, ("bogus.csv", b"Hostname,KeyID,RecoveryKey\n" + rows.encode()))
        self.looked(upload)
        self.assertEqual(self.stored(upload)["files"][0]["beside"], 12)
        self.assertEqual(self.opened(client.until(machine), machine), self.vmk)

    def test_the_page_takes_over_nothing_and_root_takes_over_from_it(self):
        client, rows = self.begin(), many(2)
        self.imports(rows[:1])
        upload = self.upload(client, ("a.csv", csv(rows)))
        self.looked(upload)
        self.stored(upload)
        self.assertEqual((self.sources().count("status page"), self.count(client)), (1, 2), self.sources())
        self.imports(rows)
        self.assertEqual((self.sources().count("status page"), self.count(client)), (0, 2), self.sources())


if __name__ == "__main__":
    unittest.main()
