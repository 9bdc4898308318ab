#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that cannot boot from the network start from what `netmend media` made, with real firmware: a CD under BIOS and UEFI, a
stick under UEFI with Secure Boot on. A pairing code is on the screen, a person approves it, the disk is repaired."""
import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import net, testing  # noqa: E402
from lab.floor import Floor  # noqa: E402
from lab.judge import Judge  # noqa: E402

BOOT = 480
SHIM = "/usr/lib/shim/shimx64.efi.signed"
PASSPHRASE = "who compares the code\n"
DNS = ("--port=53", "--no-resolv", "--no-hosts")  # the site's DHCP server is its name server, too
OPTION_43 = f"--dhcp-option=vendor:netmend,1,https://{net.APPLIANCE}:443"


class Media(unittest.TestCase):
    def lab(self, name, *dhcp_options):
        self.floor = Floor(name, *dhcp_options)
        self.addCleanup(self.floor.close)
        self.appliance = self.floor.appliance
        self.appliance.start()
        self.appliance.command("release", "approver", "add", "anna", typed=PASSPHRASE)

    def medium(self, kind, *options):
        path = f"{self.floor.workdir}/medium.iso"
        self.appliance.command("media", kind, path, *options)
        return path

    def start(self, machine, firmware, kind, path):
        self.appliance.add(machine)
        self.floor.escrow(machine)
        machine.firmware, machine.medium = firmware, ("cd" if kind == "iso" else "usb", path)
        machine.power_on()

    def pair(self, machine):
        """The code on the screen is the one on the page; nothing was released before it was approved."""
        row = self.appliance.wait_row(machine, BOOT, state="waiting", reason="WAITING_APPROVAL")
        code = machine.wait_serial(r"status page shows ([A-Z0-9]{6}) ", 120).group(1)
        machine.screenshot("-code")
        self.assertEqual(row["pairing"], code)
        self.assertEqual(self.released(), [])
        self.appliance.command("release", "approve", code, "--as", "anna", "--yes", typed=PASSPHRASE)

    def released(self):
        lines = self.appliance.command("audit", "show", "--json").stdout.splitlines()
        return [r for r in map(json.loads, lines) if r["event"] == "release" and r["decision"] == "released"]

    def paired_release(self):
        record, = self.released()
        self.assertEqual((record["contact"], record["approved_by"]), ("media", ["anna"]))

    def test_cd_under_uefi_until_windows_is_back(self):
        """The medium names no appliance: DHCP does."""
        self.lab("media-cd", OPTION_43)
        path = self.medium("iso")
        machine = self.floor.machine("PC-WIFI", "--bitlocker", "--seed", "7", bootable=True)
        self.start(machine, "uefi", "iso", path)
        self.pair(machine)
        machine.take_medium_out()
        self.appliance.wait_row(machine, BOOT, state="returned")
        text = machine.wait_serial(r"STANDIN: (files unchanged: (\d+) of \2|FILES CHANGED.*|broken.*)", BOOT).group(0)
        self.assertIn("files unchanged", text)
        self.paired_release()

    def test_stick_with_secure_boot(self):
        """The medium names no appliance, nor does DHCP: the name netmend in DHCP's domain does."""
        self.lab("media-stick", *DNS, "--domain=floor.example", f"--host-record=netmend.floor.example,{net.APPLIANCE}")
        path = self.medium("usb")
        machine = self.floor.machine("PC-LOCKED", "--bitlocker", "--files", "300", "--size", "512")
        before = Judge(machine)
        self.refused_when_changed(machine, path)
        self.start(machine, "secure", "usb", path)
        self.pair(machine)
        self.appliance.wait_row(machine, BOOT, reason="REPAIRED")
        machine.wait_serial("netmend: rebooting", 120)
        machine.power_cut()
        before.only_bad_files_gone(self)
        self.paired_release()

    def refused_when_changed(self, machine, path):
        """Secure Boot is on: the same stick with one other byte in the first program is not started."""
        with open(path, "rb") as f:
            data = bytearray(f.read())
        with open(SHIM, "rb") as f:
            shim = f.read()
        found = [m.start() for m in re.finditer(re.escape(shim), data)]
        self.assertEqual(len(found), 2, "in ISO 9660 and in the EFI system partition")
        for at in found:
            data[at + len(shim) // 2] ^= 1
        machine.firmware, machine.medium = "secure", ("usb", path + ".changed")
        with open(path + ".changed", "wb") as f:
            f.write(data)
        machine.power_on()
        machine.wait_serial(r"failed to load Boot\d+ \"UEFI QEMU QEMU USB[^\n]*: Access Denied", BOOT)
        machine.power_cut()

    def test_cd_under_bios(self):
        """The medium names the appliance by a DNS name."""
        self.lab("media-bios", *DNS, f"--host-record=mend.floor.example,{net.APPLIANCE}")
        path = self.medium("iso", "--appliance", "mend.floor.example")
        machine = self.floor.machine("PC-OLD", "--bitlocker", "--files", "300", "--size", "512")
        before = Judge(machine)
        self.start(machine, "bios", "iso", path)
        self.pair(machine)
        self.appliance.wait_row(machine, BOOT, reason="REPAIRED")
        machine.wait_serial("netmend: rebooting", 120)
        machine.power_cut()
        before.only_bad_files_gone(self)
        self.paired_release()


if __name__ == "__main__":
    testing.main()
