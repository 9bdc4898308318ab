# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers for test_power_https*.c: one that shows what was asked of it, and some that behave badly.

Prints one line: "PORT PIN" of: a good one, one of the year 2008 (TLS 1.0, 1024 bits, SHA-1), one with another certificate at each
connection; then the ports of: plain HTTP, one that answers TLS with garbage, and one nobody listens at. Runs until it is ended.
"""
import base64
import hashlib
import http.server
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import warnings

USER, PASSWORD = "netmend", "p\u00e4ss:word \"quoted\" \\ one"
REALM = "Digest:A4070000000000000000000000000000"


def make_certificate(folder, name, *key):
    """(certificate, key, SHA-256 of its DER)"""
    paths = [os.path.join(folder, f"{name}.{end}") for end in ("pem", "key")]
    subprocess.run(["openssl", "req", "-x509", *key, "-nodes", "-days", "2", "-subj", "/CN=" + name, "-out", paths[0], "-keyout", paths[1]],
                   check=True, capture_output=True)
    with open(paths[0]) as f:
        der = ssl.PEM_cert_to_DER_cert(f.read())
    return paths[0], paths[1], hashlib.sha256(der).hexdigest()


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with self.server.lock:
            self.server.open += 1
        self.nonces = {}

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass
        with self.server.lock:
            self.server.open -= 1
            self.server.lock.notify_all()

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def chunks(self, piece, pause=0.0):
        """Never ends by itself."""
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(pause)

    def handle_any(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.seen.append([self.command, self.path, "Authorization" in self.headers])
        name = re.sub(r"\W", "_", self.path.split("?")[0].strip("/"))
        try:
            getattr(self, "at_" + name, self.at_missing)()
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_DELETE = handle_any

    def at_missing(self):
        self.answer(404, b"nothing here")

    def at_echo(self):
        told = {"method": self.command, "path": self.path, "body": self.body.decode(), "headers": dict(self.headers.items())}
        self.answer(200, json.dumps(told).encode(), ETag='W/"17"', Location="/redfish/v1/Sessions/1", X_Auth_Token="token of a session")

    def at_empty(self):
        self.send_response(204)
        self.end_headers()

    def at_long_headers(self):
        self.answer(200, b"x", ETag="e" * 128, Location="/" + "l" * 600, X_Auth_Token="t" * 255)

    def at_seen(self):
        """What was asked of this server, once every other connection has ended."""
        with self.server.lock:
            self.server.lock.wait_for(lambda: self.server.open == 1, 60)
            seen = [s for s in self.server.seen if s[1] != "/seen"]
        self.answer(200, json.dumps(seen).encode())

    def at_redirect(self):
        self.answer(302, Location=f"http://127.0.0.1:{self.server.plain}/echo")

    def at_later(self):
        self.answer(503, Retry_After="7")

    def at_much_later(self):
        self.answer(503, Retry_After="86400")

    def at_sized(self):
        """/sized?NUMBER, in one piece."""
        self.answer(200, b"x" * int(self.path.split("?")[1]))

    def at_sized_in_chunks(self):
        left = int(self.path.split("?")[1])
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while left:
            piece = min(left, 100)
            self.wfile.write(b"%x\r\n%s\r\n" % (piece, b"x" * piece))
            left -= piece
        self.wfile.write(b"0\r\n\r\n")

    def at_huge(self):
        self.send_response(200)
        self.chunks(b"x" * 8192)

    def at_huge_told(self):
        self.send_response(200)
        self.send_header("Content-Length", str(1 << 40))
        self.end_headers()
        while True:
            self.wfile.write(b"x" * 8192)

    def at_huge_headers(self):
        self.send_response(200)
        while True:
            self.send_header("X-Filler", "x" * 1000)
            self.flush_headers()

    def at_drip(self):
        self.send_response(200)
        self.chunks(b"x", 0.1)

    def at_silent(self):
        self.rfile.read(1)
        self.close_connection = True

    def at_hang_up(self):
        self.close_connection = True

    def at_cut_off(self):
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"{")
        self.close_connection = True

    def at_garbage(self):
        self.wfile.write(b"\x00\x01\x02 this is not HTTP\r\n\r\n")
        self.close_connection = True

    def at_basic(self):
        right = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") == right:
            return self.answer(200, b"in")
        return self.answer(401, b"", WWW_Authenticate='Basic realm="x"')

    def ask_digest(self, stale=False):
        nonce = os.urandom(8).hex()
        self.server.nonces[nonce] = 0
        self.answer(401, b"who are you", WWW_Authenticate=f'Digest realm="{REALM}", nonce="{nonce}", stale="{str(stale).lower()}", qop="auth"')

    def digest(self, uses):
        """Each nonce is good for so many requests."""
        kind, _, text = self.headers.get("Authorization", "").partition(" ")
        told = {name: quoted or plain for name, quoted, plain in re.findall(r'(\w+)=(?:"((?:\\.|[^"])*)"|([^",\s]+))', text)}
        if kind != "Digest":
            return self.ask_digest()
        ha1 = md5(f"{USER}:{REALM}:{PASSWORD}")
        ha2 = md5(f"{self.command}:{self.path}")
        right = md5(":".join([ha1, told["nonce"], told["nc"], told["cnonce"], told["qop"], ha2]))
        if told["response"] != right or told["username"] != USER or told["uri"] != self.path:
            return self.ask_digest()
        if self.server.nonces.get(told["nonce"], uses) >= uses:
            return self.ask_digest(stale=True)
        self.server.nonces[told["nonce"]] += 1
        return self.answer(200, self.command.encode() + b" " + self.body)

    def at_digest(self):
        self.digest(1000)

    def at_digest_once(self):
        self.digest(1)

    def at_digest_huge(self):
        self.send_response(401)
        self.send_header("WWW-Authenticate", f'Digest realm="{REALM}", nonce="0", qop="auth"')
        self.chunks(b"x" * 8192)

    def at_wants_basic(self):
        self.answer(401, b"", WWW_Authenticate='Basic realm="give it to me"')


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, contexts=()):
        super().__init__(("127.0.0.1", 0), Handler)
        self.contexts, self.turn = contexts, 0
        self.lock, self.open, self.seen, self.nonces = threading.Condition(), 0, [], {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def get_request(self):
        sock, address = super().get_request()
        if self.contexts:
            context = self.contexts[self.turn % len(self.contexts)]
            self.turn += 1
            sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return sock, address

    def handle_error(self, request, client_address):
        pass


def context_of(certificate, old=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if old:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.load_cert_chain(*certificate[:2])
    return context


def serve_garbage(listener):
    while True:
        sock = listener.accept()[0]
        try:
            sock.sendall(b"220 this is no TLS at all\r\n" * 20)
            sock.recv(65536)
        except OSError:
            pass
        sock.close()


def main():
    ec = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    with tempfile.TemporaryDirectory() as folder:
        first, second = make_certificate(folder, "first", *ec), make_certificate(folder, "second", *ec)
        old = make_certificate(folder, "old", "-newkey", "rsa:1024", "-sha1")
        good, aged = Server([context_of(first)]), Server([context_of(old, old=True)])
        changing = Server([context_of(first), context_of(second)])
    plain = Server()
    good.plain = plain.server_port
    garbage, nobody = socket.socket(), socket.socket()
    for s in (garbage, nobody):
        s.bind(("127.0.0.1", 0))
    garbage.listen()
    threading.Thread(target=serve_garbage, args=(garbage,), daemon=True).start()
    print(good.server_port, first[2], aged.server_port, old[2], changing.server_port, first[2], plain.server_port,
          garbage.getsockname()[1], nobody.getsockname()[1], flush=True)
    signal.pause()


if __name__ == "__main__":
    main()
