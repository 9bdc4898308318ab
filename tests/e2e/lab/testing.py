# SPDX-License-Identifier: GPL-3.0-or-later
"""Entry of every end-to-end test file: inside the lab's namespaces, then unittest."""
import sys
import time
import unittest

from . import isolate


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not in {seconds} s: {what}")
        time.sleep(0.2)


def main():
    if "--list" in sys.argv:
        suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
        for group in suite:
            for test in group:
                print(test.id().removeprefix("__main__."))
        return
    isolate.enter()
    unittest.main(verbosity=2, warnings="ignore")
