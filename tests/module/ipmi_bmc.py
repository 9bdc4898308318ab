#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""An IPMI BMC on loopback, of Debian's pyghmi, with the ways of a real one: a boot order that is used once and forgotten after 60 s,
and on demand the faults of a bad one. What it is told is written to LOG, one JSON object a line.

usage: /usr/bin/python3 ipmi_bmc.py PORT LOG [FAULT...]

stuck: says yes to power orders and does nothing     forgetful: the 60 s are over at once, unless told to keep the boot order
lying: says yes to a boot order and keeps nothing    blind: does not tell its boot order
denied: power needs more privilege                   busy=N: is busy for the first N commands
cycle_only: off is refused                           uuid=HEX: 16 bytes, as they are sent
on: the machine is on                                long: answers with more bytes than there are
"""
import json
import sys

import pyghmi.ipmi.bmc as bmc

USER, PASSWORD = "netmend", "s3cret!!"
PROGRESS, KEEP, ACKNOWLEDGE, FLAGS = 0, 3, 4, 5


class Bmc(bmc.Bmc):
    def __init__(self, port, log, faults):
        # By default it would listen on every interface.
        super().__init__({USER: PASSWORD}, port, address="::ffff:127.0.0.1")
        self.log = open(log, "a", buffering=1)
        self.faults = dict((f.split("=") + [""])[:2] for f in faults)
        self.busy = int(self.faults.get("busy", 0))
        self.on = "on" in self.faults
        self.flags, self.keep = None, False
        self.tell(ready=True)

    def tell(self, **what):
        self.log.write(json.dumps(what) + "\n")

    # --- power -----------------------------------------------------------------------------------

    def get_power_state(self):
        return "on" if self.on else "off"

    def start(self, act):
        """What the machine starts from, and the order for it is gone."""
        flags = self.flags or [0, 0]
        valid = flags[0] & 0x80 and (self.keep or "forgetful" not in self.faults)
        self.tell(act=act, device=flags[1] >> 2 & 15 if valid else 0, efi=bool(valid and flags[0] & 0x20))
        if not flags[0] & 0x40:
            self.flags = None

    def power(self, act):
        if "denied" in self.faults:
            return 0xd4
        if act == "off" and "cycle_only" in self.faults:
            return 0xd5
        if act == "cycle" and not self.on:
            return 0xd5
        if "stuck" in self.faults:
            self.tell(act=act, stuck=True)
            return 0
        was, self.on = self.on, act != "off"
        if act == "off":
            self.tell(act="off")
        elif act == "cycle" or not was:
            self.start(act)
        return 0

    def power_off(self):
        return self.power("off")

    def power_on(self):
        return self.power("on")

    def power_cycle(self):
        return self.power("cycle")

    # --- boot order ------------------------------------------------------------------------------

    def set_system_boot_options(self, request, session):
        parameter, data = request["data"][0] & 0x7f, list(request["data"][1:])
        self.tell(parameter=parameter, data=bytes(data).hex())
        if parameter not in (PROGRESS, KEEP, ACKNOWLEDGE, FLAGS):
            session.send_ipmi_response(code=0x80)
            return
        if parameter == KEEP:
            self.keep = bool(data[0] & 0x08)
        if parameter == FLAGS and "lying" not in self.faults:
            self.flags = data
        session.send_ipmi_response()

    def get_system_boot_options(self, request, session):
        if request["data"][0] & 0x7f != FLAGS or "blind" in self.faults:
            session.send_ipmi_response(code=0x80)
            return
        flags = self.flags if self.keep or "forgetful" not in self.faults else None
        session.send_ipmi_response(data=[1, FLAGS] + (flags or [0, 0, 0, 0, 0]))

    # --- everything else --------------------------------------------------------------------------

    def handle_raw_request(self, request, session):
        if self.busy > 0:
            self.busy -= 1
            session.send_ipmi_response(code=0xc0)
        elif "long" in self.faults and request["netfn"] == 0 and request["command"] == 1:
            session.send_ipmi_response(data=[1] * 200)
        elif "uuid" in self.faults and (request["netfn"], request["command"]) == (6, 0x37):
            session.send_ipmi_response(data=list(bytes.fromhex(self.faults["uuid"])))
        else:
            super().handle_raw_request(request, session)


if __name__ == "__main__":
    Bmc(int(sys.argv[1]), sys.argv[2], sys.argv[3:]).listen()
