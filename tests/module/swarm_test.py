#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""200 machines through the whole protocol against a real `netmend serve`, some of them with every kind of trouble, while the
appliance's processes are killed: what the appliance has answered has happened once, and what the machines keep agrees with its
timelines and with its database."""
import os
import unittest

import swarm_lab

MACHINES = 200
MIX = "restart=6,again=3,relapse=2,refused=2,never=1,silent=2,no_key=1,wrong_key=1"


class Swarm(unittest.TestCase):
    def test_nothing_lost_and_nothing_twice(self):
        """web, escrow and serve are killed in the middle"""
        run = swarm_lab.Run("swarm", MACHINES, ["--rate", "40", "--pace", "60", "--patience", "4", "--cut", "4", "--full", "5",
                                                "--mix", MIX, "--limit", "240"])
        run.prepare()
        self.addCleanup(run.appliance.stop)
        killed = []

        def kill(name, how):
            killed.append(name)
            how()

        status = run.play([(MACHINES // 5, lambda: kill("web", lambda: run.kill("web"))),
                           (MACHINES // 3, lambda: kill("escrow", lambda: run.kill("netmend-escrow"))),
                           (MACHINES // 2, lambda: kill("serve", run.kill_serve))])
        self.assertEqual(status, 0, run.output())
        self.assertEqual(killed, ["web", "escrow", "serve"])
        self.assertEqual(run.compare_store(), [])
        calls = run.figures()["calls"]
        for call in ("boot", "session", "events", "release", "key", "journal", "pending", "result"):
            self.assertGreater(calls[call]["count"], 0, call)
        self.assertGreater(run.figures()["repeated"], 0)


if __name__ == "__main__":
    if not os.path.exists(swarm_lab.SWARM):
        print("skipped: not built: make tests")
    else:
        swarm_lab.enter()
        unittest.main()
