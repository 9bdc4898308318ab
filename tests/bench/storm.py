#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A power-on wave: 1,000 machines from DHCP to the fixer's first contact against a real `netmend serve` (README.md, "A storm").
Exits 1 when one is lost, or a script of ours made one give up."""
import argparse
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "../module")]

import appliance_lab as lab  # noqa: E402
from wave import floor  # noqa: E402

MB = 1 << 20


def read_options(words=None):
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--machines", type=int, default=1000)
    p.add_argument("--mode", choices=("proxy", "full"), default="proxy", help="[dhcp] mode of the appliance")
    p.add_argument("--at-once", type=int, default=100, help="[boot] at-once of the appliance")
    p.add_argument("--within", type=float, default=10, help="seconds in which all are switched on")
    p.add_argument("--delay", type=float, default=5, help="milliseconds, each way")
    p.add_argument("--jitter", type=float, default=2, help="milliseconds more or less")
    p.add_argument("--loss", type=float, default=1, help="percent of the frames, each way")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--limit", type=float, default=1800, help="seconds after which who has not arrived is lost")
    p.add_argument("--images", help="folder of vmlinuz and initrd.img; BUILD/boot")
    p.add_argument("--json", help="where the figures go besides")
    p.add_argument("--log", help="where the appliance's log goes afterwards")
    return p.parse_args(words)


def part(values, share):
    return values[min(len(values) - 1, int(share * len(values)))] if values else float("nan")


def show(options, told):
    print(f"\n{told['machines']} machines in {options.within:g} s, mode {options.mode}, {options.at_once} load at once; each way {options.delay:g} ms ± {options.jitter:g} ms, "
          f"{options.loss:g} % of frames lost; {os.cpu_count()} processors for all of it, load average before {told['load']:.1f}")
    print(f"  arrived {told['arrived']}, lost {len(told['lost'])}; restarted once or more {told['restarted']}, given up by a script "
          f"{told['given_up']}")
    print(f"  {60 * told['arrived'] / max(told['seconds'], 0.001):.0f} boots per minute ({told['seconds']:.1f} s to the last arrival)")
    print(f"  {'seconds':<16} {'p50':>8} {'p99':>8} {'most':>8}")
    for name, values in told["stages"].items():
        print(f"  {name:<16} {part(values, .5):8.2f} {part(values, .99):8.2f} {part(values, 1):8.2f}")
    for name, count in sorted(told["counts"].items()):
        print(f"  {name}: {count}")
    print(f"  TCP segments sent again by the appliance: {told['tcp_segments_again']}; the wire carried {told['wire']['carried']}, lost "
          f"{told['wire']['lost']}, had no room for {told['wire']['overrun']}")
    for name, use in sorted(told["use"].items()):
        print(f"  {name:<16} at most {use['resident'] / MB:7.1f} MB resident, {use['seconds']:7.1f} s of processor")
    for mac in told["lost"][:20]:
        print(f"  LOST {mac}")


def main():
    options = read_options()
    load = os.getloadavg()[0]
    if not os.path.exists(floor.WIRE):
        sys.exit("not built: make bench")
    lab.enter()
    images = options.images or os.path.join(lab.BUILD, "boot")
    for ours, made in (("kernel", "vmlinuz"), ("initrd", "initrd.img")):
        shutil.copy(os.path.join(images, made), f"/run/{ours}")
        os.chmod(f"/run/{ours}", 0o644)
    storm = floor.Floor(options)
    storm.start()
    told = storm.run() | {"load": load}
    show(options, told)
    if options.json:
        with open(options.json, "w") as f:
            json.dump(told | {"options": vars(options)}, f)
    if options.log:
        shutil.copy(storm.appliance.log_path, options.log)
    sys.exit(1 if told["lost"] or told["given_up"] else 0)


if __name__ == "__main__":
    main()
