"""Takes what peers say about lists: each entry becomes one of our own, under our own law and checks, or is told why not.

A peer's word stands apart from everybody else's: it can renew or take back nothing but its own. Whether it is enforced here is
decided here: by two officers' standing word for that peer, else by an approver for each entry. It never outlives its origin's.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import get_args

import msgspec

from lintas.border.records import Admitted
from lintas.border.service import Border
from lintas.model import messages, times
from lintas.model.errors import BadInput, LintasError, Refused
from lintas.model.listings import (
    Entry,
    Listing,
    ListingStatus,
    ListingWithdrawal,
    ListKind,
    NotTaken,
)
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book import abroad_store, rules, safety, sources_store, store, values
from lintas.telco.book.book import Book, blank
from lintas.telco.book.records import Adoption, Kept, Sighting, Source
from lintas.telco.book.safety import IsEmergency
from lintas.telco.book.settling import Settling
from lintas.telco.book.sources import Sources
from lintas.telco.book.telling import Telling

#: Taking back what is protected lets more be blocked: no such ending is a word against a block.
BLOCKS: tuple[ListKind, ...] = tuple(kind for kind in get_args(ListKind) if kind != "protected")
HOUR = timedelta(hours=1)


class Imports:
    """What peers say to one authority about lists; objections have a hearer of their own."""

    def __init__(
        self,
        *,
        book: Book,
        sources: Sources,
        settling: Settling,
        telling: Telling,
        border: Border,
        is_emergency: IsEmergency,
        clock: Clock,
    ) -> None:
        self._book, self._sources, self._settling, self._telling = book, sources, settling, telling
        self._border, self._is_emergency, self._clock = border, is_emergency, clock
        # What each source changed of late: its rows tell how much it brought, not how often it changed its mind.
        self._changes: dict[str, deque[tuple[datetime, int]]] = {}

    def admitted(self, tx: Transaction, event: Admitted) -> None:
        """Take what passed the border; hearer of ``border.Admitted``. What is not a peer's to say is put on record."""
        if not event.type.startswith("listing"):
            return
        statement = self._border.statement(tx, event.origin, event.object)
        body = messages.read_body(statement)
        try:
            match body:
                case Listing():
                    ends = statement.marking.obligations.expires
                    self._listed(tx, event, body, ends)
                case ListingWithdrawal():
                    self._withdrawn(tx, event.origin, body)
                case ListingStatus():
                    self._telling.status(tx, event.origin, body)
        except (Refused, BadInput) as wrong:
            reason = wrong.reason if isinstance(wrong, Refused) else "bad_input"
            self._border.note_refusal(tx, event.origin, reason, str(wrong))

    # ---- listings

    def _listed(self, tx: Transaction, event: Admitted, body: Listing, marked: str | None) -> None:
        now = self._clock.now()
        if not abroad_store.hear(tx, event.origin, body.batch, times.render(now)):
            raise Refused("batch_taken", f"{event.origin} sent batch {body.batch} before", "name each batch anew")
        source = self._sources.of_peer(tx, event.origin)
        room = self._room(tx, source)
        known = store.said(tx, source.name, (each.id for each in body.entries))
        adopted = sources_store.adoption(tx, event.origin)
        around = self._around(tx, body.entries)
        taken: dict[str, Sighting] = {}
        refused: dict[str, NotTaken] = {}
        fresh: dict[str, Kept] = {}
        for each in body.entries:
            if len(taken) >= room or each.id in taken:
                refused[each.id] = NotTaken(each.id, "over_cap" if each.id not in taken else "twice")
                continue
            code = self._refusal(tx, event.origin, each, known.get(each.id), now)
            if code:
                refused[each.id] = NotTaken(each.id, code)
                continue
            said = self._sighting(event, each, known.get(each.id), around, adopted, marked, now)
            taken[each.id] = msgspec.structs.replace(said, suspended=bool(source.stopped_at or source.severed))
            fresh[said.entry] = blank(said.entry, each, each.value, said)
        moved = [
            old.entry for ref, old in known.items() if ref in taken and old.entry != taken[ref].entry and old.entry
        ]
        there = store.kept_of(tx, fresh)
        store.add(tx, [each for name, each in fresh.items() if name not in there])
        store.add_sightings(tx, [each for ref, each in taken.items() if ref not in known])
        store.save_sightings(tx, [each for ref, each in taken.items() if ref in known])
        self._count(source.name, sum(_changes(known.get(ref), each) for ref, each in taken.items()))
        after = self._settling.settle(tx, [*fresh, *moved], "imported")
        for ref, said in taken.items():
            if after[said.entry].state not in ("listed", "shadow"):
                refused[ref] = NotTaken(ref, "waits")
        self._answer(tx, event.origin, body.batch, "imported", tuple(refused.values()))

    def _room(self, tx: Transaction, source: Source) -> int:
        """Return how much more a source may bring or change in this hour."""
        since = self._clock.now() - HOUR
        changes = self._changes.get(source.name, deque())
        while changes and changes[0][0] <= since:
            changes.popleft()
        changed = sum(number for _, number in changes)
        return source.cap_hour - max(changed, store.seen_since(tx, source.name, times.render(since)))

    def _count(self, source: str, number: int) -> None:
        """Note how much a source changed now; until this node starts anew, which no peer can make it do."""
        if number:
            self._changes.setdefault(source, deque()).append((self._clock.now(), number))

    def _around(self, tx: Transaction, entries: Sequence[Entry]) -> dict[str, list[Sighting]]:
        """Return whatever was ever said of the values of these entries, by our id for each kind of block."""
        ids = (self._book.id_of(each.subject, kind, each.value) for each in entries for kind in BLOCKS)
        return store.sightings_of(tx, dict.fromkeys(ids))

    def _refusal(self, tx: Transaction, origin: str, entry: Entry, known: Sighting | None, now: datetime) -> str:
        """Return the code of why an entry is not taken, "" when it is."""
        try:
            values.check_normal(entry.subject, entry.value)
            listed, expires = times.parse(entry.listed), times.parse(entry.expires)
            found = safety.check(tx, entry.subject, entry.value, entry.kind, is_emergency=self._is_emergency)
        except Refused as wrong:
            return wrong.reason
        except LintasError:
            return "bad_input"
        if entry.kind == "protected":
            return "protected"
        if listed > now + rules.SKEW or expires <= now or expires <= listed:
            return "absurd_time"
        if found.why:
            return found.why[0]
        if known is not None and known.state == "ended" and not known.ended_by and self._older(entry, known):
            return "withdrawn"
        # That people took it back is remembered by its id, which therefore never comes to mean something else.
        if known is not None and known.ended_by and known.entry != self._id_of(entry):
            return "withdrawn"
        law = rules.law_of(entry.subject, entry.value)
        return "" if self._book.decide(law, origin, people=2).outcome == "permit" else "no_law"

    @staticmethod
    def _older(entry: Entry, known: Sighting) -> bool:
        """Tell whether an entry was listed before its origin took it back: withdrawals overtake long lists on the way."""
        return known.end_code != "expired" and times.parse(entry.listed) <= times.parse(known.listed)

    def _sighting(
        self,
        event: Admitted,
        entry: Entry,
        known: Sighting | None,
        around: Mapping[str, Sequence[Sighting]],
        adopted: Adoption | None,
        marked: str | None,
        now: datetime,
    ) -> Sighting:
        law, stamp = rules.law_of(entry.subject, entry.value), times.render(now)
        decision = self._book.decide(law, event.origin, people=2)
        # By law one of the two must be left out to see whether one is enough.
        by_law = 2 if self._book.decide(law, event.origin, people=1).outcome == "ask" else 1
        said = Sighting(
            source=f"peer:{event.origin}",
            ref=entry.id,
            entry=self._id_of(entry),
            origin=event.origin,
            state="waits",
            suspended=False,
            owner=entry.owner or event.origin,
            reason=entry.reason,
            scheme=entry.scheme,
            grade=entry.grade,
            sources=entry.sources,
            listed=times.render(times.parse(entry.listed)),
            expires=entry.expires,
            seen_at=stamp,
            batch=event.object,
            needs=rules.needed((), by_law),
            why=("by_law",) if by_law > 1 else (),
            rule=", ".join(decision.rules),
            law="; ".join(decision.law) or "no section of law found",
            # Whoever took it back here before stays on record while it waits, and when it ends again.
            ended_by=known.ended_by if known is not None else "",
        )
        # However well shown a peer says it is, a peer is one source here.
        others = [
            each for each in around.get(said.entry, ()) if rules.counts(each, stamp) and each.source != said.source
        ]
        twice = rules.independent([*others, said]) > 1
        ends = min(times.parse(entry.expires), now + rules.longest(entry.subject, entry.kind, seen_twice=twice))
        if marked is not None:
            ends = min(ends, times.parse(marked))
        # What people here took back, under whatever id or kind, comes in again only with people's word.
        lifted = any(_taken_back(each) for kind in BLOCKS for each in around.get(self._id_of(entry, kind), ()))
        stands = adopted is not None and self._sources.adopts(adopted, entry.subject, now) and not lifted
        first, second = (adopted.first_by, adopted.second_by) if stands and adopted else ("", "")
        if known is not None and known.state == "live" and known.entry == said.entry:
            # It only renews what people here approved: for as long as they did, longer while a standing word stands.
            first, second = known.approved_by, known.second_by
            ends = ends if stands else min(ends, times.parse(known.expires))
        return msgspec.structs.replace(
            said,
            state="live" if first else "waits",
            expires=times.render(ends),
            approved_by=first,
            second_by=second,
        )

    def _id_of(self, entry: Entry, kind: ListKind | None = None) -> str:
        """Return our own id of what a peer's entry names."""
        return self._book.id_of(entry.subject, kind or entry.kind, entry.value)

    # ---- withdrawals

    def _withdrawn(self, tx: Transaction, origin: str, body: ListingWithdrawal) -> None:
        now = self._clock.now()
        if not abroad_store.hear(tx, origin, body.batch, times.render(now)):
            raise Refused("batch_taken", f"{origin} sent batch {body.batch} before", "name each batch anew")
        at = times.render(min(times.parse(body.at), now + rules.SKEW))
        source = self._sources.of_peer(tx, origin)
        known = store.said(tx, source.name, body.ids)
        over = [rules.ended(each, body.code, times.render(now), each.ended_by, body.reason) for each in known.values()]
        # ``listed`` says from when on a new listing of it counts.
        store.save_sightings(tx, [msgspec.structs.replace(each, state="ended", listed=at) for each in over])
        turned = sum(each.state in ("live", "waits") for each in known.values())
        self._count(source.name, turned)
        # Of what never came so much is remembered as might still come.
        unknown = [each for each in dict.fromkeys(body.ids) if each not in known][: max(self._room(tx, source), 0)]
        store.add_sightings(tx, [tombstone(source.name, origin, each, at, body.code) for each in unknown])
        self._count(source.name, len(unknown))
        self._settling.settle(tx, (each.entry for each in known.values() if each.entry), body.code)
        self._answer(tx, origin, body.batch, "withdrawn")

    def _answer(self, tx: Transaction, peer: str, batch: str, state: str, not_taken: tuple[NotTaken, ...] = ()) -> None:
        now = times.render(self._clock.now())
        body = msgspec.convert({"batch": batch, "state": state, "at": now}, ListingStatus)
        self._telling.say(tx, peer, msgspec.structs.replace(body, not_taken=not_taken))

    def enforced(self, tx: Transaction, version: int) -> None:
        """Tell peers what of theirs every gateway of ours enforces since it has a version."""
        now = times.render(self._clock.now())
        for peer, batch in abroad_store.enforced(tx, version, now):
            self._answer(tx, peer, batch, "enforced")


def _taken_back(said: Sighting) -> bool:
    """Tell whether people here took a word back, or declined it, and nobody here approved it since."""
    return bool(said.ended_by) and said.state != "live"


def _changes(known: Sighting | None, said: Sighting) -> bool:
    """Tell whether what was said now is anything new."""
    return known is None or msgspec.structs.replace(said, seen_at=known.seen_at, batch=known.batch) != known


def tombstone(source: str, origin: str, ref: str, at: str, code: str) -> Sighting:
    """Return what is kept of a withdrawal that came before the entry it takes back."""
    blank_ = {"entry": "", "owner": "", "reason": "", "scheme": "unknown", "grade": "reported", "sources": ()}
    times_ = dict.fromkeys(("listed", "expires", "seen_at", "ended_at"), at)
    given = {"source": source, "ref": ref, "origin": origin, "state": "ended", "suspended": False, "end_code": code}
    return msgspec.convert(blank_ | times_ | given, Sighting)
