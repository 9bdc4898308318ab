#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend inventory` beside the running `netmend serve`: in, out, what does not fit; and `netmend machines` where words are wrong."""
import csv
import io
import json
import os
import threading
import unittest
import urllib.request

import appliance_lab as lab

HEAD = "name,serial,uuid,macs,site,floor,owner,ring,bmc,order,rack,feed"
UUID = "4C4C4544-0043-3510-8052-B4C04F56%04X"
GOOD = [f"PC-{i},SN-{i},{UUID % i},52:54:00:00:00:{i:02x},Bern,{i},Sales,canary,10.9.0.{i},{i},R{i},F1" for i in range(1, 4)]


class Inventory(unittest.TestCase):
    def setUp(self):
        self.appliance = lab.Appliance("inventory-" + self._testMethodName)
        self.appliance.start()
        self.addCleanup(self.appliance.stop)

    def ok(self, *args, stdin=""):
        return self.appliance.command(*args, stdin=stdin).stdout

    def json(self, *args):
        return json.loads(self.ok(*args, "--json"))

    def fails(self, *args, says, stdin="", status=1):
        done = self.appliance.command(*args, check=False, stdin=stdin)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        self.assertRegex(done.stderr, says)
        return done

    def bring(self, *lines, head=HEAD):
        return self.ok("inventory", "import", "-", stdin="\n".join([head, *lines]) + "\n")

    def exported(self):
        return list(csv.DictReader(io.StringIO(self.ok("inventory", "export"))))

    def boots(self, mac, **more):
        query = "&".join(f"{name}={value}" for name, value in ({"mac": mac.replace(":", "-")} | more).items())
        with urllib.request.urlopen(f"http://{lab.SERVER}/boot/ipxe?{query}", timeout=60) as answer:
            return answer.read()

    def test_in_and_out_and_in_again(self):
        self.assertEqual(self.bring(*GOOD), "3 lines: 3 added, 0 changed, 0 the same, 0 left out\n")
        text = self.ok("inventory", "export")
        self.assertEqual(text.replace("\r\n", "\n"), "\n".join([HEAD, *GOOD]) + "\n")
        path = f"{self.appliance.folder}/inventory.csv"
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", newline="") as f:  # whoever calls may read it
            f.write(text)
        self.assertEqual(self.ok("inventory", "import", path), "3 lines: 0 added, 0 changed, 3 the same, 0 left out\n")
        self.assertEqual(self.bring("SN-2,Genf", head="Serial Number,Location"), "1 lines: 0 added, 1 changed, 0 the same, 0 left out\n")
        self.assertEqual([row["site"] for row in self.exported()], ["Bern", "Genf", "Bern"])
        self.appliance.wait_for(lambda: {row["name"]: row["site"] for row in self.appliance.snapshot()["machines"] if row["listed"]}
                                == {"PC-1": "Bern", "PC-2": "Genf", "PC-3": "Bern"}, "them on the page")
        self.assertEqual(len(self.json("inventory", "missing")), 3)
        action = json.loads(self.appliance.get("/api/v1/actions"))["actions"][0]
        self.assertEqual((action["verb"], action["kind"], action["via"], action["object"]),
                         ("import", "inventory", "command line", "1 lines"))
        self.assertRegex(action["who"], "^root")

    def test_a_dry_run_stores_nothing(self):
        says = self.ok("inventory", "import", "-", "--dry-run", stdin="\n".join([HEAD, *GOOD]))
        self.assertEqual(says, "would be: 3 lines: 3 added, 0 changed, 0 the same, 0 left out\n")
        self.assertEqual(self.exported(), [])

    def test_bad_lines_are_told_and_left_out(self):
        bad = ["A,,not-a-uuid,", "B,,,52:54:00", "C,,,", "D,SN-9,,,", "E,SN-9,,,", '"F,SN-8']
        text = "\n".join(["name,serial,uuid,mac,order,Asset Tag", *bad])
        done = self.fails("inventory", "import", "-", stdin=text, says="(?m)^line 2: ")
        self.assertEqual(done.stdout, "6 lines: 1 added, 0 changed, 0 the same, 5 left out\n")
        for line in ("line 2: uuid: not like 4C4C", "line 3: macs: not the MAC address of a network card", "line 4: no serial, UUID or MAC",
                     "line 7: a quote that is never closed", "line 6: line 5 is of the same machine", "column not taken: Asset Tag"):
            self.assertIn(line, done.stderr)
        self.assertEqual([row["name"] for row in self.exported()], ["D"])
        done = self.fails("inventory", "import", "-", "--json", stdin=text, says="^$")
        report = json.loads(done.stdout)
        self.assertEqual((report["lines"], report["added"], report["changed"], report["same"], report["ignored"]), (6, 0, 0, 1, ["Asset Tag"]))
        self.assertEqual([(r["line"], r["column"]) for r in report["rejected"]], [(2, "uuid"), (3, "macs"), (4, ""), (7, "")])
        self.assertEqual([(c["line"], len(c["machines"])) for c in report["conflicts"]], [(6, 1)])

    def test_what_is_no_inventory(self):
        self.fails("inventory", "import", "-", stdin="just words\n", says="does not begin with a line of headings")
        self.fails("inventory", "import", "/nowhere.csv", says="/nowhere.csv: No such file")
        self.fails("inventory", "import", says="FILE", status=2)
        self.fails("inventory", "frobnicate", says="frobnicate", status=2)
        self.fails("inventory", "remove", "zz", says="no machine zz")
        self.assertEqual(self.exported(), [])

    def test_unknown_missing_conflicts(self):
        self.bring("PC-1,SN-1," + UUID % 1, "PC-2,SN-2,", head="name,serial,uuid")
        self.boots("52:54:00:00:01:01", serial="SN-1", uuid=UUID % 9)
        self.boots("52:54:00:00:01:02", serial="STRANGER")
        self.assertEqual([row["serial"] for row in self.json("inventory", "unknown")], ["STRANGER"])
        self.assertEqual([row["name"] for row in self.json("inventory", "missing")], ["PC-2"])
        (row,) = self.json("inventory", "conflicts")
        self.assertEqual(row["name"], "PC-1")
        self.assertRegex(self.ok("inventory", "conflicts"), f"(?m)^{row['id']}: its UUID is {UUID % 9}, the inventory says {UUID % 1}$")
        self.assertRegex(self.ok("inventory", "unknown"), "STRANGER")
        self.bring(f"SN-1,{UUID % 9}", head="serial,uuid")
        self.assertEqual((self.ok("inventory", "conflicts"), self.json("inventory", "conflicts")), ("none\n", []))

    def test_remove(self):
        self.bring(*GOOD)
        self.boots("52:54:00:00:00:02", serial="SN-2")
        for word, name in (("SN-1", "PC-1"), ("52-54-00-00-00-02", "PC-2"), ((UUID % 3).lower(), "PC-3")):
            self.assertEqual(self.ok("inventory", "remove", word), f"{name} is out of the inventory\n")
        self.assertEqual(self.exported(), [])
        self.fails("inventory", "remove", "SN-1", says="no machine SN-1")  # nobody ever saw it
        self.fails("inventory", "remove", "SN-2", says="PC-2 is not in the inventory")

    def test_words_that_are_no_machine(self):
        self.bring("PC-7,SN-7", head="name,serial")
        self.fails("machines", "add", "zz", says="zz is neither the MAC address of a network card nor a machine that is known")
        self.fails("machines", "add", "52:54:00:12:34", "PC-8", says="52:54:00:12:34 is not the MAC address of a network card")
        self.fails("machines", "import", "-", stdin="MAC,Name\n52:54:00:00:02:01,A\nzz,B\n", says="(?s)zz is not the MAC.*line 3 was left out")
        self.assertEqual(self.ok("machines", "add", "SN-7"), "PC-7 is on the list\n")  # it has no MAC yet
        self.fails("machines", "hold", "zz", says="no machine zz")

    def test_web_answers_while_thousands_come_in(self):
        lines = [f"PC-{i},SERIAL-{i},,52:54:01:00:{i // 256:02x}:{i % 256:02x},,,,,," for i in range(6000)]
        done = threading.Event()
        answers = []

        def ask():
            while not done.is_set():
                answers.append(self.boots("52:54:00:00:00:77"))

        asker = threading.Thread(target=ask)
        asker.start()
        try:
            self.assertEqual(self.bring(*lines), "6000 lines: 6000 added, 0 changed, 0 the same, 0 left out\n")
        finally:
            done.set()
            asker.join()
        self.assertGreater(len(answers), 5)
        self.assertEqual(len(self.exported()), 6000)
        self.ok("machines", "hold", "--text", "SERIAL-", "--yes")
        self.assertEqual(len(self.json("machines", "list", "state=held")), 6000)


if __name__ == "__main__":
    lab.enter()
    unittest.main()
