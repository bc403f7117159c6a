"""The door of a gateway for names: an address that is taken before a long list is read, and a server without any access log."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from lintas.model.errors import BadInput, Unavailable


def bound(host: str, port: int) -> socket.socket:
    """Open the door; BadInput for an address that is not loopback, Unavailable for one that is taken."""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise BadInput(f"{host[:60]!r} is no loopback address", "put a proxy with TLS in front", where="--host")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        door = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as wrong:
        raise Unavailable(f"{host}:{port} cannot be opened: {wrong.strerror}", "choose another port") from None
    # What is accepted inherits it; without it each answer waits 40 ms for an ACK.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return door


def address(door: socket.socket) -> str:
    """Return a door's address as a URL."""
    host, port = door.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


async def serve(app: ASGIApp, door: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        # A question's prefixes stand in its address: no log may have them.
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=1000,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=1,
    )
    await _Server(config).serve(sockets=[door])


class _Server(uvicorn.Server):
    """Ends with exit code 0 when it is told to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal without raising it again."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
