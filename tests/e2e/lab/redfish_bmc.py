# SPDX-License-Identifier: GPL-3.0-or-later
"""The management controller of a machine that takes virtual media: our Redfish stand-in on the administrator's address, which has the
lab switch the machine. As a real one it reads the image itself, by HTTP, in parts."""
import os
import ssl
import subprocess
import sys
import urllib.request

from . import net

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "module"))
from redfish_standin import Redfish  # noqa: E402

PART = 1 << 20


def tls(folder):
    certificate, key = f"{folder}/cert.pem", f"{folder}/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=BMC", "-out", certificate, "-keyout", key], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def read_image(url, path):
    """As a drive reads a disc: a part after the other."""
    with urllib.request.urlopen(urllib.request.Request(url, method="HEAD"), timeout=30) as answer:
        size = int(answer.headers["Content-Length"])
    with open(path, "wb") as out:
        for at in range(0, size, PART):
            part = urllib.request.Request(url, headers={"Range": f"bytes={at}-{min(at + PART, size) - 1}"})
            with urllib.request.urlopen(part, timeout=30) as answer:
                assert answer.status == 206, answer.status
                out.write(answer.read())


class RedfishBmc(Redfish):
    """starts: what the machine was started from, each time."""

    def __init__(self, machine):
        self.machine, self.starts = machine, []
        self.folder = f"{machine.workdir}/{machine.name}.bmc"
        os.makedirs(self.folder)
        super().__init__(tls(self.folder), host=net.ADMIN)
        self.uuid = machine.uuid

    def answer(self, method, path, headers, body):
        self.on = self.machine.process is not None and self.machine.process.poll() is None
        return super().answer(method, path, headers, body)

    def reset(self, kind):
        was, told = self.on, super().reset(kind)
        if was and kind in ("ForceOff", "ForceRestart"):
            self.machine.power_cut()
        if self.on and self.machine.process is None:
            self.start(self.log[-1][1])
        return told

    def start(self, target):
        self.starts.append(target)
        self.machine.medium = None
        if target == "Cd" and self.image:
            path = f"{self.folder}/image.iso"
            read_image(self.image, path)
            self.machine.medium = ("cd", path)
        self.machine.power_on(first="net" if target == "Pxe" else "disk")
        self.machine.set_first("disk")  # it was for one start
