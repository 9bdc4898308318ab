# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts netmend-power as `netmend serve` does, and gives it orders over its socket as netmend-escrow does."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("B", "build"))
PROGRAM = os.path.join(BUILD, "netmend-power")


def message(number, order, **fields):
    """An order as README.md of appliance/power has it; machine: some of name, uuid, serial."""
    machine = {"name": "", "uuid": "", "serial": ""} | fields.pop("machine", {})
    return {"v": 1, "id": number, "order": order, "type": "auto", "address": "127.0.0.1", "port": 0, "user": "netmend",
            "password": "", "pin": "", "machine": machine, "firmware": "auto", "other": False, "image": "", "seconds": 120} | fields


class Power:
    """A running netmend-power. What it logs is in log()."""

    def __init__(self, escrow_uid=0):
        self.dir = tempfile.mkdtemp(prefix="netmend-power-")
        os.chmod(self.dir, 0o755)
        self.path = os.path.join(self.dir, "power.sock")
        with open(os.path.join(self.dir, "log"), "wb") as log:
            self.process = subprocess.Popen([PROGRAM, "serve", "--socket", self.path, "--escrow-uid", str(escrow_uid)], stderr=log)
        self.number, self.sock = 0, self.connect()
        self.round_trip()  # its socket is there before it reads: SIGTERM would end it otherwise than it should

    def connect(self):
        deadline = time.monotonic() + 60
        while True:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            sock.settimeout(60)
            try:
                sock.connect(self.path)
                return sock
            except OSError:
                sock.close()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise AssertionError(f"netmend-power does not answer: {self.log()}") from None
                time.sleep(0.02)

    def log(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()

    def send(self, order, sock=None, **fields):
        """The number of the order."""
        self.number += 1
        (sock or self.sock).send(json.dumps(message(self.number, order, **fields)).encode())
        return self.number

    def receive(self, sock=None):
        data = (sock or self.sock).recv(1 << 18)
        if not data:
            raise AssertionError(f"the connection was closed: {self.log()}")
        return json.loads(data)

    def round_trip(self, sock=None):
        """What was sent before it has been taken in."""
        self.send("no such order", sock)
        assert self.receive(sock)["reason"] == "PROTOCOL_ERROR"

    def ask(self, order, **fields):
        number = self.send(order, **fields)
        answer = self.receive()
        assert answer["id"] == number, answer
        return answer

    def close(self):
        self.sock.close()
        self.process.terminate()
        status, log = self.process.wait(60), self.log()
        shutil.rmtree(self.dir)
        assert status == 0, f"netmend-power ended with {status}: {log}"
