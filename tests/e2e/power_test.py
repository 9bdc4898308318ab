#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that nobody walks to: it crash-loops, and one order to its BMC has it repaired."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import bmc, net, testing  # noqa: E402
from lab.floor import Floor  # noqa: E402
from lab.isolate import build_path  # noqa: E402

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

    def order(self, name):
        """What netmend-power says, asked from where the appliance is."""
        password = f"{self.floor.workdir}/password"
        with open(password, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as f:
            f.write(bmc.PASSWORD + "\n")
        text = net.run("ip", "netns", "exec", "app", build_path("netmend-power"), "order", "--type", "ipmi", "--address", net.ADMIN, "--user",
                       bmc.USER, "--password-file", password, "--order", name)
        self.assertNotIn(bmc.PASSWORD, text)
        return json.loads(text)

    def comes_back(self):
        result = self.order("boot")
        self.assertEqual((result["reason"], result["power"]), ("OK", "on"), result)
        self.assertEqual(self.bmc.orders[-2:], ["set boot pxe", "set power 1"])
        self.appliance.wait_row(self.machine, BOOT, state="returned")
        self.assertEqual(self.appliance.detail(self.machine)["result"]["reason"], "REPAIRED")
        text = self.machine.wait_serial(r"STANDIN: (files unchanged: (\d+) of \2|FILES CHANGED.*|broken.*|stop screen.*)", BOOT).group(0)
        self.assertIn("files unchanged", text)

    def test_a_server_in_a_crash_loop(self):
        self.machine.power_on(first="disk")
        self.machine.wait_serial("STANDIN: stop screen csagent.sys", BOOT)
        self.comes_back()
        self.assertEqual(self.bmc.orders[0], "set power 0", "off before its boot order is set")

    def test_a_server_that_is_off(self):
        self.assertEqual(self.order("status")["power"], "off")
        self.comes_back()
        self.assertNotIn("set power 0", self.bmc.orders)


if __name__ == "__main__":
    testing.main()
