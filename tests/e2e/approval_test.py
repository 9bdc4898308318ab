#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two people release a key: the machine shows a code, the page shows the same one, and nothing leaves escrow before both of them
have said so. The machine starts without firmware, as in bad_days_test.py."""
import json
import os
import re
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import testing  # noqa: E402
from lab.floor import Floor  # noqa: E402
from lab.judge import Judge  # noqa: E402

BOOT = 400
PEOPLE = {"anna": "the first of the two\n", "bert": "and this is the second\n"}


class Approval(unittest.TestCase):
    def test_two_people_release_what_the_screen_shows(self):
        floor = Floor("approval")
        self.addCleanup(floor.close)
        self.appliance = floor.appliance
        self.appliance.write_config(extra="[release]\napproval = two-person\n")
        self.appliance.start()
        for name, passphrase in PEOPLE.items():
            self.appliance.command("release", "approver", "add", name, typed=passphrase)
        machine = floor.machine("PC-ANNA", "--bitlocker", "--files", "300", "--size", "512")
        self.appliance.add(machine)
        floor.escrow(machine)
        before, untouched = Judge(machine), machine.windows.sha256()

        floor.boot_fixer(machine, packed=True)  # which has a screen
        row = self.appliance.wait_row(machine, BOOT, state="waiting", reason="WAITING_APPROVAL")
        code = machine.wait_serial(r"status page shows ([A-Z0-9]{6}) ", 120).group(1)
        machine.screenshot("-code")
        self.assertEqual(row["pairing"], code, "the page shows what the machine shows")
        listed = json.loads(self.appliance.get("/api/v1/release"))["requests"]
        self.assertEqual([(r["code"], r["mac"], r["needs"]) for r in listed], [(code, machine.mac, 2)])

        # Neither alone, nor twice the same, nor with a wrong passphrase.
        self.assertNotEqual(self.approve("bert", code, "something else\n").returncode, 0)
        self.assertEqual(self.approve("anna", code).returncode, 0)
        self.appliance.wait_row(machine, 120, state="waiting", reason="WAITING_SECOND_PERSON")
        self.assertNotEqual(self.approve("anna", code).returncode, 0)
        time.sleep(4)  # it asks every three seconds
        self.assertEqual(self.appliance.row(machine)["reason"], "WAITING_SECOND_PERSON")
        self.assertEqual(machine.windows.sha256(), untouched)

        self.assertEqual(self.approve("bert", code).returncode, 0)
        self.appliance.wait_row(machine, BOOT, reason="REPAIRED")
        machine.wait_serial("netmend: rebooting", 120)
        machine.power_cut()
        before.only_bad_files_gone(self)
        self.recorded(machine)

    def approve(self, who, code, passphrase=None):
        return self.appliance.command("release", "approve", code, "--as", who, "--yes", check=False,
                                      typed=passphrase or PEOPLE[who])

    def recorded(self, machine):
        records = [json.loads(line) for line in self.appliance.command("audit", "show", "--json").stdout.splitlines()]
        released = [r for r in records if r["event"] == "release" and r["decision"] == "released"]
        self.assertEqual([(sorted(r["approved_by"]), r["protector"], r["source"]) for r in released],
                         [(["anna", "bert"], machine.windows.keys()[0][0], "vault")])
        self.assertEqual(self.appliance.command("audit", "verify").returncode, 0)
        due = self.appliance.command("audit", "rotation").stdout
        self.assertTrue(re.search(machine.windows.keys()[0][0], due), "the password is due for rotation")


if __name__ == "__main__":
    testing.main()
