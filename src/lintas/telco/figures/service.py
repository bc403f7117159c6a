"""Takes what gateways counted, once a minute each, and gives a month's counters and each operator's scorecard."""

import hashlib
from collections.abc import Collection

import msgspec

from lintas.model import times
from lintas.model.errors import Conflict
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.figures import ordered_store, rules, store
from lintas.telco.figures.records import CounterFigures, CounterReport, CountsTaken, Scorecard
from lintas.telco.redress import store as redress_store


class Counters:
    """The counters of one authority's operators."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock

    def take(self, tx: Transaction, operator: str, report: CounterReport) -> CountsTaken:
        """Take a gateway's minute; sent again it changes nothing. Conflict when the same minute was counted otherwise."""
        now = self._clock.now()
        rules.check_minute(report, now)
        ordered = sorted(report.counts, key=lambda each: (each.trunk, each.action, each.kind, each.shadow))
        digest = hashlib.sha256(msgspec.json.encode(msgspec.structs.replace(report, counts=tuple(ordered)))).digest()
        before = store.digest_of(tx, operator, report.gateway, report.minute)
        if before not in (None, digest):
            raise Conflict(
                f"{report.gateway} counted {report.minute} otherwise before", "a minute counts once: send the next one"
            )
        if before is None:
            store.forget_before(tx, times.render(now - rules.OLDEST - rules.AHEAD))
            store.add(tx, operator, report, digest)
        return CountsTaken(gateway=report.gateway, minute=report.minute, new=before is None)

    def of_month(self, tx: Transaction, month: str, operator: str = "") -> CounterFigures:
        """Return the counters of a month (``2026-03``, UTC), of one operator or of all; BadInput for what is no month."""
        since, until = rules.month_bounds(month)
        found = store.between(tx, since, until, operator)
        done = tuple(each for each in found if not each.shadow)
        return CounterFigures(
            month=month,
            calls=sum(each.calls for each in done),
            rows=done,
            shadow=tuple(each for each in found if each.shadow),
        )


class Scorecards:
    """How each operator carried out what was published to it; ``operators`` are those connected here."""

    def __init__(self, *, operators: Collection[str], clock: Clock) -> None:
        self._operators, self._clock = operators, clock

    def of_month(self, tx: Transaction, month: str, operator: str = "") -> list[Scorecard]:
        """Return the scorecards of a month, of one operator or of all that are connected; BadInput for what is no month."""
        since, until = rules.month_bounds(month)
        ordered = ordered_store.between(tx, since, until)
        reports = [each for each in redress_store.received_between(tx, since, until) if each.kind == "false_block"]
        names = [operator] if operator else sorted({*self._operators, *(each.operator for each in ordered)})
        return [
            rules.scorecard(
                name,
                month,
                ordered,
                now=times.render(self._clock.now()),
                false_blocks=sum(each.name == name for each in reports),
                false_upheld=sum(each.name == name and each.state == "upheld" for each in reports),
            )
            for name in names
        ]
