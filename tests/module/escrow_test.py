#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend-escrow as a process: keys in by CSV, sealed VMKs out over its socket, and the password nowhere else.

The machine's side is played by this test: its own reading of the BitLocker metadata, and libsodium by ctypes to
open the sealed box.
"""
import base64
import ctypes
import ctypes.util
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
import unittest
import uuid

BUILD = os.environ.get("B", "build")
ESCROW = os.path.join(BUILD, "netmend-escrow")
MKDISK = os.path.join(BUILD, "tests/generators/mkdisk")
WRONG = "-".join(["000011"] * 8)
SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")


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


class Escrow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="netmend-escrow-")
        cls.addClassCleanup(shutil.rmtree, cls.work)
        cls.disk = os.path.join(cls.work, "disk.raw")
        subprocess.run([MKDISK, "--output", cls.disk, "--bitlocker", "--size", "512", "--files", "20",
                        "--recovery-protectors", "2"], check=True, capture_output=True)
        with open(cls.disk + ".json") as f:
            cls.info = json.load(f)
        c = next(p for p in cls.info["partitions"] if p["name"] == "Basic data partition")
        cls.blobs = recovery_blobs(cls.disk, c["start"])
        cls.passwords = {k["guid"].upper(): k["password"] for k in cls.info["bitlocker"]["recovery_passwords"]}
        cls.volume = cls.info["bitlocker"]["volume_guid"].upper()
        cls.vmk = bytes.fromhex(cls.info["bitlocker"]["vmk"])

    def setUp(self):
        self.dir = tempfile.mkdtemp(dir=self.work)
        self.state, self.path = self.dir + "/escrow", self.dir + "/socket"
        self.log = open(self.dir + "/log", "w")
        self.answers = []
        self.process = None
        self.start()
        self.addCleanup(self.stop)

    def start(self):
        self.process = subprocess.Popen([ESCROW, "serve", "--state", self.state, "--socket", self.path, "--web-uid",
                                         "64871"], stderr=self.log)
        deadline = time.monotonic() + 10
        while not os.path.exists(self.path):
            self.assertIsNone(self.process.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.assertEqual(self.process.wait(10), 0)
        self.log.close()

    def connect(self):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        client.settimeout(20)
        client.connect(self.path)
        self.addCleanup(client.close)
        return client

    def imports(self, rows, status=0):
        text = "".join(f"{guid},{password}\n" for guid, password in rows)
        result = subprocess.run([ESCROW, "import", "--state", self.state], input=text, capture_output=True, text=True)
        self.assertEqual(result.returncode, status, result.stderr)
        self.answers.append((result.stdout + result.stderr).encode())

    def ask(self, client, message):
        client.send(json.dumps(message).encode())
        answer = client.recv(131072)
        self.answers.append(answer)
        return json.loads(answer)

    def release(self, client, guids, public, session="ab" * 16, blobs=None):
        protectors = []
        for guid in guids:
            salt, sealed = (blobs or self.blobs)[guid]
            protectors.append({"id": guid, "salt": base64.b64encode(salt).decode(),
                               "blob": base64.b64encode(sealed).decode()})
        return self.ask(client, {"v": 1, "id": 8, "op": "release", "session": session,
                                 "key": base64.b64encode(public).decode(),
                                 "machine": {"id": 1, "name": "PC", "uuid": "u", "serial": "s",
                                             "mac": "52:54:00:00:00:01", "ip": "10.0.0.1"},
                                 "volumes": [{"id": self.volume, "protectors": protectors}]})

    def audit(self):
        with open(self.state + "/audit.log") as f:
            return [json.loads(line) for line in f]

    # --- the tests ------------------------------------------------------------------------------------

    def test_right_key_is_released_sealed_and_audited_first(self):
        self.imports(self.passwords.items())
        guid = next(iter(self.passwords))
        public, secret = key_pair()
        answer = self.release(self.connect(), [guid], public)
        self.assertEqual((answer["status"], answer["reason"]), ("released", "OK"))
        volume = answer["volumes"][0]
        self.assertEqual((volume["id"], volume["protector"]), (self.volume, guid))
        plain = unseal(base64.b64decode(volume["sealed"]), public, secret)
        self.assertEqual(plain[:16], uuid.UUID(self.volume).bytes_le)
        self.assertEqual(plain[16:], self.vmk)
        released = [r for r in self.audit() if r["event"] == "release"]
        self.assertEqual([(r["decision"], r["protector"]) for r in released], [("released", guid)])
        self.nothing_leaks()

    def test_key_imported_while_a_machine_waits(self):
        client = self.connect()
        guid = next(iter(self.passwords))
        public, _ = key_pair()
        for _ in range(3):
            answer = self.release(client, [guid], public)
            self.assertEqual((answer["status"], answer["reason"]), ("pending", "KEY_NOT_FOUND"))
            self.assertIn(guid, answer["text"])
        self.imports([(guid, self.passwords[guid])])
        self.assertEqual(self.release(client, [guid], public)["status"], "released")
        decisions = [r["decision"] for r in self.audit() if r["event"] == "release"]
        self.assertEqual(decisions, ["refused", "released"], "the same refusal is recorded once")

    def test_wrong_record(self):
        guid = next(iter(self.passwords))
        public, _ = key_pair()
        self.imports([(guid, WRONG)])
        client = self.connect()
        answer = self.release(client, [guid], public)
        self.assertEqual((answer["status"], answer["reason"]), ("pending", "KEY_MISMATCH"))
        self.assertEqual(answer["volumes"], [])
        self.imports([(guid, self.passwords[guid])])  # both records are there now
        self.assertEqual(self.release(client, [guid], public)["status"], "released")

    def test_no_core_dump(self):
        with open(f"/proc/{self.process.pid}/limits") as limits:
            self.assertRegex(limits.read(), r"Max core file size +0 +0 ")

    def test_second_protector_opens(self):
        first, second = list(self.passwords)
        public, _ = key_pair()
        self.imports([(first, WRONG), (second, self.passwords[second])])
        answer = self.release(self.connect(), [first, second], public)
        self.assertEqual(answer["volumes"][0]["protector"], second)

    def test_blob_of_another_volume(self):
        guid = next(iter(self.passwords))
        public, _ = key_pair()
        self.imports([(guid, self.passwords[guid])])
        salt, sealed = self.blobs[guid]
        forged = {guid: (salt, sealed[:30] + bytes([sealed[30] ^ 1]) + sealed[31:])}
        answer = self.release(self.connect(), [guid], public, blobs=forged)
        self.assertEqual((answer["status"], answer["reason"], answer["volumes"]), ("pending", "KEY_MISMATCH", []))

    def test_no_audit_no_key(self):
        guid = next(iter(self.passwords))
        public, _ = key_pair()
        self.imports([(guid, self.passwords[guid])])
        with open(self.state + "/audit.log", "a") as f:
            f.write("torn")
        answer = self.release(self.connect(), [guid], public)
        self.assertEqual((answer["status"], answer["reason"], answer["volumes"]), ("pending", "AUDIT_FAILED", []))

    def test_status_does_not_wait_for_stretching(self):
        self.imports([(guid, WRONG) for guid in self.passwords])
        public, _ = key_pair()
        client = self.connect()
        guids = list(self.passwords)
        for number in range(8):  # each costs a stretching: another salt every time
            blobs = {guids[0]: (bytes([number] * 16), self.blobs[guids[0]][1])}
            salt, sealed = blobs[guids[0]]
            client.send(json.dumps({"v": 1, "id": 100 + number, "op": "release", "session": "cd" * 16,
                                    "key": base64.b64encode(public).decode(),
                                    "machine": {"id": 1, "name": "", "uuid": "", "serial": "", "mac": "", "ip": ""},
                                    "volumes": [{"id": self.volume, "protectors": [
                                        {"id": guids[0], "salt": base64.b64encode(salt).decode(),
                                         "blob": base64.b64encode(sealed).decode()}]}]}).encode())
        client.send(b'{"v":1,"id":7,"op":"status"}')
        order = [json.loads(client.recv(131072))["id"] for _ in range(9)]
        self.assertLess(order.index(7), 4)

    def test_only_root_and_the_web_user_may_connect(self):
        for uid, allowed in ((64871, True), (64999, False)):
            code = ("import os,socket,sys\nos.setuid(%d)\ns=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET)\n"
                    "s.settimeout(5)\ns.connect(sys.argv[1])\n"
                    "try:\n s.send(b'{\"v\":1,\"id\":1,\"op\":\"status\"}')\n print(len(s.recv(1000)))\n"
                    "except OSError: print(0)\n" % uid)
            os.chmod(self.work, 0o755)
            os.chmod(self.dir, 0o755)
            result = subprocess.run(["/usr/bin/python3", "-c", code, self.path], capture_output=True, text=True)
            self.assertEqual(int(result.stdout) > 0, allowed, f"uid {uid}: {result.stderr}")

    def test_malformed_messages_end_the_connection(self):
        for message in (b"", b"x", b"{}", b'{"v":1,"id":1,"op":"nonsense"}', b'{"v":1,"id":1,"id":2,"op":"status"}',
                        b'{"v":1,"id":1,"op":"status","more":1}', b"[" * 100000):
            client = self.connect()
            client.send(message or b"\0")
            try:
                self.assertEqual(client.recv(1000), b"", message[:40])
            except ConnectionResetError:
                pass
        self.assertTrue(self.ask(self.connect(), {"v": 1, "id": 1, "op": "status"})["ok"])

    def test_keys_survive_a_kill(self):
        guid = next(iter(self.passwords))
        self.imports([(guid, self.passwords[guid])])
        self.process.kill()
        self.process.wait()
        os.unlink(self.path)
        self.start()
        public, _ = key_pair()
        self.assertEqual(self.release(self.connect(), [guid], public)["status"], "released")
        result = subprocess.run([ESCROW, "audit-verify", "--state", self.state], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stderr)

    def nothing_leaks(self):
        """No recovery password in the files, the log, or anything that was answered."""
        self.log.flush()
        places = list(self.answers)
        for folder, _, names in os.walk(self.dir):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as f:
                        places.append(f.read())
        for password in self.passwords.values():
            key = b"".join(struct.pack("<H", int(g) // 11) for g in password.split("-"))
            for form in (password.encode(), password.replace("-", "").encode(), key, self.vmk):
                for place in places:
                    self.assertNotIn(form, place)


if __name__ == "__main__":
    unittest.main()
