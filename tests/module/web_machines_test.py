#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend web: the machines by filter, as JSON and CSV; what people decide about one and about many."""
import csv
import io
import sqlite3
import unittest

from web_server import Web, add, hello, operator, until

MACS = [f"52:54:00:00:01:{i:02x}" for i in range(6)]


def mac_file(mac):
    return mac.replace(":", "-")


class Machines(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.web = Web().start()
        for i, mac in enumerate(MACS):
            operator(cls.web, mac, name=f"PC-{i}", serial=f"SN{i}", ip=f"10.1.{i}.9", first_seen=5,
                     state="attention" if i < 2 else "seen", reason="RELAPSED" if i == 0 else "OK")
        operator(cls.web, MACS[5], name="=HYPERLINK(\"http://x\")")

    @classmethod
    def tearDownClass(cls):
        cls.web.close()

    def names(self, query):
        status, answer = self.web.api("GET", "/api/v1/machines" + query)
        self.assertEqual(status, 200, answer)
        return sorted(row["name"] for row in answer["machines"])

    def act(self, verb, **body):
        return self.web.api("POST", "/api/v1/machines/act", {"v": 1, "verb": verb} | body, headers={"X-Netmend": "1"})

    def number(self, name):
        return next(row["id"] for row in self.web.api("GET", "/api/v1/machines")[1]["machines"] if row["name"] == name)

    def row(self, name):
        return self.web.api("GET", f"/api/v1/machines/{self.number(name)}")[1]["machine"]

    def test_filter(self):
        self.assertEqual(len(self.names("?text=10.1.")), 6)
        self.assertEqual(self.names("?state=attention"), ["PC-0", "PC-1"])
        self.assertEqual(self.names("?reason=RELAPSED"), ["PC-0"])
        self.assertEqual(self.names("?text=sn2&text=10.1.3."), ["PC-2", "PC-3"])
        self.assertEqual(self.names("?text=sn2&state=attention"), [])
        self.assertEqual(len(self.names("?unknown=1")), 6)
        self.assertEqual(self.names("?site=Bern"), [])
        for query in ("?sit=Bern", "?state=broken", "?wave=x", "?unknown=2", "?unknown", "?x"):
            status, answer = self.web.api("GET", "/api/v1/machines" + query)
            self.assertEqual((status, answer["error"]), (400, "VALUE_BAD"), query)

    def test_csv(self):
        status, headers, body = self.web.get("/api/v1/machines.csv?text=10.1.", secure=True)
        self.assertEqual((status, headers["Content-Type"]), (200, "text/csv; charset=utf-8"))
        rows = list(csv.DictReader(io.StringIO(body.decode())))
        self.assertEqual(len(rows), 6)
        self.assertEqual({r["name"]: r["serial"] for r in rows}["PC-3"], "SN3")
        self.assertEqual([r["name"] for r in rows if "HYPER" in r["name"]], ["'=HYPERLINK(\"http://x\")"])

    def test_csv_says_what_json_says(self):
        """Also of a machine that nobody has seen yet: what its inventory line says of it."""
        line = b"serial,uuid,site\nLISTED-1,4C4C4544-0036-3510-8052-B4C04F564433,Genf\n"
        status, told = self.web.api("POST", "/api/v1/inventory", line, headers={"X-Netmend": "1", "Content-Type": "text/csv"})
        self.assertEqual((status, told["added"]), (200, 1), told)
        rows = {r["number"]: r for r in csv.DictReader(io.StringIO(self.web.get("/api/v1/machines.csv", secure=True)[2].decode()))}
        found = self.web.api("GET", "/api/v1/machines")[1]["machines"]
        self.assertEqual(sorted(rows), sorted(str(m["id"]) for m in found))
        headings = {"name": "name", "mac": "mac", "ip": "address", "uuid": "uuid", "serial": "serial", "state": "state", "reason": "reason",
                    "severity": "severity", "title": "what", "advice": "to do", "actor": "who acts", "text": "text", "site": "site"}
        for machine in found:
            row = rows[str(machine["id"])]
            self.assertEqual({name: row[heading].removeprefix("'") for name, heading in headings.items()},
                             {name: machine[name] for name in headings})
        self.assertIn(("LISTED-1", "LISTED-1", "4C4C4544-0036-3510-8052-B4C04F564433"), [(m["name"], m["serial"], m["uuid"]) for m in found])
        number = next(m["id"] for m in found if m["serial"] == "LISTED-1")
        self.assertEqual(self.web.api("DELETE", f"/api/v1/inventory/{number}", headers={"X-Netmend": "1"})[0], 200)

    def test_act(self):
        one = self.number("PC-3")
        self.assertEqual(self.act("add", machines=[one], text="")[1], {"v": 1, "done": 1, "refused": []})
        until(lambda: mac_file(MACS[3]) in self.web.answered())
        self.assertEqual(self.act("hold", machines=[one], text="asks finance"), (200, {"v": 1, "done": 1, "refused": []}))
        self.assertTrue(self.row("PC-3")["held"])
        self.assertIn("asks finance", self.row("PC-3")["text"])
        until(lambda: mac_file(MACS[3]) not in self.web.answered())
        status, answer = self.act("retry", machines=[one, 99])
        self.assertEqual((status, answer["done"]), (200, 0))
        self.assertEqual([(r["machine"], r["reason"]) for r in answer["refused"]], [(one, "NOT_NOW"), (99, "NOT_FOUND")])
        self.assertEqual(self.act("release", machines=[one])[1]["done"], 1)
        self.assertEqual(self.row("PC-3")["state"], "seen")

    def test_act_by_filter_is_one_record(self):
        self.assertEqual(self.act("hold", filter={"text": ["SN4", "SN2"]}, text="stocktaking")[1]["done"], 2)
        self.assertEqual(self.names("?state=held"), ["PC-2", "PC-4"])
        with sqlite3.connect(self.web.path("netmend.db")) as db:
            verb, kind, name, text = db.execute("SELECT verb, kind, object, text FROM actions ORDER BY id DESC").fetchone()
        db.close()
        self.assertEqual((verb, kind, name), ("hold", "machine", "2 machines"))
        self.assertIn("SN4", text)
        self.assertIn("stocktaking", text)
        self.assertEqual(self.act("release", filter={"text": ["SN4", "SN2"]})[1]["done"], 2)

    def test_act_is_strict(self):
        for body in ({}, {"machines": [1], "filter": {}}, {"machines": "1"}, {"machines": ["1"]}, {"machines": [1], "x": 1},
                     {"filter": {"sit": ["Bern"]}}, {"filter": []}, {"machines": [1], "text": "x" * 200}):
            status, answer = self.act("hold", **body)
            self.assertEqual((status, answer["error"]), (400, "VALUE_BAD"), body)
        self.assertEqual(self.act("explode", machines=[1])[0], 400)
        self.assertEqual(self.names("?state=held"), [])

    def test_add_by_hand(self):
        def post(**body):
            return self.web.api("POST", "/api/v1/machines", {"v": 1} | body, headers={"X-Netmend": "1"})
        status, answer = post(mac="52-54-00-00-02-01", name="by hand")
        self.assertEqual(status, 200, answer)
        row = self.row("by hand")
        self.assertEqual((row["id"], row["mac"], row["in_scope"], row["listed"]),
                         (answer["id"], "52:54:00:00:02:01", True, False))
        until(lambda: "52-54-00-00-02-01" in self.web.answered())
        for body in ({"mac": "52:54", "name": ""}, {"mac": "01:00:5e:00:00:01", "name": ""}, {"mac": "525400000202"}):
            self.assertEqual(post(**body)[1]["error"], "VALUE_BAD")
        self.assertEqual(self.act("remove", machines=[answer["id"]])[1]["done"], 1)


class BootOrder(unittest.TestCase):
    def setUp(self):
        self.web = Web().start()
        self.addCleanup(self.web.close)
        add(self.web, MACS[0])

    def say(self, *order):
        body = hello(self.web.token(MACS[0]), MACS[0])
        for word in order:
            body["machine"]["boot_order"] = word
        self.assertEqual(self.web.api("POST", "/v1/sessions", body)[0], 200)

    def test_listed_until_a_session_reads_the_disk_first(self):
        def listed():
            return [m["mac"] for m in self.web.api("GET", "/api/v1/machines?network_first=1")[1]["machines"]]

        for order, first in (((), False), (("disk-first",), False), (("network-first",), True), (("unknown",), True), ((), True),
                             (("disk-first",), False)):
            operator(self.web, MACS[0], guard_from=1 << 52)
            self.say(*order)
            self.assertEqual((self.web.row(MACS[0])["network_first"], listed()), (first, [MACS[0]] if first else []), order)
            path = "/api/v1/machines.csv"
            text = self.web.get(path, secure=True, headers=self.web.access(path, {}))[2].decode()
            (line,) = csv.DictReader(io.StringIO(text))
            self.assertEqual(line["network first"], "yes" if first else "", order)


if __name__ == "__main__":
    unittest.main()
