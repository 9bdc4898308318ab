#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner counts what tests say, and nothing else as a pass."""
import os
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import run


class Count(unittest.TestCase):
    def check(self, text, status, expected):
        self.assertEqual(run.count(text, status), expected, text)

    def test_unittest(self):
        self.check("test_a (__main__.T.test_a) ... ok\n\nRan 1 test in 1s\n\nOK\n", 0, (1, 0, 0))
        self.check("test_a (__main__.T.test_a)\nWhat it shows. ... ok\n\nRan 1 test in 1s\n\nOK\n", 0, (1, 0, 0))
        self.check("test_a (__main__.T.test_a)\nWhat it shows. ... ok\ntest_b (__main__.T.test_b) ... FAIL\n"
                   "test_c (__main__.T.test_c)\nMore. ... skipped 'no data'\n\nRan 3 tests in 1s\n", 1, (1, 1, 1))

    def test_output_between(self):
        self.check("test_a (__main__.T.test_a) ... a line of a program\nok\n\nRan 1 test in 1s\n", 0, (1, 0, 0))

    def test_not_understood(self):
        self.check("test_a (__main__.T.test_a) ... ok\nsomething else\n\nRan 2 tests in 1s\n", 0, (1, 1, 0))

    def test_cmocka(self):
        self.check("[       OK ] a\n[  FAILED  ] b\n[  SKIPPED ] c\n", 1, (1, 1, 1))

    def test_nothing_said(self):
        self.check("", 0, (0, 1, 0))
        self.check("[       OK ] a\n", -11, (1, 1, 0))


class Read(unittest.TestCase):
    def test_a_line_of_megabytes(self):
        with tempfile.NamedTemporaryFile("w") as f:
            f.write("test_a (__main__.T.test_a) ... FAIL\n" + 2_000_000 * "x" + " skipped: y\nRan 1 test in 1s\n")
            f.flush()
            text = run.read(f.name)
        self.assertLess(len(text), 2 * run.LINE)
        self.assertIn("... (2000011 characters)\nRan 1 test", text)
        self.assertEqual(run.count(text, 1), (0, 1, 0))


class SideBySide(unittest.TestCase):
    def test_each_once_and_begun_in_order(self):
        begun, at_once, most = [], set(), 0

        def one(job):
            nonlocal most
            begun.append(job)
            at_once.add(job)
            most = max(most, len(at_once))
            time.sleep(0.01)
            at_once.remove(job)
            return job
        ended = list(run.side_by_side(range(40), one))
        self.assertEqual(sorted(ended), list(range(40)))
        self.assertTrue(all(abs(job - place) <= run.MOST for place, job in enumerate(begun)), begun)
        self.assertIn(most, range(min(2, run.FEWEST), run.MOST + 1))

    def test_more_while_processors_are_idle(self):
        """Jobs that wait for all others to have begun: only more at a time than there are processors ends them."""
        together = threading.Barrier(run.FEWEST + 1)
        with unittest.mock.patch.object(run, "processors", lambda: (time.monotonic(), time.monotonic())):
            ended = list(run.side_by_side(range(run.FEWEST + 1), lambda job: together.wait(60) >= 0))
        self.assertEqual(ended, [True] * (run.FEWEST + 1))

    def test_no_more_while_they_are_busy(self):
        running, seen = [], []

        def one(job):
            running.append(job)
            time.sleep(3)
            seen.append(len(running))
            running.remove(job)
        with unittest.mock.patch.object(run, "processors", lambda: (0, time.monotonic())):
            list(run.side_by_side(range(run.FEWEST + 1), one))
        self.assertEqual(max(seen), run.FEWEST)


if __name__ == "__main__":
    unittest.main()
