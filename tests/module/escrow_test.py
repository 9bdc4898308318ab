#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend-escrow as a process: keys in by CSV, sealed VMKs out over its socket, and the password nowhere else."""
import json
import os
import resource
import signal
import subprocess
import time
import unittest

from escrow_lab import ESCROW, WEB_USER, WRONG, EscrowCase, Machine, settings


class Release(EscrowCase):
    def test_right_key_is_released_sealed_and_audited_first(self):
        client, machine = self.start(), self.machine()
        self.imports(self.passwords.items())
        self.assertEqual(self.opened(client.release(machine), machine), self.vmk)
        (record,) = self.audit("release")
        self.assertEqual((record["decision"], record["protector"], record["source"]), ("released", self.guid, "vault"))
        self.assertNotIn(machine.session, json.dumps(record))
        self.nothing_leaks()

    def test_the_same_again_is_the_same_answer_and_counted_once(self):
        client, machine = self.start(), self.machine()
        self.imports(self.passwords.items())
        first, again = client.release(machine), client.release(machine)
        self.assertEqual(first["volumes"], again["volumes"])
        self.assertEqual(client.op("status")["released"], 1)
        self.assertEqual(len(self.audit("release")), 1)

    def test_key_imported_while_a_machine_waits(self):
        client, machine = self.start(), self.machine()
        for _ in range(3):
            answer = client.release(machine)
            self.assertEqual((answer["status"], answer["reason"]), ("pending", "KEY_NOT_FOUND"))
            self.assertIn(self.guid, answer["text"])
        self.imports([(self.guid, self.passwords[self.guid])])
        client.until(machine)
        decisions = [r["decision"] for r in self.audit("release")]
        self.assertEqual(decisions, ["refused", "released"], "the same refusal is recorded once")

    def test_wrong_record(self):
        client, machine = self.start(), self.machine()
        self.imports([(self.guid, WRONG)])
        answer = client.release(machine)
        self.assertEqual((answer["status"], answer["reason"]), ("pending", "KEY_MISMATCH"))
        self.assertEqual(answer["volumes"], [])
        self.imports([(self.guid, self.passwords[self.guid])])  # both records are there now
        client.until(machine)

    def test_second_protector_opens(self):
        first, second = list(self.passwords)
        client, machine = self.start(), self.machine([first, second])
        self.imports([(first, WRONG), (second, self.passwords[second])])
        self.assertEqual(client.release(machine)["volumes"][0]["protector"], second)

    def test_blob_of_another_volume(self):
        client = self.start()
        self.imports(self.passwords.items())
        salt, sealed = self.blobs[self.guid]
        forged = {self.guid: (salt, sealed[:30] + bytes([sealed[30] ^ 1]) + sealed[31:])}
        answer = client.release(Machine(forged, self.volume))
        self.assertEqual((answer["status"], answer["reason"], answer["volumes"]), ("pending", "KEY_MISMATCH", []))

    def test_a_key_nothing_can_be_sealed_to(self):
        client, machine = self.start(), self.machine()
        self.imports(self.passwords.items())
        machine.public = bytes(32)
        answer = client.release(machine)
        self.assertEqual((answer["status"], answer["reason"]), ("pending", "PROTOCOL_ERROR"))
        self.assertEqual(client.op("status")["released"], 0)

    def test_no_audit_no_key(self):
        client, machine = self.start(total=1), self.machine()
        self.imports([(self.guid, self.passwords[self.guid])])
        full = os.path.getsize(self.state + "/audit.log") + 100  # as if the disk were: half a record fits
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        answer = client.release(machine)
        self.assertEqual((answer["status"], answer["reason"], answer["volumes"]), ("pending", "AUDIT_FAILED", []))
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        client.until(machine)  # the one release that the policy allows was given back


class Sessions(EscrowCase):
    def test_another_key_machine_or_disk_in_a_known_session(self):
        client, machine = self.start(), self.machine()
        self.imports(self.passwords.items())
        self.assertEqual(client.release(machine)["status"], "released")
        thief = self.machine()
        for change in ({}, {"session": machine.session, "public": machine.public,
                            "about": {**machine.about, "ip": "10.0.0.66"}},
                       {"session": machine.session, "public": machine.public,
                        "volumes": self.machine(list(self.passwords)).volumes}):
            thief.__dict__.update(change or {"session": machine.session})
            answer = client.release(thief)
            self.assertEqual((answer["status"], answer["reason"], answer["volumes"]),
                             ("pending", "SESSION_REPLACED", []))
        self.assertEqual(client.release(machine)["status"], "released", "its own goes on")
        deadline = time.monotonic() + 60
        while not (found := self.audit("misuse", reason="SESSION_REPLACED")) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertTrue(found)

    def test_misuse_of_tokens_makes_a_machine_suspect(self):
        client, machine = self.start(machine_mismatches=3), self.machine()
        self.imports(self.passwords.items())
        for _ in range(12):
            self.assertTrue(client.op("misuse", reason="TOKEN_USED", machine=machine.about)["ok"])
        answer = client.release(machine)
        self.assertEqual((answer["status"], answer["reason"]), ("pending", "MACHINE_SUSPECT"))
        self.assertTrue(client.op("trust", which=machine.about["name"])["ok"])
        client.until(machine)
        self.assertEqual(len(self.audit("suspect")), 1)
        self.assertEqual(len(self.audit("trusted")), 1)
        self.stop()
        self.assertEqual(sum(r["count"] for r in self.audit("misuse")), 12, "every one is accounted for")

    def test_what_was_reported_before_the_end_is_in_the_record(self):
        """The reports lie in the socket when it is told to stop."""
        client = self.start()
        self.process.send_signal(signal.SIGSTOP)
        for n in range(40):
            client.send({"op": "misuse", "reason": "TOKEN_USED", "machine": self.machine().about})
        self.process.terminate()
        self.process.send_signal(signal.SIGCONT)
        self.assertEqual(self.process.wait(30), 0, self.logged())
        self.assertEqual(sum(r["count"] for r in self.audit("misuse")), 40)

    def test_refusals_are_all_accounted_for(self):
        client = self.start(machine_keys=0)
        asks = 60
        for _ in range(asks):
            client.release(self.machine())
        single = self.audit("release", decision="refused", reason="KEY_NOT_FOUND")
        self.assertLess(len(single), asks)
        self.stop()
        more = self.audit("refused-more")
        self.assertEqual(len(single) + sum(r["count"] for r in more), asks)


class Process(EscrowCase):
    def test_no_core_dump(self):
        self.start()
        with open(f"/proc/{self.process.pid}/limits") as limits:
            self.assertRegex(limits.read(), r"Max core file size +0 +0 ")

    def test_a_thousand_cases_do_not_block_the_rest(self):
        client = self.start(per_minute=0, subnet_minute=0, suspects=0)
        self.imports([(self.guid, WRONG)])
        started = time.monotonic()
        for number in range(1, 1001):  # each costs a stretching: another salt every time
            salt = number.to_bytes(16, "little")
            client.send(Machine({self.guid: (salt, self.blobs[self.guid][1])}, self.volume, number=number).question())
        slowest, other = 0, self.connect()
        for _ in range(20):
            asked = time.monotonic()
            status = other.op("status")
            self.assertTrue(other.op("requests")["ok"])
            slowest = max(slowest, time.monotonic() - asked)
        self.assertLess(slowest, 15)
        self.assertGreater(status["waiting"]["machines"], 100)
        answers = [client.answer(n) for n in range(2, 1002)]
        self.assertLess(time.monotonic() - started, 60, "an ask is answered after two seconds at the latest, and then some")
        waiting = [a for a in answers if a["reason"] == "WAITING_KEY"]
        self.assertTrue(waiting)
        self.assertRegex(waiting[-1]["text"], r"^place \d+, (about|a few)")
        # The row is worked off in the order it came.
        decided = [a["id"] for a in answers if a["reason"] == "KEY_MISMATCH"]
        self.assertTrue(not decided or max(decided) < max(a["id"] for a in waiting))

    def test_only_root_and_the_web_user_may_connect(self):
        self.start()
        for uid, allowed in ((WEB_USER, True), (64999, False)):
            result = self.as_user(uid, {"op": "status"})
            self.assertEqual("keys" in result, allowed, f"uid {uid}: {result}")

    def test_orders_of_root_are_not_webs(self):
        self.start()
        orders = ({"op": "stop", "why": ""}, {"op": "resume"}, {"op": "trust", "which": "1"},
                  {"op": "unlock", "passphrase": "x"}, {"op": "snapshot", "source": ""},
                  {"op": "approver", "action": "add", "name": "eve", "passphrase": "long enough"},
                  {"op": "decide", "from": "", "approver": "", "passphrase": "", "decision": "approve",
                   "requests": ["00" * 8], "why": ""})
        for order in orders:
            result = self.as_user(WEB_USER, order)
            self.assertEqual((result["ok"], result["reason"], result["text"]),
                             (False, "PROTOCOL_ERROR", "only root may order that"), order)
        self.assertEqual([r["event"] for r in self.audit()], ["start"])

    def as_user(self, uid, question):
        code = ("import os,socket,sys\nos.setuid(%d)\ns=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET)\n"
                "s.settimeout(5)\ns.connect(sys.argv[1])\n"
                "try:\n s.send(sys.argv[2].encode())\n print(s.recv(100000).decode() or '{}')\n"
                "except OSError: print('{}')\n" % uid)
        os.chmod(self.work, 0o755)
        os.chmod(self.dir, 0o755)
        result = subprocess.run(["/usr/bin/python3", "-c", code, self.path, json.dumps({"v": 1, "id": 1, **question})],
                                capture_output=True, text=True, check=True)
        return json.loads(result.stdout)

    def test_malformed_messages(self):
        self.start()
        for message in (b"\0", b"x", b"{}", b'{"v":1,"id":1,"id":2,"op":"status"}', b"[" * 100000):
            client = self.connect()
            client.socket.send(message)
            with self.assertRaises((EOFError, ConnectionResetError), msg=message[:40]):
                client.receive()
        client = self.connect()
        for message in ({"op": "nonsense"}, {"op": "status", "more": 1}, {"op": "requests", "x": ""},
                        {"op": "misuse", "reason": "OK", "machine": {}}, {"op": "enter", "from": "a", "box": "?"},
                        {"op": "decide", "from": "x" * 100, "box": ""}, {"op": "stop", "why": "x" * 1000},
                        {"op": "approver", "action": "sing"}, {"op": "unlock", "passphrase": ""}):
            answer = client.ask(message)
            self.assertEqual((answer["ok"], answer["reason"]), (False, "PROTOCOL_ERROR"), message)
        for change in ({"session": "ab"}, {"key": "AAAA"}, {"volumes": []}, {"machine": {}}, {"more": 1}):
            answer = client.ask({**self.machine().question(), **change})
            self.assertEqual((answer["status"], answer["reason"]), ("pending", "PROTOCOL_ERROR"), change)
        client.socket.send(b'{"v":1,"id":1,"op":"status"' + b" " * 140000 + b"}")  # passed over
        self.assertTrue(client.op("status")["ok"])

    def test_one_who_does_not_read_is_hung_up_on_and_blocks_nobody(self):
        client, rude = self.start(), self.connect()
        rude.socket.settimeout(2)
        with self.assertRaises(OSError):
            for _ in range(200000):
                rude.send({"op": "status"})
        self.assertTrue(client.op("status")["ok"])

    def test_keys_survive_a_kill(self):
        self.start()
        self.imports([(self.guid, self.passwords[self.guid])])
        self.kill()
        client = self.start()
        self.assertEqual(client.release(self.machine())["status"], "released")
        result = subprocess.run([ESCROW, "audit-verify", "--state", self.state], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_bad_settings_are_refused(self):
        for change, word in (({"v": 2}, "v (1)"), ({"sources": []}, "sources"), ({"more": 1}, "v (1)")):
            reader, writer = os.pipe()
            process = subprocess.Popen([ESCROW, "serve", "--state", self.state, "--socket", self.path, "--web-uid", "1",
                                        "--settings-fd", str(reader)], pass_fds=[reader], stderr=subprocess.PIPE, text=True)
            os.close(reader)
            self.hand_over(writer, json.dumps({**settings(), **change}).encode())
            self.assertIn(word, process.communicate(timeout=60)[1])
            self.assertEqual(process.returncode, 1)


if __name__ == "__main__":
    unittest.main()
