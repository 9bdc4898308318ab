#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixer's boot-time session with the real `netmend web` and the real `netmend-escrow`: no stand-in between them."""
import os
import re
import subprocess
import unittest

from session_machine import HOLD, REBOOT, Disks, Machine, changed_sectors
from web_server import BUILD, Web, add, until

MAC = "52:54:00:12:34:56"
ESCROW = os.path.join(BUILD, "netmend-escrow")


class Chain(Machine):
    def setUp(self):
        super().setUp()
        self.program = os.path.join(BUILD, "tests/module/test_session")
        self.web = Web(escrow=False)
        self.addCleanup(self.web.close)
        self.state = self.web.path("escrow")
        self.escrow = subprocess.Popen(
            [ESCROW, "serve", "--state", self.state, "--socket", self.web.path("escrow.sock"), "--web-uid", "64871"],
            stderr=subprocess.DEVNULL)
        self.addCleanup(self.escrow.wait)
        self.addCleanup(self.escrow.terminate)
        until(lambda: os.path.exists(self.web.path("escrow.sock")))
        self.web.start()
        add(self.web, MAC)

    def import_keys(self, passwords):
        rows = "".join(f"{p['guid']},{p['password']}\n" for p in passwords)
        subprocess.run([ESCROW, "import", "--state", self.state], input=rows, text=True, check=True, capture_output=True)

    def boot(self):
        """As the machine would: the kernel command line is the one of the boot script."""
        line = re.search(r"^kernel \S+ (.*)$", self.web.script(MAC), re.M).group(1)
        return self.run_session(line + "\n")

    def result(self):
        return self.web.machine(MAC)["result"]

    def test_plain(self):
        path, truth = Disks.get("plain.raw", "--plain")
        self.put_disk(path)
        self.assertEqual(self.boot(), REBOOT, self.screen)
        self.assertEqual(self.result()["reason"], "REPAIRED")
        self.assertEqual(len(changed_sectors(self.source, self.image)), self.result()["sectors"])
        self.assertNotIn(truth["bad_files"][0]["path"].split("\\")[-1], self.c_drive_lists(truth))
        machine = self.web.machine(MAC)
        self.assertEqual((machine["machine"]["state"], machine["machine"]["reason"]), ("rebooting", "REPAIRED"))
        self.assertEqual([b["state"] for b in machine["bundles"]], ["confirmed"])
        self.assertEqual(self.web.answered(), [])
        self.assertEqual([(e["state"], e["step"]) for e in machine["timeline"]], [
            ("seen", "operator"), ("booting", "boot"), ("running", "session"), ("running", "inventory"),
            ("planning", "plan"), ("planning", "volume"),  # the recovery partition
            ("planning", "plan"), ("saving", "save"), ("saving", "bundle"), ("repairing", "commit"),
            ("repairing", "verify"), ("repaired", "volume"), ("repaired", "bootnext"), ("rebooting", "result")])

    def test_bitlocker(self):
        path, truth = Disks.get("bitlocker.raw", "--bitlocker")
        self.put_disk(path)
        self.import_keys(truth["bitlocker"]["recovery_passwords"])
        self.assertEqual(self.boot(), REBOOT, self.screen)
        self.assertEqual(self.result()["reason"], "REPAIRED")
        self.assertNotIn(truth["bitlocker"]["recovery_passwords"][0]["password"], self.screen)

    def test_only_the_good_version(self):
        path, _ = Disks.get("good.raw", "--plain", "--bad-files", "0", "--good-291")
        self.put_disk(path)
        self.assertEqual(self.boot(), REBOOT, self.screen)
        row = self.web.row(MAC)
        self.assertEqual((row["state"], row["reason"], row["severity"]), ("rebooting", "OUTSIDE_WINDOW", "warn"))
        self.assertEqual(self.web.answered(), [])
        self.assertUntouched()

    def test_needs_attention(self):
        path, _ = Disks.get("data.raw", "--no-windows")
        self.put_disk(path)
        self.assertEqual(self.boot(), HOLD, self.screen)
        self.assertEqual(self.web.row(MAC)["state"], "attention")
        self.assertEqual(self.web.row(MAC)["reason"], "NO_WINDOWS")


if __name__ == "__main__":
    try:
        unittest.main()
    finally:
        Disks.remove()
