#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `netmend web` can reach once it belongs to somebody else, and escrow, fetch and power likewise: the running processes are made
to do it. Each refusal stands beside somebody for whom the same thing works."""
import ctypes
import errno
import json
import os
import re
import resource
import shutil
import signal
import socket
import struct
import subprocess
import time
import unittest

import appliance_lab as lab
from takeover import AT_FDCWD, LIBC, Taken, outcome

WEB, ESCROW, FETCH, POWER = 64871, 64872, 64873, 64874
SOURCE = "[source ad]\ntype = ldap\nurl = ldaps://127.0.0.1:1\nuser = u\npassword-file = /run/secret\n"
PASSWORD = "a password of the domain"
AF_UNIX, AF_INET, STREAM, SEQPACKET = 1, 2, 1, 5
PTRACE_ATTACH = 16


def unix_address(path):
    return struct.pack("<H", AF_UNIX) + path.encode() + b"\0"


def as_user(uid, action):
    """The name of the errno of action() in a process of that user without any walls; "ok"."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            action()
            text = "ok"
        except OSError as error:
            text = errno.errorcode[error.errno]
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    return text


def libc(name, *args):
    if getattr(LIBC, name)(*args) < 0:
        raise OSError(ctypes.get_errno(), name)


def read_memory(pid):
    """One byte from nowhere: EFAULT shows that it was tried."""
    vector = struct.pack("<QQ", 4096, 1)
    libc("process_vm_readv", pid, vector, 1, vector, 1, 0)


def attach(pid):
    libc("ptrace", PTRACE_ATTACH, pid, None, None)


def try_connect(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as client:
        client.connect(path)


def try_bind(port):
    with socket.socket() as server:
        server.bind(("", port))


def connect(path):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.settimeout(10)
    client.connect(path)
    return client


def ask(client, **question):
    client.send(json.dumps(dict(question, v=1, id=7)).encode())
    while True:
        answer = json.loads(client.recv(1 << 17))
        if answer.get("id") == 7:
            return answer


with open(os.path.join(lab.BUILD, "netmend"), "rb") as program:
    SANITIZED = b"__asan_init" in program.read()


@unittest.skipIf(SANITIZED, "a build with sanitizers has no walls")
class Lab(unittest.TestCase):
    """Each test has an appliance of its own: some of them end one of its processes."""

    def setUp(self):
        with open(os.open("/run/secret", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write(PASSWORD + "\n")
        os.makedirs("/run/images", exist_ok=True)
        for name in ("kernel", "initrd"):
            shutil.copy(f"/run/{name}", "/run/images")
        self.appliance = lab.Appliance("takeover-" + self._testMethodName, rest=SOURCE, images="/run/images")
        self.appliance.start()
        self.addCleanup(self.appliance.stop)
        self.appliance.wait_for(lambda: self.appliance.snapshot()["appliance"]["escrow"]["ok"], "escrow")
        self.web, self.escrow, self.fetch, self.power = (self.appliance.children()[name] for name in
                                                         ("web", "netmend-escrow", "netmend-fetch", "netmend-power"))

    def state(self, name):
        return f"{self.appliance.state}/{name}"

    def runtime(self, name):
        return f"{self.appliance.runtime}/{name}"


class TakenWeb(Lab):
    def test_files(self):
        with connect(self.runtime("escrow.sock")) as root:
            self.assertTrue(ask(root, op="approver", action="add", name="anna", passphrase="long enough")["ok"])
        secrets = [self.state("escrow/" + name) for name in ("vault.db", "vault.key", "audit.log", "approvers.json")]
        secrets += [f"/proc/{self.escrow}/mem", f"/proc/{self.escrow}/environ", f"/proc/{self.fetch}/mem", f"/proc/{self.power}/mem", "/run/secret"]
        with Taken(self.web) as web:
            for path in secrets:
                with self.subTest(path=path):
                    with open(path, "rb"):
                        pass  # it is there, and root may
                    with self.assertRaises(PermissionError):
                        web.open(path)
                    with self.assertRaises(PermissionError):
                        web.open(path, os.O_WRONLY)
            # Its own still open, and what every user may read does not any more.
            web.call("close", web.open(self.state("web/netmend.db"), os.O_RDWR))
            with self.assertRaises(PermissionError):
                web.open("/etc/passwd")
            with self.assertRaises(PermissionError):
                web.open(self.state("tls/key.pem"))
            with self.assertRaises(PermissionError):
                web.call("unlinkat", AT_FDCWD, self.state("escrow/audit.log").encode() + b"\0", 0)
        for path in secrets:
            with self.subTest(path=path, walls=False):
                self.assertEqual(as_user(WEB, lambda: os.open(path, os.O_RDONLY)), "EACCES")
        self.assertEqual(as_user(WEB, lambda: os.open(self.state("tls/key.pem"), os.O_RDONLY)), "ok")

    def test_other_processes_are_out_of_reach_for_its_user(self):
        """Without any walls: users and undumpable processes are enough."""
        attempts = (("ok", lambda pid: os.kill(pid, 0)), ("EFAULT", read_memory), ("ok", attach))
        other = subprocess.Popen(["setpriv", f"--reuid={WEB}", f"--regid={WEB}", "--clear-groups", "sleep", "60"])
        self.addCleanup(lambda: (other.kill(), other.wait()))
        time.sleep(0.2)
        for otherwise, attempt in attempts:
            with self.subTest(what=attempt):
                for pid in (self.escrow, self.fetch, self.power):
                    self.assertEqual(as_user(WEB, lambda: attempt(pid)), "EPERM")
                self.assertEqual(as_user(WEB, lambda: attempt(other.pid)), otherwise)
        self.assertEqual(as_user(WEB, lambda: os.setuid(0)), "EPERM")
        # Not even one of its own kind.
        self.assertEqual(as_user(WEB, lambda: attach(self.web)), "EPERM")
        for user, name, how in ((WEB, "fetch.sock", "EACCES"), (WEB, "escrow.sock", "ok"), (FETCH, "escrow.sock", "EACCES"),
                                (FETCH, "fetch.sock", "EACCES"), (ESCROW, "fetch.sock", "ok"), (WEB, "power.sock", "EACCES"),
                                (POWER, "power.sock", "EACCES"), (POWER, "escrow.sock", "EACCES"), (ESCROW, "power.sock", "ok")):
            self.assertEqual((user, name, as_user(user, lambda: try_connect(self.runtime(name)))), (user, name, how))

    def test_the_sockets_of_key_sources_and_controllers(self):
        for name in ("fetch.sock", "power.sock"):
            calls = ("socket", AF_UNIX, SEQPACKET, 0), ("connect", None, unix_address(self.runtime(name)), 108)
            self.assertEqual((name, outcome(self.web, *calls)), (name, "EACCES"))
            self.assertEqual((name, outcome(self.escrow, *calls)), (name, "ok"))

    def own_connection(self, web):
        """The descriptor it talks to escrow with."""
        wanted = unix_address(self.runtime("escrow.sock"))
        for fd in map(int, os.listdir(f"/proc/{self.web}/fd")):
            if not os.readlink(f"/proc/{self.web}/fd/{fd}").startswith("socket:"):
                continue
            try:
                web.call("getpeername", fd, bytes(128), struct.pack("<I", 128))
            except OSError:
                continue
            if web.peek(web.buffers[0], len(wanted)) == wanted:
                return fd
        self.fail("no connection to escrow")

    def order(self, web, fd, **order):
        """The answer on its own connection; it does not run meanwhile, so nobody else reads it."""
        text = json.dumps(dict(order, v=1, id=77001)).encode()
        web.call("sendto", fd, text, len(text), 0, 0, 0)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                size = web.call("recvfrom", fd, bytes(4096), 4096, socket.MSG_DONTWAIT, 0, 0)
            except BlockingIOError:
                time.sleep(0.02)
                continue
            answer = json.loads(web.peek(web.buffers[0], size))
            if answer.get("id") == 77001:
                return answer
        self.fail(f"no answer to {order}")

    def test_orders_of_root_on_its_own_connection(self):
        orders = [dict(op="unlock", passphrase="x"), dict(op="approver", action="add", name="eve", passphrase="long enough"),
                  dict(op="approver", action="list"), dict(op="stop", why="x"), dict(op="resume"), dict(op="trust", which="x"),
                  {"op": "decide", "from": "", "approver": "", "passphrase": "", "decision": "approve",
                   "requests": ["0123456789abcdef"], "why": ""}, dict(op="snapshot", source="")]
        with Taken(self.web) as web:
            fd = self.own_connection(web)
            self.assertTrue(self.order(web, fd, op="status")["ok"])
            for order in orders:
                with self.subTest(op=order):
                    answer = self.order(web, fd, **order)
                    self.assertFalse(answer["ok"])
                    self.assertIn("root", answer["text"])
                    self.assertNotIn("names", answer)
        with connect(self.runtime("escrow.sock")) as root:
            self.assertEqual(ask(root, op="approver", action="list")["names"], [])
            self.assertEqual(ask(root, op="status")["stopped"], "")
            self.assertTrue(ask(root, op="stop", why="a drill")["ok"])
            self.assertEqual(ask(root, op="status")["stopped"], "a drill")


class Killed(Lab):
    """What the kernel ends a process for; serve starts it again."""

    def shut(self, name):
        pid = self.appliance.children().get(name)
        return pid and lab.status_of(pid)["Seccomp"] == "2"

    def ends(self, name, *calls):
        self.appliance.wait_for(lambda: self.shut(name), f"{name} behind its walls", 40)
        pid = self.appliance.children()[name]
        self.assertEqual(outcome(pid, *calls), "SIGSYS")
        self.appliance.wait_for(lambda: self.appliance.children().get(name) not in (None, pid), name, 40)
        self.assertRegex(self.appliance.log(), rf"ended pid={pid} signal={int(signal.SIGSYS)} ")

    def test_web(self):
        self.ends("web", ("ptrace", PTRACE_ATTACH, self.escrow, 0, 0))
        self.ends("web", ("execve", b"/bin/sh\0", 0, 0))
        self.ends("web", ("process_vm_readv", self.escrow, bytes(16), 1, bytes(16), 1, 0))
        self.appliance.wait_for(lambda: self.appliance.snapshot()["appliance"]["escrow"]["ok"], "everybody well again")

    def test_web_more(self):
        self.ends("web", ("setuid", 0))
        self.ends("web", ("kill", self.escrow, signal.SIGTERM))
        self.ends("web", ("listen", 3, 1))

    def test_escrow(self):
        self.assertEqual(outcome(self.escrow, ("openat", AT_FDCWD, b"/etc/passwd\0", 0, 0)), "EACCES")
        self.assertEqual(as_user(ESCROW, lambda: os.open("/etc/passwd", os.O_RDONLY)), "ok")
        path = self.state("escrow/vault.db").encode() + b"\0"
        self.assertEqual(outcome(self.escrow, ("openat", AT_FDCWD, path, os.O_RDWR, 0)), "ok")
        self.ends("netmend-escrow", ("socket", AF_INET, STREAM, 0))
        self.ends("netmend-escrow", ("execve", b"/bin/sh\0", 0, 0))
        self.ends("netmend-escrow", ("mmap", 0, 4096, 7, 0x22, -1, 0))
        self.appliance.wait_for(lambda: self.appliance.snapshot()["appliance"]["escrow"]["ok"], "escrow")

    def test_fetch(self):
        for name in ("escrow/vault.db", "escrow/audit.log", "web/netmend.db"):
            path = self.state(name).encode() + b"\0"
            self.assertEqual(outcome(self.fetch, ("openat", AT_FDCWD, path, 0, 0)), "EACCES")
        # It may look names up and go outwards, but nobody comes in.
        self.assertEqual(outcome(self.fetch, ("openat", AT_FDCWD, b"/etc/hosts\0", 0, 0)), "ok")
        port = struct.pack("<H", AF_INET) + bytes([0x1f, 0x90]) + bytes(12)
        self.assertEqual(outcome(self.fetch, ("socket", AF_INET, STREAM, 0), ("bind", None, port, 16)), "EACCES")
        self.assertEqual(as_user(FETCH, lambda: try_bind(8080)), "ok")
        self.ends("netmend-fetch", ("socket", AF_INET, STREAM, 0), ("listen", None, 1))
        self.ends("netmend-fetch", ("execve", b"/bin/sh\0", 0, 0))
        self.ends("netmend-fetch", ("fork",))

    def test_power(self):
        for name in ("escrow/vault.db", "escrow/audit.log", "web/netmend.db"):
            path = self.state(name).encode() + b"\0"
            self.assertEqual(outcome(self.power, ("openat", AT_FDCWD, path, 0, 0)), "EACCES")
            self.assertEqual(as_user(POWER, lambda: os.open(self.state(name), os.O_RDONLY)), "EACCES")
        self.assertEqual(outcome(self.power, ("openat", AT_FDCWD, b"/etc/hosts\0", 0, 0)), "ok")
        self.assertEqual(outcome(self.power, ("openat", AT_FDCWD, b"/tmp/x\0", os.O_WRONLY | os.O_CREAT, 0o600)), "EACCES")
        port = struct.pack("<H", AF_INET) + bytes([0x1f, 0x90]) + bytes(12)
        self.assertEqual(outcome(self.power, ("socket", AF_INET, STREAM, 0), ("bind", None, port, 16)), "EACCES")
        self.assertEqual(as_user(POWER, lambda: try_bind(8080)), "ok")
        # How many files it may have open is its own affair; no other limit is, nor another process's.
        files = struct.pack("<QQ", 512, 512)
        self.assertEqual(outcome(self.power, ("prlimit64", 0, resource.RLIMIT_NOFILE, files, 0)), "ok")
        self.ends("netmend-power", ("prlimit64", 0, resource.RLIMIT_CORE, files, 0))
        self.ends("netmend-power", ("prlimit64", self.escrow, resource.RLIMIT_NOFILE, files, 0))
        self.ends("netmend-power", ("socket", AF_INET, STREAM, 0), ("listen", None, 1))
        self.ends("netmend-power", ("execve", b"/bin/sh\0", 0, 0))
        self.ends("netmend-power", ("fork",))
        self.ends("netmend-power", ("ptrace", PTRACE_ATTACH, self.escrow, 0, 0))


class AtRest(Lab):
    def listening(self, pid):
        """Sockets of its that the network can talk to, in any state: rows of /proc/net by the inode of its descriptors."""
        inodes = set()
        for fd in os.listdir(f"/proc/{pid}/fd"):
            inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}")))
        found = []
        for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "packet"):
            with open(f"/proc/{pid}/net/{table}") as f:
                found += [table for line in f.readlines()[1:]
                          if inodes & set(line.split()) and (not table.startswith("tcp") or line.split()[3] == "0A")]
        return found

    def test_nobody_but_web_listens(self):
        self.assertEqual(self.listening(self.escrow), [])
        self.assertEqual(self.listening(self.fetch), [])
        self.assertEqual(self.listening(self.power), [])
        self.assertEqual(self.listening(self.web), ["tcp", "tcp"])
        self.assertEqual(self.listening(self.appliance.children()["watch"]), ["packet"])

    def test_each_is_shut(self):
        for pid in (self.escrow, self.fetch, self.power, self.web):
            status = lab.status_of(pid)
            with self.subTest(pid=status["Name"]):
                self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))
                self.assertEqual({int(status[field], 16) for field in ("CapEff", "CapPrm", "CapInh", "CapAmb")}, {0})
                with open(f"/proc/{pid}/limits") as f:
                    self.assertRegex(f.read(), r"Max core file size +0 +0 ")
                # Undumpable: what the kernel shows of it belongs to root.
                self.assertEqual(os.stat(f"/proc/{pid}/maps").st_uid, 0)
                if pid != self.web:
                    self.assertGreater(int(status["VmLck"].split()[0]), 0)
        watch = self.appliance.children()["watch"]
        self.assertEqual((lab.status_of(watch)["Seccomp"], os.stat(f"/proc/{watch}/maps").st_uid), ("0", WEB))

    def test_no_secret_where_others_look(self):
        """Not in arguments, environment, log or a file but the one it came from."""
        for pid in list(self.appliance.children().values()) + [self.appliance.process.pid]:
            for name in ("cmdline", "environ"):
                with open(f"/proc/{pid}/{name}", "rb") as f:
                    self.assertNotIn(PASSWORD.encode(), f.read())
        self.assertNotIn(PASSWORD, self.appliance.log())
        found = lab.run("grep", "-rlF", PASSWORD, "/run", check=False).stdout.split()
        self.assertEqual(found, ["/run/secret"])

    def test_serve_has_wiped_its_copies(self):
        """fetch has the password, so looking for it in memory finds it there, and not in serve's."""
        def holds(pid):
            with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
                for line in maps:
                    start, end = (int(x, 16) for x in line.split()[0].split("-"))
                    try:
                        memory.seek(start)
                        if PASSWORD.encode() in memory.read(end - start):
                            return True
                    except (OSError, OverflowError, ValueError):
                        continue
            return False

        self.assertFalse(holds(self.appliance.process.pid))
        self.assertFalse(holds(self.web))
        self.assertFalse(holds(self.escrow))
        self.assertFalse(holds(self.power))
        self.assertTrue(holds(self.fetch))

    def test_sockets_outlive_their_owners(self):
        before = {name: os.stat(self.runtime(name)).st_ino for name in ("escrow.sock", "fetch.sock", "power.sock")}
        for name, pid in (("netmend-escrow", self.escrow), ("netmend-fetch", self.fetch), ("netmend-power", self.power)):
            os.kill(pid, signal.SIGKILL)
        with connect(self.runtime("escrow.sock")) as root:  # waits for the next one, instead of failing
            self.assertTrue(ask(root, op="status")["ok"])
        self.appliance.wait_for(lambda: {"netmend-fetch", "netmend-power"} <= set(self.appliance.children()), "fetch and power")
        self.assertEqual({name: os.stat(self.runtime(name)).st_ino for name in before}, before)
        for name in ("fetch.sock", "power.sock"):
            self.assertEqual(oct(os.stat(self.runtime(name)).st_mode), "0o140660")
        self.appliance.stop()
        for name in before:
            self.assertFalse(os.path.exists(self.runtime(name)))


if __name__ == "__main__":
    lab.enter()
    unittest.main()
