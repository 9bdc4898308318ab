#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory on the page: import with a look at what it would do, by pasting and by file, and taking a line out."""
import json
import os
import tempfile

from page_fleet_lab import HOSTILE, FleetCase, main

HEADING = "name,serial,mac,site,floor,owner,ring,order\n"
LINES = [f"PC-{i:04d},S{i},52:54:00:50:00:{i:02x},Bern,{i},Finance,broad," for i in range(1, 6)]


class Inventory(FleetCase):
    people = {"otto": "operator"}

    def look(self, csv):
        self.set("#view textarea", csv)
        self.press("Look what it would do")

    def test_import_with_a_bad_line(self):
        page = self.page
        self.sign_in("otto", "#/inventory")
        self.press("Look what it would do")
        page.wait_text("Choose a file, or paste its lines", "#view [role=alert]")
        bad = f"PC-BAD,S9,52:54:zz,{HOSTILE},,,,"
        self.look(HEADING + "\n".join([*LINES, bad]) + "\n")
        page.wait_text("Nothing is changed yet", "#view")
        page.wait_text(r"5 new, 0 changed", "#view")
        page.wait_text(r"1 line is refused[\s\S]*7\s+mac", "#view")
        self.picture("import")
        self.fits(360)
        page.wait_text(r"^0\s+in the inventory", "#view .tiles")  # a look changes nothing
        self.press("Import the 5 good lines, leave the others out")
        page.wait_text("Imported", "#view")
        page.wait_text(r"^5\s+in the inventory", "#view .tiles")
        page.wait_text(r"5\s+Listed, never seen", "#view .tiles")
        self.look("colour\nred\n")
        page.wait_text("does not begin with a line of headings", "#view [role=alert], #view .results")
        self.by_file()
        self.by_dropping()
        self.taken_out()

    def by_file(self):
        """The same again, from a file: nothing to do."""
        with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False) as f:
            f.write(HEADING + "\n".join(LINES) + "\n")
        self.addCleanup(os.unlink, f.name)
        node = self.page.call("DOM.getDocument")["root"]["nodeId"]
        node = self.page.call("DOM.querySelector", nodeId=node, selector="#view input[type=file]")["nodeId"]
        self.page.call("DOM.setFileInputFiles", nodeId=node, files=[f.name])
        self.page.run("new Promise((done) => setTimeout(done, 100))")
        self.press("Look what it would do")
        self.page.wait_text("5 lines: 0 new, 0 changed, 5 as before", "#view")
        self.assertNotIn("Import", self.buttons("#view"))
        self.assertIn("PC-0001", self.page.run("fetch('/api/v1/inventory.csv').then((r) => r.text())"))

    def by_dropping(self):
        """A file let go over the form: what it would do is there at once."""
        self.page.run("(() => { const all = new DataTransfer();"
                      f" all.items.add(new File([{json.dumps(HEADING + 'PC-0009,S9,52:54:zz,,,,,' + chr(10))}], 'list.csv'));"
                      " for (const kind of ['dragenter', 'dragover', 'drop']) document.querySelector('#view textarea')"
                      ".dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: all})); })()")
        self.page.wait_text(r"Nothing is changed yet[\s\S]*1 line is refused[\s\S]*2\s+mac", "#view")
        self.assertEqual(self.page.run("document.querySelectorAll('.dropping').length"), 0)

    def taken_out(self):
        page = self.page
        self.go("#/", "PC-0001")
        self.assertNotRegex(page.text("#rows"), r"\d+ d")  # nothing has happened to it yet: not since 1970
        page.run("document.querySelector('#rows a').click()")
        page.wait_text("Site\\s+Bern", "#machine")
        self.press("Take its line out of the inventory …")
        self.press("Take it out")
        page.wait_text(r"(?s)\A(?!.*Take its line out)", "#machine")
        self.go("#/inventory")
        page.wait_text(r"^4\s+in the inventory", "#view .tiles")


if __name__ == "__main__":
    main()
