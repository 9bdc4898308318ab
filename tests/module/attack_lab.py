# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts on the machines' network: honest machines that get their key, and what an attacker sends. All of it goes over the wire to
the real `netmend serve` (appliance_lab.py)."""
import base64
import http.client
import json
import os
import re
import socket
import ssl
import time
import uuid

import appliance_lab as lab
from escrow_lab import key_pair, unseal
from web_server import hello

SERVER = lab.SERVER


def connect(ip, port=443, timeout=30, secure=None):
    """A connected socket of that host; TLS by default on 443."""
    with lab.InClient():
        sock = socket.socket()
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.settimeout(timeout)
        sock.bind((ip, 0))
        sock.connect((SERVER, port))
        if port == 443 if secure is None else secure:
            sock = ssl._create_unverified_context().wrap_socket(sock)
        return sock
    except OSError:
        sock.close()
        raise


def add_address(ip):
    lab.run("ip", "-n", "client", "addr", "add", f"{ip}/24", "dev", "cl0", check=False)


class Host:
    def __init__(self, ip):
        self.ip = ip
        add_address(ip)

    def call(self, method, path, body=None, port=443, timeout=30, headers=None):
        """(status, JSON or text); (0, "") when the server hangs up."""
        connection = http.client.HTTPConnection(SERVER, port)
        connection.sock = connect(self.ip, port, timeout)
        if isinstance(body, dict):
            body = json.dumps(body)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            text = answer.read()
        except (http.client.HTTPException, ConnectionError):
            return 0, ""
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text.decode(errors="replace")

    def token(self, mac):
        """By booting; None when the appliance has something else to say."""
        status, script = self.call("GET", f"/boot/ipxe?mac={mac}&uuid=&serial={serial_of(mac)}&product=PC&platform=efi&buildarch=x86_64",
                                   port=80)
        assert status == 200, (status, script)
        found = re.search(r" netmend\.token=([0-9a-f]{32}) ", script)
        return found and found.group(1)

    def first_contact(self, mac, way="media"):
        return self.call("POST", "/v1/boot", {
            "v": 1, "way": way, "mac": mac, "uuid": "", "serial": serial_of(mac), "asset": "", "manufacturer": "", "product": "PC",
            "platform": "efi", "arch": "x86_64"})

    def open(self, body):
        return self.call("POST", "/v1/sessions", body)

    def ask(self, session, wait=0):
        return self.call("GET", f"/v1/sessions/{session}/release?wait={wait}")


def volume(blobs, guid):
    """As the fixer tells of it: {GUID: (salt, blob)} in one volume."""
    return {"disk": 0, "partition": 3, "start": 1 << 20, "size": 1 << 37, "kind": "bitlocker", "reason": "OK", "id": guid,
            "method": "xts-aes-128", "state": "4/4", "suspended": False, "protectors": [
                {"id": g, "kind": "recovery-password", "salt": base64.b64encode(salt).decode(),
                 "blob": base64.b64encode(blob).decode()} for g, (salt, blob) in blobs.items()]}


def serial_of(mac):
    """No two machines are the same one."""
    return "S" + mac.replace(":", "")


class Machine(Host):
    """One boot of a machine that shows these volumes."""

    def __init__(self, ip, mac, volumes):
        super().__init__(ip)
        self.mac, self.volumes = mac, volumes
        self.public, self.secret = key_pair()

    def hello(self, token, **changes):
        body = hello(token, self.mac, key=base64.b64encode(self.public).decode(), volumes=self.volumes, **changes)
        body["machine"]["serial"] = serial_of(self.mac)
        return body

    def boot(self):
        """The session."""
        token = self.token(self.mac)
        assert token, "no token"
        self.body = self.hello(token)
        status, answer = self.open(self.body)
        assert status == 200, (status, answer)
        self.session = answer["session"]
        return self.session

    def until(self, reason, seconds=90):
        """Polls until it is told this."""
        end = time.monotonic() + seconds
        while True:
            status, answer = self.ask(self.session, 2)
            if status == 200 and answer["reason"] == reason:
                return answer
            assert time.monotonic() < end, (status, answer)

    def key(self, seconds=120):
        """Boots and waits for its key: {volume GUID: VMK}."""
        self.boot()
        answer = self.until("OK", seconds)
        assert answer["status"] == "released", answer
        keys = {}
        for v in answer["volumes"]:
            plain = unseal(base64.b64decode(v["sealed"]), self.public, self.secret)
            assert plain[:16] == uuid.UUID(v["id"]).bytes_le
            keys[v["id"]] = plain[16:]
        return keys


def random_guid():
    return str(uuid.uuid4()).upper()


def random_blobs(count):
    return {random_guid(): (os.urandom(16), os.urandom(72)) for _ in range(count)}
