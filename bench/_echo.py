"""What Python costs a call before anything is read: a bare uvloop endpoint that sends each INVITE back under a 302."""

import asyncio
import socket

import uvloop

from lintas.gateway.sip.transport import prepare


class _Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._transport.sendto(b"SIP/2.0 302 Moved" + data[data.find(b"\r\n") :], addr)  # type: ignore[attr-defined]


async def _serve() -> None:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    prepare(sock)
    sock.bind(("127.0.0.1", 0))
    await asyncio.get_running_loop().create_datagram_endpoint(_Echo, sock=sock)
    print(f"ready 127.0.0.1:{sock.getsockname()[1]}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_serve())
