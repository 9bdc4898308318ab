#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks on the whole appliance over its network: nothing is released that should not be, every attempt is in the audit record,
the page answers meanwhile, and an honest machine gets its key during the attack."""
import json
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
import unittest
import uuid

import appliance_lab as lab
from attack_lab import Machine, add_address, connect, random_blobs, random_guid, volume
from escrow_lab import MKDISK, recovery_blobs

ROGUE, HONEST = "10.77.0.66", "10.77.0.50"
ROGUE_MAC = "52:54:00:66:00:%02x"


class Attack(unittest.TestCase):
    release = ""  # of the configuration

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp(prefix="netmend-attack-")
        cls.addClassCleanup(shutil.rmtree, cls.work)
        disk = os.path.join(cls.work, "disk.raw")
        subprocess.run([MKDISK, "--output", disk, "--bitlocker", "--size", "512", "--files", "20", "--recovery-protectors", "2"],
                       check=True, capture_output=True)
        with open(disk + ".json") as f:
            info = json.load(f)
        start = next(p["start"] for p in info["partitions"] if p["name"] == "Basic data partition")
        cls.blobs = recovery_blobs(disk, start)
        cls.passwords = {k["guid"].upper(): k["password"] for k in info["bitlocker"]["recovery_passwords"]}
        cls.volume_id, cls.vmk = info["bitlocker"]["volume_guid"].upper(), bytes.fromhex(info["bitlocker"]["vmk"])
        cls.guid, cls.other_guid = sorted(cls.passwords)

    def setUp(self):
        self.appliance = lab.Appliance("attack-" + self._testMethodName, boot="scope = all", rest="[release]\n" + self.release)
        self.appliance.command("keys", "import", "-", stdin="".join(f"{g},{p}\n" for g, p in self.passwords.items()))
        self.appliance.start()
        self.addCleanup(self.appliance.stop)
        self.appliance.wait_for(lambda: self.appliance.snapshot()["appliance"]["escrow"]["ok"], "escrow")
        self.honest_macs, self.slowest = [], 0

    # --- who is there ---------------------------------------------------------------------------------

    def rogue(self, number=0, volumes=None, ip=ROGUE):
        return Machine(ip, ROGUE_MAC % number, volumes or [])

    def honest(self, seconds=120):
        """Another machine boots and has to get its key."""
        mac = f"52:54:00:50:00:{len(self.honest_macs):02x}"
        keys = Machine(HONEST, mac, [volume({self.guid: self.blobs[self.guid]}, self.volume_id)]).key(seconds)
        self.assertEqual(keys, {self.volume_id: self.vmk})
        self.honest_macs.append(mac)

    def page(self, limit=60):
        """The page answers, and soon."""
        begun = time.monotonic()
        self.assertTrue(self.appliance.snapshot()["appliance"]["escrow"]["ok"])
        took = time.monotonic() - begun
        self.slowest = max(self.slowest, took)
        self.assertLess(took, limit)

    # --- what the audit record has to say -------------------------------------------------------------

    def end(self):
        """Stops the appliance, which writes the last sums. The whole record, its chain checked; what was released is what the
        honest machines got, and nobody else."""
        restarts = [line for line in self.appliance.log().splitlines() if "restart" in line and "netmend" in line]
        self.appliance.stop()
        self.appliance.command("audit", "verify")
        with open(self.appliance.state + "/escrow/audit.log") as f:
            self.records = [json.loads(line) for line in f]
        released = [r["mac"] for r in self.records if r["event"] == "release" and r["decision"] == "released"]
        self.assertEqual(released, self.honest_macs)
        self.assertEqual(restarts, [], "a process ended")
        self.assertEqual(len([r for r in self.records if r["event"] == "start"]), 1)

    def misuse(self, ip=ROGUE):
        """{reason: how often}"""
        found = {}
        for r in self.records:
            if r["event"] == "misuse" and r["ip"] == ip:
                found[r["reason"]] = found.get(r["reason"], 0) + r.get("count", 1)
        return found

    def refused(self, **fields):
        return [r for r in self.records if r["event"] == "release" and r["decision"] == "refused" and
                all(r.get(k) == v for k, v in fields.items())]

    def refused_more(self, **fields):
        return sum(r["count"] for r in self.records if r["event"] == "refused-more" and
                   all(r.get(k) == v for k, v in fields.items()))


class Blobs(Attack):
    def test_forged_blobs(self):
        """A GUID that escrow has a key of, with a blob that is not its disk's: changed, made up, or another protector's."""
        salt, blob = self.blobs[self.guid]
        at = random.randrange(72)
        cases = {"changed": (salt, blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1:]), "salt": (bytes(16), blob),
                 "made up": (os.urandom(16), os.urandom(72)), "another protector's": self.blobs[self.other_guid]}
        for number, forged in enumerate(cases.values()):
            rogue = self.rogue(number, [volume({self.guid: forged}, self.volume_id)])
            rogue.boot()
            self.assertEqual(rogue.until("KEY_MISMATCH")["status"], "pending")
        self.honest()
        self.end()
        for number in range(len(cases)):
            (record,) = self.refused(mac=ROGUE_MAC % number, reason="KEY_MISMATCH")
            self.assertEqual((record["protector"], record["ip"]), (self.guid, ROGUE))

    def test_many_forged_blobs_stop_who_sends_them(self):
        salt, blob = self.blobs[self.guid]
        for number in range(8):
            rogue = self.rogue(number, [volume({self.guid: (salt, os.urandom(72))}, random_guid())])
            rogue.boot()
            rogue.ask(rogue.session, 5)
        # From now on not even the right blob opens anything from there.
        rogue = self.rogue(9, [volume({self.guid: (salt, blob), **random_blobs(16)}, self.volume_id)])
        rogue.boot()
        self.assertEqual(rogue.until("MACHINE_SUSPECT")["status"], "pending")
        self.honest()
        self.end()
        self.assertTrue([r for r in self.records if r["event"] == "suspect"])

    def test_ten_thousand_guids(self):
        """Forty machines of one host ask for 250 key IDs each, among them right ones; their disks prove nothing."""
        rogues = []
        for number in range(40):
            volumes = [volume(random_blobs(25), random_guid()) for _ in range(10)]
            volumes[3]["protectors"][3]["id"] = self.guid
            volumes[7]["protectors"][5]["id"] = self.other_guid
            rogues.append(self.rogue(number, volumes))
            rogues[-1].boot()
        asked = threading.Thread(target=lambda: [r.ask(r.session) for _ in range(3) for r in rogues])
        asked.start()
        self.honest()
        self.page()
        asked.join()
        self.honest()
        self.page()
        for rogue in rogues:
            self.assertEqual(rogue.ask(rogue.session, 1)[1]["status"], "pending")
        self.end()
        # Each of the 10,000 is accounted for: by itself, or in the sum of its machine. And the record stays small.
        for rogue in rogues:
            self.assertTrue(self.refused(mac=rogue.mac) or self.refused_more(mac=rogue.mac), rogue.mac)
        self.assertEqual({r["reason"] for r in self.refused()} - {"KEY_NOT_FOUND", "KEY_MISMATCH", "MACHINE_SUSPECT"}, set())
        self.assertTrue([r for r in self.records if r["event"] == "suspect"])
        self.assertLess(len(self.records), 2000)

    def test_a_rogue_that_never_proves_a_disk(self):
        """It asks on and on for a key ID nobody has: told once, counted then."""
        rogue = self.rogue(0, [volume(random_blobs(1), random_guid())])
        rogue.boot()
        end, asked = time.monotonic() + 12, 0
        while time.monotonic() < end:
            status, answer = rogue.ask(rogue.session)
            self.assertEqual((status, answer["status"]), (200, "pending"))
            asked += 1
        self.honest()
        self.end()
        self.assertEqual(len(self.refused(mac=rogue.mac, reason="KEY_NOT_FOUND")), 1)
        self.assertGreater(self.refused_more(mac=rogue.mac, reason="KEY_NOT_FOUND"), 1)
        self.assertGreater(asked, 10)


    def test_many_hosts_stop_everything_until_a_person_looks(self):
        """The circuit breaker: six addresses that probe are no accident any more."""
        for number in range(6):
            rogue = self.rogue(number, [volume(random_blobs(17), random_guid())], f"10.77.0.{70 + number}")
            rogue.boot()
            rogue.ask(rogue.session, 2)
        waiting = Machine(HONEST, "52:54:00:50:00:00", [volume({self.guid: self.blobs[self.guid]}, self.volume_id)])
        waiting.boot()
        self.assertEqual(waiting.until("RELEASES_STOPPED")["status"], "pending")
        self.assertIn("suspect", self.appliance.command("release", "status").stdout)
        self.appliance.command("release", "resume")
        self.assertEqual(waiting.until("OK")["status"], "released")
        self.honest_macs.append(waiting.mac)
        self.page()
        self.end()
        self.assertEqual([len([r for r in self.records if r["event"] == e]) for e in ("stopped", "resumed")], [1, 1])


class Sessions(Attack):
    def test_replayed_tokens(self):
        victim = Machine(HONEST, "52:54:00:50:00:00", [volume({self.guid: self.blobs[self.guid]}, self.volume_id)])
        rogue = self.rogue(0, victim.volumes)
        victim.boot()
        stolen = victim.body["token"]
        refused = [("TOKEN_OTHER_ADDRESS", rogue, rogue.hello(stolen)),  # with a key of its own
                   ("TOKEN_OTHER_ADDRESS", rogue, victim.body),          # everything, as it was on the wire
                   ("TOKEN_USED", victim, victim.hello(stolen, boot_id=str(uuid.uuid4()))),
                   ("TOKEN_INVALID", rogue, rogue.hello("0" * 32))]
        for reason, host, body in refused:
            status, answer = host.open(body)
            self.assertEqual((status, answer["error"]), (403, reason))
        # The session's own secret, from somewhere else.
        status, answer = rogue.ask(victim.session)
        self.assertEqual((status, answer["error"]), (403, "TOKEN_OTHER_ADDRESS"))
        self.assertEqual(victim.until("OK")["status"], "released")
        self.honest_macs.append(victim.mac)
        status, answer = rogue.ask(victim.session)
        self.assertEqual((status, answer["error"]), (403, "TOKEN_OTHER_ADDRESS"))
        self.honest()  # by then escrow has heard of all before
        self.end()
        self.assertEqual(self.misuse(), {"TOKEN_OTHER_ADDRESS": 4, "TOKEN_INVALID": 1})
        self.assertEqual(self.misuse(HONEST), {"TOKEN_USED": 1})

    def test_whoever_asks_for_a_boot_himself_waits_for_a_person(self):
        """Policy auto: who came by media, or was not answered by our DHCP service, gets nothing before his code was compared."""
        for number, (way, contact) in enumerate((("media", "media"), ("grub", "unseen"))):
            rogue = self.rogue(number, [volume({self.guid: self.blobs[self.guid]}, self.volume_id)])
            status, answer = rogue.first_contact(rogue.mac, way)
            self.assertEqual((status, answer["next"]), (200, "remediate"))
            rogue.session = rogue.open(rogue.hello(answer["token"]))[1]["session"]
            waiting = rogue.until("WAITING_APPROVAL")
            self.assertEqual((waiting["status"], len(waiting["request"])), ("pending", 16))
            row = next(m for m in self.appliance.snapshot()["machines"] if m["mac"] == rogue.mac)
            self.assertIn("pairing needed", row["text"])
        self.honest()
        self.assertEqual(rogue.ask(rogue.session)[1]["reason"], "WAITING_APPROVAL")
        self.appliance.command("release", "approve", row["pairing"], "--yes")
        self.assertEqual(rogue.until("OK")["status"], "released")
        self.honest_macs.append(rogue.mac)
        self.end()
        told = [(r["mac"], r.get("contact")) for r in self.records if r["event"] == "release" and r["decision"] == "released"]
        self.assertEqual(told, [(mac, "unseen" if mac == rogue.mac else None) for mac in self.honest_macs])

    def test_a_session_that_was_replaced(self):
        first = self.rogue(0, [volume(random_blobs(1), random_guid())])
        old = first.boot()
        first.boot()
        for _ in range(3):
            status, answer = first.ask(old)
            self.assertEqual((status, answer["error"]), (403, "SESSION_REPLACED"))
        self.end()
        self.assertEqual(self.misuse(), {"SESSION_REPLACED": 3})

    def test_guessed_sessions_and_tokens(self):
        rogue = self.rogue()
        for _ in range(200):
            status, answer = rogue.ask(uuid.uuid4().hex)
            self.assertEqual((status, answer["error"]), (403, "TOKEN_INVALID"))
            status, answer = rogue.open(rogue.hello(uuid.uuid4().hex))
            self.assertEqual((status, answer["error"]), (403, "TOKEN_INVALID"))
        for odd in ("x", "A" * 32, "0" * 31, "0" * 33, "%00" * 16, "../" * 10, "0" * 5000):
            self.assertIn(rogue.ask(odd)[0], (400, 403, 404, 414, 431), odd)
        self.page()
        self.honest()
        self.end()
        self.assertGreaterEqual(self.misuse()["TOKEN_INVALID"], 400)
        self.assertLess(len([r for r in self.records if r["event"] == "misuse"]), 20)


class Bodies(Attack):
    def test_oversized_and_malformed(self):
        rogue = self.rogue()
        token = rogue.token(rogue.mac)
        good = rogue.hello(token)
        deep = b"[" * 200000
        twice = json.dumps(good).replace('"v": 1', '"v": 1, "v": 1', 1)
        bodies = [b"", b"{}", b"null", b"\xff\xfe{}", deep, json.dumps(good)[:-1], twice, json.dumps(good | {"more": 1}),
                  json.dumps(good | {"token": 7}), json.dumps(good | {"key": "AAAA"}), json.dumps(good | {"volumes": [{}]}),
                  json.dumps(good | {"volumes": [volume(random_blobs(33), random_guid())]}),
                  json.dumps(good | {"volumes": [volume({}, random_guid())] * 33}),
                  json.dumps(good | {"volumes": [volume({random_guid(): (bytes(15), bytes(72))}, random_guid())]}),
                  json.dumps(good | {"boot_id": "x" * 100000})]
        for body in bodies:
            status, _ = rogue.call("POST", "/v1/sessions", body)
            self.assertIn(status, (400, 413), body[:60])
        for size in (256 * 1024 + 1, 10 << 20):
            status, _ = rogue.call("POST", "/v1/sessions", b" " * size)
            self.assertIn(status, (413, 0))
        for method, path in (("PUT", "/v1/sessions"), ("DELETE", "/v1/sessions"), ("POST", "/api/v1/snapshot"), ("GET", "/v1/x"),
                             ("GET", "/" + "a" * 9000), ("GET", "/..%2f..%2fetc/passwd")):
            self.assertIn(rogue.call(method, path, b"" if method != "GET" else None)[0], (400, 404, 405, 414, 431), path[:40])
        for path in ("/api/v1/release/decide", "/api/v1/release/enter"):
            for body in ({"v": 1, "box": "AAAA"}, {"v": 1, "box": "x" * 40000}, {"v": 1}):
                self.assertNotEqual(rogue.call("POST", path, body)[0], 200)
                status, answer = rogue.call("POST", path, body, headers={"X-Netmend": "1"})
                self.assertFalse(status == 200 and answer["ok"], answer)
        self.page()
        # The token is as good as it was: nothing of all that used it.
        self.assertEqual(rogue.open(good)[0], 200)
        self.honest()
        self.end()

    def test_as_many_key_ids_as_fit_into_a_session(self):
        """As many as one message to escrow holds, and more."""
        rogue = self.rogue(0, [volume(random_blobs(32), random_guid()) for _ in range(8)])
        rogue.boot()
        self.assertIn(rogue.ask(rogue.session, 5)[1]["reason"], ("KEY_NOT_FOUND", "MACHINE_SUSPECT", "WAITING_KEY"))
        rogue.until("MACHINE_SUSPECT")
        rogue = self.rogue(1, rogue.volumes + [volume(random_blobs(1), random_guid())])
        status, answer = rogue.open(rogue.hello(rogue.token(rogue.mac)))
        self.assertEqual((status, answer["error"]), (400, "PROTOCOL_ERROR"))
        self.page()
        self.honest()
        self.end()


class Slow(Attack):
    """One host holds as many connections as it can; each sends a byte now and then."""
    connections = 9000  # more than the appliance takes of all

    def hold(self, port, secure, first):
        """Sockets that have sent this; the server hangs up on some."""
        held = []
        for _ in range(self.connections):
            try:
                sock = connect(ROGUE, port, timeout=3, secure=secure)
                sock.sendall(first)
                sock.setblocking(False)
            except OSError:
                continue
            held.append(sock)
        self.addCleanup(lambda: [s.close() for s in held])
        return held

    def drip(self, held, each):
        for sock in held:
            try:
                sock.send(each)
            except OSError:
                pass

    def under(self, port, secure, first, each):
        add_address(ROGUE)
        held = self.hold(port, secure, first)
        self.drip(held, each)
        self.page()
        self.honest()
        self.drip(held, each)
        self.page()
        self.end()

    def test_idle_connections_https(self):
        self.under(443, False, b"", b"")

    def test_slow_headers_http(self):
        self.under(80, False, b"GET /boot/ipxe?mac=52:54:00:00:00:99 HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n")

    def test_slow_handshakes(self):
        self.under(443, False, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"\0")

    def test_slow_bodies_https(self):
        self.connections = 300
        self.under(443, True, b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n{", b" ")


if __name__ == "__main__":
    lab.enter()
    unittest.main()
