"""Names: the hash check on a list of 1,000,000, beside a dict and SQLite, over HTTP, and how often a client must ask at all."""

import asyncio
import hashlib
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from starlette.types import Receive, Scope, Send

from bench import Figure, one_core, row
from lintas.gateway.names.book import Shelf
from lintas.gateway.names.search import Search
from lintas.gateway.names.server import address, serve
from lintas.telco.names import urls, wire
from lintas.telco.names.hashes import HASH, Hashes, Row, prefix_of, row_of
from lintas.telco.names.inquiry import PrefixList, inquire
from lintas.telco.records import Entry

NAMES = 1_000_000
#: Prefixes of one question: one that is meant and seven companions.
ASKED = 8
_FAR = 2**32 - 1


def table(names: int = NAMES) -> Hashes:
    """Make a table of as many hashes; their names do not matter to it."""
    digests = (hashlib.sha256(number.to_bytes(8, "big")).digest() for number in range(names))
    return Hashes(Row(digest, "SOCIAL_ENGINEERING", "a" * 16, _FAR) for digest in digests)


def measure() -> list[Figure]:
    """Measure on one core."""
    with one_core():
        began = time.perf_counter()
        hashes = table()
        built = time.perf_counter() - began
        figures = [row("names: a table of 1,000,000 from their hashes", built, "s")]
        figures += _entries()
        known = PrefixList(hashes.prefix_list)
        figures += _clients(known)
        figures += _peers(hashes)
    return [*figures, *_over_http()]


def _entries() -> list[Figure]:
    entries = [
        Entry(
            id="a" * 16, subject="url", value=f"http://shop-{number}.xc/p/{number}?a={number}", kind="blocked",
            owner="XA", reason="r", listed="2026-01-01T00:00:00Z", expires="2099-01-01T00:00:00Z",
        )
        for number in range(20_000)
    ]  # fmt: skip
    rate = _rate(lambda: [row_of(entry) for entry in entries]) * len(entries)
    canonical = _rate(lambda: [urls.canonical(entry.value) for entry in entries]) * len(entries)
    return [
        row("names: entries hashed", rate, "/s", 10_000),
        row("names: addresses made canonical", canonical, "/s"),
    ]


def _clients(known: PrefixList) -> list[Figure]:
    """Count the addresses, none of them listed, for which a client has to ask."""
    tries, secret = 20_000, bytes(32)
    asked = sum(
        bool(inquire(f"http://www.honest-{number}.xb/a/b?c={number}", known, secret).ask) for number in range(tries)
    )
    return [
        row("names: prefix list of 1,000,000 names that a client keeps", len(known.data) / 1e6, "MB"),
        row("names: unlisted addresses, of 8 expressions each, that ask at all", 100 * asked / tries, "%", 1),
        row("names: unlisted addresses that would ask, by arithmetic (8 x 1,000,000 / 2^32)", 800 * NAMES / 2**32, "%"),
        row("names: listed names that share a prefix with another", 100 * (1 - len(known) / NAMES), "%"),
    ]


def _peers(hashes: Hashes) -> list[Figure]:
    digests = [hashes._digests[place : place + HASH] for place in range(0, NAMES * HASH, HASH)]
    questions = [
        [prefix_of(digests[(base + step * 7919) % NAMES]) for step in range(ASKED)] for base in range(0, 200_000, 100)
    ]
    ours = _questions(questions, lambda question: len(hashes.search(question, 1.0)))
    by_prefix: dict[int, list[bytes]] = {}
    for digest in digests:
        by_prefix.setdefault(prefix_of(digest), []).append(digest)
    plain = _questions(questions, lambda question: sum(len(by_prefix.get(one, ())) for one in question))
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE names (prefix INTEGER, digest BLOB)")
    database.executemany("INSERT INTO names VALUES (?, ?)", ((prefix_of(digest), digest) for digest in digests))
    database.execute("CREATE INDEX by_prefix ON names (prefix)")
    ask = "SELECT digest FROM names WHERE prefix IN (?, ?, ?, ?, ?, ?, ?, ?)"
    stored = _questions(questions, lambda question: len(database.execute(ask, question).fetchall()))
    taken = hashes.size / 1e6
    return [
        row("names: questions of eight prefixes, in the process", ours, "/s", 10_000),
        row("names: the same against SQLite in memory", ours / stored, "x", 0.5),
        row("names: the same against a dict of Python, which takes some 300 MB", ours / plain, "x"),
        row("names: memory of the table", taken, "MB", 100),
    ]


def _questions(questions: Sequence[list[int]], ask: Callable[[list[int]], int]) -> float:
    def whole() -> None:
        for question in questions:
            assert ask(question) >= ASKED

    return _rate(whole) * len(questions)


def _rate(work: Callable[[], object]) -> float:
    """Return how often a second the work is done, the best of three."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return 1 / min(took)


def answer_questions(door: socket.socket) -> None:
    """Serve the hash check alone, on a table of 1,000,000, until SIGTERM."""
    shelf = SimpleNamespace(book=SimpleNamespace(hashes=table()), now=lambda: datetime.now(UTC))
    print(address(door), flush=True)
    asyncio.run(serve(Search(cast(Shelf, shelf)), door))


async def _plain(scope: Scope, receive: Receive, send: Send) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


def answer_nothing(door: socket.socket) -> None:
    """Serve two bytes by the same server until SIGTERM: what HTTP alone costs."""
    print(address(door), flush=True)
    asyncio.run(serve(_plain, door))


def _over_http() -> list[Figure]:
    wrk = shutil.which("wrk")
    if wrk is None:
        return []
    ours, slow = _served("answer_questions", wrk)
    plain, _ = _served("answer_nothing", wrk)
    return [
        row("names: questions of eight prefixes over HTTP, one core", ours, "/s"),
        row("names: the same beside two bytes from the same server", ours / plain, "x", 0.3),
        row("names: 99 % of the questions, 16 at a time", slow, "ms"),
    ]


def _served(what: str, wrk: str) -> tuple[float, float]:
    """Return answers a second and the milliseconds within which 99 % came, from a server on a core of its own."""
    code = f"import bench.names as n; from lintas.gateway.names.server import bound; n.{what}(bound('127.0.0.1', 0))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            os.sched_setaffinity(server.pid, {max(os.sched_getaffinity(0))})
            url = server.stdout.readline().strip()
            known = [prefix_of(hashlib.sha256(number.to_bytes(8, "big")).digest()) for number in range(ASKED)]
            query = "&".join(f"hashPrefixes={wire.prefix_text(one)}" for one in known)
            command = [wrk, "-t1", "-c16", "-d5s", "--latency", f"{url}/telco/v1/hashes:search?{query}"]
            said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        finally:
            server.terminate()
    number, unit = re.findall(r"99%\s+([\d.]+)(us|ms|s)", said)[0]
    slow = float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]
    return float(re.findall(r"Requests/sec:\s*([\d.]+)", said)[0]), slow
