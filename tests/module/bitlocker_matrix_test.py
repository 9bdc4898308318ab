#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""BitLocker volumes x readers. Rows: the volumes Windows made for cryptsetup's tests, and mkdisk's; columns: our layer,
cryptsetup, dislocker, bdemount, and what `fixer --image` does. Each cell has an expected answer (bitlocker_cases.py): the test
fails when ours differs from it, or when a tool that can read a volume does not agree about its plaintext. The table goes
to $TABLE, or is printed. Words on the command line choose rows."""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import bitlocker_cases
import bitlocker_readers as readers
import bitlocker_repair

MKDISK = os.path.join(readers.BUILD, "tests/generators/mkdisk")
ARCHIVE = "../shared/data/bitlk-images.tar.xz"
COLUMNS = ("ours", "cryptsetup", "dislocker", "bdemount", "repair")
READERS = {"ours": readers.ours, "cryptsetup": readers.cryptsetup, "dislocker": readers.dislocker,
           "bdemount": readers.bdemount}
LEGEND = """
read+write, read-only, ok, short (ends early), long (goes on), wrong: what the plaintext is worth, all of it compared; cryptsetup:
its key compared. A reason code, refuses, crashes: no plaintext. -: not asked. repaired: ntfs-3g sees the bad file gone and all
others as they were; a reason code in its place: the image is byte for byte as before."""
CASES = bitlocker_cases.WINDOWS + bitlocker_cases.GENERATED


class WindowsImages:
    """Unpacked once, and never written."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "bitlk-images")
        subprocess.run(["tar", "-xJf", ARCHIVE, "-C", folder], check=True)
        self.conf, section = {}, None
        with open(os.path.join(self.folder, "images.conf"), encoding="utf-8") as f:
            for line in f.read().splitlines():
                name, _, value = line.partition("=")
                if line.startswith("["):
                    section = self.conf.setdefault(line[len("[bitlk-"):-1], {})
                elif line:
                    section[name] = value

    def volume(self, case):
        conf = self.conf[case.name]
        value = conf.get(bitlocker_cases.CREDENTIALS[case.key], "")
        if case.key == "startup-key":
            value = os.path.join(self.folder, value.upper() + ".BEK")
        key = readers.Key(case.key.split()[0], "" if case.key == "clear" else value)
        path = os.path.join(self.folder, f"bitlk-{case.name}.img")
        return readers.Volume(path, key, conf["SHA256SUM"] or None, case.method)


class GeneratedVolume:
    """A volume of mkdisk and what it says of itself."""

    def __init__(self, case, folder):
        self.path = os.path.join(folder, "volume")
        startup_key = os.path.join(folder, "key.BEK")
        options = case.options
        if case.key == "startup-key" and "KEY.BEK" not in options:
            options += " --recovery-protectors 0 --startup-key KEY.BEK"
        subprocess.run([MKDISK, "--volume-only", "--size", "24", "--files", "60", "--output", self.path,
                        *options.replace("KEY.BEK", startup_key).split()], check=True, capture_output=True)
        with open(self.path + ".json", encoding="utf-8") as f:
            self.info = json.load(f)
        self.facts = self.info["bitlocker"]
        kind, _, number = case.key.partition(" ")
        value = {"recovery": lambda: self.facts["recovery_passwords"][int(number or 1) - 1]["password"],
                 "passphrase": lambda: self.opener("passphrase"), "startup-key": lambda: startup_key,
                 "vmk": lambda: self.facts["vmk"]}.get(kind, str)()
        self.volume = readers.Volume(self.path, readers.Key(kind, value), self.info["ntfs_sha256"],
                                     bitlocker_cases.METHODS[self.facts["method"]], bytes.fromhex(self.facts["fvek"]),
                                     self.facts["vmk"], self.info["sector_size"])
        if not self.facts["full_encryption"]:
            self.volume.sha256 = self.garbage_included(folder)

    def opener(self, kind):
        return next(p[kind] for p in self.facts["protectors"] if p["kind"] == kind)

    def garbage_included(self, folder):
        """Sectors never used hold what the disk held and decrypt to garbage: nobody but dislocker can say to which."""
        output = os.path.join(folder, "reference")
        subprocess.run(readers.dislocker_command(self.path, self.volume.by_vmk(), output), check=True, capture_output=True)
        digest = readers.sha256_of(output)
        os.unlink(output)
        return digest


class Row:
    """The answers about one case."""

    def __init__(self, case, lab):
        self.case = case
        self.answers, self.said = {}, {}
        if isinstance(case, bitlocker_cases.Windows) and not lab.windows:
            self.answers = dict.fromkeys(COLUMNS, readers.MISSING)
            self.said = dict.fromkeys(COLUMNS, ARCHIVE)
            return
        folder = tempfile.mkdtemp(dir=lab.folder)
        generated = isinstance(case, bitlocker_cases.Generated) and GeneratedVolume(case, folder)
        self.ask(generated.volume if generated else lab.windows.volume(case), folder)
        if generated:
            self.answers["repair"], self.said["repair"] = bitlocker_repair.repair(
                generated.volume, generated.info["bad_files"], folder, case.expected["dislocker"] == readers.OK)
        shutil.rmtree(folder)

    def ask(self, volume, folder):
        for column, reader in READERS.items():
            self.answers[column], self.said[column] = reader(volume, folder)
        self.answers["repair"] = readers.NOT_ASKED

    def differences(self):
        """[(column, got, expected)]"""
        return [(c, self.answers[c], self.case.expected[c]) for c in COLUMNS
                if self.answers[c] != self.case.expected[c] and self.answers[c] != readers.MISSING]

    def is_bad(self, column):
        """Ours and the repair have to be as expected, others to agree when they can."""
        return column in ("ours", "repair") or self.case.expected[column] == readers.OK

    def cells(self):
        different = {c for c, _, _ in self.differences()}
        return [self.case.name, self.case.key] + [self.answers[c] + (" (!)" if c in different else "") for c in COLUMNS]


class Lab:
    """All rows, two at a time, begun when the tests begin."""

    def __init__(self, cases):
        self.folder = tempfile.mkdtemp(prefix="netmend-matrix-")
        self.windows = WindowsImages(self.folder) if os.path.exists(ARCHIVE) else None
        self.pool = concurrent.futures.ThreadPoolExecutor(2)
        self.rows = {case: self.pool.submit(Row, case, self) for case in cases}

    def close(self):
        self.pool.shutdown(cancel_futures=True)
        shutil.rmtree(self.folder)

    def table(self):
        ended = {case: f for case, f in self.rows.items() if f.done() and not f.cancelled()}
        rows = [f.result() for f in ended.values() if not f.exception()]
        lines = [["volume", "key", *COLUMNS]] + [row.cells() for row in rows]
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
        text.insert(1, "-" * sum(widths, 2 * len(widths) - 2))
        text += [f"(!) {row.case.title()}: {column} says \"{got}\", expected \"{expected}\""
                 for row in rows for column, got, expected in row.differences()]
        text += [f"(!) {case.title()}: {f.exception()}" for case, f in ended.items() if f.exception()]
        return "\n".join(text + [LEGEND]) + "\n"


def method_name(case):
    """Numbered, so that the tests run in the order of the table."""
    return f"test_{CASES.index(case) + 1:03}_" + re.sub(r"\W+", "_", case.title())


def chosen():
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    return [case for case in CASES if not words or any(method_name(case) in word for word in words)]


def setUpModule():
    MatrixTest.lab = Lab(chosen())


def tearDownModule():
    MatrixTest.lab.close()
    if "TABLE" not in os.environ:
        print(MatrixTest.lab.table())
        return
    with open(os.environ["TABLE"], "w", encoding="utf-8") as f:
        f.write(MatrixTest.lab.table())


class MatrixTest(unittest.TestCase):
    lab = None

    def check(self, case):
        try:
            row = self.lab.rows[case].result()
        except FileNotFoundError as error:
            if error.filename not in ("dislocker-file", "ntfs-3g"):
                raise
            self.skipTest(f"no {error.filename}")
        for column, got, expected in row.differences():
            if row.is_bad(column):
                self.fail(f"{column} says \"{got}\", expected \"{expected}\": {row.said[column]}")
        missing = {row.said[column] for column in COLUMNS if row.answers[column] == readers.MISSING}
        if missing:
            self.skipTest("no " + ", ".join(sorted(missing)))

    def test_no_image_and_no_credential_is_left_out(self):
        if not self.lab.windows:
            self.skipTest("no " + ARCHIVE)
        there = {(image, key) for image, conf in self.lab.windows.conf.items()
                 for key, name in bitlocker_cases.CREDENTIALS.items() if conf.get(name)}
        asked = {(case.name, case.key) for case in bitlocker_cases.WINDOWS}
        self.assertEqual(len({image for image, _ in asked}), 21)
        self.assertEqual(there - asked, set())


for each in CASES:
    setattr(MatrixTest, method_name(each), lambda self, case=each: self.check(case))

if __name__ == "__main__":
    unittest.main()
