#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the page comes to the browser: how many bytes, in which order, and what happens when a part of it does not come."""
import collections

from page_fleet_lab import URL, FleetCase, main

BUDGET = 60 * 1024
VIEWS = ("#/machine/1", "#/?view=map", "#/campaigns", "#/campaigns/new", "#/inventory", "#/keys", "#/power", "#/record", "#/appliance", "#/people", "#/account",
         "#/wallboard")


class Load(FleetCase):
    inventory = "PC-0001,S1,52:54:00:50:00:01,Bern,1,Finance,broad\n"

    def setUp(self):
        super().setUp()
        self.page.call("Network.clearBrowserCache")
        self.page.sign_in(URL, self.appliance.admin())

    def sizes(self):
        """Bytes of the page's files as sent, by address: what is in their answers, without headers."""
        sizes = collections.Counter()
        for event in self.page.events:
            params = event.get("params", {})
            url = params.get("response", {}).get("url", "")
            if event.get("method") == "Network.responseReceived" and (url == URL or url.startswith(URL + "page/")):
                headers = {k.lower(): v for k, v in params["response"]["headers"].items()}
                sizes[url] += int(headers["content-length"])
                self.assertTrue(headers.get("content-encoding") == "gzip" or int(headers["content-length"]) < 400, url)
        return sizes

    def modules(self, what):
        return self.page.run(f"[...({what})].map((u) => u.split('/page/')[1]?.split('/')[1]).filter((n) => n?.endsWith('.js')).sort()")

    def test_bytes(self):
        self.open("", "PC-0001", "DHCP")
        first = self.sizes()
        self.assertGreater(len(first), 20)
        self.assertLess(first.total(), BUDGET)
        print(f"first load: {len(first)} files, {first.total()} bytes", end="; ", flush=True)
        # Every file of it is asked for at once: none waits until another one has named it, and none is named that is not needed.
        named = self.modules("[...document.querySelectorAll('link[rel=modulepreload], script')].map((e) => e.href || e.src)")
        loaded = self.modules("performance.getEntriesByType('resource').map((e) => e.name)")
        self.assertEqual(named, sorted(set(loaded)))
        self.assertEqual(self.page.run("new Set(performance.getEntriesByType('resource').map((e) => e.name.split('/page/')[1]?.split('/')[0])"
                                       ".filter(Boolean)).size"), 1)
        before = first.total()
        for view in VIEWS:
            self.go(view)
            now = self.sizes().total()
            print(f"{view} {now - before}", end=", ", flush=True)
            before = now
        print(f"all views: {before} bytes", end=" ", flush=True)

    def test_a_part_that_does_not_come(self):
        """It is asked for again until it comes; the person is told, and may go elsewhere meanwhile."""
        self.open("", "PC-0001")
        self.page.call("Network.setBlockedURLs", urls=["*/record.js", "*/chart.js", "*/campaigns.js"])
        self.addCleanup(self.page.call, "Network.setBlockedURLs", urls=[])
        self.page.run("location.hash = '#/record'")
        self.page.wait_text("This part of the page did not come, though the appliance answers. Trying again", "#view")
        self.assertEqual(self.buttons("#view"), ["Load the page anew"])
        self.go("#/appliance", "Appliance")
        self.page.run("location.hash = '#/record'")
        self.page.wait_text("did not come", "#view")
        self.page.call("Network.setBlockedURLs", urls=["*/nothing.js"])
        self.page.wait_text("Who did what", "#view h1")

    def test_an_update_meanwhile(self):
        """The appliance has other files than those the page is of: it is loaded anew, at the same place."""
        self.open("", "PC-0001")
        self.page.run("window.old = true")
        self.page.call("Fetch.enable", patterns=[{"urlPattern": "*/record.js"}])
        self.addCleanup(self.page.call, "Fetch.disable")
        self.page.run("location.hash = '#/record'")
        self.page.wait_text("Asking the appliance", "#view")
        gone = next(e for e in self.page.events if e.get("method") == "Fetch.requestPaused")["params"]["requestId"]
        self.page.call("Fetch.fulfillRequest", requestId=gone, responseCode=404)
        self.page.call("Fetch.disable")
        self.page.wait_text("Who did what", "#view h1")


if __name__ == "__main__":
    main()
