#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend keys` on the vault: exports of every kind in, never a password out, and what a stolen copy of the files tells.

Run as root, as an administrator would: netmend hands the work to netmend-escrow under its user.
"""
import fcntl
import json
import os
import pty
import select
import signal
import sqlite3
import struct
import subprocess
import termios
import time
import unittest
import uuid

from directory_lab import SANITIZED
from keys_lab import Case, crowdstrike, keys


class Import(Case):
    def test_several_files(self):
        rows = keys(30)
        first = self.file("first export.csv", crowdstrike(rows[:10]))
        second = self.file("second.csv", ("HostName, RecoveryPassword\r\n" + "".join(
            f"{host}, {digits}\r\n" for host, _, digits in rows[10:20]) + "ZEBRAX, NOData\r\n").encode("utf-16"))
        third = "ID;Key\n" + "".join(f"{{{guid.lower()}}};{digits.replace('-', '')}\n" for _, guid, digits in rows[20:])
        done = self.keys("import", first, second, "-", stdin=third, status=3)
        self.assertIn(f"{second} (UTF-16LE): column 1 'HostName' is the machine's name", done.stderr)
        self.assertIn("there are no key IDs", done.stderr)
        self.assertIn(f"{second}: line 12: the export says that there is no recovery password\n", done.stderr)
        self.assertIn(f"{first}: 10 added, 0 already there, 0 rejected\n", done.stdout)
        self.assertIn("1 rejected: the export says", done.stdout)
        self.assertEqual(self.count(), 30)
        again = self.keys("import", first, second, status=3)
        self.assertIn(f"{first}: 0 added, 10 already there", again.stdout)
        self.assertIn(f"{second}: 0 added, 10 already there, 1 rejected", again.stdout)
        self.assertEqual(self.count(), 30)
        imports = [r for r in self.audit() if r["event"] == "import"]
        self.assertEqual([(r["file"], r["added"], r["rejected"]) for r in imports[:3]],
                         [(first, 10, 0), (second, 10, 1), ("standard input", 10, 0)])
        self.nothing_shown(rows)

    def nothing_shown(self, rows):
        for _, _, digits in rows:
            for text in self.shown:
                self.assertNotIn(digits, text)
                self.assertNotIn(digits.replace("-", ""), text)
                self.assertNotIn(digits[:13], text)

    def test_every_rejected_row_by_line_and_reason(self):
        good = keys(1)[0]
        wrong = good[2][:-1] + str((int(good[2][-1]) + 1) % 10)
        lines = ["Name,Key ID,Recovery Key", ",".join(good), f"B,{good[1]},{wrong}", f"C,{good[1]},{good[2][:-1]}",
                 f"D,{good[1]},NULL", f"E,{good[1]},NULL", f"F,{good[1]},", f"G,{good[1]},System.Object[]",
                 f"H,{good[1]},1.23457E+47", f",,{good[2]}", f"{'long' * 5000},{good[1]},{good[2]}", f'J,"{good[1]},{good[2]}']
        done = self.keys("import", self.file("a.csv", "\n".join(lines) + "\n"), status=3)
        path = self.path("a.csv")
        for text in ("line 3: the recovery password has a typing error in group 8", "line 4: not 48 digits, but 47",
                     "lines 5 to 6: NULL instead", "line 7: the recovery password is empty", "line 8: System.Object[]",
                     "line 9: a spreadsheet program has rounded", "line 10: neither key ID", "line 11: row longer than",
                     "lines 12 to 13: a quote that is never closed"):
            self.assertIn(f"{path}: {text}", done.stderr)
        self.assertIn("1 added, 0 already there, 10 rejected", done.stdout)
        self.assertIn("  2 rejected: NULL instead", done.stdout)
        self.nothing_shown([good, ("", "", wrong), ("", "", good[2][:-1])])

    def test_dry_run(self):
        path = self.file("a.csv", crowdstrike(keys(20)))
        done = self.keys("import", "--dry-run", path)
        self.assertIn("20 added, 0 already there, 0 rejected (dry run: nothing was kept)", done.stdout)
        self.assertEqual(self.count(), 0)
        self.keys("import", path)
        self.assertIn("0 added, 20 already there", self.keys("import", path, "--dry-run").stdout)
        self.assertEqual(sum(r["event"] == "import" for r in self.audit()), 1)

    def test_two_passwords_for_one_id_are_both_kept(self):
        rows = keys(2)
        path = self.file("a.csv", crowdstrike([rows[0], (rows[0][0], rows[0][1], rows[1][2])]))
        self.assertIn("1 of them for a key ID that had another key", self.keys("import", path).stdout)
        self.assertEqual(self.count(), 2)

    def test_files_that_are_not_there(self):
        good = self.file("a.csv", crowdstrike(keys(1)))
        self.assertIn("/nowhere: No such file", self.keys("import", good, "/nowhere", status=1).stderr)
        self.keys("import", status=2)
        self.keys("list", "--dry-run", status=2)
        self.keys("nonsense", status=2)
        self.assertIn("0 added", self.keys("import", self.dir, status=1).stdout)

    def wait_idle(self, child):
        """Until all that was written to it is read, and it waits for more."""
        end, seen = time.monotonic() + 60, 0
        while seen < 10:
            self.assertLess(time.monotonic(), end, "it does not read what it is given")
            time.sleep(0.05)
            left = struct.unpack("i", fcntl.ioctl(child.stdin, termios.FIONREAD, bytes(4)))[0]
            with open(f"/proc/{child.pid}/stat") as f:
                asleep = f.read().rsplit(")", 1)[1].split()[0] == "S"
            seen = seen + 1 if asleep and left == 0 else 0

    def test_stopped_by_hand_nothing_is_lost(self):
        rows = keys(500)
        with subprocess.Popen(self.command("import", "-"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as child:
            text = crowdstrike(rows)
            # More than is looked at first, so that rows are under way, and then it waits.
            child.stdin.write(text + "x,y,z\n" * 20000)
            child.stdin.flush()
            self.wait_idle(child)
            with open(f"/proc/{child.pid}/status") as f:  # a file of somebody else's making is read behind walls
                self.assertRegex(f.read(), r"Seccomp:\s+0\n" if SANITIZED else r"Seccomp:\s+2\n")  # a build with sanitizers has no walls
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=60)
        self.assertEqual(child.returncode, 1, err)
        self.assertIn("stopped after", out)
        self.assertIn("import the file again for the rest", out)
        self.assertEqual(self.count(), 500)
        self.assertTrue([r["stopped"] for r in self.audit() if r["event"] == "import"][0])
        self.assertIn("0 added, 500 already there", self.keys("import", "-", stdin=text).stdout)

    def test_progress_of_a_large_file(self):
        path = self.file("large.csv", crowdstrike(keys(60000)))
        master, slave = pty.openpty()
        shown = b""
        with subprocess.Popen(self.command("import", path), stdout=subprocess.DEVNULL, stderr=slave) as child:
            os.close(slave)
            try:
                while select.select([master], [], [], 60)[0]:
                    shown += os.read(master, 4096)
            except OSError:
                pass  # the other end is closed
        os.close(master)
        self.assertEqual(child.returncode, 0, shown)
        self.assertRegex(shown.decode(), r"large\.csv: \d+ rows \(\d+ % of \d+ kB\), \d+ a second")
        self.assertEqual(self.count(), 60000)

    def test_two_imports_at_once(self):
        paths = [self.file(f"{i}.csv", crowdstrike(keys(3000, seed=i))) for i in range(2)]
        children = [subprocess.Popen(self.command("import", path), stdout=subprocess.PIPE, stderr=subprocess.PIPE) for path in paths]
        for child in children:
            _, err = child.communicate(timeout=60)
            self.assertEqual(child.returncode, 0, err)
        self.assertEqual(self.count(), 6000)


class List(Case):
    def setUp(self):
        super().setUp()
        self.rows = keys(5)
        self.keys("import", self.file("a.csv", crowdstrike(self.rows)))
        self.keys("import", self.file("b.csv", "Serial,Password\n5CD1234,%s\n" % keys(1, seed=9)[0][2]))

    def test_list(self):
        done = self.keys("list")
        for host, guid, digits in self.rows:
            line = next(line for line in done.stdout.splitlines() if guid in line)
            self.assertIn(host, line)
            self.assertIn("import", line)
            self.assertNotIn(digits[:6], line.replace(host, "").replace(guid, ""))
        self.assertIn("(no key ID)", done.stdout)
        listed = json.loads(self.keys("list", "--json").stdout)["keys"]
        self.assertEqual([(r["host"], r["id"]) for r in listed[:5]], [(host, guid) for host, guid, _ in self.rows])
        self.assertEqual((listed[5]["id"], listed[5]["serial"]), ("", "5CD1234"))
        self.assertLess(abs(listed[0]["added"] / 1000 - time.time()), 300)
        self.assertEqual(sum(r["event"] == "list" for r in self.audit()), 2)

    def test_missing(self):
        none = self.file("none.csv", "Name,Serial\nzebra000001.lab.test,X\nOther,5cd1234\n")
        self.assertEqual(self.keys("list", "--missing", none).stdout, "")
        some = self.file("some.csv", f"Asset;Computer Name;Recovery Key ID\n1;ZEBRA000002;\n2;LION7;\n"
                                     f"3;;{self.rows[3][1]}\n4;;{uuid.UUID(int=7)}\n;;\n")
        done = self.keys("list", "--missing", some, status=3)
        self.assertEqual(done.stdout.splitlines(), ["line 3: LION7", f"line 5: {uuid.UUID(int=7)}"])
        self.assertIn("2 of 4 machines have no recovery key", done.stderr)
        # A bare list of names or serials, as people keep them.
        bare = self.file("bare.txt", "ZEBRA000000\n5CD1234\nTIGER\n".encode("utf-16"))
        done = json.loads(self.keys("list", "--missing", bare, "--json", status=3).stdout)
        self.assertEqual((done["machines"], [m["host"] for m in done["missing"]]), (3, ["TIGER"]))
        self.keys("list", "--missing", self.file("blank.csv", ",,\n\n"), status=1)
        self.keys("list", "--missing", status=2)
        self.keys("list", none, status=2)

    def test_wipe(self):
        self.assertIn("nothing was removed", self.keys("wipe", stdin="no\n", status=1).stderr)
        self.assertEqual(self.count(), 6)
        self.assertIn("6 recovery keys removed", self.keys("wipe", stdin="wipe\n").stdout)
        self.assertEqual(self.count(), 0)
        self.assertEqual([r["keys"] for r in self.audit() if r["event"] == "wipe"], [6])
        self.keys("import", self.path("a.csv"))
        self.keys("wipe", "--yes")
        self.assertLess(os.path.getsize(os.path.join(self.state, "escrow", "vault.db")), 100000)


class StolenCopy(Case):
    """The table in appliance/escrow/vault/README.md, looked at from outside."""
    def test_vault_tells_neither_ids_nor_names_nor_keys(self):
        rows = keys(300)
        named = keys(20, seed=4)
        self.keys("import", self.file("a.csv", crowdstrike(rows)))
        self.keys("import", self.file("b.csv", "Serial,Key\n" + "".join(f"HIPPO{i},{k[2]}\n" for i, k in enumerate(named))))
        # Held open, so that the log of changes is there too.
        folder = os.path.join(self.state, "escrow")
        held = sqlite3.connect(os.path.join(folder, "vault.db"))
        self.assertEqual(held.execute("SELECT count(*) FROM records").fetchone()[0], 320)
        self.keys("import", self.file("c.csv", crowdstrike(keys(50, seed=5))))
        files = {}
        for name in os.listdir(folder):
            if name.startswith("vault.db"):
                with open(os.path.join(folder, name), "rb") as f:
                    files[name] = f.read()
        self.assertGreater(len(files["vault.db-wal"]), 10000)
        self.assertEqual(sorted({len(box) for box, in held.execute("SELECT box FROM records")}), [208])
        held.close()
        searched = 0
        for host, guid, digits in rows + named + keys(50, seed=5):
            raw = b"".join(struct.pack("<H", int(group) // 11) for group in digits.split("-"))
            wanted = [raw, raw[:8], raw[::-1], uuid.UUID(guid).bytes, uuid.UUID(guid).bytes_le]
            for text in (guid, guid.lower(), guid.replace("-", ""), digits, digits.replace("-", ""), digits[:13], host, host.lower()):
                wanted += [text.encode(), text.encode("utf-16-le")]
            for name, content in files.items():
                for piece in wanted:
                    self.assertNotIn(piece, content, f"{name}: {piece}")
                    searched += 1
        for word in (b"ZEBRA", b"Giraffe", b"HIPPO", b"hippo", b"zebra"):
            for name, content in files.items():
                self.assertNotIn(word, content, name)
        self.assertGreater(searched, 10000)

    def test_what_it_does_tell(self):
        self.keys("import", self.file("a.csv", crowdstrike(keys(7))))
        db = sqlite3.connect(os.path.join(self.state, "escrow", "vault.db"))
        self.assertEqual(db.execute("SELECT count(*), count(DISTINCT id_hash) FROM records").fetchone(), (7, 7))
        self.assertEqual(db.execute("SELECT name FROM sources").fetchall(), [("import",)])
        added = db.execute("SELECT DISTINCT added FROM records").fetchall()
        self.assertLess(abs(added[0][0] / 1000 - time.time()), 300)
        db.close()

    def test_files_are_of_escrow_user_alone(self):
        self.keys("import", self.file("a.csv", crowdstrike(keys(1))))
        folder = os.path.join(self.state, "escrow")
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
        for name in os.listdir(folder):
            entry = os.stat(os.path.join(folder, name))
            self.assertEqual((entry.st_mode & 0o777, entry.st_uid), (0o600, os.stat(folder).st_uid), name)
            self.assertNotEqual(entry.st_uid, 0)


if __name__ == "__main__":
    unittest.main()
