#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page in Chromium, served by the real appliance: what a person sees, and that it stays true while things change."""
import re
import shutil
import sys
import unittest

import appliance_lab as lab
from browser import Browser

URL = f"https://{lab.SERVER}/"
HOSTILE = "<img src=x onerror=window.hurt=1>"
MANY = 10000


class Page(unittest.TestCase):
    def setUp(self):
        self.appliance = lab.Appliance("page-" + self._testMethodName)
        self.appliance.start()
        self.addCleanup(self.appliance.stop)
        self.browser = Browser()
        self.addCleanup(self.browser.close)

    def add(self, *machines):
        self.appliance.command("machines", "import", "-", stdin="".join(f"{mac},{name}\n" for mac, name in machines))

    def test_from_nothing_to_a_machine_without_reloading(self):
        page = self.browser
        page.open(URL)
        page.wait_text(r"No machines yet[\s\S]*What to do next[\s\S]*netmend keys import")
        self.add(("52:54:00:20:00:01", "PC-LIVE"))
        page.wait_text(r"0 of 1 machine recovered", "#headline")
        page.wait_text("PC-LIVE", "#rows")
        self.appliance.command("machines", "hold", "PC-LIVE", "ask finance first")
        page.wait_text(r"PC-LIVE[\s\S]*‖\s*held[\s\S]*ask finance first", "#rows")
        self.assertEqual(page.run("performance.getEntriesByType('navigation').length"), 1)
        self.assertEqual(page.complaints(), [])
        self.assertEqual(page.hosts(), {lab.SERVER})

    def test_text_from_outside_stays_text(self):
        page = self.browser
        self.add(("52:54:00:20:00:02", HOSTILE))
        self.appliance.command("machines", "hold", "52:54:00:20:00:02", HOSTILE)
        page.open(URL)
        page.wait_text(re.escape(HOSTILE), "#rows")
        page.run("document.querySelector('#rows a').click()")
        page.wait_text(re.escape(HOSTILE), "#machine h1")
        page.wait_text(r"Timeline[\s\S]*added to the scope[\s\S]*" + re.escape(HOSTILE), "#machine")
        self.assertIsNone(page.run("window.hurt ?? null"))
        self.assertEqual(page.run("document.images.length"), 0)
        self.assertEqual(page.complaints(), [])

    def test_filters_search_and_the_address(self):
        page = self.browser
        self.add(("52:54:00:20:00:03", "PC-A"), ("52:54:00:20:00:04", "PC-B"), ("52:54:00:20:00:05", "LAPTOP"))
        self.appliance.command("machines", "hold", "PC-B")
        page.open(URL + "#/?find=pc-")
        page.wait_text(r"^2 machines of 3 shown", "#filter")
        page.run("[...document.querySelectorAll('.chip')].find((c) => c.innerText.includes('Held')).click()")
        page.wait_text(r"^1 machine of 3 shown", "#filter")
        self.assertIn("PC-B", page.text("#rows"))
        self.assertIn("group=held", page.run("location.hash"))
        page.open(URL + "#/?find=5254.0020")
        page.wait_text("No machine matches", "#empty")

    def test_a_lost_appliance_is_told_and_found_again(self):
        page = self.browser
        self.add(("52:54:00:20:00:06", "PC-A"))
        page.open(URL)
        page.wait_text("PC-A", "#rows")
        self.appliance.stop()
        page.wait_text(r"No connection to the appliance since .* What you see is from then", "#banner")
        self.assertIn("PC-A", page.text("#rows"))
        self.appliance.start()
        page.wait_text("^$", "#banner", 15)
        self.add(("52:54:00:20:00:07", "PC-B"))
        page.wait_text("PC-B", "#rows")

    def test_small_screens_need_no_sideways_scrolling(self):
        self.add(("52:54:00:20:00:08", "PC-WITH-QUITE-A-LONG-NAME-FOR-A-SMALL-SCREEN-0001"))
        for width in (360, 700, 1280):
            with self.subTest(width=width):
                self.browser.call("Emulation.setDeviceMetricsOverride", width=width, height=740, deviceScaleFactor=1,
                                  mobile=width < 700)
                self.browser.open(URL + f"?{width}")
                self.browser.wait_text("PC-WITH", "#rows")
                self.assertLessEqual(self.browser.run("document.documentElement.scrollWidth"), width)

    def test_ten_thousand_machines(self):
        page = self.browser
        self.add(*((f"52:54:01:00:{i >> 8:02x}:{i & 255:02x}", f"PC-{i:05d}") for i in range(MANY)))
        page.open(URL)
        page.wait_text("0 of 10,000 machines recovered", "#headline", 20)
        shown = page.run("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        done = page.run("performance.now()")
        rows = page.run("document.querySelectorAll('#rows a').length")
        self.assertLess(rows, 60)
        page.run("scrollTo(0, document.body.scrollHeight)")
        page.wait_text("PC-09999", "#rows")
        sys.stderr.write(f"10,000 machines: first paint {shown:.0f} ms, all counted within {done:.0f} ms, {rows} rows drawn ")


if __name__ == "__main__":
    lab.enter()
    if not shutil.which("chromium"):
        print("skipped: no chromium")
        sys.exit(0)
    unittest.main()
