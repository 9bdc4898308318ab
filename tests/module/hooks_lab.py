# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend-hooks with a store the test writes to, and HTTPS servers that take, refuse or hang."""
import contextlib
import hashlib
import hmac
import http.server
import json
import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import threading
import time

BUILD = os.path.abspath(os.environ.get("B", "build"))
SECRET = 'a "key" of \\ signatures'


def certificate(folder, name):
    """(certificate, key): signed by itself, for 127.0.0.1."""
    paths = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                    "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", paths[1], "-out", paths[0]],
                   check=True, capture_output=True)
    return paths


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what it takes: bodies whose signature is right. answer(self, body) may decide otherwise: status, headers, body."""
    daemon_threads = True

    def __init__(self, pair, answer=None, port=0):
        self.bodies, self.calls, self.answer, self.lock = [], 0, answer, threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pair)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # clients that do not believe the certificate, or are killed

    def close(self):
        self.shutdown()
        self.server_close()

    def events(self):
        with self.lock:
            return [event for body in self.bodies for event in body["events"]]

    def seqs(self):
        return [event["seq"] for event in self.events()]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.calls += 1
        wanted = "sha256=" + hmac.new(SECRET.encode(), data, hashlib.sha256).hexdigest()
        status, headers, text = 204, {}, b""
        if self.headers["X-Netmend-Signature"] != wanted or self.headers["Content-Type"] != "application/json":
            status = 403
        elif self.server.answer:
            status, headers, text = self.server.answer(self.server, json.loads(data))
        if 200 <= status < 300:
            with self.server.lock:
                self.server.bodies.append(json.loads(data))
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(text))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


def unused_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Hooks:
    """The program on a store in a folder of its own."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="netmend-hooks-")
        self.pair = certificate(self.dir, "server")
        self.other = certificate(self.dir, "other")
        self.database, self.log_path = self.path("netmend.db"), self.path("log")
        self.process = None
        with open(self.path("appliance-id"), "w") as f:
            f.write("0123456789abcdef\n")

    def path(self, name):
        return os.path.join(self.dir, name)

    def hook(self, name, port, events="all", ca=None, host="127.0.0.1"):
        with open(ca or self.pair[0]) as f:
            return {"name": name, "url": f"https://{host}:{port}/in", "events": events, "secret": SECRET, "ca": f.read()}

    def start(self, *hooks, store=None):
        reading, writing = os.pipe()
        settings = {"v": 1, "store": store or self.database, "id_file": self.path("appliance-id"), "hooks": list(hooks)}
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([os.path.join(BUILD, "netmend-hooks"), "serve", "--settings-fd", str(reading)],
                                            pass_fds=(reading,), stdout=log, stderr=log)
        os.close(reading)
        os.write(writing, json.dumps(settings).encode())
        os.close(writing)
        if not store:
            until(lambda: {row["name"] for row in self.rows()} >= {hook["name"] for hook in hooks})

    def stop(self, signal=15):
        if self.process:
            self.process.send_signal(signal)
            status = self.process.wait(60)
            self.process = None
            assert status == (-9 if signal == 9 else 0), (status, self.log())

    def close(self):
        self.stop()
        shutil.rmtree(self.dir)

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def rows(self):
        try:
            with contextlib.closing(sqlite3.connect(self.database)) as db:
                db.row_factory = sqlite3.Row
                return [dict(row) for row in db.execute("SELECT * FROM hooks")]
        except sqlite3.OperationalError:
            return []  # it is just being made

    def row(self, name):
        return next(row for row in self.rows() if row["name"] == name)

    def machine(self, number):
        self.run("INSERT INTO machines (mac, serial) VALUES (?, ?)", f"02:00:00:00:00:{number:02x}", f"S{number}")

    def run(self, statement, *values):
        with contextlib.closing(sqlite3.connect(self.database, timeout=60)) as db, db:
            return db.execute(statement, values).lastrowid

    def columns(self, table):
        """{name: kind}"""
        with contextlib.closing(sqlite3.connect(self.database)) as db:
            return {row[1]: row[2] for row in db.execute(f"PRAGMA table_info({table})")}

    def changes(self, count, state="running", reason="OK"):
        """So many events of machine 1, each a change (attempts take turns with `state`); their numbers."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=60)) as db, db:
            return [db.execute("INSERT INTO events (machine, at, attempt, state, step, reason, text, numbers) VALUES"
                               " (1, ?, 1, ?, 'test', ?, 'text', '{}')",
                               (int(time.time() * 1000), state if i % 2 else "seen", reason if i % 2 else "OK")).lastrowid
                    for i in range(count)]


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.03)
    return found
