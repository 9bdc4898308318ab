#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of machines on the page: filters that live in the address, and acts on many machines or one."""
from page_fleet_lab import FleetCase, main


class Machines(FleetCase):
    people = {"otto": "operator"}
    inventory = "".join(f"PC-{i:04d},S{i},52:54:00:50:00:{i:02x},Bern,{i},Finance,broad\n" for i in range(1, 6))

    def setUp(self):
        super().setUp()
        self.sign_in("otto")

    def test_filters(self):
        page = self.page
        self.go("#/?missing=1&floor=1&floor=2", "^2 machines of 5 shown|2 machines of 5")
        self.assertIn("1, 2", page.text("#more-filters"))
        self.assertEqual(page.run("document.querySelector('#more-filters [name=inventory]').value"), "missing")
        self.go("#/?site=Bern")
        for number in range(1, 6):
            page.wait_text(f"PC-000{number}", "#rows")
        page.run("(() => { const s = document.querySelector('#more-filters [name=floor]'); s.value = '3';"
                 " s.dispatchEvent(new Event('change')); })()")
        page.wait_text("^1 machine of 5 shown", "#filter")
        self.assertEqual(page.run("location.hash"), "#/?site=Bern&floor=3")
        self.assertRegex(page.run("document.querySelector('#filter a').href"), r"machines\.csv\?site=Bern&floor=3$")

    def test_acts(self):
        page = self.page
        self.go("#/", "PC-0001")
        page.click("#choose-all")
        page.wait_text("5 machines chosen", "#selection")
        page.run("document.querySelector('#rows input').focus()")
        page.press("Space")  # one less, by the keyboard
        page.wait_text("4 machines chosen", "#selection")
        self.type("#act-why", "ask finance first")
        page.click("[data-verb=hold]")
        page.wait_text(r"Held: 4 machines", "#selection")
        page.wait_text(r"Held\s*4", "#chips")
        self.picture("acted")
        self.assertIn(("otto", "hold"), [(who, verb) for who, verb, _ in self.recorded()])
        # What cannot be done is said of each.
        page.click("#choose-all")
        page.click("[data-verb=release]")
        page.wait_text(r"Not held any more: [45] machines", "#selection")
        # One machine, on its page.
        page.run("document.querySelector('#rows a').click()")
        page.wait_text("Site\\s+Bern", "#machine")
        self.press("Hold")
        page.wait_text("Held: 1 machine", "#machine")
        page.wait_text("held", "#machine .words")
        self.press("Let go on")
        page.wait_text("Not held any more: 1 machine", "#machine")
        self.assertEqual(page.complaints(), [])


if __name__ == "__main__":
    main()
