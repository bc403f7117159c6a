"""The bank's own records as its agent sees them: the index of its transfers, a search for what a victim describes, holds."""

import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from lintas.bank.following import Following
from lintas.model import times
from lintas.model.errors import BadInput, NotFound
from lintas.model.tainted import Find, LedgerAnswer, Span, held_spans, subtract
from lintas.trace.engine.find import find
from lintas.trace.engine.index import Index
from lintas.trust.keys import UNREADABLE

HOLDS = "holds.jsonl"


class Placed(msgspec.Struct, frozen=True):
    """One order as it was carried out: the answer given, for ever the same, and when the hold ends.

    ``lifted`` says why nothing is held after all: the authority did not take the answer, so the order was refused.
    ``released`` is what an amendment let go. A later line of an order replaces its earlier one.
    """

    order: str
    answer: LedgerAnswer
    expires: str = ""
    lifted: str = ""
    released: tuple[Span, ...] = ()

    @property
    def held(self) -> list[Span]:
        """Return what is held, in the transfer's minor units."""
        return [rest for span in held_spans(self.answer.parts) for rest in subtract(span, self.released)]

    def holds_at(self, now: datetime) -> bool:
        """Tell whether the hold still stands; one whose end was not noted does."""
        return not self.lifted and not (self.expires and times.parse(self.expires) <= now)


class Core:
    """One bank's ledger directory: CSV files and pacs.008 messages (``*.xml``), and the holds placed so far."""

    def __init__(self, directory: Path, bank: str) -> None:
        self.directory, self.bank = directory, bank
        self._files = Following(directory, bank)
        self._placed = dict[str, Placed]()
        self._orders_on = defaultdict[str, set[str]](set)
        for placed in self._read_holds():
            self._remember(placed)

    # ---- the ledger

    def index(self) -> Index:
        """Return the index of the files as they are now; rows appended to a CSV file are added to it, else it is built."""
        return self._files.index()

    def find(self, wanted: Find) -> str:
        """Return the id of the transfer that a victim describes; NotFound when none fits, or more than one does."""
        return search(self.index(), wanted)

    # ---- holds

    def placed(self, order: str) -> LedgerAnswer | None:
        """Return the answer of an order that was carried out before."""
        known = self._placed.get(order)
        return known.answer if known else None

    def lifted(self, order: str) -> str:
        """Return why an order that was carried out holds nothing after all; empty when that is not so."""
        known = self._placed.get(order)
        return known.lifted if known else ""

    def taken(self, transfer: str, now: datetime) -> list[Span]:
        """Return what orders hold of a transfer, in its minor units; holds that ended or were lifted do not count."""
        standing = (self._placed[order] for order in self._orders_on.get(transfer, ()))
        return sorted(span for placed in standing if placed.holds_at(now) for span in placed.held)

    def standing(self, now: datetime) -> dict[str, LedgerAnswer]:
        """Return the orders under which something is held now, with the answer of each."""
        known = self._placed.items()
        return {order: placed.answer for order, placed in known if placed.held and placed.holds_at(now)}

    def place(self, order: str, answer: LedgerAnswer, expires: str = "") -> LedgerAnswer:
        """Carry an order out, once, until ``expires`` (RFC 3339): on disk before anybody is told."""
        self._write(Placed(order, answer, expires))
        return answer

    def lift(self, order: str, why: str) -> None:
        """Hold nothing for an order any more: on disk before the authority is told why."""
        known = self._placed.get(order)
        if known is not None and not known.lifted:
            self._write(msgspec.structs.replace(known, lifted=why))

    def amend(self, order: str, *, release: tuple[Span, ...] = (), expires: str | None = None) -> None:
        """Let go of parts of what an order holds, or hold it until another time: on disk before anybody is told.

        An order that holds nothing here stays as it is; doing the same again changes nothing.
        """
        known = self._placed.get(order)
        if known is None:
            return
        released = known.released + tuple(span for span in release if span not in known.released)
        changed = msgspec.structs.replace(known, released=released, expires=expires or known.expires)
        if changed != known:
            self._write(changed)

    def _write(self, placed: Placed) -> None:
        with (self.directory / HOLDS).open("ab") as file:
            file.write(msgspec.json.encode(placed) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._remember(placed)

    def _remember(self, placed: Placed) -> None:
        self._placed[placed.order] = placed
        self._orders_on[placed.answer.transfer].add(placed.order)

    def _read_holds(self) -> Iterator[Placed]:
        path = self.directory / HOLDS
        if not path.exists():
            return
        data = path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if len(whole) < len(data):
            # A line without its end was cut by a crash before anybody was told: the order will be seen again. It goes,
            # or the next line would begin inside it.
            os.truncate(path, len(whole))
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                yield msgspec.json.decode(line, type=Placed)
            except UNREADABLE as wrong:
                where = f"{path}:{number}"
                raise BadInput(
                    f"not a hold that was placed: {wrong}", "restore it from a backup", where=where
                ) from None


def search(index: Index, wanted: Find) -> str:
    """Return the id of the transfer that a victim describes; NotFound when none fits, or more than one does.

    BadInput when the description itself cannot be read.
    """
    if wanted.reference:
        try:
            return index.reference(index.number(wanted.reference))
        except NotFound:
            if not wanted.receiver:
                raise
    at = times.parse(wanted.at) if wanted.at else None
    fitting = find(index, wanted.amount_minor, wanted.currency, receiver=wanted.receiver, at=at)
    if len(fitting) != 1:
        how_many = "no transfer fits" if not fitting else f"{len(fitting)} transfers fit"
        raise NotFound(how_many, "ask for the reference, the account or the exact time")
    return fitting[0]
