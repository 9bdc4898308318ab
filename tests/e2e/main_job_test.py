#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job with real firmware, boot loader, BitLocker disk and appliance, from crash loop to Windows back."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import testing  # noqa: E402
from lab.story import Story  # noqa: E402


def forms(password):
    """How a recovery password could lie about: as text, without dashes, UTF-16, as the 16 key bytes."""
    key = b"".join((int(group) // 11).to_bytes(2, "little") for group in password.split("-"))
    bare = password.replace("-", "")
    return [password.encode(), bare.encode(), password.encode("utf-16le"), bare.encode("utf-16le"), key]


def memory_of(pid):
    """Everything a process can read of itself."""
    pieces = []
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, rights = line.split()[:2]
            if "r" not in rights or "[v" in line:
                continue
            start, end = (int(x, 16) for x in span.split("-"))
            try:
                memory.seek(start)
                pieces.append(memory.read(end - start))
            except (OSError, ValueError, OverflowError):
                continue
    return b"".join(pieces)


class MainJob(unittest.TestCase):
    def test_crash_loop_to_windows_back(self):
        story = Story("main-job")
        self.addCleanup(story.close)
        story.make_machines()
        story.start_appliance()
        story.crash_loop()
        story.network_boot()
        for machine, safe_mode in ((story.bitlocker, "minimal"), (story.plain, "none")):
            with self.subTest(machine.name):
                self.recovered(story, machine)
                self.assertEqual(story.last_crash(machine)["module"], "csagent.sys")
                self.assertEqual(story.appliance.detail(machine)["result"]["safe_mode"], safe_mode)
        row = story.wait_waiting()
        self.assertIn(story.no_key.windows.keys()[0][0], row["text"], "the page names the protector to look for")

        page = story.look_at_page("page")
        for text in (story.bitlocker.name, story.plain.name, story.no_key.name, "no key in escrow", "Windows is back"):
            self.assertIn(text.lower(), page.lower())

        story.floor.escrow(story.no_key)  # someone finds the key
        self.recovered(story, story.no_key)
        self.password_is_nowhere(story)

    def recovered(self, story, machine):
        story.wait_returned(machine)
        result = story.appliance.detail(machine)["result"]
        self.assertEqual(result["reason"], "REPAIRED")
        self.assertLessEqual(result["sectors"], 32)
        text = machine.wait_serial(r"STANDIN: (files unchanged: (\d+) of \2|FILES CHANGED.*|broken.*)", 480).group(0)
        self.assertIn("files unchanged", text)
        boots = machine.serial().split("STANDIN: firmware ")[1:]
        self.assertIn("BootCurrent=8000", boots[-1], "Windows Boot Manager was the entry started last")
        self.assertNotIn("BootNext still set", boots[-1])

    def password_is_nowhere(self, story):
        """Nothing that the run produced holds a recovery password, escrow's own memory apart."""
        passwords = [p for m in story.machines for _, p in m.windows.keys()]
        needles = [form for password in passwords for form in forms(password)]
        web = story.appliance.pids(r"netmend web")
        self.assertTrue(web)
        for pid in web + story.appliance.pids(r"netmend serve"):
            memory = memory_of(pid)
            self.assertGreater(len(memory), 100000)
            self.assertIn(story.bitlocker.mac.encode(), memory_of(web[0]).lower(), "the search itself works")
            for needle in needles:
                self.assertNotIn(needle, memory, f"memory of process {pid}")
        for machine in story.machines:
            machine.power_cut()
        story.appliance.stop()
        story.floor.network.stop()
        disks = {m.disk for m in story.machines}
        searched = 0
        for folder, _, names in os.walk(story.floor.workdir):
            for name in names:
                path = os.path.join(folder, name)
                if path in disks:
                    continue
                with open(path, "rb") as f:
                    data = f.read()
                searched += 1
                for needle in needles:
                    self.assertNotIn(needle, data, path)
        self.assertGreater(searched, 10)
        self.assertGreater(os.path.getsize(story.capture), 1000000, "the wire was captured")
        for disk in disks:  # grep reads sparse gigabytes faster than we do
            for password in passwords:
                found = subprocess.run(["grep", "-aFc", password, disk], capture_output=True, text=True)
                self.assertEqual(found.stdout.strip(), "0", disk)


if __name__ == "__main__":
    testing.main()
