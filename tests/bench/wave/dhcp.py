# SPDX-License-Identifier: GPL-3.0-or-later
"""DHCP of many machines through one packet socket: each frame has the machine's own hardware address, as on a switch."""
import asyncio
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../module"))

import appliance_lab as lab  # noqa: E402

OFFER, ACK = 2, 5
ETH_IP, RTM_NEWADDR, IFA_LOCAL, IP_PKTINFO = 0x0800, 20, 2, 8
REQUEST_ACK_CREATE = 0x405  # NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def broadcast_frame(mac, payload):
    """Ethernet, IPv4 and UDP from 0.0.0.0:68 to everybody's port 67; UDP's checksum is left out, as RFC 768 allows."""
    udp = struct.pack("!4H", 68, 67, 8 + len(payload), 0) + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return b"\xff" * 6 + mac + struct.pack("!H", ETH_IP) + header + udp


def question(kind, machine, user_class=None, ciaddr="0.0.0.0", offer=None):
    """(xid, message). offer: the one that a REQUEST takes."""
    return lab.make_packet(kind, machine.mac, lab.pxe(7), 7, user_class, ciaddr, machine.uuid, offer)


class Wire:
    """Sends what machines ask, and gives each the answers to its own questions."""

    def __init__(self, interface):
        self.index, self.waiting = socket.if_nametoindex(interface), {}
        self.out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.out.bind((interface, 0))
        self.answers = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.answers.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
        self.answers.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)  # SO_RCVBUFFORCE: no loss but the network's
        self.answers.bind(("0.0.0.0", 68))
        self.answers.setblocking(False)
        self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        asyncio.get_running_loop().add_reader(self.answers, self.heard)

    def close(self):
        asyncio.get_running_loop().remove_reader(self.answers)
        for s in (self.out, self.answers, self.netlink):
            s.close()

    def heard(self):
        try:
            while True:
                data = self.answers.recv(4096)
                if len(data) > 240 and (queue := self.waiting.get(data[4:8])):
                    queue.put_nowait(lab.parse_reply(data))
        except BlockingIOError:
            pass

    def listen(self, xid):
        """The queue of the answers to xid, until forget()."""
        queue = self.waiting[struct.pack("!I", xid)] = asyncio.Queue()
        return queue

    def forget(self, xid):
        self.waiting.pop(struct.pack("!I", xid), None)

    def broadcast(self, mac, data):
        self.out.send(broadcast_frame(bytes.fromhex(mac.replace(":", "")), data))

    def ask_4011(self, address, server, data):
        source = struct.pack("=i4s4s", 0, socket.inet_aton(address), bytes(4))
        self.answers.sendmsg([data], [(socket.IPPROTO_IP, IP_PKTINFO, source)], 0, (server, 4011))

    def take_address(self, address):
        """The interface has it from here on."""
        body = struct.pack("=BBBBi", socket.AF_INET, 32, 0, 0, self.index) + struct.pack("=HH4s", 8, IFA_LOCAL, socket.inet_aton(address))
        self.netlink.send(struct.pack("=IHHII", 16 + len(body), RTM_NEWADDR, REQUEST_ACK_CREATE, 1, 0) + body)
        error = -struct.unpack("=i", self.netlink.recv(4096)[16:20])[0]
        if error:
            raise OSError(error, f"address {address}: {os.strerror(error)}")
