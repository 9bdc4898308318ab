# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: networks, machines and an appliance for end-to-end tests. Standard library only."""
