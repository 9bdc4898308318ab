# SPDX-License-Identifier: GPL-3.0-or-later
"""One office floor: a bridge, the site's own DHCP server, a place for the appliance, taps for machines.

The lab's own namespace holds the bridge and is the administrator's PC (10.77.0.9). The appliance and the site's
DHCP server each live in a namespace of their own.
"""
import os
import subprocess

ADMIN = "10.77.0.9"
APPLIANCE = "10.77.0.1"
SITE_DHCP = "10.77.0.5"
PREFIX = 24
ROUTER = "10.77.0.2"  # to the branch, once there is one
BRANCH = "10.88.0.0/24"
BRANCH_ROUTER = "10.88.0.1"


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr.strip()}")
    return result.stdout


class Network:
    def __init__(self, workdir):
        self.workdir = workdir
        self.processes = []
        self.taps = 0
        run("ip", "link", "set", "lo", "up")
        # With an address of its own: else it takes the lowest of its ports, another one as machines come and go, and whoever remembers
        # the old one (ARP) reaches nobody for a while.
        run("ip", "link", "add", "floor", "address", "02:10:77:00:00:09", "type", "bridge", "forward_delay", "0")
        run("ip", "addr", "add", f"{ADMIN}/{PREFIX}", "dev", "floor")
        run("ip", "link", "set", "floor", "up")
        self.add_host("app", APPLIANCE)
        self.add_host("site", SITE_DHCP)

    def add_host(self, name, address):
        """A network namespace of that name on the wire."""
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"{name}0", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"{name}0", "master", "floor", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "addr", "add", f"{address}/{PREFIX}", "dev", "eth0")
        run("ip", "-n", name, "link", "set", "eth0", "up")

    def add_branch(self):
        """Another network behind a router, whose DHCP relay sends to the site's DHCP server and to the appliance."""
        self.add_host("relay", ROUTER)
        run("ip", "link", "add", "branch", "type", "bridge", "forward_delay", "0")
        run("ip", "link", "set", "branch", "up")
        run("ip", "link", "add", "relay1", "type", "veth", "peer", "name", "eth1", "netns", "relay")
        run("ip", "link", "set", "relay1", "master", "branch", "up")
        run("ip", "-n", "relay", "addr", "add", f"{BRANCH_ROUTER}/{PREFIX}", "dev", "eth1")
        run("ip", "-n", "relay", "link", "set", "eth1", "up")
        run("ip", "netns", "exec", "relay", "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
        for name in ("app", "site"):
            run("ip", "-n", name, "route", "add", BRANCH, "via", ROUTER)
        log = open(f"{self.workdir}/relay.log", "w")
        self.processes.append(subprocess.Popen(
            ["ip", "netns", "exec", "relay", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
             f"--dhcp-relay={BRANCH_ROUTER},{SITE_DHCP}", f"--dhcp-relay={BRANCH_ROUTER},{APPLIANCE}", "--log-dhcp",
             "--log-facility=-", "--user=root"], stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def move_to_branch(self, tap):
        run("ip", "link", "set", tap, "master", "branch")

    def start_site_dhcp(self, *options):
        """The company's own DHCP server: addresses and, but for options, nothing about booting."""
        log = open(f"{self.workdir}/site-dhcp.log", "w")
        self.processes.append(subprocess.Popen(
            ["ip", "netns", "exec", "site", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", *([] if "--port=53" in options else ["--port=0"]),
             "--interface=eth0", "--bind-interfaces", "--dhcp-range=10.77.0.50,10.77.0.99,1h", "--log-dhcp",
             "--dhcp-authoritative", "--dhcp-leasefile=" + f"{self.workdir}/site-leases", "--log-facility=-",
             "--user=root", *options], stdout=log, stderr=log, stdin=subprocess.DEVNULL))

    def start_capture(self):
        """Every byte on the floor's wire into floor.pcap."""
        path = f"{self.workdir}/floor.pcap"
        process = subprocess.Popen(["tcpdump", "-i", "floor", "-U", "-s", "0", "-Z", "root", "-w", path],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        process.stderr.readline()  # "listening on": from here on nothing is missed
        self.processes.append(process)
        return path

    def add_tap(self):
        name = f"tap{self.taps}"
        self.taps += 1
        run("ip", "tuntap", "add", "dev", name, "mode", "tap")
        run("ip", "link", "set", name, "master", "floor", "up")
        return name

    def as_address(self, address):
        """For `with`: the lab also has this address, to speak to the appliance as a machine would."""
        return _Address(address)

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        self.processes = []


class _Address:
    def __init__(self, address):
        self.address = f"{address}/{PREFIX}"

    def __enter__(self):
        run("ip", "addr", "add", self.address, "dev", "floor")
        self._forget_neighbours()

    def __exit__(self, *_):
        run("ip", "addr", "del", self.address, "dev", "floor")
        self._forget_neighbours()

    @staticmethod
    def _forget_neighbours():
        """The address changes hands: nobody may keep the hardware address of the one who had it."""
        for namespace in ("app", "site"):
            run("ip", "-n", namespace, "neigh", "flush", "dev", "eth0")
