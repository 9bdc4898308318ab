#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job with Active Directory as the only place where the machine's key is: a Samba domain controller on the floor's wire, a
record another computer forged beside the right one, nothing imported."""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "module"))
import samba_lab  # noqa: E402
from directory_lab import password_of  # noqa: E402
from lab import testing  # noqa: E402
from lab.floor import Floor  # noqa: E402
from lab.story import BOOT  # noqa: E402

CONTROLLER = "10.77.0.2"


class ActiveDirectory(unittest.TestCase):
    def test_the_key_is_in_the_directory(self):
        floor = Floor("active-directory")
        self.addCleanup(floor.close)
        floor.network.add_host("dc", CONTROLLER)
        capture = floor.network.start_capture()
        samba_lab.name_controllers(CONTROLLER)
        directory = samba_lab.Samba("/run/directory", CONTROLLER, ["ip", "netns", "exec", "dc"])
        self.addCleanup(directory.stop)
        machine = floor.machine("PC-ANNA", "--bitlocker", "--seed", "1", "--dump", "pagefile", bootable=True)
        (guid, password), = machine.windows.keys()
        directory.change(samba_lab.computer("PC-ANNA") + samba_lab.computer("PC-EVIL"))
        directory.writes("PC-EVIL", guid, password_of(666), stamp="2020-01-01T00:00:00-00:00")
        directory.writes("PC-ANNA", guid, password)

        self.configure(floor, directory)
        floor.appliance.start()
        said = floor.appliance.command("keys", "sources").stdout
        self.assertRegex(said, r"ad\b.*ldap", "the operator sees it")

        machine.power_on(first="disk")
        machine.wait_serial("STANDIN: stop screen csagent.sys", BOOT)
        floor.appliance.add(machine)
        machine.set_first("net")
        floor.appliance.wait_row(machine, BOOT, state="returned")
        self.assertEqual(floor.appliance.detail(machine)["result"]["reason"], "REPAIRED")
        text = machine.wait_serial(r"STANDIN: (files unchanged: (\d+) of \2|FILES CHANGED.*|broken.*)", 480).group(0)
        self.assertIn("files unchanged", text)

        audit = floor.appliance.command("audit", "show").stdout
        self.assertRegex(audit, r"(?s)released.*ad", audit)
        self.assertIn(guid, audit)
        self.assertEqual(floor.appliance.command("audit", "verify").returncode, 0)
        self.assertRegex(floor.appliance.snapshot()["appliance"]["escrow"]["sources"][-1]["name"], "^ad$")
        self.assertEqual(floor.appliance.snapshot()["appliance"]["escrow"]["keys"], 0, "nothing was put into the vault")
        self.nothing_in_the_clear(floor, capture, password)

    @staticmethod
    def configure(floor, directory):
        secret = os.path.join(floor.workdir, "ad-password")
        with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
            f.write(samba_lab.USER_PASSWORD + "\n")
        floor.appliance.write_config(extra=f"""
[source ad]
type = ldap
url = ldaps://dc1.lab.test
ca = {directory.pki.path("ca.pem")}
user = {samba_lab.DOMAIN}\\{samba_lab.FULL}
password-file = {secret}
""")

    def nothing_in_the_clear(self, floor, capture, password):
        for machine in floor.machines:
            machine.power_cut()
        floor.appliance.stop()
        floor.network.stop()
        with open(capture, "rb") as f:
            wire = f.read()
        self.assertGreater(len(wire), 1000000)
        self.assertTrue(re.search(rb"dc1\.lab\.test", wire), "the directory was asked over the wire")
        for needle in (password, password_of(666), samba_lab.USER_PASSWORD):
            self.assertNotIn(needle.encode(), wire)
            self.assertNotIn(needle.encode("utf-16-le"), wire)
            self.assertNotIn(needle, floor.appliance.log())


if __name__ == "__main__":
    testing.main()
