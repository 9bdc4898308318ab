#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend audit` on records whose chain this test computes itself, by the contract: what it shows, exports and lists for
rotation, what it makes of a record that was changed, and how it compares with copies in another log.
"""
import csv
import hashlib
import io
import json
import os
import shutil
import subprocess
import tempfile
import unittest

BUILD = os.environ.get("B", "build")
NETMEND = os.path.join(BUILD, "netmend")
GUIDS = [f"{n:08X}-1111-2222-3333-444455556666" for n in range(1, 9)]


def release(guid, machine, decision="released", **more):
    number = int(machine[2:])
    return {"campaign": "default", "decision": decision, "reason": "OK" if decision == "released" else "KEY_NOT_FOUND",
            "text": "", "source": "vault", "origin": "", "approved_by": [], "machine": machine, "uuid": f"UUID-{number}",
            "serial": f"SN{number}", "mac": f"52:54:00:00:00:{number:02x}", "ip": f"10.0.0.{number}", "session": "abcd",
            "request": "", "volume": GUIDS[7], "protector": guid, **more}


class Chain:
    """audit.log and audit.head as appliance/escrow/audit/ documents them."""

    def __init__(self):
        self.lines, self.hash = [], "0" * 64

    def add(self, event, fields, time):
        record = {"n": len(self.lines) + 1, "time": time, "event": event, "prev": self.hash, **fields}
        text = json.dumps(record, separators=(",", ":"), ensure_ascii=False)[:-1]
        self.hash = hashlib.sha256(text.encode()).hexdigest()
        self.lines.append(text + ',"hash":"' + self.hash + '"}')

    def write(self, folder):
        data = "".join(line + "\n" for line in self.lines).encode()
        with open(folder + "/audit.log", "wb") as f:
            f.write(data)
        with open(folder + "/audit.head", "w") as f:
            f.write(f"{len(self.lines):020d} {self.hash} {len(data):020d}\n")
        for name in ("audit.log", "audit.head"):
            os.chmod(os.path.join(folder, name), 0o600)
            os.chown(os.path.join(folder, name), os.stat(folder).st_uid, os.stat(folder).st_gid)

    def copies(self):
        """Lines of a syslog file with all of it."""
        return "".join(f"Nov 22 13:00:00 appliance netmend-escrow[77]: netmend-audit {n} 1/1 {json.loads(line)['hash']} {line}\n"
                       "Nov 22 13:00:01 appliance sshd[1]: something else\n" for n, line in enumerate(self.lines, 1))


class Audit(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.mkdtemp(prefix="netmend-audit-")
        self.addCleanup(shutil.rmtree, self.work)
        os.chmod(self.work, 0o755)
        self.state = self.work + "/state"
        # Makes the folders with their owners, and a configuration with users every host has.
        self.config = self.work + "/netmend.conf"
        with open(self.config, "w") as f:
            f.write(f"[server]\nstate = {self.state}\n")
        self.run_audit("verify")
        self.chain = Chain()
        c = self.chain
        c.add("start", {"version": "0.1.0", "campaign": "default", "approval": "auto", "sources": ["vault"], "locked": False},
              "2026-11-20T08:00:00Z")
        c.add("release", release(GUIDS[0], "PC1"), "2026-11-20T09:00:00Z")
        c.add("release", release(GUIDS[1], "PC2", "refused", ip="10.9.9.9"), "2026-11-20T09:00:01Z")
        c.add("release", release(GUIDS[2], "PC3", source="ad", origin="CN=PC3,DC=lab", approved_by=["anna", "ben"]),
              "2026-11-21T09:00:00Z")
        c.add("release", release(GUIDS[0], "PC1"), "2026-11-21T10:00:00Z")
        c.add("release", release(GUIDS[3], "PC4", text='=HYPERLINK("http://x"),"quoted" ü'), "2026-11-22T10:00:00Z")
        c.write(self.state + "/escrow")

    def run_audit(self, *words, text=None, status=0):
        done = subprocess.run([NETMEND, "audit", *words, "--config", self.config], input=text, capture_output=True, text=True)
        self.assertEqual(done.returncode, status, f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def file(self, name, text):
        path = os.path.join(self.work, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, 0o600)  # root's: not escrow-user's to open
        return path

    # --- verify ---------------------------------------------------------------------------------------

    def test_the_contract_s_own_chain_is_whole(self):
        self.assertIn("6 records, chain whole", self.run_audit("verify"))

    def test_a_changed_record_is_named(self):
        path = self.state + "/escrow/audit.log"
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(text.replace("10.9.9.9", "10.0.0.2"))
        said = self.run_audit("verify", status=1)
        self.assertIn("line 3, after record 2: changed", said)
        self.assertIn("not as they were written", said)
        self.run_audit("export", "-", status=1)

    def test_copies_find_a_record_that_was_written_anew(self):
        copies = self.file("syslog", self.chain.copies())
        said = self.run_audit("verify", "--copy", copies)
        self.assertIn("6 of them compared", said)
        forged = Chain()
        for line in self.chain.lines:
            record = json.loads(line)
            fields = {k: v for k, v in record.items() if k not in ("n", "time", "event", "prev", "hash")}
            if record["n"] == 4:
                fields["approved_by"] = ["carl"]
            forged.add(record["event"], fields, record["time"])
        forged.write(self.state + "/escrow")
        self.run_audit("verify")
        said = self.run_audit("verify", "--copy", copies, status=1)
        self.assertIn("record 4 is not the one that was copied", said)
        self.assertNotIn("record 3 ", said)
        self.run_audit("verify", "--copy", self.file("other", "nothing of ours\n"), status=1)

    # --- show, export ---------------------------------------------------------------------------------

    def test_show_is_a_table_and_filters(self):
        lines = self.run_audit("show").splitlines()
        self.assertEqual(len(lines), 7)
        where = lines[0].index("MACHINE")
        self.assertEqual([line[where:where + 3] for line in lines[2:]], ["PC1", "PC2", "PC3", "PC1", "PC4"])
        self.assertIn("approved_by=anna ben", lines[4])
        self.assertIn(GUIDS[2], lines[4])
        for which in ("PC1", "pc1", "SN1", "52:54:00:00:00:01", "10.0.0.1", "uuid-1"):
            self.assertEqual(len(self.run_audit("show", "--machine", which).splitlines()), 3, which)
        self.assertEqual(len(self.run_audit("show", "--since", "2026-11-21").splitlines()), 4)
        self.assertEqual(len(self.run_audit("show", "--since", "2026-11-21T09:30:00Z").splitlines()), 3)
        self.assertEqual(len(self.run_audit("show", "--since", "90000d").splitlines()), 7)
        self.run_audit("show", "--since", "yesterday", status=1)
        self.run_audit("show", "--until", "x", status=2)
        shown = [json.loads(line) for line in self.run_audit("show", "--json", "--machine", "PC3").splitlines()]
        self.assertEqual([r["n"] for r in shown], [4])

    def test_export_as_csv_and_json(self):
        path = os.path.join(self.work, "out.csv")
        self.run_audit("export", path)
        self.assertEqual((os.stat(path).st_mode & 0o777, os.stat(path).st_uid), (0o600, 0))
        with open(path, newline="") as f:
            rows = list(csv.DictReader(f))
        self.assertEqual([r["n"] for r in rows], ["1", "2", "3", "4", "5", "6", "6"])
        self.assertEqual((rows[-1]["event"], rows[-1]["hash"]), ("head", self.chain.hash))
        self.assertEqual(rows[3]["approved_by"], "anna ben")
        self.assertEqual(rows[5]["text"], "'" + '=HYPERLINK("http://x"),"quoted" ü')
        self.assertEqual(json.loads(rows[0]["more"]), {"version": "0.1.0", "approval": "auto", "sources": ["vault"],
                                                       "locked": False})
        lines = self.run_audit("export", "-", "--json").splitlines()
        self.assertEqual(lines[:-1], self.chain.lines)
        self.assertEqual(json.loads(lines[-1]), {"event": "head", "n": 6, "hash": self.chain.hash})

    # --- rotation -------------------------------------------------------------------------------------

    def due(self):
        return json.loads(self.run_audit("rotation", "--json"))

    def test_rotation_lists_what_was_released(self):
        found = self.due()
        self.assertEqual([(d["protector"], d["machine"], d["times"], d["source"]) for d in found["due"]],
                         [(GUIDS[0], "PC1", 2, "vault"), (GUIDS[2], "PC3", 1, "ad"), (GUIDS[3], "PC4", 1, "vault")])
        self.assertEqual((found["due"][0]["first"], found["due"][0]["last"]), ("2026-11-20T09:00:00Z", "2026-11-21T10:00:00Z"))
        self.assertEqual(found["due"][1]["origin"], "CN=PC3,DC=lab")
        self.assertIn("master key", found["why"])
        rows = list(csv.DictReader(io.StringIO(self.run_audit("rotation", "--csv"))))
        self.assertEqual([(r["protector"], r["serial"], r["times"]) for r in rows],
                         [(GUIDS[0], "SN1", "2"), (GUIDS[2], "SN3", "1"), (GUIDS[3], "SN4", "1")])
        self.assertIn("3 recovery passwords are due for rotation, 0 are done", self.run_audit("rotation"))

    def test_done_is_recorded_and_a_new_release_is_due_again(self):
        self.assertIn("1 marked", self.run_audit("rotation", "--done", GUIDS[0].lower()))
        self.run_audit("rotation", "--done", GUIDS[6], status=1)
        listed = self.file("done", f"machine;key\nPC3;{{{GUIDS[2]}}}\nnothing here\n")
        self.assertIn("1 marked", self.run_audit("rotation", "--done", listed))
        found = self.due()
        self.assertEqual(([d["protector"] for d in found["due"]], found["done"]), ([GUIDS[3]], 2))
        with open(self.state + "/escrow/audit.log") as f:
            lines = f.read().splitlines()
        records = [json.loads(line) for line in lines]
        self.assertEqual([(r["event"], r["protector"], r["machine"]) for r in records[-2:]],
                         [("rotated", GUIDS[0], "PC1"), ("rotated", GUIDS[2], "PC3")])
        self.assertIn("8 records, chain whole", self.run_audit("verify"))
        again = Chain()
        again.lines, again.hash = lines, records[-1]["hash"]
        again.add("release", release(GUIDS[0], "PC1"), "2026-11-23T10:00:00Z")
        again.write(self.state + "/escrow")
        self.assertEqual([(d["protector"], d["times"]) for d in self.due()["due"]], [(GUIDS[3], 1), (GUIDS[0], 1)])

    # --- who may read ---------------------------------------------------------------------------------

    def test_nobody_else_reads_the_files(self):
        for uid in (64871, 65534):
            code = f"import os;os.setgroups([]);os.setgid({uid});os.setuid({uid});open({self.state + '/escrow/audit.log'!r})"
            done = subprocess.run(["/usr/bin/python3", "-c", code], capture_output=True, text=True)
            self.assertIn("PermissionError", done.stderr)


if __name__ == "__main__":
    unittest.main()
