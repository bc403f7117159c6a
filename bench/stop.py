"""From a victim's report to orders that hold money at six hops, in four jurisdictions, without a click: real nodes on loopback.

Every table lets small sums be asked for and ordered by rule, so that no person's time is in the figure; all else is as in
deployment: each step is signed, encrypted, receipted, logged and decided by a table, and each bank follows its own ledger.
"""

import argparse
import asyncio
import random
import re
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import Figure, row
from bench.story import file_all
from lintas.cli.demo import stage, story
from lintas.cli.demo.books import Books
from lintas.cli.demo.cast import CAST, Cast
from lintas.model import money
from lintas.node.views import CaseView

REPORTS, WARMING = 50, 5
SEED = 1
POLL_SECONDS = 0.025
PATIENCE_SECONDS = 30.0
BAR_MS = 2_000.0
#: Who has the money hop after hop, as (which authority, which of its banks): from home to home, then five borders.
HOPS = ((0, 1), (1, 0), (2, 0), (3, 0), (2, 1), (3, 1))
#: What stays at each mule, per mille of what came.
STAYS = 150
#: A table's cap names one currency, so all transfers are settled in this one.
SETTLED = "XAK"
_LIFTED = f"automatic: {{amount_minor: 1000000000, currency: {SETTLED}, per_day: 100000}}"


class Swift(Cast):
    """An authority whose table lets small sums be asked for and ordered without a person."""

    __slots__ = ()

    @property
    def policy(self) -> bytes:
        """Return the shipped table with its caps lifted, and one for asking on."""
        text = super().policy.decode().partition("\nexamples:")[0]
        text = re.sub(r"automatic: \{[^}]*\}", _LIFTED, text)
        before, asked, after = text.partition(f"  - id: {self.code.lower()}-hold-request\n")
        after = after.replace("    expires_hours:", f"    {_LIFTED}\n    expires_hours:", 1)
        return f"{before}{asked}{after}\n".encode()


def world(now: datetime, thefts: int, seed: int = SEED) -> story.World:
    """Return four authorities, their banks' books, and thefts whose money went six hops before anybody called."""
    rng = random.Random(seed)
    # Boreo asks: its table lets requests go to all three others.
    cast = tuple(Swift(*each._replace(currency=SETTLED)) for each in (CAST[1], CAST[0], CAST[2], CAST[3]))
    books = {bank: Books() for each in cast for bank in each.banks}
    for each in cast:
        for bank in each.banks:
            story._noise(books[bank], bank, each.currency, rng, now)
    told = [_theft(cast, books, rng, now, number) for number in range(thefts)]
    return story.World(cast, story.Roles(0, 1, None), books, told, now)


def _theft(
    cast: tuple[Cast, ...], books: dict[str, Books], rng: random.Random, now: datetime, number: int
) -> story.Theft:
    teller = story._Teller(cast, story.Roles(0, 1, None), books, rng, now)
    at, home = now - timedelta(minutes=9, seconds=number % 50), cast[0]
    stolen = rng.randrange(2_000_000, 8_000_000)
    sender = teller._account(home.banks[0], stolen)
    victim, first = sender, (at, "")
    amount = stolen
    for hop, (whose, which) in enumerate(HOPS):
        mule = teller._account(cast[whose].banks[which], 0)
        reference = teller._pay(sender, mule, amount, at)
        first = first if hop else (at, reference)
        amount, sender = amount - amount * STAYS // 1000, mule
        at += timedelta(seconds=60)
    form = {
        "bank": victim.bank,
        "amount": money.show(stolen, victim.currency).replace(",", ""),
        "currency": victim.currency,
        "reference": first[1],
        "scheme": "impersonation",
    }
    text = f"case {uuid.UUID(int=rng.getrandbits(128), version=4)}"
    return story.Theft(text, form, stolen, victim.currency, victim.bank, first[1], first[0], "")


def measure(reports: int = REPORTS, warming: int = WARMING) -> list[Figure]:
    """Return the rows: machine time of each report until money is held at every hop, by six orders of four authorities."""
    made = world(datetime.now(UTC).replace(microsecond=0), warming + reports)
    scratch = tempfile.TemporaryDirectory(prefix="lintas-bench-", dir=Path.cwd())
    with scratch as name, stage.set_stage(Path(name).resolve(), made) as on:
        filed = file_all(on.nodes[0], made.thefts, _held, poll=POLL_SECONDS, patience=PATIENCE_SECONDS)
        taken = sorted(asyncio.run(filed)[warming:])
    what = f"stop: report to money held at {len(HOPS)} hops in 4 jurisdictions, {reports} one by one"
    return [
        row(f"{what}, p50", taken[len(taken) // 2], "ms"),
        row(f"{what}, p99", taken[min(len(taken) - 1, len(taken) * 99 // 100)], "ms", BAR_MS),
        row("stop: the same, slowest", taken[-1], "ms"),
    ]


def _held(view: CaseView, theft: story.Theft) -> bool:
    """Say whether a case shows money held by every hop's order."""
    if view.bar is None or not view.bar.exact or view.bar.held != theft.stolen_minor:
        return False
    assert len({hold.baton.holder for hold in view.holds}) == len(HOPS)
    return True


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--reports", type=int, default=REPORTS, help="how many reports are measured, one after another")
    for line in measure(asked.parse_args().reports):
        print(*line, sep="\t")
