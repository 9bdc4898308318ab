#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file of recovery keys dropped on the page: what is said of it, what is stored, who may, and that a machine gets its key from it.
The page in Chromium, the real web process, the real netmend-escrow."""
import base64
import json
import os
import re

import page_lab
from escrow_lab import settings
from page_escrow_lab import WholeCase
from web_server import until

DROP = """((files) => {
    const all = new DataTransfer();
    for (const [name, text] of files)
        all.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name));
    const to = document.querySelector("#view input[type=file]").closest("section");
    for (const kind of ["dragenter", "dragover", "drop"])
        to.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: all}));
})(%s)"""
PASSPHRASE = "battery staple"  # bert's; no part of a password that web may see, anna's for the page
ALERT, RESULTS = "#view [role=alert]", "#view .results"


def memory(pid):
    """What a process has of its own, piece by piece."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            start, end = (int(n, 16) for n in line.split()[0].split("-"))
            if not re.match(r"\S+ rw", line) or end - start > 1 << 28:
                continue
            mem.seek(start)
            try:
                yield mem.read(end - start)
            except OSError:
                continue


class Keys(WholeCase):
    def drop(self, *files):
        self.page.run(DROP % json.dumps([(name, base64.b64encode(data).decode()) for name, data in files]))

    def open_keys(self):
        self.open("#/keys")
        self.page.wait_text(r"Recovery keys[\s\S]*0 keys in the vault", "#view")

    def press(self, label):
        until(lambda: self.page.run(
            "(() => { const b = [...document.querySelectorAll('#view button')].find((b) => b.offsetParent && !b.disabled"
            f" && b.innerText === {json.dumps(label)}); b?.click(); return Boolean(b); }})()"))

    def export(self, *rows):
        text = "Hostname, KeyID, RecoveryKey\r\n" + "".join(f'"{host}",{{{guid}}},{key}\r\n' for host, guid, key in rows)
        return ("\ufeff" + text).encode("utf-16-le")

    def picture(self, name):
        if "PICTURES" in os.environ:
            self.page.screenshot(os.path.join(os.environ["PICTURES"], name + ".png"))

    def nobody_has_seen(self, *secrets):
        """Neither on the wire to web, nor in its memory, nor in its log and store, nor in what the browser keeps."""
        pieces = [bytes(self.proxy.received), self.web.log().encode(), *memory(self.web.process.pid)]
        pieces.append(self.page.run("JSON.stringify([localStorage, sessionStorage, history.state, location.href])").encode())
        self.assertTrue(any(b"netmend" in piece for piece in pieces[2:]))
        for secret in secrets:
            for text in (secret, secret.replace("-", ""), secret.replace("-", " ")):
                for form in (text.encode(), text.encode("utf-16-le"), base64.b64encode(text.encode())[:-4]):
                    found = [n for n, piece in enumerate(pieces) if form in piece]
                    self.assertEqual(found, [], "pieces it is in: the wire, the log, then memory")

    def test_dropped_looked_at_and_stored(self):
        self.begin(people=())
        session, public, secret = self.boot("PC-LOST")
        self.poll(session, "KEY_NOT_FOUND")
        self.open_keys()
        self.drop(("notes.txt", b"nothing\n"), ("empty.csv", b""))
        self.page.wait_text(r"Nothing is stored yet[\s\S]*notes\.txt[\s\S]*There is no recovery key in it[\s\S]*nothing to store", RESULTS)
        password = self.passwords[self.guid]
        typo = password[:-1] + str((int(password[-1]) + 1) % 10)
        self.drop(("keys.csv", self.export(("PC-LOST", self.guid, password), ("PC-2", "11111111-2222-3333-4444-555555555555", "NULL"),
                                           ("PC-3", "11111111-2222-3333-4444-666666666666", typo))))
        self.page.wait_text(r"keys\.csv \(UTF-16LE\)\s+1 key new, 2 rows rejected\.[\s\S]*column 2 'KeyID' is the key ID"
                            r"[\s\S]*1\s+NULL instead[\s\S]*1\s+the recovery password has a typing error[\s\S]*3\s+NULL[\s\S]*4\s+the rec", RESULTS)
        self.picture("keys-looked-at")
        self.page.call("Emulation.setDeviceMetricsOverride", width=360, height=780, deviceScaleFactor=1, mobile=True)
        self.assertLessEqual(self.page.run("document.documentElement.scrollWidth"), 360)
        self.picture("keys-on-a-phone")
        self.page.call("Emulation.clearDeviceMetricsOverride")
        self.page.wait_text("0 keys in the vault", "#view")
        self.assertEqual((self.audit("import"), self.page.run("document.activeElement.innerText")), ([], "Store 1 key"))
        self.page.press("Enter")
        self.page.wait_text("Stored: 1 key new", RESULTS)
        self.page.wait_text("1 key in the vault", "#view")
        self.assertEqual(self.page.run("document.querySelector('#view input[type=file]').value"), "")
        self.assertEqual(self.vmk_of(session, public, secret), self.vmk)
        (record,) = self.audit("import")
        self.assertEqual((record["account"], record["from"], record["file"]), ("anna", "127.0.0.1", ["keys.csv"]))
        actions = self.web.api("GET", "/api/v1/actions")[1]["actions"]
        (action,) = [a for a in actions if a["kind"] == "keys"]
        self.assertEqual((action["who"], action["verb"]), ("anna", "import"))
        self.assertIn("1 new, 0 known, 2 rejected; SHA-256 " + record["sha256"], action["text"])
        self.nobody_has_seen(password, typo)
        self.nothing_leaks()
        self.assertEqual(self.page.complaints(), [])

    def test_an_approver_says_so(self):
        self.begin()
        self.open_keys()
        self.drop(("keys.csv", self.export(("PC-1", self.guid, self.passwords[self.guid]))))
        self.page.wait_text("Your name as approver", "#view form")
        self.press("Store 1 key")
        self.page.wait_text("takes the name and the passphrase", ALERT)
        for passphrase, answer, where in (("battery stapler", "Name or passphrase is wrong: nothing was stored", ALERT),
                                          (PASSPHRASE, "Stored: 1 key", RESULTS)):
            self.page.run("document.querySelectorAll('#view form input').forEach((i) => { i.value = ''; }); document.querySelector('#view form input').focus()")
            self.page.press(*"bert", "Tab", *passphrase, "Enter")
            self.page.wait_text(answer, where)
            self.assertEqual(self.page.run("document.querySelector('#view input[type=password]').value"), "")
        self.assertEqual(self.audit("import")[0]["by"], "bert")
        self.nobody_has_seen(PASSPHRASE, self.passwords[self.guid])
        self.assertEqual(self.page.complaints(), [])

    def test_what_cannot_be_done_says_why(self):
        self.begin(people=(), page_import=False)
        self.open_keys()
        key = self.export(("PC-1", self.guid, self.passwords[self.guid]))
        self.drop(("keys.csv", key))
        self.page.wait_text(r"takes no keys from the status page[\s\S]*netmend keys import", ALERT)
        self.page.run("document.querySelector('#view input[type=file]').closest('section').dispatchEvent((() => { const all = new DataTransfer();"
                      " all.items.add(new File([new Uint8Array(20 * 1024 * 1024 + 1)], 'big.csv'));"
                      " return new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: all}); })())")
        self.page.wait_text(r"too much for the page: 1 file, 21\.0 MB[\s\S]*netmend keys import FILE", ALERT)
        self.stop()
        self.page.wait_text("Escrow does not answer", "#view .notice")
        self.drop(("keys.csv", key))
        self.page.wait_text("escrow service does not answer", ALERT)
        self.start(settings())
        self.page.wait_text("0 keys in the vault", "#view")
        self.drop(("keys.csv", key))
        self.page.wait_text("1 key new", RESULTS)
        self.press("Leave it")
        self.assertEqual(self.page.text(RESULTS), "")
        self.drop(("again.csv", key))
        self.page.wait_text(r"again\.csv[\s\S]*1 key new", RESULTS)  # the one left alone is not in the way
        self.page.run("location.hash = '#/'")
        self.page.wait_text("PC|No machines|machine", "#overview")
        self.page.run("location.hash = '#/keys'")
        self.drop(("once more.csv", key))
        self.page.wait_text(r"once more\.csv[\s\S]*1 key new", RESULTS)  # nor the one that was left by going away

    def test_a_locked_vault(self):
        self.begin(people=(), vault={"key": "ask", "secret": ""})
        self.open("#/keys")
        self.page.wait_text(r"The vault is locked[\s\S]*netmend keys unlock", "#view .notice")
        self.drop(("keys.csv", b"ABC"))
        self.page.wait_text(r"vault is locked: netmend keys unlock", ALERT)


if __name__ == "__main__":
    page_lab.main()
