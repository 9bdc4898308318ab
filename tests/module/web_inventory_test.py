#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend web and the inventory: imported, matched with what boots, exported, imported again."""
import contextlib
import csv
import io
import random
import sqlite3
import threading
import unittest

from web_server import Web, until

U = "4C4C4544-0043-3510-8052-B4C04F56%04X"
HEAD = "Computer Name;Serial Number;SMBIOS GUID;MAC Address;Location;Floor;Primary User;Ring;iLO;Start Order;Asset Tag\r\n"


def line(i, **more):
    cells = {"name": f"PC-{i}", "serial": f"sn{i:06d}", "uuid": (U % i).lower(), "mac": f"52-54-00-10-{i // 256:02X}-{i % 256:02X}",
             "site": "Bern" if i % 2 else "Zürich", "floor": "2", "owner": "Sales", "ring": "canary" if i < 3 else "broad",
             "bmc": f"10.9.0.{i}", "order": "", "tag": "x"} | more
    return ";".join(cells.values()) + "\r\n"


class Inventory(unittest.TestCase):
    def setUp(self):
        self.web = Web().start()
        self.addCleanup(self.web.close)

    def send(self, text, dry=False, status=200):
        data = text if isinstance(text, bytes) else text.encode()
        got, answer = self.web.api("POST", "/api/v1/inventory" + ("?dry=1" if dry else ""), data,
                                   headers={"Content-Type": "text/csv", "X-Netmend": "1"})
        self.assertEqual(got, status, answer)
        return answer

    def counts(self, answer):
        return answer["lines"], answer["added"], answer["changed"], answer["same"], len(answer["rejected"]), len(answer["conflicts"])

    def rows(self, query=""):
        return {row["name"]: row for row in self.web.api("GET", "/api/v1/machines" + query)[1]["machines"]}

    def export(self):
        return self.web.get("/api/v1/inventory.csv", secure=True)[2]

    def test_import_export_import(self):
        text = HEAD + "".join(line(i) for i in range(1, 6))
        self.assertEqual(self.counts(self.send(text, dry=True)), (5, 5, 0, 0, 0, 0))
        self.assertEqual(self.rows(), {})
        answer = self.send(text)
        self.assertEqual(self.counts(answer), (5, 5, 0, 0, 0, 0))
        self.assertEqual(answer["ignored"], ["Asset Tag"])
        row = self.rows()["PC-2"]
        self.assertEqual((row["serial"], row["uuid"], row["mac"], row["site"], row["ring"], row["bmc"], row["listed"], row["first_seen"]),
                         ("SN000002", U % 2, "52:54:00:10:00:02", "Zürich", "canary", "10.9.0.2", True, 0))
        self.assertEqual(sorted(self.rows("?missing=1&site=Bern")), ["PC-1", "PC-3", "PC-5"])
        for again in (text, "\ufeff" + text, text.encode("utf-16"), text.replace(";", "\t"), text.replace("\r\n", "\n"), self.export()):
            self.assertEqual(self.counts(self.send(again)), (5, 0, 0, 5, 0, 0))
        # A file with fewer columns leaves the others alone.
        self.assertEqual(self.counts(self.send("serial,site\nSN000002,Genf\nsn000003,Bern\n")), (2, 0, 1, 1, 0, 0))
        self.assertEqual((self.rows()["PC-2"]["site"], self.rows()["PC-2"]["owner"]), ("Genf", "Sales"))

    def test_export_is_harmless_and_comes_back_the_same(self):
        names = ["=cmd|' /C calc'!A0", "@SUM(A1)", "-1", "+1", "'quoted", "a,b;c", 'say "hi"', "''"]
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["name", "serial"])
        writer.writerows([name, f"ABC{i}"] for i, name in enumerate(names))
        self.assertEqual(self.counts(self.send(out.getvalue()))[:2], (8, 8))
        first = self.export()
        cells = [cell for row in csv.reader(io.StringIO(first.decode())) for cell in row]
        self.assertEqual([cell for cell in cells if cell[:1] in ("=", "@", "-", "+")], [])
        self.assertEqual(self.counts(self.send(first)), (8, 0, 0, 8, 0, 0))
        other = Web().start()
        self.addCleanup(other.close)
        other.api("POST", "/api/v1/inventory", first, headers={"X-Netmend": "1"})
        self.assertEqual(other.get("/api/v1/inventory.csv", secure=True)[2], first)

    def test_what_is_not_taken_is_told(self):
        answer = self.send("name,serial,uuid,mac,order\nA,,,,\nB,S-B,nonsense,,\nC,S-C,,52:54,\nD,S-D,,,x\n"
                           "E,To be filled by O.E.M.,00000000-0000-0000-0000-000000000000,,\nF,S-F,,,3\nG," + "x" * 200 + ",,,\nH,\"S-H\n")
        self.assertEqual([(r["line"], r["column"]) for r in answer["rejected"]],
                         [(2, ""), (3, "uuid"), (4, "macs"), (5, "order"), (6, ""), (8, "serial"), (9, "")])
        self.assertEqual(list(self.rows()), ["F"])
        for text in ("", "name,site\nA,B\n", "\0\0\0", "just words\n"):
            self.assertEqual(self.send(text, status=400)["error"], "VALUE_BAD")

    def test_conflicts_are_told_and_not_applied(self):
        self.send("serial,uuid\nS-A,\nS-B," + U % 7 + "\n")
        before = self.export()
        answer = self.send("serial,uuid\nS-A," + U % 7 + "\n")  # serial of one, UUID of the other
        self.assertEqual(self.counts(answer), (1, 0, 0, 0, 0, 1))
        self.assertEqual(len(answer["conflicts"][0]["machines"]), 2)
        answer = self.send("serial,name\nS-A,\ns-a,twice\n")
        self.assertEqual((answer["conflicts"][0]["line"], answer["same"]), (3, 1))
        self.assertEqual(self.export(), before)
        # A batch with one UUID, and a dock that several lines name.
        batch = "serial,uuid,mac\n" + "".join(f"BATCH{i},{U % 99},52:54:00:00:00:99\n" for i in range(40))
        self.assertEqual(self.counts(self.send(batch)), (40, 40, 0, 0, 0, 0))
        self.assertEqual(self.counts(self.send(batch)), (40, 0, 0, 40, 0, 0))
        self.assertEqual(self.counts(self.send(self.export()))[1:], (0, 0, 42, 0, 0))

    def test_what_boots_is_found_in_it(self):
        self.web.script("52:54:00:00:00:01")  # known by its MAC alone
        self.web.script("52:54:00:00:00:02", serial="OTHER")
        self.assertEqual(self.counts(self.send("name,serial,mac\nA,S-A,52-54-00-00-00-01\nB,S-B,\nC,S-C,\n"))[:2], (3, 3))
        rows = self.rows()
        self.assertEqual((rows["A"]["first_seen"] > 0, rows["B"]["mac"], rows["OTHER"]["listed"]), (True, "", False))
        self.web.script("52:54:00:00:00:03")
        self.assertEqual(len(self.rows("?unknown=1")), 2)
        self.web.script("52:54:00:00:00:03", serial="s-b")
        self.assertEqual(list(self.rows("?unknown=1")), ["OTHER"])
        self.assertEqual(self.rows()["B"]["mac"], "52:54:00:00:00:03")
        self.assertEqual(list(self.rows("?missing=1")), ["C"])
        self.send(f"serial,uuid\nS-C,{U % 1}\n")
        self.web.script("52:54:00:00:00:04", serial="S-C", uuid=U % 2)
        self.assertEqual(list(self.rows("?conflict=1")), ["C"])
        timeline = self.web.api("GET", f"/api/v1/machines/{self.rows()['C']['id']}")[1]["timeline"]
        self.assertIn("INVENTORY_CONFLICT", [event["reason"] for event in timeline])
        self.send(f"serial,uuid\nS-C,{U % 2}\n")
        self.assertEqual(self.rows("?conflict=1"), {})

    def test_a_line_is_removed(self):
        self.send("name,serial\nA,S-A\nB,S-B\n")
        self.web.script("52:54:00:00:00:03", serial="S-B")
        rows = self.rows()
        for name in ("A", "B"):
            self.assertEqual(self.web.api("DELETE", f"/api/v1/inventory/{rows[name]['id']}", headers={"X-Netmend": "1"})[0], 200)
            self.assertEqual(self.web.api("DELETE", f"/api/v1/inventory/{rows[name]['id']}", headers={"X-Netmend": "1"})[0], 404)
        self.assertEqual({name: row["listed"] for name, row in self.rows().items()}, {"B": False})

    def test_a_dry_run_says_what_comes_of_it(self):
        """Files in which lines share serials, UUIDs and MACs, upon a fleet in which machines do."""
        chance = random.Random(5)

        def some(texts):
            return texts[chance.randrange(len(texts))] if chance.random() < 0.7 else ""

        serials, uuids = [f"S-{i}" for i in range(25)], [U % i for i in range(12)]
        macs = [f"52:54:00:00:02:{i:02x}" for i in range(25)]
        for mac in macs[::3]:
            self.web.script(mac, **{name: value for name, value in (("serial", some(serials)), ("uuid", some(uuids))) if value})
        for heads in (("serial", "uuid", "mac"), ("name", "serial", "mac"), ("uuid", "mac"), ("serial", "uuid", "mac"), ("serial", "site")):
            text = ",".join(heads) + "\n"
            for i in range(40):
                cells = {"name": f"PC-{chance.randrange(30)}", "serial": some(serials), "uuid": some(uuids), "site": "Bern",
                         "mac": " ".join(filter(None, (some(macs), some(macs))))}
                text += ",".join(cells[head] for head in heads) + "\n"
            before, rows = self.export(), self.rows()
            would = self.send(text, dry=True)
            self.assertEqual((self.export(), self.rows()), (before, rows))
            does = self.send(text)
            for answer in (would, does):  # a machine made in a dry run may have another number
                for conflict in answer["conflicts"]:
                    conflict["machines"] = len(conflict["machines"])
            self.assertEqual(would, does)
            self.assertGreater(does["added"] + does["changed"], 0)

    def answered_while(self, work):
        """How many machines were answered before work() had returned."""
        done, answers = threading.Event(), []

        def boot():
            while not done.is_set():
                self.web.script("52:54:00:00:00:77")
                answers.append(1)

        machine = threading.Thread(target=boot)
        machine.start()
        try:
            work()
        finally:
            done.set()
            machine.join()
        return len(answers)

    def test_machines_are_answered_while_thousands_of_lines_come_in(self):
        text = HEAD + "".join(line(i) for i in range(10000))
        filtered = {"v": 1, "verb": "hold", "filter": {"text": ["sn0"]}}

        def hold():
            answer = self.web.api("POST", "/api/v1/machines/act", filtered, headers={"X-Netmend": "1"})
            self.assertEqual(answer, (200, {"v": 1, "done": 10000, "refused": []}))

        for work in (lambda: self.assertEqual(self.send(text, dry=True)["added"], 10000),
                     lambda: self.assertEqual(self.send(text)["added"], 10000),
                     lambda: self.assertEqual(self.send(text)["same"], 10000), hold):
            self.assertGreater(self.answered_while(work), 5)
        self.assertEqual(len(self.rows("?state=held")), 10000)
        actions = [(a["verb"], a["object"]) for a in self.web.api("GET", "/api/v1/actions")[1]["actions"]]
        self.assertEqual([object for verb, object in actions if verb in ("import", "hold")][::2], ["10000 machines", "10000 lines"])

    def test_what_an_import_that_stopped_has_stored(self):
        text = HEAD + "".join(line(i) for i in range(20000))
        answers = []
        sender = threading.Thread(target=lambda: answers.append(self.send(text, status=503)))
        sender.start()
        until(lambda: self.web.sql("SELECT count(*) FROM inventory")[0][0])
        with contextlib.closing(sqlite3.connect(self.web.path("netmend.db"), timeout=60, isolation_level=None)) as db:
            db.execute("BEGIN IMMEDIATE")  # longer than anybody waits
            sender.join()
        stored = self.web.sql("SELECT count(*) FROM inventory")[0][0]
        self.assertTrue(0 < stored < 20000, stored)
        self.assertEqual(answers[0]["error"], "STORE_UNREACHABLE")
        self.assertIn(f"up to line {stored + 1} all is stored ({stored} added, 0 changed), behind it nothing; import the same file again",
                      answers[0]["text"])
        (begun,) = self.web.api("GET", "/api/v1/actions")[1]["actions"][:1]
        self.assertRegex(begun["object"] + begun["text"], "^the first .*more to come$")
        self.assertEqual(self.counts(self.send(text)), (20000, 20000 - stored, 0, stored, 0, 0))


if __name__ == "__main__":
    unittest.main()
