# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of iPXE's script language as netboot/ uses. A command it does not know ends the script, as in iPXE."""
import asyncio
import re
from urllib.parse import quote

from .transfer import TransferError, http

SCRIPT_MAX = 1 << 16


class Ended(Exception):
    """The script has: it restarts the machine, or fails."""


class Script:
    """Runs from the first script to `boot`. fetched(what, bytes) is told of every image; waited, of every script that waits."""

    def __init__(self, machine, counts):
        self.machine, self.counts = machine, counts
        self.values, self.images, self.command_line, self.chained = dict(machine.values()), {}, "", None

    async def run(self, url):
        """Until `boot`: {name: bytes} of the images; command_line is the kernel's."""
        await self.chain(["--timeout", "60000", url])
        while self.chained is not None:
            text, self.chained = self.chained, None
            await self.lines(text)
            if self.images.get("booted"):
                return self.images
        raise Ended("the script ends without a boot")

    async def lines(self, text):
        lines, at = text.splitlines(), 0
        if not lines or lines[0] != "#!ipxe":
            raise Ended("no script")
        while at < len(lines) and self.chained is None and not self.images.get("booted"):
            label = await self.line(self.fill(lines[at]))
            at = lines.index(":" + label) if label else at + 1

    def fill(self, line):
        def value(match):
            name, _, kind = match.group(1).partition(":")
            text = self.values.get(name, "")
            return quote(text, safe="") if kind == "uristring" else text.replace(":", "-") if kind == "hexhyp" else text
        return re.sub(r"\$\{([^}]*)\}", value, line)

    async def line(self, line):
        """The label to go on at, or None. `a && b || c`: b when a was done, c when what was tried last was not."""
        if line.startswith(("#", ":")) or not line.strip():
            return None
        words, good = re.split(r"\s*(&&|\|\|)\s*", line), True
        for joint, text in zip(["&&", *words[1::2]], words[::2]):
            if (joint == "&&") != good:
                continue
            name, *rest = text.split() or ["true"]
            if name == "goto":
                return rest[0]
            good = await self.command(name, rest)
        if not good:
            raise Ended(f"failed: {line[:60]}")
        return None

    async def command(self, name, words):
        if name == "set":
            self.values[words[0].split(":")[0]] = " ".join(words[1:])
        elif name == "inc":
            self.values[words[0]] = str(int(self.values[words[0]]) + 1)
        elif name == "iseq":
            return len(words) == 2 and words[0] == words[1]
        elif name == "sleep":
            await asyncio.sleep(int(words[0]))
        elif name == "imgfree":
            self.images = {}
        elif name in ("chain", "kernel", "initrd"):
            return await self.fetch(name, words)
        elif name == "boot":
            self.images["booted"] = True
        elif name == "reboot":
            raise Ended("the script restarts the machine")
        elif name not in ("echo", "true"):
            raise Ended(f"unknown command {name}")
        return True

    async def fetch(self, name, words):
        try:
            await (self.chain(words) if name == "chain" else self.image(name, words))
            return True
        except TransferError as error:
            self.counts[f"{name} again: {error}"] += 1
            return False

    @staticmethod
    def take(words, *options):
        """(seconds of silence, what follows the options)."""
        quiet, at = 60.0, 0
        while at < len(words) and words[at].startswith("--"):
            if words[at] == "--timeout":
                quiet = int(words[at + 1]) / 1000
            at += 2 if words[at] in ("--timeout", *options) else 1
        return quiet, words[at:]

    async def chain(self, words):
        quiet, (url, *_) = self.take(words)
        _, body = await http(self.machine.address, url, quiet, keep=True)
        self.chained = body[:SCRIPT_MAX].decode()
        if "\nsleep" in self.chained and re.search(r"waits (\(|for its turn)", self.chained):
            self.counts["scripts that wait"] += 1

    async def image(self, name, words):
        quiet, (url, *rest) = self.take(words, "--name")
        with self.machine.stage(name):
            self.images[name], _ = await http(self.machine.address, url, quiet)
        if name == "kernel":
            self.command_line = " ".join(rest)
