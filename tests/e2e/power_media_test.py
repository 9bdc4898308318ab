#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that crash-loops where there is no network boot: its controller inserts the appliance's image, it is repaired and returns.
No real controller was at hand: the Redfish service is a stand-in of ours (tests/module/redfish_standin.py)."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import net, testing  # noqa: E402
from lab.floor import Floor  # noqa: E402
from lab.redfish_bmc import RedfishBmc  # noqa: E402

BOOT = 600
PASSPHRASE = "who compares the code\n"


class PowerMedia(unittest.TestCase):
    def test_a_server_without_network_boot(self):
        floor = Floor("power-media")
        self.addCleanup(floor.close)
        appliance = floor.appliance
        appliance.start()
        appliance.command("release", "approver", "add", "anna", typed=PASSPHRASE)
        machine = floor.machine("SRV-2", "--bitlocker", "--files", "300", "--size", "512", bootable=True)
        machine.pxe = False
        floor.escrow(machine)
        appliance.add(machine)
        bmc = RedfishBmc(machine)
        self.addCleanup(bmc.close)
        line = f"SRV-2,{machine.mac},{net.ADMIN},{bmc.port},redfish,{bmc.user},{bmc.password}"
        appliance.command("power", "import", "-", typed=f"machine,mac,address,port,type,user,password\n{line}\n")
        machine.power_on(first="disk")
        machine.wait_serial("STANDIN: stop screen csagent.sys", BOOT)

        appliance.command("media", "iso")
        testing.wait_for(lambda: appliance.command("power", "media", "SRV-2", "--dry-run", check=False).returncode == 0, "web knows the controller")
        done = appliance.command("power", "media", "SRV-2", "--yes", "--watch", "--why", "no PXE in this rack")
        self.assertNotIn(bmc.password, done.stdout + done.stderr)
        self.assertEqual(bmc.starts, ["Cd"])
        row = appliance.wait_row(machine, BOOT, state="waiting", reason="WAITING_APPROVAL")
        appliance.command("release", "approve", row["pairing"], "--as", "anna", "--yes", typed=PASSPHRASE)
        appliance.wait_row(machine, BOOT, state="returned")
        text = machine.wait_serial(r"STANDIN: (files unchanged: (\d+) of \2|FILES CHANGED.*|broken.*|stop screen.*)", BOOT).group(0)
        self.assertIn("files unchanged", text)
        self.assertEqual(appliance.detail(machine)["result"]["reason"], "REPAIRED")

        self.assertTrue(bmc.image, "still there: it is taken out ten minutes after the start")
        appliance.command("power", "eject", "SRV-2", "--yes", "--watch")
        self.assertEqual((bmc.image, bmc.starts, machine.process.poll()), (None, ["Cd"], None))


if __name__ == "__main__":
    testing.main()
