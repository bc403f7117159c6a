"""`lintas telco names`: serve blocked names to programs and people, from files that may change meanwhile."""

import asyncio
import contextlib
import socket
from pathlib import Path

import click

from lintas.cli.telco.names_options import ENTRIES, about, tell_left_out
from lintas.gateway.names.book import Files, Settings, Shelf
from lintas.gateway.names.feed import Feed
from lintas.gateway.names.routes import keep_fresh, names_app
from lintas.gateway.names.server import address, bound, serve
from lintas.gateway.reaching import read_key
from lintas.model.errors import Unavailable
from lintas.model.times import SystemClock


@click.command("names")
@ENTRIES
@click.option(
    "--senders", "senders_file", type=click.Path(path_type=Path), help="Registrations of sender IDs, JSON lines."
)
@click.option("--from", "source", metavar="URL", help="Keep the file of entries as this address publishes it.")
@click.option("--key-file", type=click.Path(path_type=Path), help="A file with the API key for that address.")
@click.option("--trust", type=click.Path(path_type=Path), help="The certificate (PEM) to trust for that address.")
@about
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address; TLS is the proxy's in front.")
@click.option("--port", type=click.IntRange(0, 65535), default=8085, show_default=True, help="0 takes a free one.")
def names(
    entries_file: Path,
    senders_file: Path | None,
    source: str | None,
    key_file: Path | None,
    trust: Path | None,
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
    feed = _feed(source, entries_file, key_file, trust) if source is not None else None
    with bound(host, port) as door:
        if feed is not None and not feed.fetch() and not entries_file.exists():
            raise Unavailable(f"there is no list yet: {feed.problem}", "check the address, or give a file")
        shelf = Shelf(Files(entries_file, senders_file), settings, SystemClock().now)
        tell_left_out(shelf.book.left_out)
        asyncio.run(_serve(shelf, door, feed))


def _feed(source: str, entries_file: Path, key_file: Path | None, trust: Path | None) -> Feed:
    key = read_key(key_file, "--key-file") if key_file is not None else ""
    return Feed(source, entries_file, key=key, trust=trust)


async def _serve(shelf: Shelf, door: socket.socket, feed: Feed | None) -> None:
    fresh = asyncio.create_task(keep_fresh(shelf, feed))
    click.echo(f"ready names {address(door)} ({len(shelf.book.hashes):,} names)")
    try:
        await serve(names_app(shelf), door)
    finally:
        fresh.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await fresh
        if feed is not None:
            feed.close()
