#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""netmend-fetch beside OpenLDAP's slapd: thousands of records, which of many are tried, and servers that stall or talk nonsense."""
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

from directory_lab import SANITIZED, Fetch, Pki, check, guid_of, password_of, passwords_left, record, run
from slapd_lab import BLIND, HALF, PASSWORD, SUFFIX, USER, Slapd, computer

MANY = 5000
PC01, PC02 = f"cn=PC01,{SUFFIX}", f"cn=PC02,{SUFFIX}"


def at(second, ldif):
    """The record, as if the directory had taken it in then."""
    return ldif.rstrip("\n") + f"\nwhenCreated: 202407190409{second:02}.0Z\n\n"


def setUpModule():
    global WORK, PKI, LAB
    WORK = tempfile.mkdtemp(prefix="netmend-slapd-")
    PKI = Pki(WORK + "/pki")
    LAB = Slapd(WORK + "/slapd", PKI, 3389)
    LAB.load(computer("PC01") + computer("PC02")
             + "".join(record(PC01, guid_of(n), password_of(n)) for n in range(MANY)))


def tearDownModule():
    LAB.stop()
    shutil.rmtree(WORK)


def options(**changed):
    result = {"url": LAB.tls, "user": USER, "password": PASSWORD, "ca": PKI.text()}
    result.update(changed)
    return {key: value for key, value in result.items() if value is not None}


class Started(unittest.TestCase):
    env = None

    def start(self, **sources):
        fetch = Fetch(tempfile.mkdtemp(dir=WORK), sources, self.env)
        self.addCleanup(fetch.stop)
        return fetch


class Many(Started):
    @classmethod
    def setUpClass(cls):
        cls.fetch = Fetch(WORK, {"ad": options()})
        cls.addClassCleanup(cls.fetch.stop)

    def test_lookup_among_many(self):
        begun = time.monotonic()
        for n in range(0, MANY, 50):
            self.assertEqual([p for p, _ in self.fetch.lookup(guid_of(n))[2]], [password_of(n)])
        print(f"\n{MANY / 50 / (time.monotonic() - begun):.0f} lookups/s one after the other, of {MANY} records")

    def test_many_askers_at_once(self):
        sent = {}
        for n in range(1000):
            self.fetch.socket.send(self.fetch.question("ad", guid_of(n)))
            sent[self.fetch.id] = n
            if n >= 200:
                self.took(sent)
        for _ in range(200):
            self.took(sent)
        self.assertEqual(sent, {})

    def took(self, sent):
        answer = json.loads(self.fetch.socket.recv(131072))
        self.assertEqual([c["password"] for c in answer["candidates"]], [password_of(sent.pop(answer["id"]))])

    def test_pull_in_pages(self):
        begun = time.monotonic()
        reason, _, records = self.fetch.pull()
        print(f"\n{MANY} records pulled in {time.monotonic() - begun:.2f} s")
        self.assertEqual(reason, "OK")
        found = {r["protector"]: r["password"] for r in records}
        for n in range(MANY):
            self.assertEqual(found[guid_of(n)], password_of(n))

    def test_pull_waits_for_who_asked(self):
        """A snapshot that stores slowly sets the pace; and lookups go on beside it."""
        client = self.fetch.connect()
        self.addCleanup(client.close)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(b'{"v":1,"id":1,"op":"pull","source":"ad"}')
        time.sleep(1)
        self.assertEqual(self.fetch.lookup(guid_of(7))[0], "OK")
        self.assertEqual(self.fetch.pull()[0], "SOURCE_LIMITED")
        count, done = 0, False
        while not done:
            answer = json.loads(client.recv(131072))
            count, done = count + len(answer["records"]), answer["done"]
        self.assertGreaterEqual(count, MANY)

    def test_a_domain_that_is_away_makes_a_pull_incomplete(self):
        """What is missing would look as if it had been deleted."""
        folder, other = tempfile.mkdtemp(dir=WORK), "dc=other,dc=test"
        os.mkdir(folder + "/other")
        second = Slapd(folder, PKI, 3589, more=f'database mdb\nmaxsize 1048576\nsuffix "{other}"\nrootdn "cn=admin,{other}"\nrootpw admin\n'
                                               f"directory {folder}/other\naccess to * by users read by * none")
        self.addCleanup(second.process.wait)
        self.addCleanup(second.process.kill)
        change = ["ldapmodify", "-x", "-H", second.plain, "-D", f"cn=admin,{other}", "-w", "admin"]
        run(*change, stdin=f"dn: {other}\nchangetype: add\nobjectClass: dcObject\nobjectClass: organization\no: other\ndc: other\n\n"
            + computer("PC03", other))
        both = options(url=f"{LAB.tls} {second.tls}")
        reason, text = check({"ad": both})["ad"]
        self.assertEqual(reason, "OK")
        self.assertIn("nothing of other.test", text)
        run(*change, stdin=record(f"cn=PC03,{other}", guid_of(80000), password_of(80000)))
        fetch = self.start(ad=both)
        reason, _, records = fetch.pull()
        self.assertEqual((reason, [r["password"] for r in records if r["host"] == "PC03"]), ("OK", [password_of(80000)]))
        second.stop()
        reason, text, records = fetch.pull()
        self.assertEqual(reason, "SOURCE_UNREACHABLE", text)
        self.assertIn("the records of other.test are missing", text)
        self.assertGreaterEqual(len(records), MANY)

    def test_a_pull_nobody_reads_any_more(self):
        client = self.fetch.connect()
        client.send(b'{"v":1,"id":1,"op":"pull","source":"ad"}')
        client.recv(131072)
        client.close()
        self.fetch.wait_for(lambda: self.fetch.pull()[0] == "OK", "an end of the first pull")

    @unittest.skipIf(SANITIZED, "a sanitizer's heap keeps what was given back")
    def test_nothing_of_the_passwords_stays_in_memory(self):
        """What is left of all the questions above, once the last connection to the directory is idle."""
        self.assertEqual(self.fetch.lookup(guid_of(1234))[0], "OK")
        self.assertEqual(passwords_left(self.fetch.process.pid), [])


class Choice(Started):
    """Of more records than are tried, the right one is among those tried."""

    def test_the_machines_own_computer_first_then_the_oldest(self):
        guid = guid_of(90001)
        LAB.change("".join(at(10 + n, record(PC02, guid, password_of(90100 + n), stamp=f"{n}")) for n in range(5))
                   + at(40, record(PC01, guid, password_of(90001))))
        fetch = self.start(ad=options())
        reason, text, found = fetch.lookup(guid, "PC01")
        self.assertEqual([p for p, _ in found], [password_of(n) for n in (90001, 90100, 90101, 90102)])
        self.assertIn("6 records", text)
        self.assertEqual([p for p, _ in fetch.lookup(guid)[2]], [password_of(90100 + n) for n in range(4)])

    def test_the_oldest_is_tried_though_others_bear_the_machines_name(self):
        guid = guid_of(90002)
        LAB.change("".join(at(10 + n, record(PC02, guid, password_of(90200 + n), stamp=f"{n}")) for n in range(6))
                   + at(1, record(PC01, guid, password_of(90002))))
        found = [p for p, _ in self.start(ad=options()).lookup(guid, "pc02.example")[2]]
        self.assertEqual(found, [password_of(n) for n in (90200, 90201, 90202, 90002)])

    def test_long_host_names(self):
        """Windows cuts a computer's name after 15 characters."""
        guid = guid_of(90003)
        LAB.change(computer("ABCDEFGHIJKLMNO") + at(9, record(f"cn=ABCDEFGHIJKLMNO,{SUFFIX}", guid, password_of(90003)))
                   + at(1, record(PC02, guid, password_of(90300))))
        fetch = self.start(ad=options())
        for name, first in (("abcdefghijklmnopq.example", 90003), ("abcdefghijklmn", 90300), ("abcdefghijklmnox", 90003)):
            self.assertEqual(fetch.lookup(guid, name)[2][0][0], password_of(first), name)

    def test_a_guid_in_the_other_byte_order(self):
        """Not found, but the self-test says that something is odd about the records."""
        LAB.change(f"dn: ou=odd,{SUFFIX}\nchangetype: add\nobjectClass: organizationalUnit\nou: odd\n\n"
                   + computer("PC09", f"ou=odd,{SUFFIX}")
                   + record(f"cn=PC09,ou=odd,{SUFFIX}", guid_of(90004), password_of(90004), order="bytes"))
        fetch = self.start(ad=options(base=f"ou=odd,{SUFFIX}"))
        self.assertEqual(fetch.lookup(guid_of(90004))[0], "KEY_NOT_FOUND")
        self.assertIn("names and GUIDs differ", fetch.tested()[1])


class Settings(Started):
    def test_base(self):
        LAB.change(f"dn: ou=empty,{SUFFIX}\nchangetype: add\nobjectClass: organizationalUnit\nou: empty\n\n")
        fetch = self.start(ad=options(base=f"ou=empty,{SUFFIX}"), gone=options(base=f"ou=gone,{SUFFIX}"))
        self.assertEqual(fetch.lookup(guid_of(1))[0], "SOURCE_NO_RIGHTS")
        self.assertEqual(fetch.lookup(guid_of(1), source="gone")[0], "SOURCE_NO_RIGHTS")

    def test_rights(self):
        said = check({"half": options(user=HALF), "blind": options(user=BLIND), "all": options()})
        self.assertEqual({name: reason for name, (reason, _) in said.items()},
                         {"half": "KEY_NOT_READABLE", "blind": "SOURCE_NO_RIGHTS", "all": "OK"})

    def test_mistakes_are_named(self):
        for changed, words in (({"url": ""}, "url"), ({"url": "https://x"}, "https://x"), ({"url": "ldaps://"}, "of the form"),
                               ({"url": "ldaps://x/dc=x"}, "of the form"), ({"bind": "digest"}, "simple or gssapi"),
                               ({"password": ""}, "needs user"), ({"user": None}, "needs user"), ({"ca": "x"}, "PEM"),
                               ({"starttls": "perhaps"}, "yes or no"), ({"colour": "red"}, "colour"),
                               ({"bind": "gssapi"}, "needs keytab"), ({"url": " ".join(["ldaps://x"] * 17)}, "at most 16")):
            reason, text = check({"ad": options(**changed)})["ad"]
            self.assertEqual(reason, "SOURCE_FAILED")
            self.assertIn(words, text, changed)
            self.assertNotIn(PASSWORD, text)

    def test_certificates(self):
        for name, words in (("elsewhere", "another name"), ("expired", "has expired")):
            other = Slapd(tempfile.mkdtemp(dir=WORK), PKI, 3489, certificate=name)
            self.addCleanup(other.process.wait)
            self.addCleanup(other.process.kill)
            for more in ({"url": other.tls}, {"url": other.plain, "starttls": "yes"}):
                reason, text = check({"ad": options(**more)})["ad"]
                self.assertEqual(reason, "SOURCE_CERTIFICATE", text)
                self.assertIn(words, text)
            other.stop()

    def test_starttls_is_never_skipped(self):
        """A server (or whoever sits before it) that does not offer TLS gets no password."""
        server = Server(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00", tls=False)
        self.addCleanup(server.close)
        reason, text = check({"ad": options(url=f"ldap://127.0.0.1:{server.port}", starttls="yes")})["ad"]
        self.assertEqual(reason, "SOURCE_UNREACHABLE", text)
        self.assertNotIn(PASSWORD.encode(), server.heard)


class Server:
    """Says one thing to whoever connects, whatever is asked; then nothing more."""

    def __init__(self, says=b"", tls=True, raw=b"", drip=False, hang_up=False):
        self.says, self.raw, self.drip, self.hang_up, self.heard = says, raw, drip, hang_up, b""
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(PKI.path("dc1.pem"), PKI.path("dc1.key"))
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            connection.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            self.open.append(connection)
            while data := connection.recv(65536):
                self.heard += data
                for piece in ([bytes([b]) for b in self.says] if self.drip else [self.says]):
                    connection.sendall(piece)
                    time.sleep(1 if self.drip else 0)
                if self.raw:
                    os.write(connection.fileno(), self.raw)
                if self.hang_up:
                    connection.close()
        except OSError:
            pass


BOUND = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00"  # the login has succeeded


class Hostile(Started):
    @classmethod
    def setUpClass(cls):
        """For builds with sanitizers: libldap loses an element of an answer it cannot decode."""
        with open(WORK + "/suppressions", "w") as f:
            f.write("leak:ber_memalloc_x\nleak:ber_memcalloc_x\n")
        cls.env = {"LSAN_OPTIONS": f"suppressions={WORK}/suppressions:print_suppressions=0"}

    def outcome(self, server, seconds=30, **more):
        """The reason, in time; and a healthy source beside it is not held up."""
        self.addCleanup(server.close)
        fetch = self.start(ad=options(url=f"ldaps://127.0.0.1:{server.port}", **more), good=options())
        begun = time.monotonic()
        fetch.socket.send(fetch.question("ad", guid_of(1)))
        asked = fetch.id
        fetch.socket.send(fetch.question("good", guid_of(1)))
        answer = json.loads(fetch.socket.recv(131072))
        if answer["id"] != asked:
            self.assertEqual(answer["reason"], "OK")
            answer = json.loads(fetch.socket.recv(131072))
            self.assertEqual(answer["id"], asked)
        else:
            self.assertEqual(json.loads(fetch.socket.recv(131072))["reason"], "OK")
        if not SANITIZED:
            self.assertLess(fetch.peak(), 100 << 20, "memory")
        self.assertLess(time.monotonic() - begun, max(seconds, 60))
        self.assertEqual(answer["candidates"], [])
        self.assertTrue(answer["text"])
        return answer["reason"]

    def test_silent_before_tls(self):
        self.assertEqual(self.outcome(Server(tls=False)), "SOURCE_UNREACHABLE")

    def test_silent_after_tls(self):
        self.assertEqual(self.outcome(Server()), "SOURCE_UNREACHABLE")

    def test_no_tls_at_all(self):
        self.assertEqual(self.outcome(Server(b"220 welcome\r\n", tls=False)), "SOURCE_UNREACHABLE")

    def test_hangs_up(self):
        self.assertEqual(self.outcome(Server(hang_up=True)), "SOURCE_UNREACHABLE")

    def test_garbage(self):
        for says in (b"\xff" * 64, b"\x30\x84\x7f\xff\xff\xff" + b"\0" * 64, b"\x30\x03\x02\x01\x01",
                     b"\x30\x80" + b"\x30\x80" * 200, b"HTTP/1.1 400 Bad Request\r\n\r\n"):
            self.assertIn(self.outcome(Server(says)), ("SOURCE_UNREACHABLE", "SOURCE_FAILED"), says[:8])

    def test_garbage_after_the_login(self):
        for says in (b"\xff" * 64, b"\x30\x84\x7f\xff\xff\xff" + b"\0" * 64,
                     b"\x30\x14\x02\x01\x02\x64\x0f\x04\x05cn=xx\x30\x84\x7f\xff\xff\xff\x30\x00"):
            self.assertIn(self.outcome(Server(BOUND + says)), ("SOURCE_UNREACHABLE", "SOURCE_FAILED"), says[:8])

    def test_half_a_record(self):
        """libldap's time limits do not see it."""
        self.assertEqual(self.outcome(Server(raw=b"\x17\x03\x03\x40\x00\x01\x02")), "SOURCE_UNREACHABLE")

    def test_a_byte_a_second(self):
        self.assertEqual(self.outcome(Server(BOUND * 4, drip=True)), "SOURCE_UNREACHABLE")

    def test_a_dead_controller_costs_time_once(self):
        """Who asks next is told at once, and the one after it is asked before the silent one again."""
        server = Server(tls=False)
        self.addCleanup(server.close)
        fetch = self.start(ad=options(url=f"ldaps://127.0.0.1:{server.port}"),
                           both=options(url=f"ldaps://127.0.0.1:{server.port} {LAB.tls}"))
        self.assertEqual(fetch.lookup(guid_of(1))[0], "SOURCE_UNREACHABLE")
        self.assertEqual(fetch.lookup(guid_of(1), source="both")[0], "OK")
        begun = time.monotonic()
        for _ in range(50):
            self.assertEqual(fetch.lookup(guid_of(1))[0], "SOURCE_UNREACHABLE")
            self.assertEqual(fetch.lookup(guid_of(1), source="both")[0], "OK")
        self.assertLess(time.monotonic() - begun, 60)

    def test_a_refused_login_is_not_tried_again_and_again(self):
        """Or the account would be locked."""
        server = Server(b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x31\x04\x00\x04\x00")
        self.addCleanup(server.close)
        fetch = self.start(ad=options(url=f"ldaps://127.0.0.1:{server.port} ldaps://localhost:{server.port}"))
        for _ in range(20):
            self.assertEqual(fetch.lookup(guid_of(1))[0], "SOURCE_LOGIN")
        self.assertEqual(fetch.tested()[0], "SOURCE_LOGIN")
        self.assertEqual(server.heard.count(PASSWORD.encode()), 1)


class Door(Started):
    @classmethod
    def setUpClass(cls):
        cls.fetch = Fetch(WORK, {"ad": options()})
        cls.addClassCleanup(cls.fetch.stop)

    def test_only_root_and_escrow(self):
        os.chmod(WORK, 0o755)
        for uid, allowed in ((64872, True), (64999, False), (64871, False)):
            code = ("import os,socket,sys\nos.setuid(%d)\ns=socket.socket(socket.AF_UNIX,socket.SOCK_SEQPACKET)\n"
                    "s.settimeout(5)\ns.connect(sys.argv[1])\n"
                    "try:\n s.send(b'{\"v\":1,\"id\":1,\"op\":\"status\"}')\n print(len(s.recv(1000)))\n"
                    "except OSError: print(0)\n" % uid)
            done = subprocess.run(["/usr/bin/python3", "-c", code, self.fetch.path], capture_output=True, text=True)
            self.assertEqual(int(done.stdout) > 0, allowed, f"uid {uid}: {done.stderr}")

    def test_malformed_messages_end_the_connection(self):
        for message in (b"\0", b"x", b"{}", b'{"v":1,"id":1,"op":"nonsense"}', b'{"v":1,"id":1,"id":2,"op":"status"}',
                        b'{"v":1,"id":1,"op":"status","more":1}', b"[" * 100000, b'{"v":1,"id":1,"op":"pull","source":1}'):
            client = self.fetch.connect()
            client.send(message)
            try:
                self.assertEqual(client.recv(1000), b"", message[:40])
            except ConnectionResetError:
                pass
            client.close()
        self.assertEqual(self.fetch.lookup(guid_of(1))[0], "OK")

    def test_an_unknown_source(self):
        self.assertEqual(self.fetch.lookup(guid_of(1), source="other")[0], "SOURCE_FAILED")
        self.assertEqual(self.fetch.pull("other")[0], "SOURCE_FAILED")


if __name__ == "__main__":
    unittest.main()
