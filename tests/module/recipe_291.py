# SPDX-License-Identifier: GPL-3.0-or-later
"""Channel file 291 as a recipe, written out for the tests: not read from what is under test."""
RECIPE = r"""[recipe]
name = crowdstrike-291
[match]
path = \Windows\System32\drivers\CrowdStrike
glob = C-00000291*.sys
modified-from = 2024-07-19T04:09:00Z
modified-to = 2024-07-19T05:27:00Z
when-outside-window = skip
[action]
do = remove
unclean-journal = rename
"""
