# SPDX-License-Identifier: GPL-3.0-or-later
"""From a browser to an opened disk: the page in Chromium, the real web process, the real netmend-escrow, blobs of a generated
disk. The machine is played."""
import base64

import page_lab
from browser import Browser
from escrow_lab import EscrowCase, key_pair, settings, unseal
from recording_proxy import Proxy
from web_server import Web, add, hello, until


class WholeCase(EscrowCase):
    def setUp(self):
        super().setUp()
        self.web = Web(page=page_lab.page_folder(self), escrow=False)
        self.path = self.web.path("escrow.sock")
        self.addCleanup(self.web.close)
        self.addCleanup(self.stop)  # before the folder of its socket goes
        self.page = Browser()
        self.addCleanup(self.page.close)

    def begin(self, people=(("anna", "correct horse"), ("bert", "battery staple")), **rules):
        client = self.start(settings(**rules))
        for name, passphrase in people:
            self.assertEqual(client.op("approver", action="add", name=name, passphrase=passphrase)["reason"], "OK")
        self.web.start()
        self.proxy = Proxy(self.web.path("cert.pem"), self.web.path("key.pem"), self.web.https_port)
        self.addCleanup(self.proxy.close)
        until(lambda: self.web.api("GET", "/api/v1/snapshot")[1]["appliance"]["escrow"]["ok"])

    def boot(self, name):
        """A machine's session with the disk's blob; (session, public key, secret key)."""
        mac = "52:54:00:40:00:01"
        add(self.web, mac, name=name)
        public, secret = key_pair()
        salt, blob = (base64.b64encode(part).decode() for part in self.blobs[self.guid])
        body = hello(self.web.token(mac), mac, key=base64.b64encode(public).decode())
        body["volumes"][0] |= {"id": self.volume, "protectors": [{"id": self.guid, "kind": "recovery-password", "salt": salt, "blob": blob}]}
        status, opened = self.web.api("POST", "/v1/sessions", body)
        self.assertEqual(status, 200, opened)
        return opened["session"], public, secret

    def poll(self, session, reason):
        return until(lambda: (a := self.web.release(session, wait=5)[1])["reason"] == reason and a)

    def open(self, fragment=""):
        self.page.sign_in("https://127.0.0.1/", self.web.admin())
        self.page.open(f"https://127.0.0.1:{self.proxy.port}/{fragment}")

    def vmk_of(self, session, public, secret):
        (volume,) = self.poll(session, "OK")["volumes"]
        return unseal(base64.b64decode(volume["sealed"]), public, secret)[16:]
