"""Numbers that changed their holder: their operator says so in bulk, and what is listed of them ends, up to so many a day.

An operator speaks for its own numbers only. One that calls many listed numbers recycled may be letting callers go whom it
earns from: what goes beyond a day's share waits for an approver, and is an alarm. Of proposals nobody outside knows: they wait
for an approver always, and the operator is not told that there are any.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotFound
from lintas.model.ids import IdSource
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book import recycled_store, store, values
from lintas.telco.book.book import Book
from lintas.telco.book.records import NotEnded, Recycled
from lintas.telco.lists import e164

log = logging.getLogger("lintas.telco")

#: Entries that end at one operator's word alone within DAY; of a country's list few numbers change their holder in a day.
MOST_A_DAY = 50
DAY = timedelta(hours=24)
#: Reports of one operator that may wait at once.
MOST_WAITING = 20
#: A report on which nobody decided for so long does nothing any more: the operator says again what is still so.
LAPSES = timedelta(days=7)
#: Numbers that were not taken, which are kept with their reasons; all are counted.
KEPT_REFUSALS = 100
#: The operator whose a number (its digits) is; "" where nobody knows.
OperatorOf = Callable[[int], str]


class Recycling:
    """The recycled numbers of one authority's operators.

    ``operator_of`` is the numbering plan's word, until whoever serves the node binds that of its directory of operators.
    """

    def __init__(self, *, book: Book, operator_of: OperatorOf, clock: Clock, ids: IdSource) -> None:
        self._book, self.operator_of, self._clock, self._ids = book, operator_of, clock, ids

    def report(self, tx: Transaction, operator: str, numbers: Sequence[str]) -> Recycled:
        """End what is listed of an operator's own numbers, as far as its day's share goes; the rest waits for an approver.

        Conflict where so many of its reports wait that another one is no help.
        """
        now = self._clock.now()
        own, refused = self._own(operator, numbers)
        there = store.kept_of(tx, own)
        listed = [name for name in own if name in there and there[name].state in ("listed", "shadow")]
        room = max(0, MOST_A_DAY - recycled_store.ended_since(tx, operator, times.render(now - DAY)))
        ends, waits = listed[:room], listed[room:]
        pending = recycled_store.waiting(tx, operator, times.render(now - LAPSES))
        if waits and sum(bool(each.waiting) for each in pending) >= MOST_WAITING:
            raise Conflict(f"{MOST_WAITING} reports of {operator} wait already", "an officer decides on them first")
        self._end(tx, ends, operator, operator)
        proposed = self._proposed(tx, own, pending)
        there = store.kept_of(tx, (*waits, *proposed))
        said = Recycled(
            id=self._ids.new("recycled"),
            operator=operator,
            at=times.render(now),
            numbers=len(numbers),
            ended=len(ends),
            not_listed=len(own) - len(listed),
            refused=len(refused),
            refusals=tuple(refused[:KEPT_REFUSALS]),
            waiting=tuple(waits),
            proposed=tuple(proposed),
            since={name: each.listed for name, each in there.items()},
            state="waits" if waits or proposed else "done",
        )
        recycled_store.add(tx, said)
        if waits:
            more = {"peer": operator, "count": len(waits), "status": "waits"}
            log.warning("an operator calls more listed numbers recycled than it may in a day", extra=more)
        return said

    def _own(self, operator: str, numbers: Sequence[str]) -> tuple[list[str], list[NotEnded]]:
        """Return the entries that an operator's own numbers have, or would have, and what is not its own."""
        refused, ids = list[NotEnded](), dict[str, None]()
        for text in dict.fromkeys(numbers):
            try:
                value = values.normal("number", text)
            except BadInput:
                refused.append(NotEnded(text[:40], "no_number"))
                continue
            number = e164.read(value)
            owner = "" if number is None else self.operator_of(number)
            if not owner or owner != operator:
                refused.append(NotEnded(value, "not_yours"))
            else:
                ids[self._book.id_of("number", "blocked", value)] = None
        return list(ids), refused

    def _proposed(self, tx: Transaction, own: Sequence[str], pending: Sequence[Recycled]) -> list[str]:
        """Return those of these entries that are only proposed, without those about which a report waits already."""
        known = {(name, each.since.get(name)) for each in pending for name in each.proposed}
        there = [each for each in store.kept_of(tx, own).values() if each.state == "proposed"]
        return [each.id for each in there if (each.id, each.listed) not in known]

    def _end(self, tx: Transaction, entries: Sequence[str], operator: str, by: str, *, proposals: bool = False) -> None:
        reason = f"{operator} says that the number has a new holder"
        self._book.recycle(tx, entries, by, reason, proposals=proposals)

    # ---- what waits for an approver

    def find(self, tx: Transaction, name: str) -> Recycled:
        """Return one report; NotFound."""
        found = recycled_store.find(tx, name)
        if found is None:
            raise NotFound(f"no report {name[:64]!r}", "take the id from the list of reports")
        return self._as_now(found)

    def listed(self, tx: Transaction, operator: str = "", before: str = "~", limit: int = 50) -> list[Recycled]:
        """Return reports of one operator, or of all, newest first."""
        return [self._as_now(each) for each in recycled_store.listed(tx, operator, before, limit)]

    def _as_now(self, item: Recycled) -> Recycled:
        over = item.state == "waits" and times.parse(item.at) <= self._clock.now() - LAPSES
        return msgspec.structs.replace(item, state="lapsed") if over else item

    def approve(self, tx: Transaction, name: str, officer: str) -> Recycled:
        """End what waits of a report, in the officer's name: each entry that is still the one that was reported."""
        item = self._waiting(tx, name)
        there = store.kept_of(tx, item.since)
        same = {entry for entry, since in item.since.items() if entry in there and there[entry].listed == since}
        self._end(tx, [each for each in item.waiting if each in same], item.operator, officer)
        self._end(tx, [each for each in item.proposed if each in same], item.operator, officer, proposals=True)
        return self._decided(tx, msgspec.structs.replace(item, state="approved", decided_by=officer))

    def decline(self, tx: Transaction, name: str, officer: str) -> Recycled:
        """Let stand what waits of a report."""
        return self._decided(tx, msgspec.structs.replace(self._waiting(tx, name), state="declined", decided_by=officer))

    def _waiting(self, tx: Transaction, name: str) -> Recycled:
        item = self.find(tx, name)
        if item.state != "waits":
            raise Conflict(f"nothing of this report waits: it is {item.state}", "read it again")
        return item

    def _decided(self, tx: Transaction, item: Recycled) -> Recycled:
        decided = msgspec.structs.replace(item, decided_at=times.render(self._clock.now()))
        recycled_store.keep(tx, decided)
        return decided
