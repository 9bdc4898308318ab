# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the seconds of one machine's repair went, from its power on: shown below the test's line (../../run.py)."""
import os

# What the timeline says first of each stage: (state, step).
STAGES = [("firmware asks", ("seen", "pxe")), ("script", ("booting", "boot")), ("fixer calls", ("running", "session")),
          ("key", ("unlocking", "release")), ("repaired", ("rebooting", "result")), ("Windows is back", ("returned", None))]


def tell(machine, detail, way):
    """detail: of the machine, as the appliance has it. way: in, a few words."""
    if "TABLE" not in os.environ:
        return
    seconds = []
    for name, (state, step) in STAGES:
        at = [e["at"] / 1000 - machine.powered_on for e in detail["timeline"] if e["state"] == state and step in (None, e["step"])]
        at = [a for a in at if a > 0]  # of this power on
        seconds.append(f"{name} {min(at):.0f}" if at else f"{name} -")
    with open(os.environ["TABLE"], "a") as f:
        f.write(f"{way}: seconds from power on: {', '.join(seconds)}\n")
