#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page in Chromium, served by the real appliance: what a person sees, and that it stays true while things change."""
import json
import os
import re
import shutil
import ssl
import sys
import unittest
import urllib.parse
import urllib.request

import appliance_lab as lab
from browser import Browser
from web_server import hello, installation, result

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
        self.browser.sign_in(URL, self.appliance.admin())

    def add(self, *machines):
        self.appliance.command("machines", "import", "-", stdin="".join(f"{mac},{name}\n" for mac, name in machines))

    def report(self, mac, reason, *installations, **changes):
        """A boot, a session and its result."""
        query = urllib.parse.urlencode({"mac": mac, "uuid": hello("", mac)["machine"]["uuid"], "serial": "S", "asset": "",
                                        "product": "Latitude 7420", "platform": "efi", "buildarch": "x86_64"})
        with urllib.request.urlopen(f"http://{lab.SERVER}/boot/ipxe?{query}", timeout=30) as answer:
            token = re.search(r"netmend\.token=([0-9a-f]{32})", answer.read().decode()).group(1)

        def post(path, body):
            request = urllib.request.Request(f"https://{lab.SERVER}{path}", json.dumps(body).encode(),
                                             {"Content-Type": "application/json"})
            with urllib.request.urlopen(request, timeout=60, context=ssl._create_unverified_context()) as answer:
                return json.load(answer)
        body = result(reason, **changes)
        body["volumes"][0] |= {"installations": list(installations), "reason": reason}
        post(f"/v1/sessions/{post('/v1/sessions', hello(token, mac))['session']}/result", body)

    def look(self, name, *patterns):
        """The machine's page; PICTURES=FOLDER keeps what it looks like."""
        page = self.browser
        page.open(URL)
        page.wait_text(name, "#rows")
        page.run("document.querySelector('#rows a').click()")
        for pattern in patterns:
            page.wait_text(pattern, "#machine")
        self.assertEqual(page.complaints(), [])
        if "PICTURES" in os.environ:
            page.screenshot(os.path.join(os.environ["PICTURES"], self._testMethodName + ".png"))
        return page.text("#machine")

    def test_last_crash_of_a_repaired_machine(self):
        self.add(("52:54:00:20:00:21", "PC-REPAIRED"))
        self.report("52:54:00:20:00:21", "REPAIRED", installation())
        text = self.look("PC-REPAIRED", r"Windows 11 Pro 23H2 \(22631\.3880\) in \\Windows",
                         r"Stopped with\s+0x50 PAGE_FAULT_IN_NONPAGED_AREA, csagent\.sys — minidump of 2024-07-19 05:02 UTC",
                         r"Sensor's other files\s+188, newest 2024-07-18 21:03 UTC, oldest 2023-05-16 00:00 UTC")
        self.assertLess(text.index("Stopped with"), text.index("Timeline"))

    def test_last_crash_of_a_refused_machine(self):
        self.add(("52:54:00:20:00:22", "PC-REFUSED"))
        crash = dict(installation()["crash"], source="pagefile.sys", path="\\pagefile.sys", module="", time="", code=0x12345, name="")
        body = result("NTFS_HIBERNATED")["volumes"][0] | {"files": [], "plan": "none", "sectors": 0}
        self.report("52:54:00:20:00:22", "NTFS_HIBERNATED", installation(crash=crash),
                    installation(directory="\\Windows.old", product="", release="", build=0, revision=0, computer="", crash=None,
                                 folders=[], problem="the SOFTWARE hive is damaged"),
                    volumes=[body], sectors=0, boot_next="not-needed")
        self.look("PC-REFUSED", r"No file was removed", r"Stopped with\s+0x12345 — pagefile\.sys\s+\\pagefile\.sys",
                  r"Windows of an unknown version in \\Windows\.old", r"Stopped with\s+not known: no crash dump",
                  r"Not read: the SOFTWARE hive is damaged")

    def test_what_a_disk_tells_stays_text(self):
        self.add(("52:54:00:20:00:23", "PC-HOSTILE"))
        crash = dict(installation()["crash"], path=HOSTILE, module=HOSTILE, name=HOSTILE)
        folder = {"directory": HOSTILE, "files": 0, "newest": "", "oldest": ""}
        texts = dict.fromkeys(("directory", "product", "release", "computer", "problem", "evidence_problem"), HOSTILE)
        self.report("52:54:00:20:00:23", "REPAIRED", installation(crash=crash, folders=[folder], **texts))
        text = self.look("PC-HOSTILE", "What its disk tells")
        self.assertEqual(text.count(HOSTILE), 10)
        self.assertIsNone(self.browser.run("window.hurt ?? null"))
        self.assertEqual(self.browser.run("document.images.length"), 0)

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
        page.wait_text("PC-B", "#rows")
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
        page.wait_text("PC-A", "#rows")
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
