"""Tells other authorities what this one lists and takes back, in batches, and keeps how far each batch got.

Only our own word is told: what came from a peer never travels on. A withdrawal goes to everybody who got the original.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from lintas.border.records import Answered
from lintas.border.service import Border
from lintas.bus.service import Bus
from lintas.model import times
from lintas.model.errors import BadInput, LintasError, Refused
from lintas.model.ids import IdSource
from lintas.model.listings import (
    MOST_ENTRIES,
    MOST_IDS,
    EndCode,
    Entry,
    Listing,
    ListingStatus,
    ListingWithdrawal,
    NumberListing,
    RangeListing,
)
from lintas.model.markings import Marking
from lintas.model.messages import Message
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book import abroad_store, rules, store
from lintas.telco.book.records import Kept, ListsChanged, PeerJoined, Sighting, Told
from lintas.telco.book.rows import batched

log = logging.getLogger("lintas.telco")

#: Entries that are told in one transaction, each to every peer.
AT_ONCE = 2_000
#: Bytes of entries in one statement: well below what a statement may have.
MOST_BYTES = 48_000
_STATEMENT = {"indicator": Listing, "number_range": RangeListing, "listed_number": NumberListing}


class Telling:
    """What one authority says about its lists; ``peers`` gives the members that there are now."""

    def __init__(
        self, *, me: str, peers: Callable[[], Sequence[str]], border: Border, bus: Bus, clock: Clock, ids: IdSource
    ) -> None:
        self._me, self._peers, self._border, self._bus = me, peers, border, bus
        self._clock, self._ids = clock, ids

    def heard(self, tx: Transaction, event: ListsChanged) -> None:
        """Tell some of what peers are still to hear; hearer of ``ListsChanged``."""
        waiting = store.untold(tx, AT_ONCE)
        if not waiting:
            return
        mine = _own(store.sightings_of(tx, (kept.id for kept, _ in waiting)))
        listing, taking, told = [], defaultdict[EndCode, list[str]](list), dict[str, str]()
        for kept, until in waiting:
            said = mine.get(kept.id)
            stands = said is not None and kept.state == "listed" and rules.speaks(said, self._now())
            told[kept.id] = until
            if stands and said is not None and _news(said, until):
                if (entry := _sayable(kept, said)) is not None:
                    listing.append(entry)
                    told[kept.id] = said.expires
            elif until and not stands:
                taking[kept.end_code or (said.end_code if said else "") or "withdrawn"].append(kept.id)
                told[kept.id] = ""
        self._list(tx, listing, self._peers())
        for code, ids in taking.items():
            self._take_back(tx, ids, code)
        store.told(tx, told)
        if len(waiting) == AT_ONCE:
            self._bus.emit(tx, event)

    # ---- members who came later

    def due(self, tx: Transaction) -> bool:
        """Tell whether there is a member that was never told anything, though something is listed."""
        return bool(self._strangers(tx))

    def close(self, tx: Transaction) -> None:
        """Have those told."""
        self._bus.emit(tx, *(PeerJoined(peer) for peer in self._strangers(tx)))

    def joined(self, tx: Transaction, event: PeerJoined) -> None:
        """Tell a peer some of what it was not told yet; hearer of ``PeerJoined``."""
        if event.peer not in self._peers():
            return
        kept = store.never_told(tx, abroad_store.told_to(event.peer), AT_ONCE)
        mine = _own(store.sightings_of(tx, (each.id for each in kept)))
        said = (_sayable(each, mine[each.id]) for each in kept if each.id in mine)
        self._list(tx, [each for each in said if each is not None], [event.peer])
        if len(kept) == AT_ONCE:
            self._bus.emit(tx, event)

    def _strangers(self, tx: Transaction) -> list[str]:
        strangers = set(self._peers()) - abroad_store.peers(tx)
        return sorted(strangers) if strangers and store.never_told(tx, abroad_store.told_to(""), 1) else []

    # ---- out

    def _list(self, tx: Transaction, entries: Iterable[Entry], peers: Sequence[str]) -> None:
        groups = defaultdict[rules.Law, list[Entry]](list)
        for entry in entries:
            groups[rules.law_of(entry.subject, entry.value)].append(entry)
        for law, group in groups.items():
            for part in _parts(group):
                batch = self._ids.new("batch")
                abroad_store.carry(tx, batch, [each.id for each in part])
                body = _STATEMENT[law.category](batch=batch, entries=tuple(part))
                message = Message(purpose="disruption", marking=Marking(plane=law.plane), bodies=(body,))
                for peer in peers:
                    self._say(tx, peer, batch, "listing", message)

    def _take_back(self, tx: Transaction, ids: Sequence[str], code: EndCode) -> None:
        for peer, known in abroad_store.peers_told(tx, ids).items():
            for part in batched(known, MOST_IDS):
                batch = self._ids.new("batch")
                abroad_store.carry(tx, batch, part)
                body = ListingWithdrawal(batch=batch, ids=tuple(part), code=code, at=self._now())
                message = Message(purpose="status", marking=Marking(plane="A"), bodies=(body,))
                self._say(tx, peer, batch, "withdrawal", message)

    def _say(self, tx: Transaction, peer: str, batch: str, kind: str, message: Message) -> None:
        left = self._border.release(tx, message, peer)
        said = {"object": left.objects[0]} if left.permitted else {"refused_here": left.decision.sentence[:1000]}
        abroad_store.tell(tx, batch, peer, {"kind": kind, "left_at": self._now()} | said)

    def say(self, tx: Transaction, peer: str, body: msgspec.Struct) -> bool:
        """Say how something stands to one peer; False where our own law does not let it."""
        message = Message(purpose="status", marking=Marking(plane="A"), bodies=(body,))
        return self._border.release(tx, message, peer).permitted

    # ---- back

    def receipted(self, tx: Transaction, event: Answered) -> None:
        """Take a peer's verdict on a batch."""
        refused = event.reason[:400] if event.verdict == "refused" else ""
        abroad_store.received(tx, event.object, event.peer, self._now(), refused)

    def status(self, tx: Transaction, origin: str, body: ListingStatus) -> None:
        """Take a peer's word of what became of a batch; Refused for one that it was never told."""
        if not abroad_store.was_told(tx, body.batch, origin):
            raise Refused("unknown_batch", f"{origin} was never told a batch {body.batch}", "name one of ours")
        values = {f"{body.state}_at": self._plausible(body.at)}
        if body.state == "imported":
            values["not_taken"] = ", ".join(f"{each.id} {each.reason}" for each in body.not_taken)
        abroad_store.note(tx, body.batch, origin, values)

    def unconfirmed(self, tx: Transaction, limit: int = 200) -> list[Told]:
        """Return withdrawals that somebody who got the original has not confirmed yet."""
        return abroad_store.unconfirmed(tx, limit)

    def _plausible(self, said: str) -> str:
        """Return a peer's time, or our own where that cannot be."""
        now = self._clock.now()
        try:
            at = times.parse(said)
        except BadInput:
            return times.render(now)
        return times.render(at) if abs(at - now) <= rules.LONGEST_WAY else times.render(now)

    def _now(self) -> str:
        return times.render(self._clock.now())


def _own(seen: dict[str, list[Sighting]]) -> dict[str, Sighting]:
    """Return of each entry the word of our own that may leave: one that counts, before one that does not."""
    found: dict[str, Sighting] = {}
    for name, said in seen.items():
        ours = [each for each in said if each.origin == "" and each.share]
        if ours:
            found[name] = max(ours, key=lambda each: (each.state == "live" and not each.suspended, each.expires))
    return found


def _news(said: Sighting, until: str) -> bool:
    return not until or times.parse(said.expires) - times.parse(until) >= rules.TELL_AGAIN


def _sayable(kept: Kept, said: Sighting) -> Entry | None:
    """Return an entry as peers can read it; None, which is logged, for one that would spoil the whole statement."""
    try:
        entry = msgspec.convert(msgspec.to_builtins(_entry(kept, said)), Entry)
        rules.law_of(entry.subject, entry.value)
    except (LintasError, msgspec.MsgspecError, ValueError) as wrong:
        log.error("an entry cannot be told to peers", extra={"entry": kept.id, "why": type(wrong).__name__})
        return None
    return entry


def _entry(kept: Kept, said: Sighting) -> Entry:
    """Return an entry as peers hear of it: our own word alone, whoever else vouches for it here."""
    return Entry(
        id=kept.id,
        subject=kept.subject,
        value=kept.value,
        kind=kept.kind,
        owner=said.owner,
        reason=said.reason,
        scheme=said.scheme,
        grade=said.grade,
        sources=said.sources,
        listed=said.listed,
        expires=said.expires,
    )


def _parts(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Split entries so that each part fits into one statement."""
    part, size = list[Entry](), 0
    for entry in entries:
        length = len(msgspec.json.encode(entry)) + 1
        if part and (len(part) == MOST_ENTRIES or size + length > MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(entry)
        size += length
    if part:
        yield part
