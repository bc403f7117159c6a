"""A file of entries that follows an address: what changes, what is broken, and an address that is away."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
from tests.unit.telco.names.listing import entry

from lintas.gateway.names.feed import Feed
from lintas.gateway.names.registry import SignedRegistry
from lintas.model.errors import BadInput
from lintas.telco.names.senders import Registration, read_registry
from lintas.telco.registry import published
from lintas.trust import note
from lintas.trust.keys import Ed25519Signer


class Publisher(ThreadingHTTPServer):
    """Gives one body with its tag to whoever has the key."""

    body = msgspec.json.encode(entry("scam.xb")) + b"\n"
    status = 200
    given = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/names"


class Handler(BaseHTTPRequestHandler):
    server: Publisher

    def do_GET(self) -> None:
        tag = f'"{hashlib.sha256(self.server.body).hexdigest()}"'
        known = self.headers.get("if-none-match") == tag
        status = 401 if self.headers.get("authorization") != "Bearer lk_key" else 304 if known else self.server.status
        self.send_response(status)
        self.send_header("etag", tag)
        self.send_header("location", "http://127.0.0.1:1/")
        self.send_header("content-length", "0" if status == 304 else str(len(self.server.body)))
        self.end_headers()
        if status == 200:
            self.server.given += 1
        if status != 304:
            self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with Publisher(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fails(feed: Feed, why: str = "") -> bool:
    return not feed.fetch() and bool(feed.problem) and why in feed.problem


def test_a_file_follows_its_address(publisher: Publisher, tmp_path: Path) -> None:
    file = tmp_path / "entries.jsonl"
    feed = Feed(publisher.url, file, key="lk_key")
    assert feed.fetch() and file.read_bytes() == publisher.body
    assert not feed.fetch() and not feed.problem and publisher.given == 1
    first = publisher.body
    for broken in (b"{", b'{"x":' + b"[" * 30_000, b"<html>", first[:-20], b"[]\n", b"x" * 70_000):
        publisher.body = broken
        assert fails(feed) and file.read_bytes() == first
    publisher.body = b""  # a list of nothing is one
    assert feed.fetch() and file.read_bytes() == b"" and not feed.problem
    for status in (302, 404, 500):
        publisher.status = status
        publisher.body = first + bytes([10] * status)
        assert fails(feed, str(status))
    feed.close()
    assert [one.name for one in tmp_path.iterdir()] == ["entries.jsonl"]


def test_an_address_that_is_away_or_wants_another_key(publisher: Publisher, tmp_path: Path) -> None:
    file = tmp_path / "entries.jsonl"
    for feed in (
        Feed(publisher.url, file),
        Feed("http://127.0.0.1:1/", file),
        Feed(publisher.url, tmp_path / "no" / "x", key="lk_key"),
    ):
        assert fails(feed)
        feed.close()
    assert not file.exists()


@pytest.mark.parametrize("url", ["http://lists.xa.example/names", "ftp://127.0.0.1/", "names", "", "https://"])
def test_lists_and_keys_do_not_travel_in_clear(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        Feed(url, tmp_path / "entries.jsonl")
    with pytest.raises(BadInput):
        Feed("https://lists.xa.example/", tmp_path / "x", trust=tmp_path / "none.pem")


def test_a_signed_registry_follows_its_address(publisher: Publisher, tmp_path: Path) -> None:
    signer = Ed25519Signer.from_seed("xa-asc/signing", b"s" * 32)
    one = Registration(
        id="a" * 16,
        sender="XATLBank",
        jurisdiction="xa",
        owner="XATL Bank",
        since="2026-03-01T10:07:00Z",
        until="2027-03-01T10:07:00Z",
    )

    def signed(number: int, *found: Registration) -> bytes:
        return published.write(found, authority="xa-asc", number=number, signer=signer)

    file = tmp_path / "senders.jsonl"
    take = SignedRegistry([str(note.ed25519_key(signer.name, signer))])
    feed = Feed(publisher.url, file, key="lk_key", take=take)
    publisher.body = signed(7, one)
    assert feed.fetch() and [each.owner for each in read_registry(file)] == ["XATL Bank"]
    kept = file.read_bytes()
    for bad in (signed(6), kept, signed(8, one)[:-9], signed(8, one).replace(b"XATL Bank", b"Any Texts")):
        publisher.body = bad
        assert fails(feed) and file.read_bytes() == kept
    publisher.body = signed(8)
    assert feed.fetch() and not list(read_registry(file))
    feed.close()
    with pytest.raises(BadInput, match="no key"):
        SignedRegistry([])
