# SPDX-License-Identifier: GPL-3.0-or-later
"""The manual pages tell of every verb, option and key there is, and of nothing else; groff has nothing to complain of."""
import json
import os
import re
import subprocess
import unittest

BUILD = os.path.abspath(os.environ.get("B", "build"))
TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
COMMANDS, CONFIG = os.path.join(TREE, "appliance/cli/netmend.8"), os.path.join(TREE, "appliance/config/netmend.conf.5")
CODE = os.path.join(TREE, "appliance/config")


def read(path):
    with open(path) as f:
        return f.read()


def rendered(path):
    """(what a reader sees, complaints)"""
    env = dict(os.environ, MANWIDTH="300", LC_ALL="C.UTF-8")
    page = subprocess.run(["man", "--warnings", "-l", path], check=True, capture_output=True, text=True, env=env)
    plain = subprocess.run(["col", "-bx"], input=page.stdout, check=True, capture_output=True, text=True, env=env).stdout
    strict = subprocess.run(["groff", "-mdoc", "-ww", "-Tutf8", "-z", path], capture_output=True, text=True)
    return plain, page.stderr + strict.stderr


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.groups = json.loads(subprocess.run([os.path.join(BUILD, "netmend"), "help", "--json"], check=True, capture_output=True,
                                               text=True).stdout)["groups"]
        cls.source = read(COMMANDS)
        cls.plain, cls.complaints = rendered(COMMANDS)

    def test_renders(self):
        self.assertEqual(self.complaints, "")

    def test_verbs(self):
        wanted = [" ".join(filter(None, [g["name"], v["name"]])) for g in self.groups for v in g["verbs"]]
        self.assertEqual(sorted(re.findall(r"^\.It Cm ([a-z]+(?: [a-z-]+)?)", self.source, re.M)), sorted(wanted))

    def test_words(self):
        """As a reader sees them, behind their verb."""
        seen = {re.sub(r"\s+", " ", line).strip() for line in self.plain.splitlines()}
        for group in self.groups:
            for verb in group["verbs"]:
                words = verb["words"].replace("|", " | ").replace("...", " ...")
                line = " ".join(filter(None, [group["name"], verb["name"], words]))
                self.assertTrue(any(s.startswith(line) for s in seen), line)

    def test_options(self):
        wanted = {o["name"] for g in self.groups for v in g["verbs"] for o in v["options"]} | {"--help", "--version"}
        self.assertEqual(set(re.findall(r"^\.It Fl (-\S+)", self.source, re.M)), {name[1:] for name in wanted})

    def test_common_options(self):
        """Where a verb takes --json, --watch or --interface, its entry says so."""
        entries = re.split(r"^\.It Cm ", self.source, flags=re.M)[1:]
        for group in self.groups:
            for verb in group["verbs"]:
                name = " ".join(filter(None, [group["name"], verb["name"]]))
                entry = next(e for e in entries if re.match(re.escape(name) + r"(?![ ][a-z])\b", e)).split(".El")[0]
                taken = {o["name"] for o in verb["options"]} & {"--json", "--watch", "--interface"}
                self.assertEqual({"-" + o for o in re.findall(r"\bFl (-json|-watch|-interface)\b", entry)}, taken, name)


class Configuration(unittest.TestCase):
    def keys(self):
        """{(section, key)} of the tables in the code."""
        found = set(re.findall(r'(?:KEY|CHOICE|LIST|NUMBER)\("(\w+)", "([\w-]+)"', read(os.path.join(CODE, "keys.c"))))
        found |= {("source NAME", key) for key in re.findall(r'\{"([\w-]+)", SOURCE_', read(os.path.join(CODE, "source.c")))}
        found |= {("webhook NAME", key) for key in re.findall(r'\{"([\w-]+)", value_', read(os.path.join(CODE, "hook.c")))}
        return found | {("source NAME", "type")}

    def test_renders(self):
        self.assertEqual(rendered(CONFIG)[1], "")

    def test_keys(self):
        told = set()
        for section in re.split(r"^\.Ss \[", read(CONFIG), flags=re.M)[1:]:
            name, text = section.split("]", 1)
            told |= {(name, key) for key in re.findall(r"^\.It Ic ([\w-]+)", text.split(".Sh ")[0], re.M)}
        self.assertGreater(len(told), 50)
        self.assertEqual(told, self.keys())

    def test_example(self):
        """The example has them all, too."""
        told, name = set(), ""
        for line in read(os.path.join(CODE, "netmend.conf.example")).splitlines():
            if section := re.match(r"(?:# )?\[(\w+)( \w+)?\]$", line):
                name = section[1] + (" NAME" if section[2] else "")
            elif key := re.match(r"(?:# )?([a-z-]+) +=", line):
                told.add((name, key[1]))
        self.assertEqual(told, self.keys())


if __name__ == "__main__":
    unittest.main()
