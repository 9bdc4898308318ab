#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine's page: its whole story, to the sector, to be copied, printed and kept; and what it says when there is nothing to show."""
import base64
import hashlib
import json
import os
import re
import subprocess
import tempfile

import appliance_lab as lab
import bundle_maker
import machine_story
from page_fleet_lab import HOSTILE, FleetCase, main
from web_server import PROTECTOR, VOLUME, until

MAC, EMPTY, GONE, BAD = (f"52:54:00:50:00:{n:02x}" for n in (1, 2, 3, 4))
MANY = [(10 * n, 1, ("record", "index", "rest")[n % 3]) for n in range(1, 601)]
# Both bundles of MAC: the first was given up for the second.
FIRST = bundle_maker.bundle(MANY, plan="replay-delete", journal="unclean-2.0")
SECOND = bundle_maker.bundle(host=HOSTILE, files=[bundle_maker.file(), bundle_maker.file("\\a.sys", renamed_to="\\a.off")])


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Machine(FleetCase):
    people = {"otto": "operator", "vera": "viewer"}
    inventory = "".join(f"PC-{i:04d},S0{i},52:54:00:50:00:{i:02x},Bern,{i},Finance,broad\n" for i in range(1, 5))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        machine_story.save(machine_story.boot(MAC, "S01"), FIRST)
        machine_story.repaired(MAC, "S01", SECOND)
        machine_story.repaired(BAD, "S04", b"no archive at all")
        rows = json.loads(cls.appliance.get("/api/v1/machines"))["machines"]
        cls.number = {row["mac"]: row["id"] for row in rows}

    def show(self, mac, *patterns):
        self.go(f"#/machine/{self.number[mac]}", *patterns)

    def count(self, selector):
        return self.page.run(f"document.querySelectorAll({json.dumps(selector)}).length")

    def test_the_story(self):
        page = self.page
        self.sign_in("vera")
        self.show(MAC, "7 sectors \\(3.6 KB\\) in 5 places were written, checked by reading them back")
        told = page.text("#machine")
        for pattern in (r"2 sectors · directory: index of file names", r"3 sectors in 2 places · MFT record of a file",
                        r"786,434\s+1\s+403 MB\s+MFT record of a file\s+0\b", r"812,345\s+2\s+416 MB\s+directory: index of file names\s+2,048",
                        r"Removed: \\Windows\\System32\\drivers\\CrowdStrike\\C-00000291", r"Renamed: \\a.sys is now \\a.off", "sectors.old",
                        "partition 3, BitLocker volume " + VOLUME, "recovery password " + PROTECTOR, "state 4/4", r"0.9 s starting, .*checking",
                        r"Parameters 0xffff840500000074", "PAGE_FAULT_IN_NONPAGED_AREA, csagent.sys", r"Attempt 2 .*\d steps in .* restarting into Windows"):
            self.assertRegex(told, pattern)
        self.assertNotIn("Download", told)  # an operator's
        # The older repair is asked for when it is opened; what is too long says so.
        self.assertEqual(self.count(".saved"), 2)
        # What was saved stands with what was changed, once.
        self.assertRegex(page.text(".saved[open]"), rf"Repair saved .* · confirmed\s[\s\S]*SHA-256 {sha(SECOND)}")
        self.assertEqual(told.count(sha(SECOND)), 1)
        self.assertIn("not offered to the machine any more", page.text(".saved:not([open]) summary"))
        self.assertEqual([h for h in page.run("[...document.querySelectorAll('#machine h2')].map((n) => n.innerText)") if "aved" in h], [])
        self.assertNotIn("600 sectors", told)
        page.click(".saved:not([open]) summary")
        page.wait_text(r"600 sectors \(307 KB\) in 600 places were to be written\. This repair is offered no more")
        self.assertNotIn("These are the first", page.text("#machine"))
        page.click(".saved:last-child .sectors summary")
        page.wait_text("These are the first 512")
        # An attempt that is over is folded up.
        self.assertEqual(page.run("[...document.querySelectorAll('.tries')].map((a) => a.open)"), [True, False] + [False] * (self.count(".tries") - 2))
        for width in (360, 1280):
            self.fits(width)
        self.picture("machine")
        self.assertEqual(page.complaints(), [])

    def test_what_is_in_use_stays(self):
        """The machine changes while somebody reads: what is opened stays open, the focus where it is."""
        page = self.page
        self.sign_in("otto")
        self.show(MAC, "in 5 places")
        page.run("(() => { document.querySelectorAll('.tries')[1].open = true; document.querySelector('.sectors details').open = false;"
                 " document.querySelector('[data-keep^=UUID]').focus(); window.first = document.querySelector('.saved'); })()")
        self.appliance.command("machines", "hold", MAC, "for a moment")
        page.wait_text("for a moment", "#machine .now")
        self.appliance.command("machines", "release", MAC)
        page.wait_text("^(?![\\s\\S]*for a moment)", "#machine .now")
        self.assertEqual(page.run("[document.querySelectorAll('.tries')[1].open, document.querySelector('.sectors details').open,"
                                  " document.activeElement.dataset.keep?.slice(0, 4) ?? document.activeElement.outerHTML.slice(0, 300), window.first === document.querySelector('.saved')]"),
                         [True, False, "UUID", True])

    def test_the_boot_program(self):
        """Everybody reads which and why; an operator chooses it, for the machine or for its model."""
        page = self.page
        self.sign_in("vera")
        self.show(MAC, r"Boot program of UEFI firmware: iPXE \(automatic\)")
        self.assertFalse([b for b in self.buttons("#machine") if "next boot" in b])
        self.sign_out()
        self.sign_in("otto")
        self.show(MAC, r"iPXE \(automatic\)")
        self.choose("Boot program", "shim")
        self.press("Use it from the next boot on")
        page.wait_text(r"Boot program of UEFI firmware: shim \(chosen for this machine\)")
        self.assertEqual(self.recorded()[0], ("otto", "loader", "PC-0001"))
        self.choose("Boot program", "auto")
        self.press("Use it from the next boot on")
        page.wait_text(r"iPXE \(automatic\)")
        model = json.loads(self.appliance.get(f"/api/v1/machines/{self.number[MAC]}"))["loader"]["model_name"]
        self.assertTrue(model)
        self.choose("Boot program", "shim")
        self.choose("For", "model")
        self.press("Use it from the next boot on")
        page.wait_text(r"shim \(chosen for its model, " + re.escape(model))
        self.assertEqual(self.recorded()[0], ("otto", "loader", model))
        self.choose("Boot program", "auto")
        self.press("Use it from the next boot on")
        page.wait_text(r"iPXE \(automatic\)")
        self.assertEqual(page.complaints(), [])

    def test_copied(self):
        page = self.page
        self.sign_in("vera")
        self.show(MAC, "in 5 places")
        page.call("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        for way in ("", "Object.defineProperty(navigator, 'clipboard', {value: undefined})"):  # as over plain http
            page.run(way)
            for name, value in (("MAC", MAC), ("key ID", PROTECTOR), ("SHA-256", sha(SECOND)), ("volume ID", VOLUME)):
                page.run("getSelection().removeAllRanges()")
                page.click(f"[aria-label='Copy {name} {value}']")
                page.wait_text("Copied", f"[aria-label='Copy {name} {value}']")
                self.assertEqual(self.pasted(), value)
        page.wait_text("^Copy$", f"[aria-label='Copy volume ID {VOLUME}']")
        page.run("document.execCommand = () => false")
        page.click(f"[aria-label='Copy MAC {MAC}']")
        page.wait_text("Press Ctrl\\+C", "#machine")
        self.assertEqual(page.run("getSelection().toString()"), MAC)

    def pasted(self):
        self.page.run("(() => { const t = document.createElement('textarea'); t.id = 'pasted'; document.querySelector('#machine').append(t); t.focus(); })()")
        self.page.call("Input.dispatchKeyEvent", type="rawKeyDown", key="v", modifiers=2, windowsVirtualKeyCode=86, commands=["paste"])
        self.page.call("Input.dispatchKeyEvent", type="keyUp", key="v", modifiers=2, windowsVirtualKeyCode=86)
        return self.page.run("(() => { const t = document.querySelector('#pasted'); t.remove(); return t.value; })()")

    def test_kept(self):
        page = self.page
        self.sign_in("otto")
        self.show(MAC, "in 5 places")
        with tempfile.TemporaryDirectory(prefix="netmend-kept-") as folder:
            os.chmod(folder, 0o777)
            page.call("Page.setDownloadBehavior", behavior="allow", downloadPath=folder)
            self.press("Save all of it as JSON")
            story = json.loads(self.file(folder, ".json"))
            self.assertEqual(story["machine"]["mac"], MAC)
            self.assertEqual({s["sha256"]: s["sectors"] for s in story["sectors"]}, {sha(FIRST): 600, sha(SECOND): 7})
            self.press("Save the timeline as CSV")
            self.assertTrue(self.file(folder, ".csv").startswith(b"seq,at,attempt"))
            self.press("Download")
            found = self.file(folder, ".zst")
            self.assertIn(sha(found), (sha(FIRST), sha(SECOND)))
            self.assertEqual(subprocess.run(["tar", "--zstd", "-t"], input=found[:-40], check=True, capture_output=True).stdout.split()[0], b"manifest.json")
        self.assertEqual(self.recorded()[0], ("otto", "download", "PC-0001"))

    def file(self, folder, ending):
        """What the browser has saved, when it has done so."""
        name = until(lambda: [n for n in os.listdir(folder) if n.endswith(ending)])[0]
        with open(os.path.join(folder, name), "rb") as f:
            return f.read()

    def test_on_paper(self):
        """All of it, black on white, nothing to press."""
        page = self.page
        self.sign_in("otto")
        page.run("document.documentElement.dataset.theme = 'dark'")
        self.show(MAC, "in 5 places")
        page.run("window.print = () => { window.printed = true; }")
        self.press("Print")
        page.wait_text("600 sectors")
        pdf = base64.b64decode(page.call("Page.printToPDF", printBackground=True)["data"])
        self.assertTrue(pdf.startswith(b"%PDF"))
        if "PICTURES" in os.environ:
            with open(os.path.join(os.environ["PICTURES"], "machine.pdf"), "wb") as f:
                f.write(pdf)
        self.addCleanup(page.call, "Emulation.setEmulatedMedia", media="")
        page.call("Emulation.setEmulatedMedia", media="print")
        page.run("dispatchEvent(new Event('beforeprint'))")
        told = page.text("#machine")
        self.assertRegex(told, rf"as of [\s\S]*Z\)[\s\S]*Printed by otto")
        for word in ("600 sectors", "7 sectors", "Attempt 1", "Attempt 2", "786,434", PROTECTOR, "csagent.sys"):
            self.assertIn(word, told)
        self.assertEqual(page.run("[...document.querySelectorAll('button, input, select')].filter((n) => n.offsetParent).length"), 0)
        self.assertEqual(page.run("[getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.querySelector('.words')).color]"),
                         ["rgb(255, 255, 255)", "rgb(0, 0, 0)"])
        page.run("dispatchEvent(new Event('afterprint'))")
        self.assertFalse(page.run("document.querySelectorAll('.tries')[1].open"))

    def test_nothing_to_show(self):
        page = self.page
        self.sign_in("otto")
        self.show(EMPTY, "PC-0002", "not started yet")
        self.assertEqual(self.count("#machine .saved"), 0)
        self.show(BAD, "It cannot be told: [\\s\\S]*no archive")
        self.go("#/machine/99999", "No machine 99999", "among all machines")
        self.show(GONE, "PC-0003")
        # Its data cannot be had any more: what is there stays, and says how old it is.
        page.call("Network.setBlockedURLs", urls=["*/api/v1/machines/*"])
        self.appliance.command("machines", "hold", GONE, "while nobody answers")
        page.wait_text("What you see is from \\d[\\s\\S]*Trying again", "#machine")
        self.assertIn("PC-0003", page.text("#machine h1"))
        page.call("Network.setBlockedURLs", urls=[])
        page.wait_text("while nobody answers", "#machine .now")
        self.assertNotIn("Trying again", page.text("#machine"))


class Firmware(FleetCase):
    people = {"vera": "viewer", "otto": "operator"}
    inventory = f"PC-0001,S01,{MAC},Bern,1,Finance,broad\nPC-0002,S02,{EMPTY},Bern,2,Finance,broad\n"

    def test_network_before_the_disk_until_it_is_set_back(self):
        page = self.page
        self.sign_in("vera")
        self.go("#/", "PC-0002")
        self.assertNotIn("Network before the disk", page.text("#health"))
        machine_story.boot(MAC, "S01", boot_order="network-first")
        page.wait_text("Network before the disk in the firmware of 1 machine: to be set back", "#health")
        page.run("document.querySelector('#health a').click()")
        page.wait_text("^1 machine of 2 shown", "#filter")
        page.wait_text("PC-0001", "#rows")
        page.run("document.querySelector('#rows a').click()")
        page.wait_text("Its firmware tries the network before the disk. Put Windows Boot Manager first", "#machine")
        machine_story.boot(MAC, "S01", boot_order="disk-first")
        page.wait_text(r"(?s)\A(?!.*Its firmware tries)", "#machine")
        self.go("#/", "PC-0002")
        page.wait_text(r"(?s)\A(?!.*Network before the disk)", "#health")

    def test_safe_mode_until_a_result_says_otherwise(self):
        page = self.page
        self.sign_in("vera")
        self.go("#/", "PC-0002")
        self.assertNotIn("Safe mode", page.text("#health"))
        machine_story.end(machine_story.boot(MAC, "S01"), "NO_WINDOWS", safe_mode="minimal")
        page.wait_text("Safe mode is how Windows is set to start on 1 machine: to be ended there", "#health")
        page.run("[...document.querySelectorAll('#health a')].find((a) => a.hash.includes('safe_mode')).click()")
        page.wait_text("^1 machine of 2 shown", "#filter")
        page.wait_text("PC-0001", "#rows")
        page.run("document.querySelector('#rows a').click()")
        page.wait_text(r"in safe mode \(minimal\), at every start.*bcdedit /deletevalue {default} safeboot", "#machine")
        machine_story.end(machine_story.boot(MAC, "S01"), "NO_WINDOWS", safe_mode="none")
        page.wait_text(r"(?s)\A(?!.*bcdedit)", "#machine")
        page.wait_text(r"(?s)\A(?!.*Safe mode)", "#health")

    def test_a_person_says_it_is_set_back(self):
        """One from its own page, and those chosen in the list."""
        page = self.page
        self.sign_in("otto")
        for mac, serial in ((MAC, "S01"), (EMPTY, "S02")):
            machine_story.boot(mac, serial, boot_order="network-first")
        page.wait_text("in the firmware of 2 machines", "#health")
        self.go("#/", "PC-0002")
        page.run("[...document.querySelectorAll('#rows a')].find((a) => a.innerText.includes('PC-0002')).click()")
        page.wait_text("Its firmware tries the network before the disk", "#machine")
        self.press("Boot order is set back")
        page.wait_text("Boot order set back: 1 machine", "#machine")
        page.wait_text("in the firmware of 1 machine:", "#health")
        self.go("#/?network_first=1", "PC-0001")
        page.click("#choose-all")
        page.wait_text("1 machine chosen", "#selection")
        self.press("Boot order is set back")
        page.wait_text("Boot order set back: 1 machine", "#selection")
        page.wait_text(r"(?s)\A(?!.*Network before the disk)", "#health")

    def test_a_person_says_that_safe_mode_is_ended(self):
        page = self.page
        self.sign_in("otto")
        machine_story.end(machine_story.boot(MAC, "S01"), "NO_WINDOWS", safe_mode="minimal")
        page.wait_text("Safe mode is how Windows is set to start on 1 machine", "#health")
        self.go("#/", "PC-0001")
        page.click("#choose-all")
        page.wait_text("2 machines chosen", "#selection")
        self.assertFalse(page.run("document.querySelector('#selection [data-verb=normal-start]').hidden"))
        self.assertTrue(page.run("document.querySelector('#selection [data-verb=set-back]').hidden"))
        page.run("[...document.querySelectorAll('#rows a')].find((a) => a.innerText.includes('PC-0001')).click()")
        page.wait_text("bcdedit /deletevalue {default} safeboot", "#machine")
        self.press("Safe mode is ended")
        page.wait_text("Safe mode ended: 1 machine", "#machine")
        page.wait_text(r"(?s)\A(?!.*bcdedit)", "#machine")
        page.wait_text(r"(?s)\A(?!.*Safe mode)", "#health")


if __name__ == "__main__":
    main()
