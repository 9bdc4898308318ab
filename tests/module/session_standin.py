# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in of the appliance's API: what include/netmend/README.md says and nothing more.

Every request is checked against the contract (a wrong one is answered with PROTOCOL_ERROR and kept in .problems)
and kept in .calls; a scenario says what goes wrong.
"""
import base64
import ctypes
import ctypes.util
import hashlib
import http.server
import json
import ssl
import threading
import time

TEXT, INT, BOOL, LIST, DICT = str, int, bool, list, dict
PROTECTOR = {"id": TEXT, "kind": TEXT}
VOLUME = {"disk": INT, "partition": INT, "start": INT, "size": INT, "kind": ("bitlocker", "ntfs"), "reason": TEXT,
          "id": TEXT, "method": TEXT, "state": TEXT, "suspended": BOOL, "protectors": LIST}
DISK = {"name": TEXT, "size": INT, "sector": INT, "model": TEXT, "serial": TEXT, "id": TEXT}
MACHINE = {"uuid": TEXT, "serial": TEXT, "asset": TEXT, "manufacturer": TEXT, "product": TEXT, "macs": LIST,
           "firmware": ("uefi", "bios"), "boot_order": ("disk-first", "network-first", "unknown")}
SESSION = {"v": (1,), "token": TEXT, "boot_id": TEXT, "key": TEXT, "fixer": TEXT, "dry_run": BOOL, "machine": DICT,
           "disks": LIST, "volumes": LIST}
STATES = ("running", "waiting", "unlocking", "planning", "saving", "repairing", "repaired", "attention")
EVENTS = {"v": (1,), "state": STATES, "events": LIST}
EVENT = {"seq": INT, "ms": INT, "state": STATES, "step": TEXT, "reason": TEXT, "text": TEXT, "numbers": DICT}
RESULT = {"v": (1,), "reason": TEXT, "text": TEXT, "sectors": INT, "bundles": LIST, "timing": DICT,
          "boot_next": ("set", "not-needed", "no-entry", "failed", "not-uefi"), "safe_mode": ("none", "minimal", "network", "dsrepair", "unknown"), "volumes": LIST}
TIMING = dict.fromkeys(("init", "session", "release", "plan", "save", "commit", "verify"), INT)
RESULT_VOLUME = {"disk": INT, "partition": INT, "id": TEXT, "reason": TEXT, "text": TEXT, "plan": TEXT, "journal": TEXT,
                 "sectors": INT, "windows": INT, "files": LIST, "installations": LIST}
INSTALLATION = {"directory": TEXT, "product": TEXT, "edition": TEXT, "release": TEXT, "installation": TEXT, "build": INT,
                "revision": INT, "computer": TEXT, "registry_dirty": BOOL, "problem": TEXT, "crash": (DICT, type(None)), "folders": LIST,
                "evidence_problem": TEXT}
CRASH = {"source": ("MEMORY.DMP", "minidump", "pagefile.sys"), "path": TEXT, "kind": ("small", "kernel", "complete", "other"),
         "time": TEXT, "build": INT, "code": INT, "name": TEXT, "parameters": LIST, "module": TEXT}
FOLDER = {"directory": TEXT, "files": INT, "newest": TEXT, "oldest": TEXT}
RESULT_BUNDLE = {"sha256": TEXT, "written": ("all", "part", "none")}
FILE = {"path": TEXT, "size": INT, "attributes": INT, "modified": TEXT, "note": TEXT, "sha256": TEXT, "reason": TEXT, "removed": BOOL, "renamed_to": TEXT}

SESSION_ID = "00112233445566778899aabbccddeeff"


class Refused(Exception):
    def __init__(self, status, reason, text=""):
        super().__init__(text)
        self.status, self.reason = status, reason


class Malformed(Refused):
    def __init__(self, text):
        super().__init__(400, "PROTOCOL_ERROR", text)


def check(value, shape, where):
    """value is an object of exactly this shape."""
    if not isinstance(value, dict) or set(value) != set(shape):
        raise Malformed(f"{where}: fields {sorted(value)}")
    for name, kind in shape.items():
        if isinstance(kind, tuple) and isinstance(kind[0], type):
            good = type(value[name]) in kind
        elif isinstance(kind, tuple):
            good = value[name] in kind
        else:
            good = type(value[name]) is kind  # bool is no int here
        if not good:
            raise Malformed(f"{where}.{name}: {value[name]!r}")


def unique(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise Malformed("duplicate field")
    return dict(pairs)


def check_session(body):
    check(body, SESSION, "session")
    check(body["machine"], MACHINE, "machine")
    for disk in body["disks"]:
        check(disk, DISK, "disk")
    for volume in body["volumes"]:
        check(volume, VOLUME, "volume")
        for p in volume["protectors"]:
            check(p, dict(PROTECTOR, salt=TEXT, blob=TEXT) if "blob" in p else PROTECTOR, "protector")


def check_result(body):
    check(body, RESULT, "result")
    check(body["timing"], TIMING, "timing")
    for bundle in body["bundles"]:
        check(bundle, RESULT_BUNDLE, "bundle")
    for volume in body["volumes"]:
        check(volume, RESULT_VOLUME, "result volume")
        for file in volume["files"]:
            check(file, FILE, "file")
        for windows in volume["installations"]:
            check_installation(windows)


def check_installation(windows):
    check(windows, INSTALLATION, "installation")
    if windows["crash"] is not None:
        check(windows["crash"], CRASH, "crash")
    for folder in windows["folders"]:
        check(folder, FOLDER, "folder")


def seal(public_key, plain):
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
    out = ctypes.create_string_buffer(len(plain) + 48)
    sodium.crypto_box_seal(out, plain, ctypes.c_ulonglong(len(plain)), public_key)
    return out.raw


def pairing_code(key, request):
    """What fixer/base/pairing.h promises, from libsodium and Python's own arithmetic."""
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
    digest = ctypes.create_string_buffer(16)
    secret = base64.b64decode(key) + bytes.fromhex(SESSION_ID)
    salt = bytes.fromhex(request) + b"pairing\0"
    if sodium.crypto_pwhash(digest, ctypes.c_ulonglong(16), secret, ctypes.c_ulonglong(len(secret)), salt,
                            ctypes.c_ulonglong(2), ctypes.c_size_t(32 << 20), 2) != 0:
        raise MemoryError
    number, code, letters = int.from_bytes(digest.raw, "big"), "", "ACDEFGHJKLMNPQRTUVWXY34679"
    for _ in range(6):
        number, rest = divmod(number, len(letters))
        code += letters[rest]
    return code


class Scenario:
    """What the appliance does. unanswered, delayed: call -> times, seconds."""

    def __init__(self, **settings):
        self.recipe = ""
        self.pending = None  # bytes of a bundle
        self.release = []  # one answer a poll: (status, reason), (status, reason, request) or the list of (volume, vmk) to release
        self.next = "reboot"
        self.heartbeat = 10
        self.refuse = {}  # call -> (status, reason)
        self.unanswered = {}
        self.busy = {}  # call -> how often 503
        self.delayed = {}
        self.lie = False  # about the journal's hash
        self.seal_to = None  # another key than the session's
        self.on_journal = lambda: None
        self.__dict__.update(settings)


class Appliance:
    def __init__(self, cert, key, scenario, port=0):
        self.scenario, self.calls, self.problems, self.events, self.beats = scenario, [], [], [], []
        self.journal = self.result = self.session = None
        self.connections = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                outer.connections += 1

            def log_message(self, *_args):
                pass

            def serve(self):
                outer.handle(self)

            do_GET = do_POST = do_PUT = serve

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def finish_request(self, request, address):
                with context.wrap_socket(request, server_side=True) as sock:
                    super().finish_request(sock, address)

            def handle_error(self, request, address):
                pass  # a client that refuses our key, or goes away

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def handle(self, request):
        path = request.path.split("?")[0]
        call = f"{request.command} {path.rsplit('/', 1)[1]}"
        body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        time.sleep(self.scenario.delayed.get(call, 0))
        if self.scenario.unanswered.get(call, 0) > 0:
            self.scenario.unanswered[call] -= 1
            request.close_connection = True
            return
        try:
            self.calls.append(call)
            status, answer = 200, self.answer(call, path, request.path, body)
        except Refused as r:
            if isinstance(r, Malformed):
                self.problems.append(str(r))
            status, answer = r.status, {"v": 1, "error": r.reason, "text": str(r)}
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        request.wfile.write(data)

    def answer(self, call, path, whole, body):
        s = self.scenario
        if s.busy.get(call, 0) > 0:
            s.busy[call] -= 1
            raise Refused(503, "ESCROW_UNREACHABLE", "busy")
        if call in s.refuse:
            raise Refused(*s.refuse[call])
        if path != "/v1/sessions" and not path.startswith(f"/v1/sessions/{SESSION_ID}/"):
            raise Refused(404, "TOKEN_INVALID", "no such session")
        if call == "PUT journal":
            return self.save(body)
        if call == "GET journal":
            if s.pending is None:
                raise Refused(404, "BUNDLE_BAD", "none")
            return s.pending
        if call == "GET release":
            if not whole.endswith("/release?wait=25"):
                raise Malformed(whole)
            return self.release()
        handler = {"POST sessions": self.open, "POST events": self.take_events, "POST result": self.take_result}
        return handler[call](json.loads(body, object_pairs_hook=unique))

    def open(self, body):
        check_session(body)
        self.session = body
        pending = self.scenario.pending
        return {"v": 1, "session": SESSION_ID, "machine": "WS-0001", "attempt": 1,
                "heartbeat": self.scenario.heartbeat, "recipe": self.scenario.recipe,
                "pending": pending and {"sha256": hashlib.sha256(pending).hexdigest(), "size": len(pending)}}

    def release(self):
        step = self.scenario.release.pop(0)
        if isinstance(step, tuple):
            time.sleep(0.2)
            return {"v": 1, "status": step[0], "reason": step[1], "text": "as asked", "request": "".join(step[2:])}
        volumes = []
        for volume, vmk in step:
            found = next(v for v in self.session["volumes"] if v["id"] == volume)
            protector = next(p["id"] for p in found["protectors"] if "blob" in p)
            fields = [bytes.fromhex(f) for f in volume.split("-")]
            plain = b"".join(f[::-1] for f in fields[:3]) + fields[3] + fields[4] + vmk
            sealed = seal(self.scenario.seal_to or base64.b64decode(self.session["key"]), plain)
            volumes.append({"id": volume, "protector": protector, "sealed": base64.b64encode(sealed).decode()})
        return {"v": 1, "status": "released", "reason": "OK", "text": "", "request": "", "volumes": volumes}

    def take_events(self, body):
        check(body, EVENTS, "events")
        for event in body["events"]:
            check(event, EVENT, "event")
            if event["seq"] == len(self.events) + 1:
                self.events.append(event)
        if not body["events"]:
            self.beats.append(body["state"])
        return {"v": 1, "ack": len(self.events)}

    def save(self, body):
        self.scenario.on_journal()
        self.journal = body
        sha256 = hashlib.sha256(b"lie" if self.scenario.lie else body).hexdigest()
        return {"v": 1, "sha256": sha256, "size": len(body)}

    def take_result(self, body):
        check_result(body)
        self.result = body
        return {"v": 1, "next": self.scenario.next, "text": ""}
