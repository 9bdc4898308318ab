#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend recipe`: what is built in, what a recipe would do, and which line of one is wrong."""
import json
import os
import subprocess
import tempfile
import unittest

from recipe_291 import RECIPE

NETMEND = os.path.join(os.environ.get("B", "build"), "netmend")


def netmend(*words):
    done = subprocess.run([NETMEND, "recipe", *words], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout, done.stderr


class RecipeCommand(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory(prefix="netmend-recipe-")
        self.addCleanup(self.work.cleanup)

    def check(self, text, *options, encoding="utf-8"):
        path = os.path.join(self.work.name, "recipe.ini")
        with open(path, "w", encoding=encoding) as f:
            f.write(text)
        return netmend("check", path, *options)

    def test_list(self):
        status, out, _ = netmend("list")
        self.assertEqual((status, [line.split()[0] for line in out.splitlines()]), (0, ["name", "crowdstrike-291", "report-only"]))

    def test_show_is_a_recipe(self):
        for name in ("crowdstrike-291", "report-only"):
            status, out, _ = netmend("show", name)
            self.assertEqual(status, 0)
            self.assertEqual(self.check(out)[:2], netmend("check", name)[:2])

    def test_the_default_is_the_designs(self):
        """Key by key, blanks and comments apart."""
        def plain(text):
            lines = (line.split(" ;")[0].strip() for line in text.splitlines())
            return [" ".join(line.split()) for line in lines if line]
        self.assertEqual(plain(netmend("show", "crowdstrike-291")[1]), plain(RECIPE))

    def test_show_what_is_not_there(self):
        self.assertEqual(netmend("show", "nothing")[0], 1)

    def test_words(self):
        status, out, _ = netmend("check", "crowdstrike-291")
        self.assertEqual(status, 0)
        for part in ("C-00000291*.sys", r"\Windows\System32\drivers\CrowdStrike", "2024-07-19T04:09:00Z",
                     "2024-07-19T05:27:00Z", "NTFS_PENDING", "NTFS_HIBERNATED", "deletes it"):
            self.assertIn(part, out)
        self.assertNotIn("warning", out)
        self.assertNotIn("deletes", netmend("check", "report-only")[1])

    def test_json(self):
        text = ("[recipe]\nname = other\nversion = 3\ntitle = Prüfung\n[match]\npath = \\Programme\\Ä\nglob = *.dat\n"
                "size-to = 9\nheader = aa BB\nsha256 = " + 32 * "1f" + "\n[action]\ndo = remove\n")
        status, out, _ = self.check(text, "--json")
        recipe = json.loads(out)
        self.assertEqual((status, recipe["reason"], recipe["version"], recipe["title"]), (0, "OK", 3, "Prüfung"))
        self.assertEqual((recipe["do"], recipe["unclean-journal"]), ("remove", "refuse"))
        self.assertEqual(recipe["matches"], [{
            "line": 5, "path": "\\Programme\\Ä", "glob": "*.dat", "modified-from": "", "modified-to": "",
            "when-outside-window": "skip", "size-from": 0, "size-to": 9, "header": "aabb", "sha256": 32 * "1f"}])
        self.assertEqual([w["line"] for w in recipe["warnings"]], [5, 11])
        self.assertEqual(len(recipe["plans"]), 6)

    def test_wrong_line(self):
        for text, says in (("[recipe]\nname = x\nfoo = 1\n", "line 3: key not known here: 'foo'"),
                           ("[recipe]\nname = x\n[match]\nglob = a.sys\n", "line 3: 'path' missing in [match]"),
                           ("[recipe]\nname = x\n[match]\npath = \\A\\..\\B\n", "line 4: path has '.' or '..' in it")):
            status, out, err = self.check(text)
            self.assertEqual((status, out), (2, ""))
            self.assertIn(says, err)
            status, out, _ = self.check(text, "--json")
            self.assertEqual((status, json.loads(out)["reason"]), (2, "RECIPE_BAD"))
            self.assertIn(says, json.loads(out)["text"])
        self.assertEqual(self.check("[recipe]\n; Prüfung\n", encoding="latin-1")[0], 2)

    def test_no_file(self):
        status, _, err = netmend("check", os.path.join(self.work.name, "none"))
        self.assertEqual(status, 1)
        self.assertIn("No such file", err)

    def test_words_that_do_not_go(self):
        for words in ((), ("list", "x"), ("show",), ("check",), ("show", "--json"), ("frob", "x")):
            self.assertEqual(netmend(*words)[0], 2, words)


if __name__ == "__main__":
    unittest.main()
