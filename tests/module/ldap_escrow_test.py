#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend-escrow, netmend-fetch and a Samba domain controller together: the disk's blob decides which of the directory's records
is right, and what the directory or its absence means for a machine that waits."""
import shutil
import tempfile
import time
import unittest

import samba_lab
from directory_lab import Fetch, password_of
from escrow_lab import WRONG, EscrowCase, settings
from samba_lab import BLIND, DOMAIN, HALF, Samba


def setUpModule():
    global WORK, LAB
    WORK = tempfile.mkdtemp(prefix="netmend-samba-")
    LAB = Samba(WORK)


def tearDownModule():
    LAB.stop()
    shutil.rmtree(WORK)


class FromTheDirectory(EscrowCase):
    protectors = 3

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.poisoned, cls.forged, cls.wrong = list(cls.passwords)
        for guid in (cls.poisoned, cls.forged):  # PC02's account writes what it likes, before PC01 does
            LAB.writes("PC02", guid, password_of(666), stamp="2020-01-01T00:00:00-00:00")
        LAB.writes("PC01", cls.poisoned, cls.passwords[cls.poisoned])
        LAB.writes("PC01", cls.wrong, cls.passwords[cls.wrong])

    def begin(self, **options):
        """Both processes: (fetch, escrow's client)."""
        fetch = Fetch(tempfile.mkdtemp(dir=WORK), {"ad": LAB.options(**options)})
        self.addCleanup(fetch.stop)
        fetch.tested()
        return fetch, self.start(settings(("vault", "ad"), fetch.path))

    def test_a_forged_record_beside_the_right_one(self):
        _, client = self.begin()
        machine = self.machine([self.poisoned], name="PC01")
        self.assertEqual(self.opened(client.until(machine), machine), self.vmk)
        (record,) = self.audit("release", decision="released")
        self.assertEqual((record["source"], record["protector"]), ("ad", self.poisoned))
        self.nothing_leaks()

    def test_whatever_the_machine_calls_itself(self):
        _, client = self.begin()
        machine = self.machine([self.poisoned], name="PC02")
        self.assertEqual(self.opened(client.until(machine), machine), self.vmk)

    def test_only_a_forged_record(self):
        _, client = self.begin()
        client.until(self.machine([self.forged]), "pending", "KEY_MISMATCH")
        self.assertEqual(self.audit("release", decision="released"), [])

    def test_a_wrong_record_in_the_vault_is_passed_over(self):
        _, client = self.begin()
        self.imports([(self.wrong, WRONG)])
        client.until(self.machine([self.wrong]))
        self.assertEqual(self.audit("release", decision="released")[0]["source"], "ad")

    def test_rights(self):
        for user, reason in ((HALF, "KEY_NOT_READABLE"), (BLIND, "SOURCE_NO_RIGHTS")):
            _, client = self.begin(user=f"{DOMAIN}\\{user}")
            client.until(self.machine([self.poisoned]), "pending", reason)
            self.stop()

    def test_the_directory_is_down_and_comes_back(self):
        LAB.stop()
        try:
            _, client = self.begin()
            machine = self.machine([self.poisoned])
            answer = client.until(machine, "pending", "SOURCE_UNREACHABLE")
            self.assertIn("dc1.lab.test", answer["text"])
        finally:
            LAB.start()
        client.until(machine, seconds=60)

    def test_a_snapshot_outlives_the_directory(self):
        """Controllers crash like everything else: what was pulled before is in the vault."""
        _, client = self.begin()
        self.assertTrue(client.op("snapshot", source="ad")["ok"])
        end = time.monotonic() + 60
        while client.op("status")["snapshot"]["running"] and time.monotonic() < end:
            time.sleep(0.1)
        status = client.op("status")
        self.assertEqual((status["keys"], status["snapshot"]["records"]), (4, 4), status)
        LAB.stop()
        try:
            machine = self.machine([self.poisoned])
            self.assertEqual(self.opened(client.until(machine), machine), self.vmk)
        finally:
            LAB.start()


if __name__ == "__main__":
    samba_lab.enter()
    unittest.main()
