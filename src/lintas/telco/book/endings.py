"""What ends by its own clock: entries that nobody saw again, and the day in which a new feed is only watched."""

import msgspec

from lintas.model import times
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book import rules, store
from lintas.telco.book.settling import Settling

#: Sightings that are looked at in one transaction.
AT_ONCE = 2_000


class Endings:
    """What one authority's clock ends."""

    def __init__(self, *, settling: Settling, clock: Clock) -> None:
        self._settling, self._clock = settling, clock

    def due(self, tx: Transaction) -> bool:
        """Tell whether anything is over that was not ended yet."""
        now = times.render(self._clock.now())
        return bool(store.over(tx, now, 1) or store.out_of_shadow(tx, now, 1))

    def close(self, tx: Transaction) -> None:
        """End what is over, and let count what was watched for long enough."""
        now = times.render(self._clock.now())
        over, bright = store.over(tx, now, AT_ONCE), store.out_of_shadow(tx, now, AT_ONCE)
        ends = {(each.source, each.ref) for each in over}
        bright = [each for each in bright if (each.source, each.ref) not in ends]
        # Who took it back before, where it only waited to come in again, is not forgotten.
        ended = [rules.ended(each, "expired", now, each.ended_by, "its time was over") for each in over]
        store.save_sightings(tx, ended)
        store.save_sightings(tx, [msgspec.structs.replace(each, shadow_until="") for each in bright])
        self._settling.settle(tx, (each.entry for each in [*over, *bright]), "expired")
