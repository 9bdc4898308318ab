#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A webhook of the configuration: netmend serve starts netmend-hooks with its secret, and what happens to a machine is told."""
import os
import unittest

import appliance_lab as lab
from directory_lab import SANITIZED
from hooks_lab import SECRET, Receiver, certificate, until

lab.enter()


class HooksServeTest(unittest.TestCase):
    def test_from_the_configuration(self):
        pair = certificate("/run", "receiver")
        receiver = Receiver(pair)
        self.addCleanup(receiver.close)
        with open("/run/secret", "w") as f:
            f.write(SECRET + "\n")
        os.chmod("/run/secret", 0o600)
        appliance = lab.Appliance("hooks", rest="[webhook ops]\n"
                                  f"url = https://127.0.0.1:{receiver.port}/in\nevents = all\nsecret-file = /run/secret\nca = {pair[0]}\n")
        self.addCleanup(appliance.stop)
        appliance.start()
        pid = until(lambda: appliance.children().get("netmend-hooks"))
        status = lab.status_of(pid)
        # A build with sanitizers has no walls.
        self.assertEqual((status["CapEff"], status["Seccomp"], status["NoNewPrivs"]), ("0000000000000000", "0" if SANITIZED else "2", "1"))
        self.assertNotEqual(status["Uid"].split()[1], "0")
        with open(f"/proc/{pid}/cmdline") as f:
            self.assertNotIn("signatures", f.read())
        # It is told of what happens once it has begun.
        until(lambda: "tells them now" in appliance.log())
        appliance.command("machines", "add", "52:54:00:12:34:56", "pc")
        event = until(receiver.events)[0]
        self.assertEqual((event["machine"]["name"], event["state"], event["previous"]), ("pc", "seen", ""))
        # Killed, it is started again and goes on where it was, perhaps after the lease of its last life has run out.
        os.kill(pid, 9)
        appliance.command("machines", "hold", "52:54:00:12:34:56")
        until(lambda: any(e["state"] == "held" for e in receiver.events()))
        self.assertNotIn("signatures", appliance.log())

    def test_mistakes_are_told(self):
        for rest, wanted in (("url = http://x/\nsecret-file = /run/secret", "a URL that begins with https://"),
                             ("url = https://x/", "needs secret-file"), ("events = nonsense", "is not all, or a list"),
                             ("colour = red", 'has no key "colour"')):
            appliance = lab.Appliance(f"bad-{len(wanted)}", rest=f"[webhook ops]\n{rest}\n")
            answer = appliance.command("check", check=False)
            self.assertIn(wanted, answer.stdout + answer.stderr)
            self.assertNotEqual(answer.returncode, 0)


if __name__ == "__main__":
    unittest.main()
