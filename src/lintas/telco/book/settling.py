"""Works entries out anew after their sightings changed, and notes what gateways and peers must hear of it: the one place.

Whatever changes a sighting (an approval, a withdrawal, a clock, a peer, a stopped source) ends here.
"""

from collections.abc import Callable, Iterable, Sequence

from lintas.bus.service import Bus
from lintas.model import times
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book import rows, rules, store
from lintas.telco.book.records import Kept, ListsChanged, Sighting
from lintas.telco.lists import e164

#: Entries that are worked out in one transaction.
AT_ONCE = 1_000
#: Tells whether any number from the first to the last (their digits) is a mobile number of this jurisdiction.
IsOwnMobile = Callable[[int, int], bool]


class Settling:
    """The working out of entries at one authority."""

    def __init__(self, *, is_own_mobile: IsOwnMobile, bus: Bus, clock: Clock) -> None:
        self._is_own_mobile, self._bus, self._clock = is_own_mobile, bus, clock

    def settle(self, tx: Transaction, ids: Iterable[str], why: str) -> dict[str, Kept]:
        """Work these entries out, store what changed, and have it published and told; returns them as they stand now."""
        wanted = list(dict.fromkeys(ids))
        kept, seen = store.kept_of(tx, wanted), store.sightings_of(tx, wanted)
        now = times.render(self._clock.now())
        after = {name: rules.settle(each, seen.get(name, ()), now, own=self._own(each)) for name, each in kept.items()}
        changes: list[tuple[str, dict[str, object]]] = []
        for name, each in after.items():
            before = kept[name]
            # What peers know was listed once, and what they are to know is listed now.
            tells = "listed" in (before.state, each.state) and _shared(seen.get(name, ()))
            more: dict[str, object] = {"untold": 1} if tells else {}
            if _matters(before, each):
                more |= {"unpublished": 1, "decided_at": now}
            if changed := rows.changed(before, each) | more:
                changes.append((name, changed))
        if changes:
            store.change(tx, changes)
            self._bus.emit(tx, ListsChanged(why))
        return after

    def heard(self, tx: Transaction, event: ListsChanged) -> None:
        """Work out some of what waits for it; hearer of ``ListsChanged``."""
        waiting = store.unsettled(tx, AT_ONCE)
        if waiting:
            store.settled(tx, waiting)
            self.settle(tx, waiting, event.why)
            if len(waiting) == AT_ONCE:
                self._bus.emit(tx, event)

    def _own(self, kept: Kept) -> bool:
        if kept.subject not in ("number", "range"):
            return False
        held = e164.read_value(kept.value)
        return held is not None and self._is_own_mobile(*held)


def _matters(before: Kept, after: Kept) -> bool:
    """Tell whether gateways must hear of a change."""
    shown = ("state", "kind", "owner", "reason", "expires")
    return any(getattr(before, name) != getattr(after, name) for name in shown)


def _shared(seen: Sequence[Sighting]) -> bool:
    """Tell whether peers may have to hear: of our own word only, and only where it may leave."""
    return any(each.origin == "" and each.share for each in seen)
