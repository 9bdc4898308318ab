#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""appliance/web/pack.py leaves out nothing that means something: judged by Chromium, which knows the language."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from browser import Browser

WEB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../appliance/web")
# What looks like something else. Each value is compared with that of the same text, packed.
HARD = r"""// gone
export default [
	"// no comment" + '/* nor this */' + `// nor  this
	indented   /* kept */ ${1  +  /* kept */ 2} end`,
	`a ${`b ${"}"}  c` /* } */} ${{a: {b: "x  y"}}.a.b} \` $ {not} $${1}`,
	"a  'quoted' \" // x" + 'it\'s   /* "here" */' + "\\" + ' ', // gone
	"a/b  c//d".split(/[/"'`]  |\/\//g).join("|"),
	8 / 2 / 2 + [9][0] / 3   /   1,
	(8 + 8) / 4, // a division
	((a) => { return /a  b/.test(a) ? 1 : 0; })("a  b"),
	(() => { let i = 1, j = 2; i = j
	++j
	return [i, j, 1 - -1, 1 + +1, - -1, +"3" + + "4"]; })(),
	(() => { return
	1; })() === undefined,
	[typeof   /x/, "a" in   {a: 1}, void 0 ?? .5, 1 ?.5 : 2, 3 > 2, 2 <   3, ! !1],
	((x) => x ? [x] : JSON.stringify({y: x  /  2}))(0),
	String.raw`\n  \u00zz ${ "x" }   `,
	/*
	two lines */ [1, /* one */ 2,
		// gone
		3].length,
	(async () => {}) instanceof   Function,
	"€ ü  ☰" + `${"`"}  ` + 'a\
	b',
	((s) => { switch (s) { case   "x": return  "y"; default : return `${s}`; } })("x"),
	class { static   a = 1; get   b() { return "in  b"; } }.a,
	((...all) => all.length)(...[1,   2], ... "ab"),
];
"""
REFUSED = ("if (x) /re/.test(y)", "x = 'open", "x = `open", "(a) / b / c", "x = /open")


class Pack(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="netmend-pack-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def pack(self, source):
        """The files made of those of a folder; None: it was refused."""
        target = os.path.join(self.folder, "to")
        shutil.rmtree(target, ignore_errors=True)
        done = subprocess.run(["/usr/bin/python3", os.path.join(WEB, "pack.py"), source, target], capture_output=True, text=True, check=False)
        if done.returncode:
            self.assertRegex(done.stderr, r"^line \d+: \w")
            return None
        return {name: self.read(target, name) for name in os.listdir(target)}

    def pack_text(self, text, name="a.js"):
        source = os.path.join(self.folder, "from")
        shutil.rmtree(source, ignore_errors=True)
        os.mkdir(source)
        with open(os.path.join(source, name), "w", encoding="utf-8") as f:
            f.write(text)
        return self.pack(source)

    @staticmethod
    def read(folder, name):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            return f.read()

    def values(self, module):
        return self.browser.run("(async () => { const url = URL.createObjectURL(new Blob([" + json.dumps(module) + "], {type: 'text/javascript'}));"
                                " return JSON.stringify((await import(url)).default.map(String)); })()")

    def test_what_looks_like_something_else(self):
        packed = self.pack_text(HARD)["a.js"]
        self.assertEqual(self.values(packed), self.values(HARD))
        self.assertNotIn("gone", packed)
        self.assertEqual(packed.count("kept"), 2)
        self.assertLess(len(packed), len(HARD))
        self.assertEqual(self.pack_text(packed)["a.js"], packed)  # there is nothing more to leave out

    def test_what_is_not_clear_is_refused(self):
        for text in REFUSED:
            self.assertIsNone(self.pack_text(text), text)

    def test_other_files(self):
        self.assertEqual(self.pack_text('/* a\n b */\n.a {\n\tcontent: "/* kept  */"; /* gone */\n}\n\n', "a.css"),
                         {"a.css": '.a {\ncontent: "/* kept  */";\n}\n'})
        self.assertEqual(self.pack_text("<p>\n<!-- signed in:\n\t<b>\n-->\n<!-- gone -->\n\t<i>\n", "index.html"),
                         {"index.html": "<p>\n<i>\n", "fleet.html": "<p>\n<b>\n<i>\n"})

    def steps(self, module):
        """Where Chromium could stop in it: the kinds of statements, calls and returns, in their order."""
        script = re.sub(r"^import\b[^;]*;", "", module, flags=re.MULTILINE)  # a script has no modules
        script = re.sub(r"^export ", "", script, flags=re.MULTILINE)
        compiled = self.browser.call("Runtime.compileScript", expression=script, sourceURL="x", persistScript=True)
        self.assertNotIn("exceptionDetails", compiled, script[:500])
        return [place.get("type") for place in self.browser.call("Debugger.getPossibleBreakpoints", start={
            "scriptId": compiled["scriptId"], "lineNumber": 0})["locations"]]

    def test_every_module(self):
        self.browser.call("Debugger.enable")
        self.addCleanup(self.browser.call, "Debugger.disable")
        source = os.path.join(WEB, "page")
        packed = self.pack(source)
        modules = [name for name in sorted(os.listdir(source)) if name.endswith(".js")]
        for name in modules:
            self.assertEqual(self.steps(packed[name]), self.steps(self.read(source, name)), name)
        self.assertGreater(len(modules), 40)
        self.assertFalse([name for name in modules if "// SPDX" in packed[name]])


if __name__ == "__main__":
    if not shutil.which("chromium"):
        print("skipped: no chromium")
        sys.exit(0)
    unittest.main()
