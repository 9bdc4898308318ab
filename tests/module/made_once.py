# SPDX-License-Identifier: GPL-3.0-or-later
"""What several tests need and takes long to make: kept in the build folder, and copied from there by who changes it."""
import fcntl
import os
import shutil

BUILD = os.path.abspath(os.environ.get("B", "build"))


def made_once(path, sources, make):
    """The path, of a file or a folder, below the build folder unless it is absolute; make(other) makes it at another path when it
    is not there, or older than one of its sources. Who comes meanwhile waits."""
    path = os.path.join(BUILD, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(path) or os.path.getmtime(path) < max(map(os.path.getmtime, sources)):
            for old in (path + ".new", path):
                if os.path.isdir(old):
                    shutil.rmtree(old)
            make(path + ".new")
            os.replace(path + ".new", path)
    return path
