"""Where knowledge comes from, and how it is held in check: caps, a stop that one person pulls, standing words, allow-lists.

Whatever lets more be blocked takes two people; whatever lets less be blocked, one.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from lintas.bus.service import Bus
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotAllowed, NotFound
from lintas.model.ids import IdSource
from lintas.model.listings import Subject, range_of
from lintas.model.people import same_person
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book import rules, safety, sources_store, store, values
from lintas.telco.book.records import (
    DESK,
    Adoption,
    Allowed,
    ListsChanged,
    NewAllowed,
    Source,
    SourceKind,
    SourceName,
)

#: What a source may bring in an hour, until an administrator says otherwise.
CAPS: dict[SourceKind, int] = {"desk": 1_000, "bulk": 200_000, "peer": 20_000}
MOST_CAP = 1_000_000
#: A standing word for a peer is given anew each quarter.
ADOPTED_FOR = timedelta(days=92)
#: So long the first of two words to restart a source, or to remove a line of the allow-list, waits for the second.
FIRST_WORD_COUNTS = timedelta(hours=72)
#: Characters of a name that are kept beside the time of a first word: what a column has, without a time.
_MOST_NAME = 99


class Sources:
    """The sources of one authority; ``is_heard`` tells whether a peer is a member now and not severed."""

    def __init__(
        self, *, me: str, is_heard: Callable[[Transaction, str], bool], bus: Bus, clock: Clock, ids: IdSource
    ) -> None:
        self._me, self._is_heard, self._bus, self._clock, self._ids = me, is_heard, bus, clock, ids

    # ---- sources

    def listed(self, tx: Transaction) -> list[Source]:
        """Return every source by name."""
        return [self._shown(each) for each in sources_store.all_sources(tx)]

    def source(self, tx: Transaction, name: str) -> Source:
        """Return one source; NotFound when nothing ever came from it."""
        return self._shown(self._kept(tx, name))

    def _kept(self, tx: Transaction, name: str) -> Source:
        found = sources_store.source(tx, name)
        if found is None:
            raise NotFound(f"no source {name[:80]!r}", "take the name from the list of sources")
        return found

    def _shown(self, source: Source) -> Source:
        return msgspec.structs.replace(source, restart_by=self._first(source.restart_by))

    def of_peer(self, tx: Transaction, peer: str) -> Source:
        """Return a peer as a source; known from its first word on."""
        return self._known(tx, f"peer:{peer}", "peer")

    def of_feed(self, tx: Transaction, name: str) -> Source:
        """Return a feed that is imported in bulk; what a new one brings is only watched for a day. BadInput."""
        if name == DESK or name.startswith("peer:") or not _is_name(name):
            what = f"{name[:80]!r} cannot be the name of a feed"
            raise BadInput(what, "write at most 80 of a to z, 0 to 9 and _ . : -, such as bank-feed", where="source")
        return self._known(tx, name, "bulk")

    def _known(self, tx: Transaction, name: str, kind: SourceKind) -> Source:
        found = sources_store.source(tx, name)
        if found is None:
            now = self._clock.now()
            shadow = times.render(now + rules.SHADOW_LASTS) if kind == "bulk" else ""
            found = Source(name=name, kind=kind, since=times.render(now), shadow_until=shadow, cap_hour=CAPS[kind])
            sources_store.keep_source(tx, found)
        return found

    def cap(self, tx: Transaction, name: str, cap_hour: int) -> Source:
        """Set how much a source may bring in an hour."""
        if not 0 <= cap_hour <= MOST_CAP:
            raise BadInput("that is no cap", f"give 0 to {MOST_CAP:,}", where="cap_hour")
        changed = msgspec.structs.replace(self._kept(tx, name), cap_hour=cap_hour)
        sources_store.keep_source(tx, changed)
        return self._shown(changed)

    def stop(self, tx: Transaction, name: str, officer: str, reason: str) -> Source:
        """Let nothing of a source count from now on: one person's word, at once."""
        source = self.source(tx, name)
        if source.stopped_at:
            raise Conflict(f"{name} was stopped at {source.stopped_at} by {source.stopped_by}", "nothing is left to do")
        now = times.render(self._clock.now())
        stopped = msgspec.structs.replace(source, stopped_at=now, stopped_by=officer, stop_reason=reason, restart_by="")
        return self._switch(tx, stopped)

    def restart(self, tx: Transaction, name: str, officer: str) -> Source:
        """Ask that a source counts again, or let it when somebody else has asked in the last 72 hours."""
        source = self.source(tx, name)
        if not source.stopped_at:
            raise Conflict(f"{name} is not stopped", "nothing is left to do")
        if not source.restart_by:
            sources_store.keep_source(tx, msgspec.structs.replace(source, restart_by=self._word(officer)))
            return msgspec.structs.replace(source, restart_by=officer)
        if same_person(source.restart_by, officer[:_MOST_NAME]):
            raise NotAllowed("you asked for this yourself", "another person restarts it")
        again = msgspec.structs.replace(source, stopped_at="", stopped_by="", stop_reason="", restart_by="")
        return self._switch(tx, again)

    # ---- the first of two words is kept with its time: "2026-03-01T10:07:00Z Officer Dena Holt"

    def _word(self, officer: str) -> str:
        return f"{times.render(self._clock.now().replace(microsecond=0))} {officer[:_MOST_NAME]}"

    def _first(self, word: str) -> str:
        """Return whose first word counts now; "" for none, for one that is too old, and for one without a time."""
        at, _, officer = word.partition(" ")
        try:
            stands = self._clock.now() - times.parse(at) < FIRST_WORD_COUNTS
        except BadInput:
            return ""
        return officer if stands else ""

    def _switch(self, tx: Transaction, source: Source) -> Source:
        sources_store.keep_source(tx, source)
        store.suspend(tx, source.name, suspended=bool(source.stopped_at or source.severed))
        store.unsettle(tx, source.name)
        self._bus.emit(tx, ListsChanged("source_stopped" if source.stopped_at or source.severed else "restarted"))
        return source

    # ---- peers that are severed, or no members any more: nobody answers for what they listed

    def due(self, tx: Transaction) -> bool:
        """Tell whether a peer was severed, or restored, since its word was last weighed."""
        return bool(self._turned(tx))

    def close(self, tx: Transaction) -> None:
        """Let the word of severed peers rest, and count again once they are restored."""
        for source in self._turned(tx):
            self._switch(tx, msgspec.structs.replace(source, severed=not source.severed))

    def _turned(self, tx: Transaction) -> list[Source]:
        peers = [each for each in sources_store.all_sources(tx) if each.kind == "peer"]
        return [each for each in peers if each.severed == self._is_heard(tx, each.name.removeprefix("peer:"))]

    # ---- standing words for peers

    def adoptions(self, tx: Transaction) -> list[Adoption]:
        """Return every standing word, by peer."""
        return sources_store.all_adoptions(tx)

    def adopt(self, tx: Transaction, peer: str, subjects: tuple[Subject, ...], officer: str) -> Adoption:
        """Ask that what a peer lists is enforced here without a further word, or say so when somebody else has asked."""
        now = self._clock.now()
        if not self._is_heard(tx, peer):
            raise NotFound(f"no peer {peer[:80]!r} is heard here", "take its name from the charter")
        subjects = tuple(sorted(dict.fromkeys(subjects)))
        earlier = sources_store.adoption(tx, peer)
        waits = earlier is not None and not earlier.second_by and not earlier.ended_at
        if waits and earlier is not None and earlier.subjects == subjects:
            if same_person(earlier.first_by, officer):
                raise NotAllowed("you asked for this yourself", "another officer says it too")
            until = times.render(now + ADOPTED_FOR)
            said = msgspec.structs.replace(earlier, second_by=officer, since=times.render(now), until=until)
        else:
            said = Adoption(peer=peer, subjects=subjects, until="", first_by=officer, first_at=times.render(now))
        sources_store.keep_adoption(tx, said)
        return said

    def end_adoption(self, tx: Transaction, peer: str, officer: str) -> Adoption:
        """End a standing word: from now on each entry of that peer waits. What is in force stays until it ends."""
        earlier = sources_store.adoption(tx, peer)
        if earlier is None or earlier.ended_at:
            raise Conflict(f"nothing of {peer[:80]!r} is adopted", "nothing is left to do")
        over = msgspec.structs.replace(earlier, ended_at=times.render(self._clock.now()), ended_by=officer)
        sources_store.keep_adoption(tx, over)
        return over

    @staticmethod
    def adopts(adoption: Adoption, subject: Subject, now: datetime) -> bool:
        """Tell whether a standing word covers an entry now."""
        stands = bool(adoption.second_by) and not adoption.ended_at
        return stands and subject in adoption.subjects and times.parse(adoption.until) > now

    # ---- the allow-list

    def allow(self, tx: Transaction, new: NewAllowed, officer: str) -> Allowed:
        """Put something on the allow-list; what is listed already stays until an officer takes it back. BadInput."""
        value = values.normal(new.subject, new.value)
        safety.check_size(new.subject, value, safety.MOST_SHELTERED)
        line = Allowed(
            id=self._ids.new("allowed"),
            subject=new.subject,
            value=value,
            group=new.group,
            name=new.name.strip(),
            added_by=officer,
            added_at=times.render(self._clock.now()),
        )
        low, high = range_of(value) if new.subject in ("number", "range") else (0, 0)
        sources_store.allow(tx, line, low, high)
        return line

    def disallow(self, tx: Transaction, allowed: str, officer: str) -> Allowed | None:
        """Ask that a line be removed, or remove it when another has asked in the last 72 hours; None once it is gone."""
        line = sources_store.allowed_line(tx, allowed)
        if line is None:
            raise NotFound(f"no line {allowed[:64]!r} on the allow-list", "take the id from the list")
        first = self._first(line.removal_by)
        if not first:
            sources_store.ask_removal(tx, allowed, self._word(officer))
            return msgspec.structs.replace(line, removal_by=officer)
        if same_person(first, officer[:_MOST_NAME]):
            raise NotAllowed("you asked for this yourself", "another administrator removes it")
        sources_store.disallow(tx, allowed)
        return None

    def allow_list(self, tx: Transaction, after: str = "", limit: int = 200) -> list[Allowed]:
        """Return lines of the allow-list, after the id ``after``."""
        lines = sources_store.allow_list(tx, after, limit)
        return [msgspec.structs.replace(each, removal_by=self._first(each.removal_by)) for each in lines]


def _is_name(name: str) -> bool:
    try:
        msgspec.convert(name, SourceName)
    except msgspec.ValidationError:
        return False
    return True
