#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend preflight --boot`: its virtual machines, until their fixer has reported or is given up."""
import json
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from lab import isolate, testing  # noqa: E402
from lab.floor import Floor  # noqa: E402

SECONDS = "900"  # beside other tests


class PreflightBoot(unittest.TestCase):
    def preflight(self, name, *args, config="", kernel=None):
        """What is said of the test boot: [(level, what, fix)]"""
        floor = Floor(name, site_dhcp=False)
        self.addCleanup(floor.close)
        floor.appliance.write_config(extra=config)
        if kernel:
            with open(floor.appliance.config) as f:
                text = f.read()
            with open(floor.appliance.config, "w") as f:
                f.write(re.sub("(?m)^kernel = .*$", f"kernel = {kernel}", text))
        done = floor.appliance.command("preflight", "--boot", "--wait", "1", "--json", *args, check=False)
        return [(f["level"], f["what"], f["fix"]) for f in json.loads(done.stdout)["findings"] if f["check"] == "test boot"]

    def test_beside_the_sites_dhcp(self):
        found = self.preflight("preflight-boot-proxy", "--boot-seconds", SECONDS)
        self.assertEqual([level for level, _, _ in found], ["ok", "ok"], found)
        self.assertRegex(found[0][1], "^BIOS: from power on to the fixer's report in [0-9]+ s")
        self.assertRegex(found[1][1], "^UEFI: from power on")

    def test_signed_chain_with_our_dhcp(self):
        found = self.preflight("preflight-boot-full", "--boot-seconds", SECONDS,
                               config="[dhcp]\nmode = full\nrange = 10.77.0.50,10.77.0.99\n")
        self.assertEqual([level for level, _, _ in found], ["ok", "ok"], found)
        self.assertRegex(found[1][1], "^UEFI with Secure Boot: from power on")

    def test_boot_files_that_do_not_start(self):
        kernel = isolate.repo_path("README.md")
        found = self.preflight("preflight-boot-bad", "--boot-seconds", "150", kernel=kernel)
        self.assertEqual([level for level, _, _ in found], ["problem", "problem"], found)
        for _, what, fix in found:
            self.assertIn("its fixer never called", what)
            self.assertIn(kernel, fix)


if __name__ == "__main__":
    testing.main()
