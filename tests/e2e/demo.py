#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""make demo: three crash-looping machines, from stop screen to Windows back, on this computer."""
import os
import select
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from lab import isolate, net  # noqa: E402
from lab.story import Story  # noqa: E402

STARTED = time.monotonic()


def tell(text):
    seconds = int(time.monotonic() - STARTED)
    print(f"  {seconds // 60}:{seconds % 60:02}  {text}", flush=True)


def listen():
    """A port of this computer; the lab's networks are not reachable from outside."""
    for port in (8443, 0):
        try:
            return socket.create_server(("127.0.0.1", port))
        except OSError:
            continue
    raise RuntimeError("no free TCP port on 127.0.0.1")


def forward(listener):
    """Carries connections to the page, bytes as they are: the TLS is the appliance's own."""
    def carry(client):
        with client, socket.create_connection((net.APPLIANCE, 443), 10) as server:
            ends = {client: server, server: client}
            while True:
                for ready in select.select(list(ends), [], [])[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    ends[ready].sendall(data)

    def carry_quietly(client):
        try:
            carry(client)
        except OSError:
            pass  # either end went away; the browser asks again

    def accept():
        while True:
            client, _ = listener.accept()
            threading.Thread(target=carry_quietly, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def print_timeline(story, machine):
    print(f"\n  {machine.name}")
    previous = 0
    for seconds, state, reason, text in story.timeline(machine):
        print(f"    {seconds:7.1f} s  +{seconds - previous:5.1f}  {state:10} {reason:16} {text[:90]}")
        previous = seconds
    crash = story.last_crash(machine)
    if crash:
        print(f"    it had stopped with 0x{crash['code']:X} {crash['name']}, {crash['module']} ({crash['source']} of {crash['time']})")


def main():
    if isolate.inside():
        listener = socket.socket(fileno=int(os.environ["NETMEND_DEMO_FD"]))
    else:
        listener = listen()
        os.environ["NETMEND_DEMO_FD"] = str(listener.fileno())
    isolate.enter(keep_fds=(listener.fileno(),))
    url = f"https://127.0.0.1:{listener.getsockname()[1]}/"

    story = Story("demo", tell)
    try:
        story.make_machines()
        story.start_appliance()
        forward(listener)
        tell(f"The status page: {url} (the certificate is the appliance's own)")
        story.crash_loop()
        story.network_boot()
        story.wait_returned(story.bitlocker)
        story.wait_returned(story.plain)
        story.wait_waiting()
        story.look_at_page("page")
        print("\nTimelines, seconds since the machine asked for its boot script:")
        for machine in story.machines:
            print_timeline(story, machine)
        print(f"\nTwo of three are back; {story.no_key.name} says what it needs. Screens and logs: build/e2e/demo")
        print(f"Status page: {url}")
        if sys.stdin.isatty():
            print("Ctrl-C ends the demo.")
            while True:
                time.sleep(1)
    except KeyboardInterrupt:
        print()
    finally:
        story.close()


if __name__ == "__main__":
    main()
