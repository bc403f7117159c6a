"""What really goes over the wire of this machine: packets on loopback, read from a raw socket and put together."""

import contextlib
import ctypes
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import NamedTuple

_ALL, _SO_ATTACH_FILTER = 0x0003, 26
_HEADERS_IPV4, _TCP = 0x0800, 6


class Way(NamedTuple):
    """One direction of one connection, by ports."""

    source: int
    target: int


class Captured:
    """Every TCP byte on loopback, by direction of a connection."""

    def __init__(self) -> None:
        self._parts: defaultdict[Way, dict[int, bytes]] = defaultdict(dict)

    def take(self, frame: bytes) -> None:
        kind = int.from_bytes(frame[12:14])
        if kind != _HEADERS_IPV4 or len(frame) < 54 or frame[23] != _TCP:
            return
        ip = frame[14 : 14 + int.from_bytes(frame[16:18])]
        segment = ip[(ip[0] & 15) * 4 :]
        source, target, seq = struct.unpack(">HHI", segment[:8])
        payload = segment[(segment[12] >> 4) * 4 :]
        if payload:
            self._parts[Way(source, target)][seq] = payload

    def said(self, port: int) -> list[bytes]:
        """Return what was sent from a port, connection by connection, in order."""
        ways = [way for way in self._parts if way.source == port]
        return [b"".join(self._parts[way][seq] for seq in sorted(self._parts[way])) for way in ways]


def _from_ports(ports: Collection[int]) -> list[tuple[int, int, int, int]]:
    """Return a filter for the kernel (classic BPF): TCP over IPv4 that was sent from one of these ports."""
    miss, listed = len(ports), sorted(ports)
    program = [
        (0x28, 0, 0, 12),  # the frame's kind
        (0x15, 0, miss + 4, _HEADERS_IPV4),
        (0x30, 0, 0, 23),  # what IP carries
        (0x15, 0, miss + 2, _TCP),
        (0xB1, 0, 0, 14),  # how long IP's head is
        (0x48, 0, 0, 14),  # the port behind it
    ]
    program += [(0x15, miss - n, 0, port) for n, port in enumerate(listed)]
    return [*program, (0x06, 0, 0, 0), (0x06, 0, 0, 0x40000)]


def _attach(raw: socket.socket, ports: Collection[int]) -> None:
    program = b"".join(struct.pack("HBBI", *step) for step in _from_ports(ports))
    kept = ctypes.create_string_buffer(program)
    raw.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(program) // 8, ctypes.addressof(kept)))


@contextlib.contextmanager
def capturing(ports: Collection[int]) -> Iterator[Captured]:
    """Capture what is sent from these ports on loopback while this lasts; PermissionError where this process may not."""
    captured, stop = Captured(), threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL)) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        _attach(raw, ports)
        raw.bind(("lo", 0))
        raw.settimeout(0.2)

        def read() -> None:
            while True:
                try:
                    captured.take(raw.recv(65_600))
                except TimeoutError:
                    if stop.is_set():
                        return

        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        try:
            yield captured
        finally:
            stop.set()
            thread.join(10)
