"""The sockets of the SIP face: one address over UDP and TCP, framing by Content-Length, idle and greedy connections ended."""

import asyncio
import contextlib
import ctypes
import logging
import re
import socket
import struct
from functools import lru_cache
from typing import cast

from lintas.gateway.sip.face import SipFace, Verdicts
from lintas.gateway.sip.settings import SipSettings
from lintas.interop.sip.message import MAX_HEAD, MAX_MESSAGE
from lintas.model.errors import Unavailable
from lintas.telco.records import Trunk

_log = logging.getLogger("lintas.gateway.sip.face")

#: A message that began must be whole within this, in seconds.
WHOLE_SECONDS = 10.0
#: Connections from one address; a front needs a handful.
PER_SOURCE = 64
#: Connections from sources that may not ask, all together: long enough open to hear 403.
STRANGERS = 8
#: Answers that a connection does not take up to this many bytes end it.
MAX_UNSENT = 1 << 20
SOCKET_BUFFER = 4 << 20
SO_ATTACH_FILTER = 26

_LENGTH = re.compile(rb"\r\n(?:content-length|l)[ \t]*:[ \t]*(\d{1,9})[ \t]*(?=\r\n)", re.IGNORECASE)


class _Datagram:
    """Where datagrams come from."""

    __slots__ = ("_address", "_transport", "host", "port", "trunk")
    reliable = False

    def __init__(self, transport: asyncio.DatagramTransport, address: tuple[str, int], trunk: Trunk | None) -> None:
        self._transport, self._address, self.trunk = transport, address, trunk
        self.host, self.port = address[0], address[1]

    def send(self, data: bytes, port: int) -> None:
        address = self._address if port == self.port else (self.host, port, *self._address[2:])
        self._transport.sendto(data, address)


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, face: SipFace) -> None:
        self._face = face
        self._transport: asyncio.DatagramTransport | None = None
        # A switch sends from few ports.
        self._sender = lru_cache(maxsize=4096)(self._sender_at)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        # Port 0 cannot be answered, and a few octets (CRLF, zeros) only keep a way through a firewall open.
        if addr[1] and len(data) > 4:
            self._face.take(data, self._sender(addr))

    def _sender_at(self, address: tuple[str, int]) -> _Datagram:
        assert self._transport is not None  # noqa: S101 — a datagram came through it
        return _Datagram(self._transport, address, self._face.trunk_of(address[0]))

    def error_received(self, exc: Exception) -> None:
        self._face.counts["unsent"] += 1


class _Tcp(asyncio.Protocol):
    """One connection: takes whole messages out of the stream (RFC 3261 §18.3), answers pings (RFC 5626 §3.5.1)."""

    reliable = True

    def __init__(self, server: "SipServer") -> None:
        self._server, self._face = server, server.face
        self._held = bytearray()
        self._transport: asyncio.Transport | None = None
        self.host, self.port = "", 0
        self.trunk: Trunk | None = None
        self.last = self.began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.host, self.port = self._transport.get_extra_info("peername")[:2]
        self.trunk = self._face.trunk_of(self.host)
        self.last = asyncio.get_running_loop().time()
        self._transport.set_write_buffer_limits(high=MAX_UNSENT)
        if not self._server.admit(self):
            self._face.counts["connections_refused"] += 1
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.forget(self)

    def pause_writing(self) -> None:
        """End a connection that asks and does not listen."""
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self.last = asyncio.get_running_loop().time()
        self._held += data
        while self._held and self._transport is not None and not self._transport.is_closing():
            if self._held[:1] in b"\r\n":
                if not self._ping():
                    break
            elif not self._message():
                break
        if not self._held.strip(b"\r\n"):
            self.began = 0.0
        elif not self.began:
            self.began = self.last

    def send(self, data: bytes, port: int) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """End the connection after what was written."""
        if self._transport is not None:
            self._transport.close()

    def _ping(self) -> bool:
        """Take leading line ends: two are a ping and get one back; one before a message is nothing (§7.5)."""
        if self._held.startswith(b"\r\n\r\n"):
            del self._held[:4]
            self.send(b"\r\n", self.port)
            return True
        if bytes(self._held) in {b"\r", b"\r\n", b"\r\n\r"}:
            return False
        del self._held[: 2 if self._held.startswith(b"\r\n") else 1]
        return True

    def _message(self) -> bool:
        """Hand on one whole message; False when more of it must come, or the stream is lost."""
        end = self._held.find(b"\r\n\r\n", 0, MAX_HEAD + 4)
        if end < 0:
            if len(self._held) > MAX_HEAD:
                self._lost(bytes(self._held[:MAX_HEAD]) + b"\r\n\r\n")
            return False
        lengths = _LENGTH.findall(self._held[: end + 2])
        length = int(lengths[0]) if len(lengths) == 1 else -1
        whole = end + 4 + max(length, 0)
        if length < 0 or whole > MAX_MESSAGE:
            # Where the message ends is not known (or too far away): after this nothing can be read.
            self._lost(bytes(self._held[: end + 4]))
            return False
        if len(self._held) < whole:
            return False
        message = bytes(self._held[:whole])
        del self._held[:whole]
        self.began = 0.0
        self._face.take(message, self)
        if self.trunk is None:
            self.close()
            return False
        return True

    def _lost(self, head: bytes) -> None:
        self._face.take(head, self)
        self.close()


class SipServer:
    """The SIP face at its address: ``await start()`` opens UDP and TCP, ``await stop()`` ends calls in hand and closes."""

    def __init__(self, verdicts: Verdicts, settings: SipSettings) -> None:
        self.settings, self.face = settings, SipFace(verdicts, settings)
        self.port = settings.port
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._open: set[_Tcp] = set()
        self._beat: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Return host:port with the port that was taken."""
        host = self.settings.host
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    async def start(self) -> None:
        """Open the address; Unavailable when it cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            self._tcp = await loop.create_server(
                lambda: _Tcp(self), self.settings.host, self.settings.port, backlog=256
            )
            self.port = self._tcp.sockets[0].getsockname()[1]
            family = self._tcp.sockets[0].family
            sock = socket.socket(family, socket.SOCK_DGRAM)
            sock.setblocking(False)
            if family == socket.AF_INET6:
                # As over TCP: an address of version 6 takes no calls of version 4.
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            prepare(sock)
            sock.bind((self.settings.host, self.port))
            self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self.face), sock=sock)
        except OSError as wrong:
            await self.stop()
            what = f"cannot listen on {self.address}: {wrong.strerror or wrong}"
            raise Unavailable(what, "end what listens there, or take another port") from None
        self._beat = asyncio.create_task(self._beating())
        _log.info("SIP is open", extra={"address": self.address})

    async def stop(self) -> None:
        """Answer what is being looked at, then close; within the deadline of a verdict."""
        if self._tcp is not None:
            self._tcp.close()
        await self.face.drain()
        if self._beat is not None:
            self._beat.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beat
        for connection in list(self._open):
            connection.close()
        if self._udp is not None:
            self._udp.close()
        _log.info("SIP is closed", extra={"counts": dict(self.face.counts)})

    def admit(self, connection: _Tcp) -> bool:
        """Take a new connection in, unless there are too many of them."""
        same = sum(each.host == connection.host for each in self._open)
        strange = sum(each.trunk is None for each in self._open)
        if len(self._open) >= self.settings.connections or same >= PER_SOURCE:
            return False
        if connection.trunk is None and strange >= STRANGERS:
            return False
        self._open.add(connection)
        return True

    def forget(self, connection: _Tcp) -> None:
        """Let a closed connection go."""
        self._open.discard(connection)

    async def _beating(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(1.0)
            self.face.tick()
            now = loop.time()
            for each in list(self._open):
                if now - each.last > self.settings.idle_seconds or (each.began and now - each.began > WHOLE_SECONDS):
                    self.face.counts["connections_idle"] += 1
                    each.close()


def prepare(sock: socket.socket) -> None:
    """Ask for room for a burst of datagrams, and let the kernel take ACKs away; each only where the system allows it.

    An ACK ends a matter and asks for nothing, and every call brings one: half of all datagrams would wake us for nothing.
    """
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER)
    # A classic BPF program (Linux): load the four octets behind the UDP header; if they are "ACK ", keep 0 octets, else all.
    program = struct.pack(
        "HBBI" * 4,
        *(0x20, 0, 0, 8),
        *(0x15, 0, 1, int.from_bytes(b"ACK ")),
        *(0x06, 0, 0, 0),
        *(0x06, 0, 0, 0xFFFF_FFFF),
    )
    held = ctypes.create_string_buffer(program)
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 4, ctypes.addressof(held)))
