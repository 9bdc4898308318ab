#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every view before axe-core, an accessibility checker we did not write: light and dark, on a telephone and on a desk, nothing serious; and
what a browser is allowed there."""
import hashlib
import json
import os
import re
import ssl
import tempfile
import urllib.parse
import urllib.request

import appliance_lab as lab
import page_lab
from campaign_lab import whole
from page_fleet_lab import PASSWORD, FleetCase, main
from web_server import hello, installation, pending, result, until

AXE = os.path.join(lab.REPO, "tests/vendor/axe-core/axe.min.js")
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
MAC = "52:54:00:50:00:01"
BUNDLE = os.urandom(5000)
# Without colour contrast of what lies under something else, which it cannot judge and calls incomplete.
RUN = """axe.run(document, {resultTypes: ["violations"] %s}).then((r) => r.violations.filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160)).join(" | ")}`))"""
ALL, COLOURS = "", ', runOnly: {type: "rule", values: ["color-contrast"]}'  # what a page is made of is the same in the dark
VIEWS = [("#/", "PC-0001"), ("#/?view=map", "PC|Bern"), ("#/campaigns", "Campaigns"), ("#/campaigns/new", "campaign"), ("#/inventory", "Import"),
         ("#/keys", "Bring in files"), ("#/power", "Nothing was ordered"), ("#/record", "Record"), ("#/appliance", "hears on the wire"), ("#/people", "People"),
         ("#/account", "otto|anna"), ("#/wallboard", "recovered")]


class Judge:
    """What looks at self.page."""
    media = "screen"

    def judge(self, name):
        page, found = self.page, []
        for width in (360, 1280):
            page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 700)
            for scheme, rules in (("light", ALL), ("dark", COLOURS)):
                page.call("Emulation.setEmulatedMedia", media=self.media, features=[{"name": "prefers-color-scheme", "value": scheme},
                                                                                     {"name": "prefers-reduced-motion", "value": "reduce"}])
                found += [f"{name} {scheme} {width}: {problem}" for problem in page.run(RUN % rules)]
        page.call("Emulation.setEmulatedMedia", media="", features=[])
        page.call("Emulation.clearDeviceMetricsOverride")
        return found

    def ready(self):
        """The checker, in the page: not as a script of the page, which would not let it in."""
        with open(AXE, "rb") as f:
            data = f.read()
        self.assertEqual(hashlib.sha256(data).hexdigest(), SHA256)
        self.page.run(data.decode() + ";null")
        self.assertTrue(self.page.run("typeof axe.run === 'function'"))


class Access(Judge, FleetCase):
    people = {"anna": "admin"}
    inventory = "".join(f"PC-{i:04d},S{i},52:54:00:50:00:{i:02x},Bern,{i},Finance,broad\n" for i in range(1, 6))

    def send(self, method, path, body):
        request = urllib.request.Request(f"https://{lab.SERVER}{path}", body, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30, context=ssl._create_unverified_context()) as answer:
            return json.load(answer)

    def saved(self, mac, serial):
        """(session, hash of the bundle) of a machine that has saved its repair and not written it yet."""
        query = urllib.parse.urlencode({"mac": mac, "uuid": hello("", mac)["machine"]["uuid"], "serial": serial, "asset": "",
                                        "product": "Latitude 7420", "platform": "efi", "buildarch": "x86_64"})
        with urllib.request.urlopen(f"http://{lab.SERVER}/boot/ipxe?{query}", timeout=30) as answer:
            token = re.search(r"netmend\.token=([0-9a-f]{32})", answer.read().decode()).group(1)
        session = self.send("POST", "/v1/sessions", json.dumps(hello(token, mac)).encode())["session"]
        return session, self.send("PUT", f"/v1/sessions/{session}/journal", BUNDLE)["sha256"]

    def repaired(self):
        """A machine with a story: boot, saved repair, result."""
        session, saved = self.saved(MAC, "S1")
        body = result("REPAIRED", saved)
        body["volumes"][0] |= {"installations": [installation()], "reason": "REPAIRED"}
        self.send("POST", f"/v1/sessions/{session}/result", json.dumps(body).encode())

    def test_every_view(self):
        self.open("", "Sign in")
        self.ready()
        self.page.press("Enter")
        self.page.wait_text("Give your name and your password", "#view [role=alert]")
        found = self.judge("sign in refused")
        self.sign_in("anna")
        self.repaired()
        self.ready()
        for address, pattern in VIEWS:
            self.go(address, pattern)
            found += self.judge(address)
        found += self.questions()
        self.go("#/", "PC-0001")
        self.page.run("[...document.querySelectorAll('#rows a')].find((a) => a.innerText.includes('PC-0001')).click()")
        self.page.wait_text(r"Saved before writing[\s\S]*Download[\s\S]*It holds no key", "#machine")
        found += self.judge("machine")
        self.assertEqual(found, [], "\n".join(found))
        self.strict()
        # The bundle, as the link gives it.
        length = self.page.run("fetch([...document.querySelectorAll('#machine a')].find((a) => a.innerText === 'Download').href)"
                               ".then((r) => r.arrayBuffer()).then((b) => b.byteLength)")
        self.assertEqual(length, len(BUNDLE))
        self.assertIn(("anna", "download", "PC-0001"), self.recorded())

    def test_a_saved_repair_is_discarded(self):
        """Asked about first, and not offered any more."""
        self.saved("52:54:00:50:00:02", "S2")
        self.sign_in("anna")
        self.page.wait_text("PC-0002", "#rows")
        self.page.run("[...document.querySelectorAll('#rows a')].find((a) => a.innerText.includes('PC-0002')).click()")
        self.until("document.querySelector('#machine [data-verb=discard]')?.offsetParent !== undefined")
        self.press("Discard the saved repair")
        self.page.wait_text("Discard the saved repair of PC-0002", "dialog")
        self.press("Discard")
        self.page.wait_text("Saved repair discarded: 1 machine", "#machine")
        self.until("!document.querySelector('#machine [data-verb=discard]')")
        self.assertIn(("anna", "discard", "PC-0002"), self.recorded())

    def campaign(self):
        """The number of one that runs."""
        for known in self.ask("GET", "api/v1/campaigns")["campaigns"]:
            return known["id"]
        number = self.ask("POST", "api/v1/campaigns", {"plan": whole({"name": "July", "scope": {"all": True}})})["id"]
        self.ask("POST", f"api/v1/campaigns/{number}/act", {"verb": "start", "wave": 0, "text": ""})
        return number

    def questions(self):
        """A campaign's page, and what asks or tells in a window of its own."""
        found = []
        self.go(f"#/campaign/{self.campaign()}", "Abort")
        found += self.judge("campaign")
        self.press("Abort")
        self.page.wait_text("Type July to go on", "dialog")
        found += self.judge("abort")
        self.press("Cancel")
        self.go("#/people", "anna \\(you\\)")
        self.page.click("[aria-label='Change anna']")
        found += self.judge("account")
        self.press("Close")
        self.page.press("?")
        self.page.wait_text("find a machine", "dialog[open]")
        found += self.judge("keys")
        self.page.press("Escape")
        self.go("#/?find=nobody", "No machine matches")
        return found + self.judge("no match")

    def strict(self):
        """No answer allows a browser what the page does not need, and the page never tried."""
        policies = {e["params"]["response"]["url"]: {k.lower(): v for k, v in e["params"]["response"]["headers"].items()}.get("content-security-policy", "")
                    for e in self.page.events if e.get("method") == "Network.responseReceived" and e["params"]["response"]["url"].startswith("http")}
        self.assertGreater(len(policies), 40)
        for url, policy in policies.items():
            self.assertRegex(policy, "default-src '(none|self)'", url)
            self.assertNotIn("unsafe", policy, url)
        self.assertEqual(self.refused(), [])

    def test_a_report(self):
        """On a screen and on paper; as it is sent, and as somebody has saved it: with its own style, and no other."""
        self.sign_in("anna")
        address = f"api/v1/campaigns/{self.campaign()}/report"
        saved = tempfile.NamedTemporaryFile(suffix=".html")
        self.addCleanup(saved.close)
        saved.write(self.appliance.get("/" + address))
        saved.flush()
        for name, url in (("sent", f"https://{lab.SERVER}/{address}"), ("saved", f"file://{saved.name}")):
            self.page.open(url)
            self.page.wait_text("Campaign July[\\s\\S]*Waves[\\s\\S]*Who decided what")
            self.assertEqual(self.page.run("[location.href, getComputedStyle(document.querySelector('td.n')).textAlign]"), [url, "right"])
            self.assertEqual(self.refused(), [])
            self.ready()
            found = []
            for self.media in ("screen", "print"):
                found += self.judge(f"report {name} {self.media}")
            self.assertEqual(found, [], "\n".join(found))
            self.page.run("""(() => { const more = document.createElement('style'); more.textContent = 'td.n { text-align: left; }';
                document.head.append(more); document.querySelector('h1').setAttribute('style', 'text-align: right');
                const script = document.createElement('script'); script.textContent = 'window.hurt = 1'; document.head.append(script); })()""")
            self.assertEqual(self.page.run("['td.n', 'h1'].map((s) => getComputedStyle(document.querySelector(s)).textAlign)"), ["right", "start"])
            self.until_refused(3)
            self.page.events.clear()

    def refused(self):
        """What Chromium has held against a policy."""
        return [c for c in self.page.complaints() if "Content Security Policy" in c]

    def until_refused(self, count):
        until(lambda: self.page.run("1") and len(self.refused()) >= count)

    def test_it_can_find_something(self):
        """A text nobody can read is told."""
        self.open("", "Sign in")
        self.ready()
        self.page.run("(() => { const h = document.querySelector('#view h1'); h.style.color = '#777'; h.style.background = '#888'; })()")
        self.assertTrue([f for f in self.judge("spoilt") if "color-contrast" in f])


class Beginning(Judge, FleetCase):
    """Before there is anybody, then before there is any machine; and what a room looks at."""
    settings = "wallboard = yes\n"

    def look(self, address, *patterns):
        self.open(address, *patterns)
        self.opened()
        self.ready()
        return self.judge(address or "nobody")

    def set_up(self):
        link = re.search(r"https://\S+/(setup#\S+)", self.appliance.log())[1]
        found = self.look("setup", "The set-up link is incomplete") + self.look(link, "Make the first account")
        self.press("Make the account")
        self.page.wait_text("Give your name", "#view [role=alert]")
        found += self.judge("set-up refused")
        for label, text in (("Your name", "anna"), ("Password", PASSWORD), ("The same password", PASSWORD)):
            self.set(self.input(label), text)
        self.press("Make the account")
        self.page.wait_text("DHCP", "#health")
        return found

    def test_from_nobody_to_the_first_machines(self):
        wall = "No machines yet"
        found = self.look("", "No account exists yet") + self.look("?wall=1", wall) + self.set_up()
        found += self.look("#/", "What to do next") + self.look("?wall=1", wall)
        self.list_machines([[f"PC-{i}", f"S{i}", f"52:54:00:51:00:{i:02x}", "Bern", "1", "Finance", "broad"] for i in range(1, 9)])
        self.state(["PC-1", "PC-2"], "attention", "NTFS_HIBERNATED")
        self.state(["PC-3"], "returned", "RETURNED")
        found += self.look("?wall=1", "1 of 8 machines recovered", "PC-2")
        self.page.call("Network.clearBrowserCookies")
        found += self.look("?wall=1", "1 of 8 machines recovered", "PC-2")
        self.assertEqual(found, [], "\n".join(found))
        self.assertEqual([c for c in self.page.complaints() if "Content Security Policy" in c], [])


class Escrow(Judge, page_lab.Case):
    approval = "pairing"

    def test_approvals_and_entry(self):
        """The two forms that speak with escrow, refused and not, and what is said when the appliance has gone."""
        self.machine(1, "PC-ONE")
        self.open()
        self.page.wait_text("PC-ONE", "#approvals")
        self.ready()
        self.page.click("#approve-all")
        self.page.run("document.querySelector('#approvals form').requestSubmit()")
        self.page.wait_text("Give your name", "#approvals .problem")
        found = self.judge("approvals")
        self.escrow.status["approval"] = "auto"
        self.escrow.answer = pending("KEY_NOT_FOUND", "no source knows it")
        _, number = self.machine(7, "PC-LOST")
        self.page.run(f"location.hash = '#/machine/{number}'")
        self.page.wait_text("Enter the recovery password", "#machine")
        self.page.click("#group-1")
        self.page.press(*"720886")
        self.page.wait_text("cannot be right", "#entry-problem")
        found += self.judge("entry")
        self.web.stop()
        self.page.wait_text("No connection to the appliance", "#banner")
        found += self.judge("lost")
        self.assertEqual(found, [], "\n".join(found))


if __name__ == "__main__":
    main()
