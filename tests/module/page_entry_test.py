#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recovery password entered on a machine's page: typed, pasted, scanned."""
from page_lab import Case, main
from web_server import PROTECTOR, pending, until

GROUPS = ["123255", "720885", "000011", "471207", "654170", "109989", "000000", "308517"]
PASSWORD = "-".join(GROUPS)


class Entry(Case):
    def waiting(self, reason="KEY_NOT_FOUND"):
        self.escrow.answer = pending(reason, "no source knows it")
        session, number = self.machine(7, "PC-LOST")
        self.escrow.passwords[number] = "-".join(GROUPS)
        self.open(f"#/machine/{number}")
        self.page.wait_text(r"Enter the recovery password[\s\S]*" + PROTECTOR, "#machine")
        return session, number

    def values(self):
        return self.page.run("[...document.querySelectorAll('.group input')].map((i) => i.value)")

    def result(self, pattern):
        self.page.wait_text(pattern, ".entry .result")

    def test_typed_group_by_group_with_an_error(self):
        _, number = self.waiting()
        page = self.page
        self.assertEqual(page.run("document.querySelector('.keyids b').innerText"), PROTECTOR[:8])
        page.click("#group-1")
        page.press(*GROUPS[0])
        self.assertEqual(page.run("document.activeElement.id"), "group-2")
        page.press(*"720886")
        page.wait_text(r"Group 2 \(720886\) cannot be right: no group is larger than 720885", "#entry-problem")
        self.assertEqual(page.run("[document.activeElement.id, document.activeElement.getAttribute('aria-invalid')]"), ["group-2", "true"])
        page.press("Backspace", "7")
        page.press("Backspace", "4")
        page.wait_text(r"Group 2 \(720884\) cannot be right: one of its digits is wrong", "#entry-problem")
        self.picture("entry-error")
        # Sent all the same: stays, and names the group.
        page.press("Enter")
        page.wait_text(r"Group 2", "#entry-problem")
        self.assertEqual(self.escrow.boxes, [])
        self.assertEqual(page.run("document.activeElement.id"), "group-2")
        page.press(*GROUPS[1])
        page.wait_text("^$", "#entry-problem")
        self.assertEqual(page.run("document.activeElement.id"), "group-3")
        page.press(*GROUPS[2], "-", *GROUPS[3], "Space", *"".join(GROUPS[4:7]), *GROUPS[7][:4])
        page.press("Enter")
        page.wait_text("Group 8 has 4 digits; six are needed", "#entry-problem")
        # The machine's page is drawn anew meanwhile: the focus and the digits stay.
        self.escrow.answer = pending("KEY_NOT_FOUND", "no source knows it yet")
        self.web.release(self.escrow.asked[-1]["session"], wait=4)
        page.wait_text("no source knows it yet", "#machine")
        self.assertEqual(self.values(), GROUPS[:7] + [GROUPS[7][:4]])
        page.run("document.querySelector('#group-8').focus()")
        page.press(*GROUPS[7])
        self.assertEqual(self.values(), GROUPS)
        page.press("Enter")
        self.result("It fits. The machine gets its key and goes on by itself")
        self.assertEqual(self.values(), [""] * 8)
        self.assertEqual(self.escrow.boxes, [{"v": 1, "op": "enter", "machine": number, "protector": PROTECTOR, "password": PASSWORD,
                                              "from": "127.0.0.1"}])
        self.picture("entry-opened")
        self.nothing_in_clear(PASSWORD, *[g for g in GROUPS if g not in ("000000", "000011")])
        self.assertEqual(page.complaints(), [])

    def test_pasted_in_any_spelling(self):
        _, number = self.waiting("KEY_MISMATCH")
        bare = "".join(GROUPS)
        for text in (PASSWORD, bare, " ".join(GROUPS), f"Key ID: {PROTECTOR}\nRecovery Key:\n  {PASSWORD}\n", "\u2013".join(GROUPS)):
            self.page.run("document.querySelector('.entry .actions button:last-child').click()")
            self.page.paste(text)
            self.assertEqual(self.values(), GROUPS, text)
        self.escrow.passwords[number] = ""
        self.page.press("Enter")
        self.result("does not open the volume: it belongs to another recovery key ID")
        self.assertEqual(self.values(), [""] * 8)
        self.picture("entry-mismatch")
        # Of what is no password only the digits of one group are taken.
        self.page.paste("12345")
        self.assertEqual(self.values(), ["12345"] + [""] * 7)

    def test_a_scanner_types_it(self):
        self.waiting("SOURCE_UNREACHABLE")
        # With nothing in focus, and in the middle of a form that has something in it.
        self.page.run("document.activeElement.blur()")
        self.page.press(*"".join(GROUPS), "Enter", apart=0.01)
        self.result("It fits")
        self.page.click("#group-4")
        self.page.press(*"12", pause=0.2)
        self.page.press(*PASSWORD, "Enter", apart=0.01)
        until(lambda: len(self.escrow.boxes) == 2)
        self.assertEqual([b["password"] for b in self.escrow.boxes], [PASSWORD, PASSWORD])
        self.result("It fits")
        self.nothing_in_clear(PASSWORD)

    def test_the_camera_reads_it(self):
        """The browser's barcode reader is played: Debian's Chromium has none."""
        fake = """class BarcodeDetector {
            static getSupportedFormats() { return Promise.resolve(["code_128", "qr_code"]); }
            detect(video) { return Promise.resolve(video.videoWidth ? [{rawValue: window.code ?? "HELLO"}] : []); }
        }
        window.BarcodeDetector = BarcodeDetector;
        navigator.mediaDevices.getUserMedia = async () => {
            const canvas = document.createElement("canvas");
            canvas.getContext("2d").fillRect(0, 0, 10, 10);
            setInterval(() => canvas.getContext("2d").fillRect(0, 0, 10, 10), 50);
            return window.stream = canvas.captureStream(20);
        };"""
        self.page.call("Page.addScriptToEvaluateOnNewDocument", source=fake)
        self.waiting()
        button = "[...document.querySelectorAll('.entry button')].find((b) => b.innerText.startsWith('Scan'))"
        until(lambda: not self.page.run(button + ".hidden"))
        self.page.run(button + ".click()")
        self.result("That code is not a recovery password")
        self.picture("entry-camera")
        self.page.run(f"window.code = '{''.join(GROUPS)}'")
        until(lambda: self.values() == GROUPS)
        until(lambda: self.page.run("window.stream.getTracks().every((t) => t.readyState === 'ended')"))
        self.page.press("Enter")
        self.result("It fits")

    def test_without_a_barcode_reader_the_page_says_so(self):
        self.page.call("Page.addScriptToEvaluateOnNewDocument", source="delete window.BarcodeDetector")
        self.waiting()
        self.page.wait_text("with a USB scanner, which types it", ".entry .hint")
        self.assertTrue(self.page.run("[...document.querySelectorAll('.entry button')].find((b) => b.textContent.startsWith('Scan')).hidden"))

    def test_too_many_tries_and_no_escrow_keep_the_digits(self):
        self.waiting()
        self.escrow.on_enter = lambda _: {"ok": False, "reason": "TRY_LATER", "text": ""}
        self.page.click("#group-1")
        self.page.paste(PASSWORD)
        self.page.press("Enter")
        self.result("Too many tries. Wait a minute")
        self.assertEqual(self.values(), GROUPS)
        self.escrow.on_enter = lambda _: self.escrow.connection.shutdown(2)
        self.page.press("Enter")
        self.result("did not answer")
        self.assertEqual(self.values(), GROUPS)
        # Left, it is gone.
        self.page.run("location.hash = '#/'")
        until(lambda: self.values() == [""] * 8)

    def test_only_for_machines_that_lack_a_key(self):
        session, number = self.waiting()
        self.escrow.answer = pending("CAMPAIGN_WINDOW", "until 18:00")
        self.web.release(session, wait=4)
        self.page.wait_text("outside the time of key release", "#machine")
        until(lambda: self.page.run("document.querySelector('.entry').hidden"))


if __name__ == "__main__":
    main()
