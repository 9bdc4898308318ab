# SPDX-License-Identifier: GPL-3.0-or-later
"""Namespaces of our own, so that labs run side by side and leave nothing behind.

enter() starts this program again inside new network, mount and process namespaces. Whatever ends it, even
SIGKILL, the kernel ends everything inside and takes the networks away.
"""
import os
import subprocess
import sys

MARK = "NETMEND_LAB_INSIDE"
ROOT = "/run/netmend-lab"
REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))


def inside():
    return os.environ.get(MARK) == "1"


def enter(keep_fds=()):
    """Returns inside the namespaces; outside it waits for the inner run and exits with its status."""
    if inside():
        prepare_mounts()
        return
    if os.geteuid() != 0:
        sys.exit("the lab needs root: it makes network namespaces")
    env = dict(os.environ, **{MARK: "1"})
    command = ["unshare", "--fork", "--pid", "--mount-proc", "--mount", "--net", "--kill-child=SIGKILL",
               sys.executable, *sys.argv]
    child = subprocess.Popen(command, env=env, pass_fds=keep_fds)
    while True:
        try:
            sys.exit(child.wait())
        except KeyboardInterrupt:
            continue  # the inner run has had it too and is cleaning up


def prepare_mounts():
    """A private /run: other labs, and unprivileged daemons that cannot enter the tree's own folders."""
    # What the host's resolver and daemons keep in /run is not wanted here.
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"], check=True)
    os.makedirs("/run/netns")
    os.makedirs(ROOT + "/repo")
    subprocess.run(["mount", "--bind", REPO, ROOT + "/repo"], check=True)
    build = os.path.abspath(os.environ.get("B", REPO + "/build"))
    os.makedirs(build, exist_ok=True)
    os.makedirs(ROOT + "/build")
    subprocess.run(["mount", "--bind", build, ROOT + "/build"], check=True)


def build_path(*parts):
    """A path below the build folder, one that every user of this lab can reach."""
    return os.path.join(ROOT, "build", *parts)


def repo_path(*parts):
    return os.path.join(ROOT, "repo", *parts)
