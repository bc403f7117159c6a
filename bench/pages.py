"""What an officer waits for in a node with 100,000 cases: the reads behind the pages, then lists, cases and the first page."""

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from bench import Figure, row
from bench._town import town_of
from bench.start import make_node, served
from lintas.cli.key import issue_key
from lintas.node import home as homes
from lintas.node.assembly import Node
from lintas.node.config import read_config
from lintas.node.tls import trusting
from lintas.node.views import read_case, with_doubts
from lintas.requests.clock_records import ClockKind
from lintas.storage.engine import Transaction, reading

CASES, RUNS, CALLS = 100_000, 60, 120
READ_BAR_MS, PAGE_BAR_MS = 50.0, 300.0
#: The first calls find cold caches; they are not counted.
WARMING = 10
Read = Callable[[Node, Transaction, str], object]
CONFIRM: tuple[ClockKind, ...] = ("confirm",)
#: What the home page and a case's page ask; each gets a case of its own.
READS: dict[str, Read] = {
    "50 bars": lambda node, tx, case: node.chase.bars(tx, case),
    "holds that wait, with their doubts": lambda node, tx, _case: with_doubts(node, tx, node.orders.pending(tx)),
    "overdue": lambda node, tx, _case: node.orders.overdue(tx),
    "reports that lack something": lambda node, tx, _case: node.intake.reports(tx, incomplete=True),
    "changes that wait": lambda node, tx, _case: node.amendments.pending(tx),
    "objections": lambda node, tx, _case: node.appeals.pending(tx),
    "clocks of one kind": lambda node, tx, _case: node.clocks.running(tx, CONFIRM),
    "refusals": lambda node, tx, _case: node.border.refusals(tx),
    "one case, whole": read_case,
}


def measure(cases: int = CASES, runs: int = RUNS, calls: int = CALLS) -> list[Figure]:
    """Return the rows; the town lies in a directory of its own under the current one, and is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="lintas-bench-", dir=Path.cwd()) as name:
        config = make_node(Path(name).resolve() / "node")
        home = read_config(config)
        began = time.perf_counter()
        ids = town_of(home.path(home.config.database), cases, datetime.now(UTC))
        filled = time.perf_counter() - began
        # Spread over the whole year, and only those that have a claim.
        node = homes.open_node(home)
        with reading(node.parts.engine) as tx:
            spread = [bar.case for start in ids[:: max(1, cases // 50)] for bar in node.chase.bars(tx, start, 2)]
        figures = [_read(node, what, read, spread, runs) for what, read in READS.items()]
        node.parts.engine.dispose()
        figures += _pages(config, spread, cases, calls)
    return [row(f"pages: a town of {cases:,} cases made up", filled, "s"), *figures]


def _read(node: Node, what: str, read: Read, cases: list[str], runs: int) -> Figure:
    """Return the p95 of one read, each from a snapshot of its own."""
    taken = []
    for number in range(runs + WARMING):
        with reading(node.parts.engine) as tx:
            began = time.perf_counter()
            read(node, tx, cases[number % len(cases)])
            taken.append((time.perf_counter() - began) * 1000)
    return row(f"pages: read {what}, p95", _p95(taken), "ms", READ_BAR_MS)


def _pages(config: Path, cases: list[str], town: int, calls: int) -> list[Figure]:
    home = read_config(config)
    key = issue_key(home, name="Officer Dena Holt", role="approver")
    trusted = trusting(home.key(homes.TLS_CERTIFICATE).read_text("ascii"))
    pages: dict[str, Callable[[int], tuple[str, dict[str, Any]]]] = {
        "/api/v1/cases": lambda number: ("/api/v1/cases", {"after": cases[number % len(cases)]}),
        "/api/v1/cases?money=moved&officer=": lambda _number: (
            "/api/v1/cases",
            {"money": "moved", "officer": "Officer Dena Holt"},
        ),
        "/api/v1/cases/{case}": lambda number: (f"/api/v1/cases/{cases[number % len(cases)]}", {}),
        "/": lambda _number: ("/", {}),
    }
    with (
        served(config),
        httpx.Client(
            base_url=f"https://127.0.0.1:{home.config.public.port}", verify=trusted, trust_env=False
        ) as client,
    ):
        client.headers["authorization"] = f"Bearer {key}"
        return [
            row(f"pages: GET {what} at {town:,} cases, p95", _call(client, page, calls), "ms", PAGE_BAR_MS)
            for what, page in pages.items()
        ]


def _call(client: httpx.Client, page: Callable[[int], tuple[str, dict[str, Any]]], calls: int) -> float:
    """Return the p95 of calls one after the other, from the request to its last byte."""
    taken = []
    for number in range(calls + WARMING):
        path, query = page(number)
        began = time.perf_counter()
        client.get(path, params=query).raise_for_status()
        taken.append((time.perf_counter() - began) * 1000)
    return _p95(taken)


def _p95(taken: list[float]) -> float:
    counted = sorted(taken[WARMING:])
    return counted[len(counted) * 95 // 100]
