"""A simulation, not a measurement: which share of stolen money could still be held, by when the first order came and by rail.

Mules empty their accounts as published figures say (``saved.yaml``, each with its source); banks follow the money through
their own ledgers with the engine of ``lintas.trace``. The same seed gives the same table and the same picture.
"""

import argparse
import math
import random
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from bench import Figure, row
from lintas.cli.demo.books import TRANSFERS, Books
from lintas.trace.engine.index import Index
from lintas.trace.engine.lines import build
from lintas.trace.ledgers.transfers import read_ledger
from lintas.trace.questions.fifo import trace

THEFTS, SEED = 80, 1
MINUTES = (1, 3, 5, 10, 15, 30, 60, 180, 1440)
BANKS = tuple(f"X{place}{number}" for place in "ABCD" for number in range(3))
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PICTURE = Path(__file__).parents[1] / "docs/images/saved.svg"
SETTINGS: dict[str, Any] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
WIDTH, HEIGHT, EDGE = 640, 360, 56
COLOURS = {
    "recall_by_hand": "#8a6d3b",
    "authority_by_hand": "#7a5195",
    "orders_by_click": "#1f77b4",
    "hop_chasing": "#2c7a3f",
}


class Stolen(NamedTuple):
    """One theft: the first transfer, the bank that got it, and how much."""

    transfer: str
    bank: str
    amount: int


class Played(NamedTuple):
    """Every bank's index, and the thefts in them."""

    banks: dict[str, Index]
    thefts: list[Stolen]


def play(variant: str, thefts: int, seed: int = SEED) -> Played:
    """Make a world of thefts by a seed, with the dwell times of a variant."""
    rng = random.Random(f"{variant} {seed}")
    books = {bank: Books() for bank in BANKS}
    teller = _Teller(books, rng, SETTINGS["dwell"][variant], SETTINGS["chain"])
    told = [teller.theft() for _ in range(thefts)]
    with tempfile.TemporaryDirectory() as folder:
        return Played({bank: _index(Path(folder), bank, books[bank]) for bank in BANKS}, told)


def _index(folder: Path, bank: str, books: Books) -> Index:
    file = folder / bank / TRANSFERS
    file.parent.mkdir()
    file.write_bytes(books.files(START + timedelta(days=400))[TRANSFERS])
    return build(read_ledger([file], bank=bank))


class _Teller:
    """Writes thefts into the books."""

    def __init__(
        self, books: dict[str, Books], rng: random.Random, dwell: dict[str, Any], chain: dict[str, Any]
    ) -> None:
        self._books, self._rng, self._dwell, self._chain = books, rng, dwell, chain
        self._rows = 0

    def theft(self) -> Stolen:
        amount, bank = self._rng.randrange(100_000, 2_000_000), self._rng.choice(BANKS)
        transfer, account = self._pay("", bank, "victim", amount, START)
        self._mule(bank, account, amount, START, 1)
        return Stolen(transfer, bank, amount)

    def _mule(self, bank: str, account: str, amount: int, at: datetime, hop: int) -> None:
        lumps = self._chain["lumps"]
        edges = [amount * number // lumps for number in range(lumps + 1)]
        leaving = sorted(self._minutes() for _ in range(lumps))
        for minutes, low, high in zip(leaving, edges[:-1], edges[1:], strict=True):
            when = at + timedelta(seconds=round(60 * min(minutes, 500_000)) + 1)
            if hop < self._chain["most_hops"] and self._rng.random() < self._chain["onward_share"]:
                following = self._next(bank)
                _, mule = self._pay(bank, following, account, high - low, when)
                self._mule(following, mule, high - low, when, hop + 1)
            else:
                self._rows += 1
                cash = (account, f"cash-{self._rows}")
                self._books[bank].add(f"c{self._rows:07d}", when, cash, (high - low, "XAK"), kind="cash_out")

    def _minutes(self) -> float:
        dwell, rng = self._dwell, self._rng
        if "weibull_shape" in dwell:
            return rng.weibullvariate(dwell["weibull_scale_minutes"], dwell["weibull_shape"])
        if rng.random() < dwell["fast_share"]:
            return rng.expovariate(math.log(2) / dwell["half_life_minutes"])
        return rng.lognormvariate(math.log(dwell["slow_median_minutes"]), 0.7)

    def _next(self, bank: str) -> str:
        abroad = self._rng.random() < self._chain["abroad_share"]
        return self._rng.choice([each for each in BANKS if each != bank and (each[1] != bank[1]) == abroad])

    def _pay(self, sender: str, receiver: str, account: str, amount: int, at: datetime) -> tuple[str, str]:
        self._rows += 1
        reference, mule = f"t{self._rows:07d}", f"{receiver}-{self._rows}"
        if sender:
            self._books[sender].add(reference, at, (account, mule), (amount, "XAK"), banks=("", receiver))
        self._books[receiver].add(reference, at, (account, mule), (amount, "XAK"), banks=(sender or "HOME", ""))
        return reference, mule


def saved(played: Played, rail: dict[str, Any], minutes: float) -> float:
    """Return the mean share of a theft that is held when the first order comes ``minutes`` after it."""
    at = START + timedelta(minutes=minutes)
    shares = [_held(played, rail, theft.bank, theft.transfer, None, at) / theft.amount for theft in played.thefts]
    return sum(shares) / len(shares)


def _held(
    played: Played, rail: dict[str, Any], bank: str, transfer: str, part: tuple[int, int] | None, at: datetime
) -> int:
    """Hold what one bank has of a part of a transfer at a moment, and follow the rest as fast as the rail does."""
    trail = trace(played.banks[bank], transfer, part, as_of=at)
    held = sum(leaf.amount_minor for leaf in trail.frontier)
    for baton in trail.batons:
        following = baton.receiver_bank or ""
        wait = rail["home_minutes" if following[1:2] == bank[1] else "abroad_minutes"]
        if wait is not None:
            later = at + timedelta(minutes=wait)
            held += _held(played, rail, following, baton.transfer, (baton.start, baton.end), later)
    return held


def table(thefts: int = THEFTS, seed: int = SEED) -> dict[tuple[str, str], list[float]]:
    """Return the shares for each variant and rail, one for each of ``MINUTES``."""
    found = {}
    for variant in SETTINGS["dwell"]:
        played = play(variant, thefts, seed)
        for name, rail in SETTINGS["rails"].items():
            found[variant, name] = [saved(played, rail, minutes) for minutes in MINUTES]
    return found


def measure(thefts: int = THEFTS, seed: int = SEED, picture: Path | None = None) -> list[Figure]:
    """Return the rows, in per cent; write the picture where one is named."""
    shares = table(thefts, seed)
    if picture is not None:
        picture.write_text(draw(shares), "utf-8")
    return [
        row(
            f"saved (simulated, {variant}): {name.replace('_', ' ')}, first order after {minutes} min", 100 * share, "%"
        )
        for (variant, name), line in shares.items()
        for minutes, share in zip(MINUTES, line, strict=True)
        if minutes in (5, 10, 30, 1440)
    ]


def draw(shares: dict[tuple[str, str], list[float]], variant: str = "harsh") -> str:
    """Return the picture of one variant as SVG: minutes to the first order (logarithmic) against the share held."""
    published = SETTINGS["published_share_saved"]
    low, high = _y(published["least"]), _y(published["most"])
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">',
        "<title>Simulated share of stolen money held, by minutes to the first order and by rail</title>",
        f'<rect x="{EDGE}" y="{high:.1f}" width="{WIDTH - 2 * EDGE}" height="{low - high:.1f}" fill="#e9e9e9"/>',
        f'<text x="{EDGE + 4}" y="{high - 4:.1f}" fill="#555">published today: 8 to 20 %</text>',
    ]
    parts += [
        f'<text x="{_x(minutes):.1f}" y="{HEIGHT - EDGE + 16}" text-anchor="middle">{minutes}</text>'
        for minutes in MINUTES
    ]
    parts += [
        f'<text x="{EDGE - 6}" y="{_y(share / 100) + 4:.1f}" text-anchor="end">{share} %</text>'
        for share in (0, 25, 50, 75, 100)
    ]
    for number, (name, rail) in enumerate(SETTINGS["rails"].items()):
        line = " ".join(
            f"{_x(at):.1f},{_y(share):.1f}" for at, share in zip(MINUTES, shares[variant, name], strict=True)
        )
        parts.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        place = f'x="{WIDTH - EDGE}" y="{EDGE - 30 + 14 * number}" text-anchor="end"'
        parts.append(f'<text {place} fill="{COLOURS[name]}">{rail["about"]}</text>')
    below = "minutes from the theft to the first order (a simulation)"
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 14}" text-anchor="middle">{below}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(minutes: float) -> float:
    return EDGE + (WIDTH - 2 * EDGE) * math.log(minutes / MINUTES[0]) / math.log(MINUTES[-1] / MINUTES[0])


def _y(share: float) -> float:
    return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * share


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--thefts", type=int, default=THEFTS)
    asked.add_argument("--seed", type=int, default=SEED)
    asked.add_argument("--picture", type=Path, help=f"write the picture ({PICTURE.name} of the docs) here")
    given = asked.parse_args()
    found = table(given.thefts, given.seed)
    print("minutes", *MINUTES, sep="\t")
    for (variant, name), line in found.items():
        print(f"{variant} {name}", *(f"{100 * share:.1f}" for share in line), sep="\t")
    if given.picture:
        given.picture.write_text(draw(found), "utf-8")
