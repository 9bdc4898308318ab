#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine that vanishes after one boot program gets the other one, with Debian's dnsmasq and the real server. The minute between two
tries passes in the store."""
import contextlib
import json
import sqlite3
import unittest

import appliance_lab as lab

MAC, OTHER = "52:54:00:21:00:01", "52:54:00:21:00:02"
IPXE, SHIM = "x64/snponly.efi", "x64/shimx64.efi"
MODEL = "Acme Inc. Tower 9"


class Escalate(unittest.TestCase):
    def setUp(self):
        self.appliance = lab.Appliance(self._testMethodName)
        self.addCleanup(self.appliance.stop)
        self.appliance.start()
        self.client = lab.Client()
        self.addCleanup(self.client.close)
        for mac in (MAC, OTHER):
            self.appliance.command("machines", "add", mac)

    def store(self, statement, *values):
        with contextlib.closing(sqlite3.connect(f"{self.appliance.state}/web/netmend.db", timeout=60)) as db, db:
            return db.execute(statement, values).fetchall()

    def machine(self):
        rows = json.loads(self.appliance.get("/api/v1/machines"))["machines"]
        number = next(row["id"] for row in rows if row["mac"] == MAC)
        return json.loads(self.appliance.get(f"/api/v1/machines/{number}"))

    def file(self, mac=MAC, user_class=None):
        answer = self.client.ask(mac, lab.pxe(7), 7, user_class, wait=5)
        return answer and answer["file"]

    def gets(self, file):
        """Asks on as firmware does, within one try, until that is the answer."""
        self.appliance.wait_for(lambda: self.file() == file, f"{file} as the answer")
        self.all_told()

    def all_told(self):
        """All that dnsmasq has answered so far is in the store: the last one, too, of somebody else."""
        def answered():
            return self.store("SELECT answered FROM macs WHERE mac = ?", OTHER)[0][0]
        before = answered()
        self.appliance.wait_for(lambda: self.file(OTHER, "iPXE") and answered() > before, "the news of all answers")

    def a_minute_passes(self):
        self.store("UPDATE machines SET asked = asked - 61000, started = started - 61000 WHERE mac = ? AND asked > 0", MAC)

    def vanished(self):
        return [e["text"] for e in self.machine()["timeline"] if e["step"] == "loader"]

    def test_vanishes(self):
        self.gets(IPXE)
        self.assertEqual(self.machine()["loader"], {"chosen": "auto", "model_name": "", "model": "auto", "effective": "ipxe", "flips": 0})
        self.a_minute_passes()
        self.gets(SHIM)
        self.assertEqual(self.vanished(), ["came back to PXE without starting what it was given (iPXE): it gets shim next"])
        self.assertEqual((self.machine()["loader"]["effective"], self.machine()["loader"]["flips"]), ("shim", 1))
        # The third try begins with shim.
        self.a_minute_passes()
        self.gets(SHIM)
        self.assertEqual(len(self.vanished()), 1)
        self.a_minute_passes()
        self.gets(IPXE)
        self.assertEqual(self.vanished()[1:], ["came back to PXE without starting shim either: it stays with iPXE"])
        row = self.machine()["machine"]
        self.assertEqual((row["state"], row["reason"], row["actor"]), ("attention", "LOADER_FAILED", "floor"))
        self.assertIn("Secure Boot", self.appliance.command("machines", "show", MAC).stdout)
        # It stays there, however often it comes.
        for _ in range(3):
            self.a_minute_passes()
            self.gets(IPXE)
        self.assertEqual(len(self.vanished()), 2)

    def test_a_persons_word_and_what_starts(self):
        self.appliance.command("machines", "loader", MAC, "shim")
        self.gets(SHIM)
        for _ in range(3):
            self.a_minute_passes()
            self.gets(SHIM)
        self.assertEqual(self.vanished(), [])
        self.appliance.command("machines", "loader", MAC, "auto")
        self.gets(IPXE)
        self.a_minute_passes()
        self.gets(SHIM)
        # It asks for its script, with another program than the one it seemed to have vanished after: that one works.
        script = lab.run("ip", "netns", "exec", "client", "curl", "-s", "--max-time", "60",
                         f"http://{lab.SERVER}/boot/ipxe?mac={MAC}&manufacturer=Acme%20Inc.&product=Tower%209").stdout
        self.assertIn("netmend.token=", script)
        loader = self.machine()["loader"]
        self.assertEqual((loader["model_name"], loader["effective"], loader["flips"]), (MODEL, "ipxe", 0))
        self.gets(IPXE)
        # All of its model.
        self.assertIn("1 of it are known", self.appliance.command("machines", "loader", "--model", MODEL, "shim").stdout)
        self.gets(SHIM)
        self.assertIn("shim: chosen for its model", self.appliance.command("machines", "show", MAC).stdout)
        self.assertRegex(self.appliance.command("machines", "loader").stdout, MODEL + r"\s+shim")
        said = self.appliance.command("machines", "loader", "--model", "Acme Inc. Tower", "ipxe").stdout
        self.assertIn("0 of it are known", said)
        self.assertIn("first contact", said)
        self.appliance.command("machines", "loader", "--model", MODEL, "auto")
        self.gets(IPXE)


if __name__ == "__main__":
    lab.enter()
    unittest.main()
