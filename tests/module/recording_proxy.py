# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands before an HTTPS server with the server's own certificate and keeps every byte that clients send to it."""
import contextlib
import socket
import ssl
import threading


class Proxy(threading.Thread):
    def __init__(self, cert, key, port):
        super().__init__(daemon=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.target = port
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.received = bytearray()
        self.start()

    def run(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError), self.context.wrap_socket(client, server_side=True) as ours, \
                ssl._create_unverified_context().wrap_socket(socket.create_connection(("127.0.0.1", self.target))) as theirs:
            back = threading.Thread(target=self.pump, args=(theirs, ours, None), daemon=True)
            back.start()
            self.pump(ours, theirs, self.received)
            back.join()

    @staticmethod
    def pump(source, to, record):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if record is not None:
                    record += data
                to.sendall(data)
        for end in (to, source):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
