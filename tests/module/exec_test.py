#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key source `exec` with real programs: what they are given, and what they may cost."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from directory_lab import SANITIZED
from fetch_client import Fetch, check

GUID = "063EA4E1-220C-4293-BA01-4754620A96E7"
PASSWORD = "-".join(["111111"] * 8)
OTHER = "-".join(["222222"] * 8)


class Exec(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="netmend exec ")  # paths may have blanks
        os.chmod(self.dir, 0o755)
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def script(self, text, name="ask", mode=0o755):
        with open(self.path(name), "w") as f:
            f.write(text)
        os.chmod(self.path(name), mode)
        return self.path(name)

    def fetch(self, text, **options):
        fetch = Fetch({"store": ("exec", {"program": self.script(text)} | options)})
        self.addCleanup(fetch.close)
        return fetch

    def ask(self, text, **options):
        """(reason, passwords, text, log) of one lookup by a program of this text."""
        fetch = self.fetch(text, **options)
        return fetch.lookup("store", GUID) + (fetch.log(),)

    def left_behind(self, word):
        """Processes whose command line has the word; what was killed a moment ago may still be going."""
        end = time.monotonic() + 60
        while (found := self.running(word)) and time.monotonic() < end:
            time.sleep(0.05)
        return found

    @staticmethod
    def running(word):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    if word.encode() in f.read() and int(pid) != os.getpid():
                        found.append(pid)
            except OSError:
                pass
        return found

    def test_each_line_is_a_candidate(self):
        reason, passwords, _, log = self.ask(f"#!/bin/sh\nprintf '{PASSWORD}\\r\\n\\n  {OTHER}'\n")
        self.assertEqual((reason, passwords), ("OK", [PASSWORD, OTHER]))
        self.assertNotIn(PASSWORD, log)

    def test_at_most_four(self):
        reason, passwords, _, _ = self.ask("#!/bin/sh\nfor i in 1 2 3 4 5 6; do echo candidate-$i; done\n")
        self.assertEqual((reason, passwords), ("OK", [f"candidate-{i}" for i in (1, 2, 3, 4)]))

    def test_what_it_is_given(self):
        """Arguments with blanks, the GUID, the machine; no standard input, no environment, no other file."""
        report = self.path("report")
        fetch = self.fetch("#!/bin/sh\n"
                           f'{{ for a; do printf "<%s>" "$a"; done; echo; /usr/bin/env | sort; cat; pwd; ls -1 /proc/self/fd; }} >"{report}"\n'
                           f"ps -o pgid= -p $$ 2>/dev/null >>'{report}'; echo $$ >>'{report}'\necho {PASSWORD}\n",
                           arguments='--path "two words" \'$HOME\' ;reboot "" a"b c"d')
        # Programs write nowhere but in /tmp; the report is there.
        self.assertEqual(fetch.lookup("store", GUID.lower(), name="PC; rm -rf /", serial="-oProxyCommand=x")[0], "OK")
        with open(report) as f:
            lines = f.read().splitlines()
        self.assertEqual(lines[0], f"<--path><two words><'$HOME'><;reboot><><ab cd><{GUID}><PC; rm -rf /><_oProxyCommand=x>")
        self.assertEqual(sorted(line.split("=")[0] for line in lines[1:] if "=" in line), ["LANG", "PATH", "PWD"])  # PWD is sh's
        self.assertIn("/", lines)
        self.assertEqual(sorted(line for line in lines if line in "0123456789"), ["0", "1", "2", "3"])  # 3 is ls's own
        self.assertEqual(lines[-1].strip(), lines[-2].strip(), "a process group of its own")

    def test_exit_status(self):
        self.assertEqual(self.ask("#!/bin/sh\nexit 3\n")[:2], ("KEY_NOT_FOUND", []))
        reason, passwords, text, log = self.ask(
            f"#!/bin/sh\necho {PASSWORD}\nprintf 'vault: \\033[31mpermission denied\\007 {PASSWORD} 0123456\\n' >&2\nexit 1\n")
        self.assertEqual((reason, passwords), ("SOURCE_FAILED", []))
        self.assertIn("status 1", text)
        self.assertIn("permission denied", log)
        self.assertNotIn("\033", log)
        for hidden in (PASSWORD, "111111", "0123456"):
            self.assertNotIn(hidden, log + text)
        reason, _, text, _ = self.ask("#!/bin/sh\nkill -SEGV $$\n")
        self.assertEqual(reason, "SOURCE_FAILED")
        self.assertIn("signal 11", text)

    def test_no_output(self):
        reason, _, text, _ = self.ask("#!/bin/sh\necho\n")
        self.assertEqual(reason, "SOURCE_FAILED")
        self.assertIn("status 3", text)

    def test_binary_output(self):
        for command in ("head -c 100 /dev/urandom; echo", r"printf 'a\0b\n'", r"printf '\377\n'", "head -c 300 /dev/zero | tr '\\0' 1"):
            with self.subTest(command):
                self.assertEqual(self.ask(f"#!/bin/sh\n{command}\n")[:2], ("SOURCE_FAILED", []))

    def test_endless_output(self):
        for stream in ("", " >&2"):
            began = time.monotonic()
            reason, _, text, log = self.ask(f"#!/bin/sh\nexec yes {PASSWORD}-endless{stream}\n", seconds="2")
            self.assertEqual(reason, "SOURCE_FAILED")
            self.assertIn("took longer" if stream else "4096 bytes", text)
            self.assertLess(time.monotonic() - began, 60)
            self.assertLess(len(log), 5000)
            self.assertNotIn("111111", log)
        self.assertEqual(self.left_behind(f"{PASSWORD}-endless"), [])

    def test_too_slow(self):
        began = time.monotonic()
        reason, _, text, _ = self.ask("#!/bin/sh\ntrap '' TERM INT HUP\necho early\nsleep 4321 & wait\nsleep 4321\n", seconds="1")
        self.assertEqual(reason, "SOURCE_FAILED")
        self.assertIn("longer than 1 s", text)
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual(self.left_behind("4321"), [])

    def test_children_that_keep_the_pipe(self):
        """It is over when the program itself has ended; what it leaves in its group is killed."""
        began = time.monotonic()
        reason, passwords, _, _ = self.ask(f"#!/bin/sh\nfor i in $(seq 50); do sleep 4322 & done\necho {PASSWORD}\n")
        self.assertEqual((reason, passwords), ("OK", [PASSWORD]))
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual(self.left_behind("4322"), [])

    def test_child_that_left_the_group(self):
        began = time.monotonic()
        self.addCleanup(subprocess.run, ["pkill", "-f", "^sleep 120.323"])
        reason, passwords, _, _ = self.ask(f"#!/bin/sh\nsetsid sleep 120.323 &\necho {PASSWORD}\n")
        self.assertEqual((reason, passwords), ("OK", [PASSWORD]))
        self.assertLess(time.monotonic() - began, 60)

    def test_several_at_once(self):
        """Each waits until four of them run: one after the other, the first would never end."""
        folder = tempfile.mkdtemp(dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o1777)
        fetch = self.fetch(f"#!/bin/sh\n: >{folder}/$$\nwhile set -- {folder}/*; [ $# -lt 4 ]; do sleep 0.1; done\necho {PASSWORD}\n", seconds="10")
        for _ in range(8):
            fetch.ask("store", GUID)
        answers = [fetch.receive() for _ in range(8)]
        self.assertEqual({a["reason"] for a in answers}, {"OK"})
        self.assertEqual(len({a["id"] for a in answers}), 8)

    def test_not_a_program_to_run(self):
        plain = self.script("#!/bin/sh\n", "plain", 0o644)
        writable = self.script("#!/bin/sh\n", "writable", 0o757)
        group = self.script("#!/bin/sh\n", "group", 0o775)
        theirs = self.script("#!/bin/sh\n", "theirs")
        os.chown(theirs, 65534, 65534)
        os.mkdir(self.path("open"))
        inside = self.script("#!/bin/sh\n", "open/inside")
        os.chmod(self.path("open"), 0o777)
        os.symlink(theirs, self.path("link"))
        no_interpreter = self.script("#!/no/such/interpreter\n", "nothing")
        good = self.script(f"#!/bin/sh\necho {PASSWORD}\n", "good")
        cases = {"missing": self.path("missing"), "folder": self.dir, "plain": plain, "writable": writable, "group": group,
                 "theirs": theirs, "inside": inside, "link": self.path("link"), "good": good, "nothing": no_interpreter}
        sources = {n: ("exec", {"program": p}) for n, p in list(cases.items())[:8]}
        found, status = check(sources)
        self.assertEqual({n: r for n, (_, r, _) in found.items()}, {n: "SOURCE_FAILED" for n in sources})
        self.assertEqual(status, 3)
        fetch = Fetch(sources)
        self.addCleanup(fetch.close)
        for name in sources:
            reason, passwords, text = fetch.lookup(name, GUID)
            self.assertEqual((reason, passwords), ("SOURCE_FAILED", []), name)
            self.assertIn("/", text)
        found, status = check({"good": ("exec", {"program": good})})
        self.assertEqual((found["good"][1], status), ("OK", 0))
        fetch = Fetch({"nothing": ("exec", {"program": no_interpreter})})
        self.addCleanup(fetch.close)
        self.assertIn("cannot start", fetch.lookup("nothing", GUID)[2])

    def test_a_program_without_a_shell(self):
        fetch = Fetch({"echo": ("exec", {"program": "/bin/echo", "arguments": PASSWORD})})
        self.addCleanup(fetch.close)
        self.assertEqual(fetch.lookup("echo", GUID)[1], [f"{PASSWORD} {GUID} PC-0042 S56"])

    def test_the_examples(self):
        """The script of the README that needs no other program, and the one for a database with a psql of ours."""
        readme = pathlib.Path("appliance/fetch/README.md").read_text()
        examples = [part.split("```")[0] for part in readme.split("```\n")[1:] if part.startswith("#!/bin/sh")]
        self.assertEqual(len(examples), 3)
        keys = self.path("keys")
        with open(keys, "w") as f:
            f.write(f"other x\n{GUID.lower()} {PASSWORD}\n")
        fetch = self.fetch(examples[1], arguments=f'"{keys}"')
        self.assertEqual(fetch.lookup("store", GUID)[:2], ("OK", [PASSWORD]))
        self.assertEqual(fetch.lookup("store", GUID[:-1] + "8")[:2], ("KEY_NOT_FOUND", []))
        self.script(f"#!/bin/sh\n[ \"$5\" = id={GUID} ] && grep -q \":'id'\" && echo {PASSWORD}\nexit 0\n", "psql")
        for guid, want in ((GUID, ("OK", [PASSWORD])), (GUID[:-1] + "8", ("KEY_NOT_FOUND", []))):
            text = examples[2].replace("psql", f"'{self.path('psql')}'")
            fetch = self.fetch(text)
            self.assertEqual(fetch.lookup("store", guid)[:2], want)

    def test_options(self):
        good = self.script("#!/bin/sh\n", "good")
        for options, word in (({}, "program"), ({"program": "ask"}, "absolute"), ({"program": good, "seconds": "0"}, "seconds"),
                              ({"program": good, "seconds": "11"}, "seconds"), ({"program": good, "seconds": "2x"}, "seconds"),
                              ({"program": good, "arguments": 'a "b'}, "quote"), ({"program": good, "arguments": "a " * 33}, "32")):
            found, status = check({"store": ("exec", options)})
            self.assertEqual((found["store"][1], status), ("SOURCE_FAILED", 3), options)
            self.assertIn(word, found["store"][2])

    @unittest.skipIf(SANITIZED, "a build with sanitizers has no walls")
    def test_cannot_write_or_listen(self):
        """What the program is allowed: Landlock and seccomp hold for it, too."""
        target = os.path.join(os.path.expanduser("~"), "netmend-exec-test")
        reason, passwords, _, log = self.ask(
            f"#!/bin/sh\necho x 2>/dev/null >{target} && echo written\n"
            "/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen()' 2>/dev/null && echo listens\n"
            f"echo {PASSWORD}\n")
        if "no Landlock" in log:
            self.skipTest("this kernel has no Landlock")
        self.assertEqual((reason, passwords), ("OK", [PASSWORD]), log)
        self.assertFalse(os.path.exists(target))


if __name__ == "__main__":
    unittest.main()
