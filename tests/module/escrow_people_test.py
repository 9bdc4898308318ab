#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""People and netmend-escrow: approvals by pairing and by two, passphrases in boxes that web cannot open, keys typed by hand."""
import base64
import ctypes
import os
import time
import unittest

from escrow_lab import SODIUM, WRONG, EscrowCase, Machine, seal_box

ANNA, BERT = ("anna", "correct horse"), ("bert", "battery staple")


def pairing_code(machine, request):
    """As the machine computes it (fixer/base/pairing.h), by libsodium's own Argon2id."""
    digest = ctypes.create_string_buffer(16)
    data = machine.public + bytes.fromhex(machine.session)
    salt = bytes.fromhex(request) + b"netmend pairing\0"[8:]
    if SODIUM.crypto_pwhash(digest, ctypes.c_ulonglong(16), data, ctypes.c_ulonglong(len(data)), salt,
                            ctypes.c_ulonglong(2), ctypes.c_size_t(32 << 20), 2) != 0:
        raise AssertionError("argon2")
    number, code = int.from_bytes(digest.raw, "big"), ""
    alphabet = "ACDEFGHJKLMNPQRTUVWXY34679"
    for _ in range(6):
        number, rest = divmod(number, len(alphabet))
        code += alphabet[rest]
    return code


class People(EscrowCase):
    def begin(self, *people, **release):
        client = self.start(**release)
        self.imports(self.passwords.items())
        for name, passphrase in people:
            answer = client.op("approver", action="add", name=name, passphrase=passphrase)
            self.assertTrue(answer["ok"], answer)
        return client

    def waiting(self, client, machine, reason="WAITING_APPROVAL"):
        answer = client.until(machine, "pending", reason)
        self.assertEqual(answer["volumes"], [])
        return answer["request"]

    def decide(self, client, person, requests, decision="approve", **more):
        return client.boxed("decide", {"approver": person[0], "passphrase": person[1], "decision": decision,
                                       "requests": requests, "why": ""}, **more)


class Pairing(People):
    def test_approved_after_the_code_was_compared(self):
        client, machine = self.begin(ANNA, approval="pairing"), self.machine()
        client.op("requests")
        request = self.waiting(client, machine)
        answer = client.release(machine)
        self.assertEqual(answer["code"], pairing_code(machine, request))
        client.wait_news("requests")
        (listed,) = client.op("requests")["requests"]
        self.assertEqual((listed["request"], listed["code"], listed["needs"], listed["approved"], listed["machine"]),
                         (request, answer["code"], 1, [], machine.about))
        self.assertEqual(client.op("status")["requests"], 1)
        answer = self.decide(client, ANNA, [request])
        self.assertEqual((answer["ok"], answer["reason"]), (True, "OK"))
        self.assertEqual(answer["results"], [{"request": request, "reason": "OK", "text": ""}])
        client.wait_news("release")
        self.assertEqual(self.opened(client.release(machine), machine), self.vmk)
        self.assertEqual(client.op("requests")["requests"], [])
        (approved,), (released,) = self.audit("approve"), self.audit("release")
        self.assertEqual((approved["by"], approved["from"], approved["request"]), ("anna", "10.9.9.9", request))
        self.assertEqual((released["approved_by"], released["request"]), (["anna"], request))
        self.nothing_leaks()
        for place in self.answers + [self.logged().encode()]:
            self.assertNotIn(ANNA[1].encode(), place)

    def test_no_approval_is_asked_for_without_a_key(self):
        client = self.start(approval="pairing")
        self.assertEqual(client.release(self.machine())["reason"], "KEY_NOT_FOUND")
        self.assertEqual(client.op("requests")["requests"], [])

    def test_wrong_passphrase_unknown_name_and_no_name(self):
        client, machine = self.begin(ANNA, approval="pairing"), self.machine()
        request = self.waiting(client, machine)
        for person in (("anna", "correct hors"), ("eve", "correct horse"), ("", "correct horse"), ("anna", "")):
            answer = self.decide(client, person, [request])
            self.assertEqual((answer["ok"], answer["reason"]), (False, "APPROVER_UNKNOWN"), person)
            self.assertNotIn("results", answer)
        self.waiting(client, machine)
        self.assertEqual(self.audit("approve"), [])

    def test_guessing_passphrases_is_slowed_down(self):
        client, machine = self.begin(ANNA, approval="pairing"), self.machine()
        request = self.waiting(client, machine)
        reasons = [self.decide(client, ("anna", f"guess number {i}"), [request])["reason"] for i in range(12)]
        self.assertEqual(reasons[-1], "TRY_LATER")

    def test_root_decides_without_a_name(self):
        client, machine, other = self.begin(approval="pairing"), self.machine(), self.machine(number=2)
        requests = [self.waiting(client, m) for m in (machine, other)]
        order = {"from": "", "approver": "", "passphrase": "", "why": "seen"}
        self.assertTrue(client.op("decide", decision="approve", requests=requests[:1], **order)["ok"])
        self.assertTrue(client.op("decide", decision="deny", requests=requests[1:], **order)["ok"])
        client.until(machine)
        answer = client.until(other, "denied")
        self.assertEqual((answer["reason"], answer["volumes"]), ("RELEASE_DENIED", []))
        self.assertEqual(client.release(other)["status"], "denied", "for good")
        self.assertEqual(self.audit("deny")[0]["by"], "root")
        self.assertEqual(self.audit("release", decision="denied")[0]["protector"], self.guid)

    def test_many_at_once_and_those_that_are_gone(self):
        client = self.begin(ANNA, approval="pairing")
        machines = [self.machine(number=n) for n in range(1, 6)]
        requests = [self.waiting(client, m) for m in machines]
        answer = self.decide(client, ANNA, ["00" * 8] + requests)
        self.assertEqual([r["reason"] for r in answer["results"]], ["REQUEST_GONE"] + ["OK"] * 5)
        for machine in machines:
            client.until(machine)
        self.assertEqual(self.decide(client, ANNA, requests[:1])["reason"], "REQUEST_GONE", "used up")

    def test_another_key_gets_nothing_out_of_an_approval(self):
        client, machine = self.begin(ANNA, approval="pairing"), self.machine()
        request = self.waiting(client, machine)
        self.decide(client, ANNA, [request])
        thief = self.machine()
        thief.session = machine.session
        answer = client.release(thief)
        self.assertEqual((answer["reason"], answer["volumes"]), ("SESSION_REPLACED", []))
        thief.session = os.urandom(16).hex()
        self.assertNotEqual(self.waiting(client, thief), request, "a session of its own asks people anew")


class TwoPeople(People):
    def test_two_different_people(self):
        client, machine = self.begin(ANNA, BERT, approval="two-person"), self.machine()
        request = self.waiting(client, machine)
        answer = self.decide(client, ANNA, [request])
        self.assertEqual(answer["results"][0]["text"], "another person has to approve it too")
        self.waiting(client, machine, "WAITING_SECOND_PERSON")
        self.assertEqual(self.decide(client, ANNA, [request])["results"][0]["reason"], "APPROVER_TWICE")
        self.assertEqual(client.op("requests")["requests"][0]["approved"], ["anna"])
        self.assertTrue(self.decide(client, BERT, [request])["ok"])
        client.until(machine)
        self.assertEqual(self.audit("release")[0]["approved_by"], ["anna", "bert"])

    def test_root_alone_is_not_two(self):
        client, machine = self.begin(ANNA, approval="two-person"), self.machine()
        request = self.waiting(client, machine)
        order = {"from": "", "decision": "approve", "requests": [request], "why": ""}
        self.assertEqual(client.op("decide", approver="", passphrase="", **order)["reason"], "APPROVER_UNKNOWN")
        self.assertTrue(client.op("decide", approver=ANNA[0], passphrase=ANNA[1], **order)["ok"])
        self.waiting(client, machine, "WAITING_SECOND_PERSON")

    def test_approvers_are_kept_and_removed(self):
        client = self.begin(ANNA, BERT, approval="two-person")
        self.assertEqual(client.op("approver", action="list")["names"], ["anna", "bert"])
        self.assertFalse(client.op("approver", action="add", name="anna", passphrase="something else")["ok"])
        self.assertTrue(client.op("approver", action="remove", name="anna")["ok"])
        self.stop()
        client = self.start(approval="two-person")
        self.assertEqual(client.op("approver", action="list")["names"], ["bert"])
        self.assertEqual([r["name"] for r in self.audit("approver-added")], ["anna", "bert"])
        self.assertEqual([r["name"] for r in self.audit("approver-removed")], ["anna"])


class Boxes(People):
    def test_a_box_opens_once(self):
        client, machine = self.begin(ANNA, approval="pairing"), self.machine()
        request = self.waiting(client, machine)
        box = seal_box(client.point(), {"v": 1, "op": "decide", "approver": "anna", "passphrase": ANNA[1],
                                        "decision": "deny", "requests": ["00" * 8], "why": ""})
        first, again = [client.op("decide", **{"from": "10.9.9.9"}, box=box) for _ in range(2)]
        self.assertEqual(first["reason"], "REQUEST_GONE")
        self.assertEqual((again["reason"], again["text"]),
                         ("PROTOCOL_ERROR", "this order was carried out before: nothing was done twice"))
        self.waiting(client, machine)
        self.assertEqual(client.release(machine)["request"], request)

    def test_boxes_for_nobody(self):
        client, machine = self.begin(ANNA, approval="pairing"), self.machine()
        request = self.waiting(client, machine)
        order = {"v": 1, "op": "decide", "approver": "anna", "passphrase": ANNA[1], "decision": "approve",
                 "requests": [request], "why": ""}
        point = client.point()
        good = base64.b64decode(seal_box(point, order))
        changed = [bytes([good[0] ^ 1]) + good[1:], good[:40] + bytes([good[40] ^ 1]) + good[41:],
                   good[:70] + bytes([good[70] ^ 1]) + good[71:], good[:-1] + bytes([good[-1] ^ 1]), good[:-1], good[:93],
                   b"\4" + bytes(64) + good[65:]]
        boxes = [base64.b64encode(b).decode() for b in changed]
        boxes += [seal_box(point, {**order, "op": "enter"}), seal_box(point, {**order, "more": 1}),
                  seal_box(point, None, b"x"), seal_box(point, None, b"{}"), seal_box(point, {**order, "v": 2}),
                  seal_box(point, {**order, "requests": []}), seal_box(point, {**order, "requests": ["x"]})]
        for box in boxes:
            answer = client.op("decide", **{"from": "10.9.9.9"}, box=box)
            self.assertEqual((answer["ok"], answer["reason"]), (False, "PROTOCOL_ERROR"), box[:60])
        self.stop()
        client = self.start(approval="pairing")  # a box of the last run
        answer = client.op("decide", **{"from": "10.9.9.9"}, box=base64.b64encode(good).decode())
        self.assertEqual(answer["reason"], "PROTOCOL_ERROR")
        self.assertEqual(self.audit("approve"), [])


class ByHand(People):
    def enter(self, client, machine, password, protector="", **more):
        return client.boxed("enter", {"machine": machine.about["id"], "protector": protector, "password": password}, **more)

    def test_typed_key_opens_and_stays_in_memory(self):
        client, machine = self.start(), self.machine()
        self.assertEqual(client.release(machine)["reason"], "KEY_NOT_FOUND")
        answer = self.enter(client, machine, self.passwords[self.guid])
        self.assertEqual((answer["ok"], answer["reason"]), (True, "OK"))
        client.wait_news("release")
        self.assertEqual(self.opened(client.release(machine), machine), self.vmk)
        (entered,), (released,) = self.audit("entered"), self.audit("release", decision="released")
        self.assertEqual((entered["from"], entered["protector"], entered["reason"]), ("10.9.9.9", self.guid, "OK"))
        self.assertEqual((released["source"], released["origin"]), ("by hand", "entered at 10.9.9.9"))
        again = self.machine()  # after another boot
        client.until(again)
        self.assertEqual(client.op("status")["keys"], 0, "not in the vault")
        self.nothing_leaks()
        self.stop()
        self.assertEqual(self.start().release(self.machine())["reason"], "KEY_NOT_FOUND")

    def test_what_is_refused(self):
        client, machine = self.start(), self.machine()
        self.assertEqual(self.enter(client, machine, self.passwords[self.guid])["reason"], "REQUEST_GONE")
        client.release(machine)
        answer = self.enter(client, machine, "000011-000022-000034" + "-000044" * 5)
        self.assertEqual(answer["reason"], "RECOVERY_PASSWORD_FORMAT")
        self.assertIn("group 3", answer["text"])
        self.assertEqual(self.enter(client, machine, WRONG)["reason"], "KEY_MISMATCH")
        self.assertEqual(self.enter(client, machine, WRONG, "00" * 4 + "-0000" * 3 + "-" + "00" * 6)["reason"], "REQUEST_GONE")
        self.assertEqual([r["reason"] for r in self.audit("entered")], ["KEY_MISMATCH"])
        self.assertNotIn("000034", self.logged())
        reasons = [self.enter(client, machine, WRONG, sender=f"10.9.9.{i}")["reason"] for i in range(12)]
        self.assertEqual(reasons[-1], "TRY_LATER", "for one machine, from wherever")
        self.assertEqual(client.release(machine)["status"], "pending")

    def test_a_forged_blob_does_not_spoil_the_real_one(self):
        client, machine = self.start(), self.machine()
        client.release(machine)
        self.assertTrue(self.enter(client, machine, self.passwords[self.guid])["ok"])
        client.until(machine)
        salt, sealed = self.blobs[self.guid]
        other = Machine({self.guid: (bytes(16), sealed)}, self.volume, number=2)
        self.assertEqual(client.release(other)["reason"], "KEY_NOT_FOUND")

    def test_typed_key_obeys_the_policy(self):
        client, machine = self.begin(ANNA, approval="pairing"), self.machine()
        client.op("stop", why="enough")
        self.assertEqual(client.release(machine)["reason"], "RELEASES_STOPPED")
        self.assertTrue(self.enter(client, machine, self.passwords[self.guid])["ok"])
        self.assertEqual(client.release(machine)["reason"], "RELEASES_STOPPED")
        client.op("resume")
        self.waiting(client, machine)


if __name__ == "__main__":
    unittest.main()
