#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The overview as operators use it: what to do, map and list, keys, colours, the wall."""
import json
import time

from page_fleet_lab import MINUTE, FleetCase, main
from web_server import until

FLOORS = (("Bern", "1"), ("Bern", "2"), ("Basel", "10"), ("Basel", "9"))
MACHINES = 120
PITCH = 24  # px from tile to tile (page/map.js)
PIXEL = "[...document.querySelector('.floor[aria-label=%s] canvas').getContext('2d').getImageData(...%s, 1, 1).data]"


class Overview(FleetCase):
    people = {"otto": "operator", "vera": "viewer"}
    inventory = "".join(f"PC-{i:04d},S{i},52:54:00:60:00:{i:02x},{','.join(FLOORS[i % 4])},Finance,broad\n" for i in range(MACHINES))

    def setUp(self):
        super().setUp()
        self.state([f"PC-{i:04d}" for i in range(60)], "returned", "RETURNED", 600)
        self.state([f"PC-{i:04d}" for i in range(60, MACHINES)], "seen", "OK")
        self.state(["PC-0100", "PC-0101", "PC-0102"], "attention", "NTFS_HIBERNATED", 7200)
        self.state(["PC-0103"], "attention", "NTFS_HIBERNATED", 240)
        self.state(["PC-0104"], "attention", "NO_HEARTBEAT", 1200)

    def focused(self):
        return self.page.run("document.activeElement.closest('.row')?.querySelector('a').innerText ?? document.activeElement.id")

    def screen(self, width, height, mobile=False):
        self.page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
        self.addCleanup(self.page.call, "Emulation.clearDeviceMetricsOverride")

    def test_keys(self):
        page = self.page
        self.sign_in("otto", "#/?site=Basel")
        page.wait_text("60 machines of 120", "#filter")
        rows = page.run("[...document.querySelectorAll('#rows .row')].slice(0, 3).map((r) => r.querySelector('a').innerText)")
        page.press("j", "j", "j", "k")
        self.assertEqual(self.focused(), rows[1])
        page.press("Enter")
        page.wait_text(rows[1], "#machine h1")
        page.press("j")
        page.wait_text(rows[2], "#machine h1")
        page.press("k", "Escape")  # to where one came from, the filter as it was
        self.until(f"document.activeElement.innerText === {json.dumps(rows[1])}")
        self.assertEqual(page.run("location.hash"), "#/?site=Basel")
        # Far down the list, and never beyond its end.
        page.press(*"j" * 70)
        self.assertEqual(self.focused(), page.run("[...document.querySelectorAll('#rows .row')].at(-1).querySelector('a').innerText"))
        # Who types is left alone.
        page.press("/")
        self.until("document.activeElement.id === 'search'")
        page.press(*"jk?f")
        page.wait_text("No machine matches", "#empty")
        self.assertEqual(page.run("document.querySelector('#search').value + document.querySelectorAll('dialog').length"), "jk?f0")
        self.go("#/?site=Basel", "60 machines of 120")
        self.go("#/record", "Who did what")
        page.press("?")
        page.wait_text("find a machine", "dialog[open]")
        self.picture("keys")
        page.press("j", "Escape")
        self.until("!document.querySelector('dialog')")
        page.press("f")
        self.until("document.activeElement.name === 'site'")
        page.run("document.activeElement.blur()")
        page.press("m")
        page.wait_text("floor 9", "#map")
        page.press("m")
        page.wait_text("PC-", "#rows")
        self.assertEqual(page.complaints(), [])

    def test_what_to_do(self):
        page = self.page
        self.sign_in("vera", "#/")
        page.wait_text(r"4\s+Windows is hibernated on this disk first 2 h ago, last \d+ min ago", "#triage")
        self.assertNotIn("Retry", page.text("#triage"))
        self.sign_out()
        self.sign_in("otto", "#/")
        page.wait_text("Retry all …", "#triage")
        self.assertIn("Retry all 4 …: Windows is hibernated on this disk", page.run("[...document.querySelectorAll('#triage button')].map((b) => b.ariaLabel)"))
        self.picture("what-to-do")
        page.run("document.querySelector('#triage .reason button').click()")
        page.wait_text("^4 machines of 120 shown", "#filter")
        page.run("document.querySelector('#triage [data-for^=retry]').focus()")
        page.press("Enter")
        page.wait_text("Let 4 machines try again", "dialog")
        self.fill(Why="shut down by hand")
        self.press("Try again")
        page.wait_text(r"May boot again: 4 machines", "#triage")
        self.until("!document.querySelector('#triage').innerText.includes('hibernated')")
        self.assertEqual(self.recorded()[0], ("otto", "retry", "4 machines"))

    def test_map(self):
        page = self.page
        self.sign_in("otto", "#/?view=map")
        page.wait_text("floor 10", "#map")
        self.assertEqual(page.run("[...document.querySelectorAll('.floor')].map((f) => f.ariaLabel)"),
                         ["Basel, floor 9", "Basel, floor 10", "Bern, floor 1", "Bern, floor 2"])
        page.wait_text(r"Bern, floor 1\s+15 of 30 back, ! 2 need a person", "#map")
        self.picture("map")

        def ground(floor, number):
            """Of the tile: what is drawn at its upper left."""
            columns = int(page.run(f"document.querySelector('.floor[aria-label={json.dumps(floor)}] canvas').width")) // PITCH
            place = [number % columns * PITCH + 2, number // columns * PITCH + 2]
            return page.run(PIXEL % (json.dumps(floor), json.dumps(place)))
        until(lambda: any(ground("Bern, floor 1", 0)))
        back, failed, new = ground("Bern, floor 1", 0), ground("Bern, floor 1", 25), ground("Bern, floor 1", 20)
        self.assertEqual(len({str(x) for x in (back, failed, new)}), 3, "tiles look alike")
        # What happens is drawn, and there alone.
        self.state(["PC-0080"], "attention", "KEY_MISMATCH")
        page.wait_text("! 3 need a person", "#map")
        self.assertEqual((ground("Bern, floor 1", 20), ground("Bern, floor 1", 0)), (failed, back))
        # By the keyboard, from tile to tile.
        page.run("[...document.querySelectorAll('.tile')][2].focus()")
        page.press("ArrowRight", "ArrowRight", "ArrowLeft")
        self.assertRegex(page.run("document.activeElement.ariaLabel"), "^PC-0004, Windows is back for")
        self.assertRegex(page.text("#map [role=status]"), "^PC-0004")
        page.press("Enter")
        page.wait_text("PC-0004", "#machine h1")
        # By the mouse: the name, then the machine.
        self.go("#/?view=map", "floor 9")
        end = time.monotonic() + 20
        while "PC-0004, Windows is back" not in page.text(".tile:hover .tip"):  # what is above may still grow
            self.assertLess(time.monotonic(), end)
            x, y = page.run("(() => { const c = document.querySelectorAll('.floor canvas')[2]; c.scrollIntoView({block: 'center'});"
                            " const r = c.getBoundingClientRect(); return [r.x + 36, r.y + 12]; })()")
            page.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.picture("tip")
        for kind in ("mousePressed", "mouseReleased"):
            page.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        page.wait_text("PC-0004", "#machine h1")
        # The filter hides floors, and makes faint what it does not have; the same as a list.
        self.go("#/?view=map&reason=NO_HEARTBEAT")
        self.until("document.querySelectorAll('.floor:not([hidden])').length === 1")
        self.assertLess(ground("Bern, floor 1", 0)[3], 100)
        self.assertEqual(ground("Bern, floor 1", 26)[3], 255)
        self.go("#/?view=map", "floor 9")
        self.press("as a list")
        page.wait_text("^30 machines of 120", "#filter")
        self.assertEqual(page.run("location.hash"), "#/?site=Basel&floor=9")
        for width in (360, 1280):
            self.go("#/?view=map", "floor 9")
            self.fits(width)
        self.assertEqual(page.complaints(), [])

    def test_colours(self):
        page = self.page
        ground = "getComputedStyle(document.body.parentElement).backgroundColor"
        self.sign_in("vera", "#/")
        light = page.run(ground)
        page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        self.addCleanup(page.call, "Emulation.setEmulatedMedia", features=[])
        self.until(f"{ground} !== {json.dumps(light)}")
        dark = page.run(ground)
        self.choose_theme("light")
        self.assertEqual(page.run(ground), light)
        self.open("#/", "of 120 machines")
        self.assertEqual(page.run(ground), light)  # remembered
        self.choose_theme("")
        self.assertEqual(page.run(ground), dark)

    def choose_theme(self, value):
        self.page.run(f"(() => {{ const s = document.querySelector('select.theme'); s.value = {json.dumps(value)};"
                      " s.dispatchEvent(new Event('change')); })()")

    def test_wall(self):
        page = self.page
        self.state(["PC-0110"], "rebooting", "NOT_RETURNED", 1200)  # needs a person, in another state
        self.sign_in("vera")
        page.wait_text("6 machines need a person", "#subline")
        self.screen(1920, 1080)
        self.open("?wall=1", r"60 of 120 machines recovered")
        page.wait_text(r"4 Windows is hibernated on this disk: PC-0100, PC-0101, PC-0102, PC-0103", "#view")
        page.wait_text(r"6\s+!?\s*need a person[\s\S]*6 machines need somebody", ".wallboard")
        page.wait_text("Basel, floor 10", ".room")
        self.assertEqual(page.run("[...document.querySelectorAll('button, select, input, a[href=\"#/\"]')].filter((n) => n.offsetParent).length"), 0)
        self.assertLessEqual(page.run("document.documentElement.scrollHeight"), 1080)
        self.picture("wall")
        page.call("Page.reload")
        page.wait_text(r"60 of 120 machines recovered", ".wallboard")
        self.assertEqual(page.run("location.search"), "?wall=1")
        page.press("Escape")
        page.wait_text("What to do", "#triage")
        self.assertEqual(page.run("location.pathname + location.search"), "/")
        self.assertEqual(page.complaints(), [])

    def number(self, name):
        return self.page.run(f"fetch('/api/v1/machines?text={name}').then((a) => a.json()).then((a) => a.machines[0].id)")

    def test_how_it_goes(self):
        page = self.page
        self.sign_in("otto")
        self.state([f"PC-{i:04d}" for i in range(105, 112)], "repairing", "OK")
        self.state(["PC-0111"], "waiting", "WAITING_APPROVAL")
        ids = [self.number(name) for name in ("PC-0104", "PC-0100", *(f"PC-{i:04d}" for i in range(105, 112)))]
        self.told(stuck=self.stuck(75 * MINUTE, ids))
        self.open("#/", r"24 an hour · all back in 2 h 10 min to 3 h · longest stuck: PC-0104, 1 h 15 min")
        # Whoever needs somebody by a reason, or an approval, is named once: not here.
        page.wait_text(r"Too slow: 6 machines, the longest PC-0105: repairing for 1 h 13 min$", "#stuck")
        page.run("document.querySelector('#stuck summary').focus()")
        page.press("Enter")
        page.wait_text(r"PC-0105 repairing for 1 h 13 min, expected within 5 min", "#stuck")
        self.assertEqual(page.run("document.querySelectorAll('.stuck li').length"), 5)
        self.press("Show all 6")
        page.wait_text("PC-0110", "#stuck")
        for name in ("PC-0104", "PC-0100", "PC-0111"):
            self.assertNotIn(name, page.text("#stuck"))
        page.wait_text("no sign of life", "#triage")
        # The chart, for eyes, ears and keys.
        self.assertRegex(page.run("document.querySelector('.chart svg').ariaLabel"),
                         "^60 of 120 machines recovered over 1 h 40 min, at most 4 in 5 min; 3 failures$")
        self.assertEqual(page.run("document.querySelectorAll('.chart rect.failures').length"), 1)
        self.assertRegex(page.run("document.querySelector('rect.failures').getAttribute('fill')"), "^url")
        page.run("document.querySelector('.chart summary').focus()")
        page.press("Enter")
        page.wait_text(r"Recovered so far[\s\S]*4\s+1\s+0\s+2\s+60\s[\s\S]*2\s+1\s+3\s+2\s+\d+", ".chart details")
        self.press("Time of each step")
        page.wait_text(r"booting\s+60 machines\s+21 s\s+45 s", "#progress .steps")
        self.picture("how-it-goes")
        for width in (360, 1280):
            self.fits(width)
        self.assertEqual(page.complaints(), [])

    def test_how_it_goes_when_nobody_can_say(self):
        self.told(left={"soonest": 0, "latest": 0}, rate={"minutes": 30, "recovered": 0, "per_hour": 0.0}, buckets=[], steps=[])
        self.sign_in("vera", "#/")
        self.page.wait_text("none recovered in the last 30 min · nobody can say yet when all are back$", "#pace")
        self.assertEqual(self.page.run("document.querySelector('#progress').hidden && document.querySelector('#stuck').hidden"), True)

    def test_how_it_goes_as_the_appliance_says(self):
        self.sign_in("vera", "#/")
        self.page.wait_text("an hour|none recovered", "#pace")
        self.assertEqual(self.page.complaints(), [])

    def test_pages_left_behind_hold_no_connection(self):
        """A browser keeps them for its back button, and has six connections to one host."""
        self.sign_in("vera")
        for _ in range(7):
            self.open("#/", "of 120 machines")
            self.assertLess(self.page.run("performance.getEntriesByType('navigation')[0].responseStart"), 20000)

    def test_what_is_read_out(self):
        """The newest, and not each change."""
        page = self.page
        self.sign_in("vera", "#/")
        page.wait_text("60 of 120 machines recovered", "#announce")
        page.run("window.said = 0; new MutationObserver((all) => { window.said += all.length; }).observe(document.querySelector('#announce'),"
                 " {childList: true, characterData: true, subtree: true})")
        for count in (61, 62, 63):
            self.state([f"PC-{count:04d}"], "returned", "RETURNED")
            page.wait_text(f"^{count} of 120", "#headline")
        self.assertEqual(page.run("window.said"), 0)

    def test_a_list_below_the_window_has_few_rows(self):
        self.screen(360, 400, mobile=True)
        self.sign_in("vera", "#/")
        self.page.wait_text("of 120 machines", "#headline")
        self.until("document.querySelector('#rows').getBoundingClientRect().top > 2 * innerHeight")
        self.assertLess(self.page.run("document.querySelectorAll('#rows .row').length"), 20)


MOST = 10000
# Of ten thousand, so many each; the others are back.
KINDS = (("attention", "NTFS_HIBERNATED", 400), ("attention", "KEY_MISMATCH", 300), ("attention", "NOT_RETURNED", 200), ("attention", "NO_HEARTBEAT", 90),
         ("attention", "NTFS_DAMAGED", 10), ("waiting", "KEY_NOT_FOUND", 1000), ("waiting", "WAITING_KEY", 500), ("repairing", "OK", 900),
         ("rebooting", "REPAIRED", 800), ("held", "HELD", 100), ("seen", "OK", 800))


class FirstScreen(FleetCase):
    people = {"otto": "operator"}

    def test_the_list_begins_on_it(self):
        """However much there is to do, and to tell: whoever looks sees machines without scrolling."""
        page = self.page
        looks = [look for *look, count in KINDS for _ in range(count)]
        ids = self.large(MOST, 8, looks + [("returned", "RETURNED")] * (MOST - len(looks)))
        repairing = [n for n, look in zip(ids, looks) if look[0] == "repairing"]
        self.told(total=MOST, recovered=4900, stuck=self.stuck(75 * MINUTE, repairing[:30]))
        page.call("Emulation.setDeviceMetricsOverride", width=1280, height=800, deviceScaleFactor=1, mobile=False)
        self.addCleanup(page.call, "Emulation.clearDeviceMetricsOverride")
        self.sign_in("otto")
        self.open("#/", "4,900 of 10,000 machines recovered", "longest stuck")
        page.wait_text("Too slow: 30 machines", "#stuck")
        self.until("document.querySelectorAll('#progress svg').length === 1")
        page.wait_text("PC-", "#rows")
        self.picture("first-screen")
        self.assertEqual(page.run("scrollY"), 0)
        first, second = page.run("[...document.querySelectorAll('#rows .row')].slice(0, 2).map((r) => r.querySelector('.who b').getBoundingClientRect().bottom)")
        self.assertLess(second, 800)
        self.assertLess(first, second)
        # Of the reasons those with most machines, and what is left out is counted.
        self.assertEqual(page.run("[...document.querySelectorAll('#triage .count')].map((n) => n.innerText)"), ["1,000", "400", "300"])
        self.press("Show 3 more reasons (300 machines)")
        self.until("document.querySelectorAll('#triage .reason').length === 6")
        self.press("Show fewer")
        self.until("document.querySelectorAll('#triage .reason').length === 3")
        # The one chosen is shown, wherever it stands; nobody has to scroll to its machines.
        self.go("#/?reason=NTFS_DAMAGED")
        page.wait_text("^10 machines of 10,000 shown", "#filter")
        self.until("[...document.querySelectorAll('#triage [aria-pressed=true] .count')].map((n) => n.innerText).join() === '10'")
        page.run("document.querySelector('#triage .reason button').click()")
        page.wait_text("^1,000 machines of 10,000 shown", "#filter")
        self.assertEqual(page.run("scrollY"), 0)
        self.fits(1280)
        self.fits(360)
        self.assertEqual(page.complaints(), [])


if __name__ == "__main__":
    main()
