# SPDX-License-Identifier: GPL-3.0-or-later
"""The status page in Chromium before the real web process; escrow is played by the test, a proxy keeps what the browser sends."""
import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from browser import Browser
from recording_proxy import Proxy
from web_server import Web, add, hello, released, until

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
REASON = re.compile(r'^REASON\((\w+), \w+, \w+, (".*?"), (".*?")\)$', re.M)


def page_folder(case):
    """The page's files, with the table of reasons the programs are built with (appliance/web/page.c); gone after the test."""
    folder = tempfile.mkdtemp(prefix="netmend-page-")
    case.addCleanup(shutil.rmtree, folder)
    subprocess.run(["/usr/bin/python3", os.path.join(TREE, "appliance/web/pack.py"), os.path.join(TREE, "appliance/web/page"), folder], check=True)
    with open(os.path.join(TREE, "include/netmend/reason.def")) as table, open(os.path.join(folder, "reasons.js"), "w") as f:
        lines = [f"{code}: {{title: {title}, advice: {advice}}},\n" for code, title, advice in REASON.findall(table.read())]
        f.write("export const reasons = {\n" + "".join(lines) + "};\n")
    return folder


class Case(unittest.TestCase):
    approval = "auto"

    def setUp(self):
        self.web = Web(page=page_folder(self))
        self.escrow = self.web.escrow
        self.escrow.status["approval"] = self.approval
        self.escrow.answer = released()
        self.web.start()
        self.addCleanup(self.web.close)
        self.proxy = Proxy(self.web.path("cert.pem"), self.web.path("key.pem"), self.web.https_port)
        self.addCleanup(self.proxy.close)
        self.page = Browser()
        self.addCleanup(self.page.close)

    def machine(self, number, name):
        """(session, row id) of a machine that asks for its key."""
        mac = f"52:54:00:30:00:{number:02x}"
        add(self.web, mac, name=name)
        body = hello(self.web.token(mac), mac)
        body["machine"] |= {"serial": f"5CG{number:04d}XY", "product": "EliteBook 840 G8"}
        status, opened = self.web.api("POST", "/v1/sessions", body)
        assert status == 200, opened
        self.web.release(opened["session"], wait=1)
        return opened["session"], self.web.row(mac)["id"]

    def open(self, fragment=""):
        self.page.sign_in("https://127.0.0.1/", self.web.admin())
        self.page.open(f"https://127.0.0.1:{self.proxy.port}/{fragment}")
        self.page.wait_text("netmend 0", "#health")

    def escrow_known(self):
        """Until the web process has heard of what the stand-in says now."""
        box = base64.b64encode(self.escrow.box.point).decode()

        def same():
            return self.web.api("GET", "/api/v1/snapshot")[1]["appliance"]["escrow"]["box"] == box
        until(same)

    def picture(self, name):
        if "PICTURES" in os.environ:
            self.page.screenshot(os.path.join(os.environ["PICTURES"], name + ".png"))

    def nothing_in_clear(self, *secrets):
        """Neither on the wire, nor in what a browser keeps."""
        kept = self.page.run("JSON.stringify([localStorage, sessionStorage, history.state, location.href, document.cookie])")
        self.assertGreater(len(self.proxy.received), 1000)
        for secret in secrets:
            for spelling in (secret, secret.replace("-", ""), secret.replace("-", " "), json.dumps(secret)[1:-1]):
                for form in (spelling.encode(), base64.b64encode(spelling.encode()).rstrip(b"=")[:-1]):
                    self.assertNotIn(form, self.proxy.received)
                self.assertNotIn(spelling, kept)
                self.assertNotIn(spelling, self.web.log())


def main():
    if not shutil.which("chromium"):
        print("skipped: no chromium")
        sys.exit(0)
    unittest.main()
