# SPDX-License-Identifier: GPL-3.0-or-later
"""Completion in a real bash, and what of the command line needs a terminal: --watch."""
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

BUILD = os.path.abspath(os.environ.get("B", "build"))
NETMEND = os.path.join(BUILD, "netmend")


def run(*words, **settings):
    return subprocess.run([NETMEND, *words], capture_output=True, text=True, **settings)


class Terminal:
    """A program on a pseudo-terminal."""

    def __init__(self, *command, size=(24, 80), **env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm", "LC_ALL": "C.UTF-8"} | env)
            os.execvp(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
        self.seen = ""

    def type(self, text):
        os.write(self.fd, text.encode())

    def until(self, pattern, seconds=30):
        """Reads until the pattern has come since the last call; the match."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen, re.S)):
            if not select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError((pattern, self.seen[-2000:]))
            try:
                self.seen += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:
                raise AssertionError((pattern, self.seen[-2000:])) from None
        self.seen = self.seen[found.end():]
        return found

    def end(self):
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


class Folder(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="netmend-completion-")
        self.addCleanup(shutil.rmtree, self.dir)
        os.chmod(self.dir, 0o755)
        self.config = os.path.join(self.dir, "netmend.conf")
        with open(self.config, "w") as f:
            f.write(f"[server]\nstate = {self.dir}/state\nruntime = {self.dir}/run\n"
                    "web-user = 64201\nescrow-user = 64202\nfetch-user = 64203\n")


class Completion(Folder):
    def setUp(self):
        super().setUp()
        self.script = os.path.join(self.dir, "netmend.bash")
        with open(self.script, "w") as f:
            f.write(run("completion", "bash", check=True).stdout)

    def complete_each(self, lines):
        """What bash offers for the last word of each."""
        program = (f'source {self.script}; compopt() {{ :; }}; while IFS=$\'\\t\' read -r -a COMP_WORDS; do '
                   'COMP_WORDS[-1]=${COMP_WORDS[-1]%.}; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _netmend; echo "${COMPREPLY[@]}"; done')
        text = "".join("\t".join([NETMEND, *words]) + ".\n" for words in lines)  # the dot keeps an empty last word
        return [line.split() for line in subprocess.run(["bash", "--norc", "-c", program], input=text, check=True, capture_output=True,
                                                        text=True, cwd=self.dir).stdout.splitlines()]

    def complete(self, *words):
        return self.complete_each([words])[0]

    def test_every_verb_and_option(self):
        table = json.loads(run("help", "--json", check=True).stdout)
        self.assertEqual(set(self.complete("")) - {"help", "--help", "--version"}, {g["name"] for g in table["groups"]})
        asked = {}
        for group in table["groups"]:
            names = tuple(v["name"] for v in group["verbs"])
            if names != ("",):
                asked[group["name"], ""] = names
            for verb in group["verbs"]:
                asked[(group["name"], *filter(None, [verb["name"]]), "--")] = {o["name"] for o in verb["options"]} | {"--help"}
        for (words, wanted), offered in zip(asked.items(), self.complete_each(asked)):
            self.assertEqual(sorted(offered), sorted(wanted), words)

    def test_beginnings(self):
        self.assertEqual(self.complete("mach"), ["machines"])
        self.assertEqual(self.complete("machines", "--config", "x", "ho"), ["hold"])
        self.assertEqual(self.complete("release", "approver", "r"), ["remove"])
        self.assertEqual(self.complete("serve", "--interface", "l"), ["lo"])
        self.assertEqual(sorted(self.complete("check", "--config", "netm")), ["netmend.bash", "netmend.conf"])
        self.assertEqual(self.complete("recipe", "show", "crowd"), ["crowdstrike-291"])
        self.assertEqual(self.complete("frobnicate", ""), [])

    def test_names(self):
        """Of machines, from the store; a key pressed before there is one makes nothing."""
        self.assertEqual(self.complete("machines", "--config", self.config, "hold", "PC"), [])
        self.assertFalse(os.path.exists(os.path.join(self.dir, "state")))
        for mac, name in (("52:54:00:00:00:01", "PC01"), ("52:54:00:00:00:02", "PC 02"), ("52:54:00:00:00:03", "")):
            self.assertEqual(run("machines", "add", mac, *filter(None, [name]), "--config", self.config).returncode, 0)
        self.assertEqual(" ".join(self.complete("machines", "--config", self.config, "hold", "PC")), "PC01 PC\\ 02")
        self.assertEqual(self.complete("machines", "hold", "--config", self.config, "PC01", ""), [])

    def test_in_a_shell(self):
        shell = Terminal("bash", "--norc", "-i", PATH=BUILD + ":" + os.environ["PATH"])
        shell.type(f"PS1='ready> '; source {self.script}\n")
        shell.until(r"ready> .*ready> ")
        shell.type("netmend mach\t")
        shell.until(r"netmend machines ")
        shell.type("li\t")
        shell.until(r"list ")
        shell.type("\x15exit\n")
        shell.until(r"exit")
        shell.end()


class Suggestions(unittest.TestCase):
    def test_did_you_mean(self):
        for words, meant in ((("machnes",), "machines"), (("machines", "lst"), "machines list"), (("machines", "list", "--jsn"), "--json")):
            answer = run(*words)
            self.assertEqual(answer.returncode, 2)
            self.assertIn(f"did you mean {meant}?", answer.stderr)
        self.assertNotIn("did you mean", run("frobnicate").stderr)

    def test_help(self):
        everything = run("--help").stdout
        for group in json.loads(run("help", "--json").stdout)["groups"]:
            own = run(group["name"], "--help").stdout
            for verb in group["verbs"]:
                line = " ".join(filter(None, ["  netmend", group["name"], verb["name"], verb["words"]]))
                self.assertIn(line, everything)
                self.assertIn(line, own)
                for option in verb["options"]:
                    self.assertIn(option["name"], own)
        self.assertEqual(run().returncode, 2)


class Watch(Folder):
    def test_terminal(self):
        """Painted over, changed when the store is, clean after Ctrl-C."""
        self.assertEqual(run("machines", "add", "52:54:00:00:00:01", "PC01", "--config", self.config).returncode, 0)
        shell = Terminal("bash", "--norc", "-i")
        shell.type("PS1='ready> '; stty -a | tr ';' '\\n' >before\n".replace("before", self.dir + "/before"))
        shell.until(r"ready> .*ready> ")
        shell.type(f"{NETMEND} machines list --watch 0.2 --config {self.config}\n")
        shell.until(r"\x1b\[\?1049h\x1b\[\?25l.*every 0.2 s.*PC01")
        self.assertEqual(run("machines", "hold", "PC01", "--config", self.config).returncode, 0)
        picture = shell.until(r"\x1b\[H[^H]*\x1b\[31m|\x1b\[H.*held").group()
        self.assertNotIn("\x1b[2J", picture)
        shell.type("\x03")
        shell.until(r"\x1b\[\?7h\x1b\[\?25h\x1b\[\?1049l.*held.*ready> ")
        shell.type(f"echo status $?; stty -a | tr ';' '\\n' >{self.dir}/after\n")
        shell.until(r"status 0")
        shell.type("exit\n")
        shell.until(r"exit")
        shell.end()
        with open(self.dir + "/before") as before, open(self.dir + "/after") as after:
            self.assertEqual(before.read(), after.read())

    def test_json(self):
        """One object a line; ends at SIGTERM, too."""
        self.assertEqual(run("machines", "add", "52:54:00:00:00:01", "PC01", "--config", self.config).returncode, 0)
        with subprocess.Popen([NETMEND, "machines", "list", "--json", "--watch=0.2", "--config", self.config], stdout=subprocess.PIPE,
                              text=True) as watch:
            lines = [json.loads(watch.stdout.readline()) for _ in range(3)]
            watch.send_signal(signal.SIGTERM)
            self.assertEqual(watch.wait(60), 0)
        for line in lines:
            self.assertEqual((line["status"], line["answer"][0]["name"]), (0, "PC01"))
        self.assertGreaterEqual(lines[1]["at"] - lines[0]["at"], 100)

    def test_pipe(self):
        """No escape sequence in what is no terminal."""
        with subprocess.Popen([NETMEND, "recipe", "list", "--watch", "0.2"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True) as watch:
            self.assertEqual(watch.wait(60), 2)  # a list that never changes is not watched
        with subprocess.Popen([NETMEND, "machines", "list", "--watch", "0.2", "--config", self.config], stdout=subprocess.PIPE,
                              text=True) as watch:
            text = watch.stdout.readline() + watch.stdout.readline()
            watch.send_signal(signal.SIGINT)
            self.assertEqual(watch.wait(60), 0)
        self.assertNotIn("\x1b", text)


if __name__ == "__main__":
    unittest.main()
