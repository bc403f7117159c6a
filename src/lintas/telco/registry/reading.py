"""Reads the registry of sender IDs: how the interlock stands for a claim, what a person sees, what gateways get."""

from collections.abc import Callable, Iterable

import msgspec

from lintas.model import times
from lintas.model.errors import NotFound
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.names import claims, looks
from lintas.telco.names.claims import Judgement
from lintas.telco.names.senders import Registration, Registry
from lintas.telco.registry import rules, store
from lintas.telco.registry.records import Sender, SenderView
from lintas.telco.registry.store import Looks

#: Gives an authority's jurisdiction in capitals; "" for one that is no member.
JurisdictionOf = Callable[[str], str]


class Reading:
    """The registry as of a transaction; ``place`` is this authority's jurisdiction, two small letters."""

    def __init__(self, *, place: str, jurisdiction_of: JurisdictionOf, clock: Clock) -> None:
        self.place, self._jurisdiction_of, self._clock = place, jurisdiction_of, clock

    def sender(self, tx: Transaction, name: str) -> Sender:
        """Return one claim or registration; NotFound when there is none."""
        found = store.sender(tx, name)
        if found is None:
            raise NotFound(f"no sender ID has the id {name[:40]!r}", "take it from the list")
        return found

    def listed(
        self, tx: Transaction, *, q: str = "", state: str = "", where: str = "", after: str = "", limit: int = 50
    ) -> list[Sender]:
        """Return claims and registrations by id, after the id ``after``.

        ``q`` is an id, or finds every sender ID with a part that looks like it; ``where`` is ``here``, ``abroad``, "" for both.
        """
        if q and (one := store.sender(tx, q)) is not None:
            return [one]
        look = looks.skeleton(q)
        if q and not look:
            return []
        return store.listed(tx, state=state, look=look, where=where, after=after, limit=limit)

    def judgement(self, tx: Transaction, item: Sender, known: Looks | None = None) -> Judgement:
        """Say how the interlock stands for a claim by what this node knows; ``known`` are the looks that there are."""
        near, now = self._near(tx, item.sender, known), self._clock.now()
        said = store.words_of(tx, item.id)
        places = {each.origin: self._place_of(each.origin) for each in said}
        return claims.judge(
            rules.claim_of(item),
            _registry(near),
            rules.rivals(near, item, now),
            [yes for each in said if (yes := rules.consent_of(each, places[each.origin]))],
            [no for each in said if (no := rules.objection_of(each, places[each.origin]))],
            now,
        )

    def clashes(self, tx: Transaction, sender: str, but: str = "") -> list[Sender]:
        """Return the registrations in force that a sender ID is or is taken for, the equal first."""
        near = self._near(tx, sender)
        by_id = {each.id: each for each in near}
        return [by_id[one.id] for one in _registry(near).clashing(sender, self._clock.now()) if one.id != but]

    def view(self, tx: Transaction, name: str) -> SenderView:
        """Return one claim or registration as an officer reads it."""
        item = self.sender(tx, name)
        clashes, judgement = list[Sender](), None
        if item.sender:
            clashes = self.clashes(tx, item.sender, item.id)
        if item.state in ("proposed", "claimed"):
            now = times.render(self._clock.now())
            judged = item if item.announced else msgspec.structs.replace(item, announced=now)
            judgement = self.judgement(tx, judged)
        return SenderView(
            sender=item,
            judgement=judgement,
            clashes=tuple(clashes),
            words=tuple(store.words_of(tx, name)),
            acts=tuple(store.acts_of(tx, name)),
            ours=tuple(each.id for each in clashes if not each.origin) if item.origin else (),
        )

    def published(self, tx: Transaction) -> tuple[int, list[Registration]]:
        """Return the number of the last change, and every registration in force, of here and abroad."""
        now = self._clock.now()
        found = [rules.registration_of(each) for each in store.in_state(tx, "registered")]
        return store.stamp(tx), [each for each in found if times.parse(each.until) > now]

    def _near(self, tx: Transaction, sender: str, known: Looks | None = None) -> list[Sender]:
        """Return the claims and registrations that a sender ID is or is taken for; no other one is read whole."""
        look = looks.skeleton(sender)
        found = store.looks_of(tx) if known is None else known
        return store.named(tx, (name for name, other in found if looks.alike(look, other)))

    def _place_of(self, origin: str) -> str:
        return self._jurisdiction_of(origin).lower() if origin else self.place


def _registry(near: Iterable[Sender]) -> Registry:
    return Registry(rules.announced_one(each) for each in near if each.state == "registered")
