# SPDX-License-Identifier: GPL-3.0-or-later
"""The management controller of a machine: Debian's ipmi_sim on the administrator's address, which has the lab switch the machine."""
import os
import socket
import subprocess
import threading

from . import net

USER, PASSWORD = "netmend", "s3cret!!"

# ipmi_sim runs it for each question and order; above a second it would be asked again.
PROGRAM = """#!/usr/bin/python3
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect({path!r})
s.sendall(" ".join(sys.argv[2:]).encode() + b"\\n")
sys.stdout.write(s.makefile().read())
"""

LAN = """name "server"
set_working_mc 0x20
  startlan 1
    addr {address} 623
    priv_limit admin
    allowed_auths_callback md5
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "{program} 0x20"
  serial 15 127.0.0.1 9002 codec VM
  startnow false
  user 1 false "" "x" user 1 md5
  user 2 true "{user}" "{password}" admin 10 md5
"""

EMULATOR = """mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
"""


class Bmc:
    """orders: what it was told, such as "set power 0"."""

    def __init__(self, machine):
        self.machine, self.boot, self.orders = machine, "none", []
        self.lock = threading.Lock()
        self.folder = f"{machine.workdir}/{machine.name}.bmc"
        os.makedirs(f"{self.folder}/state")
        self.listener = socket.socket(socket.AF_UNIX)
        path = f"/run/{machine.name}.bmc"  # short enough for a socket
        self.listener.bind(path)
        self.listener.listen(16)
        threading.Thread(target=self._serve, daemon=True).start()
        texts = {"program": PROGRAM.format(path=path), "emu": EMULATOR,
                 "lan": LAN.format(address=net.ADMIN, program=f"{self.folder}/program", user=USER, password=PASSWORD)}
        for name, text in texts.items():
            with open(f"{self.folder}/{name}", "w") as f:
                f.write(text)
        os.chmod(f"{self.folder}/program", 0o755)
        log = open(f"{self.folder}/log", "w")
        self.process = subprocess.Popen(["ipmi_sim", "-c", f"{self.folder}/lan", "-f", f"{self.folder}/emu", "-s", f"{self.folder}/state", "-n"],
                                        cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        machine.network.processes.append(self.process)

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            with connection, self.lock:
                words = connection.makefile().readline().split()
                connection.sendall(self._do(words).encode())

    def _on(self):
        return self.machine.process is not None and self.machine.process.poll() is None

    def _do(self, words):
        if words[0] == "get":
            return "".join({"power": f"power:{int(self._on())}\n", "boot": f"boot:{self.boot}\n"}.get(w, "") for w in words[1:])
        if " ".join(words) not in self.orders[-1:]:  # asked again
            self.orders.append(" ".join(words))
        what, value = words[1], words[2]
        if what == "boot":
            self.boot = value
        elif what == "power" and value == "0":
            self.machine.power_cut()
        elif what == "power" and not self._on():
            self.machine.power_on(first="net" if self.boot == "pxe" else "disk")
            self.machine.set_first("disk")  # it was for one start
            self.boot = "none"
        return ""
