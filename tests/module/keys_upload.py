# SPDX-License-Identifier: GPL-3.0-or-later
"""What a browser does with a file of recovery keys (page/keys_import.js), for tests: parts, sealed one by one."""
import hashlib
import json
import os

from escrow_lab import seal_box

PART = 64 * 1024


def parts_of(content):
    return [content[i:i + PART] for i in range(0, len(content), PART)]


def keys_box(point, order, data=b""):
    return seal_box(point, None, text=json.dumps({"v": 1, **order}).encode() + b"\n" + data, info=b"netmend keys 1")


class Upload:
    """One import. send: hands over an order and its bytes, gives escrow's answer."""

    def __init__(self, send, *files):
        """files: (name, bytes)."""
        self.send, self.name = send, os.urandom(16).hex()
        self.files, self.content = files, b"".join(data for _, data in files)

    def order(self, op, data=b"", **more):
        return self.send({"op": op, "import": self.name, **more}, data)

    def part(self, number, data=None, size=None):
        return self.order("part", parts_of(self.content)[number] if data is None else data, part=number,
                          size=len(self.content) if size is None else size)

    def parts(self):
        """The last answer; the first one that is not good."""
        for number in range(len(parts_of(self.content))):
            answer = self.part(number)
            if not answer["ok"]:
                break
        return answer

    def look(self, files=None):
        return self.order("look", files=[{"name": n, "size": len(d)} for n, d in self.files] if files is None else files)

    def store(self, approver="", passphrase="", sha256=None):
        return self.order("store", sha256=sha256 or hashlib.sha256(self.content).hexdigest(), approver=approver,
                          passphrase=passphrase)

    def drop(self):
        return self.order("drop")
