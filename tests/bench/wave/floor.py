# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of a storm: a switch with the appliance and the site's DHCP server; all machines behind one wire with delay and loss."""
import asyncio
import collections
import fcntl
import hashlib
import json
import os
import random
import resource
import struct
import subprocess
import time

from .dhcp import Wire, lab
from .machine import Machine

PREFIX, SITE = 20, "10.77.0.5"
FIRST, LAST = "10.77.4.1", "10.77.15.250"
WIRE = os.path.join(lab.BUILD, "tests/bench/wave/wire")
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454ca, 2, 0x1000
TICKS = os.sysconf("SC_CLK_TCK")


class InNamespace(lab.InClient):
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.home = open("/proc/thread-self/ns/net", "rb")
        self.enter(f"/run/netns/{self.name}")


def make_tap(namespace, name):
    with InNamespace(namespace):
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    lab.run("ip", "-n", namespace, "link", "set", name, "txqueuelen", "20000", "addrgenmode", "none", "up")
    return fd


def plug(name, interface, *namespace):
    """A host on the switch: interface, in namespace or here."""
    lab.run("ip", "-n", "switch", "link", "add", name, "type", "veth", "peer", "name", interface, "netns", *(namespace or [str(os.getpid())]))
    lab.run("ip", "-n", "switch", "link", "set", name, "master", "floor", "addrgenmode", "none", "up")


def build(options):
    """After lab.enter(): the network anew. The wire's process."""
    lab.run("ip", "link", "del", "eth0")
    for name in ("switch", "site"):
        lab.run("ip", "netns", "add", name)
    lab.run("ip", "-n", "switch", "link", "add", "floor", "type", "bridge", "forward_delay", "0")
    lab.run("ip", "-n", "switch", "link", "set", "floor", "addrgenmode", "none", "up")
    plug("a0", "eth0")
    plug("s0", "eth0", "site")
    for where, address in ((["ip"], lab.SERVER), (["ip", "-n", "site"], SITE)):
        lab.run(*where, "addr", "add", f"{address}/{PREFIX}", "dev", "eth0")
        lab.run(*where, "link", "set", "eth0", "addrgenmode", "none", "up")
    taps = [make_tap("switch", "w0"), make_tap("client", "cl0")]
    lab.run("ip", "-n", "switch", "link", "set", "w0", "master", "floor")
    lab.run("ip", "-n", "client", "addr", "add", f"{lab.CLIENT}/{PREFIX}", "dev", "cl0")
    wire = subprocess.Popen([WIRE, *map(str, taps), str(int(options.delay * 1000)), str(int(options.jitter * 1000)), str(options.loss),
                             str(options.seed)], pass_fds=taps, stdout=subprocess.PIPE, text=True)
    for fd in taps:
        os.close(fd)
    return wire


def site_dhcp():
    """The company's own: addresses, nothing about booting."""
    log = open("/run/site-dhcp.log", "w")
    process = subprocess.Popen(["ip", "netns", "exec", "site", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
                                "--interface=eth0", "--bind-interfaces", f"--dhcp-range={FIRST},{LAST},1h", "--dhcp-authoritative",
                                "--no-ping", "--dhcp-lease-max=10000", "--dhcp-leasefile=/run/site-leases", "--log-facility=-",
                                "--user=root"], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    lab.wait_until(lambda: "started" in open("/run/site-dhcp.log").read())
    return process


def retransmitted():
    """TCP segments that this side has sent again."""
    with open("/proc/net/snmp") as f:
        names, values = [line.split() for line in f if line.startswith("Tcp:")]
    return int(values[names.index("RetransSegs")])


class Floor:
    """All machines of one storm, and what they share."""

    def __init__(self, options):
        self.options, self.full = options, options.mode == "full"
        self.counts, self.given_up, self.taken = collections.Counter(), 0, {}
        self.finished, self.machines = [], [Machine(self, n) for n in range(options.machines)]
        self.use = collections.defaultdict(lambda: [0, 0.0])  # name: largest resident bytes, processor seconds
        with open("/usr/lib/ipxe/snponly.efi", "rb") as f:
            loader = f.read()
        self.loader = len(loader), hashlib.sha256(loader).hexdigest()
        self.sizes = tuple(os.path.getsize(f"/run/{name}") for name in ("kernel", "initrd"))

    def start(self):
        """The appliance and what it stands beside."""
        self.wire_process = build(self.options)
        self.site = None if self.full else site_dhcp()
        mode = f"mode = full\nrange = {FIRST},{LAST}" if self.full else "mode = proxy"
        self.appliance = lab.Appliance("storm", boot=f"scope = all\nuefi = ipxe\nat-once = {self.options.at_once}", rest=f"[dhcp]\n{mode}\n[escrow]\nsyslog = no\n")
        self.appliance.start()
        self.pids = self.appliance.children()
        self.segments = retransmitted()

    def stop(self):
        """What the wire did."""
        self.appliance.stop()
        if self.site:
            self.site.terminate()
            self.site.wait()
        self.wire_process.terminate()
        return json.loads(self.wire_process.communicate()[0])

    def take_address(self, address, machine):
        owner = self.taken.setdefault(address, machine)
        if owner is not machine:
            raise RuntimeError(f"{address} was given to {owner.mac} and to {machine.mac}")
        if machine.address != address:
            self.wire.take_address(address)

    def over(self, machine):
        self.finished.append((time.monotonic(), machine))

    async def play(self):
        """Until every machine has arrived or is lost. Seconds from the first power-on to the last arrival."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        self.wire, random_of = Wire("cl0"), random.Random(self.options.seed)
        begun = time.monotonic()
        lives = [asyncio.create_task(m.live(random_of.uniform(0, self.options.within))) for m in self.machines]
        try:
            while lives:
                done, waiting = await asyncio.wait(lives, timeout=1)
                for life in done:
                    life.result()  # a mistake of this program's ends it
                lives = list(waiting)
                self.look()
                if time.monotonic() - begun > self.options.limit:
                    break
        finally:
            for life in lives:
                life.cancel()
            self.wire.close()
        return max((at for at, m in self.finished if m.arrived), default=begun) - begun

    def look(self):
        for name, pid in self.pids.items():
            try:
                with open(f"/proc/{pid}/stat") as f:
                    fields = f.read().rsplit(")", 1)[1].split()
                resident = int(lab.status_of(pid).get("VmHWM", "0 kB").split()[0]) * 1024
            except (OSError, IndexError):
                continue
            self.use[name] = [resident, (int(fields[11]) + int(fields[12])) / TICKS]

    def run(self):
        """The figures, as one object."""
        with lab.InClient():
            seconds = asyncio.run(self.play())
        segments = retransmitted() - self.segments
        same = self.appliance.children() == self.pids
        arrived = [m for _, m in self.finished if m.arrived]
        lost = [m.mac for m in self.machines if not m.arrived]
        wire = self.stop()
        return {"machines": len(self.machines), "arrived": len(arrived), "lost": lost, "seconds": seconds, "given_up": self.given_up,
                "restarted": sum(m.starts > 1 for m in self.machines), "children_lived": same,
                "stages": {name: sorted(m.spent[name] for m in arrived if name in m.spent) for name in self.stages()},
                "counts": dict(self.counts), "tcp_segments_again": segments, "wire": wire,
                "use": {name: {"resident": r, "seconds": s} for name, (r, s) in self.use.items()}}

    @staticmethod
    def stages():
        from .machine import STAGES
        return STAGES
