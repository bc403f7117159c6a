"""Objections to blocks: made by whoever was blocked or by an operator, decided where it was listed, heard by every importer."""

import base64
import contextlib
import hashlib
import logging
from collections.abc import Callable
from typing import Literal

import msgspec

from lintas.model import times
from lintas.model.errors import Conflict, NotFound, Refused
from lintas.model.ids import IdSource
from lintas.model.listings import Ground, ListingAppeal, ListingAppealStatus
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book import safety
from lintas.telco.book.book import Book
from lintas.telco.redress import rules, store
from lintas.telco.redress.blocks import Blocks
from lintas.telco.redress.records import (
    Blocked,
    Contest,
    FalseBlock,
    Notice,
    Objection,
    ObjectionKind,
    ObjectionState,
    Progress,
    Receipt,
    Ruling,
)

log = logging.getLogger("lintas.telco")

#: Clocks that are looked at in one transaction.
MOST_AT_ONCE = 200
#: Said of an objection to an entry that is gone when it arrives: what it asks for has been done.
GONE = "the entry was taken back before"


#: Says how an objection stands to one peer; False where our own law does not let it.
Say = Callable[[Transaction, str, ListingAppeal | ListingAppealStatus], bool]


class Redress:
    """The objections at one authority.

    ``name_of`` gives an authority's name as people read it; ``contact`` is this authority's own.
    """

    def __init__(
        self,
        *,
        book: Book,
        me: str,
        say: Say,
        name_of: Callable[[str], str],
        contact: str,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._book, self._blocks, self._me, self._say, self._name_of = book, Blocks(book, clock), me, say, name_of
        self._contact, self._clock, self._ids = contact, clock, ids

    # ---- what anybody reads

    def notice(self, tx: Transaction, entry: str) -> Notice:
        """Return what anybody reads under an id; the same questions are asked of the database whatever it is."""
        found, contested = self._blocks.find(tx, entry), store.contested(tx, entry)
        origin = "" if found is None else found.origin
        return rules.notice(entry, found, authority=self._name_of(origin), contested=contested, contact=self._contact)

    def progress(self, tx: Transaction, token: str) -> Progress:
        """Return how the objection of a token stands; NotFound for any other text."""
        found = store.by_token(tx, _hash(token))
        if found is None:
            raise NotFound("no objection has this address", "copy the address that you were given when you objected")
        return Progress(
            entry=found.entry,
            received_at=found.received_at,
            answer_by=found.answer_by,
            decides=self._name_of(found.origin),
            state=found.state,
            decided_at=found.decided_at,
            reason=found.reason,
            lifted=bool(found.lifted_by),
            blocked=self._blocks.find(tx, found.entry) is not None,
            contact=self._contact,
        )

    # ---- objecting

    def contest(self, tx: Transaction, entry: str, form: Contest) -> Receipt:
        """Take somebody's objection; NotFound where nothing is blocked, Conflict when it is there already or too many wait."""
        made = self._new(self._in_force(tx, entry), "person", form.ground, text=form.text.strip())
        made = msgspec.structs.replace(made, name=form.name.strip(), contact=form.contact.strip())
        token = base64.b32encode(self._ids.salt()[:20]).decode().lower()
        self._file(tx, made, _hash(token))
        return Receipt(address=f"/redress/objections/{token}", answer_by=made.answer_by)

    def false_block(self, tx: Transaction, operator: str, report: FalseBlock) -> Objection:
        """Take an operator's report that a block is wrong: an objection like any other, with the same clock."""
        ground: Ground = "new_holder" if report.cause == "recycled" else "mistake"
        made = self._new(self._in_force(tx, report.id), "false_block", ground, text=report.text.strip())
        made = msgspec.structs.replace(made, name=operator, cause=report.cause)
        return self._file(tx, made, None)

    def _in_force(self, tx: Transaction, entry: str) -> Blocked:
        found = self._blocks.find(tx, entry)
        if found is None:
            raise NotFound("nothing is blocked under this id", "there is nothing to object to")
        return found

    def _new(self, entry: Blocked, kind: ObjectionKind, ground: Ground, *, text: str = "") -> Objection:
        now, name = self._clock.now(), self._ids.new("objection")
        return Objection(
            id=name,
            their_id=name,
            entry=entry.id,
            subject=entry.subject,
            value=entry.value,
            kind=kind,
            ground=ground,
            received_at=times.render(now),
            answer_by=rules.due(now),
            origin=entry.origin,
            text=text,
        )

    def _file(self, tx: Transaction, made: Objection, token: str | None) -> Objection:
        rules.check_room(store.of_entry(tx, made.entry, open_only=True), made, self._contact)
        store.add(tx, made, token)
        entry = self._in_force(tx, made.entry)
        told = ListingAppeal(
            appeal=made.their_id,
            entry=entry.origin_id or entry.id,
            origin=entry.origin or self._me,
            ground=made.ground,
            at=made.received_at,
        )
        for peer in (made.origin,) if made.origin else entry.importers:
            self._say(tx, peer, told)
        return made

    # ---- deciding

    def objection(self, tx: Transaction, name: str) -> Objection:
        """Return one objection; NotFound when there is none."""
        found = store.objection(tx, name)
        if found is None:
            raise NotFound(f"no objection {name[:80]!r}", "take the id from the list of objections")
        return found

    def listed(
        self,
        tx: Transaction,
        state: str | None = "open",
        *,
        late: bool = False,
        notices: bool = False,
        after: str = "",
        limit: int = 200,
    ) -> list[Objection]:
        """Return objections in a state, oldest first; by default those that wait. NotFound for an ``after`` that is none.

        What waits is never mixed with the notices of peers, about which nobody here decides: ``notices`` asks for those alone.
        """
        last = self.objection(tx, after) if after else None
        since = (last.received_at, last.id) if last else ("", "")
        which = True if notices else False if state == "open" else None
        return store.listed(tx, state, late=late, notices=which, after=since, limit=limit)

    def reported_by(self, tx: Transaction, operator: str, limit: int) -> list[Objection]:
        """Return the newest reports of one operator, the last first."""
        return store.reported_by(tx, operator, limit)

    def entry_of(self, tx: Transaction, objection: Objection) -> Blocked | None:
        """Return the entry that an objection is to, while it is in force."""
        return self._blocks.find(tx, objection.entry)

    def decide(self, tx: Transaction, name: str, officer: str, ruling: Ruling) -> Objection:
        """Decide on an objection to an entry of this authority's own.

        Upheld, its value is taken back everywhere at once, as whichever kind, and whatever else waits against it is upheld with
        it; a wider entry that blocks it still gets an objection of its own. NotAllowed for who had a say in listing it, and
        where another authority decides; Conflict when it is decided.
        """
        item = self.objection(tx, name)
        entry = self._blocks.find(tx, item.entry)
        rules.check_decider(item, entry, officer, ruling)
        if not ruling.uphold:
            return self._close(tx, entry, item, "dismissed", officer, ruling.reason)
        if entry is not None:
            kept = self._book.entry(tx, entry.id)
            self._book.take_back_all(tx, kept, officer, ruling.reason)
            for wider in self._book.covering(tx, kept):
                self._flag(tx, wider.id, item)
        others = [each for each in store.of_entry(tx, item.entry, open_only=True) if each.id != item.id]
        for each in others:
            self._close(tx, entry, each, "upheld", officer, ruling.reason)
        return self._close(tx, entry, item, "upheld", officer, ruling.reason)

    def _flag(self, tx: Transaction, wider: str, item: Objection) -> None:
        """File an objection to a wider entry that blocks a value still, for an officer to decide."""
        found = self._blocks.find(tx, wider)
        if found is not None:
            text = f"An objection to {item.value} was upheld, and this entry blocks it still."
            with contextlib.suppress(Conflict):
                self._file(tx, self._new(found, "person", item.ground, text=text), None)

    def lift(self, tx: Transaction, name: str, officer: str, reason: str) -> Objection:
        """Take this authority's own entry back by its own law, at once, while another authority decides on the objection."""
        item = self.objection(tx, name)
        if not item.origin:
            raise Conflict("this authority listed it itself", "decide on the objection")
        if item.lifted_by or self._blocks.find(tx, item.entry) is None:
            raise Conflict("nothing is blocked here under this id any more", "there is nothing to take back")
        self._book.withdraw(tx, item.entry, officer, reason, "appeal")
        lifted = msgspec.structs.replace(item, lifted_by=officer, lifted_at=self._now())
        store.keep(tx, lifted)
        return lifted

    def seen(self, tx: Transaction, name: str, officer: str) -> Objection:
        """Put a notice of a peer aside: an officer has read it; Conflict for anything else, or when it is closed."""
        item = self.objection(tx, name)
        if item.kind != "notice":
            raise Conflict("this is no notice of a peer", "decide on the objection")
        if item.state != "open":
            raise Conflict(f"this notice is closed: {item.state}, by {item.decided_by}", "nothing is left to do")
        closed = msgspec.structs.replace(item, state="seen", decided_by=officer, decided_at=self._now())
        store.keep(tx, closed)
        return closed

    def _close(
        self, tx: Transaction, entry: Blocked | None, item: Objection, state: ObjectionState, officer: str, reason: str
    ) -> Objection:
        decided = msgspec.structs.replace(
            item, state=state, decided_by=officer, decided_at=self._now(), reason=reason.strip()
        )
        store.keep(tx, decided)
        peers = dict.fromkeys((*(entry.importers if entry else ()), *([item.via] if item.via else ())))
        for peer in peers:
            self._say(tx, peer, self._status(decided))
        return decided

    @staticmethod
    def _status(item: Objection) -> ListingAppealStatus:
        state: Literal["received", "upheld", "dismissed"] = "received"
        if item.state == "upheld" or item.state == "dismissed":
            state = item.state
        return ListingAppealStatus(
            appeal=item.their_id,
            entry=item.entry,
            state=state,
            at=item.decided_at or item.received_at,
            reason=item.reason,
        )

    def contested(self, tx: Transaction, entry: str) -> bool:
        """Tell whether an objection to an entry waits."""
        return store.contested(tx, entry)

    def upheld_before(self, tx: Transaction, subject: str, value: str) -> bool:
        """Tell whether an objection to what overlaps a value was ever upheld: listing it again takes two people."""
        return safety.Reversed(tx).touches(subject, value)

    # ---- other authorities

    def told(self, tx: Transaction, peer: str, said: ListingAppeal | ListingAppealStatus) -> None:
        """Take what a peer says about objections."""
        if isinstance(said, ListingAppeal):
            self.heard(tx, peer, said)
        else:
            self.heard_status(tx, peer, said)

    def heard(self, tx: Transaction, peer: str, told: ListingAppeal) -> None:
        """Take what a peer tells of an objection: to an entry of ours, which is decided here, or to one of its own.

        The peer is answered at once where the entry is gone (upheld: it was taken back), where too many objections wait, or
        where it passed too many on within a day, which is Refused as well. Of its own entries one notice each is kept, and
        Refused is what is too many.
        """
        if store.known(tx, told.appeal):
            return
        if told.origin == self._me:
            self._asked(tx, peer, told)
        elif told.origin == peer and (entry := self._blocks.of_origin(tx, peer, told.entry)) is not None:
            waiting = store.noticed(tx, peer)
            if entry.id in waiting:
                return
            rules.check_notices(waiting, peer)
            noted = self._new(entry, "notice", told.ground)
            store.add(tx, msgspec.structs.replace(noted, via=peer, their_id=told.appeal))

    def _asked(self, tx: Transaction, peer: str, told: ListingAppeal) -> None:
        found = self._blocks.find(tx, told.entry)
        answer = ListingAppealStatus(appeal=told.appeal, entry=told.entry, state="upheld", at=self._now(), reason=GONE)
        if found is not None and not found.origin:
            self._check_passed_on(tx, peer, answer)
            made = self._new(found, "person", told.ground)
            made = msgspec.structs.replace(made, via=peer, their_id=told.appeal)
            try:
                self._file(tx, made, None)
            except Conflict as wrong:
                answer = msgspec.structs.replace(answer, state="dismissed", reason=wrong.what)
            else:
                answer = self._status(made)
        self._say(tx, peer, answer)

    def _check_passed_on(self, tx: Transaction, peer: str, answer: ListingAppealStatus) -> None:
        """Refuse what a peer passes on beyond its day's share, and say so to the peer; the last that is taken is logged."""
        count = store.passed_on(tx, peer, times.render(self._clock.now() - rules.PASSED_ON_WITHIN))
        try:
            rules.check_passed_on(count, peer)
        except Refused as wrong:
            self._say(tx, peer, msgspec.structs.replace(answer, state="dismissed", reason=f"{wrong.what}; {wrong.do}"))
            raise
        if count + 1 == rules.MOST_PASSED_ON:
            log.warning("a peer passes on as many objections as it may in a day", extra={"peer": peer})

    def heard_status(self, tx: Transaction, peer: str, told: ListingAppealStatus) -> None:
        """Take how an objection stands with the authority that decides; of anybody else's word nothing is believed."""
        item = store.by_their_id(tx, told.appeal)
        if item is None or item.origin != peer or told.state == "received":
            return
        if item.state not in ("open", "seen"):
            return
        changed = msgspec.structs.replace(item, decided_by=peer, decided_at=self._now(), reason=told.reason)
        store.keep(tx, msgspec.structs.replace(changed, state=told.state))

    # ---- the clock of the first answer

    def late(self, tx: Transaction) -> bool:
        """Tell whether a first answer is overdue and nobody was told yet."""
        return bool(store.ran_out(tx, self._now(), 1))

    def escalate(self, tx: Transaction) -> None:
        """Note what is overdue, each objection once."""
        now = self._now()
        for each in store.ran_out(tx, now, MOST_AT_ONCE):
            store.keep(tx, msgspec.structs.replace(each, late_at=now))
            log.warning("an objection to a block is overdue", extra={"objection": each.id, "entry": each.entry})

    def _now(self) -> str:
        return times.render(self._clock.now())


def _hash(token: str) -> str:
    return hashlib.sha256(token.strip().lower().encode()).hexdigest()
