#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend-escrow and its key sources: their order, slow, failing and lying ones, snapshots. netmend-fetch is played by a
stand-in that can be as bad as wanted; once it is the real one."""
import json
import os
import socket
import stat
import threading
import time
import unittest

from escrow_lab import WRONG, EscrowCase, settings
from fetch_client import Fetch

EVIL = "999999-" * 7 + "999999"  # eight groups, none divisible by 11


class FetchStandIn:
    """Answers by self.answer(question), which may sleep; what it returns is sent as it is when it is bytes."""

    def __init__(self, path, answer):
        self.path, self.answer, self.asked, self.clients = path, answer, [], []
        self.open()

    def open(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(self.path)
        self.listener.listen(8)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def accept(self, listener):
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return
            self.clients.append(client)
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            while data := client.recv(1 << 18):
                threading.Thread(target=self.one, args=(client, json.loads(data)), daemon=True).start()
        except OSError:
            pass

    def one(self, client, question):
        if question["op"] == "status":
            answers = [{"v": 1, "id": question["id"], "sources": [
                {"name": "ad", "type": "ldap", "reason": "OK", "text": "2 controllers", "checked": 5}]}]
        else:
            self.asked.append(question)
            answers = self.answer(question)
        for answer in answers:
            try:
                client.send(answer if isinstance(answer, bytes) else json.dumps(answer).encode())
            except OSError:
                return

    def close(self):
        self.listener.close()
        for client in self.clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            client.close()
        self.clients = []
        os.unlink(self.path)


def found(question, *passwords, reason="OK", text=""):
    return [{"v": 1, "id": question["id"], "reason": reason, "text": text,
             "candidates": [{"password": p, "origin": f"CN=record {n}"} for n, p in enumerate(passwords)]}]


class SourceCase(EscrowCase):
    def begin(self, answer, sources=("vault", "ad"), **release):
        self.fetch = FetchStandIn(self.dir + "/fetch.sock", answer)
        self.addCleanup(self.fetch.listener.close)
        return self.start(settings(sources=sources, fetch=self.fetch.path, **release))


class Sources(SourceCase):
    def test_second_source_with_a_poisoned_record_beside_the_right_one(self):
        client = self.begin(lambda q: found(q, EVIL, WRONG, self.passwords[self.guid]))
        machine = self.machine()
        self.assertEqual(self.opened(client.until(machine), machine), self.vmk)
        (record,) = self.audit("release")
        self.assertEqual((record["source"], record["origin"]), ("ad", "CN=record 2"))
        self.assertEqual(self.fetch.asked[0]["machine"], {k: machine.about[k] for k in ("name", "serial", "uuid", "mac")})
        self.nothing_leaks()

    def test_order_of_the_settings(self):
        for sources, asked in ((("vault", "ad"), 0), (("ad", "vault"), 1)):
            with self.subTest(sources):
                client = self.begin(lambda q: found(q, self.passwords[self.guid]), sources)
                self.imports(self.passwords.items())
                client.until(self.machine())
                self.assertEqual(len(self.fetch.asked), asked)
                self.stop()
                self.fetch.close()

    def test_the_most_telling_reason_wins(self):
        cases = (("KEY_NOT_FOUND", ""), ("KEY_NOT_READABLE", "CONTROL_ACCESS is missing"),
                 ("SOURCE_NO_RIGHTS", "sees no records"), ("SOURCE_LOGIN", "data 52e"))
        said = {}
        client = self.begin(lambda q: found(q, reason=said["reason"], text=said["text"]))
        for number, (reason, text) in enumerate(cases, 1):
            said.update(reason=reason, text=text)
            answer = client.release(self.machine(number=number))
            self.assertEqual((answer["status"], answer["reason"]), ("pending", reason))
            self.assertIn(self.guid, answer["text"])
            self.assertIn(text, answer["text"])
        self.imports([(self.guid, WRONG)])
        said.update(reason="SOURCE_UNREACHABLE", text="")
        answer = client.release(self.machine(number=9))
        self.assertEqual(answer["reason"], "KEY_MISMATCH", "a candidate was tried and failed")
        self.assertIn("ad: ", answer["text"])

    def test_a_record_that_is_no_password_is_a_mismatch(self):
        client = self.begin(lambda q: found(q, EVIL))
        self.assertEqual(client.release(self.machine())["reason"], "KEY_MISMATCH")

    def test_a_slow_source_blocks_only_who_needs_it(self):
        def slow(question):
            time.sleep(3)
            return found(question, reason="KEY_NOT_FOUND")
        client = self.begin(slow)
        self.imports([(self.guid, self.passwords[self.guid])])
        second = list(self.passwords)[1]
        waiting = [client.send(self.machine([second], number=n).question()) for n in range(100, 200)]
        client.until(self.machine())
        self.assertGreater(client.op("status")["waiting"]["machines"], 0, "before the slow ones are through")
        answers = [client.answer(n) for n in waiting]
        self.assertTrue(all(a["reason"] == "WAITING_KEY" for a in answers))

    def test_no_answer_and_no_process(self):
        client = self.begin(lambda q: [])
        machine = self.machine()
        answer = client.until(machine, "pending", "SOURCE_UNREACHABLE", seconds=60)
        self.assertIn("ad: a key source does not answer, no answer in time", answer["text"])
        self.fetch.close()
        time.sleep(1.5)
        self.assertEqual(client.op("status")["sources"][1]["reason"], "SOURCE_UNREACHABLE")
        self.fetch.answer = lambda q: found(q, self.passwords[self.guid])
        self.fetch.open()
        client.until(machine, seconds=60)  # found by itself
        self.assertEqual(client.op("status")["sources"][1]["text"], "2 controllers")

    def test_a_failed_source_is_left_alone_for_a_while(self):
        client = self.begin(lambda q: found(q, reason="SOURCE_UNREACHABLE", text="no route"))
        for number in range(1, 21):
            answer = client.release(self.machine(number=number))
            self.assertEqual(answer["reason"], "SOURCE_UNREACHABLE")
            self.assertIn("no route", answer["text"])
        self.assertLess(len(self.fetch.asked), 4)

    def test_lies_of_a_fetch_process_that_was_taken_over(self):
        def lie(question):
            n = question["id"]
            lies = (b"x", b"{}", [], {"v": 1, "id": n, "reason": "RELEASED", "text": "", "candidates": []},
                    {"v": 1, "id": n, "reason": "OK", "text": "\x1b[31m", "candidates": [{"password": 7}]},
                    {"v": 1, "id": n, "reason": "OK", "text": "", "candidates": [{"password": WRONG, "origin": ""}] * 5},
                    b"[" * 130000)
            return [lies[len(self.fetch.asked) % len(lies)]]
        client = self.begin(lie)
        for number in range(1, 15):
            answer = client.until(self.machine(number=number), "pending", None)
            self.assertEqual(answer["volumes"], [])
        self.assertTrue(client.op("status")["ok"])
        self.assertNotIn(b"\x1b", b"".join(self.answers))

    def test_the_real_fetch_process_and_a_program(self):
        program = self.dir + "/keys.sh"
        with open(program, "w") as f:
            f.write(f"#!/bin/sh\n[ \"$1\" = {self.guid} ] && echo {self.passwords[self.guid]}\nexit 0\n")
        os.chmod(program, stat.S_IRWXU)
        fetch = Fetch({"prog": ("exec", {"program": program})})
        self.addCleanup(fetch.close)
        given = settings(sources=("vault", "prog"), fetch=fetch.path)
        given["sources"][1]["type"] = "exec"
        client, machine = self.start(given), self.machine()
        self.assertEqual(self.opened(client.until(machine), machine), self.vmk)
        self.assertEqual(self.audit("release", decision="released")[0]["source"], "prog")


class Snapshots(SourceCase):
    def pages(self, question, good=True):
        if question["op"] == "lookup":
            return found(question, reason="SOURCE_UNREACHABLE", text="the controllers are down")
        def page(records, done, reason="OK"):
            return {"v": 1, "id": question["id"], "records": records, "done": done, "reason": reason, "text": "x" if reason != "OK" else ""}
        records = [{"protector": g, "password": p, "host": "CN=PC1", "changed": 5} for g, p in self.passwords.items()]
        broken = [{"protector": self.guid, "password": EVIL, "host": "", "changed": 0}]
        return [page(records[:1] + broken, False), page(records[1:], good, "OK" if good else "SOURCE_FAILED")]

    def finished(self, client):
        deadline = time.monotonic() + 60
        while client.op("status")["snapshot"]["running"]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        return client.op("status")

    def test_keys_are_there_when_the_source_is_not(self):
        client, machine = self.begin(self.pages), self.machine()
        self.assertEqual(client.release(machine)["reason"], "SOURCE_UNREACHABLE")
        self.assertTrue(client.op("snapshot", source="ad")["ok"])
        status = self.finished(client)
        self.assertEqual(status["snapshot"]["text"], "ad: 2 records")
        self.assertEqual(status["keys"], 2)
        self.assertEqual(status["sources"][1]["snapshot_keys"], 2)
        self.assertGreater(status["sources"][1]["snapshot"], time.time() * 1000 - 60000)
        client.wait_news("release")
        self.assertEqual(self.opened(client.release(machine), machine), self.vmk)
        (record,) = self.audit("snapshot")
        self.assertEqual((record["source"], record["added"], record["malformed"], record["reason"]), ("ad", 2, 1, "OK"))
        (record,) = self.audit("release", decision="released")
        self.assertEqual(record["source"], "vault")
        self.assertIn("ad", record["origin"])
        self.nothing_leaks()

    def test_one_that_breaks_off_keeps_what_came(self):
        client = self.begin(lambda q: self.pages(q, good=False))
        self.assertTrue(client.op("snapshot", source="")["ok"])
        status = self.finished(client)
        self.assertIn("then: ", status["snapshot"]["text"])
        self.assertEqual((status["keys"], status["sources"][1]["snapshot"]), (2, 0))

    def test_one_at_a_time_and_of_sources_that_exist(self):
        hold = threading.Event()
        self.addCleanup(hold.set)
        client = self.begin(lambda q: self.pages(q) if hold.wait(20) else [])
        self.assertEqual(client.op("snapshot", source="nowhere")["reason"], "USAGE")
        self.assertEqual(client.op("snapshot", source="vault")["reason"], "USAGE")
        self.assertTrue(client.op("snapshot", source="ad")["ok"])
        self.assertEqual(client.op("snapshot", source="ad")["reason"], "TRY_LATER")
        self.stop()  # ends although one is under way


if __name__ == "__main__":
    unittest.main()
