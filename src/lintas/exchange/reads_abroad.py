"""Reports of reads between members: tells each peer who read what it sent, and keeps what peers tell of ours."""

from collections.abc import Collection
from datetime import timedelta

import msgspec

from lintas.border.service import Border
from lintas.exchange import reads_store as store
from lintas.exchange.directory import Directory
from lintas.exchange.read_report import (
    MAX_READS,
    START,
    Cursor,
    ReadReport,
    ReportedRead,
    open_report,
    sign_report,
)
from lintas.exchange.records import ReadAbroad, Reporting
from lintas.exchange.service import Identity
from lintas.model import times
from lintas.model.errors import LintasError, Refused
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.trust.keys import Verify, verify_signature

#: Clocks differ by so much at most, as with envelopes.
SKEW = timedelta(minutes=10)
#: Reads of one object that one peer may report: however many it makes up, it fills nobody's disk.
MOST_OF_ONE = 2_000
LISTED = 50
#: Reads abroad that one case shows.
OF_CASE = 500


class ReadsAbroad:
    """What one node tells its peers, and hears from them, about reads."""

    def __init__(
        self,
        *,
        identity: Identity,
        border: Border,
        directory: Directory,
        clock: Clock,
        verify: Verify = verify_signature,
    ) -> None:
        self._identity, self._border, self._directory = identity, border, directory
        self._clock, self._verify = clock, verify

    # ---- telling

    def report(self, tx: Transaction, peer: str, after: str) -> bytes:
        """Return our signed report of reads of a peer's objects, from where it has heard; BadInput when that is no place."""
        since = Cursor.parse(after)
        found = store.to_tell(tx, peer, since.batch, since.seq, MAX_READS + 1)
        told, more = found[:MAX_READS], len(found) > MAX_READS
        upto = Cursor(told[-1][0], told[-1][1].seq) if told else since
        me = self._identity
        report = ReadReport(
            authority=me.authority,
            peer=peer,
            exercise=me.exercise,
            at=times.render(self._clock.now()),
            after=str(since),
            upto=str(upto),
            more=more,
            reads=tuple(_told(row) for _, row in told),
        )
        return sign_report(report, me.signer_now(self._directory))

    # ---- hearing

    def cursor(self, tx: Transaction, peer: str) -> str:
        """Return up to where a peer's reports were taken."""
        heard = store.heard_of(tx, peer)
        return heard.cursor if heard else str(START)

    def take(self, tx: Transaction, peer: str, wire: bytes) -> bool:
        """Keep what a peer reports of objects that we sent it; True when there is more.

        Refused when it is not that peer's, not for us, not what follows, or speaks of what was never sent or cannot be.
        """
        said, me, now = open_report(wire, self._directory.keys(peer), self._verify), self._identity, self._clock.now()
        before = store.heard_of(tx, peer) or store.Heard(peer, str(START), None, None, None, None, "")
        if (said.authority, said.peer, said.exercise) != (peer, me.authority, me.exercise):
            raise Refused("misframed", f"the report of {peer} is about somebody else", "ask for the right one")
        if said.after != before.cursor or (before.at is not None and times.parse(said.at) < times.parse(before.at)):
            raise Refused("old_report", f"{peer} sent a report that does not follow the last one", "ask for the next")
        if times.parse(said.at) > now + SKEW:
            raise Refused("future", f"the report of {peer} was made ahead of the clock here", "compare the clocks")
        upto, after = Cursor.parse(said.upto), Cursor.parse(said.after)
        if (upto > after) != bool(said.reads):
            raise Refused("misframed", f"the report of {peer} ends where it cannot", "send one that is complete")
        self._check(tx, peer, said)
        at = times.render(now)
        for each in said.reads:
            store.keep_abroad(tx, store.Abroad(0, peer, reported_at=at, **msgspec.structs.asdict(each)))
        kept = wire if said.reads else before.wire
        store.keep_heard(tx, store.Heard(peer, said.upto, said.at, at, kept, None, ""))
        return said.more

    def _check(self, tx: Transaction, peer: str, said: ReadReport) -> None:
        ids = {each.object for each in said.reads}
        left, known = self._border.left_at(tx, peer, ids), store.count_abroad(tx, peer, ids)
        latest = self._clock.now() + SKEW
        for each in said.reads:
            if each.object not in left:
                raise Refused("foreign_object", f"{peer} reports a read of {each.object}, which was not sent to it")
            first, last = times.parse(each.first), times.parse(each.last)
            sent = times.parse(left[each.object]) - SKEW if left[each.object] else first
            if not sent <= first <= last <= latest:
                raise Refused("bad_time", f"{peer} reports a read of {each.object} at a time when it cannot have been")
            known[each.object] = known.get(each.object, 0) + 1
            if known[each.object] > MOST_OF_ONE:
                raise Refused("too_many_reads", f"{peer} reports more than {MOST_OF_ONE} reads of {each.object}")

    def refused(self, tx: Transaction, peer: str, wrong: LintasError) -> None:
        """Put on record that a peer's report was refused: at the border once, and here until one is taken."""
        before = store.heard_of(tx, peer) or store.Heard(peer, str(START), None, None, None, None, "")
        reason = wrong.reason if isinstance(wrong, Refused) else "malformed"
        if before.refused_at is None or before.reason != wrong.what:
            self._border.note_refusal(tx, peer, reason, wrong.what)
        since = before.refused_at or times.render(self._clock.now())
        store.keep_heard(tx, before._replace(refused_at=since, reason=wrong.what[:400]))

    # ---- showing

    def listed(
        self, tx: Transaction, *, peer: str = "", object: str = "", reader: str = "", before: int | None = None
    ) -> list[ReadAbroad]:
        """Return what peers reported, newest first."""
        rows = store.list_abroad(tx, peer=peer, object=object, reader=reader, before=before, limit=LISTED)
        return [ReadAbroad(**msgspec.structs.asdict(row)) for row in rows]

    def of_objects(self, tx: Transaction, object_ids: Collection[str]) -> list[ReadAbroad]:
        """Return what peers reported of these objects, oldest first; ``OF_CASE`` of them at most."""
        return (
            [ReadAbroad(**msgspec.structs.asdict(row)) for row in store.abroad_of(tx, object_ids, OF_CASE)]
            if object_ids
            else []
        )

    def unread(self, tx: Transaction, peer: str, object_ids: Collection[str]) -> set[str]:
        """Return those of these objects that a peer reported no read of."""
        return set(object_ids) - store.count_abroad(tx, peer, object_ids).keys()

    def reporting(self, tx: Transaction) -> list[Reporting]:
        """Return how each member reports; one that never did is there too."""
        heard = {each.peer: each for each in store.all_heard(tx)}
        counts = store.count_by_peer(tx)
        return [
            Reporting(
                peer=member.authority,
                heard_at=heard[member.authority].heard_at if member.authority in heard else None,
                reads=counts.get(member.authority, 0),
                refused_at=heard[member.authority].refused_at if member.authority in heard else None,
                reason=heard[member.authority].reason if member.authority in heard else "",
            )
            for member in self._directory.peers(self._identity.authority)
        ]


def _told(row: store.Row) -> ReportedRead:
    return ReportedRead(
        object=row.object,
        reader=row.pseudonym,
        role=row.role,
        what=row.what,
        first=row.first,
        last=row.last,
        count=row.count,
    )
