#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many of ipmi_bmc.py's controllers in one process, on ports of 127.0.0.1.

usage: /usr/bin/python3 ipmi_bmcs.py FOLDER < LIST      a line each: PORT [FAULT...]; its log is FOLDER/PORT
"""
import sys

from pyghmi.ipmi.private.session import Session

from ipmi_bmc import Bmc

if __name__ == "__main__":
    words = [line.split() for line in sys.stdin]
    controllers = [Bmc(int(port), f"{sys.argv[1]}/{port}", faults) for port, *faults in words]
    while True:
        Session.wait_for_rsp(30)
