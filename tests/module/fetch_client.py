# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts netmend-fetch as `netmend serve` does, and asks it over its socket as netmend-escrow does."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time

PROGRAM = os.path.join(os.path.abspath(os.environ.get("B", "build")), "netmend-fetch")
MACHINE = {"name": "PC-0042", "serial": "S56", "uuid": "", "mac": "52:54:00:12:34:56"}


def settings(sources):
    """sources: {name: (type, {option: text})}"""
    return {"v": 1, "sources": [{"name": n, "type": t, "options": o} for n, (t, o) in sources.items()]}


def settings_pipe(sources):
    reading, writing = os.pipe()
    os.write(writing, json.dumps(settings(sources)).encode())
    os.close(writing)
    return reading


def check(sources):
    """What `netmend-fetch check` prints: {name: (type, reason, text)}, and its exit status."""
    fd = settings_pipe(sources)
    done = subprocess.run([PROGRAM, "check", "--settings-fd", str(fd)], pass_fds=[fd], capture_output=True, text=True, timeout=60)
    os.close(fd)
    return {line.split("\t")[0]: tuple(line.split("\t")[1:]) for line in done.stdout.splitlines()}, done.returncode


class Fetch:
    """A running netmend-fetch. What it logs is in log()."""

    def __init__(self, sources, **environment):
        self.dir = tempfile.mkdtemp(prefix="netmend-fetch-")
        self.path = os.path.join(self.dir, "fetch.sock")
        fd = settings_pipe(sources)
        with open(os.path.join(self.dir, "log"), "wb") as log:
            self.process = subprocess.Popen([PROGRAM, "serve", "--settings-fd", str(fd), "--socket", self.path, "--escrow-uid", "0"],
                                            pass_fds=[fd], stderr=log, env=os.environ | environment)
        os.close(fd)
        self.number, self.sock = 0, self.connect()

    def connect(self):
        deadline = time.monotonic() + 60
        while True:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            try:
                sock.connect(self.path)
                return sock
            except OSError:
                sock.close()
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise AssertionError(f"netmend-fetch does not answer: {self.log()}") from None
                time.sleep(0.02)

    def log(self):
        with open(os.path.join(self.dir, "log"), errors="replace") as f:
            return f.read()

    def send(self, op, sock=None, **fields):
        self.number += 1
        (sock or self.sock).send(json.dumps({"v": 1, "id": self.number, "op": op} | fields).encode())
        return self.number

    def receive(self, sock=None):
        sock = sock or self.sock
        sock.settimeout(30)
        data = sock.recv(1 << 18)
        if not data:
            raise AssertionError(f"the connection was closed: {self.log()}")
        return json.loads(data)

    def ask(self, source, protector, **machine):
        """Sends a lookup; its number."""
        return self.send("lookup", source=source, protector=protector, machine=MACHINE | machine)

    def lookup(self, source, protector, **machine):
        """(reason, [passwords], text)"""
        self.ask(source, protector, **machine)
        answer = self.receive()
        assert sorted(answer) == ["candidates", "id", "reason", "text", "v"], answer
        return answer["reason"], [c["password"] for c in answer["candidates"]], answer["text"]

    def status(self, source):
        self.send("status")
        return next(s for s in self.receive()["sources"] if s["name"] == source)

    def pull(self, source):
        """(reason, [record], text), over a connection of its own."""
        with self.connect() as sock:
            self.send("pull", sock, source=source)
            records = []
            while True:
                answer = self.receive(sock)
                records += answer["records"]
                if answer["done"]:
                    return answer["reason"], records, answer["text"]

    def close(self):
        self.sock.close()
        self.process.terminate()
        self.process.wait(60)
        shutil.rmtree(self.dir)
