#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power on the page: one machine, many, the text console, orders under way. The web process is the real one; escrow, which knows the
management controllers and has them driven, is played by the test: it answers when the test says so."""
import json
import os
import subprocess
import time

import page_lab
from page_access_test import Judge
from page_fleet_lab import HOSTILE
from web_server import add, until

NAMES = [f"PC-{i:04d}" for i in range(1, 7)]
OFF = {"step": "off", "ms": 4200, "ok": True, "text": "power is off"}
BOOT = {"step": "boot", "ms": 120, "ok": True, "text": "network once, UEFI: taken"}
ON = {"step": "on", "ms": 2600, "ok": True, "text": "power is on"}
BMC = {"vendor": "HPE", "product": "iLO 5", "firmware": "2.72", "uuid": "", "serial": "", "console": ""}
BUTTONS = ["Start from the network …", "On …", "Off …", "Cycle …", "Ask its status", "Look at its console"]


class Controllers:
    """Escrow's part: which machines have one, and what comes of orders."""

    def __init__(self, escrow, known):
        """known: {name of a machine: (type, address)}"""
        self.escrow, self.known, self.asked, self.held = escrow, known, [], []
        self.answers = {}  # order: answer that is given at once
        escrow.on_bmc_known, escrow.on_power = self.on_bmc_known, self.on_power
        escrow.status["bmcs"] = {"count": len(known), "revision": 7, "driven": True}

    def on_bmc_known(self, question):
        return {"ok": True, "reason": "OK", "text": "", "known": [
            {"id": m["id"], "type": self.known[m["name"]][0], "address": self.known[m["name"]][1]}
            for m in question["machines"] if m["name"] in self.known]}

    def on_power(self, question):
        self.asked.append(question)
        if question["order"] in self.answers:
            return self.said(question, **self.answers[question["order"]])
        self.held.append(question)
        return None

    def said(self, question, **more):
        kind, address = self.known[question["machine"]["name"]]
        return {"ok": True, "reason": "OK", "text": "", "known": True, "type": kind, "address": address} | more

    def under_way(self):
        """The order that is given to a controller, when it is."""
        return until(lambda: self.held and self.held[0])

    def ends(self, **how):
        """The oldest order that is under way, with such an answer."""
        question = self.under_way()
        self.held.remove(question)
        self.escrow.send({"v": 1, "id": question["id"]} | self.said(question, **{
            "power": "on", "boot": "network once, UEFI", "steps": [], "bmc": BMC} | how))


class Power(Judge, page_lab.Case):
    def setUp(self):
        super().setUp()
        self.ids = {}
        for i, name in enumerate(NAMES):
            mac = f"52:54:00:30:00:{i:02x}"
            add(self.web, mac, name=name)
            self.ids[name] = self.web.row(mac)["id"]
        # From here on: whoever was there when the records changed is asked about at once, others a minute later.
        self.bmcs = Controllers(self.escrow, {NAMES[0]: ("ipmi", "10.9.0.5"), NAMES[1]: ("redfish", "10.9.0.6"),
                                              NAMES[2]: ("ipmi", "10.9.0.7"), NAMES[3]: ("amt", "10.9.0.8")})
        until(lambda: all(self.power(name)["bmc"] for name in self.bmcs.known))

    def power(self, name):
        return self.web.api("GET", f"/api/v1/machines/{self.ids[name]}")[1]["power"]

    def look(self, name, *patterns):
        self.page.run(f"location.hash = '#/machine/{self.ids[name]}'")
        for pattern in (name, *patterns):
            self.page.wait_text(pattern, "#machine")

    def says(self, pattern, where="#machine .power"):
        self.page.wait_text(pattern, where)

    def press(self, label, where="document.querySelector('dialog') ?? document"):
        """The button, link or field of that name, once it is there."""
        until(lambda: self.page.run(
            "(() => { for (const n of document.querySelectorAll('[data-pressed]')) delete n.dataset.pressed;"
            f" const n = [...({where}).querySelectorAll('button, a, label')].find((b) => b.offsetParent"
            f" && b.innerText.trim().startsWith({json.dumps(label)})); if (n) n.dataset.pressed = 1; return Boolean(n) && !n.disabled; }})()"))
        self.page.click("[data-pressed]")

    def buttons(self, where=".power"):
        return self.page.run(f"[...document.querySelectorAll('{where} button')].filter((b) => b.offsetParent).map((b) => b.innerText)")

    def fits(self, width=360):
        self.page.call("Emulation.setDeviceMetricsOverride", width=width, height=740, deviceScaleFactor=1, mobile=True)
        until(lambda: self.page.run(f"innerWidth === {width}"))
        self.assertLessEqual(self.page.run("document.documentElement.scrollWidth"), width)
        self.page.call("Emulation.clearDeviceMetricsOverride")

    def alive(self, name):
        """Its Windows is back."""
        self.web.sql("UPDATE machines SET state = 'returned', reason = 'RETURNED', since = ? WHERE id = ?", int(time.time() * 1000), self.ids[name])

    def test_one_machine(self):
        """From the question to the last step."""
        page = self.page
        self.open()
        self.look("PC-0005")
        self.assertFalse(page.run("Boolean(document.querySelector('.power').offsetParent)"))
        self.look("PC-0001", r"Management controller: ipmi 10\.9\.0\.5")
        self.assertEqual(self.buttons(), BUTTONS)
        self.press("Start from the network")
        self.says("Start PC-0001 from the network\\?[\\s\\S]*PC-0001 is switched off hard, then starts from the network once", "dialog")
        self.assertNotIn("nevertheless", page.text("dialog"))
        self.picture("power-question")
        self.press("Cancel")
        until(lambda: not page.run("document.querySelector('dialog')"))
        self.assertIsNone(self.power("PC-0001")["order"])
        # By the keyboard: the button has the focus again, the question begins with its field.
        self.assertEqual(page.run("document.activeElement.dataset.power"), "boot")
        page.press("Enter")
        self.says("switched off hard", "dialog")
        page.press(*"its agent crashes", "Enter")
        self.says("its controller is at work|waits for its turn")
        asked = self.bmcs.under_way()
        self.assertEqual((asked["order"], asked["machine"]["name"], asked["other"]), ("boot", "PC-0001", False))
        self.says("its controller is at work[\\s\\S]*its agent crashes")
        self.assertEqual(self.buttons(), ["Ask its status", "Look at its console"])
        self.bmcs.ends(steps=[OFF, BOOT, ON])
        self.says(r"has to ask for its boot now[\s\S]*Power: on, boot order: network once, UEFI[\s\S]*4\.2 s\s+✓\s*off power is off[\s\S]*2\.6 s\s+✓\s*on power is on")
        self.picture("power-driven")
        self.web.script("52:54:00:30:00:00")
        self.says("Start from the network: done")
        self.assertEqual(self.buttons(), BUTTONS)
        self.assertEqual(page.complaints(), [])

    def test_start_from_the_image(self):
        """Where the controller can; the appliance's own image, once it was made."""
        page = self.page
        self.open()
        self.look("PC-0004", "amt 10")
        self.assertEqual(self.buttons(), BUTTONS)
        self.look("PC-0002", "redfish 10")
        self.assertEqual(self.buttons(), [BUTTONS[0], "Start from the image …", *BUTTONS[1:]])
        self.press("Start from the image")
        self.says("no image of its own[\\s\\S]*netmend media iso", "#machine .power [role=alert]")
        self.assertIsNone(self.power("PC-0002")["order"])
        (complaint,) = page.complaints()
        self.assertIn("status of 400", complaint)
        pin = subprocess.run(f"openssl x509 -in {self.web.path('cert.pem')} -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum",
                             shell=True, check=True, capture_output=True, text=True).stdout
        os.makedirs(self.web.path("media"), exist_ok=True)
        with open(self.web.path(f"media/netmend-{pin[:16]}.iso"), "wb") as image:
            image.write(bytes(65536))
        self.press("Start from the image")
        self.says("Start PC-0002 from the image\\?[\\s\\S]*starts once from the image its controller inserts", "dialog")
        self.picture("power-image")
        self.press("Start from the image", "document.querySelector('dialog .actions')")
        asked = self.bmcs.under_way()
        self.assertEqual((asked["order"], asked["image"]), ("media", f"http://127.0.0.1:{self.web.http_port}/boot/netmend.iso"))
        self.bmcs.ends(steps=[OFF, {"step": "insert", "ms": 900, "ok": True, "text": "image inserted"}, ON])
        self.says(r"image in image inserted")
        self.assertEqual(page.complaints(), [complaint])

    def test_it_fails(self):
        page = self.page
        self.open()
        self.look("PC-0003", "ipmi 10")
        self.press("Cycle")
        self.press("Cycle")
        self.bmcs.ends(reason="POWER_LOGIN", text=HOSTILE, power="", boot="", steps=[{"step": "connect", "ms": 900, "ok": False, "text": HOSTILE}])
        self.says("Cycle: failed[\\s\\S]*refuses our login: <img[\\s\\S]*POWER_LOGIN")
        self.says(r"0\.9 s\s+!\s*login <img")
        page.run("document.querySelector('.power').scrollIntoView()")
        self.picture("power-failed")
        self.assertIsNone(page.run("window.hurt ?? null"))
        self.fits()
        self.ready()
        self.assertEqual(self.judge("a failed order"), [])

    def test_who_is_alive_is_not_touched_by_mistake(self):
        page = self.page
        self.alive("PC-0002")
        self.open()
        self.look("PC-0002", "redfish 10")
        self.press("Off")
        self.says("Somebody may be using it", "dialog")
        self.assertTrue(page.run("document.querySelector('dialog .danger').disabled"))
        page.press("Enter")
        self.picture("power-alive")
        self.ready()
        self.assertEqual(self.judge("alive"), [])
        self.assertIsNone(self.power("PC-0002")["order"])
        self.press("Do it nevertheless")
        self.press("Off", "document.querySelector('dialog .actions')")
        self.assertEqual(self.bmcs.under_way()["order"], "off")
        self.bmcs.ends(power="off", boot="", steps=[OFF])
        self.says("Off: done")

    def test_a_repair_under_way_is_not_interrupted(self):
        """It is said, and no question comes that a tick would answer."""
        later = int(time.time() * 1000) + 3600_000  # heard of until then: it does not fall silent meanwhile
        self.web.sql("UPDATE machines SET state = 'repairing', since = ?, last_seen = ? WHERE id = ?", later, later, self.ids["PC-0004"])
        self.open()
        self.look("PC-0004", "amt 10")
        self.press("Cycle")
        self.says("its repair is under way, and that is never interrupted", "#machine .power [role=alert]")
        self.assertFalse(self.page.run("Boolean(document.querySelector('dialog'))"))
        self.page.run("location.hash = '#/?find=PC-0004'")
        self.page.wait_text("1 machine of 6 shown", "#filter")
        self.page.click("#choose-all")
        self.page.wait_text("1 machine chosen", "#selection")
        self.page.click("#act-power")
        self.says("No machine would be touched[\\s\\S]*1 machine, not touched: its repair is under way", "dialog")
        self.assertTrue(self.page.run("document.querySelector('dialog .danger').disabled"))
        self.assertIsNone(self.power("PC-0004")["order"])
        self.assertEqual(self.page.complaints(), [])

    def test_its_status(self):
        self.bmcs.answers["status"] = {"power": "on", "boot": "as its firmware is set", "steps": [],
                                       "bmc": BMC}
        self.open()
        self.look("PC-0002", "redfish 10")
        self.press("Ask its status")
        self.says("Power is on; boot order: as its firmware is set")
        self.bmcs.answers["status"] = {"reason": "POWER_UNREACHABLE", "text": "no answer in 10 s", "power": "", "boot": "", "steps": []}
        self.press("Ask its status")
        self.says("does not answer: no answer in 10 s")
        self.assertIsNone(self.power("PC-0002")["order"])

    def test_the_console(self):
        page = self.page
        rows = ["Windows Boot Manager", "", HOSTILE, "x" * 80] + [""] * 20
        console = self.bmcs.answers["console"] = {"columns": 80, "rows": rows, "seen": int(time.time() * 1000) - 4000}
        self.open()
        self.look("PC-0001", "Nothing is typed, nothing is changed")
        self.press("Look at its console")
        self.says("The last character came .* ago")
        self.assertEqual(page.run("document.querySelector('.screen').textContent.split('\\n')"), rows)
        page.run("document.querySelector('.screen').scrollIntoView({block: 'center'})")
        self.picture("power-console")
        self.fits()
        self.ready()
        self.assertEqual(self.judge("console"), [])
        self.assertIsNone(page.run("window.hurt ?? null"))
        console["rows"], console["seen"] = [""] * 24, 0
        self.press("Look again")
        self.says("No text came")
        self.assertFalse(page.run("Boolean(document.querySelector('.screen').offsetParent)"))
        self.bmcs.answers["console"] = {"reason": "POWER_UNSUPPORTED", "text": "serial over LAN is switched off"}
        self.press("Look again")
        self.says("cannot do this: serial over LAN is switched off")

    def test_turns(self):
        """Two of a rack at once: the third says that it waits, and can be stopped; so can all."""
        lines = "".join(f"{name},52:54:00:30:00:{i:02x},R1\n" for i, name in enumerate(NAMES[:4]))
        status, answer = self.web.api("POST", "/api/v1/inventory", ("name,mac,rack\n" + lines).encode(), headers={
            "Authorization": self.web.api_token("inventory"), "Content-Type": "text/csv"})
        self.assertEqual((status, answer["rejected"]), (200, []), answer)
        first, _, third, last = (self.ids[name] for name in NAMES[:4])
        status, answer = self.web.api("POST", "/api/v1/power", {"v": 1, "order": "boot", "machines": list(self.ids.values())[:4], "force": False,
                                                               "dry_run": False, "why": "rack 1"})
        self.assertEqual((status, answer["refused"]), (200, 0), answer)
        until(lambda: len(self.bmcs.held) == 2)
        self.open()
        self.look("PC-0003", "waits for its turn")
        self.says("Start from the network: waits for its turn[\\s\\S]*rack 1[\\s\\S]*it can still be stopped")
        self.assertEqual(self.buttons(), ["Stop", "Ask its status", "Look at its console"])
        self.picture("power-waiting")
        self.press("Stop")
        self.says("Start from the network: stopped")
        self.assertEqual(self.buttons(), BUTTONS)
        self.page.run("location.hash = '#/power'")
        self.says(r"1\s+wait for their turn[\s\S]*2\s+at their controllers", "#view")
        self.press("Stop all")
        self.press("Stop them")
        self.says("Stopped: 1 order", "#view")
        self.says(r"0\s+wait for their turn[\s\S]*2\s+at their controllers[\s\S]*2\s+stopped", "#view")
        self.assertEqual({q["machine"]["id"] for q in self.bmcs.held} & {third, last}, set())
        self.assertIn(first, {q["machine"]["id"] for q in self.bmcs.held})
        self.assertEqual(self.page.complaints(), [])

    def test_a_viewer_looks_on(self):
        status, answer = self.web.api("POST", "/api/v1/power", {"v": 1, "order": "on", "machines": [self.ids["PC-0001"]], "force": False,
                                                               "dry_run": False, "why": "in the morning"})
        self.assertEqual((status, answer["refused"]), (200, 0), answer)
        self.bmcs.ends(boot="", steps=[ON])
        person = {"v": 1, "name": "vera", "role": "viewer", "password": "a password of hers"}
        self.assertEqual(self.web.api("POST", "/api/v1/people", person)[0], 200)
        del person["role"]
        status, headers, _ = self.web.call("POST", "/api/v1/login", json.dumps(person).encode(), secure=True, headers={"Cookie": ""})
        self.assertEqual(status, 200)
        self.page.sign_in("https://127.0.0.1/", headers["Set-Cookie"].split(";")[0])
        self.page.open(f"https://127.0.0.1:{self.proxy.port}/")
        self.page.wait_text("vera", "#who")
        self.look("PC-0001", "On: done[\\s\\S]*in the morning")
        self.assertEqual(self.buttons(), [])
        self.page.run("location.hash = '#/power'")
        self.says("PC-0001\\s+On\\s+✓\\s*done", "#view table")
        self.assertEqual(self.buttons("#view"), [])
        self.assertEqual(self.page.complaints(), [])

    def test_many(self):
        """What would come of it first; then all of them, and how they go."""
        page = self.page
        self.alive("PC-0002")
        self.open("#/?find=PC-000")
        page.wait_text("PC-0006", "#rows")
        page.click("#choose-all")
        page.wait_text("6 machines chosen", "#selection")
        page.click("#act-power")
        self.says(r"Nothing is ordered yet[\s\S]*3 machines are switched off hard, then start from the network once[\s\S]*2 machines, not touched", "dialog")
        self.picture("power-many")
        self.fits()
        self.ready()
        self.assertEqual(self.judge("many"), [])
        self.press("Also those that answer as alive")
        self.says("4 machines are switched off hard", "dialog")
        self.press("Also those that answer as alive")
        self.says("3 machines are switched off hard", "dialog")
        self.assertIsNone(self.power("PC-0001")["order"])
        page.run("document.querySelector('dialog input[type=text]').focus()")
        page.press(*"rack 4")
        self.press("Start from the network: 3 machines")
        self.says("Ordered for 3 machines", "dialog")
        until(lambda: len(self.bmcs.held) == 3)
        self.bmcs.ends(reason="POWER_RIGHTS", text="it wants an administrator", steps=[OFF | {"ok": False}])
        self.press("See how the orders go")
        self.says(r"2\s+at their controllers[\s\S]*1\s+failed", "#view")
        self.says("user may not do this: it wants an administrator", "#view table")
        self.picture("power-orders")
        self.fits()
        self.assertEqual(self.judge("orders"), [])
        self.press("1\nfailed")
        until(lambda: page.run("document.querySelectorAll('#view tbody tr').length") == 1)
        csv = page.run("fetch(document.querySelector('#view .links a').href).then((answer) => answer.text())")
        self.assertEqual((csv.count("\r\n"), csv.count("POWER_RIGHTS")), (4, 1))  # a heading and three orders
        self.assertEqual(page.complaints(), [])


if __name__ == "__main__":
    page_lab.main()
