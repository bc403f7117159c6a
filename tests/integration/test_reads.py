"""Whoever reads what a peer sent is noted, the ledger commits to it, and the peer is told: by pseudonym, never by name."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest
from sqlalchemy import delete, update
from tests.integration.town import XA, XB, XB2, Desk, Town, keys_of

from lintas.exchange import reads_store as store
from lintas.exchange.read_report import (
    MAX_READS,
    Cursor,
    ReadReport,
    ReportedRead,
    open_report,
    sign_report,
)
from lintas.exchange.records import Committed, Read, ReadAbroad
from lintas.ledger.records import decode
from lintas.model.errors import BadInput, LintasError, Refused, Unavailable
from lintas.model.reader import Reader, answering
from lintas.node.audit import unreported
from lintas.node.seeing import Seeing
from lintas.node.views import read_case
from lintas.requests import heard_store
from lintas.requests.records import Hold
from lintas.storage.engine import Transaction

T = TypeVar("T")
DENA = Reader(id="key-1", name="Officer Dena Holt", role="approver", door="page")
MIRO = Reader(id="key-2", name="Officer Miro Lane", role="investigator", door="page")


def seeing(desk: Desk) -> Seeing:
    """The way of the faces, over the desk's own writer."""

    async def write(use_case: Callable[[Transaction], T]) -> T:
        return desk.do(use_case)

    return Seeing(desk.node, write)


def ask_as(desk: Desk, who: Reader, question: Callable[[Transaction], T]) -> T:
    """Ask as somebody at a door."""
    with answering(who):
        return asyncio.run(seeing(desk).read(question))


def act_as(desk: Desk, who: Reader, use_case: Callable[[Transaction], T]) -> T:
    """Act as somebody at a door."""
    with answering(who):
        return asyncio.run(seeing(desk).write(use_case))


def look(desk: Desk, who: Reader, case: str) -> None:
    """Look at a case as its page does."""
    ask_as(desk, who, lambda tx: read_case(desk.node, tx, case))


def seal(desk: Desk) -> None:
    """Commit to what was read, as the beat does."""
    desk.node.reads.sealed(desk.do(desk.node.reads.seal))


def reads(desk: Desk, **asked: str) -> list[Read]:
    return desk.ask(lambda tx: desk.node.reads.listed(tx, **asked))  # type: ignore[arg-type] # texts only


def check(desk: Desk) -> Committed:
    return desk.ask(desk.node.reads.check)


def tell(here: Desk, there: Desk, *, after: str | None = None) -> bytes:
    """Return what ``there`` reports to ``here``."""
    since = after or here.ask(lambda tx: here.node.reads_abroad.cursor(tx, there.authority))
    return there.ask(lambda tx: there.node.reads_abroad.report(tx, here.authority, since))


def hear(here: Desk, there: Desk) -> list[ReadAbroad]:
    """Let one desk take what the other reports; returns all that it knows of reads abroad."""
    wire = tell(here, there)
    here.do(lambda tx: here.node.reads_abroad.take(tx, there.authority, wire))
    return abroad(here)


def abroad(desk: Desk) -> list[ReadAbroad]:
    return desk.ask(desk.node.reads_abroad.listed)


def the_request(town: Town) -> str:
    """Return the object by which the request left xa."""
    (hold,) = (each for each in town.xa.holds() if each.direction == "asked")
    assert hold.object is not None
    return hold.object


@pytest.fixture
def waiting(town: Town) -> Hold:
    _, hold = town.asked()
    return hold


def test_a_read_is_noted_with_who_and_what(town: Town, waiting: Hold) -> None:
    look(town.xb, DENA, waiting.case)
    (read,) = reads(town.xb)
    assert (read.reader, read.name, read.role, read.organisation) == ("key-1", DENA.name, "approver", "")
    assert (read.peer, read.object, read.what, read.door) == (XA, the_request(town), "case", "page")
    assert read.object == waiting.statement
    assert (read.first, read.last, read.count, read.entry) == (read.last, read.first, 1, None)


def test_ones_own_records_are_nobodys_to_be_told_of(town: Town) -> None:
    report, _ = town.asked()
    look(town.xa, MIRO, report.case)
    assert reads(town.xa) == []


def test_an_answer_is_a_record_of_its_peer(town: Town, waiting: Hold) -> None:
    report, *_ = town.xa.ask(town.xa.node.intake.reports)
    town.xb.approve(waiting.id)
    town.settle()
    look(town.xa, MIRO, report.case)
    (read,) = reads(town.xa)
    assert (read.peer, read.what, read.name) == (XB, "case", MIRO.name)
    (told,) = town.xa.ask(lambda tx: heard_store.about(tx, [], [report.case]))
    assert told.object == read.object
    # The hold alone, and the list of cases, carry the same answer.
    ask_as(town.xa, MIRO, lambda tx: town.xa.node.orders.hold(tx, waiting.id))
    ask_as(town.xa, MIRO, town.xa.node.chase.bars)
    assert {(each.what, each.object) for each in reads(town.xa)} == {
        (what, read.object) for what in ("case", "hold", "list")
    }


def test_looks_with_less_than_ten_minutes_between_them_are_one_read(town: Town, waiting: Hold) -> None:
    for _ in range(3):
        look(town.xb, DENA, waiting.case)
        town.clock.move(minutes=9)
    rows = town.xb.dump()["exchange_reads"]
    assert len(rows) == 1
    town.clock.move(minutes=2)
    look(town.xb, DENA, waiting.case)
    seal(town.xb)
    later, earlier = reads(town.xb)
    assert (earlier.count, later.count) == (3, 1)
    assert earlier.first < earlier.last < later.first == later.last


def test_a_page_that_refreshes_itself_writes_nothing(town: Town, waiting: Hold) -> None:
    look(town.xb, DENA, waiting.case)
    before = town.xb.dump()
    for _ in range(50):
        look(town.xb, DENA, waiting.case)
        town.clock.move(seconds=5)
    assert town.xb.dump() == before
    town.clock.move(minutes=10)
    seal(town.xb)
    (read,) = reads(town.xb)
    assert read.count == 51


def test_a_node_that_starts_again_goes_on_with_what_is_on_disk(town: Town, waiting: Hold) -> None:
    look(town.xb, DENA, waiting.case)
    town.xb.node.reads._going.clear()
    look(town.xb, DENA, waiting.case)
    look(town.xb, DENA, waiting.case)
    town.xb.node.reads.sealed(town.xb.do(lambda tx: town.xb.node.reads.seal(tx, all_counts=True)))
    (read,) = reads(town.xb)
    assert read.count == 3


def test_what_cannot_be_noted_is_not_shown(town: Town, waiting: Hold) -> None:
    async def full(_use_case: object) -> None:
        raise Unavailable("the database refused: disk full", "make room")

    blind = Seeing(town.xb.node, full)  # type: ignore[arg-type] # it never gives anything
    for _ in range(2):
        with pytest.raises(Unavailable), answering(DENA):
            asyncio.run(blind.read(lambda tx: read_case(town.xb.node, tx, waiting.case)))
    assert reads(town.xb) == []


def test_an_act_that_is_undone_notes_nothing(town: Town, waiting: Hold) -> None:
    def act(tx: Transaction) -> Hold:
        hold = town.xb.node.orders.hold(tx, waiting.id)
        town.xb.node.orders.decline(tx, waiting.id, DENA.name, "no")
        town.xb.node.orders.decline(tx, waiting.id, DENA.name, "twice cannot be")
        return hold

    with pytest.raises(LintasError):
        act_as(town.xb, DENA, act)
    assert reads(town.xb) == []
    act_as(town.xb, DENA, lambda tx: town.xb.node.orders.approve(tx, waiting.id, DENA.name))
    (read,) = reads(town.xb)
    assert (read.what, read.object) == ("hold", waiting.statement)


def test_the_nodes_own_work_hands_out_nothing_that_somebody_could_read(town: Town, waiting: Hold) -> None:
    with pytest.raises(TypeError, match="nobody reads it"):
        asyncio.run(seeing(town.xb).read(lambda tx: town.xb.node.orders.hold(tx, waiting.id)))


# ---- the ledger


def test_the_ledger_commits_to_reads_and_says_nothing_of_them(town: Town, waiting: Hold) -> None:
    look(town.xb, DENA, waiting.case)
    look(town.xb, MIRO, waiting.case)
    assert check(town.xb).waiting == 2
    seal(town.xb)
    found = check(town.xb)
    assert (found.reads, found.entries, found.waiting, found.matches) == (2, 1, 0, True)
    assert found.first_entry is not None
    data = town.xb.ask(lambda tx: town.xb.node.ledger.entry(tx, found.first_entry or 0))
    assert decode(data).type == "reads"
    for word in (DENA.name, "key-1", waiting.statement, waiting.case, XA):
        assert word.encode() not in data
    assert {each.entry for each in reads(town.xb)} == {found.first_entry}
    seal(town.xb)
    assert check(town.xb) == found


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (delete(store.reads).where(store.reads.c.reader == "key-1"), "committed to 2 reads, and 1"),
        (update(store.reads).where(store.reads.c.reader == "key-1").values(name="Somebody Else"), "not what it was"),
        (update(store.reads).values(peer=XB2), "not what it was"),
        (update(store.reads).where(store.reads.c.reader == "key-1").values(batch=None), "committed to 2 reads"),
        (delete(store.batches), "not here any more"),
        (update(store.batches).values(entry=0), "something else"),
        (update(store.batches).values(entry=None), "not here any more"),
    ],
)
def test_what_is_changed_afterwards_shows(town: Town, waiting: Hold, change: object, says: str) -> None:
    look(town.xb, DENA, waiting.case)
    look(town.xb, MIRO, waiting.case)
    seal(town.xb)
    town.xb.do(lambda tx: tx.execute(change))  # type: ignore[call-overload] # a statement
    found = check(town.xb)
    assert not found.matches
    assert any(says in each.what for each in found.broken), found.broken


# ---- what the originator hears


def test_the_originator_hears_role_and_pseudonym(town: Town, waiting: Hold) -> None:
    look(town.xb, DENA, waiting.case)
    assert hear(town.xa, town.xb) == []  # before the ledger commits to it nobody is told
    seal(town.xb)
    (heard,) = hear(town.xa, town.xb)
    (read,) = reads(town.xb)
    assert (heard.peer, heard.object, heard.reader, heard.role) == (XB, the_request(town), read.pseudonym, "approver")
    assert (heard.first, heard.last, heard.count, heard.what) == (read.first, read.last, 1, "case")
    wire = tell(town.xa, town.xb, after="0-0")
    for word in (DENA.name, "Dena", "key-1", waiting.case):
        assert word.encode() not in wire
    # By a formal way: who is that reader?
    assert [each.name for each in reads(town.xb, reader=heard.reader)] == [DENA.name]
    report, *_ = town.xa.ask(town.xa.node.intake.reports)
    (shown,) = town.xa.case(report.case).reads_abroad
    assert (shown.reader, shown.case, shown.hold) == (heard.reader, report.case, waiting.id)


def test_a_reader_has_one_pseudonym_for_a_peer_and_another_for_the_next(town: Town) -> None:
    node = town.xb.node.reads

    def names(tx: Transaction) -> list[str]:
        return [node._pseudonym(tx, reader, peer) for reader in ("a", "b") for peer in (XA, XB2)]

    first, second = town.xb.do(names), town.xb.do(names)
    assert first == second
    assert len(set(first)) == 4


def test_counts_that_grew_are_told_anew(town: Town, waiting: Hold) -> None:
    look(town.xb, DENA, waiting.case)
    seal(town.xb)
    assert [each.count for each in hear(town.xa, town.xb)] == [1]
    town.clock.move(minutes=5)
    look(town.xb, DENA, waiting.case)
    town.clock.move(minutes=6)
    seal(town.xb)
    (heard,) = hear(town.xa, town.xb)
    assert heard.count == 2
    assert heard.first < heard.last
    assert check(town.xb).matches


def test_nobody_is_told_of_what_somebody_else_sent(town: Town, waiting: Hold) -> None:
    look(town.xb, DENA, waiting.case)
    seal(town.xb)
    wire = town.xb.ask(lambda tx: town.xb.node.reads_abroad.report(tx, XB2, "0-0"))
    assert open_report(wire, [keys_of(XB).signer.public]).reads == ()


def test_more_than_one_report_takes(town: Town, waiting: Hold) -> None:
    for number in range(MAX_READS + 5):
        reader = Reader(id=f"key-{number}", name="x", role="approver")
        look(town.xb, reader, waiting.case)
    seal(town.xb)
    first = tell(town.xa, town.xb)
    assert town.xa.do(lambda tx: town.xa.node.reads_abroad.take(tx, XB, first))
    assert not town.xa.do(lambda tx: town.xa.node.reads_abroad.take(tx, XB, tell(town.xa, town.xb)))
    (standing,) = (each for each in town.xa.ask(town.xa.node.reads_abroad.reporting) if each.peer == XB)
    assert standing.reads == MAX_READS + 5


def test_answered_and_no_read_reported(town: Town, waiting: Hold) -> None:
    town.xb.approve(waiting.id)
    town.settle()
    assert town.xa.ask(lambda tx: unreported(town.xa.node, tx)) == []
    town.clock.move(hours=2)
    (found,) = town.xa.ask(lambda tx: unreported(town.xa.node, tx))
    assert (found.peer, found.hold, found.object) == (XB, waiting.id, the_request(town))
    look(town.xb, DENA, waiting.case)
    seal(town.xb)
    hear(town.xa, town.xb)
    assert town.xa.ask(lambda tx: unreported(town.xa.node, tx)) == []


def test_erased_statements_leave_ids_only(town: Town, waiting: Hold) -> None:
    look(town.xb, DENA, waiting.case)
    seal(town.xb)
    text = repr(town.xb.dump()["exchange_reads"]) + repr(town.xb.dump()["requests_heard"])
    for word in (waiting.baton.transfer, waiting.baton.holder, str(waiting.amount_minor), waiting.scheme):
        assert word not in text


# ---- a corrupt member


def made_up(town: Town, **changes: object) -> ReadReport:
    """Return a report that xb could sign: one read of the request."""
    at = town.clock.at.isoformat().replace("+00:00", "Z")
    read = ReportedRead(
        object=the_request(town), reader="0123456789abcdef", role="approver", what="case", first=at, last=at, count=1
    )
    whole = ReadReport(authority=XB, peer=XA, exercise=True, at=at, after="0-0", upto="1-1", more=False, reads=(read,))
    inner = {name: changes.pop(name) for name in list(changes) if name in ("object", "first", "last", "count")}
    if inner:
        whole = msgspec.structs.replace(whole, reads=(msgspec.structs.replace(read, **inner),))
    return msgspec.structs.replace(whole, **changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"authority": XB2}, "misframed"),
        ({"peer": XB2}, "misframed"),
        ({"exercise": False}, "misframed"),
        ({"after": "1-0"}, "old_report"),
        ({"upto": "0-0"}, "misframed"),
        ({"upto": "5-5", "reads": ()}, "misframed"),
        ({"at": "2026-03-01T10:30:00Z"}, "future"),
        ({"object": "obj-" + "0" * 28}, "foreign_object"),
        ({"first": "2026-03-01T09:00:00Z"}, "bad_time"),
        ({"last": "2026-03-01T10:06:00Z"}, "bad_time"),
        ({"last": "2026-03-01T11:07:00Z"}, "bad_time"),
        ({"count": 0}, "malformed"),
        ({"object": "no id"}, "malformed"),
        ({"first": "2026-03-01T99:99:99Z"}, "malformed"),
    ],
)
def test_a_report_that_cannot_be(town: Town, waiting: Hold, changes: dict[str, object], reason: str) -> None:
    xa, wire = town.xa, sign_report(made_up(town, **changes), keys_of(XB).signer)
    before = xa.dump("exchange_read_reports")
    with pytest.raises((Refused, BadInput)) as refused:
        xa.do(lambda tx: xa.node.reads_abroad.take(tx, XB, wire))
    wrong = refused.value
    assert getattr(wrong, "reason", "malformed") == reason
    for _ in range(2):
        xa.do(lambda tx: xa.node.reads_abroad.refused(tx, XB, wrong))
    assert xa.dump("exchange_read_reports") == before
    # Listed among what was stopped, once, and on the auditor's page as long as it lasts.
    assert [each.reason for each in xa.refusals()] == [reason]
    (standing,) = (each for each in xa.ask(xa.node.reads_abroad.reporting) if each.peer == XB)
    assert standing.refused_at is not None
    assert standing.reason == wrong.what
    hear(xa, town.xb)
    (standing,) = (each for each in xa.ask(xa.node.reads_abroad.reporting) if each.peer == XB)
    assert (standing.refused_at, standing.reason) == (None, "")


def test_another_members_key_and_altered_bytes(town: Town, waiting: Hold) -> None:
    good = sign_report(made_up(town), keys_of(XB).signer)
    forged = sign_report(made_up(town), keys_of(XB2).signer)
    for bad in (b"", b"\xff", forged, good[:-1], good[:-5] + bytes([good[-5] ^ 1]) + good[-4:]):
        with pytest.raises(Refused):
            town.xa.do(lambda tx, wire=bad: town.xa.node.reads_abroad.take(tx, XB, wire))  # type: ignore[misc] # bound now
    assert abroad(town.xa) == []


def test_an_old_report_is_not_taken_again(town: Town, waiting: Hold) -> None:
    look(town.xb, DENA, waiting.case)
    seal(town.xb)
    old = tell(town.xa, town.xb)
    town.xa.do(lambda tx: town.xa.node.reads_abroad.take(tx, XB, old))
    with pytest.raises(Refused, match="does not follow"):
        town.xa.do(lambda tx: town.xa.node.reads_abroad.take(tx, XB, old))
    assert len(abroad(town.xa)) == 1


def test_reads_that_are_made_up_are_the_word_of_who_signed_them(town: Town, waiting: Hold) -> None:
    town.xa.do(lambda tx: town.xa.node.reads_abroad.take(tx, XB, sign_report(made_up(town), keys_of(XB).signer)))
    (found,) = abroad(town.xa)
    assert (found.peer, found.reader) == (XB, "0123456789abcdef")


def test_a_flood_ends(town: Town, waiting: Hold, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lintas.exchange.reads_abroad.MOST_OF_ONE", 3)
    one = made_up(town).reads[0]
    many = tuple(msgspec.structs.replace(one, reader=f"{number:016x}") for number in range(4))
    wire = sign_report(made_up(town, reads=many), keys_of(XB).signer)
    with pytest.raises(Refused, match="more than 3 reads"):
        town.xa.do(lambda tx: town.xa.node.reads_abroad.take(tx, XB, wire))
    assert abroad(town.xa) == []


@pytest.mark.parametrize("after", ["", "x", "0", "0-0-0", "-1-0", "0- 0", "1e3-0", "9" * 16 + "-0", "٣-٣"])
def test_a_place_that_is_none(town: Town, after: str) -> None:
    with pytest.raises(BadInput):
        Cursor.parse(after)
    with pytest.raises(BadInput):
        town.xb.ask(lambda tx: town.xb.node.reads_abroad.report(tx, XA, after))
