"""The face over a home operator's own table: offered is what its feeds tell, and answered while they tell it."""

from datetime import UTC, date, datetime

from lintas.gateway.camara.clients import Register
from lintas.gateway.camara.face import Face, Settings
from lintas.gateway.camara.operations import Api
from lintas.gateway.camara.sources import Sources
from lintas.gateway.operator.operator import Operator, OperatorSettings
from lintas.model import times
from lintas.model.errors import BadInput, Unavailable
from lintas.telco.home.records import Gateway

#: Feeds that tell who has which number, without which nothing is answered; and those that may tell of SIM changes.
_ASSIGN, _SIMS = {"lines", "nats", "simulator"}, {"lines", "nats"}


def face(operator: Operator) -> Face:
    """Return the face that an operator's settings describe; BadInput where nothing feeds what it is to offer."""
    settings, checks = operator.settings, operator.checks
    fed = FedTable(operator)
    sources = Sources(
        subscribers=fed,
        confirmed=fed.confirmed,
        protected=checks.protected,
        sims_since=times.parse(settings.sims_since) if settings.sims_since else None,
        guard=lambda client, number: checks.lets(Gateway(name=client), number),
    )
    register = Register(operator.root / settings.camara_clients)
    return Face(sources, register, Settings(apis=offered(settings), token_url=settings.camara_url), operator.clock)


def offered(settings: OperatorSettings) -> frozenset[Api]:
    """Return what the face offers: the APIs that are named, or all that are fed; BadInput for one that nothing feeds."""
    kinds = {feed.kind for feed in settings.feeds}
    fed = set[Api]()
    if kinds & _ASSIGN:
        fed |= {"device-roaming-status", "number-recycling"}
    if kinds & _SIMS and settings.sims_since:
        fed.add("sim-swap")
    if not fed or not any(feed.silent_s for feed in settings.feeds):
        what = "no feed tells who has which number" if not fed else "no feed is ever taken for dead"
        raise BadInput(what, "see docs/telco-camara.md for what an operator feeds", where="feeds")
    if unfed := set(settings.camara_apis) - fed:
        what = f"nothing feeds {', '.join(sorted(unfed))}"
        raise BadInput(what, "sim-swap needs `sims_since` and a feed of lines or nats", where="camara_apis")
    return frozenset(settings.camara_apis or fed)


class FedTable:
    """The operator's table as long as its feeds speak; Unavailable once one is silent for longer than its ``silent_s``."""

    def __init__(self, operator: Operator) -> None:
        self._table, self._heard, self._clock = operator.keeper.table, operator.keeper.heard, operator.clock
        self._silent = {feed.name: feed.silent_s for feed in operator.settings.feeds if feed.silent_s}

    def confirmed(self) -> datetime:
        """Return up to when all of the feeds have told, UTC; Unavailable where that is too long ago."""
        now = self._clock.now().timestamp()
        told = {name: self._heard.get(name, 0) for name in self._silent}
        if any(now - at > self._silent[name] for name, at in told.items()):
            raise Unavailable("a feed of the operator's table is silent", "ask again later")
        return datetime.fromtimestamp(min(told.values()), UTC)

    def assigned(self, number: int) -> bool | None:
        """Return whether a subscriber has it; None where it is not ours."""
        self.confirmed()
        return self._table.assigned(number)

    def roaming(self, number: int) -> bool | None:
        """Return whether it is registered abroad; None where it is not assigned, or not ours."""
        self.confirmed()
        return self._table.roaming(number)

    def sim_changed(self, number: int) -> datetime | None:
        """Return when its SIM last changed, UTC; None where no change is known."""
        self.confirmed()
        return self._table.sim_changed(number)

    def recycled_since(self, number: int, day: date) -> bool | None:
        """Return whether its holder changed after that day; None where nothing is known."""
        self.confirmed()
        return self._table.recycled_since(number, day)
