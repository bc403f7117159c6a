"""`lintas telco names`: serve blocked names to programs and people, from files that may change meanwhile."""

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import click
import uvicorn

from lintas.cli.telco.names_options import ENTRIES, about, tell_left_out
from lintas.gateway.names.book import Files, Settings, Shelf
from lintas.gateway.names.routes import keep_fresh, names_app
from lintas.model.errors import BadInput, Unavailable
from lintas.model.times import SystemClock


@click.command("names")
@ENTRIES
@click.option(
    "--senders", "senders_file", type=click.Path(path_type=Path), help="Registrations of sender IDs, JSON lines."
)
@about
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address; TLS is the proxy's in front.")
@click.option("--port", type=click.IntRange(0, 65535), default=8085, show_default=True, help="0 takes a free one.")
def names(
    entries_file: Path,
    senders_file: Path | None,
    owner: str,
    contest: str,
    zone: str,
    block_host: str,
    block_ip: str,
    host: str,
    port: int,
) -> None:
    """Serve blocked names until Ctrl-C or SIGTERM: the hash check, exports, sender IDs and block pages.

    Files that change are read again within two seconds; one that cannot be read leaves the last lists in place.
    """
    settings = Settings(owner=owner, contest=contest, zone=zone, block_host=block_host, block_ip=block_ip)
    with _bound(host, port) as door:
        shelf = Shelf(Files(entries_file, senders_file), settings, SystemClock().now)
        tell_left_out(shelf.book.left_out)
        asyncio.run(_serve(shelf, door))


def _bound(host: str, port: int) -> socket.socket:
    """Open the door, or say that the address is taken, before a long list is read."""
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


class _Server(uvicorn.Server):
    """Ends with exit code 0 when it is told to stop."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and Ctrl-C, without raising them again."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _serve(shelf: Shelf, door: socket.socket) -> None:
    config = uvicorn.Config(
        names_app(shelf),
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
    fresh = asyncio.create_task(keep_fresh(shelf))
    host, port = door.getsockname()[:2]
    click.echo(f"ready names http://{f'[{host}]' if ':' in host else host}:{port} ({len(shelf.book.hashes):,} names)")
    try:
        await _Server(config).serve(sockets=[door])
    finally:
        fresh.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await fresh
