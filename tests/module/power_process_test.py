#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend-power as a process: who may give it orders, what it takes, many orders at once, what is left of a password. The
controllers are TCP ports of this test that say nothing, or where nobody listens, and a stand-in of Intel AMT."""
import json
import os
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

import power_client
from amt_standin import Amt
from power_client import Power, message

AT_ONCE = 256  # NM_POWER_AT_ONCE
KIND = "amt"
PASSWORD = "a password of controllers"
OTHER_USER, ESCROW_USER = 64999, 64872

with open(power_client.PROGRAM, "rb") as program:
    SANITIZED = b"__asan_init" in program.read()


def wait_until(condition, what):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not in 60 s: {what}")
        time.sleep(0.02)


class Silent:
    """Controllers that take a connection and say nothing: the one of number N is at 127.1.N/256.N%256."""

    def __init__(self):
        self.server = socket.create_server(("0.0.0.0", 0), backlog=1024)
        self.port = self.server.getsockname()[1]
        self.open, self.asked, self.lock, self.released = {}, set(), threading.Lock(), set()
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            address = connection.getsockname()[0]
            with self.lock:
                self.asked.add(address)
                if address in self.released:
                    connection.close()
                else:
                    self.open.setdefault(address, []).append(connection)

    @staticmethod
    def address(number):
        return f"127.1.{number // 256}.{number % 256}"

    def release(self, number):
        """From now on it hangs up at once."""
        address = self.address(number)
        with self.lock:
            self.released.add(address)
            for connection in self.open.pop(address, []):
                connection.close()

    def was_asked(self, number):
        with self.lock:
            return self.address(number) in self.asked

    def close(self):
        self.server.close()
        with self.lock:
            for connections in self.open.values():
                for connection in connections:
                    connection.close()


def tls_context():
    """A certificate of its own, as a controller makes one."""
    with tempfile.TemporaryDirectory() as folder:
        cert, key = os.path.join(folder, "cert"), os.path.join(folder, "key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                        "/CN=AMT", "-out", cert, "-keyout", key], check=True, capture_output=True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        return context


def connects_as(uid, path):
    """What a process of that user gets: "refused", "closed" at its first order, or the answer's reason."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        text = "failed"
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as sock:
                sock.settimeout(60)
                sock.connect(path)
                sock.send(json.dumps(message(1, "status", type=KIND, port=1)).encode())
                data = sock.recv(1 << 18)
                text = json.loads(data)["reason"] if data else "closed"
        except PermissionError:
            text = "refused"
        except (BrokenPipeError, ConnectionResetError):
            text = "closed"
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return text


def holds(pid, text):
    """Whether it is anywhere in the memory of the process."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            start, end = (int(x, 16) for x in line.split()[0].split("-"))
            try:
                memory.seek(start)
                if text.encode() in memory.read(end - start):
                    return True
            except (OSError, OverflowError, ValueError):
                continue
    return False


class Process(unittest.TestCase):
    def setUp(self):
        self.power = Power(ESCROW_USER)
        self.addCleanup(self.power.close)
        self.silent = Silent()
        self.addCleanup(self.silent.close)

    def stall(self, number, sock=None, **fields):
        """An order to a controller that says nothing, for as long as there is time; its number."""
        return self.power.send("status", sock, type=KIND, address=self.silent.address(number), port=self.silent.port, seconds=600,
                               password=PASSWORD, **fields)

    def quick(self, **fields):
        """An order to a port where nobody listens."""
        return self.power.send("status", type=KIND, address="127.9.9.9", port=1, **fields)

    @unittest.skipIf(os.geteuid() != 0, "needs root for other users")
    def test_only_root_and_escrow_come_in(self):
        self.assertEqual(connects_as(0, self.power.path), "POWER_UNREACHABLE")
        self.assertEqual(connects_as(ESCROW_USER, self.power.path), "POWER_UNREACHABLE")
        self.assertEqual(connects_as(OTHER_USER, self.power.path), "closed")
        self.assertIn(f"refused a connection from uid={OTHER_USER}", self.power.log())

    def test_malformed_orders_are_answered_when_they_have_a_number(self):
        good = message(5, "status", type=KIND, port=1, password=PASSWORD)
        for wrong in ({"order": "explode"}, {"type": "telnet"}, {"address": "a b"}, {"address": ""}, {"port": 65536},
                      {"pin": "12"}, {"seconds": 4}, {"seconds": 601}, {"order": "media"}, {"image": "http://x/y"},
                      {"more": 1}, {"user": "u" * 65}, {"password": "p" * 257}, {"machine": {"name": ""}}, {"other": 1}):
            with self.subTest(wrong=wrong):
                self.power.sock.send(json.dumps(good | wrong).encode())
                answer = self.power.receive()
                self.assertEqual((answer["id"], answer["reason"], answer["steps"]), (5, "PROTOCOL_ERROR", []))
        self.assertEqual(self.power.ask("status", type=KIND, port=1)["reason"], "POWER_UNREACHABLE")
        self.assertNotIn(PASSWORD, self.power.log())

    def test_nonsense_ends_the_connection_and_nothing_else(self):
        for wrong in (b"{", b"[]", b"null", b'{"v":1}', b'{"v":2,"id":1}', b'{"v":1,"id":0}', b"\0" * 100, b'{"v":1,"id":1,"id":1}',
                      b'{"v":1,"id":1,"password":"' + b"x" * (128 * 1024) + b'"}'):
            with self.subTest(wrong=wrong[:40]), self.power.connect() as sock:
                sock.send(wrong)
                self.assertEqual(sock.recv(1 << 18), b"")
        self.assertEqual(self.power.ask("status", type=KIND, port=1)["reason"], "POWER_UNREACHABLE")

    def test_one_order_at_a_time_for_a_controller(self):
        first = self.stall(1)
        wait_until(lambda: self.silent.was_asked(1), "the first order under way")
        second = self.stall(1)
        answer = self.power.receive()
        self.assertEqual((answer["id"], answer["reason"], answer["power"]), (second, "POWER_BUSY", "unknown"))
        other = self.stall(2)  # its neighbour does not care
        wait_until(lambda: self.silent.was_asked(2), "an order of another controller")
        self.silent.release(1)
        answer = self.power.receive()
        self.assertEqual(answer["id"], first)
        self.assertNotIn(answer["reason"], ("OK", "POWER_BUSY"))
        self.assertEqual(answer["steps"][0]["step"], "connect")
        again = self.stall(1)  # it hangs up at once now
        self.assertEqual(self.power.receive()["id"], again)
        self.silent.release(2)
        self.assertEqual(self.power.receive()["id"], other)

    def test_slow_ones_do_not_keep_others_waiting(self):
        slow = {self.stall(n) for n in range(40)}
        wait_until(lambda: all(self.silent.was_asked(n) for n in range(40)), "forty orders under way")
        for _ in range(3):
            number = self.quick()
            answer = self.power.receive()
            self.assertEqual((answer["id"], answer["reason"]), (number, "POWER_UNREACHABLE"))
        for n in range(40):
            self.silent.release(n)
        self.assertEqual({self.power.receive()["id"] for _ in slow}, slow)

    def test_above_the_limit_first_come_first_served(self):
        stalled = {self.stall(n): n for n in range(AT_ONCE)}
        wait_until(lambda: all(self.silent.was_asked(n) for n in range(AT_ONCE)), "as many orders as may be under way")
        with self.power.connect() as gone:
            self.stall(300, gone)  # waits, and nobody would hear of it
            self.power.round_trip(gone)
        # Who is ready is read in one round of its loop: by the second answer the end of the other one was read, too.
        self.power.round_trip()
        self.power.round_trip()
        waiting = self.quick()
        first = next(iter(stalled))
        self.silent.release(stalled[first])
        # Were it not waiting, its answer would be the first; were the forgotten one carried out, it would have no turn.
        self.assertEqual([self.power.receive()["id"] for _ in range(2)], [first, waiting])
        self.assertFalse(self.silent.was_asked(300))
        for n in stalled.values():
            self.silent.release(n)
        self.assertEqual({self.power.receive()["id"] for _ in range(AT_ONCE - 1)}, set(stalled) - {first})

    def test_what_is_under_way_is_named_at_the_end(self):
        self.stall(7)
        wait_until(lambda: self.silent.was_asked(7), "the order under way")
        self.power.process.terminate()
        self.assertEqual(self.power.process.wait(60), 0)
        self.assertIn(f"stopped in the middle of order=status address={self.silent.address(7)}", self.power.log())

    def test_orders_that_are_carried_out(self):
        """Behind the walls, by TLS and Digest, several at once; nothing of a password stays, neither in memory nor in the log."""
        machines = [Amt(tls_context(), user="netmend", password=f"{PASSWORD} {n}") for n in range(4)]
        for machine in machines:
            self.addCleanup(machine.close)
        sent = {self.power.send("boot", type=KIND, port=m.port, password=m.password): m for m in machines}
        for _ in machines:
            answer = self.power.receive()
            machine = sent.pop(answer["id"])
            self.assertEqual((answer["reason"], answer["power"], answer["type"]), ("OK", "on", KIND), answer)
            self.assertRegex(answer["pin"], "^[0-9a-f]{64}$")
            self.assertEqual(len(machine.started), 1)
            self.assertNotIn(PASSWORD, json.dumps(answer))
        self.assertNotIn(PASSWORD, self.power.log())
        if not SANITIZED:  # another heap, which wipes nothing
            wait_until(lambda: not holds(self.power.process.pid, PASSWORD), "the passwords wiped")

    @unittest.skipIf(SANITIZED, "another heap, which wipes nothing")
    def test_no_password_is_left(self):
        number = self.stall(9)
        wait_until(lambda: self.silent.was_asked(9), "the order under way")
        self.assertTrue(holds(self.power.process.pid, PASSWORD))
        self.silent.release(9)
        self.assertEqual(self.power.receive()["id"], number)
        wait_until(lambda: not holds(self.power.process.pid, PASSWORD), "the password wiped")
        self.assertNotIn(PASSWORD, self.power.log())

    def test_no_core_and_no_program_of_its_own(self):
        with open(f"/proc/{self.power.process.pid}/limits") as f:
            self.assertRegex(f.read(), r"Max core file size +0 +0 ")
        with open(f"/proc/{self.power.process.pid}/task/{self.power.process.pid}/children") as f:
            self.assertEqual(f.read(), "")


class Command(unittest.TestCase):
    """netmend-power order."""

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)
        self.file = os.path.join(self.dir.name, "password")
        with open(self.file, "w") as f:
            f.write(PASSWORD + "\nnot of it\n")

    def run_order(self, *args, stdin=None):
        return subprocess.run([power_client.PROGRAM, *args], input=stdin, capture_output=True, text=True, timeout=120)

    def test_an_order_and_its_answer(self):
        for password, stdin in ((self.file, None), ("-", PASSWORD + "\n")):
            done = self.run_order("order", "--order", "status", "--type", KIND, "--address", "127.0.0.1:1", "--user", "netmend",
                                  "--password-file", password, stdin=stdin)
            answer = json.loads(done.stdout)
            self.assertEqual((done.returncode, answer["reason"], answer["power"]), (3, "POWER_UNREACHABLE", "unknown"))
            self.assertIn("127.0.0.1", answer["text"])
            self.assertNotIn(PASSWORD, done.stdout + done.stderr)

    def test_usage(self):
        base = ["order", "--order", "status", "--address", "127.0.0.1", "--password-file", self.file]
        for wrong in (["order"], ["serve"], [], ["order", "--order", "status"], base + ["more"], base + ["--password", PASSWORD],
                      base + ["--pin", "xy"], base + ["--uuid", "xy"], base + ["--seconds", "4"], base + ["--firmware", "bios"],
                      base + ["--type", "telnet"], base + ["--image", "http://x/y"], base + ["--address", "127.0.0.1:0"],
                      base + ["--address", "127.0.0.1:x"], base + ["--address", "[::1"], base + ["--order", "explode"],
                      ["serve", "--socket", "/x", "--listen-fd", "3", "--escrow-uid", "0"], ["serve", "--socket", "/x"]):
            with self.subTest(wrong=wrong):
                done = self.run_order(*wrong)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn("usage:", done.stderr)
        done = self.run_order("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_no_password_file(self):
        done = self.run_order("order", "--order", "status", "--address", "127.0.0.1", "--password-file", self.file + "-none")
        self.assertEqual(done.returncode, 1)
        self.assertIn("password-none: No such file", done.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    unittest.main()
