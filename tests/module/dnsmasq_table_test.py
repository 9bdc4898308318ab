#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The golden table: what each kind of network boot is answered by the configuration `netmend serve` makes for Debian's
dnsmasq, in every mode, in scope and out of it, directly and through a relay, beside a DHCP server with its own option 67.

Silence takes no waiting: dnsmasq answers one question after the other, and the last one of a round is one it answers."""
import socket
import struct
import subprocess
import time
import unittest

import appliance_lab as lab

LISTED, OTHER, LAST = "52:54:00:20:00:01", "52:54:00:20:00:02", "52:54:00:20:00:03"
SITE, RELAY, STRANGE_RELAY = "10.77.0.5", "10.78.0.1", "10.79.0.1"
SCRIPT = f"http://{lab.SERVER}/boot.ipxe"
IPXE, SHIM, BIOS = "x64/snponly.efi", "x64/shimx64.efi", "undionly.kpxe"
URL = f"http://{lab.SERVER}/boot/x64/snponly.efi"

# Architecture (RFC 4578, IANA's list): what PXE firmware is answered, what iPXE, what firmware that boots over HTTP.
TABLE = {
    0: (BIOS, SCRIPT, None),
    6: (None, None, None),    # UEFI of 32 bits
    7: (IPXE, SCRIPT, None),  # UEFI x64, by the errata of RFC 4578
    9: (IPXE, SCRIPT, None),  # the same, by its text
    11: (None, None, None),   # arm64
    15: (None, None, None),   # 32 bits over HTTP
    16: (None, None, URL),    # x64 over HTTP
    19: (None, None, None),   # arm64 over HTTP
    99: (None, None, None),
}
KINDS = (("PXEClient", None), ("PXEClient", "iPXE"), ("HTTPClient", None))


def wire_site():
    """The client's end becomes a bridge, with a DHCP server of the site on it and relays of two other networks."""
    def client(*args):
        lab.run("ip", "-n", "client", *args)
    client("link", "set", "cl0", "down")
    client("link", "set", "cl0", "name", "port0")
    client("addr", "flush", "dev", "port0")
    client("link", "add", "cl0", "type", "bridge", "forward_delay", "0")
    lab.run("ip", "netns", "add", "site")
    client("link", "add", "port1", "type", "veth", "peer", "name", "eth0", "netns", "site")
    for port in ("port0", "port1"):
        client("link", "set", port, "master", "cl0", "addrgenmode", "none", "up")
    for address in (lab.CLIENT, RELAY, STRANGE_RELAY):
        client("addr", "add", f"{address}/24", "dev", "cl0")
    client("link", "set", "cl0", "addrgenmode", "none", "up")
    client("route", "add", "default", "dev", "cl0")
    lab.run("ip", "-n", "site", "addr", "add", f"{SITE}/24", "dev", "eth0")
    lab.run("ip", "-n", "site", "link", "set", "eth0", "up")
    for relay in (RELAY, STRANGE_RELAY):
        lab.run("ip", "route", "add", f"{relay}/32", "dev", "eth0")


def start_site():
    """Old settings of another boot server: file and server in the header, and options 66 and 67."""
    return subprocess.Popen(
        ["ip", "netns", "exec", "site", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
         "--interface=eth0", "--bind-interfaces", "--no-ping", "--dhcp-no-override", f"--dhcp-range={lab.NETWORK}.150,{lab.NETWORK}.160,1h",
         f"--dhcp-boot=boot\\x64\\wdsnbp.com,wds,{SITE}", "--dhcp-option-force=67,boot\\x64\\wdsnbp.com",
         "--dhcp-leasefile=/run/site-leases", "--log-facility=-", "--user=root", "--pid-file="],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)


class Asker:
    """Sends questions and sorts the answers by question and by server. foreign: the other server's."""

    def __init__(self):
        def bound(address, port):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if port == 68:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"cl0\0")
            sock.bind((address, port))
            return sock
        self.foreign = []
        with lab.InClient():
            self.direct = bound("0.0.0.0", 68)
            self.relays = {relay: bound(relay, 67) for relay in (RELAY, STRANGE_RELAY)}

    def close(self):
        for sock in (self.direct, *self.relays.values()):
            sock.close()

    def send(self, mac, arch, kind, relay=None, second=False):
        vendor, user_class = kind
        xid, data = lab.make_packet(lab.REQUEST if second else lab.DISCOVER, mac, f"{vendor}:Arch:{arch:05d}:UNDI:003016",
                                    arch, user_class, lab.CLIENT if second else "0.0.0.0")
        if relay:
            data = data[:3] + b"\1" + data[4:24] + socket.inet_aton(relay) + data[28:]  # hops, giaddr
            self.relays[relay].sendto(data, (lab.SERVER, 67))
        elif second:
            self.direct.sendto(data, (lab.SERVER, 4011))
        else:
            self.direct.sendto(data, ("255.255.255.255", 67))
        return xid

    def round(self, questions, seconds=60):
        """[answer of the appliance, or None], in the order of the questions; each is (mac, arch, kind, relay, second)."""
        ours = {}
        # By each of dnsmasq's two sockets one that is answered, behind all others.
        xids = [self.send(*q) for q in questions]
        ends = [self.send(LAST, 7, KINDS[1], None, second) for second in sorted({q[4] for q in questions})]
        deadline = time.monotonic() + seconds
        while not all(end in ours for end in ends):
            for sock in (self.direct, *self.relays.values()):
                sock.settimeout(0.02)
                try:
                    while True:
                        data = sock.recv(4096)
                        reply, xid = parse(data), struct.unpack("!I", data[4:8])[0]
                        if reply["server"] == lab.SERVER:
                            ours[xid] = reply
                        elif reply["server"] == SITE:
                            self.foreign.append(reply)
                except socket.timeout:
                    pass
            if time.monotonic() > deadline:
                raise AssertionError("the last question of a round had no answer")
        return [ours.get(xid) for xid in xids]


def parse(data):
    reply, at = lab.parse_reply(data), 240
    while at + 1 < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        value = data[at + 2:at + 2 + data[at + 1]]
        reply.update({54: {"server": socket.inet_ntoa(value) if len(value) == 4 else ""}, 60: {"vendor": value.rstrip(b"\xff").decode(errors="replace")},
                      67: {"option67": value.rstrip(b"\0\xff").decode(errors="replace")}}.get(data[at], {}))
        at += 2 + data[at + 1]
    return {"server": "", "vendor": "", "option67": "", **reply}


class Mode:
    """What each of the modes below is asked."""
    name = rest = boot = None
    listed_only, relayed = True, True
    uefi = IPXE

    @classmethod
    def setUpClass(cls):
        cls.appliance = lab.Appliance(cls.name, boot=cls.boot or "", rest=cls.rest)
        cls.addClassCleanup(cls.appliance.stop)
        cls.appliance.start()
        cls.asker = Asker()
        cls.addClassCleanup(cls.asker.close)
        cls.prepare()

    @classmethod
    def prepare(cls):
        for mac in (LISTED, LAST):
            cls.appliance.command("machines", "add", mac)
        cls.until_served(LAST)

    @classmethod
    def until_served(cls, mac):
        def served():
            cls.asker.send(mac, 7, KINDS[1])
            cls.asker.direct.settimeout(1)  # a new address is offered when 3 s of ping found nobody there: to an older question
            try:
                while parse(cls.asker.direct.recv(4096))["server"] != lab.SERVER:
                    pass
                return True
            except socket.timeout:
                return False
        cls.appliance.wait_for(served, f"an answer for {mac}")

    def expected(self, arch, number, mac, relay):
        if relay and (relay != RELAY or not self.relayed):
            return None
        if mac == OTHER and self.listed_only:
            return None
        file = TABLE[arch][number]
        return self.uefi if file == IPXE else file

    def test_table(self):
        cases = [(mac, arch, number, relay, second) for mac in (LISTED, OTHER) for arch in TABLE
                 for number in range(len(KINDS)) for relay in (None, RELAY, STRANGE_RELAY)
                 for second in ((False, True) if self.second and not relay else (False,))]
        questions = [(mac, arch, KINDS[number], relay, second) for mac, arch, number, relay, second in cases]
        answers = []
        for at in range(0, len(questions), 30):  # no more at once than a socket's buffer holds
            answers += self.asker.round(questions[at:at + 30])
        # The second question, to port 4011, is one of proxy mode.
        wrong = []
        for (mac, arch, number, relay, second), answer in zip(cases, answers):
            wanted = self.expected(arch, number, mac, relay)
            got = answer and answer["file"]
            where = f"{self.name}: {'listed' if mac == LISTED else 'other'} architecture {arch} {KINDS[number]}" \
                    f" relay {relay}{' port 4011' if second else ''}"
            if got != wanted:
                wrong.append(f"{where}: {got!r} instead of {wanted!r}")
            elif answer and (answer["siaddr"] != lab.SERVER or answer["option67"]):
                wrong.append(f"{where}: {answer}")
            elif answer and arch == 16 and answer["vendor"] != "HTTPClient":
                wrong.append(f"{where}: firmware takes no offer of class {answer['vendor']!r}")
        self.assertEqual(wrong, [])
        self.check_site()

    def test_one_machine_gets_the_other_loader(self):
        if not self.listed_only:
            self.appliance.command("machines", "add", LISTED)
        usual, other = (IPXE, SHIM) if self.uefi == IPXE else (SHIM, IPXE)

        def gets(file):
            questions = [(mac, 7, KINDS[0], None, second) for mac in (LISTED, LAST)
                         for second in ((False, True) if self.second else (False,))]
            # It has started what it was given, however long this takes: else it would get the other one by itself.
            answers = self.asker.round(questions + [(LISTED, 7, KINDS[1], None, False)])[:-1]
            half = len(answers) // 2
            self.assertEqual({a["file"] for a in answers[half:]}, {usual})
            return all(a and a["file"] == file for a in answers[:half])
        names = {IPXE: "ipxe", SHIM: "shim"}
        # dnsmasq 2.90 reads its list again at each of these, with machines on it that it has answered.
        for choice, file in ((names[other], other), (names[usual], usual), (names[other], other), ("auto", usual)):
            self.appliance.command("machines", "loader", LISTED, choice)
            self.appliance.wait_for(lambda: gets(file), f"{file} for the machine that was given {choice}")
        self.assertNotIn("dnsmasq ended", self.appliance.log())

    def check_site(self):
        """The other server did answer all along, and said where it would send them."""
        self.assertTrue(self.asker.foreign)
        for answer in self.asker.foreign:
            self.assertIn("wdsnbp", answer["file"])
            self.assertIn("wdsnbp", answer["option67"])


class Proxy(Mode, unittest.TestCase):
    name, second = "table-proxy", True
    rest = f"[dhcp]\nrelayed = {RELAY[:-1]}0/24\n"


class ProxyAll(Mode, unittest.TestCase):
    name, second, listed_only = "table-all", True, False
    boot, uefi, rest = "scope = all", SHIM, f"[dhcp]\nnext-server = yes\nrelayed = {RELAY[:-1]}0/24\n"

    @classmethod
    def prepare(cls):
        cls.until_served(LAST)


class Full(Mode, unittest.TestCase):
    """The only server of an isolated network; no relay leads to it."""
    name, second, relayed, uefi = "table-full", False, False, SHIM
    rest = f"[dhcp]\nmode = full\nrange = {lab.NETWORK}.100,{lab.NETWORK}.120\n"

    def fetch(self, path):
        return subprocess.run(["ip", "netns", "exec", "client", "curl", "-s", "--max-time", "60", f"tftp://{lab.SERVER}/{path}"],
                              capture_output=True, check=True).stdout

    def test_what_the_signed_chain_asks_for_is_there(self):
        for path, source in (("x64/shimx64.efi", "/usr/lib/shim/shimx64.efi.signed"), ("boot/vmlinuz", "/run/kernel"),
                             ("x64/grubx64.efi", "/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"),
                             ("boot/initrd.img", "/run/initrd")):
            with open(source, "rb") as f:
                self.assertEqual(self.fetch(path), f.read(), path)
        text = self.fetch("grub/grub.cfg").decode()
        pin = lab.run("sh", "-c", f"openssl x509 -in {self.appliance.state}/tls/cert.pem -noout -pubkey"
                      " | openssl pkey -pubin -outform DER | sha256sum").stdout.split()[0]
        self.assertIn(f" netmend.url=https://{lab.SERVER}:443 netmend.pin=sha256:{pin} netmend.way=grub", text)
        self.assertNotIn("@", text)
        self.assertNotIn("token", "".join(line for line in text.splitlines() if not line.startswith("#")))


if __name__ == "__main__":
    lab.enter()
    wire_site()
    site = start_site()
    try:
        unittest.main()
    finally:
        site.terminate()
