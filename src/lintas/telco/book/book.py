"""The book of lists: officers propose, approve, decline and take back entries, one by one; each act has a name and a law.

Who proposes an entry never approves it. What stands between a proposal and a block is looked at anew with each yes and each
renewal. Taking back is one person's word and at once, here and wherever it was told.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import get_args

import msgspec

from lintas.border.judge import Judge
from lintas.model import times
from lintas.model.errors import Conflict, NotAllowed, NotFound
from lintas.model.listings import EndCode, Entry, Subject
from lintas.model.listings import ListKind as Kind
from lintas.model.people import same_person
from lintas.model.times import Clock
from lintas.policy.records import Decision
from lintas.storage.engine import Transaction
from lintas.telco.book import abroad_store, rows, rules, safety, store, values
from lintas.telco.book.records import DESK, Kept, Proposal, Sighting
from lintas.telco.book.safety import IsEmergency
from lintas.telco.book.settling import Settling
from lintas.telco.lists.ids import redress_ids

log = logging.getLogger("lintas.telco")

#: The subjects that stand in messages, in no list of numbers.
NAMES: tuple[Subject, ...] = ("url", "domain", "sender_id")


class Book:
    """The entries of one authority."""

    def __init__(
        self,
        *,
        me: str,
        redress_key: bytes,
        is_emergency: IsEmergency,
        may_approve: Callable[[Transaction, str], bool],
        settling: Settling,
        judge: Judge,
        clock: Clock,
    ) -> None:
        self.me, self.is_emergency, self._may_approve = me, is_emergency, may_approve
        self._settling, self._judge, self._clock = settling, judge, clock
        self._redress_id = redress_ids(redress_key)

    def id_of(self, subject: Subject, kind: Kind, value: str) -> str:
        """Return the redress id of an entry; a gateway derives that of a number or range by itself."""
        return self._redress_id(kind, value if subject in ("number", "range") else f"{subject} {value}")

    # ---- what people see

    def entry(self, tx: Transaction, entry: str) -> Kept:
        """Return an entry however it stands; NotFound when there is none."""
        found = store.kept(tx, entry)
        if found is None:
            raise NotFound(f"no entry {entry[:40]!r}", "take the id from the list, or from a gateway's answer")
        return found

    def find(self, tx: Transaction, entry: str) -> Kept | None:
        """Return an entry in force (listed, or only watched); None for one that is not, or never was."""
        found = store.kept(tx, entry)
        return found if found is not None and found.state in ("listed", "shadow") else None

    def of_origin(self, tx: Transaction, origin: str, ref: str) -> Kept | None:
        """Return our entry in force that rests on a peer's entry, which that peer calls ``ref``."""
        seen = store.said(tx, f"peer:{origin}", [ref]).get(ref)
        return self.find(tx, seen.entry) if seen is not None and seen.state == "live" else None

    def names(self, tx: Transaction, known: str = "") -> tuple[str, list[Entry]]:
        """Return the names in force (URLs, domains, sender IDs) as gateways need them, and the state that they are of.

        Where that is ``known`` already, no entry is read. Who told of a name, and which officers had a say, is left out.
        """
        state = store.stamp(tx, NAMES)
        if state == known:
            return state, []
        found, after = list[Entry](), ""
        while part := store.in_force(tx, NAMES, after):
            found += _readable(part)
            after = part[-1].id
        return state, [msgspec.structs.replace(each, sources=()) for each in found]

    def listed(
        self, tx: Transaction, *, state: str = "", subject: str = "", kind: str = "", after: str = "", limit: int = 50
    ) -> list[Kept]:
        """Return entries by id, after the id ``after``; "" asks for all."""
        return store.listed(tx, state=state, subject=subject, kind=kind, after=after, limit=limit)

    def named(self, tx: Transaction, value: str) -> list[Kept]:
        """Return what is listed of a number, range, address, domain, sender ID or wallet, by its exact value."""
        ids = (self.id_of(subject, kind, value) for subject in get_args(Subject) for kind in get_args(Kind))
        return list(store.kept_of(tx, ids).values())

    def vouched(self, tx: Transaction, entry: str) -> list[Sighting]:
        """Return who vouches for an entry, or did."""
        return store.sightings_of(tx, [entry]).get(entry, [])

    def covering(self, tx: Transaction, kept: Kept) -> list[Kept]:
        """Return the wider entries in force that hold an entry's value: ranges over a number, domains over an address."""
        kinds: tuple[Kind, ...] = get_args(Kind)
        if kept.subject in ("number", "range"):
            found = store.ranges_over(tx, *kept.value.partition("-")[::2])
        elif kept.subject in ("url", "domain"):
            names = safety.upwards(safety.host_of(kept.subject, kept.value))
            ids = [self.id_of("domain", kind, name) for name in names for kind in kinds]
            found = [each for each in store.kept_of(tx, ids).values() if each.state == "listed"]
        else:
            found = []
        same = (kept.subject, kept.value)
        return [each for each in found if (each.subject, each.value) != same and each.kind != "protected"]

    def importers(self, tx: Transaction, entry: str) -> tuple[str, ...]:
        """Return the authorities that an entry was told to."""
        return tuple(sorted(abroad_store.peers_told(tx, [entry])))

    # ---- what people do

    def propose(self, tx: Transaction, proposal: Proposal, officer: str) -> Kept:
        """Propose an entry, or see one again that stands, which renews it.

        Refused for what is never listed, NotAllowed where our own law has no such order, Conflict when it waits already, and
        when what stands takes two people for a reason of which its approvers did not know.
        """
        value = values.normal(proposal.subject, proposal.value)
        found = safety.check(tx, proposal.subject, value, proposal.kind, is_emergency=self.is_emergency)
        entry, now = self.id_of(proposal.subject, proposal.kind, value), self._clock.now()
        seen = self.vouched(tx, entry)
        earlier = next((each for each in seen if each.source == DESK), None)
        if earlier is not None and earlier.state == "waits":
            raise Conflict("this entry waits for approval already", f"see entry {entry}")
        mine = self._sighting(entry, proposal, officer, times.render(now))
        counting = [each for each in seen if rules.speaks(each, times.render(now)) and each.source != DESK]
        twice = rules.independent([*counting, mine]) > 1
        ends = rules.until(proposal.expires, proposal.subject, proposal.kind, now, seen_twice=twice)
        if earlier is not None and earlier.state == "live":
            if rules.needed(found.why, 1) > 1 and not (earlier.second_by and set(found.why) <= set(earlier.why)):
                raise Conflict(
                    "one person cannot renew this: it is on the allow-list, or was taken back, since it was approved",
                    "take it back, or let it end, and propose it anew; two approve it",
                )
            renewed = msgspec.structs.replace(earlier, seen_at=times.render(now), expires=max(earlier.expires, ends))
            store.save_sightings(tx, [renewed])
            self._note_a_say(tx, entry, officer)
            return self._settling.settle(tx, [entry], "renewed")[entry]
        law = rules.law_of(proposal.subject, value)
        decision = self._permitted(law, self.me, people=2)
        # By law one of the two must be left out to see whether one is enough.
        by_law = 2 if self.decide(law, self.me, people=1).outcome == "ask" else 1
        waits = msgspec.structs.replace(
            mine,
            expires=ends,
            needs=rules.needed(found.why, by_law),
            why=found.why if by_law < 2 else (*found.why, "by_law"),
            rule=", ".join(decision.rules),
            law="; ".join(decision.law) or "no section of law found",
        )
        if store.kept(tx, entry) is None:
            store.add(tx, [blank(entry, proposal, value, waits)])
        (store.add_sightings if earlier is None else store.save_sightings)(tx, [waits])
        return self._settling.settle(tx, [entry], "proposed")[entry]

    def _note_a_say(self, tx: Transaction, entry: str, officer: str) -> None:
        """Note that somebody had a say in an entry that stands: they do not decide on objections to it."""
        kept = self.entry(tx, entry)
        if not self.proposed_by(kept, officer):
            said = msgspec.structs.replace(kept, listed_by=(*kept.listed_by, officer))
            store.change(tx, [(entry, rows.changed(kept, said))])

    def _sighting(self, entry: str, proposal: Proposal, officer: str, now: str) -> Sighting:
        return Sighting(
            source=DESK,
            ref=entry,
            entry=entry,
            origin="",
            state="waits",
            suspended=False,
            owner=proposal.owner.strip() or self.me,
            reason=proposal.reason.strip(),
            scheme=proposal.scheme,
            grade="confirmed" if proposal.confirmed else "reported",
            sources=proposal.sources,
            listed=now,
            expires=now,
            seen_at=now,
            share=proposal.share and proposal.kind != "protected",
            proposed_by=officer,
        )

    def approve(self, tx: Transaction, entry: str, officer: str) -> Kept:
        """Say yes to whatever of an entry waits; in force once as many have as it needs.

        NotAllowed for who proposed it, and where this authority's law does not let it; Conflict for a second yes of one person,
        and when nothing waits. A first yes of somebody who may not approve any more does not count. What hits the allow-list
        by now takes two people, whatever it took when it was proposed.
        """
        kept = self.entry(tx, entry)
        waiting = [each for each in self.vouched(tx, entry) if each.state == "waits"]
        if not waiting:
            raise Conflict(f"nothing of this entry waits: it is {kept.state}", "read it again")
        found = safety.check(tx, kept.subject, kept.value, kept.kind, is_emergency=self.is_emergency)
        law, said = rules.law_of(kept.subject, kept.value), []
        for each in waiting:
            stands = each.approved_by if each.approved_by and self._may_approve(tx, each.approved_by) else ""
            why, needs = tuple(dict.fromkeys((*each.why, *found.why))), rules.needed(found.why, each.needs)
            yes = rules.approved(msgspec.structs.replace(each, approved_by=stands, why=why, needs=needs), officer)
            if yes.state == "live":
                decision = self._permitted(law, each.origin or self.me, people=2 if yes.second_by else 1)
                yes = msgspec.structs.replace(
                    yes, rule=", ".join(decision.rules), law="; ".join(decision.law) or "no section of law found"
                )
            said.append(yes)
        store.save_sightings(tx, said)
        return self._settling.settle(tx, [entry], "approved")[entry]

    def decline(self, tx: Transaction, entry: str, officer: str, reason: str) -> Kept:
        """Refuse whatever of an entry waits."""
        return self._end(tx, entry, officer, reason, "withdrawn", only_waiting=True)

    def withdraw(self, tx: Transaction, entry: str, officer: str, reason: str, code: EndCode = "withdrawn") -> Kept:
        """Take an entry back, here and wherever it was told, whoever vouches for it; Conflict when it is not in force."""
        return self._end(tx, entry, officer, reason, code)

    def _end(
        self, tx: Transaction, entry: str, by: str, reason: str, code: EndCode, *, only_waiting: bool = False
    ) -> Kept:
        kept, now = self.entry(tx, entry), times.render(self._clock.now())
        states = ("waits",) if only_waiting else ("waits", "live")
        over = [each for each in self.vouched(tx, entry) if each.state in states]
        if not over:
            raise Conflict(f"nothing is left to take back: the entry is {kept.state}", "read it again")
        store.save_sightings(tx, [rules.ended(each, code, now, by, reason) for each in over])
        return self._settling.settle(tx, [entry], code)[entry]

    def take_back_all(self, tx: Transaction, kept: Kept, officer: str, reason: str) -> None:
        """Take back on an objection whatever is listed, or waits, of an entry's value, as whichever kind."""
        for each in self.named(tx, kept.value):
            left = any(seen.state in ("waits", "live") for seen in self.vouched(tx, each.id))
            if each.kind != "protected" and each.subject == kept.subject and left:
                self._end(tx, each.id, officer, reason, "appeal")

    def recycle(
        self, tx: Transaction, entries: Iterable[str], by: str, reason: str, *, proposals: bool = False
    ) -> None:
        """End what stands of numbers that have a new holder, whoever vouches for it; ``proposals``: what waits as well."""
        now, ids = times.render(self._clock.now()), list(entries)
        seen = (each for every in store.sightings_of(tx, ids).values() for each in every)
        over = [each for each in seen if each.state == "live" or (proposals and each.state == "waits")]
        store.save_sightings(tx, [rules.ended(each, "recycled", now, by, reason) for each in over])
        self._settling.settle(tx, ids, "recycled")

    # ---- law

    def decide(self, law: rules.Law, peer: str, *, people: int) -> Decision:
        """Ask our own table whether we may enforce such an entry, with so many named approvers."""
        return self._judge.decide(
            "order",
            plane=law.plane,
            category=law.category,
            subject=law.subject,
            purpose="disruption",
            peer=peer,
            holder="telco",
            approver_present=people > 0,
            second_approver_present=people > 1,
        )

    def _permitted(self, law: rules.Law, peer: str, *, people: int) -> Decision:
        decision = self.decide(law, peer, people=people)
        if decision.outcome != "permit":
            raise NotAllowed(decision.sentence, "this authority's own law does not let it list this")
        return decision

    def proposed_by(self, kept: Kept, officer: str) -> bool:
        """Tell whether an officer had a say in listing an entry."""
        return any(same_person(name, officer) for name in kept.listed_by)


def _readable(part: Iterable[Kept]) -> Iterator[Entry]:
    """Return entries as gateways read them, without those, which are logged, that none could read."""
    for each in part:
        try:
            yield msgspec.convert(each, Entry, from_attributes=True)
        except msgspec.ValidationError as wrong:
            log.error("a name cannot be given to gateways", extra={"entry": each.id, "why": type(wrong).__name__})


def blank(entry: str, named: Proposal | Entry, value: str, first: Sighting) -> Kept:
    """Return an entry that nothing was worked out of yet."""
    return Kept(
        id=entry,
        subject=named.subject,
        value=value,
        kind=named.kind,
        state="declined",
        owner=first.owner,
        reason=first.reason,
        scheme=first.scheme,
        grade=first.grade,
        sources=first.sources,
        listed=first.listed,
        expires=first.expires,
    )
