# SPDX-License-Identifier: GPL-3.0-or-later
"""One machine from power-on to its first contact: EDK2's PXE, iPXE, the fixer's opening of a session."""
import asyncio
import base64
import contextlib
import json
import os
import ssl
import time
import uuid

from . import dhcp, ipxe
from .dhcp import lab
from .transfer import TransferError, tftp

FIRMWARE_WAITS, IPXE_WAITS = (4, 8, 16, 32), (1, 2, 4, 8, 10)  # seconds for answers, before asking again
PROXY_WAIT = 2  # iPXE waits no longer for a second offer
RESTART_SECONDS, STARTS = 15, 5
FIXER_TRIES = 10
STAGES = ("dhcp", "tftp", "dhcp of ipxe", "script", "kernel", "initrd", "first contact", "total")


class Failed(Exception):
    """This boot: the machine restarts, as a machine does whose Windows does not start."""


class Machine:
    """`floor` is what all share: wire, counts, figures, what the files have to be, mode."""

    def __init__(self, floor, number):
        self.floor, self.counts, self.address = floor, floor.counts, None
        self.mac = f"52:54:01:{number >> 16:02x}:{number >> 8 & 255:02x}:{number & 255:02x}"
        self.uuid = uuid.UUID(int=0x4c4c4544_0043_3510_8052_b40000000000 + number)
        self.serial, self.spent, self.starts, self.arrived = f"WAVE{number:05d}", {}, 0, False

    def values(self):
        return {"mac": self.mac, "uuid": str(self.uuid), "serial": self.serial, "asset": "", "manufacturer": "Wave & Co",
                "product": "Desk PC", "platform": "efi", "buildarch": "x86_64", "ip": self.address, "netmask": lab_netmask(),
                "gateway": "", "efi/SecureBoot": "00"}

    @contextlib.contextmanager
    def stage(self, name):
        begun = time.monotonic()
        yield
        self.spent[name] = self.spent.get(name, 0) + time.monotonic() - begun

    async def live(self, after):
        """Starts, and again when a boot fails; arrived is true at the end or it is lost."""
        await asyncio.sleep(after)
        begun = time.monotonic()
        while not self.arrived and self.starts < STARTS:
            self.starts += 1
            self.spent = {}
            try:
                await self.boot()
                self.arrived = True
            except (Failed, TransferError, ipxe.Ended) as error:
                kind = "given up by a script" if isinstance(error, ipxe.Ended) else "failed before the script"
                self.counts[f"{kind}: {error}"] += 1
                self.floor.given_up += isinstance(error, ipxe.Ended)
                await asyncio.sleep(RESTART_SECONDS)
        self.spent["total"] = time.monotonic() - begun
        self.floor.over(self)

    async def boot(self):
        with self.stage("dhcp"):
            offer = await self.firmware_dhcp()
        with self.stage("tftp"):
            if await tftp(self.address, lab.SERVER, offer["file"], self.counts) != self.floor.loader:
                raise Failed("another loader than the appliance's")
        with self.stage("dhcp of ipxe"):
            offer = await self.ipxe_dhcp()
        script, begun = ipxe.Script(self, self.counts), time.monotonic()
        images = await script.run(offer["file"])
        self.spent["script"] = time.monotonic() - begun - self.spent["kernel"] - self.spent["initrd"]
        if (images.get("kernel"), images.get("initrd")) != self.floor.sizes:
            raise Failed("kernel or initrd of another size")
        with self.stage("first contact"):
            await self.first_contact(dict(w.partition("=")[::2] for w in script.command_line.split()))

    # ---- DHCP ----

    async def ask(self, send, xid, waits, enough):
        """Answers to what send() says, said again after each of waits, until enough(answers, seconds since the first)."""
        queue, answers, begun = self.floor.wire.listen(xid), [], time.monotonic()
        try:
            for turn, wait in enumerate(waits):
                self.counts["dhcp asked again"] += turn > 0
                send()
                end = time.monotonic() + wait
                while (left := end - time.monotonic()) > 0 and not enough(answers, time.monotonic() - begun):
                    with contextlib.suppress(asyncio.TimeoutError):
                        answers.append(await asyncio.wait_for(queue.get(), left))
                if enough(answers, time.monotonic() - begun):
                    return answers
        finally:
            self.floor.wire.forget(xid)
        raise Failed("no answer by DHCP")

    async def take_lease(self, offer, user_class, waits):
        xid, data = dhcp.question(lab.REQUEST, self, user_class, offer=offer)
        answers = await self.ask(lambda: self.floor.wire.broadcast(self.mac, data), xid, waits,
                                 lambda all, _: any(a["type"] == dhcp.ACK and a["yiaddr"] != "0.0.0.0" for a in all))
        address = next(a["yiaddr"] for a in answers if a["type"] == dhcp.ACK and a["yiaddr"] != "0.0.0.0")
        self.floor.take_address(address, self)
        self.address = address

    async def firmware_dhcp(self):
        """The offer that names the loader. EDK2 collects offers for all of a turn; beside another server it asks port 4011 then."""
        xid, data = dhcp.question(lab.DISCOVER, self)
        offers = await self.ask(lambda: self.floor.wire.broadcast(self.mac, data), xid, FIRMWARE_WAITS,
                                lambda all, age: age >= FIRMWARE_WAITS[0] - 0.1 and lease_of(all) and boot_of(all))
        await self.take_lease(lease_of(offers), None, FIRMWARE_WAITS)
        if self.floor.full:
            return boot_of(offers)
        xid, data = dhcp.question(lab.REQUEST, self, ciaddr=self.address)
        return boot_of(await self.ask(lambda: self.floor.wire.ask_4011(self.address, lab.SERVER, data), xid, FIRMWARE_WAITS,
                                      lambda all, _: boot_of(all)))

    async def ipxe_dhcp(self):
        """iPXE does not wait for long for a second offer, and without a script's address it has nothing to boot."""
        xid, data = dhcp.question(lab.DISCOVER, self, "iPXE")
        offers = await self.ask(lambda: self.floor.wire.broadcast(self.mac, data), xid, IPXE_WAITS,
                                lambda all, age: lease_of(all) and (boot_of(all) or age > PROXY_WAIT))
        await self.take_lease(lease_of(offers), "iPXE", IPXE_WAITS)
        if not boot_of(offers):
            raise Failed("iPXE heard no script's address in its two seconds")
        return boot_of(offers)

    # ---- the fixer ----

    async def first_contact(self, told):
        """A session with the token of the command line. The fixer tries again, with growing pauses."""
        place = told["netmend.url"].removeprefix("https://")
        body = json.dumps(self.hello(told["netmend.token"])).encode()
        ask = (f"POST /v1/sessions HTTP/1.1\r\nHost: {place}\r\nUser-Agent: netmend-fixer/wave\r\nConnection: close\r\n"
               f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
        for turn in range(FIXER_TRIES):
            try:
                answer = await asyncio.wait_for(self.call(place, ask), 30)
            except (OSError, asyncio.TimeoutError):
                answer = b"no answer"
            if answer.split()[1:2] == [b"200"]:
                return
            self.counts[f"first contact again: {answer[:40].decode('latin-1')}"] += 1
            await asyncio.sleep(1 + turn)
        raise Failed("no first contact")

    async def call(self, place, ask):
        name, _, port = place.partition(":")
        reader, writer = await asyncio.open_connection(name, int(port), ssl=TLS, local_addr=(self.address, 0))
        try:
            writer.write(ask)
            return await reader.readline()
        finally:
            writer.transport.abort()

    def hello(self, token):
        return {"v": 1, "token": token, "boot_id": str(uuid.uuid4()), "key": base64.b64encode(os.urandom(32)).decode(),
                "fixer": "0.1.0", "dry_run": False,
                "machine": {"uuid": str(self.uuid), "serial": self.serial, "asset": "", "firmware": "uefi",
                            "manufacturer": "Wave & Co", "product": "Desk PC", "macs": [self.mac]},
                "disks": [{"name": "nvme0n1", "size": 1 << 38, "sector": 512, "model": "WAVE", "serial": "D" + self.serial,
                           "id": str(uuid.UUID(int=self.uuid.int + 1)).upper()}],
                "volumes": [{"disk": 0, "partition": 3, "start": 1 << 20, "size": 1 << 37, "kind": "ntfs", "reason": "OK", "id": "",
                             "method": "", "state": "", "suspended": False, "protectors": []}]}


TLS = ssl.create_default_context()
TLS.check_hostname, TLS.verify_mode = False, ssl.CERT_NONE  # the pin is the fixer's own test


def lab_netmask():
    return "255.255.240.0"


def lease_of(offers):
    return next((o for o in offers if o["type"] == dhcp.OFFER and o["yiaddr"] != "0.0.0.0"), None)


def boot_of(answers):
    return next((a for a in answers if a["file"]), None)
