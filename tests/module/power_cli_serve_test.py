#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The worked example of netmend(8) on a real `netmend serve` with all its processes: controllers imported, a login given, checked, one
machine started from the network and followed until it asks for its boot; another one whose login is wrong. IPMI controllers are
pyghmi's."""
import json
import os
import subprocess
import sys
import unittest

import appliance_lab as lab

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"  # pyghmi is Debian's
USER, PASSWORD, WRONG = "netmend", "s3cret!!", "not-that-one"  # of ipmi_bmc.py
MACS = {"srv1": "52:54:00:00:0b:01", "srv2": "52:54:00:00:0b:02"}


class Example(unittest.TestCase):
    def setUp(self):
        self.appliance = lab.Appliance("power-cli")
        self.appliance.start()
        self.addCleanup(self.appliance.stop)
        self.shown = []

    def bmc(self, port, *faults):
        log = f"{self.appliance.folder}/bmc-{port}"
        process = subprocess.Popen([PYTHON, f"{HERE}/ipmi_bmc.py", str(port), log, *faults], stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        lab.wait_until(lambda: os.path.exists(log) and self.told(port, "ready"))

    def told(self, port, what):
        with open(f"{self.appliance.folder}/bmc-{port}") as f:
            lines = f.read().split("\n")[:-1]
        return [entry[what] for entry in map(json.loads, lines) if what in entry]

    def power(self, *words, stdin="", status=0):
        done = self.appliance.command("power", *words, stdin=stdin, check=False)
        self.shown += [done.stdout, done.stderr]
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout

    def follow(self, *words, line="", then=lambda: None):
        """What --watch prints; then() once it has printed line. (exit status, text)"""
        with subprocess.Popen([f"{lab.BIN}/netmend", "power", *words, "--yes", "--watch", "--config", self.appliance.config],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as watch:
            self.addCleanup(watch.kill)
            text = ""
            while line and line not in text:
                self.assertTrue(more := watch.stdout.readline(), text)
                text += more
            then()
            text += watch.stdout.read()
            self.shown.append(text)
            return watch.wait(60), text

    def asks_for_its_boot(self):
        self.assertEqual((self.told(6230, "act"), self.told(6230, "device")[-1]), (["off", "on"], 1))
        client = lab.Client()
        self.addCleanup(client.close)
        lab.wait_until(lambda: client.uefi(MACS["srv1"]) is not None)

    def test_worked_example(self):
        for port in (6230, 6231):
            self.bmc(port, "on")
        for name, mac in MACS.items():
            self.appliance.command("machines", "add", mac, name)
        self.assertIn("2 added", self.power("import", "-", stdin="machine,mac,address,port,type,user,password\n"
                                            f"srv1,{MACS['srv1']},127.0.0.1,6230,ipmi,,\nsrv2,{MACS['srv2']},127.0.0.1,6231,ipmi,{USER},{WRONG}\n"))
        self.power("login", "--user", USER, stdin=PASSWORD + "\n")
        text = self.power("check", status=1)
        self.assertRegex(text, r"srv2 +127.0.0.1 .*refuses our login.*\nsrv1 +127.0.0.1 +ipmi .* on .* ok\n")
        self.assertTrue(text.endswith("1 reachable, 1 not\n"), text)
        self.assertIn("1 reachable, 0 not", self.power("check", "srv1"))
        # Web asks escrow which machines have one, within seconds.
        lab.wait_until(lambda: self.appliance.command("power", "boot", *MACS, "--dry-run", check=False).returncode == 0)
        text = self.power("boot", *MACS, "--dry-run")
        self.assertRegex(text, r"srv1 +ipmi 127.0.0.1 +switched off if it is on, one start from the network")
        self.assertEqual((self.told(6230, "act"), json.loads(self.power("orders", "--json"))["orders"]), ([], []))
        status, text = self.follow("boot", "srv1", "--why", "INC-1", line="srv1  switched on, has to ask for its boot", then=self.asks_for_its_boot)
        self.assertEqual(status, 0, text)
        self.assertIn("1 done, 0 failed, 0 stopped", text)
        self.assertNotIn("does not run on this host", text)
        status, text = self.follow("off", "srv2")
        self.assertEqual((status, self.told(6231, "act")), (1, []), text)
        self.assertRegex(text, r"srv2 +ipmi 127.0.0.1 +failed +1 +the management controller refuses our login: .*Correct its user or password")
        self.assertRegex(self.power("orders"), r"srv2 +off +FAILED .*\nsrv1 +boot +done ")
        self.assertEqual({o["name"]: (o["state"], o["why"]) for o in json.loads(self.power("orders", "--json"))["orders"]},
                         {"srv1": ("done", "INC-1"), "srv2": ("failed", "")})
        for text in (*self.shown, self.appliance.log()):
            self.assertNotIn(PASSWORD, text)
            self.assertNotIn(WRONG, text)


if __name__ == "__main__":
    lab.enter()
    sys.exit(unittest.main())
