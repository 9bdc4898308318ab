#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns in netmend web: waves, start order, the line that stops, pause, retry, abort, window, report; machines played here."""
import base64
import contextlib
import csv
import hashlib
import http.client
import io
import json
import re
import sqlite3
import ssl
import time
import unittest

from campaign_lab import Fleet, whole
from recipe_291 import RECIPE
from web_server import Web, until

CANARY = {"name": "canary", "rings": ["canary"]}


def plan(**changes):
    return {"name": "july", "scope": {"all": True}} | changes


class Case(unittest.TestCase):
    def setUp(self):
        self.web = Web().start()
        self.addCleanup(self.web.close)
        self.fleet = Fleet(self.web)

    def actions(self):
        """(who, verb, text) as the report has them, the oldest first."""
        report = self.web.api("GET", f"/api/v1/campaigns/{self.fleet.id}/report.json")[1]
        return [(d["who"], d["verb"], d["text"]) for d in report["decisions"]]


class Line(Case):
    def test_canary_fails_the_line_stops_a_person_resumes_the_rest_follows(self):
        f = self.fleet
        for number in (1, 2, 3, 4):
            f.add(number, ring="canary" if number < 3 else "", site="Bern")
        f.create(plan(waves=[CANARY], stop={"failed_percent": 50, "at_least": 1}))
        self.assertEqual(f.waves(), {"canary": (2, 2, 0, 0, 0), "rest": (2, 2, 0, 0, 0)})
        self.assertEqual(f.opened(), ["canary"])
        self.assertEqual([f.reason(n) for n in (1, 2, 3, 4)], ["OK", "OK", "WAVE_NOT_OPEN", "WAVE_NOT_OPEN"])
        until(lambda: len(self.web.answered()) == 2)

        # A machine of a wave that is not open waits in front of the fixer; nobody holds it.
        self.assertEqual(f.asks(3), "WAVE_NOT_OPEN")
        row = f.row(3)
        self.assertEqual((row["state"], row["held"], row["campaign"], row["wave"], row["open"]), ("held", False, f.id, 2, False))

        f.repaired(1)
        f.fails(2)
        f.wait_state("stopped")
        c = f.campaign()
        self.assertEqual((c["reason"], f.waves()["canary"]), ("FAILURE_RATE", (2, 0, 0, 1, 1)))
        self.assertIn("1 of 2 machines failed", c["text"])
        self.assertEqual(f.asks(3), "CAMPAIGN_STOPPED")
        until(lambda: f.reason(4) == "CAMPAIGN_STOPPED")
        self.assertEqual(self.web.api("POST", f"/api/v1/campaigns/{f.id}/act", {"v": 1, "verb": "open", "wave": 0, "text": ""})[0], 409)

        # What failed so far does not stop it again; the rest waits for all of the canary, so a person opens it.
        f.act("resume", text="disk of PC02 is broken")
        self.assertEqual(f.asks(3), "WAVE_NOT_OPEN")
        f.act("open")
        self.assertEqual(f.opened(), ["canary", "rest"])
        f.repaired(3)
        f.repaired(4)
        self.assertEqual(f.campaign()["state"], "running")
        f.act("retry")
        self.assertEqual(f.waves()["canary"], (2, 1, 0, 1, 0))
        status, answer = f.call("finish")
        self.assertEqual((status, answer["error"]), (409, "NOT_NOW"))
        f.repaired(2)
        # Everybody known is back; most of the company may not have booted yet.
        until(lambda: f.campaign()["all_back"])
        self.assertEqual((f.campaign()["state"], f.campaign()["line"]),
                         ("running", "4 of 4 machines returned, all that are known; waits for more until a person finishes it"))
        f.act("finish", text="nobody else is missing")
        self.assertEqual((f.campaign()["state"], f.campaign()["line"]), ("finished", "4 of 4 machines returned"))
        whom = [(who, verb) for who, verb, _ in self.actions()]
        for done in ("campaign-create", "campaign-start", "campaign-resume", "campaign-open", "campaign-retry", "campaign-finish"):
            self.assertIn(done, [verb for who, verb in whom if who != "appliance"])
        for done in ("campaign-open", "campaign-stop"):
            self.assertIn(("appliance", done), whom)
        steps = [e["step"] for e in self.web.machine(f.mac(3))["timeline"]]
        self.assertGreaterEqual(steps.count("campaign"), 3)

    def test_next_wave_opens_by_share_and_by_hand(self):
        f = self.fleet
        for number in range(1, 9):
            f.add(number)
        f.create(plan(waves=[{"name": "two", "machines": 2}, {"name": "half", "percent": 50, "opens": {"returned_percent": 50}}]))
        self.assertEqual({k: v[0] for k, v in f.waves().items()}, {"two": 2, "half": 4, "rest": 2})
        self.assertEqual([f.row(n)["wave"] for n in range(1, 9)], [1, 1, 2, 2, 2, 2, 3, 3])
        self.assertIn("half opens when 50 % are back", f.campaign()["line"])
        f.repaired(1)
        until(lambda: f.opened() == ["two", "half"])
        # The rest waits for all of the wave before.
        for number in (3, 4, 5):
            f.repaired(number)
        time.sleep(2)
        self.assertEqual(f.opened(), ["two", "half"])
        f.repaired(6)
        until(lambda: f.opened() == ["two", "half", "rest"])

    def test_start_order(self):
        f = self.fleet
        for number, rank in ((1, 1), (2, 1), (3, 2), (4, 3), (5, 0)):
            f.add(number, rank=rank)
        f.create(plan())
        self.assertEqual([f.asks(n) for n in (3, 4)], ["START_ORDER"] * 2)
        f.repaired(5)
        f.repaired(1)
        time.sleep(1.5)
        self.assertEqual(f.asks(3), "START_ORDER")  # the other one of the first is not back
        f.repaired(2)
        until(lambda: f.reason(3) == "OK")
        self.assertEqual(f.asks(4), "START_ORDER")
        f.fails(3)
        time.sleep(1.5)
        self.assertEqual(f.asks(4), "START_ORDER")  # a failed one holds it
        f.act("open", wave=1, text="without PC03")
        self.assertEqual(f.reason(4), "OK")
        f.repaired(4)

    def test_paused_machines_with_a_key_finish_others_get_none(self):
        f = self.fleet
        for number in (1, 2, 3):
            f.add(number)
        f.create(plan())
        with_key, without = f.session(1), f.session(2)
        until(lambda: f.key(1, with_key)["status"] == "released")
        f.act("pause")
        asked = len(self.web.escrow.asked)
        until(lambda: f.key(2, without)["reason"] == "CAMPAIGN_PAUSED")
        self.assertEqual((f.row(2)["state"], f.reason(2)), ("waiting", "CAMPAIGN_PAUSED"))
        self.assertEqual(f.asks(3), "CAMPAIGN_PAUSED")
        self.assertEqual(f.result(1, with_key, "REPAIRED"), "reboot")
        f.windows(1)
        self.assertEqual(len(self.web.escrow.asked), asked)
        f.act("resume")
        until(lambda: f.key(2, without, wait=5)["status"] == "released")
        self.assertEqual(f.result(2, without, "REPAIRED"), "reboot")
        f.windows(2)
        self.assertEqual(f.asks(3), "fixer")

    def test_another_campaign_while_a_machine_waits_for_its_key(self):
        f = self.fleet
        f.add(1)
        f.create(plan())
        session = f.session(1)
        f.act("pause")
        until(lambda: f.key(1, session)["reason"] == "CAMPAIGN_PAUSED")
        f.act("abort")
        f.create(plan(name="august", dry_run=True))
        self.assertEqual((f.key(1, session)["status"], f.key(1, session)["reason"]), ("denied", "CAMPAIGN_CHANGED"))
        self.assertEqual(f.result(1, session, "CAMPAIGN_CHANGED"), "again")
        self.assertEqual((f.row(1)["state"], f.reason(1)), ("seen", "OK"))
        self.assertIn("netmend.dry-run=1", f.script(1))

    def test_paused_machines_without_a_key_save_no_repair(self):
        f = self.fleet
        f.add(1)
        f.create(plan())
        session = f.session(1)
        f.act("pause")
        status, answer = self.web.api("PUT", f"/v1/sessions/{session}/journal", b"bundle", source=f.ip(1))
        self.assertEqual((status, answer["error"]), (403, "CAMPAIGN_PAUSED"))
        self.assertEqual(f.result(1, session, "CAMPAIGN_PAUSED"), "again")
        until(lambda: f.reason(1) == "CAMPAIGN_PAUSED")
        self.assertEqual(f.row(1)["state"], "seen")
        f.act("resume")
        session = f.session(1)
        self.assertEqual(self.web.api("PUT", f"/v1/sessions/{session}/journal", b"bundle", source=f.ip(1))[0], 200)

    def test_abort(self):
        f = self.fleet
        for number in (1, 2):
            f.add(number)
        f.create(plan(waves=[{"name": "one", "machines": 1}]))
        f.repaired(1)
        f.act("abort", text="enough")
        self.assertEqual(f.campaign()["state"], "aborted")
        self.assertEqual(f.asks(2), "CAMPAIGN_ENDED")
        self.assertEqual(self.web.answered(), [])
        for verb in ("start", "pause", "resume", "open", "finish", "abort", "retry"):
            status, answer = f.call(verb)
            self.assertEqual((status, answer["error"]), (409, "NOT_NOW"), verb)
        # Another one takes them all; what was known of the first stays.
        before = f.campaign()["waves"]
        first = f.id
        f.create(plan(name="august"))
        self.assertEqual(f.waves()["rest"][:2], (2, 2))
        self.assertEqual(self.web.api("GET", f"/api/v1/campaigns/{first}")[1]["campaign"]["waves"], before)
        self.assertEqual(f.asks(2), "fixer")

    def test_window(self):
        f = self.fleet
        f.add(1)
        now = int(time.time() * 1000)
        f.create(plan(**{"from": now + 2500}))
        self.assertEqual((f.opened(), f.asks(1)), ([], "CAMPAIGN_NOT_NOW"))
        self.assertEqual(f.campaign()["line"], "waits for its time to begin")
        until(lambda: f.opened() == ["rest"])
        self.assertEqual(f.asks(1), "fixer")


    def test_time_is_over_before_all_are_back(self):
        f = self.fleet
        f.add(1)
        f.create(plan(until=int(time.time() * 1000) + 2500))
        session = f.session(1)
        until(lambda: f.key(1, session)["status"] == "released")
        f.asks(2)
        f.wait_state("finished")
        self.assertEqual((f.campaign()["reason"], f.campaign()["text"]), ("CAMPAIGN_TIME_OVER", "0 of 2 machines were back"))
        self.assertIn(("appliance", "campaign-finish", "0 of 2 machines were back"), self.actions())
        # Who has its key finishes; who has none is free for the next one.
        self.assertEqual(f.result(1, session, "REPAIRED"), "reboot")
        f.windows(1)
        self.assertEqual(f.campaign()["line"], "1 of 2 machines returned")
        self.assertEqual(f.asks(2), "CAMPAIGN_ENDED")
        f.create(plan(name="august"))
        self.assertEqual(f.asks(2), "fixer")


class Machines(Case):
    def test_a_list_of_the_inventory_finishes_by_itself(self):
        f = self.fleet
        f.add(1, site="Bern")
        f.create(plan(scope={"sites": ["Bern"]}))
        f.repaired(1)
        f.wait_state("finished")
        self.assertEqual(f.campaign()["text"], "every machine is back")
        # A list with a name nobody knows waits for it.
        f.add(2)
        listed = plan(name="listed", scope={"machines": ["PC02", "PC03"]})
        _, preview = self.web.api("POST", "/api/v1/campaigns/preview", {"v": 1, "plan": whole(listed)})
        self.assertIn("1 of the machines listed are not known: they join when they turn up", preview["problems"])
        f.create(listed)
        f.repaired(2)
        until(lambda: f.campaign()["line"] == "1 of 1 machines returned, all that are known; waits for 1 of its list until a person finishes it")
        f.add(3)
        until(lambda: not f.campaign()["all_back"])
        f.repaired(3)
        f.wait_state("finished")

    def test_scope_elsewhere_and_those_that_turn_up_later(self):
        f = self.fleet
        for number, site in ((1, "Bern"), (2, "Bern"), (3, "Genf")):
            f.add(number, site=site)
        bern = plan(name="bern", scope={"sites": ["bern"]}, waves=[CANARY])
        _, preview = self.web.api("POST", "/api/v1/campaigns/preview", {"v": 1, "plan": whole(bern)})
        none = {"bmc": 0, "at_once": 0}
        self.assertEqual((preview["waves"], preview["elsewhere"]),
                         ([{"name": "canary", "machines": 0, **none}, {"name": "rest", "machines": 2, **none}], 0))
        self.assertIn("canary: the wave takes no machine", preview["problems"])
        f.create(bern)
        self.assertEqual(f.asks(3), "NOT_IN_SCOPE")
        _, preview = self.web.api("POST", "/api/v1/campaigns/preview", {"v": 1, "plan": whole(plan(name="all"))})
        self.assertEqual((preview["waves"], preview["elsewhere"]), ([{"name": "rest", "machines": 1, **none}], 2))
        first = f.id
        f.create(plan(name="all"))
        self.assertEqual([f.row(n)["campaign"] for n in (1, 2, 3)], [first, first, f.id])
        # One that nobody has seen before joins at its first boot, one that is imported within seconds.
        self.assertEqual(f.asks(9), "fixer")
        f.add(10, site="Genf")
        until(lambda: f.row(10)["campaign"] == f.id)

    def test_scope_of_machines_and_subnets(self):
        f = self.fleet
        for number in (1, 2, 3, 4):
            f.add(number)
        f.asks(4)
        ids = [f.row(1)["id"], f.mac(2), "PC03"]
        f.create(plan(scope={"machines": ids}))
        self.assertEqual([f.row(n)["campaign"] for n in (1, 2, 3, 4)], [f.id] * 3 + [0])
        f.create(plan(name="net", scope={"subnets": ["127.0.1.4/32"]}))
        self.assertEqual(f.row(4)["campaign"], f.id)

    def test_recipe_dry_run_and_approval_go_with_the_machine(self):
        f = self.fleet
        f.add(1)
        recipe = "[recipe]\nname = other\n[match]\npath = \\Windows\\Temp\nglob = bad.sys\n[action]\ndo = rename\n"
        f.create(plan(recipe=recipe, dry_run=True, approval="two-person"))
        self.assertIn("netmend.dry-run=1", f.script(1))
        _, opened = self.web.open(f.mac(1), f.ip(1))
        self.assertEqual(opened["recipe"], recipe)
        f.key(1, opened["session"])
        asked = self.web.escrow.asked[-1]
        self.assertEqual((asked["campaign"], asked["approval"]), ("july", "two-person"))


class Calls(Case):
    def test_drafts(self):
        f = self.fleet
        f.create(plan(), start=False)
        self.assertEqual(f.campaign()["state"], "draft")
        self.assertEqual(f.campaign()["plan"]["stop"], {"failed_percent": 10, "at_least": 2})
        self.assertEqual(self.web.api("POST", "/api/v1/campaigns", {"v": 1, "plan": whole(plan())})[1]["error"], "NAME_TAKEN")
        status, answer = self.web.api("POST", f"/api/v1/campaigns/{f.id}", {"v": 1, "plan": whole(plan(name="better", waves=[CANARY]))})
        self.assertEqual((status, answer["campaign"]["name"], len(answer["campaign"]["waves"])), (200, "better", 2))
        self.assertEqual(self.web.api("GET", f"/api/v1/campaigns/{f.id}/report.json")[1]["error"], "NOT_NOW")
        f.act("start")
        for call in ("POST", "DELETE"):
            status, answer = self.web.api(call, f"/api/v1/campaigns/{f.id}", {"v": 1, "plan": whole(plan())} if call == "POST" else None)
            self.assertEqual((status, answer["error"]), (409, "NOT_NOW"))
        f.create(plan(name="gone"), start=False)
        self.assertEqual(self.web.api("DELETE", f"/api/v1/campaigns/{f.id}")[0], 200)
        self.assertEqual(self.web.api("GET", f"/api/v1/campaigns/{f.id}")[1]["error"], "NOT_FOUND")

    def test_refusals_name_the_field(self):
        for bad, word in (({"name": ""}, "name"), ({"scope": {}}, "scope"), ({"scope": {"all": True, "x": 1}}, "scope"), ({"extra": 1}, "extra"),
                          ({"waves": [{"name": "a"}, {"name": "a"}]}, "waves"), ({"waves": [{"name": "rest"}]}, "waves"),
                          ({"waves": [{"name": "a", "machines": 1, "percent": 1}]}, "percent"), ({"recipe": "nobody's"}, "recipe"),
                          ({"from": 5, "until": 4}, "until"), ({"approval": "none"}, "approval"), ({"stop": {"at_least": 0}}, "at_least"),
                          ({"scope": {"subnets": ["10.0.0.0/33"]}}, "subnets"), ({"waves": [{"name": "a", "opens": {"minutes": -1}}]}, "minutes")):
            status, answer = self.web.api("POST", "/api/v1/campaigns", {"v": 1, "plan": whole(plan(**bad))})
            self.assertEqual((status, answer["error"]), (400, "VALUE_BAD"), bad)
            self.assertIn(word, answer["text"])
        for name in whole(plan()):
            left = {k: v for k, v in whole(plan()).items() if k != name}
            status, answer = self.web.api("POST", "/api/v1/campaigns", {"v": 1, "plan": left})
            self.assertEqual((status, answer["error"]), (400, "VALUE_BAD"), name)
            self.assertIn(name, answer["text"])
        for body in (b"", b"[]", b'{"v":1,"v":1,"plan":{}}', b'{"v":2,"plan":{"name":"a","scope":{"all":true}}}', b'{"v":1}'):
            self.assertEqual(self.web.api("POST", "/api/v1/campaigns", body)[0], 400, body)
        self.assertEqual(self.web.api("GET", "/api/v1/campaigns")[1], {"v": 1, "campaigns": []})

    def page(self):
        """told(): the next campaign a page is told of; (number, "gone")."""
        context = ssl.create_default_context(cafile=self.web.path("cert.pem"))
        context.check_hostname = False
        connection = http.client.HTTPSConnection("127.0.0.1", self.web.https_port, context=context, timeout=20)
        self.addCleanup(connection.close)
        connection.request("GET", "/api/v1/events", headers=self.web.access("/api/v1/events", None))
        stream = connection.getresponse()

        def told():
            while True:
                kind = stream.readline()
                if kind.startswith(b"event: campaign"):
                    data = json.loads(stream.readline().split(b":", 1)[1])
                    return (data["campaign"], "gone") if kind == b"event: campaign-gone\n" else data
        return told

    def test_pages_are_told_of_all_however_many(self):
        """Hundreds of campaigns with long plans, more than a page gets at once; one that comes last; one that goes."""
        f = self.fleet
        first = f.create(plan(), start=False)
        with contextlib.closing(sqlite3.connect(self.web.path("netmend.db"), timeout=60)) as db, db:
            text, = db.execute("SELECT plan FROM campaigns").fetchone()
            recipe = "[recipe]\nname = long\n[match]\npath = \\Windows\nglob = a.sys\n[action]\ndo = rename\n" + "; much to say\n" * 400
            for n in range(300):
                db.execute("INSERT INTO campaigns (name, state, reason, text, plan, recipe, created, created_by, window_from, window_until,"
                           " approval, dry_run, changed) SELECT ?, 'draft', 'OK', '', ?, recipe, created, created_by, 0, 0, 'config', 0,"
                           " (SELECT max(changed) + 1 FROM campaigns) FROM campaigns WHERE id = ?",
                           (f"c{n}", json.dumps(json.loads(text) | {"name": f"c{n}", "recipe": recipe}), first))
        told = self.page()
        self.assertEqual({told()["name"] for _ in range(301)}, {"july"} | {f"c{n}" for n in range(300)})
        last = f.create(plan(name="last"), start=False)
        self.assertEqual(told()["id"], last)
        f.act("start")
        self.assertEqual((lambda c: (c["id"], c["state"]))(told()), (last, "running"))
        self.assertEqual(len(self.web.api("GET", "/api/v1/campaigns")[1]["campaigns"]), 302)
        self.web.api("DELETE", f"/api/v1/campaigns/{first}")
        self.assertEqual(told(), (first, "gone"))

    def test_pages_are_told(self):
        f = self.fleet
        f.add(1)
        f.create(plan(), start=False)
        told = self.page()
        self.assertEqual(told()["state"], "draft")
        f.act("start")
        campaign = told()
        self.assertEqual((campaign["state"], campaign["waves"][0]["waiting"]), ("running", 1))
        self.assertEqual(campaign, {**f.campaign(), "line": campaign["line"]})

    def test_report(self):
        f = self.fleet
        for number in (1, 2):
            f.add(number, site="<b>Bern", owner="=cmd()")
        f.create(plan(name="<i>july"))
        f.repaired(1)
        f.fails(2)
        report = self.web.api("GET", f"/api/v1/campaigns/{f.id}/report.json")[1]
        self.assertEqual({m["name"]: (m["back"], m["reason"], m["result"]) for m in report["machines"]},
                         {"PC01": (True, "RETURNED", "REPAIRED"), "PC02": (False, "NTFS_DAMAGED", "NTFS_DAMAGED")})
        self.assertEqual({r["reason"]: r["machines"] for r in report["reasons"]}, {"REPAIRED": 1, "NTFS_DAMAGED": 1})
        self.assertEqual((report["released"], {t["step"]: t["samples"] for t in report["times"]}),
                         (1, {"boot": 2, "repair": 2, "return": 1, "all": 1}))
        status, headers, html = self.web.call("GET", f"/api/v1/campaigns/{f.id}/report", secure=True)
        html = html.decode()
        self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
        for word in ("&lt;i&gt;july", "PC02", "run chkdsk", "&lt;b&gt;Bern", "campaign-start", "netmend audit rotation",
                     "<td>Machines</td><td>all</td>", "<td>Recipe</td><td>crowdstrike-291</td>", "when 10 % failed, and at least 2",
                     "<td>Made by</td><td>tests</td>"):
            self.assertIn(word, html)
        for word in ("<script", "<i>", "<b>Bern", "http://", "https://", "src="):
            self.assertNotIn(word, re.sub("default-src", "", html))
        # It runs nothing, and heeds no style but its own: as it is sent, and as it says itself once it is saved.
        (style,) = re.findall("<style>(.*?)</style>", html, re.S)
        style = f"style-src 'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
        self.assertEqual(headers["Content-Security-Policy"],
                         f"default-src 'none'; {style}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
        self.assertEqual(re.findall("http-equiv=Content-Security-Policy content=\"(.*?)\"", html), [f"default-src 'none'; {style}"])
        self.assertNotRegex(html, r"(?i)<[^>]* (style|on\w+) *=")
        _, headers, text = self.web.call("GET", f"/api/v1/campaigns/{f.id}/report.csv", secure=True)
        self.assertNotIn("style-src", headers["Content-Security-Policy"])
        rows = list(csv.DictReader(io.StringIO(text.decode())))
        self.assertEqual([(r["name"], r["back"], r["owner"]) for r in rows], [("PC01", "yes", "'=cmd()"), ("PC02", "no", "'=cmd()")])


    def test_report_tells_the_plan(self):
        f = self.fleet
        f.add(1, site="Bern", owner="Finance")
        self.web.sql("UPDATE machines SET ip = '127.0.1.1'")
        f.create(plan(name="march", recipe=RECIPE, dry_run=True, approval="pairing", until=4102444800000,
                      scope={"sites": ["Bern", "<Basel>"], "subnets": ["127.0.0.0/8"]}, stop={"failed_percent": 0, "at_least": 1}))
        html = self.web.call("GET", f"/api/v1/campaigns/{f.id}/report", secure=True)[2].decode()
        for word in ("site Bern or &lt;Basel&gt;; network 127.0.0.0/8", "until 2100-01-01 00:00:00", "one person compares the code",
                     "<td>Finance</td><td>seen</td>", "<td>Stops by itself</td><td>never</td>", "<pre>" + RECIPE.split("\n", 1)[0], "nothing was written to any disk"):
            self.assertIn(word, html)


if __name__ == "__main__":
    unittest.main()
