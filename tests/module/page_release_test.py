#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approvals on the status page, and what its header tells of escrow."""
import base64
import json

from escrow_standin import BoxKey, Escrow
from page_lab import Case, main
from web_server import until


class Approval(Case):
    approval = "pairing"

    def fill(self, name, passphrase, why=""):
        for field, text in (("#approver", name), ("#passphrase", passphrase), ("#why", why)):
            self.page.run(f"document.querySelector('{field}').value = ''")
            if text:
                self.page.click(field)
                self.page.press(*text)

    def choose(self, *names):
        self.page.run("for (const row of document.querySelectorAll('#approvals tbody tr')) {"
                      f" const wanted = {json.dumps(names)}.some((n) => row.innerText.includes(n));"
                      " const box = row.querySelector('input'); if (box.checked !== wanted) box.click(); }")

    def button(self, word):
        self.page.run(f"[...document.querySelectorAll('#approvals button')].find((b) => b.innerText.startsWith('{word}')).click()")

    def status(self, session):
        return self.web.release(session)[1]["status"]

    def test_one_machine_then_a_group(self):
        sessions = {name: self.machine(i, name)[0] for i, name in enumerate(("PC-ANNA", "PC-BERT", "LAPTOP-3", "PC-DORA"))}
        self.open()
        page = self.page
        page.wait_text(r"Waiting for approval \(4\)", "#approvals")
        text = page.text("#approvals")
        for session, request in self.escrow.requests.items():
            self.assertIn(request["code"], text)
        self.assertIn("5CG0000XY", text)
        self.assertIn("127.0.0.1", text)
        page.wait_text(r"4\s*Waiting for approval|Waiting for approval\s*4", ".chips")
        self.assertTrue(page.run("document.querySelector('#triage').hidden"))
        # Nothing chosen, no name, no passphrase: said, and nothing is sent.
        self.button("Release")
        page.wait_text("Choose the machines first", "#approvals .problem")
        self.choose("PC-ANNA")
        self.button("Release 1 machine")
        page.wait_text("Give your name", "#approvals .problem")
        self.fill("anna", "wrong horse")
        page.press("Enter")
        page.wait_text("Name or passphrase is wrong. Nothing was decided", "#approvals .problem")
        self.assertEqual(page.run("document.querySelector('#passphrase').value"), "")
        self.assertEqual(self.status(sessions["PC-ANNA"]), "pending")
        self.fill("anna", "correct horse")
        self.picture("approvals")
        page.press("Enter")
        page.wait_text(r"Released: PC-ANNA\.", "#approvals .results")
        page.wait_text(r"Waiting for approval \(3\)", "#approvals h2")
        self.assertEqual(page.run("document.querySelector('#passphrase').value"), "")
        until(lambda: self.status(sessions["PC-ANNA"]) == "released")
        self.assertEqual(self.status(sessions["PC-BERT"]), "pending")
        self.assertEqual(self.escrow.boxes[-1]["from"], "127.0.0.1")
        # A filter, then all it shows; the passphrase is kept because that was asked for.
        page.click("#approvals input[type=search]")
        code = self.escrow.requests[sessions["PC-BERT"]]["code"]
        page.press(*f"{code[:3]} {code[3:]}")  # as the machine's screen shows it
        page.wait_text("0 of 3 chosen, 1 shown", "#approvals .count")
        page.press(*["Backspace"] * 7)
        page.press(*"pc-")
        page.wait_text("0 of 3 chosen, 2 shown", "#approvals .count")
        page.click("#approve-all")
        page.wait_text("2 of 3 chosen", "#approvals .count")
        page.click("#keep")
        self.fill("anna", "correct horse")
        self.button("Release 2 machines")
        page.wait_text(r"Released: PC-BERT, PC-DORA\.", "#approvals .results")
        self.picture("approvals-released")
        until(lambda: [self.status(sessions[n]) for n in ("PC-BERT", "PC-DORA", "LAPTOP-3")] == ["released", "released", "pending"])
        self.assertEqual(page.run("document.querySelector('#passphrase').value"), "correct horse")
        page.click("#keep")
        self.assertEqual(page.run("document.querySelector('#passphrase').value"), "")
        self.nothing_in_clear("correct horse", "wrong horse")
        self.assertEqual(page.complaints(), [])

    def test_a_denial_needs_a_reason(self):
        session, _ = self.machine(1, "PC-STRANGE")
        self.open()
        self.page.wait_text("PC-STRANGE", "#approvals")
        self.choose("PC-STRANGE")
        self.fill("bert", "battery staple")
        self.button("Deny 1 machine")
        self.page.wait_text("Say why", "#approvals .problem")
        self.fill("bert", "battery staple", "nobody stands before it")
        self.button("Deny 1 machine")
        self.page.wait_text(r"Nothing waits for approval any more[\s\S]*Denied: PC-STRANGE\.", "#approvals")
        self.assertEqual(self.escrow.boxes[-1]["why"], "nobody stands before it")
        self.assertEqual(self.escrow.boxes[-1]["decision"], "deny")
        until(lambda: self.status(session) == "denied")
        self.button("Close")
        until(lambda: self.page.run("document.querySelector('#approvals').hidden"))
        self.nothing_in_clear("battery staple", "nobody stands before it")

    def test_chosen_before_anybody_has_counted(self):
        """The machine's page knows of its request before the figures of escrow do: they come every five seconds."""
        self.escrow.status["requests"] = 0
        session, number = self.machine(1, "PC-QUICK")
        self.open(f"#/machine/{number}")
        self.page.wait_text(f"Code on the machine's screen[\\s\\S]*{self.escrow.requests[session]['code']}", "#machine")
        self.page.run("document.querySelector('.compare button').click()")
        self.page.wait_text("1 of 1 chosen", "#approvals .count")

    def test_two_people(self):
        self.escrow.status["approval"] = "two-person"
        session, number = self.machine(1, "PC-TWO")
        self.open(f"#/machine/{number}")
        page = self.page
        request = self.escrow.requests[session]
        page.wait_text(f"Code on the machine's screen[\\s\\S]*{request['code']}", "#machine")
        page.run("document.querySelector('.compare button').click()")
        page.wait_text("1 of 1 chosen", "#approvals .count")
        page.wait_text(r"two different people[\s\S]*0 of 2", "#approvals")
        self.fill("anna", "correct horse")
        self.button("Release")
        page.wait_text("Approved by you, a second person has to approve too: PC-TWO", "#approvals .results")
        page.wait_text(r"anna \(1 of 2\)", "#approvals tbody")
        self.assertEqual(self.status(session), "pending")
        until(lambda: self.web.release(session, wait=3)[1]["reason"] == "WAITING_SECOND_PERSON")
        self.choose("PC-TWO")
        self.fill("anna", "correct horse")
        self.button("Release")
        page.wait_text("PC-TWO: you approved it already; another person has to", "#approvals .results")
        self.picture("approvals-twice")
        self.fill("bert", "battery staple")
        self.button("Release")
        page.wait_text(r"Released: PC-TWO\.", "#approvals .results")
        until(lambda: self.status(session) == "released")

    def test_a_request_that_is_gone_and_an_escrow_that_is_new(self):
        self.machine(1, "PC-GONE")
        session, _ = self.machine(2, "PC-HERE")
        self.open()
        self.page.wait_text(r"Waiting for approval \(2\)", "#approvals")
        self.choose("PC-GONE", "PC-HERE")
        self.fill("anna", "correct horse")
        # A request that ends while the box is on its way.
        gone = [r["request"] for r in self.escrow.requests.values() if r["machine"]["name"] == "PC-GONE"]
        decide = self.escrow.decide
        self.escrow.decide = lambda number, inside: "REQUEST_GONE" if number in gone else decide(number, inside)
        # The page holds the key of an escrow that has started again.
        before, self.escrow.box = self.escrow.box, BoxKey()
        self.escrow_known()
        fresh = base64.b64encode(self.escrow.box.point).decode()
        self.page.run("(async () => { const m = await import('/page/seal.js'); window.stale = await m.sendSealed('/api/v1/release/decide',"
                      " {v: 1, op: 'decide', approver: 'anna', passphrase: 'correct horse', decision: 'approve', requests: [], why: ''},"
                      f" '{base64.b64encode(before.point).decode()}'); }})()")
        self.assertEqual(self.page.run("window.stale.reason"), "OK")
        self.assertNotEqual(before.point, base64.b64decode(fresh))
        self.button("Release")
        self.page.wait_text(r"Released: PC-HERE\.[\s\S]*PC-GONE: it does not wait any more", "#approvals .results")
        until(lambda: self.status(session) == "released")

    def test_the_list_stays_still_under_the_hand(self):
        self.machine(1, "PC-ONE")
        self.open()
        self.page.wait_text("PC-ONE", "#approvals")
        self.choose("PC-ONE")
        self.page.click("#passphrase")
        self.page.press(*"half a ")
        row = self.page.run("(window.row = document.querySelector('#approvals tbody tr')).innerText")
        self.machine(2, "PC-TWO")
        self.page.wait_text(r"Waiting for approval \(2\)", "#approvals")
        self.assertTrue(self.page.run("window.row.isConnected && window.row.querySelector('input').checked"), row)
        self.assertEqual(self.page.run("[document.activeElement.id, document.activeElement.value]"), ["passphrase", "half a "])

    def test_the_escrow_goes_away(self):
        self.machine(1, "PC-ONE")
        self.open()
        self.page.wait_text("PC-ONE", "#approvals")
        self.choose("PC-ONE")
        self.fill("anna", "correct horse")
        self.escrow.close()
        self.page.wait_text(r"Escrow — (the escrow service closed the connection|Connection refused)", "#health")
        until(lambda: self.page.run("document.querySelector('#approvals').hidden"))
        self.web.escrow = self.escrow = Escrow(self.web.path("escrow.sock"))
        self.page.wait_text(r"Escrow 12 keys", "#health")
        status, answer = self.web.api("POST", "/api/v1/release/decide", {"v": 1, "box": base64.b64encode(bytes(200)).decode()},
                                      headers={"X-Netmend": "1"})
        self.assertEqual((status, answer["reason"]), (200, "PROTOCOL_ERROR"))


class Health(Case):
    def test_what_is_wrong_and_what_to_do(self):
        day = 24 * 3600 * 1000
        now = self.web.api("GET", "/api/v1/snapshot")[1]["now"]
        source = {"name": "vault", "type": "vault", "reason": "OK", "text": "", "checked": 0, "snapshot": 0, "snapshot_keys": 0}
        ad = source | {"name": "ad", "type": "ldap", "reason": "SOURCE_UNREACHABLE", "text": "dc1.example: timed out"}
        self.open()
        self.page.wait_text("Escrow 12 keys", "#health")
        self.assertNotIn("Snapshot", self.page.text("#health"))
        self.escrow.status |= {"locked": True, "sources": [source, ad]}
        self.page.wait_text(r"The vault is locked — unlock it with netmend keys unlock", "#health")
        self.page.wait_text(r"No snapshot[\s\S]*netmend keys snapshot", "#health")
        self.page.wait_text(r"Source ad — a key source does not answer: dc1\.example: timed out", "#health")
        self.picture("health")
        self.escrow.status |= {"locked": False, "stopped": "5 machines asked for what is not their own",
                               "sources": [source, ad | {"reason": "OK", "text": "", "snapshot": now - 3 * day}]}
        self.page.wait_text(r"Key release is stopped — 5 machines asked[\s\S]*netmend release resume", "#health")
        self.page.wait_text(r"Snapshot 3 d old", "#health")
        self.assertNotIn("Source ad", self.page.text("#health"))


if __name__ == "__main__":
    main()
