# SPDX-License-Identifier: GPL-3.0-or-later
"""A client for QEMU's machine protocol: one JSON object a line over a Unix socket."""
import json
import os
import socket
import threading
import time


class QmpError(Exception):
    pass


class Qmp:
    def __init__(self, path, process, timeout=60):
        deadline = time.monotonic() + timeout
        self.socket = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.socket.connect(path)
                break
            except (FileNotFoundError, ConnectionRefusedError):
                if process.poll() is not None:
                    raise QmpError(f"QEMU ended with {process.returncode}") from None
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        os.unlink(path)
        self.reader = self.socket.makefile("r")
        self.events = []
        self.answers = []
        self.news = threading.Condition()
        self.closed = False
        json.loads(self.reader.readline())  # greeting
        threading.Thread(target=self._read, daemon=True).start()
        self.call("qmp_capabilities")

    def _read(self):
        try:
            for line in self.reader:
                message = json.loads(line)
                with self.news:
                    (self.events if "event" in message else self.answers).append(message)
                    self.news.notify_all()
        except (OSError, ValueError):
            pass
        with self.news:
            self.closed = True
            self.news.notify_all()

    def call(self, command, timeout=30, **arguments):
        with self.news:
            self.answers.clear()
            self.socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
            if not self.news.wait_for(lambda: self.answers or self.closed, timeout) or not self.answers:
                raise QmpError(f"{command}: no answer")
            answer = self.answers.pop(0)
        if "error" in answer:
            raise QmpError(f"{command}: {answer['error']['desc']}")
        return answer["return"]

    def wait_event(self, name, timeout, since=0, match=lambda data: True):
        """The first event of that name after the since-th; raises TimeoutError."""
        def find():
            return next((e for e in self.events[since:] if e["event"] == name and match(e.get("data", {}))), None)
        with self.news:
            self.news.wait_for(lambda: find() or self.closed, timeout)
            event = find()
        if event is None:
            raise TimeoutError(f"no {name} from QEMU in {timeout} s")
        return event

    def close(self):
        self.socket.close()
