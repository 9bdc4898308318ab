# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole lab for one test: network, appliance, machines. Everything it writes is under build/e2e/NAME."""
import os
import shutil

from .appliance import Appliance
from .disk import Disk
from .isolate import build_path
from .machine import Machine
from .net import Network


class Floor:
    def __init__(self, name, *dhcp_options, site_dhcp=True):
        """dhcp_options: what the site's DHCP server is told besides (dnsmasq). site_dhcp: there is one."""
        self.workdir = build_path("e2e", name)
        shutil.rmtree(self.workdir, ignore_errors=True)
        os.makedirs(self.workdir)
        self.machines = []
        self.network = Network(self.workdir)
        if site_dhcp:
            self.network.start_site_dhcp(*dhcp_options)
        self.appliance = Appliance(self.network, self.workdir)

    def machine(self, name, *disk_options, bootable=False, disk=True, **settings):
        """A machine with a disk of its own; mkdisk's options describe it."""
        number = len(self.machines) + 1
        if bootable:
            disk_options = (*disk_options, "--name", name)
        its_disk = Disk(self.workdir, name, *disk_options, bootable=bootable) if disk else None
        machine = Machine(self.network, self.workdir, name, number, disk=its_disk and its_disk.path, **settings)
        machine.windows = its_disk
        machine.address = f"10.77.0.{100 + number}"  # for boots without firmware, outside the site's DHCP range
        self.machines.append(machine)
        return machine

    def escrow(self, machine, password=None):
        """Its recovery passwords go into escrow (or another one, to be wrong)."""
        self.appliance.import_keys([(guid, password or real, machine.name) for guid, real in machine.windows.keys()])

    def boot_fixer(self, machine, packed=False, **settings):
        """Starts the machine as iPXE would have, without waiting for firmware."""
        machine.power_on(direct=self.appliance.direct_boot(machine, machine.address, packed), **settings)

    def close(self, keep_disks=False):
        for machine in self.machines:
            machine.stop()
        self.appliance.stop()
        self.network.stop()
        if not keep_disks:
            for machine in self.machines:
                if machine.disk and os.path.exists(machine.disk):
                    os.unlink(machine.disk)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
