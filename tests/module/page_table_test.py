#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every view of the page and everything it can do, found in its source, stands in the table of appliance/web/README.md beside a test that
there is: who adds an action without a test is told here."""
import os
import re
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
WEB = os.path.join(HERE, "../../appliance/web")
CALLS = {"post": "POST", "postCsv": "POST", "sendSealed": "POST", "remove": "DELETE", "IMPORT = ": "POST"}
ADDRESS = re.compile(r"""(?:(\bIMPORT = |(?<![.\w])(?:post|postCsv|sendSealed|remove)(?=\())\(?)?["`](/api/v1/(?:\$\{[^}]*\}|[^"`])*)["`]""")
VERB = re.compile(r'^\t"?([\w-]+)"?: \["', re.M)
ROW = re.compile(r"^\| `([^`]+)` \| `(page_\w+_test\.py|page_test\.py)` `(test_\w+)` \|$", re.M)


def source(name):
    with open(os.path.join(WEB, "page", name)) as f:
        return re.sub(r"^\s*//.*$", "", f.read(), flags=re.M)


def block(text, begin, end):
    return text[text.index(begin):].split(end, 1)[0]


def plain(address):
    """Without what a search adds to it; {} for a number."""
    return re.sub(r"\$\{[^}]*\}", "{}", re.sub(r'(\?|\$\{\w+ \?).*', "", address)).rstrip("/")


def calls(text):
    return {f"{CALLS.get(how, 'GET')} {plain(address)}" for how, address in ADDRESS.findall(text)}


def views(text):
    found = re.findall(r"\[/\^(\S+)\$/, ", block(text, "const routes = [", "\n];"))
    return {"view #" + re.sub(r"\(\\d\+\)", "{}", address.replace("\\/", "/")) for address in found}


def everything():
    """{what the page shows or does}."""
    names = sorted(n for n in os.listdir(os.path.join(WEB, "page")) if n.endswith(".js"))
    found = set().union(*(calls(source(name)) for name in names)) | views(source("page.js"))
    for name, what in (("selection.js", "machine"), ("campaign.js", "campaign")):
        found |= {f"{what}: {verb}" for verb in VERB.findall(block(source(name), "const verbs = {", "\n};"))}
    found |= {f"gate: {kind}" for kind in re.findall(r'"(setup|link|fresh|ended|login)"', source("login.js"))}
    found |= {f"key {key}" for key in re.findall(r'\["([^"]+)", "', block(source("keys.js"), "const sheet = [", "];"))}
    return found


class Table(unittest.TestCase):
    def rows(self):
        with open(os.path.join(WEB, "README.md")) as f:
            return ROW.findall(f.read())

    def test_all_of_it_is_named(self):
        named = [what for what, _, _ in self.rows()]
        self.assertEqual(len(named), len(set(named)))
        self.assertEqual(sorted(everything() - set(named)), [], "not in the table of appliance/web/README.md")
        self.assertEqual(sorted(set(named) - everything() - {"view #/", "view #/machine/{}", "view ?wall=1"}), [], "not on the page any more")

    def test_each_test_is_there(self):
        for what, file, test in self.rows():
            with open(os.path.join(HERE, file)) as f:
                self.assertRegex(f.read(), rf"(?m)^    def {test}\(self\):$", what)

    def test_no_call_is_hidden(self):
        """A call whose address is not written where it is made would not be found."""
        for name in os.listdir(os.path.join(WEB, "page")):
            if not name.endswith(".js") or name in ("api.js", "seal.js"):
                continue
            for called, argument in re.findall(r"(?<![.\w])(post|postCsv|sendSealed|remove)\(([^)]{0,12})(?![^)]*\) \{)", source(name)):
                self.assertRegex(argument, r'^\s*["`]/api', f"{name}: {called}")

    def test_it_finds_what_is_new(self):
        text = 'await post(`/api/v1/machines/${row.id}/burn`, {}); remove("/api/v1/all"); getJson(`/api/v1/x?limit=${N}`);'
        self.assertEqual(calls(text), {"POST /api/v1/machines/{}/burn", "DELETE /api/v1/all", "GET /api/v1/x"})


if __name__ == "__main__":
    unittest.main()
