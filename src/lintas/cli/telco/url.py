"""`lintas telco url`: check a web address against a list without telling which one."""

import base64
import os
import secrets
import sys
from pathlib import Path
from typing import NamedTuple

import click
import httpx
import msgspec

from lintas.model.errors import BadInput, CheckFailed, Unavailable
from lintas.model.times import SystemClock
from lintas.telco.names import wire
from lintas.telco.names.entries import listable, read
from lintas.telco.names.hashes import Hashes, row_of
from lintas.telco.names.inquiry import LONGEST_LIST, Inquiry, Listing, PrefixList, inquire

_TIMEOUT = 20.0
_LIST = "/telco/v1/hashList/lintas-4b"
_SEARCH = "/telco/v1/hashes:search"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found; ``asked`` is how many prefixes a server saw, ``list`` the version of the prefix list (hexadecimal)."""

    url: str
    listed: bool
    found: tuple[Listing, ...]
    asked: int
    list: str


class _Kept(NamedTuple):
    """The client's copy of a list, and the secret that chooses the companions."""

    prefixes: PrefixList
    secret: bytes


@click.command("url")
@click.argument("url")
@click.option("--server", help="A server of `lintas telco names`, or a node.")
@click.option(
    "--entries", "entries_file", type=click.Path(path_type=Path), help="Instead: entries, one in JSON a line."
)
@click.option(
    "--list",
    "list_file",
    type=click.Path(path_type=Path),
    help="Keep the prefix list here: later checks fetch changes only.",
)
def url(url: str, server: str | None, entries_file: Path | None, list_file: Path | None) -> None:
    """Check whether URL is listed. Exit 1 where it is.

    The prefix list alone clears most addresses; for the others the server sees eight listed prefixes for each one meant.
    """
    if server is not None and entries_file is None:
        checked = _at_server(url, server, list_file)
    elif entries_file is not None and server is None:
        checked = _at_home(url, entries_file)
    else:
        raise BadInput("exactly one of --server and --entries is needed", "say where the list is")
    click.echo(msgspec.json.format(msgspec.json.encode(checked), indent=1).decode())
    sys.exit(1 if checked.listed else 0)


def _at_home(url: str, entries_file: Path) -> Checked:
    now = SystemClock().now()
    hashes = Hashes(row_of(entry) for entry in listable(read(entries_file), now).entries)
    question = inquire(url, PrefixList(hashes.prefix_list), bytes(32))
    answer = wire.Answer(tuple(hashes.search(question.ask, now.timestamp())), 0)
    return _checked(question, answer, 0, hashes.version)


def _at_server(url: str, server: str, list_file: Path | None) -> Checked:
    if not server.startswith(("http://", "https://")):
        raise BadInput(f"{server[:100]!r} is no web address", "begin it with https://", where="--server")
    try:
        with httpx.Client(base_url=server, timeout=_TIMEOUT, follow_redirects=False) as client:
            kept = _fetch(client, list_file)
            question = inquire(url, kept.prefixes, kept.secret)
            answer = wire.Answer((), 0)
            if question.ask:
                query = "&".join(f"hashPrefixes={wire.prefix_text(one)}" for one in question.ask)
                body = _get(client, f"{_SEARCH}?{query}", {}, wire.LONGEST_ANSWER)
                answer = wire.from_json(body or b"", question.ask)
    except (httpx.HTTPError, httpx.InvalidURL) as wrong:
        # The error's own words may quote the address that was asked.
        raise Unavailable(f"the server did not answer ({type(wrong).__name__})", "check --server, try again") from None
    return _checked(question, answer, len(question.ask), kept.prefixes.version)


def _checked(question: Inquiry, answer: wire.Answer, asked: int, version: bytes) -> Checked:
    found = question.conclude(answer)
    return Checked(url=question.url, listed=bool(found), found=found, asked=asked, list=version.hex())


def _fetch(client: httpx.Client, list_file: Path | None) -> _Kept:
    old = _read(list_file) if list_file else None
    headers = {}
    if old is not None:
        headers["if-none-match"] = f'"{base64.urlsafe_b64encode(old.version[:18]).decode("ascii")}"'
    body = _get(client, _LIST, headers, LONGEST_LIST)
    prefixes = old if body is None and old is not None else PrefixList(body or b"")
    if list_file is None:
        return _Kept(prefixes, secrets.token_bytes(32))
    if prefixes is not old:
        _write(list_file, prefixes.data)
    return _Kept(prefixes, _secret(list_file.with_name(list_file.name + ".secret")))


def _get(client: httpx.Client, path: str, headers: dict[str, str], limit: int) -> bytes | None:
    """Read at most ``limit`` bytes; None where nothing changed."""
    with client.stream(
        "GET", path, headers={"accept": "application/json, application/octet-stream", **headers}
    ) as answer:
        if answer.status_code == httpx.codes.NOT_MODIFIED:
            return None
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(f"the server answered {answer.status_code}", "check --server")
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > limit:
                raise CheckFailed("the server's answer is too long", "ask another server")
    return bytes(body)


def _read(list_file: Path) -> PrefixList | None:
    try:
        return PrefixList(list_file.read_bytes())
    except (OSError, CheckFailed):
        return None


def _write(file: Path, data: bytes) -> None:
    try:
        new = file.with_name(file.name + ".new")
        new.write_bytes(data)
        new.replace(file)
    except OSError as wrong:
        raise BadInput(f"{file} cannot be written: {wrong.strerror}", "name a file in a directory of yours") from None


def _secret(file: Path) -> bytes:
    """Return the secret beside a kept list; made on first use, so that the same question keeps the same companions."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
            made.write(secrets.token_bytes(32))
    except FileExistsError:
        pass
    except OSError as wrong:
        raise BadInput(f"{file} cannot be written: {wrong.strerror}", "name a file in a directory of yours") from None
    found = file.read_bytes()
    if len(found) != 32:
        raise BadInput(f"{file.name} does not hold 32 bytes", "remove it; it is made anew")
    return found
