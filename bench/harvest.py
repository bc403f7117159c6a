"""What one gateway that tries all numbers of a range learns before it is stopped, with each limit alone; what an answer costs.

The attacks run against the real limits and rules in simulated time; latency is measured over sockets against a real process.
"""

import asyncio
import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec

from bench import Figure
from lintas.gateway.asking.carrier import HttpCarrier
from lintas.gateway.asking.directory import Respondent
from lintas.telco.home.alarms import Alarms
from lintas.telco.home.checks import Checks, Policy, sealed
from lintas.telco.home.feeds import lines
from lintas.telco.home.feeds.simulator import Simulator
from lintas.telco.home.journal import Journal
from lintas.telco.home.keeping import Keeper
from lintas.telco.home.limits import Guard, Limits
from lintas.telco.home.records import Change, Gateway
from lintas.telco.home.table import Ranges, Table
from lintas.telco.records import CliQuestion
from lintas.trust.certificates import self_signed
from lintas.trust.keys import Ed25519Signer

FIRST, NUMBERS = 999_100_000_000, 100_000
NOW = 1_795_766_400
#: Six of ten numbers are in use; one of two hundred is a canary, which nobody ever had.
CANARIES = frozenset(range(FIRST + 177, FIRST + NUMBERS, 200))
OFF = Limits(rate=False, per_number=0, canary_hits=0, block=0, run=0)
ALONE = {
    "no limit": OFF,
    "rate alone (50/s)": msgspec.structs.replace(OFF, rate=True),
    "runs alone": msgspec.structs.replace(OFF, run=30),
    "blocks alone": msgspec.structs.replace(OFF, block=100),
    "canaries alone": msgspec.structs.replace(OFF, canary_hits=3),
    "all limits": Limits(),
}
#: With these a search ends early, so that several can be played.
STOPS = ("canaries alone", "all limits")
ATTACK_PER_SECOND = 2000.0
#: A hundredth of the range may be learnt with all limits; one answer within a country.
BAR_LEARNT, BAR_P99_MS, BAR_SIGN_US, BAR_UPDATES = NUMBERS // 100, 100.0, 100.0, 10_000
ASKED, PER_SECOND = 1000, 200


class _Time:
    """Simulated time, asked in both ways."""

    at = float(NOW)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)

    def seconds(self) -> float:
        return self.at


def measure() -> list[Figure]:
    """Return (name, figure, unit, bar, ok) rows."""
    # Each alarm is logged, as it should be; here there are many.
    logging.getLogger("lintas.telco").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        root = Path(folder)
        return [*_attacks(root), *_cost(root), *_updates(root), *_latency(root)]


# ---- attacks


def _attacks(root: Path) -> Iterator[Figure]:
    in_order = range(FIRST, FIRST + NUMBERS)
    shuffles = [random.Random(seed).sample(in_order, NUMBERS) for seed in range(5)]
    for name, limits in ALONE.items():
        yield from _tried(root, "in order", name, limits, [in_order])
    for name, limits in ALONE.items():
        if limits is not OFF:
            yield from _tried(root, "shuffled", name, limits, shuffles if name in STOPS else shuffles[:1])
    yield from _tried(root, "shuffled and patient (49/s)", "all limits", Limits(), shuffles, per_second=49.0)


def _tried(
    root: Path,
    way: str,
    name: str,
    limits: Limits,
    orders: Sequence[Sequence[int]],
    *,
    per_second: float = ATTACK_PER_SECOND,
) -> Iterator[Figure]:
    """Try the numbers in each order; the figures are medians."""
    found = [_attack(root, limits, numbers, per_second) for numbers in orders]
    learnt, asked, seconds = (statistics.median(each) for each in zip(*found, strict=True))
    label = f"harvest: {NUMBERS:,} numbers {way}, {name}"
    bar = BAR_LEARNT if name == "all limits" else None
    yield f"{label}: states learnt", learnt, "numbers", bar, bar is None or learnt <= bar
    if name == "all limits":
        yield f"{label}: stopped and alarmed after", asked, "questions", None, True
        yield f"{label}: stopped and alarmed after", round(seconds, 2), "s", None, True


def _attack(root: Path, limits: Limits, numbers: Sequence[int], per_second: float) -> tuple[int, int, float]:
    """Ask through the numbers until stopped; returns states learnt, questions, simulated seconds."""
    clock = _Time()
    checks = _checks(root, limits, clock)
    gateway, learnt, asked = Gateway(name="gw1", per_second=50.0), 0, 0
    for number in numbers:
        asked += 1
        clock.at += 1 / per_second
        learnt += checks.answer(gateway, _question(number)).verdict != "unknown"
        if checks.alarms.stopped("gw1"):
            break
    return learnt, asked, clock.at - NOW


def _checks(root: Path, limits: Limits, clock: _Time) -> Checks:
    path = root / "alarms.json"
    path.unlink(missing_ok=True)
    policy = Policy("complete", frozenset[int](), limits)
    guard = Guard(limits, CANARIES)
    return Checks(_table(), guard, Alarms(path, clock), policy, now=clock.seconds, monotonic=clock.seconds)


@cache
def _table() -> Table:
    """Return the range's numbers, six of ten in use and one of fifty abroad; questions change nothing in it."""
    table = Table(Ranges([(FIRST, FIRST + NUMBERS - 1)]))
    for number in range(FIRST, FIRST + NUMBERS):
        if number % 10 < 6:
            table.take(Change("assigned", number, NOW), NOW)
        if number % 50 == 0:
            table.take(Change("abroad", number, NOW), NOW)
    return table


def _question(number: int) -> CliQuestion:
    return CliQuestion(
        a=f"+{number}",
        trunk="international",
        call_ref=f"ref-{number}",
        asked_at="2026-11-27T08:00:00Z",
        b_hash="a" * 64,
    )


# ---- cost


def _cost(root: Path) -> Iterator[Figure]:
    checks, gateway = _checks(root, Limits(), _Time()), Gateway(name="gw1", per_second=1e9)
    signer = Ed25519Signer.generate("XATL")
    asked = [_question(FIRST + 997 * n % NUMBERS) for n in range(5000)]
    body = msgspec.json.encode(asked[0])
    answer = checks.answer(gateway, asked[0])
    judged = _micros(lambda n: checks.answer(gateway, asked[n]))
    signed = _micros(lambda n: sealed(body, answer, signer))
    yield "harvest: an answer: limits, table, rules", judged, "us", None, True
    yield "harvest: an answer: encoded and signed (Ed25519)", signed, "us", BAR_SIGN_US, signed <= BAR_SIGN_US


def _micros(act: Callable[[int], object]) -> float:
    """Return the processor time of one act, microseconds: the best of five passes."""
    found = []
    for _ in range(5):
        began = time.process_time()
        for n in range(1000):
            act(n)
        found.append((time.process_time() - began) * 1000)
    return round(min(found), 1)


def _updates(root: Path) -> Iterator[Figure]:
    """Feed a million subscribers' first state from lines, in batches, each forced to the disk."""
    simulator = Simulator(6, first=FIRST, subscribers=1_000_000, now=NOW)
    events = list(simulator.start())
    keeper = Keeper(Table(Ranges([(FIRST, FIRST + 999_999)])), Journal(root / "table"), now=lambda: NOW)

    async def feed() -> None:
        for start in range(0, len(events), 1000):
            await keeper.take("bench", keeper.read("bench", events[start : start + 1000], lines.read))

    began = time.perf_counter()
    asyncio.run(feed())
    rate = len(events) / (time.perf_counter() - began)
    keeper.close()
    yield (
        "harvest: updates of the table, 1,000,000 subscribers, on disk",
        round(rate),
        "1/s",
        BAR_UPDATES,
        rate >= BAR_UPDATES,
    )


# ---- latency

_SETTINGS = f"""
operator = "XATL"
data = "served"
ranges = ["+{FIRST}-+{FIRST + NUMBERS - 1}"]
key = "operator.key"
exercise = true
calls = "complete"
[door]
certificate = "door.pem"
key = "door.pem.key"
[limits]
rate = false
block = 0
run = 0
[[gateways]]
name = "gw1"
certificate = "gateway.pem"
[[feeds]]
name = "network"
kind = "lines"
path = "network.csv"
"""


def _latency(root: Path) -> Iterator[Figure]:
    signer = Ed25519Signer.generate("XATL")
    signer.save(root / "operator.key")
    for name in ("door", "gateway"):
        tls = self_signed(["127.0.0.1"], now=datetime.now(UTC), name=name)
        (root / f"{name}.pem").write_text(tls.certificate_pem)
        (root / f"{name}.pem.key").write_text(tls.key_pem)
    now = int(time.time())
    rows = [f"assigned,+{FIRST + n},{now}\n" for n in range(NUMBERS) if n % 10 < 6]
    rows += [f"abroad,+{FIRST + n},{now}\n" for n in range(0, NUMBERS, 10)]
    (root / "network.csv").write_text("".join(rows))
    (root / "operator.toml").write_text(_SETTINGS)
    command = [sys.executable, "-m", "lintas.cli.main", "telco", "home", "--config", str(root / "operator.toml")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        url = process.stdout.readline().split()[2]
        to = Respondent(name="XATL", url=url, certificate=(root / "door.pem").read_text(), key=signer.public)
        yield from asyncio.run(_asked(root, to))
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


async def _asked(root: Path, to: Respondent) -> list[Figure]:
    carrier = HttpCarrier(root / "gateway.pem", root / "gateway.pem.key")
    took: dict[str, list[float]] = {}

    async def one(kind: str, number: int, ref: int) -> None:
        asked = msgspec.structs.replace(_question(number), call_ref=f"reference-{ref}", b_hash="")
        began = time.perf_counter()
        answer = await carrier.carry(to, asked)
        took.setdefault(kind, []).append((time.perf_counter() - began) * 1000)
        assert kind == "limited" or answer.verdict == kind, (kind, answer)

    await asyncio.sleep(3)
    for n in range(20):
        await one("limited", FIRST, n)
    took.clear()
    tasks = []
    for n in range(3, ASKED + 3):
        kind, number = (("pass", 0), ("fail", 1), ("limited", -10 * n))[n % 3]
        tasks.append(asyncio.create_task(one(kind, FIRST + 10 * n + number, n)))
        await asyncio.sleep(1 / PER_SECOND)
    await asyncio.gather(*tasks)
    await carrier.close()
    every = sorted(each for some in took.values() for each in some)
    p50, p99 = every[len(every) // 2], every[len(every) * 99 // 100]
    medians = [statistics.median(some) for some in took.values()]
    name = f"harvest: cli-check over mutual TLS, signed, {PER_SECOND}/s"
    return [
        (f"{name}, p50", round(p50, 2), "ms", None, True),
        (f"{name}, p99", round(p99, 2), "ms", BAR_P99_MS, p99 <= BAR_P99_MS),
        (
            "harvest: yes, no and limited: their medians differ by",
            round(max(medians) - min(medians), 3),
            "ms",
            None,
            True,
        ),
    ]
