"""What really goes over the wire of this machine: packets on loopback, read from a raw socket and put together."""

import contextlib
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

_ALL = 0x0003
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
        if kind != _HEADERS_IPV4 or frame[23] != _TCP:
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


@contextlib.contextmanager
def capturing() -> Iterator[Captured]:
    """Capture loopback for as long as this lasts; PermissionError where this process may not."""
    captured, stop = Captured(), threading.Event()
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL)) as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
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
