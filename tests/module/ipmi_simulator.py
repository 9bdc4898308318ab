# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian's ipmi_sim as a controller with a serial console: what is behind its serial line is written by the test."""
import os
import socket
import subprocess
import threading
import time

USER, PASSWORD, PORT = "netmend", "s3cret!!word", 6233
PERIOD = 5  # seconds: longer than netmend waits for more to come, so the screen stands still
CHASSIS = "#!/bin/sh\ncase $2 in get) echo power:1 ;; esac\n"
LAN = f"""name "console"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {PORT}
    priv_limit admin
    allowed_auths_callback md5
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid 6ba7b8109dad41d180b400c04fd430c8
  endlan
  chassis_control "./chassis 0x20"
  sol "telnet:127.0.0.1:{{line}}" 115200
  startnow false
  user 1 false "" "x" user 1 md5
  user 2 true "{USER}" "{PASSWORD}" {{privilege}} 10 md5
"""
EMU = """mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
"""


class SerialLine:
    """The machine's serial port, by telnet: writes its screen again and again until told to stop, and keeps what it is sent."""

    def __init__(self, screen):
        self.screen, self.typed, self.lines = screen, b"", []
        self.server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.server.bind(("127.0.0.1", 0))
        self.server.listen(5)
        self.port = self.server.getsockname()[1]
        self.ended = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                line = self.server.accept()[0]
            except OSError:
                return
            self.lines.append(line)
            threading.Thread(target=self.write, args=(line,), daemon=True).start()
            threading.Thread(target=self.read, args=(line,), daemon=True).start()

    def write(self, line):
        while not self.ended.wait(PERIOD):
            try:
                line.sendall(self.screen)
            except OSError:
                return

    def read(self, line):
        while True:
            try:
                got = line.recv(1024)
            except OSError:
                return
            if not got:
                return
            self.typed += got

    def close(self):
        self.ended.set()
        for s in (self.server, *self.lines):
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # ipmi_sim has gone already
            s.close()


class Simulator:
    def __init__(self, folder, screen, privilege="admin"):
        self.folder, self.line = folder, SerialLine(screen)
        os.mkdir(f"{folder}/state")
        for name, text in (("chassis", CHASSIS), ("lan", LAN.format(privilege=privilege, line=self.line.port)), ("emu", EMU)):
            with open(f"{folder}/{name}", "w") as f:
                f.write(text)
        os.chmod(f"{folder}/chassis", 0o755)
        self.process = subprocess.Popen(["ipmi_sim", "-c", "lan", "-f", "emu", "-s", f"{folder}/state", "-n"], cwd=folder,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while self.ipmitool("mc", "info").returncode != 0:
            assert time.monotonic() < end and self.process.poll() is None, "ipmi_sim does not answer"

    def ipmitool(self, *words, **more):
        return subprocess.run(self.ipmitool_command(*words), env=dict(os.environ, IPMI_PASSWORD=PASSWORD), capture_output=True, **more)

    @staticmethod
    def ipmitool_command(*words):
        return ["ipmitool", "-I", "lanplus", "-C", "3", "-N", "1", "-R", "3", "-H", "127.0.0.1", "-p", str(PORT), "-U", USER, "-E", *words]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.line.close()
