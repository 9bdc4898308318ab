# SPDX-License-Identifier: GPL-3.0-or-later
"""What firmware and iPXE fetch: TFTP as EDK2 does it, HTTP as iPXE does."""
import asyncio
import hashlib
import struct

BLOCK = 1468  # what EDK2 asks for where the MTU is 1500
TFTP_WAIT, TFTP_TRIES = 4, 6  # EDK2: PXEBC_MTFTP_TIMEOUT, PXEBC_MTFTP_RETRIES
DATA, ERROR, OACK = 3, 5, 6
SCRATCH = bytearray(1 << 18)  # where files go; nobody reads them


class TransferError(Exception):
    """The machine's own words for it."""


class Tftp(asyncio.DatagramProtocol):
    """One RRQ. probe: only the size is asked for, as EDK2 does first, and the transfer is broken off."""

    def __init__(self, server, name, probe, counts):
        self.server, self.probe, self.counts = server, probe, counts
        self.request = (b"\0\1" + name.encode() + b"\0octet\0" + b"tsize\0" + b"0\0" + b"blksize\0%d\0" % BLOCK)
        self.loop = asyncio.get_running_loop()
        self.done = self.loop.create_future()
        self.peer, self.said, self.block, self.tries, self.size = None, self.request, 0, 0, None
        self.hash, self.got = hashlib.sha256(), 0

    def connection_made(self, transport):
        self.transport = transport
        transport.sendto(self.request, (self.server, 69))
        self.heard = self.loop.time()
        self.timer = self.loop.call_later(TFTP_WAIT, self.check)

    def check(self):
        left = self.heard + TFTP_WAIT - self.loop.time()
        if left <= 0:
            self.tries += 1
            if self.tries >= TFTP_TRIES:
                self.finish(TransferError("TFTP: no answer"))
                return
            self.counts["tftp asked again"] += 1
            self.heard, left = self.loop.time(), TFTP_WAIT
            self.transport.sendto(self.said, self.peer or (self.server, 69))
        self.timer = self.loop.call_later(left, self.check)

    def finish(self, error=None):
        self.timer.cancel()
        if not self.done.done():
            self.done.set_exception(error) if error else self.done.set_result((self.got, self.hash.hexdigest()))

    def say(self, block):
        self.said, self.heard, self.tries = struct.pack("!HH", 4, block & 0xffff), self.loop.time(), 0
        self.transport.sendto(self.said, self.peer)

    def datagram_received(self, data, peer):
        if len(data) < 4 or self.done.done() or (self.peer and peer != self.peer):
            return
        kind, number = struct.unpack("!HH", data[:4])
        if kind == ERROR:
            self.finish(TransferError(f"TFTP: error {number}"))
        elif kind == OACK and self.block == 0:
            self.peer = peer
            self.options(data[2:].split(b"\0"))
        elif kind == DATA and self.size is not None:
            self.take(number, data)

    def options(self, words):
        told = dict(zip((w.lower() for w in words[::2]), words[1::2]))
        self.size = int(told.get(b"tsize", b"0"))
        if told.get(b"blksize") != b"%d" % BLOCK:
            self.finish(TransferError("TFTP: another block size"))
        elif self.probe:
            self.transport.sendto(struct.pack("!HH", ERROR, 8) + b"User aborted the transfer\0", self.peer)
            self.finish()
        else:
            self.say(0)

    def take(self, number, data):
        if number != (self.block + 1) & 0xffff:
            self.counts["tftp blocks twice"] += 1
            self.transport.sendto(struct.pack("!HH", 4, number), self.peer)
            return
        self.block += 1
        self.hash.update(data[4:])
        self.got += len(data) - 4
        self.say(self.block)
        if len(data) < BLOCK + 4:
            self.finish(None if self.got == self.size else TransferError("TFTP: another size than promised"))

    def error_received(self, error):
        self.finish(TransferError(f"TFTP: {error}"))


async def tftp(address, server, name, counts):
    """(bytes, SHA-256) of the file, which is opened twice: EDK2 first asks for its size."""
    for probe in (True, False):
        transport, transfer = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Tftp(server, name, probe, counts), local_addr=(address, 0))
        try:
            result = await transfer.done
        finally:
            transport.close()
    return result


class Http(asyncio.BufferedProtocol):
    """One GET. keep: the body is kept, else only counted."""

    def __init__(self, path, host, keep):
        self.ask = f"GET {path} HTTP/1.1\r\nConnection: close\r\nUser-Agent: iPXE/1.0.0+\r\nHost: {host}\r\n\r\n".encode()
        self.keep, self.head, self.length, self.got = keep, b"", None, 0
        self.body, self.loop = bytearray(), asyncio.get_running_loop()
        self.done, self.heard = self.loop.create_future(), self.loop.time()
        self.done.add_done_callback(lambda f: f.cancelled() or f.exception())  # looked at, also when nobody waits any more

    def connection_made(self, transport):
        transport.write(self.ask)

    def get_buffer(self, _):
        return SCRATCH

    def buffer_updated(self, count):
        self.heard = self.loop.time()
        if self.length is None:
            self.head += SCRATCH[:count]
            if b"\r\n\r\n" not in self.head:
                return
            self.head, _, rest = self.head.partition(b"\r\n\r\n")
            self.read_head()
            count = len(rest)
            SCRATCH[:count] = rest
        self.got += count
        if self.keep:
            self.body += SCRATCH[:count]
        if self.length is not None and self.got >= self.length:
            self.finish(None if self.got == self.length else "more than promised")

    def read_head(self):
        lines = self.head.decode("latin-1").split("\r\n")
        told = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        self.length = int(told.get("content-length", "-1"))
        if lines[0].split()[1:2] != ["200"]:
            self.finish(lines[0])
        elif self.length < 0:
            self.finish("no length")

    def finish(self, error=None):
        if not self.done.done():
            self.done.set_exception(TransferError(f"HTTP: {error}")) if error else self.done.set_result(self.got)

    def connection_lost(self, error):
        self.finish(error or "closed in the middle")


async def http(address, url, quiet, keep=False):
    """(bytes, body) of url. quiet: seconds without a byte after which iPXE gives up."""
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    fetch, loop, transport = Http("/" + path, host, keep), asyncio.get_running_loop(), None
    try:
        transport, _ = await asyncio.wait_for(loop.create_connection(lambda: fetch, name, int(port or 80), local_addr=(address, 0)), quiet)
        while not fetch.done.done():
            left = fetch.heard + quiet - loop.time()
            if left <= 0:
                raise TransferError("HTTP: silent for too long")
            await asyncio.wait([fetch.done], timeout=left)
        return fetch.done.result(), bytes(fetch.body)
    except (OSError, asyncio.TimeoutError) as error:
        raise TransferError(f"HTTP: {error or 'no connection'}") from None
    finally:
        if transport:
            transport.abort()
