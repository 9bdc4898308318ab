#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS server that behaves in every way test_link.c asks for.

usage: link_server.py DIR [1.1|1.2|1.3|plain|silent]

Makes a key and a certificate in DIR with openssl, prints "PORT PIN", serves until it is killed. The path of a
request chooses the behaviour.
"""
import hashlib
import os
import socket
import ssl
import subprocess
import sys
import threading
import time

counts = {"connections": 0, "requests": 0, "refused": 0}
lock = threading.Lock()


def openssl(*args):
    return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout


def make_certificate(folder):
    """(certificate, key, pin): the pin as openssl's own tools compute it."""
    key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
            "-out", cert, "-subj", "/CN=anything", "-days", "1")
    public = os.path.join(folder, "public.pem")
    with open(public, "wb") as f:
        f.write(openssl("x509", "-in", cert, "-noout", "-pubkey"))
    spki = openssl("pkey", "-pubin", "-in", public, "-outform", "DER")
    return cert, key, hashlib.sha256(spki).hexdigest()


def add(name):
    with lock:
        counts[name] += 1


class Connection:
    def __init__(self, sock):
        self.sock, self.data = sock, b""

    def receive(self):
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("closed")
        self.data += data

    def head(self):
        while b"\r\n\r\n" not in self.data:
            self.receive()
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        lines = head.decode("ascii").split("\r\n")
        return lines[0].split(" "), dict(line.split(": ", 1) for line in lines[1:])

    def body(self, length):
        while len(self.data) < length:
            self.receive()
        body, self.data = self.data[:length], self.data[length:]
        return body

    def answer(self, body, status="200 OK", extra=""):
        self.sock.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body)

    def request(self):
        """Serves one request; False when the connection ends."""
        (method, path, version), headers = self.head()
        add("requests")
        if path == "/refuse":
            self.answer(b"too large", "413 Too Large", "Connection: close\r\n")
            self.linger()
            return False
        body = self.body(int(headers.get("Content-Length", "0")))
        if version != "HTTP/1.1" or "Host" not in headers:
            self.answer(b"no", "400 Bad Request")
            return True
        return getattr(self, path.strip("/").replace("-", "_"))(method, body)

    def linger(self):
        """Until the client has closed: closing with its bytes unread would reset the connection under the answer."""
        self.sock.settimeout(5)
        while self.sock.recv(4096):
            pass

    def echo(self, method, body):
        self.answer(f"{method} {len(body)} {hashlib.sha256(body).hexdigest()}".encode())
        return True

    def counts(self, _method, _body):
        self.answer("{connections} {requests} {refused}".format(**counts).encode())
        return True

    def chunked(self, _method, _body):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in (b"one ", b"two ", b"three"):
            time.sleep(0.05)
            self.sock.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.sock.sendall(b"0\r\n\r\n")
        return True

    def close(self, _method, _body):
        self.answer(b"bye", extra="Connection: close\r\n")
        return False

    def stale(self, _method, _body):
        self.answer(b"see you")
        return False

    def never(self, _method, _body):
        return False

    def half(self, _method, _body):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789")
        return False

    def big(self, _method, _body):
        self.answer(b"x" * 5000)
        return True

    def endless(self, _method, _body):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            self.sock.sendall(b"400\r\n" + b"x" * 0x400 + b"\r\n")

    def drip(self, _method, _body):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            self.sock.sendall(b"x")
            time.sleep(0.2)

    def garbage(self, _method, _body):
        self.sock.sendall(b"220 mail.example.org ESMTP\r\n")
        return True

    def more(self, _method, _body):
        self.sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more")
        return True


def serve(raw, context):
    add("connections")
    try:
        with context.wrap_socket(raw, server_side=True) as sock:
            connection = Connection(sock)
            while connection.request():
                pass
    except ssl.SSLError:
        add("refused")
    except (OSError, ConnectionError):
        pass


def serve_without_tls(raw, mode):
    if mode == "plain":
        raw.recv(4096)
        raw.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        raw.close()
    else:
        time.sleep(60)


def make_context(cert, key, mode):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if mode == "1.1":
        context.set_ciphers("ALL:@SECLEVEL=0")
    versions = {"1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
    context.minimum_version = context.maximum_version = versions[mode]
    return context


def main():
    folder, mode = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "1.3"
    cert, key, pin = make_certificate(folder)
    tls = mode not in ("plain", "silent")
    context = make_context(cert, key, mode) if tls else None
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], pin, flush=True)
    while True:
        raw, _ = listener.accept()
        target, what = (serve, context) if tls else (serve_without_tls, mode)
        threading.Thread(target=target, args=(raw, what), daemon=True).start()


if __name__ == "__main__":
    main()
