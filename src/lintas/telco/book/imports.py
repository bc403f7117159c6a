"""Takes what peers say about lists: each entry becomes one of our own, under our own law and checks, or is told why not.

A peer's word stands apart from everybody else's: it can renew or take back nothing but its own. Whether it is enforced here is
decided here: by two officers' standing word for that peer, else by an approver for each entry. It never outlives its origin's.
"""

from datetime import datetime, timedelta

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
            said = self._sighting(event, each, known.get(each.id), adopted, marked, now)
            taken[each.id] = msgspec.structs.replace(said, suspended=bool(source.stopped_at or source.severed))
            fresh[said.entry] = blank(said.entry, each, each.value, said)
        moved = [
            old.entry for ref, old in known.items() if ref in taken and old.entry != taken[ref].entry and old.entry
        ]
        there = store.kept_of(tx, fresh)
        store.add(tx, [each for name, each in fresh.items() if name not in there])
        store.add_sightings(tx, [each for ref, each in taken.items() if ref not in known])
        store.save_sightings(tx, [each for ref, each in taken.items() if ref in known])
        after = self._settling.settle(tx, [*fresh, *moved], "imported")
        for ref, said in taken.items():
            if after[said.entry].state not in ("listed", "shadow"):
                refused[ref] = NotTaken(ref, "waits")
        self._answer(tx, event.origin, body.batch, "imported", tuple(refused.values()))

    def _room(self, tx: Transaction, source: Source) -> int:
        """Return how much more a source may bring in this hour."""
        since = times.render(self._clock.now() - timedelta(hours=1))
        return source.cap_hour - store.seen_since(tx, source.name, since)

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
        adopted: Adoption | None,
        marked: str | None,
        now: datetime,
    ) -> Sighting:
        twice = entry.grade != "reported"
        ends = min(times.parse(entry.expires), now + rules.longest(entry.subject, entry.kind, seen_twice=twice))
        if marked is not None:
            ends = min(ends, times.parse(marked))
        # What people here took back comes in again only with people's word.
        lifted = known is not None and known.state in ("ended", "declined") and bool(known.ended_by)
        stands = adopted is not None and self._sources.adopts(adopted, entry.subject, now) and not lifted
        law = rules.law_of(entry.subject, entry.value)
        decision = self._book.decide(law, event.origin, people=2)
        first, second = (adopted.first_by, adopted.second_by) if stands and adopted else ("", "")
        if known is not None and self._renews(known, entry):
            first, second = known.approved_by, known.second_by
        return Sighting(
            source=f"peer:{event.origin}",
            ref=entry.id,
            entry=self._book.id_of(entry.subject, entry.kind, entry.value),
            origin=event.origin,
            state="live" if first else "waits",
            suspended=False,
            owner=entry.owner or event.origin,
            reason=entry.reason,
            scheme=entry.scheme,
            grade=entry.grade,
            sources=entry.sources,
            listed=times.render(times.parse(entry.listed)),
            expires=times.render(ends),
            seen_at=times.render(now),
            batch=event.object,
            needs=1,
            rule=", ".join(decision.rules),
            law="; ".join(decision.law) or "no section of law found",
            approved_by=first,
            second_by=second,
        )

    def _renews(self, known: Sighting | None, entry: Entry) -> bool:
        """Tell whether an entry only renews one that people here approved: the same value, listed as the same."""
        same = known is not None and known.entry == self._book.id_of(entry.subject, entry.kind, entry.value)
        return known is not None and same and known.state == "live"

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
        # Of what never came so much is remembered as might still come.
        unknown = [each for each in dict.fromkeys(body.ids) if each not in known][: max(self._room(tx, source), 0)]
        store.add_sightings(tx, [tombstone(source.name, origin, each, at, body.code) for each in unknown])
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


def tombstone(source: str, origin: str, ref: str, at: str, code: str) -> Sighting:
    """Return what is kept of a withdrawal that came before the entry it takes back."""
    blank_ = {"entry": "", "owner": "", "reason": "", "scheme": "unknown", "grade": "reported", "sources": ()}
    times_ = dict.fromkeys(("listed", "expires", "seen_at", "ended_at"), at)
    given = {"source": source, "ref": ref, "origin": origin, "state": "ended", "suspended": False, "end_code": code}
    return msgspec.convert(blank_ | times_ | given, Sighting)
