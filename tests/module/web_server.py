# SPDX-License-Identifier: GPL-3.0-or-later
"""`netmend web` with everything around it played by the test: supervisor, escrow, machines."""
import base64
import contextlib
import hashlib
import http.client
import json
import os
import re
import shutil
import socket
import sqlite3
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import uuid

from escrow_standin import Escrow
from recipe_291 import RECIPE

BUILD = os.path.abspath(os.environ.get("B", "build"))
HERE = os.path.dirname(os.path.abspath(__file__))
TEMPLATES = os.path.join(HERE, "../../netboot")
KERNEL = os.urandom(70000)
INITRD = os.urandom(300000)
PROGRAM = os.urandom(9000)

# appliance/supervisor/control.h
CONTROL = struct.Struct("=IIII6s16s160s38x")
SYNC, SYNC_DONE, DHCP, HEALTH, SETUP = 1, 2, 3, 4, 5
DISCOVER, BOOT_FILE, WINDOWS, HEARD = 1, 2, 3, 5
UEFI = 1 << 16 | 7  # the number of a client: PXE, architecture


def control(kind, number=0, ok=0, event=0, mac="", ip="", text=""):
    return CONTROL.pack(kind, number, ok, event, bytes.fromhex(mac.replace(":", "")).ljust(6, b"\0"),
                        ip.encode(), text.encode())


class Supervisor(threading.Thread):
    """The other end of control_fd: answers each SYNC after `delay` seconds, unless told not to."""

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock, self.delay, self.answers, self.syncs = sock, 0, True, []
        self.setup = []  # tokens of set-up links, as serve would show them
        self.start()

    def run(self):
        while True:
            try:
                data = self.sock.recv(4096)
            except OSError:
                return
            if not data:
                return
            kind, number, *_, text = CONTROL.unpack(data)
            if kind == SETUP:
                self.setup.append(text.rstrip(b"\0").decode())
            if kind != SYNC:
                continue
            self.syncs.append((time.monotonic(), number))
            time.sleep(self.delay)
            if self.answers:
                with contextlib.suppress(OSError):  # it has stopped meanwhile
                    self.sock.send(control(SYNC_DONE, number, ok=1))


def listener():
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    sock.listen(512)
    return sock


ADMIN, PASSWORD = "anna", "correct horse battery"


class Web:
    """A state directory, its ports, and the process that serves it. Calls of the page's API are an admin's unless they say
    otherwise (headers with Cookie or Authorization, "" for nobody)."""
    families = {}  # those on one PostgreSQL: the same people come to all of them

    def __init__(self, scope="listed", dry_run="no", escrow=True, folder=None, page=None, options=(), store=None):
        """store: URL of a PostgreSQL database, instead of a file of its own."""
        self.store = store
        self.family = Web.families.setdefault(store, []) if store else []
        self.family.append(self)
        self.dir = folder or tempfile.mkdtemp(prefix="netmend-web-")
        self.scope, self.dry_run, self.options = scope, dry_run, options
        self.cookie = self.bearer = None
        self.page = page or self.path("page")
        for name in ("bundles", "hosts", "page"):
            os.mkdir(self.path(name))
        for name, data in (("vmlinuz", KERNEL), ("initrd.img", INITRD), ("snponly.efi", PROGRAM),
                           ("page/index.html", b"<!doctype html>page"), ("page/fleet.html", b"<!doctype html>fleet"),
                           ("page/app.js", b"'use strict';"), ("recipe.ini", RECIPE.encode())):
            with open(self.path(name), "wb") as f:
                f.write(data)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-subj", "/CN=netmend", "-keyout", self.path("key.pem"), "-out", self.path("cert.pem")],
                       check=True, capture_output=True)
        self.http, self.https = listener(), listener()
        self.http_port, self.https_port = self.http.getsockname()[1], self.https.getsockname()[1]
        self.escrow = Escrow(self.path("escrow.sock")) if escrow else None
        self.process = self.supervisor = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fds = (self.http.fileno(), self.https.fileno(), theirs.fileno())
        place, passed = ["--database", self.path("netmend.db")], fds
        if self.store:
            read, write = os.pipe()
            os.write(write, self.store.encode() + b"\0")
            os.close(write)
            place, passed = ["--store-fd", str(read)], (*fds, read)
        log = open(self.path("log"), "ab")
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "netmend"), "web", "--http-fd", str(fds[0]), "--https-fd", str(fds[1]),
             "--control-fd", str(fds[2]), *place, "--appliance", self.path("appliance-id"), "--bundles", self.path("bundles"),
             "--cert", self.path("cert.pem"), "--key", self.path("key.pem"), "--kernel", self.path("vmlinuz"),
             "--initrd", self.path("initrd.img"), "--program", self.path("snponly.efi"), "--media", self.path("media"),
             "--escrow-socket", self.path("escrow.sock"), "--hosts", self.path("hosts"), "--templates", TEMPLATES, "--page", self.page, "--recipe",
             self.path("recipe.ini"), "--address", "127.0.0.1", "--http-port", str(self.http_port), "--https-port",
             str(self.https_port), "--prefix", "24", "--gateway", "127.0.0.254", "--scope", self.scope, "--dry-run",
             self.dry_run, *self.options], pass_fds=passed, stdout=log, stderr=log)
        if self.store:
            os.close(read)
        log.close()
        theirs.close()
        self.supervisor = Supervisor(ours)
        self.get("/")
        return self

    def stop(self, signal=15):
        if self.process:
            self.process.send_signal(signal)
            status = self.process.wait(60)
            self.process = None
            # Also how a sanitizer's complaint comes out.
            assert status in (0, -signal if signal == 9 else 0), (status, self.log()[-4000:])
            self.supervisor.sock.close()

    def close(self):
        self.stop()
        if self.escrow:
            self.escrow.close()
        self.http.close()
        self.https.close()
        shutil.rmtree(self.dir)

    def log(self):
        with open(self.path("log"), errors="replace") as f:
            return f.read()

    def appliance(self):
        """Its id."""
        with open(self.path("appliance-id")) as f:
            return f.read().strip()

    # ---- who calls ----

    def admin(self):
        """The cookie of the first admin's login, who is made through the set-up link."""
        known = next((web.cookie for web in self.family if web.cookie), None)
        if known:
            return known
        # The newest link counts; which of several appliances made it, they do not know.
        until(lambda: any(web.supervisor.setup for web in self.family))
        for token in [token for web in self.family if web.supervisor for token in web.supervisor.setup]:
            status, headers, _ = self.call("POST", "/api/v1/setup", json.dumps(
                {"v": 1, "token": token, "name": ADMIN, "password": PASSWORD}).encode(), secure=True, headers={"Cookie": ""})
            if status == 200:
                self.cookie = headers["Set-Cookie"].split(";")[0]
                return self.cookie
        raise AssertionError("no link was good")

    def api_token(self, name="tests", role="admin", days=1):
        """A new API token, as a header says it."""
        status, answer = self.api("POST", "/api/v1/tokens", {"v": 1, "name": name, "role": role, "days": days},
                                  headers={"Cookie": self.admin(), "X-Netmend": "1"})
        assert status == 200, answer
        return "Bearer " + answer["token"]

    def access(self, path, headers):
        """The headers of a request: as they are, or an admin's API token besides."""
        headers = dict(headers or {})
        if path.startswith(("/api/v1/", "/metrics")) and not {"Cookie", "Authorization"} & set(headers):
            self.bearer = self.bearer or next((web.bearer for web in self.family if web.bearer), None) or self.api_token()
            headers["Authorization"] = self.bearer
        return {name: value for name, value in headers.items() if value}

    # ---- requests: (status, headers, body) ----

    def call(self, method, path, body=None, secure=False, source="127.0.0.1", headers=None, timeout=40):
        if secure:
            context = ssl.create_default_context(cafile=self.path("cert.pem"))
            context.check_hostname = False
            connection = http.client.HTTPSConnection("127.0.0.1", self.https_port, context=context, timeout=timeout,
                                                     source_address=(source, 0))
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=timeout,
                                                    source_address=(source, 0))
        try:
            connection.request(method, path, body, self.access(path, headers) if secure else headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, path, **settings):
        return self.call("GET", path, **settings)

    def api(self, method, path, body=None, **settings):
        """(status, JSON) over HTTPS; body is an object, or bytes as they are."""
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        status, _, answer = self.call(method, path, data, secure=True, **settings)
        return status, json.loads(answer)

    def sql(self, statement, *values):
        """On the store, behind the appliance's back."""
        with contextlib.closing(sqlite3.connect(self.path("netmend.db"), timeout=60)) as db, db:
            return db.execute(statement, values).fetchall()

    # ---- what a machine does ----

    def script(self, mac, source="127.0.0.1", **more):
        query = "&".join(f"{k}={v}" for k, v in ({"mac": mac.replace(":", "-")} | more).items())
        status, headers, body = self.get("/boot/ipxe?" + query, source=source)
        assert status == 200, (status, body)
        assert headers["Cache-Control"] == "no-store"
        return body.decode()

    def token(self, mac, source="127.0.0.1", **more):
        return re.search(r" netmend\.token=([0-9a-f]{32}) ", self.script(mac, source, **more)).group(1)

    def open(self, mac, source="127.0.0.1", **changes):
        """A session opened after a boot: (hello, answer)."""
        body = hello(self.token(mac, source), mac, **changes)
        status, answer = self.api("POST", "/v1/sessions", body, source=source)
        assert status == 200, answer
        return body, answer

    def release(self, session, wait=0, **settings):
        return self.api("GET", f"/v1/sessions/{session}/release?wait={wait}", **settings)

    def row(self, mac):
        rows = [m for m in self.api("GET", "/api/v1/snapshot")[1]["machines"] if m["mac"] == mac]
        return rows[0] if rows else None

    def machine(self, mac):
        return self.api("GET", f"/api/v1/machines/{self.row(mac)['id']}")[1]

    def answered(self):
        return sorted(os.listdir(self.path("hosts")))

    def tell(self, *args, **settings):
        self.supervisor.sock.send(control(*args, **settings))


def until(check, seconds=60):
    """Waits for check() to be true and returns what it said."""
    end = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return found


def pin_of(cert):
    """SHA-256 of the public key, by OpenSSL."""
    key = subprocess.run(["openssl", "x509", "-in", cert, "-noout", "-pubkey"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=key, check=True,
                         capture_output=True).stdout
    return hashlib.sha256(der).hexdigest()


VOLUME = "063EA4E1-220C-4293-BA01-4754620A96E7"
PROTECTOR = "F3A1B6B0-10AA-4F1B-8C1E-6B1C3A5D7E9F"


def hello(token, mac, **changes):
    return {
        "v": 1, "token": token, "boot_id": str(uuid.uuid4()), "key": base64.b64encode(os.urandom(32)).decode(),
        "fixer": "0.1.0", "dry_run": False,
        "machine": {"uuid": "4C4C4544-0043-3510-8052-B4C04F564433", "serial": "S" + mac[-2:], "asset": "", "firmware": "uefi",
                    "manufacturer": "Dell Inc.", "product": "Latitude 7420", "macs": [mac]},
        "disks": [{"name": "nvme0n1", "size": 1 << 38, "sector": 512, "model": "PM981", "serial": "X1",
                   "id": "7A1B6B0F-10AA-4F1B-8C1E-6B1C3A5D7E9F"}],
        "volumes": [{"disk": 0, "partition": 3, "start": 1 << 20, "size": 1 << 37, "kind": "bitlocker", "reason": "OK",
                     "id": VOLUME, "method": "xts-aes-128", "state": "4/4", "suspended": False, "protectors": [
                         {"id": PROTECTOR, "kind": "recovery-password", "salt": base64.b64encode(bytes(16)).decode(),
                          "blob": base64.b64encode(bytes(72)).decode()},
                         {"id": VOLUME, "kind": "tpm"}]},
                    {"disk": 0, "partition": 4, "start": 1 << 38, "size": 4096, "kind": "ntfs", "reason": "OK", "id": "",
                     "method": "", "state": "", "suspended": False, "protectors": []}],
    } | changes


def released():
    return {"status": "released", "reason": "OK", "text": "", "request": "", "code": "", "volumes": [
        {"id": VOLUME, "protector": PROTECTOR, "sealed": base64.b64encode(bytes(96)).decode()}]}


def pending(reason, text=""):
    return {"status": "pending", "reason": reason, "text": text, "request": "", "code": "", "volumes": []}


def event(seq, state, step, reason="OK", text="", **numbers):
    return {"seq": seq, "ms": 1000 + seq, "state": state, "step": step, "reason": reason, "text": text,
            "numbers": numbers}


def events(state, *some):
    return {"v": 1, "state": state, "events": list(some)}


def installation(**changes):
    return {"directory": "\\Windows", "product": "Windows 11 Pro", "edition": "Professional", "release": "23H2",
            "installation": "Client", "build": 22631, "revision": 3880, "computer": "S56", "registry_dirty": True, "problem": "",
            "crash": {"source": "minidump", "path": "\\Windows\\Minidump\\071924-8843-01.dmp", "kind": "small",
                      "time": "2024-07-19T05:02:11Z", "build": 22631, "code": 80, "name": "PAGE_FAULT_IN_NONPAGED_AREA",
                      "parameters": ["ffff840500000074", "0" * 16, "fffff80445a314ed", "0" * 16], "module": "csagent.sys"},
            "folders": [{"directory": "\\Windows\\System32\\drivers\\CrowdStrike", "files": 188,
                         "newest": "2024-07-18T21:03:00Z", "oldest": "2023-05-16T00:00:00Z"}],
            "evidence_problem": ""} | changes


def result(reason, bundle="", written="all", **changes):
    return {
        "v": 1, "reason": reason, "text": "", "sectors": 24, "bundles": [{"sha256": bundle, "written": written}] if bundle else [],
        "boot_next": "set",
        "timing": {"init": 900, "session": 950, "release": 1000, "plan": 1100, "save": 1200, "commit": 1300, "verify": 1400},
        "volumes": [{"disk": 0, "partition": 3, "id": VOLUME, "reason": reason, "text": "", "plan": "delete",
                     "journal": "clean", "sectors": 24, "windows": 1, "files": [
                         {"path": "\\Windows\\System32\\drivers\\CrowdStrike\\C-00000291-00000000-00000032.sys",
                          "size": 41004, "attributes": 32, "modified": "2024-07-19T04:20:00Z", "note": "", "sha256": "ab" * 32,
                          "reason": "OK", "removed": True, "renamed_to": ""}], "installations": [installation()]}]} | changes


def operator(web, mac, **fields):
    """Changes a machine as `netmend machines` does: another connection to the same store."""
    with contextlib.closing(sqlite3.connect(web.path("netmend.db"), timeout=60)) as db, db:
        known = db.execute("SELECT machine FROM macs WHERE mac = ?", (mac,)).fetchone()
        if known:
            number = known[0]
        else:
            number = db.execute("INSERT INTO machines (mac) VALUES (?)", (mac,)).lastrowid
            db.execute("INSERT INTO macs (mac, machine) VALUES (?, ?)", (mac, number))
        for name, value in fields.items():
            db.execute(f"UPDATE machines SET {name} = ? WHERE id = ?", (value, number))
        seq = db.execute("INSERT INTO events (machine, at, attempt, state, step, reason, text, numbers)"
                         " VALUES (?, 1, 0, 'seen', 'operator', 'OK', '', '{}')", (number,)).lastrowid
        db.execute("UPDATE machines SET changed = ? WHERE id = ?", (seq, number))


def add(web, mac, **fields):
    """Lists a machine and waits until it is on the answer list."""
    operator(web, mac, in_scope=1, **fields)
    if web.scope == "listed":
        until(lambda: mac.replace(":", "-") in web.answered())
