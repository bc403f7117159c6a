"""`lintas telco names`: serve blocked names to programs and people, from files that may change meanwhile."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from lintas.cli.telco.names_options import ENTRIES, about, tell_left_out
from lintas.gateway.names.book import Files, Settings, Shelf
from lintas.gateway.names.feed import Feed, read_entries
from lintas.gateway.names.registry import SignedRegistry
from lintas.gateway.names.routes import keep_fresh, names_app
from lintas.gateway.names.server import address, bound, serve
from lintas.gateway.reaching import read_key
from lintas.model.errors import BadInput, Unavailable
from lintas.model.times import SystemClock


@click.command("names")
@ENTRIES
@click.option(
    "--senders", "senders_file", type=click.Path(path_type=Path), help="Registrations of sender IDs, JSON lines."
)
@click.option("--from", "source", metavar="URL", help="Keep the file of entries as this address publishes it.")
@click.option("--key-file", type=click.Path(path_type=Path), help="A file with the API key for that address.")
@click.option("--senders-from", metavar="URL", help="Keep the registrations as this address publishes them, signed.")
@click.option("--senders-key", metavar="KEY", multiple=True, help="A key that signs them, as `lintas init` showed it.")
@click.option("--trust", type=click.Path(path_type=Path), help="The certificate (PEM) to trust for that address.")
@about
@click.option("--hotline", default="", help="Where people get help, as the page of the check says it.")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address; TLS is the proxy's in front.")
@click.option("--port", type=click.IntRange(0, 65535), default=8085, show_default=True, help="0 takes a free one.")
def names(
    entries_file: Path,
    senders_file: Path | None,
    source: str | None,
    key_file: Path | None,
    senders_from: str | None,
    senders_key: tuple[str, ...],
    trust: Path | None,
    owner: str,
    contest: str,
    zone: str,
    block_host: str,
    block_ip: str,
    hotline: str,
    host: str,
    port: int,
) -> None:
    """Serve blocked names until Ctrl-C or SIGTERM: the check of links, exports, sender IDs and block pages.

    Files that change are read again within two seconds; one that cannot be read leaves the last lists in place.
    """
    settings = Settings(
        owner=owner, contest=contest, zone=zone, block_host=block_host, block_ip=block_ip, hotline=hotline
    )
    feeds: list[tuple[Feed, Path]] = []
    if source is not None:
        feeds.append((_feed(source, entries_file, key_file, trust, read_entries, "--from"), entries_file))
    if senders_from is not None:
        if senders_file is None:
            raise BadInput("registrations need a file to be kept in", "name one", where="--senders")
        take = SignedRegistry(senders_key)
        feeds.append((_feed(senders_from, senders_file, key_file, trust, take, "--senders-from"), senders_file))
    with bound(host, port) as door:
        for feed, file in feeds:
            if not feed.fetch() and not file.exists():
                raise Unavailable(f"there is no list yet: {feed.problem}", "check the address, or give a file")
        shelf = Shelf(Files(entries_file, senders_file), settings, SystemClock().now)
        tell_left_out(shelf.book.left_out)
        asyncio.run(_serve(shelf, door, [feed for feed, _ in feeds]))


def _feed(
    source: str, file: Path, key_file: Path | None, trust: Path | None, take: Callable[[Path], None], where: str
) -> Feed:
    key = read_key(key_file, "--key-file") if key_file is not None else ""
    return Feed(source, file, key=key, trust=trust, take=take, where=where)


async def _serve(shelf: Shelf, door: socket.socket, feeds: Sequence[Feed]) -> None:
    fresh = asyncio.create_task(keep_fresh(shelf, *feeds))
    click.echo(f"ready names {address(door)} ({len(shelf.book.hashes):,} names)")
    try:
        await serve(names_app(shelf), door)
    finally:
        fresh.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await fresh
        for feed in feeds:
            feed.close()
