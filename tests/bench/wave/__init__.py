# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines that switch on together: what firmware, iPXE and the beginning of a fixer say on the network, and nothing else."""
