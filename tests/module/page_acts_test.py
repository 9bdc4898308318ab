#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person does on the page, act by act: what he is told, and what the appliance has in its record. What is not here is in
page_machines_test.py, page_campaign_test.py, page_people_test.py, page_overview_test.py, page_release_test.py and page_entry_test.py."""
import csv
import io
import json

from campaign_lab import whole
from page_fleet_lab import PASSWORD, FleetCase, main

OTHER = "another long password"
MACHINES = [f"PC-{i:04d}" for i in range(1, 7)]


class Acts(FleetCase):
    people = {"anna": "admin", "otto": "operator", "bert": "viewer", "paul": "viewer"}
    inventory = "".join(f"{name},S{i},52:54:00:70:00:{i:02x},Bern,{i % 2},Finance,\n" for i, name in enumerate(MACHINES, 1))

    def did(self, who, verb, what, why=""):
        """The newest of his in the record."""
        actions = json.loads(self.appliance.get("/api/v1/actions?limit=20"))["actions"]
        newest = next(a for a in actions if a["who"] == who)
        self.assertEqual((newest["verb"], newest["object"], newest["text"] if why else ""), (verb, what, why))

    def campaign(self, name, **plan):
        return self.ask("POST", "api/v1/campaigns", {"plan": whole({"name": name, "scope": {"all": True}} | plan)})["id"]

    def read(self, label):
        """What the link gives."""
        return self.page.run(f"fetch([...document.querySelectorAll('main:not([hidden]) a')].find((a) => a.innerText === {json.dumps(label)}).href)"
                             ".then((answer) => answer.text())")

    def test_a_campaign_wave_by_wave(self):
        page = self.page
        self.state(MACHINES, "seen", "OK")
        number = self.campaign("July", waves=[{"name": "first two", "machines": 2}, {"name": "others", "opens": {"by_hand": True}}],
                               stop={"failed_percent": 60, "at_least": 3})
        self.sign_in("otto", f"#/campaign/{number}")
        page.wait_text("draft, not started", "#view")
        self.press("Start")
        page.wait_text("wave first two: 0 of 2 returned", "#view")
        self.did("otto", "campaign-start", "July")
        wave = [name for name in MACHINES if self.row(name)["wave"] == 1]
        rest = [name for name in MACHINES if name not in wave]
        self.assertEqual(len(wave), 2)
        self.state(wave, "returned", "RETURNED")
        page.wait_text(r"1 first two\s+done", "#view table")
        self.fill(Why="the first two are fine")
        self.press("Open the next wave")
        page.wait_text(r"2 others\s+open", "#view table")
        self.did("otto", "campaign-open", "July", "wave others: the first two are fine")
        # Two of them fail: tried again, of this wave, and of all.
        self.state(rest[:2], "attention", "NTFS_HIBERNATED")
        page.wait_text("! 2", "#view .failed")
        self.press("Try again")
        page.wait_text(r"2 others[\s\S]*4\s+4\s+0\s+0\s+0", "#view table")
        self.did("otto", "campaign-retry", "July")
        self.state(rest[:1], "attention", "NTFS_HIBERNATED")
        page.wait_text("! 1", "#view .failed")
        self.press("Try the failed ones again")
        self.until("!document.querySelector('#view .failed')")
        self.did("otto", "campaign-retry", "July")
        # All are back: nobody but a person knows that no more come.
        self.assertNotIn("Finish", self.buttons("#view"))
        self.state(rest, "returned", "RETURNED")
        page.wait_text("waits for more until a person finishes it", "#view")
        self.press("Finish")
        page.wait_text(r"✓\s*finished[\s\S]*6 of 6 machines returned", "#view")
        self.did("otto", "campaign-finish", "July")
        self.assertEqual(self.buttons("#view"), [])
        self.assertIn("6 of 6", self.read("Report (for printing)"))
        self.assertIn("PC-0001", self.read("as CSV"))
        self.assertEqual(len(json.loads(self.read("as JSON"))["machines"]), 6)
        self.assertEqual(page.complaints(), [])

    def row(self, name):
        return next(m for m in self.appliance.snapshot()["machines"] if m["name"] == name)

    def test_a_draft(self):
        """Changed; deleted; deleted by somebody else while it is looked at."""
        page = self.page
        number = self.campaign("August")
        self.sign_in("otto", f"#/campaign/{number}")
        self.press("Change the plan")
        page.wait_text("Change the plan[\\s\\S]*in this campaign", "#view")
        self.fill(Name_of="September")
        self.press("Save the plan")
        page.wait_text("September[\\s\\S]*draft, not started", "#view")
        self.did("otto", "campaign-change", "September")
        self.press("Delete the draft")
        page.wait_text("Its plan is lost", "dialog")
        self.press("Cancel")
        self.until("!document.querySelector('dialog')")
        self.press("Delete the draft")
        self.press("Delete")
        page.wait_text("Campaigns", "#view h1")
        self.until("!document.querySelector('#view').innerText.includes('September')")
        self.did("otto", "campaign-delete", "September")
        number = self.campaign("October")
        self.go("#/campaigns", "October")
        self.go(f"#/campaign/{number}", "October[\\s\\S]*draft, not started")
        self.ask("DELETE", f"api/v1/campaigns/{number}")
        page.wait_text("This draft was deleted", "#view [role=alert]")
        self.assertEqual(self.buttons("#view"), [])
        self.go("#/campaign/9999")
        page.wait_text("no such|not found|does not exist|There is no", "#view [role=alert]")

    def test_one_machine(self):
        """All that can be done on its own page."""
        page = self.page
        self.state(["PC-0006"], "attention", "NTFS_HIBERNATED")
        self.sign_in("otto")
        page.wait_text("PC-0006", "#rows")
        page.run("[...document.querySelectorAll('#rows a')].find((a) => a.innerText.includes('PC-0006')).click()")
        page.wait_text("PC-0006", "#machine h1")
        for button, why, said, verb in (("Try again", "it was shut down", "May boot again: 1 machine", "retry"),
                                        ("Take out of scope", "sold", "Out of scope: 1 machine", "remove"),
                                        ("Put into scope", "it was not", "In scope: 1 machine", "add")):
            self.until(f"[...document.querySelectorAll('#machine button')].some((b) => b.innerText === {json.dumps(button)})")
            self.fill(Why=why)
            self.press(button)
            page.wait_text(said, "#machine .acts")
            self.did("otto", verb, "PC-0006", why)
        self.assertEqual(page.complaints(), [])

    def test_many_machines(self):
        page = self.page
        self.state(MACHINES, "seen", "OK")
        self.state(["PC-0001", "PC-0002"], "attention", "NTFS_HIBERNATED")
        self.sign_in("otto", "#/?find=PC-000")
        page.click("#choose-all")
        page.wait_text("6 machines chosen", "#selection")
        page.click("[data-verb=retry]")
        page.wait_text("May boot again: 2 machines", "#selection")
        self.did("otto", "retry", "2 machines")
        # What could not be done is said of each, and stays chosen.
        page.wait_text(r"PC-0003: [^\n]*it has not failed", "#selection")
        page.wait_text("4 machines chosen", "#selection")
        for verb, said in (("remove", "Out of scope: 6 machines"), ("add", "In scope: 6 machines")):
            page.click("#choose-all")
            page.wait_text("6 machines chosen", "#selection")
            page.click(f"[data-verb={verb}]")
            page.wait_text(said, "#selection")
            self.did("otto", verb, "6 machines")
        self.assertEqual(page.complaints(), [])

    def test_accounts_are_changed_and_removed(self):
        page = self.page
        self.sign_in("anna", "#/people")
        page.wait_text("bert\\s+viewer\\s+active", "#view")
        page.click("[aria-label='Change bert']")
        page.click(self.input("Disabled"))
        self.press("Save")
        page.wait_text("bert is changed[\\s\\S]*bert\\s+viewer\\s+‖ disabled", "#view")
        self.did("anna", "account-change", "bert", "disabled")
        page.click("[aria-label='Change paul']")
        self.press("Set a new password")
        self.fill(Password=OTHER, The_same=PASSWORD)
        self.press("Set the password")
        page.wait_text("The two passwords are not the same", "dialog")
        self.fill(The_same=OTHER)
        self.press("Set the password")
        page.wait_text("paul has a new password", "#view")
        self.did("anna", "account-change", "paul", "new password")
        page.click("[aria-label='Change bert']")
        self.press("Remove the account")
        page.wait_text("stays in the record", "dialog:last-of-type")
        page.run("document.querySelector('dialog:last-of-type .danger').click()")
        page.wait_text("bert is removed", "#view")
        self.did("anna", "account-remove", "bert")
        self.until("!document.querySelector('#view table').innerText.includes('bert')")
        self.ask("POST", "api/v1/tokens", {"name": "backup", "role": "viewer", "days": 1})
        self.go("#/account", "My account")
        self.go("#/people", "backup\\s+viewer")
        page.click("[aria-label='Remove the token backup']")
        page.wait_text("Programs that use it are refused from now on", "dialog")
        self.press("Remove")
        page.wait_text("The token backup is removed", "#view")
        self.did("anna", "token-remove", "backup")
        self.sign_out()
        self.sign_in("paul", password=OTHER)
        self.assertEqual(page.complaints(), [])

    def test_the_record(self):
        """The newest hundred, then what came before; all of it to keep."""
        for _ in range(60):
            self.ask("POST", "api/v1/machines/act", {"verb": "hold", "machines": [1], "text": "again"})
            self.ask("POST", "api/v1/machines/act", {"verb": "release", "machines": [1], "text": ""})
        self.sign_in("otto", "#/record")
        self.until("document.querySelectorAll('#view tbody tr').length === 100")
        self.press("Older")
        self.until("document.querySelectorAll('#view tbody tr').length > 120")
        shown = self.page.run("document.querySelectorAll('#view tbody tr').length")
        self.assertEqual(shown, len(json.loads(self.read("as JSON"))["actions"]))
        self.assertEqual(self.read("Save as CSV").count("\r\n"), shown + 1)
        self.press("Look again")
        self.until("document.querySelectorAll('#view tbody tr').length === 100")

    def test_what_can_be_kept(self):
        """Every list, for a spreadsheet and for a program: the same lines in both."""
        self.campaign("Kept", scope={"sites": ["Nowhere"]})
        self.sign_in("anna", "#/?find=PC-000")
        for address, pattern, name in (("#/?find=PC-000", "6 machines", "machines"), ("#/campaigns", "Kept", "campaigns"),
                                       ("#/appliance", "Learnt times", "appliances"), ("#/people", "API tokens", "people")):
            self.go(address, pattern)
            self.until("[...document.querySelectorAll('main:not([hidden]) a')].some((a) => a.innerText === 'as JSON')")
            lines = json.loads(self.read("as JSON"))[name]
            self.assertGreater(len(lines), 0, name)
            self.assertEqual(len(list(csv.reader(io.StringIO(self.read("Save as CSV"))))), len(lines) + 1, name)
        tokens = self.page.run("fetch([...document.querySelectorAll('#view a')].find((a) => a.href.endsWith('/api/v1/tokens.csv')).href)"
                               ".then((answer) => answer.text())")
        self.assertIn("tests", tokens)
        self.go("#/", "PC-0001")
        self.page.run("[...document.querySelectorAll('#rows a')].find((a) => a.innerText.includes('PC-0001')).click()")
        self.page.wait_text("PC-0001", "#machine h1")
        self.until("[...document.querySelectorAll('#machine a')].some((a) => a.innerText === 'Save the timeline as CSV')")
        self.assertIn("reason", self.read("Save the timeline as CSV").split("\r\n")[0])


if __name__ == "__main__":
    main()
