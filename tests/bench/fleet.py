#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A company against one appliance: MACHINES (10,000) through the whole protocol against a real `netmend serve`, 1,000 of them at a time,
with failures, lost connections and (KILL=1, the default) kill -9 of web, escrow and serve in the middle; what was lost or doubled is
counted. Then boot files by `netmend web` and by nginx in turn: same files, same client, same network. Figures beside the budgets of
design section 12; exits 1 only when something was lost or doubled.

The keys of the machines are made at the first run (a stretching each: minutes) and kept in the build folder. STRETCHINGS=100: so many
passwords and salts for all of them in turn; escrow remembers what it has stretched, so that the run shows the rest of the protocol.
"""
import os
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../module"))

import appliance_lab as lab  # noqa: E402
import swarm_lab  # noqa: E402

MACHINES = int(os.environ.get("MACHINES", "10000"))
KILL = os.environ.get("KILL", "1") == "1"
STRETCHINGS = int(os.environ.get("STRETCHINGS", "0"))
ACTIVE, RATE, PACE = 1000, 60, 200
MIX = "restart=3,again=1,relapse=1,refused=1,never=1,silent=1,no_key=1,wrong_key=1"
ROUNDS, DOWNLOADS, TOGETHER, NGINX_PORT = 5, 192, 8, 8081
MB, GB = 1 << 20, 1 << 30


def row(what, measured, budget=""):
    print(f"  {what:<56} {measured:>22}  {budget}", flush=True)


class Fleet(swarm_lab.Run):
    """Remembers how large web was when how many machines were connected."""

    def __init__(self):
        super().__init__("fleet", MACHINES, ["--stretchings", str(STRETCHINGS), "--rate", str(RATE), "--active", str(ACTIVE), "--pace", str(PACE), "--cut", "1",
                                             "--full", "1", "--mix", MIX, "--patience", "10", "--settle", "1200"],
                         keys=f"{swarm_lab.KEYS}-{STRETCHINGS}" if STRETCHINGS else swarm_lab.KEYS)
        self.connected = []

    def progress(self, numbers):
        pid = self.appliance.children().get("web")
        if pid:
            try:
                self.connected.append((numbers["connected"], self.usage.read(pid)[1]))
            except (OSError, IndexError):
                pass  # it was killed a moment ago

    def kills(self):
        return [(MACHINES // 5, lambda: self.kill("web")), (MACHINES // 3, lambda: self.kill("netmend-escrow")),
                (MACHINES // 2, self.kill_serve)] if KILL else []


def play(fleet):
    """The swarm's verdict, and its figures."""
    fleet.prepare()
    begun = time.monotonic()
    status = fleet.play(fleet.kills())
    seconds = time.monotonic() - begun
    if status:
        print(fleet.output(), flush=True)  # before anything else can go wrong
    lost = fleet.compare_store()
    print(*lost[:20], sep="\n")
    return status == 0 and not lost, seconds


def show(fleet, whole, seconds):
    figures, spent = fleet.figures(), fleet.usage.seconds()
    keys = figures["calls"]["key"]["count"]
    most = max((size for count, size in fleet.connected if count >= min(ACTIVE, MACHINES) * 9 // 10), default=0)
    print(f"\n{MACHINES} machines, {ACTIVE} at a time, {os.cpu_count()} processors, load average {os.getloadavg()[1]:.1f}; mix {MIX}; "
          f"kill -9 of web, escrow, serve: {'yes' if KILL else 'no'}")
    row("whole protocol", f"{figures['seconds']:.0f} s", "900 s for 10,000" if MACHINES == 10000 else "")
    row("with what the appliance has seen of Windows since", f"{seconds:.0f} s")
    row("events lost or doubled", "none" if whole else "SOME", "none")
    row("calls made again", str(figures["repeated"]))
    row("keys released", f"{keys}, {keys / figures['seconds']:.1f}/s",
        f"{STRETCHINGS} passwords for all" if STRETCHINGS else "each stretched")
    row(f"web with {max(c for c, _ in fleet.connected)} connected, resident", f"{most / MB:.1f} MB", "64 MB")
    row(f"web with {MACHINES} known, at most", f"{fleet.usage.most['web'] / MB:.1f} MB", "64 MB")
    row("escrow, at most", f"{fleet.usage.most['netmend-escrow'] / MB:.1f} MB")
    row("snapshot of the page", f"{figures['snapshot_ms']:.0f} ms, {figures['snapshot_bytes'] / MB:.2f} MB")
    print("  processor time: " + ", ".join(f"{name} {s:.1f} s" for name, s in sorted(spent.items(), key=lambda i: -i[1])) +
          f", the swarm itself {figures['own_cpu']:.1f} s")
    row("web per machine", f"{1000 * spent['web'] / MACHINES:.1f} ms")
    print("  ms of a call: half of them below, 90 %, 99 %, all")
    for name, call in figures["calls"].items():
        if call["count"]:
            row(f"  {name} ({call['count']})", " ".join(f"{ms:g}" for ms in call["ms"]))


# ---- boot files ----

def start_nginx(folder):
    path = os.path.join(folder, "nginx.conf")
    with open(path, "w") as f:
        f.write(f"daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
                "events { worker_connections 1024; }\n"
                f"http {{ access_log off; sendfile on; tcp_nopush on; server {{ listen {lab.SERVER}:{NGINX_PORT};\n"
                "location /boot/vmlinuz { alias /run/kernel; } location /boot/initrd.img { alias /run/initrd; } } }\n")
    process = subprocess.Popen(["/usr/sbin/nginx", "-p", folder, "-c", path], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    return process


def download(port):
    """GiB that a client has fetched: kernel and initrd, many times, some at a time."""
    with lab.InClient():
        done = subprocess.run(["curl", "-sS", "--parallel", "--parallel-max", str(TOGETHER), "-o", "/dev/null", "-w",
                               "%{size_download}\n", f"http://{lab.SERVER}:{port}/boot/{{vmlinuz,initrd.img}}?[1-{DOWNLOADS}]"],
                              check=True, capture_output=True, text=True)
    return sum(map(int, done.stdout.split())) / GB


def boot_files(fleet):
    nginx = start_nginx(fleet.folder)
    servers = {"netmend": (80, fleet.appliance.children()["web"]), "nginx": (NGINX_PORT, nginx.pid)}
    cost = {name: [] for name in servers}
    try:
        for turn in range(ROUNDS + 1):
            for name, (port, pid) in servers.items():
                before = fleet.usage.read(pid)[0]
                amount = download(port)
                if turn:  # the first is for warming up
                    cost[name].append((fleet.usage.read(pid)[0] - before) / amount)
    finally:
        nginx.terminate()
        nginx.wait()
    ratio = statistics.median(a / b for a, b in zip(cost["netmend"], cost["nginx"]))
    print(f"\nBoot files over HTTP, {ROUNDS} turns of {amount:.1f} GiB, {TOGETHER} downloads at a time")
    for name, costs in cost.items():
        row(f"{name}, processor seconds per GiB", f"{statistics.median(costs):.3f}")
    row("ratio, median of the turns", f"{ratio:.2f}", "1.1")


def main():
    if not os.path.exists(swarm_lab.SWARM):
        sys.exit("not built: make bench")
    swarm_lab.enter()
    for ours, made in (("kernel", "vmlinuz"), ("initrd", "initrd.img")):
        shutil.copy(os.path.join(lab.BUILD, "boot", made), f"/run/{ours}")
        os.chmod(f"/run/{ours}", 0o644)
    fleet = Fleet()
    whole, seconds = play(fleet)
    show(fleet, whole, seconds)
    boot_files(fleet)
    fleet.appliance.stop()
    sys.exit(0 if whole else 1)


if __name__ == "__main__":
    main()
