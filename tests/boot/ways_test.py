#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine for each way into the fixer: firmware, boot programs, repair, and Windows again.

The network comes first for one boot only, as by a boot menu's key: after its reset the machine tries the disk first.
"""
import json
import os
import shutil
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lab import isolate, net, stages, testing  # noqa: E402
from lab.floor import Floor  # noqa: E402

DISK = ["--bitlocker", "--files", "300", "--size", "512"]
BOOT = 600  # seconds a wait may take, with other tests beside it


class Ways(unittest.TestCase):
    def lab(self, name, *dhcp_options, site_dhcp=True, config=""):
        """dhcp_options: of the site's DHCP server. config: sections of netmend.conf."""
        self.floor = Floor(name, *dhcp_options, site_dhcp=site_dhcp)
        self.addCleanup(self.floor.close)
        self.appliance = self.floor.appliance
        self.appliance.write_config(extra=config, templates=self.templates())
        self.appliance.start()

    def templates(self):
        """Those of netboot/, but a kernel that GRUB starts is not told to be quiet."""
        folder = f"{self.floor.workdir}/netboot"
        shutil.copytree(isolate.repo_path("netboot"), folder)
        with open(f"{folder}/grub.cfg") as f:
            text = f.read()
        self.assertEqual(text.count(" quiet "), 1)
        with open(f"{folder}/grub.cfg", "w") as f:
            f.write(text.replace(" quiet ", " "))
        return folder

    def machine(self, bootable=True):
        """In scope, its key in escrow."""
        machine = self.floor.machine("PC-ANNA", *DISK, bootable=bootable)
        self.floor.escrow(machine)
        self.appliance.add(machine)
        return machine

    def comes_back(self, machine):
        """From power on until the Windows stand-in has found every other file as it was."""
        machine.power_on(first="net")
        machine.set_first("disk")
        self.appliance.wait_row(machine, BOOT, state="returned")
        detail = self.appliance.detail(machine)
        self.assertEqual(detail["result"]["reason"], "REPAIRED")
        text = machine.wait_serial(r"STANDIN: (files unchanged: (\d+) of \2|FILES CHANGED.*|broken.*|stop screen.*)", BOOT).group(0)
        self.assertIn("files unchanged", text)
        stages.tell(machine, detail, self.id().split(".")[-1].removeprefix("test_").replace("_", " "))

    def nobody_was_asked(self):
        """The key was released once, to a machine that was seen to start from the network."""
        lines = self.appliance.command("audit", "show", "--json").stdout.splitlines()
        record, = [r for r in map(json.loads, lines) if r["event"] == "release" and r["decision"] == "released"]
        self.assertNotIn("contact", record)
        self.assertEqual(record["approved_by"], [])

    def test_secure_boot_with_our_dhcp(self):
        """Shim, GRUB and kernel are Debian's, signed; the keys on the machine are those it was delivered with."""
        self.lab("ways-secure", site_dhcp=False, config="[dhcp]\nmode = full\nrange = 10.77.0.50,10.77.0.99\n")
        machine = self.machine(bootable="signed")
        machine.firmware = "secure"
        self.comes_back(machine)
        said = machine.serial()
        self.assertIn("netmend: starting the fixer from", said, "GRUB's word")
        self.assertIn("secureboot: Secure boot enabled", said.split("STANDIN:")[0], "the word of the fixer's kernel")
        self.nobody_was_asked()

    def test_grub_beside_the_sites_dhcp(self):
        """Shim and GRUB, because the site's DHCP server names the appliance as next-server."""
        self.lab("ways-grub", f"--dhcp-boot=,,{net.APPLIANCE}", config="[dhcp]\nnext-server = yes\n")
        machine = self.machine()
        self.comes_back(machine)
        self.assertIn("netmend: starting the fixer from", machine.serial(), "GRUB's word")
        self.nobody_was_asked()

    def test_http_boot(self):
        """UEFI firmware without PXE: iPXE comes by HTTP, too."""
        self.lab("ways-http")
        machine = self.machine()
        machine.pxe = False
        self.comes_back(machine)
        self.assertIn(f"http://{net.APPLIANCE}/boot/x64/snponly.efi", machine.serial(), "the firmware's word")
        self.assertNotIn("Start PXE", machine.serial())
        self.nobody_was_asked()

    def test_through_a_relay(self):
        """The machine's network is another one than the appliance's; its DHCP relay sends to both servers."""
        self.lab("ways-relay", "--dhcp-range=set:branch,10.88.0.50,10.88.0.99,255.255.255.0,1h",
                 f"--dhcp-option=tag:branch,option:router,{net.BRANCH_ROUTER}", config=f"[dhcp]\nrelayed = {net.BRANCH}\n")
        self.floor.network.add_branch()
        machine = self.machine()
        self.floor.network.move_to_branch(machine.tap)
        self.comes_back(machine)
        self.assertRegex(machine.serial(), r"netmend: network eth0 10\.88\.0\.\d+/24")
        self.nobody_was_asked()


if __name__ == "__main__":
    testing.main()
