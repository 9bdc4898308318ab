#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner counts what tests say, and nothing else as a pass."""
import os
import sys
import unittest

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


if __name__ == "__main__":
    unittest.main()
