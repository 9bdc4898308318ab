#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's text console by serial over LAN, from Debian's ipmi_sim, with the walls of netmend-power up."""
import json
import os
import pty
import subprocess
import sys
import tempfile
import time
import unittest

import ipmi_simulator
from power_client import Power
from power_process_test import SANITIZED, holds, wait_until

POWER = os.path.join(os.environ["B"], "netmend-power")
SCREEN = b"\x1b[2J\x1b[1;1H\x1b[37;44mYour PC ran into a problem\x1b[0m\r\n  csagent.sys \xe2\x82\xac\x1b[24;1Hbottom\x1b[6n"


class Console(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def simulator(self, screen=SCREEN, **more):
        sim = ipmi_simulator.Simulator(self.folder, screen, **more)
        self.addCleanup(sim.close)
        return sim

    def order(self, password=ipmi_simulator.PASSWORD, port=ipmi_simulator.PORT, seconds=60, kind="ipmi"):
        # The password's way is a pipe: it is in no file and no argument.
        done = subprocess.run([POWER, "order", "--order", "console", "--type", kind, "--address", f"127.0.0.1:{port}", "--user",
                               ipmi_simulator.USER, "--password-file", "-", "--seconds", str(seconds)], input=password + "\n",
                              capture_output=True, text=True)
        self.assertNotIn(password, done.stdout + done.stderr)
        self.assertIn(done.returncode, (0, 3), done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual(done.returncode == 0, answer["reason"] == "OK", answer)
        self.assertEqual((answer["columns"], len(answer["rows"])), (80, 24))
        return answer

    def refused(self, answer, reason, *words):
        self.assertEqual(answer["reason"], reason, answer)
        for word in ("127.0.0.1", *words):
            self.assertIn(word, answer["text"])
        self.assertEqual((answer["seen"], "".join(answer["rows"])), (0, ""))

    def test_what_stands_there(self):
        sim = self.simulator()
        before = time.time() * 1000
        answer = self.order()
        self.assertEqual(answer["reason"], "OK", answer)
        self.assertEqual(answer["rows"], ["Your PC ran into a problem", "  csagent.sys €"] + [""] * 21 + ["bottom"])
        self.assertTrue(before <= answer["seen"] <= time.time() * 1000, answer)
        # Neither a key nor an answer to what the screen asked its terminal: only ipmi_sim's own telnet options are there.
        self.assertEqual(sim.line.typed.replace(b"\xff", b"").strip(bytes(range(0, 2)) + bytes(range(0xfb, 0xff))), b"")

    def test_again_at_once(self):
        """It has logged out when it answers: nobody finds himself on the console."""
        self.simulator()
        self.assertEqual([self.order()["reason"] for _ in range(2)], ["OK", "OK"])

    @unittest.skipIf(SANITIZED, "another heap, which wipes nothing")
    def test_no_password_is_left(self):
        """In the process that goes on, with the library's threads. What these keep of a login that failed, here by cipher suite 17,
        which ipmi_sim does not know, they give back every 30 s."""
        self.simulator()
        power = Power()
        self.addCleanup(power.close)
        for password, reason in ((ipmi_simulator.PASSWORD, "OK"), ("s3cret!!wrong", "POWER_LOGIN")):
            answer = power.ask("console", type="ipmi", port=ipmi_simulator.PORT, password=password, seconds=40)
            self.assertEqual(answer["reason"], reason, answer)
            wait_until(lambda: not holds(power.process.pid, password), "the password wiped")
            self.assertNotIn(password, power.log())

    def test_silent(self):
        self.simulator(screen=b"")
        for _ in range(5):  # a machine that is too busy to log in within these seconds
            answer = self.order(seconds=15)
            if answer["reason"] != "POWER_UNREACHABLE":
                break
        self.assertEqual((answer["reason"], answer["seen"], "".join(answer["rows"])), ("OK", 0, ""), answer)

    def test_somebody_is_on_it(self):
        """He stays there."""
        sim = self.simulator()
        leader, follower = pty.openpty()
        person = subprocess.Popen(sim.ipmitool_command("sol", "activate"), env=dict(os.environ, IPMI_PASSWORD=ipmi_simulator.PASSWORD),
                                  stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(os.close, leader)
        self.addCleanup(os.close, follower)
        self.addCleanup(person.stdout.close)
        self.addCleanup(person.wait)
        self.addCleanup(person.kill)
        self.wait_for(person, b"csagent")
        self.refused(self.order(), "POWER_BUSY", "somebody else")
        self.wait_for(person, b"csagent")
        self.assertIsNone(person.poll())

    def wait_for(self, person, text):
        """What comes from now on; a test that gets nothing hangs until the runner's limit."""
        seen = b""
        while text not in seen:
            got = os.read(person.stdout.fileno(), 4096)
            self.assertTrue(got, seen)
            seen += got

    def test_wrong_password(self):
        self.simulator()
        self.refused(self.order(password="not this one"), "POWER_LOGIN")

    def test_nobody_there(self):
        self.refused(self.order(port=ipmi_simulator.PORT + 50, seconds=8), "POWER_UNREACHABLE")

    def test_not_by_ipmi(self):
        for kind in ("redfish", "amt"):
            self.refused(self.order(kind=kind), "POWER_UNSUPPORTED")


if __name__ == "__main__":
    sys.exit(unittest.main())
