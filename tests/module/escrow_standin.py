# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of netmend-escrow for tests of what is around it: its socket and its boxes as appliance/README.md says, without
any key. Boxes are opened with OpenSSL."""
import base64
import contextlib
import ctypes
import hashlib
import hmac
import json
import os
import socket
import subprocess
import tempfile
import threading
import time

INFO = b"netmend box 1"
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200")  # P-256, the point follows
GET_TAG_SIZE, SET_IV_LENGTH, SET_TAG = 16, 0x9, 0x11
crypto = ctypes.CDLL("libcrypto.so.3")
crypto.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
crypto.EVP_aes_256_gcm.restype = ctypes.c_void_p


def gcm_open(key, iv, sealed):
    """The plain text, or None when the tag does not fit."""
    text, tag = sealed[:-GET_TAG_SIZE], sealed[-GET_TAG_SIZE:]
    context = ctypes.c_void_p(crypto.EVP_CIPHER_CTX_new())
    out, size, rest = ctypes.create_string_buffer(len(text) + 16), ctypes.c_int(), ctypes.c_int()
    crypto.EVP_DecryptInit_ex(context, ctypes.c_void_p(crypto.EVP_aes_256_gcm()), None, key, iv)
    crypto.EVP_DecryptUpdate(context, out, ctypes.byref(size), text, len(text))
    crypto.EVP_CIPHER_CTX_ctrl(context, SET_TAG, len(tag), tag)
    good = crypto.EVP_DecryptFinal_ex(context, out, ctypes.byref(rest)) == 1
    crypto.EVP_CIPHER_CTX_free(context)
    return out.raw[:size.value] if good else None


class BoxKey:
    """A key pair that browsers seal to."""

    def __init__(self):
        self.pem = subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
                                  check=True, capture_output=True).stdout
        self.point = subprocess.run(["openssl", "pkey", "-pubout", "-outform", "DER"], input=self.pem, check=True,
                                    capture_output=True).stdout[-65:]
        self.seen = set()

    def shared(self, point):
        theirs = b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(SPKI + point) + b"-----END PUBLIC KEY-----\n"
        with tempfile.NamedTemporaryFile() as ours, tempfile.NamedTemporaryFile() as peer:
            for file, data in ((ours, self.pem), (peer, theirs)):
                file.write(data)
                file.flush()
            return subprocess.run(["openssl", "pkeyutl", "-derive", "-inkey", ours.name, "-peerkey", peer.name], check=True,
                                  capture_output=True).stdout

    def open(self, text):
        """The object inside, or None. A box opens once."""
        box = base64.b64decode(text, validate=True)
        point, iv, sealed = box[:65], box[65:77], box[77:]
        try:
            shared = self.shared(point)
        except subprocess.CalledProcessError:  # no point of the curve
            return None
        extracted = hmac.new(point + self.point, shared, hashlib.sha256).digest()
        plain = gcm_open(hmac.new(extracted, INFO + b"\1", hashlib.sha256).digest(), iv, sealed)
        if plain is None or box in self.seen:
            return None
        self.seen.add(box)
        return json.loads(plain)


class Escrow(threading.Thread):
    """Answers `release` with self.answer (not, while it is None) or, with an approval asked for, once it is approved."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if os.path.exists(path):
            os.unlink(path)
        self.listener.bind(path)
        self.listener.listen(4)
        self.answer, self.connection = None, None
        self.asked, self.misuse, self.boxes = [], [], []
        self.box = BoxKey()
        self.status = {"text": "", "keys": 12, "locked": False, "approval": "auto", "campaign": "default", "released": 0, "stopped": "",
                       "waiting": {"machines": 0, "per_minute": 0}, "sources": [],
                       "snapshot": {"running": False, "source": "", "records": 0, "text": ""}}
        self.approvers = {"anna": "correct horse", "bert": "battery staple"}
        self.requests = {}   # session: request, as in the list
        self.decided = {}    # session: "approve" or "deny"
        self.passwords = {}  # machine: the 48 digits that fit
        self.start()

    def on_power(self, question):
        """It knows no management controller."""
        return {"ok": False, "reason": "POWER_NO_BMC", "text": "", "known": False, "type": "", "address": ""}

    def on_bmc_known(self, question):
        return {"ok": True, "reason": "OK", "text": "", "known": []}

    # ---- the socket ----

    def run(self):
        while True:
            try:
                self.connection = self.listener.accept()[0]
            except OSError:
                return
            with self.connection:
                self.serve()

    def serve(self):
        while data := self.receive():
            question = json.loads(data)
            assert question["v"] == 1
            answer = getattr(self, "on_" + question["op"])(question)
            if answer is not None:
                self.send({"v": 1, "id": question["id"]} | answer)

    def receive(self):
        try:
            return self.connection.recv(1 << 17)
        except OSError:
            return b""

    def send(self, message):
        with contextlib.suppress(OSError):  # it has stopped meanwhile
            self.connection.send(json.dumps(message).encode())

    def news(self, what, **more):
        self.send({"v": 1, "news": what} | more)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        if self.connection and self.connection.fileno() >= 0:
            self.connection.shutdown(socket.SHUT_RDWR)
        self.join(5)

    # ---- questions ----

    def on_status(self, _):
        return {"ok": True, "box": base64.b64encode(self.box.point).decode(), "requests": len(self.requests)} | self.status

    def on_misuse(self, question):
        self.misuse.append(question)
        return {"ok": True, "reason": "OK", "text": ""}

    def on_requests(self, question):
        skip = question.get("skip", 0)
        return {"ok": True, "requests": list(self.requests.values())[skip:skip + 100]}

    def on_release(self, question):
        self.asked.append(question)
        session = question["session"]
        if self.answer is None or self.status["approval"] == "auto":
            return self.answer
        if session in self.decided:
            return self.answer if self.decided[session] == "approve" else {
                "status": "denied", "reason": "RELEASE_DENIED", "text": "denied by a person", "request": "", "code": "", "volumes": []}
        if session not in self.requests:
            self.request(session, question["machine"])
            self.news("requests")
        r = self.requests[session]
        reason = "WAITING_SECOND_PERSON" if r["approved"] else "WAITING_APPROVAL"
        return {"status": "pending", "reason": reason, "text": "", "request": r["request"], "code": r["code"], "volumes": []}

    def request(self, session, machine, code=None):
        letters = "ACDEFGHJKLMNPQRTUVWXY34679"
        now = int(time.time() * 1000)
        self.requests[session] = {
            "request": os.urandom(8).hex(), "machine": machine, "code": code or "".join(letters[b % 26] for b in os.urandom(6)),
            "since": now, "expires": now + 3600_000, "needs": 2 if self.status["approval"] == "two-person" else 1, "approved": []}

    # ---- boxes ----

    def open(self, question, op):
        inside = self.box.open(question["box"])
        if inside is not None:
            assert inside["v"] == 1 and inside["op"] == op, inside
            self.boxes.append(inside | {"from": question["from"]})
        return inside

    def on_decide(self, question):
        inside = self.open(question, "decide")
        if inside is None:
            return {"ok": False, "reason": "PROTOCOL_ERROR", "text": "the sealed order does not open"}
        if self.approvers.get(inside["approver"]) != inside["passphrase"]:
            return {"ok": False, "reason": "APPROVER_UNKNOWN", "text": ""}
        results = [{"request": r, "reason": self.decide(r, inside), "text": ""} for r in inside["requests"]]
        self.news("requests")
        return {"ok": True, "reason": "OK", "text": "", "results": results}

    def decide(self, number, inside):
        found = [(s, r) for s, r in self.requests.items() if r["request"] == number]
        if not found:
            return "REQUEST_GONE"
        session, request = found[0]
        if inside["approver"] in request["approved"]:
            return "APPROVER_TWICE"
        request["approved"].append(inside["approver"])
        if inside["decision"] == "deny" or len(request["approved"]) == request["needs"]:
            self.decided[session] = inside["decision"]
            del self.requests[session]
        self.news("release", session=session)
        return "OK"

    def on_enter(self, question):
        inside = self.open(question, "enter")
        if inside is None:
            return {"ok": False, "reason": "PROTOCOL_ERROR", "text": "the sealed order does not open"}
        reason = "OK" if self.passwords.get(inside["machine"]) == inside["password"] else "KEY_MISMATCH"
        return {"ok": reason == "OK", "reason": reason, "text": ""}
