# SPDX-License-Identifier: GPL-3.0-or-later
"""What several labs need and takes long to make: made once, in build/e2e-cache, where every user of a lab can reach it."""
import os
import sys

from .isolate import build_path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "module"))
import made_once as kept  # noqa: E402


def made_once(name, sources, make):
    """As kept.made_once(); its path."""
    return kept.made_once(build_path("e2e-cache", name), sources, make)
