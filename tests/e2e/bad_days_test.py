#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input and bad days: the right reason on the page, nothing lost, the next boot goes on correctly.

These machines start the kernel and initrd that iPXE would have started, with the command line the appliance wrote
for them, but without firmware; main_job_test.py has the firmware.
"""
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import testing  # noqa: E402
from lab.floor import Floor  # noqa: E402
from lab.judge import Judge  # noqa: E402

BITLOCKER = ["--bitlocker", "--files", "300", "--size", "512"]
PLAIN = ["--plain", "--files", "300", "--size", "512"]
BOOT = 400  # seconds a machine may take from power on to its end, with other tests beside it

# The k-th write to the disk fails once; with werror=stop the machine then stands still at exactly that write.
STOP_AT_WRITE = """[inject-error]
event = "write_aio"
state = "{k}"
errno = "5"
once = "on"
"""
COUNT_WRITES = """
[set-state]
event = "write_aio"
state = "{state}"
new_state = "{next}"
"""


def stop_at_write(k):
    return STOP_AT_WRITE.format(k=k) + "".join(COUNT_WRITES.format(state=i, next=i + 1) for i in range(1, k + 8))


class BadDays(unittest.TestCase):
    def setUp(self):
        self.floor = Floor(self.id().split(".")[-1])
        self.addCleanup(self.floor.close)
        self.appliance = self.floor.appliance
        self.appliance.start()

    def machine(self, *options, **settings):
        machine = self.floor.machine("pc", *options, **settings)
        self.appliance.add(machine)
        return machine

    def wait_repaired(self, machine, reason="REPAIRED"):
        row = self.appliance.wait_row(machine, BOOT, reason=reason)
        machine.wait_serial("netmend: rebooting", 120)
        return row

    def test_no_key_in_escrow_then_imported(self):
        machine = self.machine(*BITLOCKER)
        before = Judge(machine)
        self.floor.boot_fixer(machine)
        row = self.appliance.wait_row(machine, BOOT, state="waiting", reason="KEY_NOT_FOUND")
        guid = machine.windows.keys()[0][0]
        self.assertIn(guid, row["text"])
        machine.wait_serial(guid, 60)
        self.floor.escrow(machine)
        self.wait_repaired(machine)
        machine.power_cut()
        before.only_bad_files_gone(self)

    def test_wrong_password_in_escrow(self):
        machine = self.machine(*BITLOCKER)
        untouched = machine.windows.sha256()
        self.floor.escrow(machine, password="-".join(["000011"] * 8))
        self.floor.boot_fixer(machine)
        self.appliance.wait_row(machine, BOOT, state="waiting", reason="KEY_MISMATCH")
        self.assertEqual(machine.windows.sha256(), untouched)
        self.floor.escrow(machine)
        self.wait_repaired(machine)

    def test_no_bitlocker(self):
        machine = self.machine(*PLAIN)
        before = Judge(machine)
        self.floor.boot_fixer(machine)
        self.wait_repaired(machine)
        machine.power_cut()
        before.only_bad_files_gone(self)

    def test_no_bad_file(self):
        machine = self.machine(*BITLOCKER, "--bad-files", "0")
        untouched = machine.windows.sha256()
        self.floor.escrow(machine)
        self.floor.boot_fixer(machine)
        self.wait_repaired(machine, "NO_BAD_FILE")
        machine.power_cut()
        self.assertEqual(machine.windows.sha256(), untouched)

    def test_two_bad_files(self):
        machine = self.machine(*BITLOCKER, "--bad-files", "2")
        before = Judge(machine)
        self.floor.escrow(machine)
        self.floor.boot_fixer(machine)
        self.wait_repaired(machine)
        files = [f for v in self.appliance.detail(machine)["result"]["volumes"] for f in v["files"]]
        self.assertEqual(len([f for f in files if f["removed"]]), 2, files)
        machine.power_cut()
        before.only_bad_files_gone(self)

    def test_no_ntfs_disk(self):
        machine = self.machine("--no-ntfs", "--size", "256")
        untouched = machine.windows.sha256()
        self.floor.boot_fixer(machine)
        self.appliance.wait_row(machine, BOOT, state="attention", reason="NO_NTFS")
        self.assertEqual(machine.windows.sha256(), untouched)

    def test_no_disk(self):
        machine = self.machine(disk=False)
        self.floor.boot_fixer(machine)
        self.appliance.wait_row(machine, BOOT, state="attention", reason="NO_DISK")

    def test_appliance_restarted_in_mid_session(self):
        machine = self.machine(*BITLOCKER)
        self.floor.boot_fixer(machine)
        attempt = self.appliance.wait_row(machine, BOOT, state="waiting", reason="KEY_NOT_FOUND")["attempt"]
        events = len(self.appliance.detail(machine)["timeline"])
        self.appliance.kill()
        time.sleep(3)
        self.appliance.start()
        self.assertGreaterEqual(len(self.appliance.detail(machine)["timeline"]), events)
        self.floor.escrow(machine)
        self.assertEqual(self.wait_repaired(machine)["attempt"], attempt)

    def test_cable_pulled_before_the_journal(self):
        machine = self.machine(*BITLOCKER)
        untouched = machine.windows.sha256()
        self.floor.boot_fixer(machine)
        self.appliance.wait_row(machine, BOOT, state="waiting", reason="KEY_NOT_FOUND")
        machine.cable(False)
        self.appliance.wait_row(machine, 200, state="attention", reason="NO_HEARTBEAT")
        self.floor.escrow(machine)
        time.sleep(5)
        self.assertEqual(machine.windows.sha256(), untouched, "nothing is written before the journal is saved")
        machine.cable(True)
        self.wait_repaired(machine)

    def test_cable_pulled_after_the_journal(self):
        machine = self.machine(*BITLOCKER)
        self.floor.escrow(machine)
        self.floor.boot_fixer(machine, blkdebug=stop_at_write(1), werror="stop")
        machine.qmp.wait_event("STOP", BOOT)  # about to write: the journal is saved
        self.assertEqual(len(self.appliance.detail(machine)["bundles"]), 1)
        machine.cable(False)
        machine.qmp.call("cont")
        self.appliance.wait_row(machine, 200, state="attention", reason="NO_HEARTBEAT")
        machine.cable(True)
        self.wait_repaired(machine)

    def stops_at_its_write(self, machine):
        """Until the machine stands still at the write it was given, or is through without having come to it."""
        deadline = time.monotonic() + BOOT
        while time.monotonic() < deadline:
            try:
                machine.qmp.wait_event("STOP", 1)
                return True
            except TimeoutError:
                if "netmend: rebooting" in machine.serial():
                    return False
        self.fail(f"neither a write nor an end in {BOOT} s: {machine.serial()[-500:]!r}")

    def test_power_cut_at_every_write_of_the_commit(self):
        self.appliance.stop()
        self.appliance.write_config(extra="[release]\nmachine-hour = 0\n")  # it has its key more often than any real machine
        self.appliance.start()
        machine = self.machine(*BITLOCKER)
        self.floor.escrow(machine)
        before = Judge(machine)
        fresh = machine.windows.path + ".fresh"
        os.rename(machine.windows.path, fresh)
        self.addCleanup(os.unlink, fresh)
        cuts = 0
        while True:
            cuts += 1
            self.assertLess(cuts, 40, "a clean delete takes far fewer writes")
            subprocess.run(["cp", "--sparse=always", fresh, machine.windows.path], check=True)
            self.appliance.add(machine)  # again after its repair
            self.appliance.command("machines", "release", machine.mac)  # so many boots are held otherwise
            self.floor.boot_fixer(machine, blkdebug=stop_at_write(cuts), werror="stop")
            if not self.stops_at_its_write(machine):
                break  # fewer writes than that: the repair went through
            machine.power_cut()
            attempt = self.appliance.row(machine)["attempt"]
            self.floor.boot_fixer(machine)
            machine.wait_serial("netmend: rebooting", BOOT)
            row = self.appliance.row(machine)
            self.assertIn(row["reason"], ("REPAIRED", "COMPLETED_PENDING"), f"after a cut at write {cuts}")
            self.assertEqual(row["attempt"], attempt + 1)
            machine.power_cut()
            before.only_bad_files_gone(self, f"after a cut at write {cuts}")
        self.assertGreater(cuts, 3, "the commit was never interrupted")
        machine.power_cut()
        before.only_bad_files_gone(self, "without a cut")
        print(f"power cut at each of {cuts - 1} writes", flush=True)


if __name__ == "__main__":
    testing.main()
