#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend release` and netmend-escrow: who gets a key, who has to say so, and who gets none whatever he tries."""
import json
import os
import resource
import socket
import subprocess
import threading
import time
import unittest
import uuid

from escrow_lab import BUILD, EscrowCase, settings

HOUR = 3_600_000


def guid(number):
    """One that nobody has."""
    return str(uuid.UUID(int=number)).upper()


def no_rights(listener):
    """A stand-in of netmend-fetch, whose one source shows it nothing."""
    client = listener.accept()[0]
    while text := client.recv(1 << 17):
        question = json.loads(text)
        state = {"reason": "SOURCE_NO_RIGHTS", "text": ""}
        answer = {**state, "candidates": []} if question["op"] == "lookup" else {
            "sources": [{"name": "ad", "type": "ldap", **state, "checked": 0}]}
        client.send(json.dumps({"v": 1, "id": question["id"], **answer}).encode())
    client.close()


@unittest.skipIf(os.geteuid() != 0, "needs root")
class ReleaseCase(EscrowCase):
    protectors = 1

    def setUp(self):
        super().setUp()
        self.path = self.dir + "/escrow.sock"
        self.config = self.dir + "/netmend.conf"
        with open(self.config, "w") as f:
            f.write(f"[server]\nruntime = {self.dir}\n")
        self.imports(self.passwords.items())

    def netmend(self, *words, given=""):
        done = subprocess.run([os.path.join(BUILD, "netmend"), "release", *words, "--config", self.config],
                              capture_output=True, text=True, timeout=60, input=given)
        return done.returncode, done.stdout, done.stderr

    def ordered(self, *words, given=""):
        code, out, err = self.netmend(*words, given=given)
        self.assertEqual((code, err), (0, ""), (words, out))
        return out

    def reason(self, number=7, **of):
        """What a new session of this machine is told."""
        return self.client.release(self.machine(number=number, **of))["reason"]

    def start(self, *given, **rules):
        self.client = super().start(*given, **rules)
        return self.client


class People(ReleaseCase):
    def test_pairing(self):
        machine = self.machine(number=7)
        answer = self.start(approval="pairing").release(machine)
        self.assertEqual((answer["status"], answer["reason"], answer["volumes"]), ("pending", "WAITING_APPROVAL", []))
        self.assertRegex(answer["code"], r"^[A-Z0-9]{6}$")
        out = self.ordered("list")
        for word in (answer["code"], answer["request"], "PC7", machine.about["mac"], machine.about["ip"]):
            self.assertIn(word, out)
        self.assertIn(": approved", self.ordered("approve", answer["code"], "--yes", "--why", "on the phone"))
        self.assertEqual(self.opened(self.client.until(machine), machine), self.vmk)
        self.assertIn("Nobody waits", self.ordered("list"))
        self.assertEqual(self.netmend("approve", answer["code"], "--yes")[0], 1)
        self.assertEqual([(r["by"], r["why"], r["request"]) for r in self.audit("approve")],
                         [("root", "on the phone", answer["request"])])
        self.assertEqual([r["approved_by"] for r in self.audit("release", decision="released")], [["root"]])

    def test_a_campaign_asks_for_more_never_for_less(self):
        """What web says of a campaign adds people to the policy and takes none away, also in the middle of a session."""
        first, second = self.machine(number=7), self.machine(number=8)
        self.start(approval="auto")
        question = first.question()
        first.question = lambda: question | {"campaign": "july", "approval": approval}
        approval = "pairing"
        answer = self.client.until(first, "pending", "WAITING_APPROVAL")
        approval = "auto"
        for _ in range(3):
            self.assertEqual(self.client.release(first)["reason"], "WAITING_APPROVAL")
        self.ordered("approve", answer["code"], "--yes")
        self.assertEqual(self.opened(self.client.until(first), first), self.vmk)
        self.assertEqual([r["rollout"] for r in self.audit("release", decision="released")], ["july"])
        self.client.until(second)  # nobody's campaign: the policy alone

    def test_root_is_none_of_the_two_a_campaign_asks_for(self):
        machine = self.machine(number=7)
        self.start(approval="pairing")
        question = machine.question()
        machine.question = lambda: question | {"campaign": "july", "approval": "two-person"}
        waiting = self.client.until(machine, "pending", "WAITING_APPROVAL")
        order = {"from": "", "approver": "", "passphrase": "", "decision": "approve", "requests": [waiting["request"]], "why": ""}
        for _ in range(2):
            answer = self.client.op("decide", **order)
            self.assertEqual([r["reason"] for r in answer["results"]], ["APPROVER_UNKNOWN"])
            self.assertIn("two people", answer["results"][0]["text"])
        self.assertEqual(self.client.release(machine)["reason"], "WAITING_APPROVAL")
        self.assertEqual(self.audit("approve"), [])

    def test_a_campaign_cannot_loosen_the_policy(self):
        machine = self.machine(number=7)
        self.start(approval="pairing")
        question = machine.question()
        for approval in ("auto", "config"):
            machine.question = lambda: question | {"campaign": "july", "approval": approval}
            self.client.until(machine, "pending", "WAITING_APPROVAL")
        self.assertEqual(self.client.ask(question | {"campaign": "july", "approval": "none"})["reason"], "PROTOCOL_ERROR")

    def test_another_key_in_an_approved_session(self):
        """Who speaks for a session with a key of his own gets neither its approval nor its key."""
        machine, thief = self.machine(number=7), self.machine(number=7)
        answer = self.start(approval="pairing").release(machine)
        self.ordered("approve", answer["code"], "--yes")
        thief.session = machine.session
        answer = self.client.release(thief)
        self.assertEqual((answer["reason"], answer["volumes"]), ("SESSION_REPLACED", []))
        self.client.until(machine)

    def test_two_persons(self):
        machine = self.machine(number=7)
        self.start(approval="two-person")
        for name in ("anna", "bert"):
            self.ordered("approver", "add", name, given=f"passphrase of {name}\n")
        self.assertEqual(self.ordered("approver", "list").split(), ["approver", "anna", "bert"])
        answer = self.client.release(machine)
        self.assertEqual(answer["reason"], "WAITING_APPROVAL")
        code = answer["code"]
        self.assertEqual(self.netmend("approve", code, "--yes")[0], 2)
        status, _, err = self.netmend("approve", code, "--yes", "--as", "anna", given="passphrase of bert\n")
        self.assertEqual((status, "wrong" in err), (1, True), err)
        self.ordered("approve", code, "--yes", "--as", "anna", given="passphrase of anna\n")
        self.client.until(machine, "pending", "WAITING_SECOND_PERSON")
        status, out, err = self.netmend("approve", code, "--yes", "--as", "ANNA", given="passphrase of anna\n")
        self.assertEqual(status, 1)
        self.assertIn("same person", out + err)
        self.assertIn("1 of 2: anna", self.ordered("list"))
        self.ordered("approve", code, "--yes", "--as", "bert", given="passphrase of bert\n")
        self.client.until(machine)
        self.assertEqual(self.audit("release", decision="released")[0]["approved_by"], ["anna", "bert"])
        for name in ("escrow/approvers.json", "escrow/audit.log", "log"):
            with open(os.path.join(self.dir, name)) as f:
                self.assertNotIn("passphrase of", f.read(), name)
        self.ordered("approver", "remove", "bert")
        self.assertEqual(self.ordered("approver", "list").split(), ["approver", "anna"])

    def test_denied_for_good(self):
        machine = self.machine(number=7)
        self.start(approval="pairing").release(machine)
        self.assertIn(": denied", self.ordered("deny", "PC7"))
        self.client.until(machine, "denied", "RELEASE_DENIED")
        self.assertEqual(self.client.release(machine)["status"], "denied")
        self.assertEqual(self.reason(), "WAITING_APPROVAL")

    def test_decided_but_not_recorded(self):
        """It is told, and the release that follows has to be recorded all the same."""
        machine = self.machine(number=7)
        answer = self.start(approval="pairing").release(machine)
        full = os.path.getsize(self.state + "/audit.log") + 100  # as if the disk were: half a record fits
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        code, _, err = self.netmend("approve", answer["code"], "--yes")
        self.assertEqual(code, 1)
        self.assertIn("audit record could not be written", err)
        self.assertEqual(self.client.until(machine, "pending", "AUDIT_FAILED")["volumes"], [])
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.client.until(machine)
        self.assertEqual(self.audit("release", decision="released")[0]["approved_by"], ["root"])

    def test_stop_and_resume(self):
        machine = self.machine(number=7)
        self.start()
        self.ordered("stop", "smoke on floor 3")
        answer = self.client.release(machine)
        self.assertEqual((answer["status"], answer["reason"]), ("pending", "RELEASES_STOPPED"))
        self.assertIn("smoke on floor 3", answer["text"])
        self.assertIn("smoke on floor 3", self.ordered("status"))
        self.ordered("resume")
        self.client.until(machine)

    def test_many_at_once(self):
        self.start(approval="pairing")
        codes = {self.client.release(self.machine(number=n))["code"] for n in range(1, 31)}
        self.assertEqual(len(codes), 30)
        listed = json.loads(self.ordered("list", "--json"))
        self.assertEqual([r["machine"]["id"] for r in listed], list(range(1, 31)), "the oldest first")
        self.assertEqual(self.ordered("approve", *codes, "--yes").count(": approved"), 30)


class Rules(ReleaseCase):
    def test_scope_and_window(self):
        now = int(time.time() * 1000)
        line = {"uuid": "", "serial": "", "mac": ""}
        for rules, reason, text in (
                ({"subnets": ["10.9.0.0/16"]}, "CAMPAIGN_SCOPE", "10.0.0.7"),
                ({"inventory": [{**line, "serial": "SERIAL-8"}]}, "CAMPAIGN_SCOPE", "inventory"),
                ({"inventory": [{**line, "serial": "SERIAL-7"}]}, "OK", ""),
                ({"inventory": [{**line, "mac": "52:54:00:00:00:07"}], "subnets": ["10.9.0.0/16"]}, "OK", ""),
                ({"inventory": [line | {"mac": "52-54-00-00-00-07"}]}, "OK", ""),
                ({"from": now + 3 * HOUR}, "CAMPAIGN_WINDOW", "opens at"),
                ({"until": now - 3 * HOUR}, "CAMPAIGN_WINDOW", "closed at")):
            answer = self.start(**rules).release(self.machine(number=7))
            self.assertEqual((answer["status"], answer["reason"]), ("released" if reason == "OK" else "pending", reason), rules)
            self.assertIn(text, answer["text"])
            self.stop()

    def test_totals_and_rates_outlive_a_restart(self):
        self.start(total=3, machine_hour=2)
        self.assertEqual([self.reason() for _ in range(3)], ["OK", "OK", "RATE_MACHINE"])
        self.stop()
        self.start(total=3, machine_hour=2)
        self.assertEqual([self.reason(7), self.reason(8), self.reason(9)], ["RATE_MACHINE", "OK", "CAMPAIGN_TOTAL"])
        self.assertIn("3 released", self.ordered("status"))
        self.stop()
        self.start(total=3, machine_hour=2, campaign="august")
        self.assertEqual(self.reason(), "OK")


class Attacks(ReleaseCase):
    def probe(self, ip, first, count):
        """Machines from first on at one address, each asking for a GUID of its own: reasons counted."""
        counts = {}
        for n in range(first, first + count):
            machine = self.machine(number=n, ip=ip)
            machine.volumes[0]["protectors"][0]["id"] = guid(n)
            answer = self.client.release(machine)
            self.assertEqual((answer["status"], answer["volumes"]), ("pending", []))
            counts[answer["reason"]] = counts.get(answer["reason"], 0) + 1
        return counts

    def test_probes(self):
        """Many GUIDs asked for in the name of many machines: the address is stopped, and nobody else."""
        self.start()
        counts = self.probe("10.1.9.66", 1000, 160)
        self.assertEqual(counts, {"KEY_NOT_FOUND": 129, "MACHINE_SUSPECT": 31})
        self.assertEqual(self.reason(1000, ip="10.1.9.66"), "MACHINE_SUSPECT")
        self.assertEqual(self.reason(7), "OK")
        self.assertEqual(self.reason(1001, ip="10.1.9.1"), "OK")
        status = self.ordered("status")
        self.assertIn("running", status)
        self.assertIn("suspect   10.1.9.66: 129 keys that are not in escrow", status)
        self.assertEqual(len(self.audit("suspect")), 1)
        # Vouched for: a proxy with a floor behind it is let be.
        self.ordered("trust", "10.1.9.66")
        self.assertEqual(self.reason(1002, ip="10.1.9.66"), "OK")
        self.assertEqual(self.probe("10.1.9.66", 2000, 140), {"KEY_NOT_FOUND": 140})

    def test_shared_address(self):
        """One disk that was opened from an address gives room for some more whose keys are missing, and not for all."""
        self.start()
        for n in range(1, 11):
            self.assertEqual(self.reason(n, ip="10.1.9.1"), "OK")
        self.assertEqual(self.probe("10.1.9.1", 1000, 160), {"KEY_NOT_FOUND": 145, "MACHINE_SUSPECT": 15})

    def test_a_source_without_rights(self):
        """Keys may well be there: that nothing is found says nothing of who asks."""
        fetch = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fetch.bind(self.dir + "/fetch.sock")
        fetch.listen()
        self.addCleanup(fetch.close)
        threading.Thread(target=no_rights, args=(fetch,), daemon=True).start()
        self.start(settings(sources=("vault", "ad"), fetch=self.dir + "/fetch.sock"))
        self.assertEqual(self.probe("10.1.9.66", 1000, 140), {"SOURCE_NO_RIGHTS": 140})

    def test_many_suspects_stop_all(self):
        self.start()
        for host in range(1, 6):
            for n in range(17):
                machine = self.machine(number=host)
                machine.volumes[0]["protectors"][0]["id"] = guid(n)
                self.client.release(machine)
        self.assertEqual(self.reason(7), "RELEASES_STOPPED")
        self.assertIn("5 suspects", self.ordered("status"))
        self.assertEqual(self.ordered("status").count("\nsuspect "), 5)
        # Those who were suspect stay so: their sessions, which go on, do not stop everybody again.
        self.ordered("resume")
        self.assertEqual(self.reason(8), "OK")
        self.assertEqual(self.reason(1), "MACHINE_SUSPECT")
        self.ordered("trust", "PC1")
        self.assertEqual(self.reason(1), "OK")

    def test_noise_stops_nobody(self):
        self.start()
        for n in range(200):
            about = self.machine(number=7, ip=f"10.1.9.{n}").about
            self.assertTrue(self.client.op("misuse", reason="TOKEN_INVALID", machine=about)["ok"])
        self.assertEqual(self.reason(7), "OK")

    def test_a_name_of_two_is_trusted_for_neither(self):
        self.start()
        for n in (1, 2):
            self.client.release(self.machine(number=n, name="PC"))
        for which, said in (("PC", "number or"), ("nobody", "number or")):
            code, _, err = self.netmend("trust", which)
            self.assertEqual(code, 1)
            self.assertIn(said, err)

    def test_guessed_passphrases(self):
        """An attacker's guesses lock the approver out at most where he never was, and never on the appliance."""
        self.start(approval="pairing")
        self.ordered("approver", "add", "anna", given="correct horse\n")
        code = self.client.release(self.machine(number=7))["code"]
        order = {"approver": "anna", "passphrase": "wrong horse", "decision": "approve", "requests": ["0" * 16], "why": ""}
        reasons = [self.client.boxed("decide", order, "10.1.9.66")["reason"] for _ in range(8)]
        self.assertEqual(reasons, ["APPROVER_UNKNOWN"] * 5 + ["TRY_LATER"] * 3)
        self.assertEqual(self.client.boxed("decide", order, "10.1.9.67")["reason"], "TRY_LATER")
        self.ordered("approve", code, "--yes", "--as", "anna", given="correct horse\n")


if __name__ == "__main__":
    unittest.main()
