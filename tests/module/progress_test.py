#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the fleet is: machines that go the whole way before `netmend web`, counted here; two appliances on one store say the same."""
import contextlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest

import postgres_lab
from prometheus_text import parse
from web_server import BUILD, DHCP, DISCOVER, HEARD, UEFI, WINDOWS, Web, event, events, released, result, until


def mac_of(number):
    return f"52:54:00:30:00:{number:02x}"


def progress(web):
    status, answer = web.api("GET", "/api/v1/progress")
    assert status == 200, answer
    return answer


def sums(answer):
    return {what: sum(b[what] for b in answer["buckets"]) for what in ("started", "repaired", "recovered", "failed")}


def repair(web, number, reason="REPAIRED"):
    session = web.open(mac_of(number), source=f"127.0.2.{number + 1}")[1]["session"]
    status, answer = web.api("POST", f"/v1/sessions/{session}/result", result(reason), source=f"127.0.2.{number + 1}")
    assert status == 200, answer


def list_machines(web):
    for number in range(6):
        status, answer = web.api("POST", "/api/v1/machines", {"v": 1, "mac": mac_of(number), "name": f"PC{number}"})
        assert status == 200, answer


def run_fleet(webs):
    """Six machines, at one of the appliances each: three come back, one of them twice; one fails, one is at work, one waits."""
    def at(number):
        return webs[number % len(webs)]
    for number in range(4):
        at(number).escrow.answer = released()
        repair(at(number), number, "NTFS_DAMAGED" if number == 3 else "REPAIRED")
    session = at(4).open(mac_of(4), source="127.0.2.5")[1]["session"]
    at(4).api("POST", f"/v1/sessions/{session}/events", events("planning", event(1, "planning", "plan")), source="127.0.2.5")
    for number in range(3):
        at(number).tell(DHCP, event=WINDOWS, mac=mac_of(number))
    until(lambda: progress(at(0))["recovered"] == 3)
    # Asks for a boot program again so soon: relapsed; a person sends it round again.
    at(0).tell(DHCP, UEFI, 1, event=HEARD, mac=mac_of(0), text="PXEClient")
    until(lambda: at(0).row(mac_of(0))["reason"] == "RELAPSED")
    at(0).api("POST", "/api/v1/machines/act", {"v": 1, "verb": "retry", "machines": [at(0).row(mac_of(0))["id"]], "text": ""})
    repair(at(0), 0)
    at(0).tell(DHCP, event=WINDOWS, mac=mac_of(0))
    until(lambda: progress(at(0))["recovered"] == 3 and sums(progress(at(0)))["recovered"] == 4)


EXPECTED = {"started": 6, "repaired": 4, "recovered": 4, "failed": 2}


class OneAppliance(unittest.TestCase):
    def setUp(self):
        self.web = Web()
        self.addCleanup(self.web.close)
        self.web.start()

    def command(self, *words):
        """`netmend progress` on a copy of the store."""
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            os.makedirs(f"{folder}/state/web")
            with contextlib.closing(sqlite3.connect(self.web.path("netmend.db"))) as store, \
                    contextlib.closing(sqlite3.connect(f"{folder}/state/web/netmend.db")) as copy:
                store.backup(copy)
            for place in ("state/web", "state/web/netmend.db"):
                shutil.chown(f"{folder}/{place}", "nobody")
            with open(f"{folder}/conf", "w") as f:
                f.write(f"[server]\nstate = {folder}/state\nruntime = {folder}/run\nweb-user = nobody\n")
            return subprocess.run([f"{BUILD}/netmend", "progress", *words, "--config", f"{folder}/conf"], capture_output=True, text=True)

    def test_nothing_yet(self):
        answer = progress(self.web)
        self.assertEqual((answer["total"], answer["recovered"], answer["oldest"], answer["stuck"], answer["buckets"]), (0, 0, 0, [], []))
        self.assertEqual((answer["rate"]["recovered"], answer["rate"]["per_hour"], answer["left"]), (0, 0.0, {"soonest": 0, "latest": 0}))
        self.assertEqual([s["samples"] for s in answer["steps"]], [0] * len(answer["steps"]))

    def test_a_fleet(self):
        list_machines(self.web)
        self.web.script("52:54:00:30:00:99")  # not in scope: ignored
        run_fleet([self.web])
        answer = progress(self.web)
        self.assertEqual((answer["total"], answer["recovered"]), (6, 3))
        self.assertEqual(sums(answer), EXPECTED)
        self.assertEqual(answer["rate"]["recovered"], 4)
        self.assertGreater(answer["rate"]["per_hour"], 0)
        self.assertGreater(answer["left"]["soonest"], 0)
        self.assertLessEqual(answer["left"]["soonest"], answer["left"]["latest"])
        self.assertLessEqual(len(answer["buckets"]), 2)
        self.assertEqual(answer["bucket"], 300000)
        # What its fixer told of its steps, as soon as the fleet is that young.
        def steps():
            return {s["step"]: (s["samples"], s["median"]) for s in progress(self.web)["steps"]}
        until(lambda: steps()["planning"] == (5, 100))
        self.assertEqual(steps()["waiting"], (5, 50))
        self.assertEqual(steps()["repairing"], (5, 200))
        self.assertEqual(list(steps()), ["booting", "waiting", "planning", "saving", "repairing", "rebooting"])
        # One that does not get on, and one that is silent: the longest first.
        now = answer["now"]
        self.web.sql("UPDATE machines SET since = ? WHERE mac = ?", now - 400000, mac_of(4))
        self.web.sql("UPDATE machines SET state = 'attention', reason = 'NO_HEARTBEAT', silent_state = 'unlocking', last_seen = ?"
                     " WHERE mac = ?", now - 500000, mac_of(5))
        answer = until(lambda: (a := progress(self.web))["stuck"] and a)
        self.assertEqual([(s["machine"], s["state"], s["since"]) for s in answer["stuck"]],
                         [(self.web.row(mac_of(5))["id"], "unlocking", now - 500000), (self.web.row(mac_of(4))["id"], "planning", now - 400000)])
        self.assertEqual(answer["oldest"], now - 500000)
        # Prometheus and the command line say the same.
        status, _, text = self.web.call("GET", "/metrics", secure=True)
        self.assertEqual(status, 200)
        samples = {name: value for family in parse(text).values() for (name, labels), value in family.samples.items() if not labels}
        self.assertEqual({what: samples[f"netmend_fleet_{word}_total"] for what, word in
                          (("started", "attempts"), ("repaired", "repaired"), ("recovered", "recovered"), ("failed", "failed"))}, EXPECTED)
        self.assertEqual(samples["netmend_stuck"], 2)
        done = self.command("--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        told = json.loads(done.stdout)
        for name in ("total", "recovered", "stuck", "steps", "oldest"):
            self.assertEqual(told[name], answer[name], name)
        said = self.command().stdout
        self.assertIn("3 of 6 machines recovered", said)
        self.assertRegex(said, r"rate +\d+\.\d an hour \(4 in the last \d+ minutes\)")
        self.assertRegex(said, r"left +between \d+ .* and \d+")
        self.assertRegex(said, r"planning +5 +0\.1 s +0\.1 s")
        self.assertRegex(said, re.escape(mac_of(5)) + r" +PC5 +unlocking +8 min")

    def test_shared(self):
        """What all pages ask for is looked at once: an answer holds for a moment, whoever asks."""
        def twice():
            begun = time.monotonic()
            first, second = progress(self.web), progress(self.web)
            return time.monotonic() - begun < 1 and (first["now"], second["now"])
        first = until(twice)
        # At most one of three pairs lies about the end of that moment.
        self.assertTrue(any(a == b for a, b in (first, until(twice), until(twice))))
        until(lambda: progress(self.web)["now"] > first[1])


@unittest.skipUnless(postgres_lab.programs(), "skipped: no PostgreSQL server on this host")
class TwoAppliances(unittest.TestCase):
    def test_same_everywhere(self):
        with postgres_lab.Postgres() as server:
            webs = []
            for _ in range(2):
                web = Web(scope="all", store=server.url())
                self.addCleanup(web.close)
                webs.append(web.start())
            list_machines(webs[0])
            run_fleet(webs)

            def facts(web):
                answer = progress(web)
                return sums(answer), answer["total"], answer["recovered"], answer["rate"]["recovered"], answer["stuck"]
            until(lambda: facts(webs[0]) == facts(webs[1]) == (EXPECTED, 6, 3, 4, []))

            def heard(web):
                return sorted((h["mac"], h["kind"], h["answered"], h["why"]) for h in web.api("GET", "/api/v1/wire")[1]["heard"])
            # The machine's request reached both: one line, answered as one of them did.
            webs[0].tell(DHCP, UEFI, event=DISCOVER, mac=mac_of(5), text="uefi-x64")
            webs[1].tell(DHCP, UEFI, event=DISCOVER, mac=mac_of(5), text="uefi-x64", ok=1)
            until(lambda: (mac_of(5), "pxe", True, "") in heard(webs[0]) and heard(webs[0]) == heard(webs[1]))


if __name__ == "__main__":
    unittest.main()
