#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine for each network card and kind of disk, BIOS and UEFI, from power on by its firmware to Windows again.

Under BIOS the network stays first, as an administrator has set it: a repaired machine is not answered any more, and goes on to
its disk. UEFI, which takes minutes to give every kind of network up, has it for one boot, as by a boot menu's key. Firmware has QEMU's driver of
the card, which is iPXE and says so when it asks: OVMF knows virtio cards only, and SeaBIOS none.
"""
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lab import net, stages, testing  # noqa: E402
from lab.floor import Floor  # noqa: E402

DISK = ["--bitlocker", "--files", "300", "--size", "512"]
DISK_4K = ["--bitlocker", "--files", "300", "--size", "600", "--sector-size", "4096"]
BOOT = 900  # seconds a wait may take, with other tests beside it
LKRN = "/usr/lib/ipxe/ipxe.lkrn"


class Cards(unittest.TestCase):
    def lab(self, name):
        self.floor = Floor(name)
        self.addCleanup(self.floor.close)
        self.appliance = self.floor.appliance
        self.appliance.start()

    def machine(self, nic, disk_if, firmware="uefi", options=DISK, bootable=True):
        """In scope, its key in escrow."""
        machine = self.floor.machine("PC-BERN", *options, bootable=bootable, nic=nic, disk_if=disk_if)
        machine.firmware, machine.rom = firmware, True
        self.floor.escrow(machine)
        self.appliance.add(machine)
        return machine

    def comes_back(self, machine, disk, **settings):
        """disk: as Linux names it, so that it was this driver and no other. The machine has one card only."""
        machine.power_on(first="net", **settings)
        if machine.firmware == "uefi":
            machine.set_first("disk")
        self.appliance.wait_row(machine, BOOT, state="returned")
        detail = self.appliance.detail(machine)
        self.assertEqual(detail["result"]["reason"], "REPAIRED")
        steps = [e["text"] for e in detail["timeline"]]
        self.assertTrue(any(disk in text for text in steps), steps)
        text = machine.wait_serial(r"STANDIN: (files unchanged: (\d+) of \2|FILES CHANGED.*|broken.*|stop screen.*)", BOOT).group(0)
        self.assertIn("files unchanged", text)
        stages.tell(machine, detail, f"{machine.firmware} {machine.nic} {machine.disk_if}")

    def test_bios_e1000e_ahci(self):
        self.lab("cards-bios")
        machine = self.machine("e1000e", "ahci", "bios", bootable="bios")
        self.comes_back(machine, "sda")

    def test_bios_undionly_rtl8139_nvme(self):
        """undionly.kpxe as the appliance hands it out. BIOS with a PXE client that is no iPXE is not to be had here: iPXE's
        kernel image is its stand-in, told to fetch that file as such a client would."""
        self.lab("cards-undionly")
        machine = self.machine("rtl8139", "nvme", "bios", bootable="bios")
        script = f"dhcp && chain tftp://{net.APPLIANCE}/undionly.kpxe || exit"
        self.comes_back(machine, "nvme0n1", direct=(LKRN, None, script))

    def test_uefi_rtl8139_virtio(self):
        self.lab("cards-rtl8139")
        self.comes_back(self.machine("rtl8139", "virtio"), "vda")

    def test_uefi_e1000e_nvme_4k(self):
        self.lab("cards-e1000e")
        self.comes_back(self.machine("e1000e", "nvme-4k", options=DISK_4K), "nvme0n1")


if __name__ == "__main__":
    testing.main()
