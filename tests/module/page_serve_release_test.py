#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A person releases one key and denies another on the page, before `netmend serve` and its own escrow: what the machines get, and what
the record says of it. The machines are played, with the blobs of a generated disk."""
import base64
import json
import re
import ssl
import urllib.parse
import urllib.request

import appliance_lab as lab
from escrow_lab import EscrowCase, key_pair, unseal
from page_fleet_lab import PASSWORD, FleetCase, main
from web_server import hello, until

PASSPHRASE = "battery staple horse"
WHY = "nobody stands before it"


class Released(FleetCase):
    settings = "[release]\napproval = pairing\n[escrow]\nsyslog = no\n"
    people = {"otto": "admin"}
    inventory = "PC-GOOD,S1,52:54:00:52:00:01,Bern,1,Finance,broad\nPC-STRANGE,S2,52:54:00:52:00:02,Bern,1,Finance,broad\n"
    protectors = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        EscrowCase.setUpClass.__func__(cls)  # a disk with BitLocker, and all there is to know of it
        with open("/run/keys.csv", "w") as f:
            f.write("".join(f"{guid},{password}\n" for guid, password in cls.passwords.items()))
        cls.appliance.command("keys", "import", "/run/keys.csv")
        cls.appliance.command("release", "approver", "add", "anna", stdin=f"{PASSPHRASE}\n{PASSPHRASE}\n")

    def send(self, path, body=None):
        request = urllib.request.Request(f"https://{lab.SERVER}{path}", body and json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60, context=ssl._create_unverified_context()) as answer:
            return json.load(answer)

    def boot(self, mac, serial):
        """(session, public key, secret key) of a machine that waits for its key."""
        query = urllib.parse.urlencode({"mac": mac, "uuid": hello("", mac)["machine"]["uuid"], "serial": serial, "asset": "",
                                        "product": "Latitude 7420", "platform": "efi", "buildarch": "x86_64"})
        with urllib.request.urlopen(f"http://{lab.SERVER}/boot/ipxe?{query}", timeout=60) as answer:
            token = re.search(r"netmend\.token=([0-9a-f]{32})", answer.read().decode()).group(1)
        public, secret = key_pair()
        salt, blob = (base64.b64encode(part).decode() for part in self.blobs[self.guid])
        body = hello(token, mac, key=base64.b64encode(public).decode())
        body["machine"]["serial"] = serial
        body["volumes"][0] |= {"id": self.volume, "protectors": [{"id": self.guid, "kind": "recovery-password", "salt": salt, "blob": blob}]}
        session = self.send("/v1/sessions", body)["session"]
        self.waits(session, "WAITING_APPROVAL")
        return session, public, secret

    def waits(self, session, reason):
        return until(lambda: (a := self.send(f"/v1/sessions/{session}/release?wait=5"))["reason"] == reason and a)

    def decide(self, name, button, why=""):
        row = f"[...document.querySelectorAll('#approvals tbody tr')].find((r) => r.innerText.includes({json.dumps(name)}))"
        self.until(f"Boolean({row})")
        self.page.run(f"{row}.querySelector('input').click()")
        for field, text in (("#approver", "anna"), ("#passphrase", PASSPHRASE), ("#why", why)):
            self.set(field, text)
        self.press(button)

    def records(self):
        """All of the record, whose chain is whole."""
        self.appliance.command("audit", "verify")
        with open(self.appliance.state + "/escrow/audit.log") as f:
            return [json.loads(line) for line in f]

    def test_one_released_one_denied(self):
        good, public, secret = self.boot("52:54:00:52:00:01", "S1")
        strange, *_ = self.boot("52:54:00:52:00:02", "S2")
        self.sign_in("otto", password=PASSWORD)
        self.page.wait_text(r"Waiting for approval \(2\)", "#approvals")
        self.decide("PC-STRANGE", "Deny 1 machine", WHY)
        self.page.wait_text(r"Denied: PC-STRANGE\.", "#approvals .results")
        self.waits(strange, "RELEASE_DENIED")
        self.page.wait_text(r"Waiting for approval \(1\)", "#approvals")
        self.decide("PC-GOOD", "Release 1 machine")
        self.page.wait_text(r"Released: PC-GOOD\.", "#approvals .results")
        (volume,) = self.waits(good, "OK")["volumes"]
        self.assertEqual(unseal(base64.b64decode(volume["sealed"]), public, secret)[16:], self.vmk)
        self.waits(strange, "RELEASE_DENIED")
        until(lambda: any(r.get("decision") == "released" for r in self.records()))
        records = self.records()
        decided = [(r["event"], r["by"], r["machine"], r["why"], r["from"]) for r in records if r["event"] in ("approve", "deny")]
        self.assertEqual(decided, [("deny", "anna", "PC-STRANGE", WHY, lab.SERVER), ("approve", "anna", "PC-GOOD", "", lab.SERVER)])
        self.assertEqual([(r["machine"], r["approved_by"]) for r in records if r.get("decision") == "released"], [("PC-GOOD", ["anna"])])
        self.assertIn("PC-STRANGE", [r["machine"] for r in records if r.get("decision") == "denied"])
        text = json.dumps(records) + self.appliance.log()
        for word in (PASSPHRASE, *self.passwords.values()):
            self.assertNotIn(word, text)
        self.assertEqual(self.page.complaints(), [])


if __name__ == "__main__":
    main()
