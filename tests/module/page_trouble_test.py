#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page says when there is nothing to show yet, and when something does not work: each time with what to do next."""
import os
import re
import signal
import ssl
import urllib.error
import urllib.request

import appliance_lab as lab
from page_fleet_lab import URL, FleetCase, main

HOSTILE = "<img src=x>"
TABS = 32  # as many pages as one person may have open


def late(minutes):
    """A browser whose clock is so far ahead."""
    return f"(() => {{ const now = Date.now; Date.now = () => now() + {minutes} * 60000; }})()"


class Trouble(FleetCase):
    people = {"otto": "operator", "vera": "viewer"}

    def test_before_the_first_machine(self):
        page = self.page
        client = lab.Client()
        self.addCleanup(client.close)
        self.sign_in("vera")
        page.wait_text(r"No machines yet[\s\S]*What to do next[\s\S]*done: The appliance answers machines[\s\S]*netmend keys import FILE\.csv"
                       r"[\s\S]*F12[\s\S]*hears on the wire[\s\S]*Nothing yet\. A machine")
        self.assertNotIn("import your inventory", page.text("#empty"))  # vera may not
        self.fits(360)
        self.picture("first-nothing")
        for kind, mac in ((HOSTILE, "52:54:00:60:00:02"), ("MSFT 5.0", "52:54:00:60:00:03")):
            client.ask(mac, kind, wait=0.1)
        page.wait_text(r"52:54:00:60:00:02[\s\S]*an address only[\s\S]*not answered: it asks for an address, not for a boot program", "#empty")
        page.wait_text(r"52:54:00:60:00:03[\s\S]*its Windows runs", "#empty")
        self.fits(360)
        self.picture("first-heard")
        # The same for whoever looks later, with machines there.
        self.go("#/appliance", r"hears on the wire[\s\S]*52:54:00:60:00:03")
        self.assertEqual(page.complaints(), [])

    def test_clocks_apart(self):
        page = self.page
        script = page.call("Page.addScriptToEvaluateOnNewDocument", source=late(10))["identifier"]
        try:
            self.sign_in("otto")
            page.wait_text(r"This computer's clock is (10 min|9 min \d+ s|10 min \d s) ahead of the appliance's[\s\S]*set", "#trouble")
            self.picture("clock")
            self.go("#/account")
            page.wait_text("Clock — This computer's clock is", "#health")
        finally:
            page.call("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
        self.open()
        page.wait_text(r"netmend \d", "#health")
        self.assertEqual(page.text("#trouble"), "")
        self.assertNotIn("Clock", page.text("#health"))

    def test_escrow_is_gone(self):
        page = self.page
        self.sign_in("otto")
        page.wait_text("Escrow", "#health")
        program = f"{lab.BIN}/netmend-escrow"
        os.rename(program, program + ".gone")
        try:
            os.kill(self.appliance.children()["netmend-escrow"], signal.SIGKILL)
            page.wait_text(r"Escrow does not answer[\s\S]*go on by themselves[\s\S]*journalctl -u netmend", "#trouble")
            self.picture("escrow")
            self.fits(360)
        finally:
            os.rename(program + ".gone", program)
        page.wait_text("^$", "#trouble")

    def test_a_refused_stream_says_why(self):
        page = self.page
        self.sign_in("otto")
        cookie = next(c for c in page.call("Network.getCookies", urls=[URL])["cookies"] if "netmend" in c["name"])
        page.open("about:blank")
        streams = []
        self.addCleanup(lambda: [s.close() for s in streams])
        for _ in range(TABS):
            request = urllib.request.Request(f"{URL}api/v1/events", headers={"Cookie": f"{cookie['name']}={cookie['value']}"})
            try:
                streams.append(urllib.request.urlopen(request, timeout=30, context=ssl._create_unverified_context()))
            except urllib.error.HTTPError as refused:  # the page's own is still open
                self.assertEqual(refused.code, 429)
        page.open(URL)
        page.wait_text(rf"nothing new since[\s\S]*otto has {TABS} pages open already[\s\S]*Trying again", "#banner")
        self.assertNotIn("No connection", page.text("#banner"))
        page.wait_text(r"No machines yet", "#headline")  # what was asked for is there
        self.picture("refused")
        streams.pop().close()
        page.wait_text("^$", "#banner")
        self.assertFalse([c for c in page.complaints() if not re.search("429", c)])


if __name__ == "__main__":
    main()
