#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend release`: what people decide, against a stand-in of escrow's socket."""
import json
import os
import pty
import select
import subprocess
import tempfile
import time
import unittest

from release_standin import StandIn

NETMEND = os.path.join(os.environ.get("B", "build"), "netmend")
OK = {"ok": True, "reason": "OK", "text": ""}
STATUS = {"ok": True, "text": "", "keys": 1234, "locked": False, "box": "", "approval": "pairing", "campaign": "july",
          "released": 12, "stopped": "", "requests": 3, "waiting": {"machines": 40, "per_minute": 700}, "sources": [],
          "snapshot": {"running": False, "source": "", "records": 0, "text": ""}}


def request(number, code, name, needs=1, approved=()):
    now = int(time.time() * 1000)
    return {"request": f"{number:016x}", "code": code, "since": now - 300_000, "expires": now + 3_300_000, "needs": needs,
            "approved": list(approved),
            "machine": {"id": number, "name": name, "uuid": "", "serial": f"SN{number}", "mac": f"52:54:00:00:{number // 256:02x}:{number % 256:02x}",
                        "ip": f"10.1.{number // 256}.{number % 256}"}}


REQUESTS = [request(1, "K7Q4MF", "PC01"), request(2, "ACDEFG", "PC02"), request(3, "HJKLMN", "PC02")]


def results(*reasons):
    return {**OK, "results": [{"request": f"{n:016x}", "reason": reason, "text": ""} for n, reason in reasons]}


@unittest.skipIf(os.geteuid() != 0, "needs root")
class Release(unittest.TestCase):
    def setUp(self):
        work = tempfile.TemporaryDirectory(prefix="netmend-release-")
        self.addCleanup(work.cleanup)
        self.work = work.name
        self.config = os.path.join(self.work, "netmend.conf")
        with open(self.config, "w") as f:
            f.write(f"[server]\nruntime = {self.work}\n")
        self.answers = {"status": STATUS, "requests": {"ok": True, "requests": REQUESTS}, "stop": OK, "resume": OK, "trust": OK,
                        "approver": OK, "suspects": {"ok": True, "suspects": []}}

    def escrow(self):
        escrow = StandIn(self.work, self.answers)
        self.addCleanup(escrow.close)
        return escrow

    def netmend(self, *words, given=""):
        done = subprocess.run([NETMEND, "release", *words, "--config", self.config], capture_output=True, text=True, timeout=60,
                              input=given)
        return done.returncode, done.stdout, done.stderr

    def test_not_running(self):
        code, out, err = self.netmend("status")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("escrow does not run", err)
        self.assertIn("netmend serve", err)

    def test_no_answer(self):
        escrow = self.escrow()
        escrow.mute = True
        code, _, err = self.netmend("status")
        self.assertEqual(code, 1)
        self.assertIn("without an answer", err)

    def test_nonsense(self):
        escrow = self.escrow()
        for raw in (b"{", b"[]", b'{"v":2,"id":1,"ok":true}', b'{"v":1,"v":1,"id":1,"ok":true}', b"x" * (128 * 1024 + 1)):
            escrow.raw = raw
            code, out, err = self.netmend("status")
            self.assertEqual((code, out), (1, ""), raw[:40])
            self.assertIn("escrow", err)

    def test_arguments(self):
        for words in ((), ("what",), ("approve",), ("trust",), ("resume", "now"), ("list", "--as", "anna"), ("stop", "--json"),
                      ("approver",), ("status", "--yes")):
            code, out, err = self.netmend(*words)
            self.assertEqual((code, out), (2, ""), words)
            self.assertRegex(err, "--help|^netmend release: ")

    def test_status(self):
        escrow = self.escrow()
        escrow.news = True
        code, out, err = self.netmend("status")
        self.assertEqual((code, err), (0, ""))
        for word in ("running", "pairing", "july, 12 released", "3 for people", "40 machines, about 700", "1234 keys"):
            self.assertIn(word, out)
        self.assertEqual(escrow.asked, [{"op": "status", "v": 1, "id": 1}, {"op": "suspects", "v": 1, "id": 2}])
        self.assertNotIn("suspect", out)
        code, out, _ = self.netmend("status", "--json")
        self.assertEqual(json.loads(out)["campaign"], "july")
        self.answers["suspects"] = {"ok": True, "suspects": [{"what": "PC01 (number 1)", "why": "it asked for \x1b much"}]}
        code, out, _ = self.netmend("status", "--json")
        self.assertEqual(json.loads(out)["suspects"][0]["what"], "PC01 (number 1)")
        _, out, _ = self.netmend("status")
        self.assertIn("suspect   PC01 (number 1): it asked for ? much\n", out)
        self.assertIn("release trust", out)
        self.answers["status"] = {**STATUS, "stopped": "5 suspects", "locked": True, "approval": "two-person"}
        _, out, _ = self.netmend("status")
        for word in ("stopped: 5 suspects", "release resume", "keys unlock", "two people"):
            self.assertIn(word, out)

    def test_hostile_names(self):
        self.escrow()
        hostile = request(1, "K7Q4MF", "\x1b[2Jevil\nname")
        self.answers["requests"] = {"ok": True, "requests": [hostile]}
        _, out, _ = self.netmend("list")
        self.assertNotIn("\x1b", out)
        self.assertEqual(len(out.splitlines()), 2)

    def test_list(self):
        self.escrow()
        code, out, _ = self.netmend("list")
        lines = out.splitlines()
        self.assertEqual((code, len(lines)), (0, 4))
        for word in ("K7Q4MF", "PC01", "52:54:00:00:00:01", "10.1.0.1", "SN1", "5 min", "54 min", "0000000000000001", "0 of 1"):
            self.assertIn(word, lines[1])
        code, out, _ = self.netmend("list", "--json")
        self.assertEqual(json.loads(out), REQUESTS)
        self.answers["requests"] = {"ok": True, "requests": []}
        self.assertEqual(self.netmend("list")[1], "Nobody waits for approval.\n")

    def test_more_than_a_message_holds(self):
        escrow = self.escrow()
        escrow.page = 370
        self.answers["requests"] = {"ok": True, "requests": [request(n, "K7Q4MF", f"PC{n}") for n in range(1, 1001)]}
        code, out, _ = self.netmend("list", "--json")
        self.assertEqual([r["machine"]["id"] for r in json.loads(out)], list(range(1, 1001)))
        self.assertEqual([q["skip"] for q in escrow.asked], [0, 370, 740, 1000])
        self.answers["decide"] = results((1000, "OK"))
        self.assertEqual(self.netmend("approve", "PC1000", "--yes")[0], 0)

    def test_approve(self):
        escrow = self.escrow()
        self.answers["decide"] = results((1, "OK"), (2, "OK"))
        for words in (("K7Q4MF", "ACDEFG"), ("k7q4mf", "2"), ("0000000000000001", "52-54-00-00-00-02"), ("PC01", "10.1.0.2"),
                      ("SN1", "sn2", "1", "PC01")):
            escrow.asked.clear()
            code, out, err = self.netmend("approve", *words, "--yes", "--why", "ticket 7")
            self.assertEqual((code, err), (0, ""), words)
            self.assertIn("K7Q4MF  PC01 52:54:00:00:00:01: approved", out)
            self.assertEqual(escrow.asked[-1], {"op": "decide", "v": 1, "id": 3, "from": "", "approver": "", "passphrase": "",
                                               "decision": "approve", "requests": [f"{n:016x}" for n in (1, 2)],
                                               "why": "ticket 7"})

    def test_approve_nobody(self):
        escrow = self.escrow()
        for words in (("PC09",), ("PC01", "PC02"), ("PC01", "K7Q4M")):
            code, _, err = self.netmend("approve", *words, "--yes")
            self.assertEqual(code, 1, words)
            self.assertRegex(err, "no request of|several are called")
        # Nothing is released without a look at the codes.
        code, out, err = self.netmend("approve", "PC01")
        self.assertEqual(code, 2)
        self.assertIn("--yes", err)
        self.assertIn("K7Q4MF", out)
        self.assertEqual({q["op"] for q in escrow.asked}, {"requests"})

    def test_a_code_for_a_name(self):
        """A machine that calls itself by another one's code or request is not meant by it."""
        escrow = self.escrow()
        self.answers["requests"] = {"ok": True, "requests": [request(1, "ACDEFG", "k7q4mf"), request(2, "HJKLMN", "0" * 15 + "9")]}
        for word in ("K7Q4MF", "0" * 15 + "9"):
            code, _, err = self.netmend("approve", word, "--yes")
            self.assertEqual(code, 1)
            self.assertIn("no request of", err)
        self.assertEqual({q["op"] for q in escrow.asked}, {"requests"})

    def test_some_refused(self):
        self.escrow()
        self.answers["decide"] = results((1, "OK"), (2, "REQUEST_GONE"))
        code, out, _ = self.netmend("approve", "PC01", "ACDEFG", "--yes")
        self.assertEqual(code, 1)
        self.assertIn("PC01 52:54:00:00:00:01: approved", out)
        self.assertIn("PC02 52:54:00:00:00:02: no such request any more", out)

    def test_no_results_is_no_success(self):
        self.escrow()
        self.answers["decide"] = {**OK, "results": []}
        self.assertEqual(self.netmend("approve", "PC01", "--yes")[0], 1)

    def test_as_somebody(self):
        escrow = self.escrow()
        self.answers["decide"] = results((1, "OK"))
        code, _, err = self.netmend("approve", "PC01", "--yes", "--as", "anna", given="correct horse\r\nmore\n")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual((escrow.asked[-1]["approver"], escrow.asked[-1]["passphrase"]), ("anna", "correct horse"))
        for given in ("", "\n", "x" * 257 + "\n", "nul\0byte\n", "ctl\x07\n"):
            code, _, err = self.netmend("approve", "PC01", "--yes", "--as", "anna", given=given)
            self.assertEqual(code, 1, given[:20])
            self.assertIn("passphrase", err)
        self.answers["decide"] = {"ok": False, "reason": "APPROVER_UNKNOWN", "text": "", "results": []}
        code, out, err = self.netmend("approve", "PC01", "--yes", "--as", "anna", given="wrong horse\n")
        self.assertEqual(code, 1)
        self.assertIn("name or passphrase is wrong", err)
        self.assertNotIn(": approved", out)

    def test_two_persons_have_names(self):
        self.escrow()
        self.answers["requests"] = {"ok": True, "requests": [request(1, "K7Q4MF", "PC01", needs=2, approved=["anna"])]}
        code, out, err = self.netmend("approve", "PC01", "--yes")
        self.assertEqual(code, 2)
        self.assertIn("--as NAME", err)
        self.assertIn("1 of 2: anna", out)

    def test_deny(self):
        escrow = self.escrow()
        self.answers["decide"] = results((1, "OK"))
        code, out, _ = self.netmend("deny", "PC01", "--why", "not ours")
        self.assertEqual(code, 0)
        self.assertIn("denied", out)
        self.assertEqual((escrow.asked[-1]["decision"], escrow.asked[-1]["why"]), ("deny", "not ours"))

    def test_orders(self):
        escrow = self.escrow()
        for words, question in ((("stop",), {"op": "stop", "why": ""}), (("stop", "floor 3"), {"op": "stop", "why": "floor 3"}),
                                (("resume",), {"op": "resume"}), (("trust", "PC01"), {"op": "trust", "which": "PC01"})):
            escrow.asked.clear()
            code, out, err = self.netmend(*words)
            self.assertEqual((code, err), (0, ""))
            self.assertTrue(out)
            self.assertEqual(escrow.asked, [{**question, "v": 1, "id": 1}])
            self.answers[words[0]] = {"ok": False, "reason": "REQUEST_GONE", "text": "nobody \x1b[1mthere"}
            code, out, err = self.netmend(*words)
            self.assertEqual((code, out), (1, ""))
            self.assertEqual(err, "netmend: no such request any more: nobody ?[1mthere\n")
            self.answers[words[0]] = OK

    def test_approvers(self):
        escrow = self.escrow()
        code, out, _ = self.netmend("approver", "add", "anna", given="correct horse\n")
        self.assertEqual(code, 0)
        self.assertIn("anna may approve", out)
        self.assertEqual(self.netmend("approver", "remove", "anna")[0], 0)
        self.answers["approver"] = {**OK, "names": ["anna", "bert"]}
        self.assertEqual(self.netmend("approver", "list")[:2], (0, "approver\nanna\nbert\n"))
        self.assertEqual([(q["action"], q["name"], q["passphrase"]) for q in escrow.asked],
                         [("add", "anna", "correct horse"), ("remove", "anna", ""), ("list", "", "")])
        self.assertEqual(self.netmend("approver", "add")[0], 2)

    # --- at a terminal ---

    def at_terminal(self, *words, typed):
        """typed: [(what is waited for, what is typed then)]. (exit status, all that was shown)"""
        pid, fd = pty.fork()
        if pid == 0:
            os.execl(NETMEND, NETMEND, "release", *words, "--config", self.config)
        shown, end = "", time.time() + 30
        try:
            for wanted, text in [*typed, (None, "")]:
                while wanted is None or wanted not in shown:
                    if not select.select([fd], [], [], max(0, end - time.time()))[0]:
                        self.fail(f"waited for {wanted}: {shown}")
                    try:
                        shown += os.read(fd, 4096).decode()
                    except OSError:
                        break
                shown = shown if wanted is None else shown.replace(wanted, f"<{wanted[0]}>", 1)
                time.sleep(0.1)  # echo off comes right after the prompt
                os.write(fd, text.encode()) if text else None
        finally:
            os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown

    def test_passphrase_is_not_shown(self):
        escrow = self.escrow()
        code, shown = self.at_terminal("approver", "add", "anna",
                                       typed=[("anna: ", "correct horse\n"), ("again: ", "correct horse\n")])
        self.assertEqual(code, 0, shown)
        self.assertNotIn("horse", shown)
        self.assertEqual(escrow.asked[0]["passphrase"], "correct horse")
        escrow.asked.clear()
        code, shown = self.at_terminal("approver", "add", "anna",
                                       typed=[("anna: ", "correct horse\n"), ("again: ", "correct hors\n")])
        self.assertEqual(code, 1)
        self.assertIn("not the same", shown)
        code, shown = self.at_terminal("approver", "add", "anna", typed=[("anna: ", "corr\x03")])
        self.assertEqual(code, 1)
        self.assertIn("cancelled", shown)
        self.assertEqual(escrow.asked, [])

    def test_asked_before_release(self):
        escrow = self.escrow()
        self.answers["decide"] = results((1, "OK"))
        code, shown = self.at_terminal("approve", "PC01", typed=[("[y/N] ", "n\n")])
        self.assertEqual(code, 1)
        self.assertIn("Nothing was released", shown)
        self.assertEqual({q["op"] for q in escrow.asked}, {"requests"})
        code, shown = self.at_terminal("approve", "PC01", "--as", "anna",
                                       typed=[("[y/N] ", "y\n"), ("of anna: ", "correct horse\n")])
        self.assertEqual(code, 0)
        self.assertNotIn("horse", shown)
        self.assertIn("approved", shown)
        self.assertEqual(escrow.asked[-1]["passphrase"], "correct horse")


class NotRoot(unittest.TestCase):
    @unittest.skipIf(os.geteuid() != 0, "needs root to be somebody else")
    def test_root_only(self):
        done = subprocess.run([NETMEND, "release", "status"], capture_output=True, text=True, timeout=30, user=65534,
                              cwd="/", env={})
        self.assertEqual(done.returncode, 1)
        self.assertIn("only root", done.stderr)


if __name__ == "__main__":
    unittest.main()
