# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole page in Chromium, signed in, before `netmend serve`: one appliance and one browser for the tests of a class."""
import contextlib
import json
import os
import shutil
import sqlite3
import ssl
import sys
import time
import unittest
import urllib.request

import appliance_lab as lab
from browser import Browser

URL = f"https://{lab.SERVER}/"
PASSWORD = "correct horse battery staple"
HOSTILE = "<img src=x onerror=window.hurt=1>"
MINUTE = 60000
STANDIN = """{ const real = window.fetch; window.fetch = (path, ...more) => (String(path).endsWith("/api/v1/progress")
    ? Promise.resolve(new Response(JSON.stringify(PROGRESS))) : real(path, ...more)); }"""
INSERT = ("INSERT INTO inventory (machine, name, serial, uuid, macs, site, floor, owner, ring, bmc, imported)"
          " VALUES (?, ?, '', '', '', ?, ?, '', '', '', 1)")


class FleetCase(unittest.TestCase):
    settings = ""   # of [web] and what follows
    people = {}     # name: role, made before the tests
    inventory = ""  # lines for list_machines()

    @classmethod
    def setUpClass(cls):
        cls.appliance = lab.Appliance(cls.__name__.lower(), rest=cls.settings)
        cls.appliance.start()
        cls.addClassCleanup(cls.appliance.stop)
        with open("/run/password", "w") as f:
            f.write(PASSWORD + "\n")
        for name, role in cls.people.items():
            cls.appliance.command("user", "add", name, "--role", role, "--password-file", "/run/password")
        cls.list_machines([line.split(",") for line in cls.inventory.splitlines()])
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def list_machines(cls, lines):
        """As an import of the inventory leaves it. lines: name, serial, MAC, site, floor, owner, ring."""
        cls.appliance.command("machines", "import", "-", stdin="".join(f"{line[2]},PC\n" for line in lines))
        path = cls.appliance.state + "/web/netmend.db"
        with contextlib.closing(sqlite3.connect(path, timeout=60)) as db, db:
            for name, serial, mac, site, floor, owner, ring in lines:
                number = db.execute("SELECT machine FROM macs WHERE mac = ?", (mac,)).fetchone()[0]
                db.execute("UPDATE machines SET name = ?, serial = ? WHERE id = ?", (name, serial, number))
                db.execute("INSERT INTO inventory (machine, name, serial, uuid, macs, site, floor, owner, ring, bmc, imported)"
                           " VALUES (?, ?, ?, '', ?, ?, ?, ?, ?, '', 1)", (number, name, serial, mac, site, floor, owner, ring))

    @classmethod
    def large(cls, count, sites, looks):
        """So many machines in all, at so many sites, and an hour and a half that is counted. looks: state and reason of each. Their numbers."""
        known = len(cls.appliance.snapshot()["machines"])
        if known < count:
            cls.appliance.command("machines", "import", "-", stdin="".join(f"52:54:01:00:{i >> 8:02x}:{i & 255:02x},PC-{i:05d}\n"
                                                                           for i in range(known, count)))
        at = int(time.time() * 1000)
        with contextlib.closing(sqlite3.connect(cls.appliance.state + "/web/netmend.db", timeout=60)) as db, db:
            ids = [i for i, in db.execute("SELECT id FROM machines ORDER BY id")]
            db.execute("DELETE FROM inventory")
            db.executemany(INSERT, [(n, f"PC-{i:05d}", f"Site {i % sites}", str(i // sites % 3)) for i, n in enumerate(ids)])
            # Heard of for an hour to come: nobody falls silent meanwhile.
            db.executemany("UPDATE machines SET state = ?, reason = ?, since = ?, last_seen = ?, in_scope = 1 WHERE id = ?",
                           [(*looks[i], at, at + 60 * MINUTE, n) for i, n in enumerate(ids)])
            db.execute("DELETE FROM tally")
            db.executemany("INSERT INTO tally (at, started, repaired, recovered, failed) VALUES (?, 9, 6, 5, 1)",
                           [((at // MINUTE - i) * MINUTE,) for i in range(1, 90)])
        return ids

    @classmethod
    def state(cls, names, state, reason, since=None):
        """Machines get there, as the appliance would have come to know it; since: seconds ago."""
        at = int((time.time() - (since or 0)) * 1000)
        with contextlib.closing(sqlite3.connect(cls.appliance.state + "/web/netmend.db", timeout=60)) as db, db:
            for name in names:
                number = db.execute("SELECT id FROM machines WHERE name = ?", (name,)).fetchone()[0]
                seq = db.execute("INSERT INTO events (machine, at, attempt, state, step, reason, text, numbers)"
                                 " VALUES (?, ?, 1, ?, 'test', ?, '', '{}')", (number, at, state, reason)).lastrowid
                db.execute("UPDATE machines SET state = ?, reason = ?, since = ?, changed = ? WHERE id = ?", (state, reason, at, seq, number))

    @classmethod
    def ask(cls, method, path, body=None):
        """What an API token of an admin is answered: somebody else does something."""
        cls.appliance.get("/api/v1/me")
        request = urllib.request.Request(URL + path, None if body is None else json.dumps({"v": 1} | body).encode(),
                                         {"Authorization": f"Bearer {cls.appliance.bearer}", "Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30, context=ssl._create_unverified_context()) as answer:
            return json.load(answer)

    def setUp(self):
        self.page = self.browser
        self.page.open("about:blank")  # the page of the test before asks no more
        self.page.call("Network.clearBrowserCookies")
        self.page.events.clear()
        self.addCleanup(self.nothing_hurt)

    def nothing_hurt(self):
        """No script came in with data, and nobody else was asked for anything."""
        self.assertIsNone(self.page.run("window.hurt ?? null"))
        self.assertEqual(self.page.run("document.images.length"), 0)
        self.assertLessEqual(self.page.hosts(), {lab.SERVER})

    def open(self, address="", *patterns):
        """As somebody who types the address: the page is loaded anew."""
        self.page.open("about:blank")
        self.page.open(URL + address)
        for pattern in patterns:
            self.page.wait_text(pattern)

    def type(self, selector, text):
        self.set(selector, "")
        self.page.click(selector)
        self.page.press(*text)

    def sign_in(self, name, address="", password=PASSWORD):
        self.open(address, "Sign in")
        self.type("#view input[name=name]", name)
        self.type("#view input[type=password]", password)
        self.page.press("Enter")
        self.page.wait_text("DHCP", "#health")
        self.opened()

    def sign_out(self):
        """The page loads itself anew then."""
        self.press("Sign out")
        self.page.wait_text("Sign in", "#view h1")

    def set(self, selector, value):
        """Into a field at once, as pasting does."""
        self.page.run(f"(() => {{ const i = document.querySelector({json.dumps(selector)}); i.value = {json.dumps(value)};"
                      " i.dispatchEvent(new Event('input', {bubbles: true})); })()")

    def go(self, address, *patterns):
        self.page.run(f"location.hash = {json.dumps(address)}; new Promise((done) => setTimeout(done, 20))")  # the page notices it
        self.opened()
        for pattern in patterns:
            self.page.wait_text(pattern)

    def opened(self):
        """Once the view has come: until then the page is busy."""
        self.page.run_anew("new Promise((done) => { const look = () => document.body.ariaBusy === 'true' ? setTimeout(look, 20) : done();"
                      " look(); })")

    def input(self, label):
        """A selector of what the visible label belongs to, within an open question if there is one."""
        self.opened()
        number = self.until(
            f"[...(document.querySelector('dialog') ?? document).querySelectorAll('label')].find((l) => l.offsetParent"
            f" && l.innerText.trim().startsWith({json.dumps(label)}))?.htmlFor ?? null",
            f"no field {label!r}")
        return f"[id='{number}']"

    def fill(self, **fields):
        for label, text in fields.items():
            self.type(self.input(label.replace("_", " ")), text)

    def choose(self, label, value):
        selector = json.dumps(self.input(label))
        self.page.run(f"(() => {{ const s = document.querySelector({selector}); s.value = {json.dumps(value)};"
                      " s.dispatchEvent(new Event('change', {bubbles: true})); })()")

    def press(self, label):
        """A button or link, by what it says; in an open question if there is one."""
        self.opened()
        end = time.monotonic() + 60
        while True:
            found = self.page.run_anew(
                "(() => { for (const n of document.querySelectorAll('[data-pressed]')) delete n.dataset.pressed;"
                " const n = [...(document.querySelector('dialog') ?? document).querySelectorAll('button, a, summary')].find((b) => b.offsetParent"
                f" && (b.innerText.trim() || b.ariaLabel || '').startsWith({json.dumps(label)})); if (n) n.dataset.pressed = 1; return Boolean(n); }})()")
            with contextlib.suppress(RuntimeError):  # it was drawn anew meanwhile
                if found:
                    self.page.click("[data-pressed]")
                    return
            self.assertLess(time.monotonic(), end, f"no button {label!r} that stays in {self.page.text_now('body')[:1500]!r}")
            time.sleep(0.05)

    def buttons(self, where="body"):
        return self.page.run(f"[...document.querySelectorAll('{where} button')].filter((b) => b.offsetParent).map((b) => b.innerText)")

    def fits(self, width):
        """Whether nothing has to be scrolled sideways on a screen so wide."""
        self.page.call("Emulation.setDeviceMetricsOverride", width=width, height=740, deviceScaleFactor=1, mobile=width < 700)
        wide = self.page.run("document.documentElement.scrollWidth")
        self.page.call("Emulation.clearDeviceMetricsOverride")
        self.assertLessEqual(wide, width)

    def told(self, **changes):
        """GET /api/v1/progress with figures of the test's own, in pages opened from now on."""
        now = int(time.time() * 1000) // MINUTE * MINUTE
        buckets = [{"at": now - (20 - i) * 5 * MINUTE, "recovered": i % 5, "repaired": 1, "failed": int(i == 7) * 3, "started": 2} for i in range(20)]
        progress = {"v": 1, "now": now, "total": 120, "recovered": 60, "rate": {"minutes": 30, "recovered": 12, "per_hour": 24.0},
                    "left": {"soonest": 130 * MINUTE + 20000, "latest": 180 * MINUTE}, "bucket": 5 * MINUTE, "buckets": buckets,
                    "steps": [{"step": "booting", "samples": 60, "median": 21000, "most": 45000}], "stuck": [], "oldest": 0} | changes
        script = self.page.call("Page.addScriptToEvaluateOnNewDocument", source=STANDIN.replace("PROGRESS", json.dumps(progress)))
        self.addCleanup(self.page.call, "Page.removeScriptToEvaluateOnNewDocument", identifier=script["identifier"])

    @staticmethod
    def stuck(ms, ids):
        """Each for a minute less than the one before, as the appliance tells of them."""
        since = int(time.time() * 1000) - ms
        return [{"machine": n, "state": "running", "since": since + i * MINUTE, "limit": 5 * MINUTE} for i, n in enumerate(ids)]

    def until(self, expression, missing=None):
        """Until that is true in the page; its value. missing: what to say when it never is."""
        end = time.monotonic() + 60
        while not (value := self.page.run_anew(expression)):
            self.assertLess(time.monotonic(), end, f"{missing or expression} in {self.page.text_now('body')[:1500]!r}")
            time.sleep(0.03)
        return value

    def picture(self, name):
        if "PICTURES" in os.environ:
            self.page.screenshot(os.path.join(os.environ["PICTURES"], name + ".png"))

    def recorded(self):
        """(who, verb, object) of each action, the newest first."""
        return [(a["who"], a["verb"], a["object"]) for a in json.loads(self.appliance.get("/api/v1/actions"))["actions"]]


def main():
    lab.enter()
    if not shutil.which("chromium"):
        print("skipped: no chromium")
        sys.exit(0)
    unittest.main()
