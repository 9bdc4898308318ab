#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Campaigns on the page: planned with a preview, started, paused, opened by hand, aborted; every deed in the record."""
import contextlib
import json
import sqlite3

from campaign_lab import whole
from page_fleet_lab import HOSTILE, FleetCase, main
from web_server import until

PCS = "".join(f"PC-{i:04d},S{i},52:54:00:40:00:{i:02x},{'Bern' if i % 2 else 'Basel'},{i % 3},Finance,{'canary' if i < 3 else 'broad'}\n"
              for i in range(1, 13))


class Campaign(FleetCase):
    people = {"otto": "operator", "vera": "viewer"}
    inventory = PCS

    def preview(self, *patterns):
        for pattern in patterns:
            self.page.wait_text(pattern, ".preview")

    def wave(self, number, selector):
        return f".wave:nth-of-type({number}) {selector}"

    def test_from_the_form_to_the_end(self):
        self.sign_in("otto", "#/campaigns")
        self.page.wait_text("A campaign recovers|draft", "#view")
        self.press("New campaign")
        # The ring called canary is proposed as the first wave.
        self.preview(r"12 machines in this campaign", r"canary\s+2", r"everyone else\s+10")
        # Every recipe that is built in can be chosen.
        built_in = {r["name"] for r in json.loads(self.appliance.command("recipe", "list", "--json").stdout)}
        self.assertEqual(set(self.page.run(f"[...document.querySelector({json.dumps(self.input('Recipe:'))}).options].map((o) => o.value)")),
                         built_in | {""})
        self.press("Save as a draft")
        self.page.wait_text("Give the campaign a name", "#view form [role=alert]")
        self.fill(Name_of="July")
        self.plan()
        self.picture("plan")
        self.fits(360)
        self.press("Save as a draft")
        self.page.wait_text("draft, not started[\\s\\S]*not started", "#view")
        self.page.wait_text(r"site Bern", "#view")
        self.started()
        self.aborted()
        self.reported()
        self.another_of_the_same_name()
        verbs = [verb for who, verb, what in self.recorded() if who == "otto" and what == "July"]
        self.assertEqual(len(verbs), 5, verbs)  # made, started, paused, resumed, aborted

    def plan(self):
        page = self.page
        self.choose("Scope", "some")
        page.run("document.querySelector('#view section .choice').open = true")
        page.run("document.querySelector('.choice input[value=Bern]').click()")
        self.preview("6 machines in this campaign")
        self.fill(Machines="PC-0001, PC-9999")
        self.preview("No machine has the name, MAC, serial or UUID PC-9999")
        self.fill(Machines="")
        self.preview("6 machines in this campaign", r"canary\s+1", r"everyone else\s+5")
        # A third wave, put in the middle by the keyboard.
        self.press("Add a wave")
        page.press(*"floor two")
        page.run("[...document.querySelectorAll('.wave:nth-of-type(3) .choice')].at(1).open = true")
        page.run("document.querySelector('.wave:nth-of-type(3) .choice input[value=\"2\"]').click()")
        page.run("document.querySelector('[aria-label=\"Move wave 3 earlier\"]').focus()")
        page.press("Enter")
        self.preview(r"canary\s+1\s+floor two\s+2\s+everyone else\s+3")
        self.assertEqual(page.run("document.activeElement.ariaLabel"), "Move wave 2 earlier")
        page.run("document.querySelector('[aria-label=\"Remove wave 2\"]').click()")
        self.preview(r"canary\s+1\s+everyone else\s+5")
        self.fill(Stop_when="25", but_not="3")

    def started(self):
        page = self.page
        self.press("Start")
        page.wait_text(r"running[\s\S]*wave canary: 0 of 1 returned", "#view")
        page.wait_text(r"1 canary\s+open", "#view table")
        self.fill(Why="the canary looks odd")
        self.press("Pause")
        page.wait_text("‖\\s*paused", "#view")
        self.assertEqual(json.loads(self.appliance.get("/api/v1/actions?limit=1"))["actions"][0]["text"], "the canary looks odd")
        self.assertEqual(page.run(f"document.querySelector({json.dumps(self.input('Why'))}).value"), "")
        self.press("Resume")
        page.wait_text("▸\\s*running", "#view")
        self.picture("campaign")
        self.fits(360)
        self.go("#/campaigns", "July[\\s\\S]*running")
        page.run("document.querySelector('#view .campaign a').click()")
        page.wait_text("Plan", "#view")
        # A machine of it tells its place, and the list can be cut down to a wave.
        page.run("document.querySelector('#view td a').click()")
        page.wait_text("^1 machine of 12 shown", "#filter")
        self.assertIn("campaign=", page.run("location.hash"))
        page.run("document.querySelector('#rows a').click()")
        page.wait_text(r"July, wave canary", "#machine")
        page.run("document.querySelector('#machine dd a').click()")
        page.wait_text("Waves")  # on the page: #view has it while the machine is shown, too

    def aborted(self):
        page = self.page
        self.press("Abort …")
        page.wait_text("Type July to go on", "dialog")
        page.press(*"july", "Enter")
        self.assertTrue(page.run("document.querySelector('dialog .danger').disabled"))
        self.press("Cancel")
        until(lambda: page.run("!document.querySelector('dialog')"))
        page.wait_text("▸\\s*running", "#view")
        self.press("Abort …")
        page.wait_text("Type July", "dialog")
        self.picture("abort")
        page.press(*"July", "Enter")
        page.wait_text("aborted", "#view")
        self.assertNotIn("Resume", self.buttons("#view"))
        self.assertRegex(page.run("document.querySelector('#view .links a').href"), r"/api/v1/campaigns/\d+/report$")

    def reported(self):
        """On a phone each row is a card that names its cells; nothing of it has to be scrolled sideways."""
        page = self.page
        page.open(page.run("document.querySelector('#view .links a').href"))
        page.wait_text(r"Campaign July[\s\S]*Machines that are not back \(6\)[\s\S]*Who decided what")
        page.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True)
        self.addCleanup(page.call, "Emulation.clearDeviceMetricsOverride")
        self.until("innerWidth === 360")
        self.assertEqual(page.run("[document.documentElement, ...document.querySelectorAll('table, td, pre')]"
                                  ".filter((n) => n.scrollWidth > n.clientWidth && n.clientWidth || n.getBoundingClientRect().right > 360)"
                                  ".map((n) => n.outerHTML.slice(0, 100))"), [])
        named = page.run("[...document.querySelectorAll('table.c:has(tbody tr)')].map((t) => [[...t.querySelectorAll('th')].map((h) => h.textContent.trim()),"
                         " [...t.querySelector('tbody tr').children].map((d) => JSON.parse(getComputedStyle(d, '::before').content))])")
        self.assertGreaterEqual(len(named), 3)
        for heads, cells in named:
            self.assertEqual(heads, cells)
        page.call("Emulation.clearDeviceMetricsOverride")

    def another_of_the_same_name(self):
        self.open("#/campaigns/new", "New campaign")
        self.fill(Name_of="July")
        self.press("Save as a draft")
        self.page.wait_text("The name is taken[\\s\\S]*Choose another name", "#view form [role=alert]")

    def test_no_wave_of_nobody_is_opened(self):
        """Waves that have no machine are not offered: the next that has some is opened, and then it is said why there is none."""
        page = self.page
        by_hand = {"by_hand": True}
        order = whole({"name": "Order", "scope": {"all": True}, "waves": [
            {"name": "canary", "rings": ["canary"], "opens": by_hand}, {"name": "Lugano", "sites": ["Lugano"], "opens": by_hand},
            {"name": "everyone else", "opens": by_hand}]})
        number = self.ask("POST", "api/v1/campaigns", {"plan": order})["id"]
        self.addCleanup(self.ask, "POST", f"api/v1/campaigns/{number}/act", {"verb": "abort", "wave": 0, "text": ""})
        self.ask("POST", f"api/v1/campaigns/{number}/act", {"verb": "start", "wave": 0, "text": ""})
        self.sign_in("otto", f"#/campaign/{number}")
        page.wait_text(r"1 canary\s+open[\s\S]*2 Lugano\s+no machines[\s\S]*3 everyone else\s+not open yet", "#view table")
        self.press("Open the next wave")
        page.wait_text(r"3 everyone else\s+open", "#view table")
        page.wait_text("No wave is left to open: no machine is in “Lugano” or in “rest”", "#view")
        self.assertNotIn("Open the next wave", self.buttons("#view"))
        self.go("#/campaigns", "Order")
        self.sign_out()
        self.sign_in("vera", f"#/campaign/{number}")
        page.wait_text("2 Lugano", "#view")
        self.assertNotIn("No wave is left", page.text("#view"))

    def controllers(self, *names):
        """As another appliance's escrow has their records."""
        with contextlib.closing(sqlite3.connect(self.appliance.state + "/web/netmend.db", timeout=60)) as db, db:
            for name in names:
                db.execute("INSERT INTO machine_bmc (machine, appliance, type, address)"
                           " SELECT id, 'elsewhere', 'ipmi', '10.9.0.' || id FROM machines WHERE name = ?", (name,))
        self.addCleanup(self.no_controllers)

    def no_controllers(self):
        with contextlib.closing(sqlite3.connect(self.appliance.state + "/web/netmend.db", timeout=60)) as db, db:
            db.execute("DELETE FROM machine_bmc")

    def test_power_in_the_plan(self):
        """Nothing is driven unless somebody says so; what is said stays when the plan is changed."""
        page = self.page
        self.sign_in("otto", "#/campaigns/new")
        self.preview("12 machines in this campaign")
        self.assertNotIn("Of one rack", page.text("#view form"))
        self.fill(Name_of="Racks")
        page.click(self.input("Start machines by their management controllers"))
        self.fill(Machines_started="0", Of_one_rack="1", Of_one_power_feed="3")
        self.preview("at_once")
        self.fill(Machines_started="5")
        self.preview("12 machines in this campaign", r"canary none has a controller that is known\s+2")
        self.controllers("PC-0001", "PC-0002", "PC-0003")
        self.fill(Machines_started="2", Of_one_rack="0", Of_one_power_feed="0")
        self.preview(r"canary all by their controllers, 2 at once\s+2\s+everyone else 1 by their controllers, 1 at once\s+10",
                     "9 machines have no management controller that is known: people start them")
        self.fill(Machines_started="5", Of_one_rack="1", Of_one_power_feed="3")
        self.press("Save as a draft")
        page.wait_text(r"Switched on\s+by their management controllers: 5 at once, 1 of a rack, 3 of a power feed", "#view")
        number = int(page.run("location.hash.split('/').pop()"))
        self.addCleanup(self.ask, "DELETE", f"api/v1/campaigns/{number}")
        plan = json.loads(self.appliance.get(f"/api/v1/campaigns/{number}"))["campaign"]["plan"]
        self.assertEqual(plan["power"], {"drive": True, "at_once": 5, "per_rack": 1, "per_feed": 3})
        self.press("Change the plan")
        self.preview("12 machines in this campaign")
        self.fill(Of_one_rack="0")
        self.press("Save the plan")
        page.wait_text(r"Switched on\s+by their management controllers: 5 at once, 3 of a power feed", "#view")
        self.press("Change the plan")
        self.preview("12 machines in this campaign")
        page.click(self.input("Start machines by their management controllers"))
        self.fits(360)
        self.press("Save the plan")
        page.wait_text(r"Switched on\s+by hand", "#view")
        self.assertEqual([c for c in page.complaints() if "campaigns/preview" not in c], [])  # which has refused 0 at once

    def test_who_is_switched_on(self):
        """A campaign that drives: its waves say how their orders stand. No appliance is there that could drive these."""
        self.controllers("PC-0001", "PC-0002", "PC-0003")
        plan = whole({"name": "Driven", "scope": {"all": True}, "waves": [{"name": "canary", "rings": ["canary"]}, {"name": "everyone else"}],
                      "power": {"drive": True, "at_once": 20, "per_rack": 2, "per_feed": 0}})
        number = self.ask("POST", "api/v1/campaigns", {"plan": plan})["id"]
        self.addCleanup(self.ask, "POST", f"api/v1/campaigns/{number}/act", {"verb": "abort", "wave": 0, "text": ""})
        self.ask("POST", f"api/v1/campaigns/{number}/act", {"verb": "start", "wave": 0, "text": ""})
        self.sign_in("vera", f"#/campaign/{number}")
        self.page.wait_text(r"1 canary\s+open [^\n]*\s+Power: 2 wait for their turn", "#view table")
        self.assertEqual(self.page.text("#view table").count("Power:"), 1)
        self.fits(360)
        self.assertEqual(self.page.complaints(), [])

    def test_the_form_on_a_phone(self):
        """What is as proposed is told in a sentence, and folded: the button to save is not far."""
        page = self.page
        page.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True)
        self.addCleanup(page.call, "Emulation.clearDeviceMetricsOverride")
        self.sign_in("otto", "#/campaigns/new")
        self.preview("12 machines in this campaign")
        page.wait_text(r"canary: ring canary; opens when the campaign is started · 2 machines", "#view")
        page.wait_text(r"everyone else: all that are left; opens when all of the wave before are back, and have been for 30 minutes · 10 machines", "#view")
        self.picture("plan-phone")
        self.assertEqual(page.run("[...document.querySelectorAll('.wave details, .part')].filter((d) => d.open).length"), 0)
        self.assertLess(page.run("document.documentElement.scrollHeight"), 3 * 740)
        self.assertLessEqual(page.run("document.documentElement.scrollWidth"), 360)
        # A wave that is opened is changed, and its sentence with it.
        page.run("document.querySelectorAll('.wave summary')[1].scrollIntoView({block: 'center'})")
        page.run("document.querySelector('.wave:nth-of-type(2) summary').click()")
        self.fill(Percent_of="80", Minutes_they="0")
        page.wait_text("everyone else: all that are left; opens when 80 % of the wave before are back ·", "#view")
        self.choose("When this wave", "hand")
        page.wait_text("everyone else: all that are left; a person opens it ·", "#view")
        self.press("Add a wave")
        self.assertTrue(page.run("document.querySelector('.wave:nth-of-type(3) details').open"))
        self.press("When too many fail")
        self.fill(Stop_when="25")
        self.assertEqual(page.complaints(), [])

    def test_a_viewer_looks_on(self):
        self.sign_in("otto", "#/campaigns/new")
        self.set(self.input("Name of"), HOSTILE)
        self.preview("machines in this campaign")
        self.press("Save as a draft")
        self.page.wait_text("draft|was not accepted", "#view")
        self.sign_out()
        self.sign_in("vera", "#/campaigns")
        self.page.wait_text("Campaigns", "#view")
        self.assertEqual(self.buttons("#view"), [])
        self.assertNotIn("New campaign", self.page.text("#view"))


if __name__ == "__main__":
    main()
