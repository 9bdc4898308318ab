#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns that switch their machines on: from the plan to the order that escrow gets, and what its answers make of the line."""
import csv
import io
import unittest

from campaign_lab import Fleet, whole
from web_server import Web, until

CANARY = {"name": "canary", "rings": ["canary"]}


def plan(**changes):
    return {"name": "july", "scope": {"all": True}, "waves": [CANARY], "power": {"drive": True, "at_once": 9, "per_rack": 0, "per_feed": 0}} | changes


class Driven(unittest.TestCase):
    def setUp(self):
        self.web = Web().start()
        self.addCleanup(self.web.close)
        self.fleet = Fleet(self.web)
        self.orders, self.known, self.refused = [], {}, {}
        self.web.escrow.on_power = self.on_power
        self.web.escrow.on_bmc_known = lambda question: {
            "ok": True, "reason": "OK", "text": "", "known": [
                {"id": m["id"], "type": "ipmi", "address": self.known[m["name"]]} for m in question["machines"] if m["name"] in self.known]}

    def on_power(self, question):
        name = question["machine"]["name"]
        self.orders.append((question["order"], name, question["by"], question["why"], question["other"]))
        reason = self.refused.get(name, "OK")
        return {"ok": reason == "OK", "reason": reason, "text": "as the controller says", "known": True, "type": "ipmi",
                "address": self.known[name], "power": "on", "boot": "network once, UEFI", "steps": []}

    def servers(self, *numbers):
        """They have controllers, and web has heard of it."""
        self.known = {f"PC{n:02}": f"10.9.0.{n}" for n in numbers}
        self.web.escrow.status["bmcs"] = {"count": len(numbers), "revision": 7, "driven": True}
        for number in numbers:
            until(lambda n=number: self.power(n)["bmc"])

    def power(self, number):
        return self.web.api("GET", f"/api/v1/machines/{self.fleet.row(number)['id']}")[1]["power"]

    def state(self, number):
        order = self.power(number)["order"]
        return order and order["state"]

    def wave(self, name, *counts):
        powers = {w["name"]: w["power"] for w in self.fleet.campaign()["waves"]}
        return tuple(powers[name][count] for count in counts)

    def ordered(self):
        return [name for _, name, *_ in self.orders]

    def test_from_plan_to_windows(self):
        f = self.fleet
        for number, ring in ((1, "canary"), (2, "canary"), (3, "")):
            f.add(number, ring=ring)
        self.servers(1, 3)
        _, preview = self.web.api("POST", "/api/v1/campaigns/preview", {"v": 1, "plan": whole(plan())})
        self.assertEqual([(w["name"], w["machines"], w["bmc"], w["at_once"]) for w in preview["waves"]],
                         [("canary", 2, 1, 1), ("rest", 1, 1, 1)])
        self.assertIn("1 machines have no management controller that is known: people start them", preview["problems"])

        f.create(plan())
        until(lambda: self.state(1) == "booting")
        self.assertEqual(self.orders, [("boot", "PC01", "campaign july", "campaign july, wave canary", False)])
        self.assertEqual(self.wave("canary", "bmc", "people", "booting", "failed"), (1, 1, 1, 0))
        self.assertIn("1 to start by hand (no management controller known)", f.campaign()["line"])

        # Its own question for its boot is what counts.
        f.repaired(1)
        until(lambda: self.state(1) == "done")
        f.repaired(2)
        until(lambda: self.state(3) == "booting")
        self.assertEqual(self.ordered(), ["PC01", "PC03"])
        f.repaired(3)
        until(lambda: self.state(3) == "done")
        until(lambda: f.campaign()["all_back"])
        f.act("finish")
        report = self.web.api("GET", f"/api/v1/campaigns/{f.id}/report.json")[1]
        self.assertEqual(report["power"], {"switched": 2, "failed": 0})
        self.assertEqual({m["name"]: m["power"] for m in report["machines"]}, {"PC01": "done", "PC02": "", "PC03": "done"})
        self.assertEqual([(d["who"], d["text"]) for d in report["decisions"] if d["verb"] == "campaign-power"],
                         [("appliance", "1 machine to be switched on")] * 2)

    def test_who_cannot_be_switched_on_stops_the_line(self):
        f = self.fleet
        for number in (1, 2):
            f.add(number, ring="canary" if number == 1 else "")
        self.servers(1, 2)
        self.refused["PC01"] = "POWER_LOGIN"
        f.create(plan(stop={"failed_percent": 50, "at_least": 1}))
        f.wait_state("stopped")
        self.assertEqual(f.campaign()["text"], "1 of 1 machines failed, 100 %: the plan stops at 50 %; 1 of them could not be switched on")
        self.assertEqual(self.wave("canary", "failed"), (1,))
        rows = csv.DictReader(io.StringIO(self.web.call("GET", f"/api/v1/campaigns/{f.id}/report.csv", secure=True)[2].decode()))
        self.assertEqual([(r["name"], r["power"], r["power_reason"]) for r in rows], [("PC01", "failed", "POWER_LOGIN"), ("PC02", "", "")])
        html = self.web.call("GET", f"/api/v1/campaigns/{f.id}/report", secure=True)[2].decode()
        self.assertIn("1 could not be", html)
        self.assertIn("the management controller refuses our login", html)

        # The login is corrected: once more. The other machine's wave opens by hand.
        del self.refused["PC01"]
        f.act("resume")
        f.act("retry")
        until(lambda: self.state(1) == "booting")
        self.assertEqual(self.ordered(), ["PC01", "PC01"])
        f.act("open")
        until(lambda: self.state(2) == "booting")
        self.assertEqual(self.ordered(), ["PC01", "PC01", "PC02"])

    def test_a_pause_takes_back_what_waits(self):
        f = self.fleet
        f.add(1, ring="canary")
        self.servers(1)
        # Escrow drives nothing just now: the order waits.
        self.web.escrow.status["bmcs"]["driven"] = False
        until(lambda: not self.web.api("GET", "/api/v1/power")[1]["driven"])
        f.create(plan())
        self.assertEqual(self.state(1), "waiting")
        f.act("pause")
        self.assertEqual((self.state(1), self.power(1)["order"]["text"]), ("stopped", "its campaign is paused"))
        self.web.escrow.status["bmcs"]["driven"] = True
        f.act("resume")
        until(lambda: self.state(1) == "booting")
        self.assertEqual(self.ordered(), ["PC01"])


if __name__ == "__main__":
    unittest.main()
