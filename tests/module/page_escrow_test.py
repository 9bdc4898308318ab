#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Approvals and passwords typed by hand, from the browser to the opened disk. The machine computes the code on its screen by
libsodium alone."""
import ctypes

import page_lab
from escrow_lab import SODIUM, WRONG, settings
from page_escrow_lab import WholeCase
from web_server import until

LETTERS = "ACDEFGHJKLMNPQRTUVWXY34679"


def code_on_screen(key, session, request):
    """Argon2id over key and session, salted with the request; six digits to the base of the letters."""
    digest, data = ctypes.create_string_buffer(16), key + bytes.fromhex(session)
    salt = bytes.fromhex(request) + b"pairing\0"
    assert SODIUM.crypto_pwhash(digest, ctypes.c_ulonglong(16), data, ctypes.c_ulonglong(len(data)), salt, ctypes.c_ulonglong(2),
                                ctypes.c_size_t(32 << 20), 2) == 0
    number, code = int.from_bytes(digest.raw, "big"), ""
    for _ in range(6):
        number, rest = divmod(number, len(LETTERS))
        code += LETTERS[rest]
    return code


class Whole(WholeCase):
    def approve(self, name, passphrase):
        page = self.page
        for field, text in (("#approver", name), ("#passphrase", passphrase)):
            page.run(f"document.querySelector('{field}').value = ''")
            page.click(field)
            page.press(*text)
        page.press("Enter")

    def test_two_people_release_a_key(self):
        self.begin(approval="two-person")
        self.imports([(self.guid, self.passwords[self.guid])])
        session, public, secret = self.boot("PC-REAL")
        answer = self.poll(session, "WAITING_APPROVAL")
        self.open()
        self.page.wait_text(code_on_screen(public, session, answer["request"]), "#approvals tbody")
        # Escrow starts again: another request, another code, and a key of its own for boxes.
        self.stop()
        self.page.wait_text("Escrow — (the escrow service closed|No such file|Connection refused)", "#health")
        self.start(settings(approval="two-person"))
        again = until(lambda: (a := self.web.release(session, wait=3)[1])["request"] not in ("", answer["request"]) and a)
        self.page.wait_text(code_on_screen(public, session, again["request"]), "#approvals tbody", 15)
        self.page.click("#approve-all")
        self.approve("anna", "incorrect horse")
        self.page.wait_text("Name or passphrase is wrong. Nothing was decided", "#approvals .problem")
        self.approve("anna", "correct horse")
        self.page.wait_text("a second person has to approve too: PC-REAL", "#approvals .results")
        self.poll(session, "WAITING_SECOND_PERSON")
        self.page.wait_text(r"anna \(1 of 2\)", "#approvals tbody")
        self.page.click("#approve-all")
        self.approve("anna", "correct horse")
        self.page.wait_text("PC-REAL: you approved it already", "#approvals .results")
        self.approve("bert", "battery staple")
        self.page.wait_text(r"Released: PC-REAL\.", "#approvals .results")
        self.assertEqual(self.vmk_of(session, public, secret), self.vmk)
        self.assertEqual([r["by"] for r in self.audit("approve")], ["anna", "bert"])
        self.assertEqual(self.audit("approve")[0]["from"], "127.0.0.1")
        for passphrase in (b"correct horse", b"battery staple"):
            self.assertNotIn(passphrase, self.proxy.received)
        self.nothing_leaks()
        self.assertEqual(self.page.complaints(), [])

    def test_a_password_entered_by_hand(self):
        self.begin()
        session, public, secret = self.boot("PC-LOST")
        self.assertIn(self.guid, self.poll(session, "KEY_NOT_FOUND")["text"])
        number = self.web.api("GET", "/api/v1/snapshot")[1]["machines"][0]["id"]
        self.open(f"#/machine/{number}")
        self.page.wait_text("Enter the recovery password[\\s\\S]*" + self.guid, "#machine")
        for password, answer in ((WRONG, "does not open the volume"), (self.passwords[self.guid], "It fits. The machine gets its key")):
            self.page.click("#group-1")
            self.page.press(*password.replace("-", ""))
            self.page.press("Enter")
            self.page.wait_text(answer, ".entry .result")
        self.assertEqual(self.vmk_of(session, public, secret), self.vmk)
        (record,) = self.audit("entered", reason="OK")
        self.assertEqual((record["from"], record["protector"]), ("127.0.0.1", self.guid))
        until(lambda: "unlocking" in self.page.text("#machine .words"))
        self.page.wait_text("It fits", ".entry .result")
        self.assertTrue(self.page.run("document.querySelector('.entry form').offsetParent === null"))
        self.answers.append(bytes(self.proxy.received))
        self.nothing_leaks()
        self.assertEqual(self.page.complaints(), [])


if __name__ == "__main__":
    page_lab.main()
