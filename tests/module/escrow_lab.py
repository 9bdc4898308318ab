# SPDX-License-Identifier: GPL-3.0-or-later
"""A real netmend-escrow and everybody who talks to it, for tests: machines with blobs of a generated disk, browsers that seal
boxes (libcrypto by ctypes), root with orders, the settings that serve hands over. Nothing of our own code is used for the keys:
the metadata is read here, sealed VMKs are opened by libsodium."""
import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

BUILD = os.environ.get("B", "build")
ESCROW = os.path.join(BUILD, "netmend-escrow")
MKDISK = os.path.join(BUILD, "tests/generators/mkdisk")
WRONG = "-".join(["000011"] * 8)
WEB_USER = 64871
SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
CRYPTO = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
for name in ("EVP_PKEY_Q_keygen", "EVP_PKEY_new", "EVP_PKEY_CTX_new", "EVP_CIPHER_CTX_new", "EVP_aes_256_gcm"):
    getattr(CRYPTO, name).restype = ctypes.c_void_p


def key_pair():
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(32)
    SODIUM.crypto_box_keypair(public, secret)
    return public.raw, secret.raw


def unseal(box, public, secret):
    plain = ctypes.create_string_buffer(len(box) - 48)
    if SODIUM.crypto_box_seal_open(plain, box, ctypes.c_ulonglong(len(box)), public, secret) != 0:
        raise AssertionError("the sealed box does not open")
    return plain.raw


def recovery_blobs(path, start):
    """{protector GUID: (salt, nonce + MAC + ciphertext)} read from the first FVE metadata block."""
    with open(path, "rb") as f:
        f.seek(start)
        sector = f.read(512)
        f.seek(start + struct.unpack_from("<Q", sector, 176)[0])
        block = f.read(65536)
    end = 64 + struct.unpack_from("<I", block, 64)[0]
    found = {}

    def datums(at, end):
        while at + 8 <= end:
            size, role, kind, _ = struct.unpack_from("<4H", block, at)
            if size < 8:
                return
            yield at, size, role, kind
            at += size

    for at, size, role, kind in datums(112, end):
        if kind != 8 or struct.unpack_from("<H", block, at + 34)[0] != 0x0800:
            continue
        guid = str(uuid.UUID(bytes_le=block[at + 8:at + 24])).upper()
        parts = {k: (a, s) for a, s, _, k in datums(at + 36, at + size)}
        salt_at, ccm_at = parts[3][0] + 12, parts[5][0] + 8
        found[guid] = (block[salt_at:salt_at + 16], block[ccm_at:ccm_at + 72])
    return found


def check(result):
    if result is None or result <= 0:
        raise AssertionError("libcrypto")
    return result


def pointer(value):
    return ctypes.c_void_p(check(value))


def shared_secret(escrow_point):
    """A new P-256 key pair and ECDH with escrow's point: (our point, shared x)."""
    own = pointer(CRYPTO.EVP_PKEY_Q_keygen(None, None, b"EC", b"P-256"))
    buffer = ctypes.c_void_p()
    length = CRYPTO.EVP_PKEY_get1_encoded_public_key(own, ctypes.byref(buffer))
    point = ctypes.string_at(buffer, check(length))
    peer = pointer(CRYPTO.EVP_PKEY_new())
    check(CRYPTO.EVP_PKEY_copy_parameters(peer, own))
    check(CRYPTO.EVP_PKEY_set1_encoded_public_key(peer, escrow_point, ctypes.c_size_t(len(escrow_point))))
    ctx = pointer(CRYPTO.EVP_PKEY_CTX_new(own, None))
    check(CRYPTO.EVP_PKEY_derive_init(ctx))
    check(CRYPTO.EVP_PKEY_derive_set_peer(ctx, peer))
    shared, size = ctypes.create_string_buffer(32), ctypes.c_size_t(32)
    check(CRYPTO.EVP_PKEY_derive(ctx, shared, ctypes.byref(size)))
    return point, shared.raw


def hkdf(secret, salt, info):
    """RFC 5869 with SHA-256, 32 bytes."""
    return hmac.new(hmac.new(salt, secret, hashlib.sha256).digest(), info + b"\1", hashlib.sha256).digest()


def seal_box(escrow_point, order, text=None, info=b"netmend box 1"):
    """What a browser does with WebCrypto (appliance/README.md); gives base64."""
    plain = text if text is not None else json.dumps(order).encode()
    point, shared = shared_secret(escrow_point)
    key, iv = hkdf(shared, point + escrow_point, info), os.urandom(12)
    ctx = pointer(CRYPTO.EVP_CIPHER_CTX_new())
    out, tag, size = ctypes.create_string_buffer(len(plain) + 16), ctypes.create_string_buffer(16), ctypes.c_int()
    check(CRYPTO.EVP_EncryptInit_ex(ctx, pointer(CRYPTO.EVP_aes_256_gcm()), None, key, iv))
    check(CRYPTO.EVP_EncryptUpdate(ctx, out, ctypes.byref(size), plain, len(plain)))
    check(CRYPTO.EVP_EncryptFinal_ex(ctx, out, ctypes.byref(ctypes.c_int())))
    check(CRYPTO.EVP_CIPHER_CTX_ctrl(ctx, 0x10, 16, tag))
    return base64.b64encode(point + iv + out.raw[:len(plain)] + tag.raw).decode()


def settings(sources=("vault",), fetch="", vault=None, page_import=None, **release):
    rules = {"campaign": "default", "approval": "auto", "from": 0, "until": 0, "total": 0, "per_minute": 600,
             "subnet_minute": 300, "subnet_prefix": 24, "machine_hour": 6, "machine_keys": 16, "machine_mismatches": 6,
             "suspects": 5, "request_minutes": 60, "approval_minutes": 15, "subnets": [], "inventory": None}
    assert not set(release) - set(rules), release
    rules.update(release)
    return {"v": 1, "vault": vault or {"key": "auto", "secret": ""}, "release": rules, "fetch": fetch, "syslog": False,
            **({} if page_import is None else {"page_import": page_import}),
            "sources": [{"name": s, "type": "vault" if s == "vault" else "ldap"} for s in sources]}


class Machine:
    """One session: what web asks for it."""

    def __init__(self, blobs, volume, guids=None, number=1, **of):
        self.public, self.secret = key_pair()
        self.session = os.urandom(16).hex()
        self.about = {"id": number, "name": f"PC{number}", "uuid": f"uuid-{number}", "serial": f"serial-{number}",
                      "mac": "52:54:00:00:%02x:%02x" % (number >> 8 & 255, number & 255),
                      "ip": "10.%d.%d.%d" % (number >> 14 & 255, number >> 7 & 127, number & 127), **of}
        self.volumes = [{"id": volume, "protectors": [
            {"id": guid, "salt": base64.b64encode(blobs[guid][0]).decode(),
             "blob": base64.b64encode(blobs[guid][1]).decode()} for guid in guids or blobs]}]

    def question(self):
        return {"op": "release", "session": self.session, "key": base64.b64encode(self.public).decode(),
                "machine": self.about, "volumes": self.volumes}


class Client:
    """A connection: answers by id, news apart."""

    def __init__(self, path, heard):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(30)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.heard, self.next, self.answers, self.news = heard, 1, {}, []
        self.waited = 0

    def send(self, question):
        number, self.next = self.next, self.next + 1
        self.socket.send(json.dumps({"v": 1, "id": number, **question}).encode())
        return number

    def receive(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise EOFError
        self.heard.append(data)
        message = json.loads(data)
        if "news" in message:
            self.news.append(message)
        else:
            self.answers[message["id"]] = message

    def answer(self, number):
        while number not in self.answers:
            self.receive()
        return self.answers.pop(number)

    def ask(self, question):
        return self.answer(self.send(question))

    def op(self, op, **fields):
        return self.ask({"op": op, **fields})

    def wait_news(self, kind, seconds=40):
        self.socket.settimeout(seconds)
        while not any(n["news"] == kind for n in self.news):
            self.receive()
        self.news = [n for n in self.news if n["news"] != kind]
        self.socket.settimeout(30)

    def release(self, machine):
        """What is decided; asks again while it is being worked on."""
        while (answer := self.ask(machine.question()))["reason"] == "WAITING_KEY":
            self.waited += 1
            assert self.waited < 60, answer
        return answer

    def until(self, machine, status="released", reason=None, seconds=60):
        """Asks again as web does, until it is so."""
        deadline = time.monotonic() + seconds
        while True:
            answer = self.release(machine)
            if answer["status"] == status and reason in (None, answer["reason"]):
                return answer
            if time.monotonic() > deadline:
                raise AssertionError(f"still {answer}")
            time.sleep(0.3)

    def point(self):
        return base64.b64decode(self.op("status")["box"])

    def boxed(self, op, order, sender="10.9.9.9"):
        return self.op(op, **{"from": sender}, box=seal_box(self.point(), {"v": 1, "op": op, **order}))


class EscrowCase(unittest.TestCase):
    """A disk's keys for the class, a process with a state of its own for each test."""
    protectors = 2

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="netmend-escrow-")
        cls.addClassCleanup(shutil.rmtree, cls.work)
        cls.disk = os.path.join(cls.work, "disk.raw")
        subprocess.run([MKDISK, "--output", cls.disk, "--bitlocker", "--size", "512", "--files", "20",
                        "--recovery-protectors", str(cls.protectors)], check=True, capture_output=True)
        with open(cls.disk + ".json") as f:
            cls.info = json.load(f)
        c = next(p for p in cls.info["partitions"] if p["name"] == "Basic data partition")
        cls.blobs = recovery_blobs(cls.disk, c["start"])
        cls.passwords = {k["guid"].upper(): k["password"] for k in cls.info["bitlocker"]["recovery_passwords"]}
        cls.guid = next(iter(cls.passwords))
        cls.volume = cls.info["bitlocker"]["volume_guid"].upper()
        cls.vmk = bytes.fromhex(cls.info["bitlocker"]["vmk"])

    def setUp(self):
        self.dir = tempfile.mkdtemp(dir=self.work)
        self.state, self.path = self.dir + "/escrow", self.dir + "/socket"
        self.log = open(self.dir + "/log", "w+")
        self.addCleanup(self.log.close)
        self.answers, self.process, self.clients = [], None, []
        self.addCleanup(self.stop)

    def start(self, given=None, **release):
        """given: settings(); without anything serve has its defaults and no pipe."""
        argv, pipe = [ESCROW, "serve", "--state", self.state, "--socket", self.path, "--web-uid", str(WEB_USER)], ()
        if given or release:
            reader, writer = os.pipe()
            text = json.dumps(given or settings(**release)).encode()
            threading.Thread(target=self.hand_over, args=(writer, text), daemon=True).start()
            argv, pipe = argv + ["--settings-fd", str(reader)], (reader,)
        self.process = subprocess.Popen(argv, stderr=self.log, pass_fds=pipe)
        for fd in pipe:
            os.close(fd)
        deadline = time.monotonic() + 60
        while not (client := self.try_connect()):
            self.assertIsNone(self.process.poll(), self.logged())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.assertTrue(client.op("status")["ok"], self.logged())
        return client

    @staticmethod
    def hand_over(fd, text):
        with open(fd, "wb") as f:
            f.write(text)

    def stop(self, status=0):
        for client in self.clients:
            client.socket.close()
        self.clients = []
        process, self.process = self.process, None
        if process:
            process.terminate()
            self.assertEqual(process.wait(60), status, self.logged())
            os.unlink(self.path)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process = None
        os.unlink(self.path)

    def logged(self):
        self.log.flush()
        with open(self.dir + "/log") as f:
            return f.read()

    def try_connect(self):
        try:
            return self.connect()
        except (FileNotFoundError, ConnectionRefusedError):
            return None

    def connect(self):
        client = Client(self.path, self.answers)
        self.clients.append(client)
        self.addCleanup(client.socket.close)
        return client

    def imports(self, rows, status=0):
        text = "".join(f"{guid},{password}\n" for guid, password in rows)
        result = subprocess.run([ESCROW, "import", "--state", self.state], input=text, capture_output=True, text=True)
        self.assertEqual(result.returncode, status, result.stderr)
        self.answers.append((result.stdout + result.stderr).encode())

    def machine(self, guids=None, **of):
        return Machine(self.blobs, self.volume, guids or [self.guid], **of)

    def opened(self, answer, machine):
        """The VMK of the one volume released."""
        self.assertEqual((answer["status"], answer["reason"]), ("released", "OK"))
        (volume,) = answer["volumes"]
        self.assertEqual(volume["id"], self.volume)
        plain = unseal(base64.b64decode(volume["sealed"]), machine.public, machine.secret)
        self.assertEqual(plain[:16], uuid.UUID(self.volume).bytes_le)
        return plain[16:]

    def audit(self, event=None, **fields):
        with open(self.state + "/audit.log") as f:
            records = [json.loads(line) for line in f]
        return [r for r in records if event in (None, r["event"]) and
                all(r.get(k) == v for k, v in fields.items())]

    def nothing_leaks(self):
        """No recovery password in the files, the log, or anything that was answered."""
        self.log.flush()
        places = list(self.answers)
        for folder, _, names in os.walk(self.dir):
            for file in names:
                path = os.path.join(folder, file)
                if os.path.isfile(path):
                    with open(path, "rb") as f:
                        places.append(f.read())
        for password in self.passwords.values():
            key = b"".join(struct.pack("<H", int(g) // 11) for g in password.split("-"))
            for form in (password.encode(), password.replace("-", "").encode(), key, self.vmk):
                for place in places:
                    self.assertNotIn(form, place)
