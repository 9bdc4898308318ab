#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that nobody walks to: it crash-loops, and one command has it repaired, through its BMC."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import bmc, net, testing  # noqa: E402
from lab.floor import Floor  # noqa: E402

BOOT = 600


class Power(unittest.TestCase):
    def setUp(self):
        self.floor = Floor(self.id().split(".")[-1])
        self.addCleanup(self.floor.close)
        self.appliance = self.floor.appliance
        self.appliance.start()
        self.machine = self.floor.machine("SRV-1", "--bitlocker", "--files", "300", "--size", "512", bootable=True)
        self.floor.escrow(self.machine)
        self.appliance.add(self.machine)
        self.bmc = bmc.Bmc(self.machine)

    def known(self):
        """Its controller comes from a list, as an administrator has one; checked before anything happens."""
        line = f"SRV-1,{self.machine.mac},{net.ADMIN},ipmi,{bmc.USER},{bmc.PASSWORD}"
        self.appliance.command("power", "import", "-", typed=f"machine,mac,address,type,user,password\n{line}\n")
        told = self.appliance.command("power", "check").stdout
        self.assertIn("1 reachable, 0 not", told)

    def comes_back(self):
        testing.wait_for(lambda: self.appliance.command("power", "boot", "SRV-1", "--dry-run", check=False).returncode == 0, "web knows the controller")
        done = self.appliance.command("power", "boot", "SRV-1", "--yes", "--watch", "--why", "it crashes")
        self.assertNotIn(bmc.PASSWORD, done.stdout + done.stderr)
        self.assertEqual(self.bmc.orders[-2:], ["set boot pxe", "set power 1"])
        self.appliance.wait_row(self.machine, BOOT, state="returned")
        detail = self.appliance.detail(self.machine)
        self.assertEqual(detail["result"]["reason"], "REPAIRED")
        self.assertEqual((detail["power"]["order"]["state"], detail["power"]["order"]["tries"]), ("done", 1))
        text = self.machine.wait_serial(r"STANDIN: (files unchanged: (\d+) of \2|FILES CHANGED.*|broken.*|stop screen.*)", BOOT).group(0)
        self.assertIn("files unchanged", text)

    def test_a_server_in_a_crash_loop(self):
        self.machine.power_on(first="disk")
        self.machine.wait_serial("STANDIN: stop screen csagent.sys", BOOT)
        self.known()
        self.comes_back()
        self.assertEqual(self.bmc.orders[0], "set power 0", "off before its boot order is set")

    def test_a_server_that_is_off(self):
        self.known()
        self.assertRegex(self.appliance.command("power", "status", "SRV-1").stdout, r"\boff\b")
        self.comes_back()
        self.assertNotIn("set power 0", self.bmc.orders)


if __name__ == "__main__":
    testing.main()
