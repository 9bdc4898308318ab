#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody watches while a swarm of machines (../bench/swarm) goes through the whole protocol: the page ends where the appliance does,
machine by machine, without an error and without rows that nobody can see."""
import os
import shutil
import time
import unittest

import appliance_lab as lab
import swarm_lab
from browser import Browser

MACHINES = 80
MIX = "restart=4,refused=5,no_key=3,wrong_key=2"
URL = f"https://{lab.SERVER}/"
# The most rows that ever were in the list.
WATCH = """(() => { window.most = 0; new MutationObserver(() => {
    window.most = Math.max(window.most, document.querySelectorAll("#rows .row").length); }).observe(document, {subtree: true, childList: true}); })();"""
PAGE = """import(document.querySelector("script[src$='/start.js']").src.replace("start.js", "fleet.js")).then(({fleet}) => ({rows: [...fleet.rows.values()].map((r) => [r.id, r.state, r.reason, r.group, r.attempt]).sort((a, b) => a[0] - b[0]),
    headline: document.querySelector("#headline").innerText,
    chips: Object.fromEntries([...document.querySelectorAll("#chips .chip")].map((c) => [c.lastChild.previousSibling.previousSibling.textContent.trim(),
        Number(c.querySelector("b").innerText.replace(",", ""))]))}))"""


class Watched(swarm_lab.Run):
    """Looks at the page once a second."""
    page, headlines = None, ()

    def progress(self, numbers):
        self.headlines = (*self.headlines, self.page.text("#headline"))
        self.page.run("document.querySelector('#table').scrollIntoView()")


class Swarm(unittest.TestCase):
    def test_the_page_keeps_up(self):
        keys = "/run/keys"  # another test may be writing those of the build folder
        if os.path.exists(swarm_lab.KEYS):
            shutil.copy(swarm_lab.KEYS, keys)
        run = Watched("page-swarm", MACHINES, ["--rate", "30", "--pace", "60", "--patience", "4", "--mix", MIX, "--limit", "180"], keys=keys)
        run.prepare()
        self.addCleanup(run.appliance.stop)
        run.page = page = Browser()
        self.addCleanup(page.close)
        page.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        page.sign_in(URL, run.appliance.admin())
        page.open(URL)
        page.wait_text("No machines yet", "#headline")
        self.assertEqual(run.play(), 0, run.output())
        told = self.same(run)
        self.assertEqual(len(told["rows"]), MACHINES)
        self.assertEqual(told["chips"]["All"], MACHINES)
        self.assertGreater(len(set(run.headlines)), 3, "the page stood still")
        self.assertNotIn("running", [group for _, _, _, group, _ in told["rows"]])
        page.run("document.querySelector('#table').scrollIntoView()")
        page.wait_text(r"\S", "#rows")
        room = page.run("Math.ceil(innerHeight / document.querySelector('#rows .row').offsetHeight)")
        self.assertLess(room, MACHINES / 2)
        self.assertLessEqual(page.run("window.most"), 2 * room + 20)  # with some above and below
        self.assertEqual((page.complaints(), page.hosts()), ([], {lab.SERVER}))
        self.assertEqual(page.text("#banner"), "")

    def same(self, run):
        """Until the page has what the appliance has; what that is."""
        end = time.monotonic() + 60
        while True:
            rows = [[m[k] for k in ("id", "state", "reason", "group", "attempt")] for m in run.appliance.snapshot()["machines"]]
            told = run.page.run(PAGE)
            if told["rows"] == sorted(rows) and self.counted(told, rows):
                return told
            self.assertLess(time.monotonic(), end, [r for r in told["rows"] if r not in rows][:5])
            time.sleep(0.2)

    @staticmethod
    def counted(told, rows):
        """Whether headline and filters, as they are read, say the same."""
        back = sum(group == "back" for *_, group, _ in rows)
        counts = sorted(sum(r[3] == g for r in rows) for g in {r[3] for r in rows})
        return told["headline"] == f"{back} of {len(rows)} machines recovered" and sorted(v for k, v in told["chips"].items() if k != "All") == counts


if __name__ == "__main__":
    if not os.path.exists(swarm_lab.SWARM) or not shutil.which("chromium"):
        print("skipped: not built: make tests, or no chromium")
    else:
        swarm_lab.enter()
        unittest.main()
