"""What time does to sender IDs: a claim that is ready is registered, one that nobody decides lapses, a year ends."""

import logging

import msgspec

from lintas.model import times
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.registry import rules, store
from lintas.telco.registry.desk import Desk
from lintas.telco.registry.reading import Reading
from lintas.telco.registry.records import Sender
from lintas.telco.registry.store import Looks

log = logging.getLogger("lintas.telco")

#: Looked at in one transaction, which holds the node's only writer: each claim is compared with every other.
AT_ONCE = 10


class Endings:
    """The clocks of one authority's registry."""

    def __init__(self, *, reading: Reading, desk: Desk, clock: Clock) -> None:
        self._reading, self._desk, self._clock = reading, desk, clock

    def due(self, tx: Transaction) -> bool:
        """Tell whether any clock is to be looked at."""
        return bool(store.to_check(tx, times.render(self._clock.now()), 1))

    def close(self, tx: Transaction) -> None:
        """Look at some of those that are due, the longest overdue first; the rest is for the next look."""
        now, known = times.render(self._clock.now()), store.looks_of(tx)
        for item in store.to_check(tx, now, AT_ONCE):
            if rules.over_at(item) <= self._clock.now():
                self._over(tx, item)
            elif item.state == "claimed":
                self._claimed(tx, item, known)
            else:
                store.look_again(tx, item.id, item.until)

    def _over(self, tx: Transaction, item: Sender) -> None:
        """End what stood as long as it may: a peer's ends here without a word, until that peer tells of it again."""
        now = times.render(self._clock.now())
        if item.state == "proposed":
            self._desk.decline(tx, item.id, "the clock", "nobody approved it in time")
        elif not item.origin:
            self._desk.end(tx, item, "expired", "the clock", "its time was over")
        else:
            over = msgspec.structs.replace(
                item, state="ended", there=False, ended_at=now, end_code="expired", asked=None
            )
            store.save(tx, over, "")

    def _claimed(self, tx: Transaction, item: Sender, known: Looks) -> None:
        found, now = self._reading.judgement(tx, item, known), self._clock.now()
        if found.state == "ready" and not item.origin:
            self._desk.register(tx, item)
        elif found.state == "ready" and item.there:
            counts = msgspec.structs.replace(item, state="registered", since=times.render(now), asked=None)
            store.save(tx, counts, item.until)
        elif found.state == "refused" and not item.origin:
            self._desk.end(tx, item, "refused", "the interlock", f"{found.why}: {', '.join(found.against)}")
        else:
            again = times.parse(found.until) if found.until else now + rules.LOOK_AGAIN
            look = times.render(min(again, rules.over_at(item)))
            if (refused := found.state == "refused") == item.refused:
                store.look_again(tx, item.id, look)
            else:
                store.save(tx, msgspec.structs.replace(item, refused=refused), look)
