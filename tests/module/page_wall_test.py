#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The wall: a screen that nobody can scroll says the most it has room for, from no machine to ten thousand, signed in or not."""
import appliance_lab as lab
from page_fleet_lab import FleetCase, main

MANY = 10000
SCREENS = ((1920, 1080), (1366, 768), (3840, 2160))
LOOK = [("returned", "RETURNED")] * 3 + [("attention", "NTFS_HIBERNATED")] + [("seen", "OK")] * 6


class Wall(FleetCase):
    settings = "wallboard = yes\n"
    people = {"vera": "viewer"}

    def fleet(self, count, sites):
        """So many machines at so many sites: of ten, three are back and one needs somebody."""
        self.large(count, sites, [LOOK[i // sites % 10] for i in range(count)])

    def screen(self, width, height):
        self.page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def fits_the_screen(self, name, screens=SCREENS[:1]):
        self.addCleanup(self.page.call, "Emulation.clearDeviceMetricsOverride")
        for width, height in screens:
            self.screen(width, height)
            self.until(f"innerWidth === {width} && innerHeight === {height}")
            self.page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            wide, high = self.page.run("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
            self.assertLessEqual((wide, high), (width, height), (name, width))
            self.assertLessEqual(high, height, (name, width))
            self.picture(f"wall-{name}-{width}")
        self.screen(*SCREENS[0])

    def seen(self, selector):
        return self.page.run(f"Boolean(document.querySelector('{selector}')?.offsetParent)")

    def test_from_none_to_ten_thousand(self):
        page = self.page
        self.screen(*SCREENS[0])
        self.open("?wall=1", "No machines yet", "A machine appears here as soon as it starts")
        self.assertIn("press F12 at power-on", page.text())
        self.assertNotIn("Heard on the wire", page.text())
        self.fits_the_screen("0", SCREENS)
        self.before_the_first()
        self.fleet(500, 4)
        self.as_counts_only()
        self.sign_in("vera")
        self.open("?wall=1", "156 of 500 machines recovered", "Site 3, floor 2")
        self.assertEqual((self.seen(".room .map"), self.seen(".sites")), (True, False))
        self.fits_the_screen("500", SCREENS)
        self.fleet(MANY, 8)
        self.open("?wall=1", "3,000 of 10,000 machines recovered", "Site 7")
        self.assertEqual((self.seen(".room .map"), self.seen(".sites")), (False, True))
        self.fits_the_screen("10000")
        self.fleet(MANY, 200)
        self.open("?wall=1", r"and \d+ sites with [\d,]+ machines to come")
        self.fits_the_screen("200-sites")
        self.assertEqual(page.complaints(), [])

    def before_the_first(self):
        """Who is signed in sees on an empty wall what the appliance hears, and all that is to be done."""
        client = lab.Client()
        self.addCleanup(client.close)
        self.sign_in("vera")
        for number in range(24):
            client.ask(f"52:54:00:60:00:{number:02x}", "MSFT 5.0", wait=0)
        self.open("?wall=1", "No machines yet", "Put the machines on the list", "What the appliance hears on the wire", "its Windows runs", r"and \d+ more, which were heard before")
        self.fits_the_screen("0-heard", SCREENS)
        self.open("", "No machines yet")
        self.sign_out()

    def as_counts_only(self):
        """Nobody is signed in: pace, chart and sites all the same, and nothing of a machine but the name of who needs somebody."""
        page = self.page
        self.assertEqual(page.complaints(), [])
        page.events.clear()
        self.open("?wall=1", r"156 of 500 machines recovered\s+\d+ an hour · all back in ", r"Site 0\s+39 of 125 back ! 13")
        self.assertTrue(self.seen(".room .picture"))
        self.assertEqual((page.text("#who"), page.text("#nav")), ("", ""))
        for word in ("52:54", "floor"):
            self.assertNotIn(word, page.text())
        self.fits_the_screen("open")
        asked = {e["params"]["request"]["url"].split("/", 3)[3] for e in page.events if e.get("method") == "Network.requestWillBeSent"}
        self.assertEqual({path for path in asked if path.startswith("api/")}, {"api/v1/me", "api/v1/wallboard"})


if __name__ == "__main__":
    main()
