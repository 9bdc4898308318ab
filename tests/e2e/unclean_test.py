#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that crashed: the journal is not clean, and ntfsrecover replays it in the initrd.

The recipe is the default one, unclean-journal = rename, where nothing else is said.
"""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import testing  # noqa: E402
from lab.floor import Floor  # noqa: E402
from lab.judge import Judge  # noqa: E402

PLAIN = ["--plain", "--files", "300", "--size", "512"]
BOOT = 400  # seconds a machine may take from power on to its end, with other tests beside it
FIRMWARE = 480  # with firmware and the Windows stand-in
REPLAY = r"""[recipe]
name = crowdstrike-291-replay
[match]
path = \Windows\System32\drivers\CrowdStrike
glob = C-00000291*.sys
modified-from = 2024-07-19T04:09:00Z
modified-to = 2024-07-19T05:27:00Z
[action]
do = remove
unclean-journal = replay
"""


class Unclean(unittest.TestCase):
    def setUp(self):
        self.floor = Floor(self.id().split(".")[-1])
        self.addCleanup(self.floor.close)
        self.appliance = self.floor.appliance

    def boot(self, *options, **settings):
        self.appliance.start()
        machine = self.floor.machine("pc", *PLAIN, *options, **settings)
        self.appliance.add(machine)
        before = Judge(machine, replay=True)
        self.floor.boot_fixer(machine)
        return machine, before

    def test_pending_elsewhere(self):
        """Windows replays its journal after the repair and finds its other files, and the bad one renamed."""
        machine, before = self.boot("--unclean", "2.0", "--pending", "elsewhere")
        self.appliance.wait_row(machine, BOOT, reason="RENAMED")
        machine.wait_serial("netmend: rebooting", 120)
        machine.power_cut()
        before.only_bad_files_renamed(self)

    def test_windows_goes_on(self):
        """Windows starts from the disk that was renamed on, replays its journal, and has all of its files."""
        machine, _ = self.boot("--unclean", "2.0", "--pending", "elsewhere", bootable=True)
        self.appliance.wait_row(machine, BOOT, reason="RENAMED")
        machine.wait_serial("netmend: rebooting", 120)
        volume = next(v for v in self.appliance.detail(machine)["result"]["volumes"] if v["reason"] == "RENAMED")
        self.assertEqual((volume["plan"], volume["journal"]), ("rename", "unclean-2.0"))
        self.assertEqual([(f["removed"], f["renamed_to"][-4:]) for f in volume["files"] if f["reason"] == "OK"],
                         [(False, ".off")])
        self.assertLessEqual(volume["sectors"], 18)
        self.assertRegex(volume["text"], "journal unclean-2.0: nothing pending .* rename 1 file in place")
        machine.power_cut()
        machine.power_on(first="disk")
        self.assertIn("Sync", machine.wait_serial("STANDIN: journal: .*", FIRMWARE).group(0))
        text = machine.wait_serial(r"STANDIN: (files unchanged: (\d+) of \2|FILES CHANGED.*|broken.*|stop screen.*)",
                                   FIRMWARE).group(0)
        self.assertIn("files unchanged", text)

    def test_replay_and_delete(self):
        """The journal changes the bad file's directory, and the recipe allows to replay it."""
        recipe = f"{self.floor.workdir}/replay.ini"
        with open(recipe, "w") as f:
            f.write(REPLAY)
        self.appliance.write_config(extra=f"[repair]\nrecipe = {recipe}\n")
        machine, before = self.boot("--unclean", "2.0", "--pending", "beside")
        self.appliance.wait_row(machine, BOOT, reason="REPAIRED")
        machine.wait_serial("netmend: rebooting", 120)
        volume = next(v for v in self.appliance.detail(machine)["result"]["volumes"] if v["reason"] == "REPAIRED")
        self.assertEqual((volume["plan"], volume["journal"]), ("replay-delete", "unclean-2.0"))
        self.assertRegex(volume["text"], "no rename: .*: replay the journal and delete 1 file")
        machine.power_cut()
        before.only_bad_files_gone(self)

    def test_pending_beside(self):
        """The journal would undo a rename, so nothing is written."""
        machine, _ = self.boot("--unclean", "2.0", "--pending", "beside")
        untouched = machine.windows.sha256()
        self.appliance.wait_row(machine, BOOT, state="attention", reason="NTFS_PENDING")
        machine.power_cut()
        self.assertEqual(machine.windows.sha256(), untouched)


if __name__ == "__main__":
    testing.main()
