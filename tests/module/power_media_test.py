#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image an appliance serves itself: made by one command, given to a machine by its controller, which reads it as controllers do. The
controller is a stand-in of ours (redfish_standin.py); that the image starts machines is tests/e2e/media_test.py's."""
import hashlib
import json
import os
import shutil
import ssl
import subprocess
import sys
import unittest
import urllib.error
import urllib.request

import appliance_lab as lab
from redfish_standin import Redfish

MAC = "52:54:00:00:0b:01"
URL = f"http://{lab.SERVER}/boot/netmend.iso"


def fetch(method="GET", part=None):
    """(status, headers, body)"""
    request = urllib.request.Request(URL, headers={"Range": f"bytes={part}"} if part else {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


class Own(unittest.TestCase):
    def setUp(self):
        self.boot = f"/run/{self._testMethodName}-boot"
        os.makedirs(self.boot)
        for name in ("kernel", "initrd"):
            shutil.copy(f"/run/{name}", self.boot)
        self.appliance = lab.Appliance(self._testMethodName, images=self.boot)
        self.appliance.start()
        self.addCleanup(self.appliance.stop)

    def controller(self, name="srv1", mac=MAC):
        """A server whose controller takes media, known to escrow and web; its machine's number."""
        certificate, key = f"{self.boot}/{name}.pem", f"{self.boot}/{name}.key"
        lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=BMC", "-out", certificate, "-keyout", key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        bmc = Redfish(context)
        self.addCleanup(bmc.close)
        self.appliance.command("machines", "add", mac, name)
        self.appliance.command("power", "import", "-", stdin="machine,mac,address,port,type,user,password\n"
                               f"{name},{mac},127.0.0.1,{bmc.port},redfish,{bmc.user},{bmc.password}\n")
        (machine,) = [m["id"] for m in json.loads(self.appliance.get(f"/api/v1/machines?text={name}"))["machines"]]
        self.appliance.wait_for(lambda: self.power_of(machine)["bmc"] == "redfish 127.0.0.1", "web knows the controller")
        return bmc, machine

    def power_of(self, machine):
        return json.loads(self.appliance.get(f"/api/v1/machines/{machine}"))["power"]

    def make(self):
        made = json.loads(self.appliance.command("media", "iso", "--json").stdout)
        self.assertEqual((made["served"], made["appliance"]), (URL, f"https://{lab.SERVER}:443"))
        return made

    def media(self, *words, status=0):
        done = self.appliance.command("power", "media", "srv1", *words, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def order(self, **more):
        """(status, text) of the page's call."""
        return self.call("/api/v1/power", {"v": 1, "order": "media", "force": False, "dry_run": True, "why": ""} | more)

    def call(self, path, body):
        request = urllib.request.Request(f"https://{lab.SERVER}{path}", json.dumps(body).encode(), method="POST",
                                         headers={"Authorization": f"Bearer {self.appliance.bearer}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60, context=ssl._create_unverified_context()) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def test_none_yet(self):
        """Nothing is ordered, and all three say what makes one."""
        bmc, machine = self.controller()
        self.assertIn("`netmend media iso`", self.media("--yes", status=1))
        status, text = self.order(machines=[machine])
        self.assertEqual(status, 400, text)
        self.assertIn("`netmend media iso`", text)
        status, _, text = fetch()
        self.assertEqual(status, 404)
        self.assertIn(b"`netmend media iso`", text)
        self.assertIsNone(self.power_of(machine)["order"])
        self.assertEqual((bmc.image, self.appliance.log().count("media/netmend-")), (None, 0))

    def test_read_as_controllers_do(self):
        made = self.make()
        status, headers, whole = fetch()
        self.assertEqual((status, len(whole), hashlib.sha256(whole).hexdigest()), (200, made["size"], made["sha256"]))
        status, headers, body = fetch("HEAD")
        self.assertEqual((status, headers["Content-Length"], headers["Accept-Ranges"], body), (200, str(made["size"]), "bytes", b""))
        status, headers, body = fetch(part="32768-34815")  # the first descriptor of ISO 9660
        self.assertEqual((status, headers["Content-Range"], body), (206, f"bytes 32768-34815/{made['size']}", whole[32768:34816]))
        self.assertEqual(body[1:6], b"CD001")
        status, _, body = fetch(part=f"{made['size'] - 2048}-")
        self.assertEqual((status, body), (206, whole[-2048:]))
        self.assertEqual(fetch(part=f"{made['size']}-")[0], 416)

    def test_inserted_and_started_from(self):
        made = self.make()
        bmc, machine = self.controller()
        self.assertIn("one start from the image", self.media("--dry-run"))
        self.assertEqual(self.order(machines=[machine])[0], 200)
        self.assertEqual(bmc.image, None)
        self.media("--yes")
        self.appliance.wait_for(lambda: self.power_of(machine)["order"]["state"] == "booting", "the start")
        self.assertEqual((bmc.image, bmc.log[-1], bmc.on), (URL, ("start", "Cd", "UEFI"), True))
        self.assertEqual(hashlib.sha256(fetch()[2]).hexdigest(), made["sha256"], "what the controller was told to read")
        self.assertEqual(self.call("/v1/boot", {"v": 1, "way": "media", "mac": MAC, "uuid": "", "serial": "", "asset": "", "manufacturer": "",
                                                "product": "PC", "platform": "efi", "arch": "x86_64"})[0], 200)
        orders = []

        def known():
            orders[:] = [(o["order"], o["state"]) for o in json.loads(self.appliance.get("/api/v1/power"))["orders"]]
            return orders[-1] == ("media", "done")

        self.appliance.wait_for(known, "the machine")
        self.assertEqual(orders, [("eject", "waiting"), ("media", "done")])

    def test_another_image(self):
        """A person's own goes before; nonsense is refused."""
        bmc, machine = self.controller()
        other = "http://10.9.9.9/other.iso"
        self.assertEqual(self.order(machines=[machine], image=other, dry_run=False)[0], 200)
        self.appliance.wait_for(lambda: bmc.image == other, "the other image")
        for image in ("ftp://a/b", "http://a b", "http://" + 600 * "x", "javascript:x"):
            status, text = self.order(machines=[machine], image=image)
            self.assertEqual((status, "http://" in text), (400, True), text)

    def test_older_than_what_is_in_it(self):
        """A package's new kernel has the time it was built at; a new certificate has another pin."""
        self.controller()
        self.make()
        self.media("--dry-run")
        os.utime(f"{self.boot}/kernel", (1, 1))
        self.assertIn(f"older than {self.boot}/kernel", self.media("--dry-run", status=1))
        self.assertEqual(fetch()[0], 200, "who reads it goes on")
        self.make()
        self.media("--dry-run")
        self.appliance.stop()
        for name in ("cert", "key"):
            os.unlink(f"{self.appliance.state}/tls/{name}.pem")
        self.appliance.start()
        self.assertEqual(fetch()[0], 404)
        self.make()
        self.assertEqual(fetch()[0], 200)
        self.assertEqual(len(os.listdir(f"{self.appliance.state}/media")), 1, "the one for the old certificate is gone")

    def test_what_it_says(self):
        done = self.appliance.command("media", "iso")
        self.assertIn(f"serves it at {URL}", done.stdout)
        self.assertIn(f"looks for the appliance at https://{lab.SERVER}:443", done.stdout)
        self.assertIn("netmend power media MACHINE", done.stdout)
        done = self.appliance.command("media", "iso", "--appliance", "10.77.0.9", "--json")
        self.assertEqual(json.loads(done.stdout)["appliance"], "https://10.77.0.9:443")
        self.assertEqual(subprocess.run(["su", "-s", "/bin/sh", "nobody", "-c", f"cmp {self.appliance.state}/media/netmend-*.iso -"],
                                        input=fetch()[2], check=False).returncode, 0, "for every user to read")


if __name__ == "__main__":
    lab.enter()
    sys.exit(unittest.main())
