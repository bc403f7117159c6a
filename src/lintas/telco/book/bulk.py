"""Imports lists in bulk: a table of rows as ``lintas telco serve`` reads it, checked line by line, approved as a whole.

Each refused line is reported with its number and reason; the others wait for an approver, and what a new feed brings is only
watched for its first day. A line never does what needs two people: an officer proposes that by itself.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, get_args

import msgspec

from lintas.bus.service import Bus
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, LintasError, NotFound, Refused
from lintas.model.ids import IdSource
from lintas.model.listings import ListKind as Kind
from lintas.model.listings import Subject
from lintas.model.people import same_person
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book import rules, safety, sources_store, store, values
from lintas.telco.book.book import Book, blank
from lintas.telco.book.records import Import, Kept, ListsChanged, Proposal, Refusal, Sighting, Source
from lintas.telco.book.settling import Settling
from lintas.telco.book.sources import Sources

#: Rows that are stored in one transaction: others must get their turn between.
AT_ONCE = 1_000
#: Refused lines that are kept with their reasons; all are counted.
KEPT_REFUSALS = 1_000
MOST_ROWS = 1_000_000
COLUMNS = ("number", "kind", "expires", "reason", "owner")
MORE_COLUMNS = ("subject", "scheme", "sources")
KINDS: tuple[Kind, ...] = get_args(Kind)
SUBJECTS: tuple[Subject, ...] = get_args(Subject)


class Line(NamedTuple):
    """One row of a table: its number in the file, and what it proposes, or why it says nothing."""

    number: int
    said: Proposal | None
    refusal: Refusal | None = None


def read(text: str) -> Iterator[Line]:
    """Read a CSV table line by line; MalformedInput's message names a heading that is missing."""
    rows = csv.reader(io.StringIO(text))
    try:
        heading = [name.strip().lower() for name in next(rows, [])]
    except csv.Error as wrong:
        raise BadInput(f"this is no CSV table: {wrong}", f"write {','.join(COLUMNS)}", where="line 1") from None
    missing = [name for name in COLUMNS[:2] if name not in heading]
    strange = [name for name in heading if name not in (*COLUMNS, *MORE_COLUMNS)]
    if missing or strange:
        what = f"the columns {', '.join(missing)} are missing" if missing else f"there is no column {strange[0][:40]!r}"
        raise BadInput(what, f"write {','.join(COLUMNS)} in the first line", where="line 1")
    try:
        for count, row in enumerate(rows, 1):
            if count > MOST_ROWS:
                raise BadInput(f"more than {MOST_ROWS:,} rows", "split the table", where=f"line {rows.line_num}")
            if row:
                yield _line(rows.line_num, heading, row)
    except csv.Error as wrong:
        raise BadInput(
            f"this is no CSV table: {wrong}", "write one row a line", where=f"line {rows.line_num}"
        ) from None


def text_of(data: bytes) -> str:
    """Return a table's text; BadInput when it is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        what = f"byte {wrong.start:,} is not UTF-8"
        raise BadInput(what, "save the table as UTF-8", where="the table") from None


def _line(number: int, heading: Sequence[str], row: Sequence[str]) -> Line:
    if len(row) != len(heading):
        return Line(number, None, Refusal(number, "columns", f"{len(row)} columns instead of {len(heading)}"))
    given = dict(zip(heading, row, strict=True))
    value = given["number"].strip()
    fields = {
        "value": value,
        "subject": given.get("subject", "").strip() or ("range" if "-" in value else "number"),
        "kind": given["kind"].strip(),
        "expires": given.get("expires", "").strip(),
        "reason": given.get("reason", "").strip() or "listed by its source",
        "owner": given.get("owner", "").strip(),
        "scheme": given.get("scheme", "").strip() or "unknown",
        "sources": tuple(each.strip() for each in given.get("sources", "").split(";") if each.strip()),
    }
    try:
        return Line(number, msgspec.convert(fields, Proposal))
    except msgspec.ValidationError as wrong:
        return Line(number, None, Refusal(number, "bad_input", str(wrong)[:200]))


class Bulk:
    """The bulk imports of one authority."""

    def __init__(
        self, *, book: Book, sources: Sources, settling: Settling, bus: Bus, clock: Clock, ids: IdSource
    ) -> None:
        self._book, self._sources, self._settling, self._bus = book, sources, settling, bus
        self._clock, self._ids = clock, ids

    def begin(self, tx: Transaction, source: str, officer: str) -> Import:
        """Begin an import from a feed; Refused while it is stopped."""
        feed = self._sources.of_feed(tx, source)
        if feed.stopped_at:
            raise Refused("source_stopped", f"{source} was stopped by {feed.stopped_by}", "two people restart it")
        begun = Import(
            id=self._ids.new("import"),
            source=source,
            at=times.render(self._clock.now()),
            by=officer,
            taken=0,
            renewed=0,
            refused=0,
            state="open",
        )
        sources_store.keep_import(tx, begun)
        return begun

    def take(self, tx: Transaction, import_id: str, lines: Sequence[Line]) -> Import:
        """Take some rows of an import that is open; returns how it stands."""
        open_ = self.of(tx, import_id)
        if open_.state != "open":
            raise Conflict(f"this import is {open_.state}", "begin another")
        feed, now = self._sources.source(tx, open_.source), self._clock.now()
        since = times.render(now - timedelta(hours=1))
        batch = _Batch(self._book, feed, open_, now, room=feed.cap_hour - store.seen_since(tx, feed.name, since))
        checks = safety.Bulk(tx, self._book.is_emergency)
        for line in lines:
            batch.take(line, checks)
        return self._store(tx, open_, batch)

    def _store(self, tx: Transaction, open_: Import, batch: "_Batch") -> Import:
        said = store.said(tx, open_.source, batch.said)
        there = store.kept_of(tx, batch.said)
        new, renewed, again = [], [], []
        for ref, (sighting, _) in batch.said.items():
            known = said.get(ref)
            if known is None:
                new.append(sighting)
            elif known.state == "live":
                ends = max(known.expires, sighting.expires)
                renewed.append(msgspec.structs.replace(known, seen_at=sighting.seen_at, expires=ends))
            else:
                again.append(sighting)
        # What nobody else vouches for waits; only the others need to be worked out.
        fresh = [pair for ref, pair in batch.said.items() if ref not in there]
        store.add(tx, [rules.settle(kept, [seen], open_.at, own=False) for seen, kept in fresh])
        store.add_sightings(tx, new)
        store.save_sightings(tx, [*renewed, *again])
        if there:
            self._settling.settle(tx, there, "imported")
        refused = [*open_.refusals, *batch.refused][:KEPT_REFUSALS]
        changed = msgspec.structs.replace(
            open_,
            taken=open_.taken + len(new) + len(again),
            renewed=open_.renewed + len(renewed),
            refused=open_.refused + len(batch.refused),
            refusals=tuple(refused),
            shortened=open_.shortened + batch.shortened,
        )
        sources_store.keep_import(tx, changed)
        return changed

    def end(self, tx: Transaction, import_id: str) -> Import:
        """Close an import: from now on it waits for an approver."""
        closed = msgspec.structs.replace(self.of(tx, import_id), state="waits")
        sources_store.keep_import(tx, closed)
        return closed

    def of(self, tx: Transaction, import_id: str) -> Import:
        """Return one import; NotFound."""
        found = sources_store.import_(tx, import_id)
        if found is None:
            raise NotFound(f"no import {import_id[:64]!r}", "take the id from the list of imports")
        return found

    def listed(self, tx: Transaction, before: str = "~", limit: int = 50) -> list[Import]:
        """Return imports, newest first."""
        return sources_store.all_imports(tx, before, limit)

    def waiting(self, tx: Transaction, limit: int) -> list[Import]:
        """Return imports that an approver must look at, oldest first."""
        return sources_store.waiting_imports(tx, limit)

    def approve(self, tx: Transaction, import_id: str, officer: str) -> Import:
        """Let what an import brought stand, but for what needs two people by now; Conflict for who imported it."""
        waits = self._waiting(tx, import_id)
        if same_person(waits.by, officer):
            raise Conflict("you imported this yourself", "another officer approves it")
        waits = self._refuse_hits(tx, waits, officer)
        return self._decide(tx, waits, "live", "approved", {"approved_by": officer[:120]})

    def _refuse_hits(self, tx: Transaction, one: Import, officer: str) -> Import:
        """Decline what hits the allow-list, or was taken back on an objection, since it was imported."""
        checks, refusals, after = safety.Bulk(tx, self._book.is_emergency), list[Refusal](), ""
        now = times.render(self._clock.now())
        while rows := store.batch_waiting(tx, one.source, one.id, after, 10 * AT_ONCE):
            hits: dict[str, Refusal] = {}
            for ref, subject, value, kind in rows:
                try:
                    checks.check(msgspec.convert(subject, Subject), value, msgspec.convert(kind, Kind))
                except LintasError as wrong:
                    code = wrong.reason if isinstance(wrong, Refused) else "bad_input"
                    hits[ref] = Refusal(0, code, wrong.what[:200])
            said = store.said(tx, one.source, hits).items()
            over = [rules.ended(each, "withdrawn", now, officer, hits[ref].what) for ref, each in said]
            store.save_sightings(tx, over)
            refusals += hits.values()
            after = rows[-1][0]
        return msgspec.structs.replace(
            one,
            taken=one.taken - len(refusals),
            refused=one.refused + len(refusals),
            refusals=(*one.refusals, *refusals)[:KEPT_REFUSALS],
        )

    def decline(self, tx: Transaction, import_id: str, officer: str) -> Import:
        """Let nothing of an import stand."""
        ended = {"ended_at": times.render(self._clock.now()), "ended_by": officer[:120], "end_code": "withdrawn"}
        return self._decide(tx, self._waiting(tx, import_id), "declined", "declined", ended)

    def _waiting(self, tx: Transaction, import_id: str) -> Import:
        found = self.of(tx, import_id)
        if found.state != "waits":
            raise Conflict(f"this import is {found.state}", "read it again")
        return found

    def _decide(self, tx: Transaction, one: Import, state: str, word: str, more: Mapping[str, str]) -> Import:
        store.decide_batch(tx, one.source, one.id, {"state": state, **more})
        store.unsettle(tx, one.source, one.id)
        who = more.get("approved_by", more.get("ended_by", ""))
        decided = msgspec.convert(msgspec.to_builtins(one) | {"state": word, "approved_by": who}, Import)
        sources_store.keep_import(tx, decided)
        self._bus.emit(tx, ListsChanged("imported"))
        return decided


class _Batch:
    """Some rows of one import, checked; ``said`` is what passed, by the entry's id."""

    def __init__(self, book: Book, feed: Source, of: Import, now: datetime, *, room: int) -> None:
        self._book, self._feed, self._of, self._now, self._room = book, feed, of, now, room
        self._at = times.render(now)
        self._laws: dict[rules.Law, tuple[str, str]] = {}
        self.said: dict[str, tuple[Sighting, Kept]] = {}
        self.refused: list[Refusal] = []
        self.shortened = 0

    def take(self, line: Line, checks: safety.Bulk) -> None:
        """Check one row."""
        if line.said is None:
            if line.refusal is not None:
                self.refused.append(line.refusal)
            return
        try:
            if len(self.said) >= self._room:
                raise Refused("over_cap", f"{self._feed.name} brings too much in an hour", "wait, or raise its cap")
            self._take(line.said, checks)
        except LintasError as wrong:
            code = wrong.reason if isinstance(wrong, Refused) else "bad_input"
            self.refused.append(Refusal(line.number, code, wrong.what[:200]))

    def _take(self, said: Proposal, checks: safety.Bulk) -> None:
        value = values.normal(said.subject, said.value)
        checks.check(said.subject, value, said.kind)
        rule, law = self._law(rules.law_of(said.subject, value))
        entry = self._book.id_of(said.subject, said.kind, value)
        if entry in self.said:
            raise Refused("twice", f"{value[:80]} stands in this table twice", "keep one")
        expires = rules.until(said.expires, said.subject, said.kind, self._now)
        self.shortened += bool(said.expires) and rules.later(said.expires, expires)
        sighting = Sighting(
            source=self._feed.name,
            ref=entry,
            entry=entry,
            origin="",
            state="waits",
            suspended=False,
            owner=said.owner or self._book.me,
            reason=said.reason,
            scheme=said.scheme,
            grade="reported",
            sources=said.sources or (self._feed.name,),
            listed=self._at,
            expires=expires,
            seen_at=self._at,
            batch=self._of.id,
            share=said.kind != "protected",
            proposed_by=self._of.by,
            needs=1,
            shadow_until=self._feed.shadow_until if rules.later(self._feed.shadow_until or self._at, self._at) else "",
            rule=rule,
            law=law,
        )
        self.said[entry] = (sighting, blank(entry, said, value, sighting))

    def _law(self, law: rules.Law) -> tuple[str, str]:
        """Ask the table once for each kind of entry; Refused where it takes two people, or has no such order."""
        if law not in self._laws:
            decision = self._book.decide(law, self._book.me, people=1)
            if decision.outcome != "permit":
                raise Refused("no_law", decision.sentence, "an officer proposes it by itself")
            self._laws[law] = (", ".join(decision.rules), "; ".join(decision.law) or "no section of law found")
        return self._laws[law]


def parts(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Split an import into what is stored at once."""
    part: list[Line] = []
    for line in lines:
        part.append(line)
        if len(part) == AT_ONCE:
            yield part
            part = []
    if part:
        yield part
