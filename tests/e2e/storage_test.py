#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same repair on every kind of disk QEMU has; disks that are part of something bigger are left alone.

Not here, because QEMU has no such device: Intel VMD, HPE Smart Array, Adaptec, MPT 3, eMMC, UFS, Hyper-V and Xen disks.
"""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import testing  # noqa: E402
from lab.disk import Disk  # noqa: E402
from lab.floor import Floor  # noqa: E402
from lab.judge import Judge  # noqa: E402

PLAIN = ["--plain", "--files", "60", "--size", "512"]  # SD cards want a power of two
PLAIN_4K = ["--plain", "--files", "60", "--size", "600", "--sector-size", "4096"]
BOOT = 400  # seconds from power on to the end, with other tests beside it


class Storage(unittest.TestCase):
    def setUp(self):
        self.floor = Floor(self.id().split(".")[-1])
        self.addCleanup(self.floor.close)
        self.appliance = self.floor.appliance
        self.appliance.start()

    def machine(self, options, **settings):
        machine = self.floor.machine("pc", *options, **settings)
        self.appliance.add(machine)
        return machine

    def repaired(self, machine, name):
        """name: what Linux calls the disk, so that it was this driver and no other."""
        before = Judge(machine)
        self.floor.boot_fixer(machine)
        self.appliance.wait_row(machine, BOOT, reason="REPAIRED")
        machine.wait_serial("netmend: rebooting", 120)
        steps = [e["text"] for e in self.appliance.detail(machine)["timeline"]]
        self.assertTrue(any(name in text for text in steps), steps)
        machine.power_cut()
        before.only_bad_files_gone(self)

    def repaired_on(self, controller, name, options=PLAIN, **settings):
        self.repaired(self.machine(options, disk_if=controller, **settings), name)

    def test_nvme(self):
        self.repaired_on("nvme", "nvme0n1")

    def test_nvme_4k(self):
        self.repaired_on("nvme-4k", "nvme0n1", PLAIN_4K)

    def test_ahci(self):
        self.repaired_on("ahci", "sda")

    def test_ide(self):
        self.repaired_on("ide", "sda", model="pc")

    def test_usb_xhci(self):
        self.repaired_on("usb", "sda")

    def test_usb_ehci(self):
        self.repaired_on("usb-ehci", "sda")

    def test_usb_attached_scsi(self):
        self.repaired_on("uas", "sda")

    def test_virtio_4k(self):
        self.repaired_on("virtio-4k", "vda", PLAIN_4K)

    def test_virtio_scsi(self):
        self.repaired_on("virtio-scsi", "sda")

    def test_virtio_scsi_4k(self):
        self.repaired_on("virtio-scsi-4k", "sda", PLAIN_4K)

    def test_megaraid(self):
        self.repaired_on("megasas", "sda")

    def test_megaraid_gen2(self):
        self.repaired_on("megasas-gen2", "sda")

    def test_vmware_pvscsi(self):
        self.repaired_on("pvscsi", "sda")

    def test_vmware_lsi_sas(self):
        self.repaired_on("mptsas", "sda")

    def test_lsi_53c895a(self):
        self.repaired_on("lsi53c895a", "sda")

    def test_sd_card(self):
        self.repaired_on("sd", "mmcblk0")

    def test_windows_on_the_second_disk(self):
        """The first has partitions and no NTFS; the one in the middle nothing at all."""
        machine = self.machine(PLAIN)
        other = Disk(self.floor.workdir, "other", "--no-ntfs", "--size", "256")
        blank = f"{self.floor.workdir}/blank.raw"
        with open(blank, "wb") as f:
            f.truncate(64 << 20)
        for number, path in enumerate((other.path, blank)):
            machine.more_disks += ["-drive", f"if=none,id=more{number},format=raw,file={path}",
                                   "-device", f"virtio-blk-pci,drive=more{number}"]
        untouched = other.sha256()
        self.repaired(machine, "vdc")
        self.assertEqual(other.sha256(), untouched)
        os.unlink(other.path)
        os.unlink(blank)

    def left_alone(self, reason, change):
        machine = self.machine(PLAIN)
        change(machine.windows)
        untouched = machine.windows.sha256()
        self.floor.boot_fixer(machine)
        self.appliance.wait_row(machine, BOOT, state="attention", reason=reason)
        self.assertEqual(machine.windows.sha256(), untouched)

    def test_dynamic_disk(self):
        self.left_alone("DYNAMIC_DISK", lambda disk: subprocess.run(
            ["sgdisk", f"-t{disk.info['c_partition']}:4200", disk.path], check=True, capture_output=True))

    def test_storage_space(self):
        self.left_alone("DYNAMIC_DISK", lambda disk: subprocess.run(
            ["sgdisk", "-t1:4202", disk.path], check=True, capture_output=True))

    def test_member_of_a_raid_set(self):
        def sign(disk):
            with open(disk.path, "r+b") as f:
                f.seek(-1024, os.SEEK_END)
                f.write(b"Intel Raid ISM Cfg Sig. 1.3.00")
        self.left_alone("RAID_MEMBER", sign)


if __name__ == "__main__":
    testing.main()
