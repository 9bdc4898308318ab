#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that crashed: the journal is not clean, and ntfsrecover replays it in the initrd, for reading.

The recipe is the default one: unclean-journal = rename.
"""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import testing  # noqa: E402
from lab.floor import Floor  # noqa: E402
from lab.judge import Judge  # noqa: E402

PLAIN = ["--plain", "--files", "300", "--size", "512"]
BOOT = 180  # seconds a machine may take from power on to its end, with other tests beside it


class Unclean(unittest.TestCase):
    def setUp(self):
        self.floor = Floor(self.id().split(".")[-1])
        self.addCleanup(self.floor.close)
        self.appliance = self.floor.appliance
        self.appliance.start()

    def boot(self, *options):
        machine = self.floor.machine("pc", *PLAIN, *options)
        self.appliance.add(machine)
        before = Judge(machine, replay=True)
        self.floor.boot_fixer(machine)
        return machine, before

    def test_pending_elsewhere(self):
        """Windows replays its journal after the repair and finds its other files, and the bad one renamed."""
        machine, before = self.boot("--unclean", "2.0", "--pending", "elsewhere")
        self.appliance.wait_row(machine, BOOT, reason="RENAMED")
        machine.wait_serial("netmend: rebooting", 30)
        machine.power_cut()
        before.only_bad_files_renamed(self)

    def test_pending_beside(self):
        """The journal would undo a rename, so nothing is written."""
        machine, _ = self.boot("--unclean", "2.0", "--pending", "beside")
        untouched = machine.windows.sha256()
        self.appliance.wait_row(machine, BOOT, state="attention", reason="NTFS_PENDING")
        machine.power_cut()
        self.assertEqual(machine.windows.sha256(), untouched)


if __name__ == "__main__":
    testing.main()
