#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A campaign: a canary of two, one of which cannot be repaired. The line stops by itself, a person resumes it, the rest
follows, and the report says it all. The machines start without firmware, as in bad_days_test.py."""
import json
import os
import socket
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import testing  # noqa: E402
from lab.floor import Floor  # noqa: E402
from lab.judge import Judge  # noqa: E402

BOOT = 400  # seconds, with other tests beside it
PLAN = {"name": "july", "scope": {"all": True}, "waves": [{"name": "canary", "machines": 2}],
        "stop": {"failed_percent": 50, "at_least": 1}}


class Rollout(unittest.TestCase):
    def test_canary_stops_the_line_a_person_resumes_it_the_rest_follows(self):
        self.floor = Floor("rollout")
        self.addCleanup(self.floor.close)
        self.appliance = self.floor.appliance
        self.appliance.start()
        good = self.floor.machine("PC-GOOD", "--bitlocker", "--files", "300", "--size", "512")
        bad = self.floor.machine("PC-BAD", "--no-ntfs", "--size", "256")
        rest = [self.floor.machine(f"PC-REST{n}", "--plain", "--files", "300", "--size", "512") for n in (1, 2)]
        for machine in (good, bad, *rest):
            self.appliance.add(machine)
        self.floor.escrow(good)
        before = Judge(good)

        plan = f"{self.floor.workdir}/plan.json"
        with open(plan, "w") as f:
            json.dump(PLAN, f)
        self.assertRegex(self.campaign("preview", plan), r"canary +2 machines\n +rest +2 machines")
        self.campaign("create", plan)
        self.campaign("start", "july", "approved by the change board")
        self.wait_for(lambda: self.waves()["canary"]["open"], 60)
        self.assertEqual({n: w["machines"] for n, w in self.waves().items()}, {"canary": 2, "rest": 2})

        # The rest is not let on to the fixer.
        with self.assertRaisesRegex(RuntimeError, "WAVE_NOT_OPEN"):
            self.floor.boot_fixer(rest[0])
        self.assertEqual(self.appliance.row(rest[0])["state"], "held")

        # The canary: one is repaired and comes back, one fails.
        # The good one has its key before the other fails: a line that stands asks for no more keys.
        self.floor.boot_fixer(good)
        self.wait_for(lambda: self.appliance.row(good)["state"] not in ("booting", "running", "waiting"), BOOT)
        self.floor.boot_fixer(bad)
        self.appliance.wait_row(bad, BOOT, state="attention", reason="NO_NTFS")
        self.wait_for(lambda: self.show()["state"] == "stopped", 60)
        self.assertEqual(self.show()["reason"], "FAILURE_RATE")
        bad.power_cut()
        self.comes_back(good)
        before.only_bad_files_gone(self)
        with self.assertRaisesRegex(RuntimeError, "CAMPAIGN_STOPPED"):
            self.floor.boot_fixer(rest[0])
        self.assertNotEqual(self.appliance.command("campaign", "open", "july", check=False).returncode, 0)
        self.assertEqual(self.waves()["rest"]["opened"], 0)

        # A person has looked at it: PC-BAD has no Windows.
        self.campaign("resume", "july", "PC-BAD is no Windows machine")
        self.campaign("open", "july")
        for machine in rest:
            self.appliance.wait_row(machine, 60, state="seen", reason="OK")
            self.floor.boot_fixer(machine)
        for machine in rest:
            self.comes_back(machine)
        self.assertEqual(self.waves()["rest"]["returned"], 2)
        self.assertEqual(self.show()["state"], "running")
        self.appliance.command("machines", "hold", bad.mac, "goes to the bin")
        self.wait_for(lambda: self.show()["all_back"], 60)
        self.assertIn("waits for more until a person finishes it", self.show()["line"])
        self.campaign("finish", "july", "nobody else is missing")
        self.assertEqual(self.show()["state"], "finished")
        self.report_says_it_all()

    # --- the line ------------------------------------------------------------------------------------------

    def campaign(self, *words):
        return self.appliance.command("campaign", *words).stdout

    def show(self):
        return json.loads(self.campaign("show", "july", "--json"))

    def waves(self):
        return {w["name"]: w for w in self.show()["waves"]}

    def wait_for(self, condition, seconds):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, self.show())
            time.sleep(0.3)

    def comes_back(self, machine):
        """Repaired, restarted, and Windows answers at its address."""
        machine.wait_serial("netmend: rebooting", BOOT)
        machine.power_cut()
        with self.floor.network.as_address(machine.address), socket.create_server((machine.address, 445)):
            self.appliance.wait_row(machine, 120, state="returned")

    def report_says_it_all(self):
        report = json.loads(self.campaign("report", "july", "--json"))
        self.assertEqual({m["name"]: (m["back"], m["result"]) for m in report["machines"]},
                         {"PC-GOOD": (True, "REPAIRED"), "PC-BAD": (False, "NO_NTFS"), "PC-REST1": (True, "REPAIRED"),
                          "PC-REST2": (True, "REPAIRED")})
        self.assertEqual((report["released"], {t["step"]: t["samples"] for t in report["times"]}["all"]), (1, 3))
        decided = [(d["verb"], d["who"] == "appliance", d["text"]) for d in report["decisions"]]
        for wanted in (("campaign-start", False, "approved by the change board"), ("campaign-open", True, "wave canary"),
                       ("campaign-resume", False, "PC-BAD is no Windows machine"), ("campaign-open", False, "wave rest")):
            self.assertIn(wanted, decided)
        self.assertEqual([v for v, alone, _ in decided if alone][1:], ["campaign-stop"])
        page = self.campaign("report", "july")
        for word in ("PC-BAD", "root", "no NTFS volume", "1 of 1 machines failed", "approved by the change board",
                     "netmend audit rotation", "finished"):
            self.assertIn(word, page)
        self.assertNotIn("PC-REST1</td>", page)  # who is back needs nothing
        with open(f"{self.floor.workdir}/report.html", "w") as f:
            f.write(page)


if __name__ == "__main__":
    testing.main()
