#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page that is left open: the appliance goes away and comes back, the sign-in ends, a right is taken away."""
import contextlib
import os
import re
import signal
import sqlite3

from page_fleet_lab import PASSWORD, FleetCase, main

LATER = "(() => { const now = Date.now; Date.now = () => now() + 31000; })()"
# The page's wait for a word of the appliance, as if it were over: hush() is the end of those 25 s.
HUSH = """{ const real = window.setTimeout; window.setTimeout = (f, ms, ...more) => { if (ms === 25000) window.hush = f; return real(f, ms, ...more); }; }"""
SECRET = "a passphrase of somebody"


class Away(FleetCase):
    people = {"anna": "admin", "otto": "operator", "vera": "viewer", "adam": "admin"}
    inventory = "".join(f"PC-{i:04d},S{i},52:54:00:80:00:{i:02x},Bern,{i},Finance,\n" for i in range(1, 4))

    def test_the_appliance_is_off_for_a_while(self):
        page = self.page
        self.sign_in("vera")
        page.wait_text("PC-0001", "#rows")
        page.run("window.same = 1")
        self.appliance.stop()
        page.wait_text("No connection to the appliance since .* Trying again …$", "#banner")
        self.assertTrue(page.run("document.body.classList.contains('stale')"))
        page.run(LATER)
        page.wait_text("is this computer still on the network, and is the appliance on[^\n]*systemctl status netmend", "#banner")
        self.picture("lost")
        self.fits(360)
        # What can be asked for only says so, too.
        page.run("location.hash = '#/record'")
        page.wait_text("the appliance does not answer|The appliance does not answer", "#view")
        self.appliance.start()
        page.wait_text("^$", "#banner")
        self.state(["PC-0002"], "returned", "RETURNED")
        self.go("#/", "1 of 3 machines recovered")
        self.assertEqual(page.run("[window.same, document.body.className]"), [1, ""])

    def test_web_is_killed_or_stands_still(self):
        page = self.page
        script = page.call("Page.addScriptToEvaluateOnNewDocument", source=HUSH)["identifier"]
        self.addCleanup(page.call, "Page.removeScriptToEvaluateOnNewDocument", identifier=script)
        self.sign_in("vera")
        page.wait_text("PC-0001", "#rows")
        self.until("Boolean(window.hush)")
        os.kill(self.appliance.children()["web"], signal.SIGKILL)
        page.wait_text("No connection to the appliance since", "#banner")
        page.wait_text("^$", "#banner")
        # Nothing is closed, and nothing comes.
        web = self.appliance.children()["web"]
        os.kill(web, signal.SIGSTOP)
        try:
            page.run("window.hush()")
            page.wait_text("No connection to the appliance since", "#banner")
        finally:
            os.kill(web, signal.SIGCONT)
        page.wait_text("^$", "#banner")
        self.state(["PC-0003"], "held", "HELD")
        page.wait_text(r"held", "#rows")

    def nothing_is_left(self):
        """Of what was on the screen, or typed."""
        page = self.page.run("document.documentElement.outerHTML + [...document.querySelectorAll('input')].map((i) => i.value)")
        for word in ("PC-000", "52:54", SECRET):
            self.assertNotIn(word, page)

    def ended(self):
        self.page.wait_text("Your sign-in has ended", "#view")

    def test_the_sign_in_is_over(self):
        """As after hours: nobody has touched the page, and it does not show what it had to show."""
        page = self.page
        self.sign_in("adam", "#/?site=Bern")
        page.wait_text("PC-0001", "#rows")
        self.go("#/account", "The same password again")
        self.set("#view input[type=password]", SECRET)
        with contextlib.closing(sqlite3.connect(self.appliance.state + "/web/netmend.db", timeout=60)) as db, db:
            self.assertEqual(db.execute("DELETE FROM logins WHERE person = (SELECT id FROM people WHERE name = 'adam')").rowcount, 1)
        self.ended()
        self.picture("ended")
        self.nothing_is_left()
        page.press(*"adam", "Tab", *PASSWORD, "Enter")
        page.wait_text("The same password again", "#view")
        self.assertEqual(page.run("location.hash"), "#/account")
        self.assertEqual(page.run("[...document.querySelectorAll('#view input')].map((i) => i.value).join('')"), "")
        page.call("Page.reload")
        page.wait_text("The same password again", "#view")
        self.assertFalse([c for c in page.complaints() if not re.search("401", c)])

    def test_a_right_is_taken_away(self):
        page = self.page
        self.sign_in("otto", "#/campaigns/new")
        page.wait_text("in this campaign", "#view")
        people = {p["name"]: p["id"] for p in self.ask("GET", "api/v1/people")["people"]}
        self.ask("POST", f"api/v1/people/{people['otto']}", {"role": "viewer"})
        self.ended()
        page.press(*"otto", "Tab", *PASSWORD, "Enter")
        self.until("document.querySelector('#who').textContent.includes('otto · viewer')")  # its role is not shown where it is narrow
        # He is where he was, and what he may not is refused in words.
        self.fill(Name_of="July")
        self.press("Save as a draft")
        page.wait_text("Your role does not allow this", "#view form [role=alert]")
        self.go("#/", "PC-0001")
        self.assertEqual(page.run("document.querySelectorAll('#rows input').length"), 0)
        page.run("document.querySelector('#rows a').click()")
        page.wait_text("Timeline", "#machine")
        self.assertEqual(set(self.buttons("#machine")) - {"Copy", "Print", "Save all of it as JSON"}, set())
        self.ask("POST", f"api/v1/people/{people['otto']}", {"disabled": True})
        self.ended()
        page.press(*"otto", "Tab", *PASSWORD, "Enter")
        page.wait_text("Name or password is wrong", "#view [role=alert]")


if __name__ == "__main__":
    main()
