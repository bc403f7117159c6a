"""Aria asks Doria: nothing leaves without an approval of Aria's data commission, which lets out only what it names."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update
from tests.integration.engines import Fresh
from tests.integration.hand import request
from tests.integration.town import BANKS, NOW, XA, XB, Bank, Desk, SetClock, keys_of, no_client, table, world
from tests.unit.policy.papers import COMMISSION, VKEY, approval

from lintas.bank.agent import Agent
from lintas.bank.core import Core
from lintas.border import approval_store
from lintas.border.records import Filed, Release
from lintas.exchange.directory import Directory
from lintas.exchange.service import Identity
from lintas.ledger.records import Entry, decode
from lintas.model.errors import BadInput, CheckFailed, Conflict, LintasError, NotFound, Refused
from lintas.model.ids import IdSource
from lintas.model.messages import HoldStatus, Message, Purpose
from lintas.model.money import Money
from lintas.node.assembly import Parts, assemble
from lintas.policy.approval import Approval, Withdrawal
from lintas.policy.approval_text import sign, write
from lintas.requests.asking import PLANE_B
from lintas.requests.forms import HoldForm
from lintas.requests.records import Hold, Share
from lintas.storage.address import Place
from lintas.storage.engine import open_engine
from lintas.storage.writer import SerialWriter
from lintas.trust import note
from lintas.trust.charter import Charter, endorse, write_charter
from lintas.trust.keys import Ed25519Signer
from lintas.trust.note import VerifierKey

XD = "xd-asc"
SECTION = "Aria Data Security Act 2022, s.31"
#: The bank abroad belongs to Doria's authority here.
OWNED = {XA: BANKS[XA], XD: BANKS[XB]}
OFFICER = "Officer Dena Holt"


class Side(Desk):
    """One of the two authorities; ``competent`` are the keys that its settings name."""

    def __init__(self, authority: str, database: Place, clock: SetClock, competent: tuple[VerifierKey, ...]) -> None:
        mine = keys_of(authority)
        self.authority, self.clock, self.database = authority, clock, database
        self.engine = open_engine(database)
        signed = write_charter(
            Charter(version=1, exercise=True, quorum=2, members=tuple(keys_of(name).member for name in OWNED))
        )
        for name in OWNED:
            signed = endorse(signed, name, keys_of(name).signer)
        self.directory = Directory(signed, clock)
        self.parts = Parts(
            identity=Identity(authority, mine.signer, mine.kem, exercise=True),
            name=mine.member.name,
            contact=f"duty-desk@{authority}.example",
            engine=self.engine,
            directory=self.directory,
            table=table(mine.member.jurisdiction),
            log_signer=mine.log,
            log_origin=f"{authority}.lintas.example/log",
            banks=frozenset(OWNED[authority]),
            abroad={bank: owner for owner, banks in OWNED.items() if owner != authority for bank in banks},
            clock=clock,
            ids=IdSource(clock),
            competent=competent,
        )
        self.node = assemble(self.parts)
        self.writer = SerialWriter(self.engine)

    def record(self, paper: Approval | Withdrawal | bytes, signer: Ed25519Signer = COMMISSION) -> Filed:
        """Put a document on file as the API does."""
        data = paper if isinstance(paper, bytes) else sign(paper, signer)
        return self.do(lambda tx: self.node.approvals.record(tx, data, OFFICER))

    def filed(self, approval_id: str) -> Filed:
        """Look at one document."""
        return self.ask(lambda tx: self.node.approvals.filed(tx, approval_id))

    def entries(self, kind: str) -> list[Entry]:
        """Return the ledger's entries of a type."""
        size = self.ask(self.node.ledger.size)
        data = self.ask(lambda tx: self.node.ledger.entries(tx, 0, size))
        return [entry for entry in map(decode, data) if entry.type == kind]


class Matter:
    """One report at Aria whose money went to Doria."""

    def __init__(self, folder: Path, fresh: Fresh) -> None:
        self.clock = SetClock()
        made, files = world(1, 1)
        self.xa, self.xd = (self._side(fresh, name) for name in (XA, XD))
        for code in OWNED[XA]:
            (folder / code).mkdir()
            for name, data in files[code].items():
                (folder / code / name).write_bytes(data)
        banks = [Bank(Agent(Core(folder / code, code), no_client(), self.clock), code) for code in OWNED[XA]]
        self.case = self.xa.file(dict(made.thefts[0].form)).case
        while sum(bank.work(self.xa) for bank in banks):
            pass

    def _side(self, fresh: Fresh, name: str) -> Side:
        return Side(name, fresh(name), self.clock, (VKEY,) if name == XA else ())

    def shares(self) -> list[Share]:
        """Return what could still be asked of Doria."""
        return [share for share in self.xa.bar(self.case).shares if share.holder in OWNED[XD] and not share.hold]

    def ask(self, amount: int | None = None, **form: Any) -> Hold:  # noqa: ANN401 — fields of the form
        """Let an officer ask on, by the hold's form."""
        wanted = HoldForm(share=self.shares()[0].id, amount_minor=amount, **form)
        return self.xa.do(lambda tx: self.xa.node.chase.ask(tx, wanted, "Officer Asha Tor"))

    def refused(self, **form: Any) -> str:  # noqa: ANN401 — fields of the form
        """Ask, be refused, and return the sentence; nothing may have left and no use may have been counted."""
        before = self.xa.entries("release")
        hold = self.ask(**form)
        assert hold.state == "refused_by_policy"
        assert SECTION in hold.decision
        assert "an approval by the competent authority (approval)" in hold.decision
        assert self.xa.entries("release") == before
        return hold.decision


@pytest.fixture
def matter(tmp_path: Path, fresh: Fresh) -> Iterator[Matter]:
    made = Matter(tmp_path, fresh)
    yield made
    for side in (made.xa, made.xd):
        side.engine.dispose()


def test_what_the_law_stops_leaves_once_the_approval_is_on_file(matter: Matter) -> None:
    (first,) = [hold for hold in matter.xa.holds() if hold.peer == XD]
    assert (first.state, first.object) == ("refused_by_policy", None)
    assert SECTION in first.decision
    assert "once there is an approval by the competent authority (approval)" in first.decision
    paper = approval(cases=(matter.case,), uses=3, max_amount=Money(10**12, first.currency))
    filed = matter.xa.record(paper)
    assert (filed.state, filed.used, filed.recorded_by) == ("valid", 0, OFFICER)
    hold = matter.ask()
    assert hold.state == "sent"
    assert f"It rests on {paper.id} (DSC 2026/17) of data.xa.example." in hold.decision
    (entry,) = matter.xa.entries("release")
    assert (entry.peer, entry.approvals, entry.object) == (XD, (paper.id,), hold.object)
    assert "xa-foreign-body" in entry.rules
    assert matter.xa.filed(paper.id).used == 1
    assert matter.xa.send(matter.xd) == 1
    (waiting,) = matter.xd.holds("awaiting_approval")
    assert waiting.id == hold.id


def _say(matter: Matter, *bodies: msgspec.Struct, purpose: Purpose = "stop_payment") -> Release:
    message = Message(purpose=purpose, marking=PLANE_B, bodies=bodies, case=matter.case)
    return matter.xa.do(lambda tx: matter.xa.node.border.release(tx, message, XD))


def test_what_the_law_lets_go_uses_no_approval(matter: Matter) -> None:
    paper = approval(categories=("status",), purposes=("status",))
    matter.xa.record(paper)
    left = _say(matter, HoldStatus(hold="hold-1", state="received", at="2026-03-01T10:07:00Z"), purpose="status")
    assert left.permitted
    assert "rests on" not in left.decision.sentence
    assert [entry.approvals for entry in matter.xa.entries("release")] == [()]
    assert matter.xa.filed(paper.id).used == 0


def test_each_object_is_a_use_and_all_of_a_message_is_its_amount(matter: Matter) -> None:
    two = (request(), request())
    asked = sum(each.amount_minor for each in two)
    once = approval(id=f"approval-{'0' * 27}2", uses=1)
    half = approval(id=f"approval-{'0' * 27}3", max_amount=Money(asked - 1, "XAK"))
    for paper in (once, half):
        matter.xa.record(paper)
    assert not _say(matter, *two).permitted
    both = approval(uses=2, max_amount=Money(asked, "XAK"))
    matter.xa.record(both)
    assert not _say(matter, request(), request(currency="XBK")).permitted
    assert len(_say(matter, *two).objects) == 2
    assert [entry.approvals for entry in matter.xa.entries("release")] == [(both.id,)] * 2
    assert [matter.xa.filed(paper.id).used for paper in (once, half, both)] == [0, 0, 2]


def test_of_two_that_cover_the_one_that_ends_first_is_used(matter: Matter) -> None:
    later = approval(id=f"approval-{'0' * 27}2", expires=approval().expires + timedelta(days=1))
    for paper in (later, approval()):
        matter.xa.record(paper)
    assert matter.ask().state == "sent"
    assert [matter.xa.filed(paper.id).used for paper in (later, approval())] == [0, 1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"purposes": ("trace_funds",)}, "it is for tracing funds"),
        ({"categories": ("baton",)}, "it is for a baton"),
        ({"peers": ("xb-asc",)}, "it is for xb-asc"),
        ({"cases": (f"case-{'0' * 28}",)}, "it is for other cases"),
        ({"max_amount": Money(1, "XAK")}, "it goes up to 0.01 XAK"),
        ({"not_before": NOW + timedelta(hours=1)}, "it begins at 2026-03-01T11:07:00Z"),
        ({"kind": "court_order"}, ""),
    ],
)
def test_an_approval_for_something_else_changes_nothing(matter: Matter, changes: dict[str, Any], said: str) -> None:
    paper = approval(**changes)
    matter.xa.record(paper)
    sentence = matter.refused()
    assert (f"{paper.id}, which does not count: {said}" in sentence) == bool(said)
    assert matter.xa.filed(paper.id).used == 0


def test_another_purpose_than_the_approval_names_does_not_leave(matter: Matter) -> None:
    matter.xa.record(approval())
    assert "it is for stopping a payment" in matter.refused(purpose="trace_funds")
    assert matter.ask().state == "sent"


def test_it_ends_and_is_used_up(matter: Matter) -> None:
    matter.xa.record(approval(uses=1))
    assert matter.ask(amount=matter.shares()[0].amount_minor // 2).state == "sent"
    assert "it may be used once, and was used once" in matter.refused()
    assert matter.xa.filed(approval().id).state == "used_up"
    matter.xa.record(approval(id=f"approval-{'0' * 27}2"))
    matter.clock.at = approval().expires
    assert "it ended at 2026-03-08T00:00:00Z" in matter.refused()
    assert matter.xa.filed(f"approval-{'0' * 27}2").state == "expired"


def test_one_officer_withdraws_at_once_and_the_document_brings_it_back_but_not_its_uses(matter: Matter) -> None:
    paper = approval(uses=1)
    matter.xa.record(paper)
    withdraw = matter.xa.node.approvals.withdraw
    ended = matter.xa.do(lambda tx: withdraw(tx, paper.id, "Officer Asha Tor", "Perhaps given by mistake."))
    assert (ended.state, ended.withdrawn_by, ended.final) == ("withdrawn", "Officer Asha Tor", False)
    assert "it was withdrawn" in matter.refused()
    with pytest.raises(Conflict, match="was withdrawn at"):
        matter.xa.do(lambda tx: withdraw(tx, paper.id, OFFICER, "Again."))
    assert matter.xa.record(paper).state == "valid"
    assert matter.ask(amount=matter.shares()[0].amount_minor // 2).state == "sent"
    matter.xa.do(lambda tx: withdraw(tx, paper.id, OFFICER, "To use it a second time."))
    assert matter.xa.record(paper).state == "used_up"
    matter.refused()
    assert len(matter.xa.entries("approval")) == 3
    assert [entry.object for entry in matter.xa.entries("approval_withdrawal")] == [paper.id] * 2


@pytest.mark.parametrize("first", [True, False], ids=["the approval came first", "the withdrawal came first"])
def test_the_issuers_own_withdrawal_is_final(matter: Matter, first: bool) -> None:
    paper = approval()
    said = Withdrawal(id=paper.id, jurisdiction="XA", issuer=paper.issuer, reason="The case was closed.", at=NOW)
    if first:
        matter.xa.record(paper)
    ended = matter.xa.record(said)
    assert (ended.state, ended.withdrawn_by, ended.reason, ended.final) == (
        "withdrawn", paper.issuer, "The case was closed.", True,
    )  # fmt: skip
    assert matter.xa.record(said) == ended
    with pytest.raises(Conflict, match=r"withdrawn by its issuer: The case was closed\."):
        matter.xa.record(paper)
    matter.refused()


def test_the_same_document_twice_is_one(matter: Matter) -> None:
    data = sign(approval(), COMMISSION)
    first = matter.xa.record(data)
    matter.clock.move(minutes=5)
    assert matter.xa.do(lambda tx: matter.xa.node.approvals.record(tx, data, "Somebody Else")) == first
    assert len(matter.xa.ask(matter.xa.node.approvals.listed)) == 1
    assert [entry.object for entry in matter.xa.entries("approval")] == [first.id]
    with pytest.raises(Conflict, match="another document has the id"):
        matter.xa.record(approval(uses=7))


_STRANGER = Ed25519Signer.from_seed("data.xa.example", bytes(32))
_TEXT = write(approval())


def _signed(text: str) -> bytes:
    return note.sign(text, COMMISSION.name, COMMISSION).render()


@pytest.mark.parametrize(
    ("data", "kind", "said"),
    [
        (sign(approval(), _STRANGER), Refused, "not that of a competent authority"),
        (sign(approval(), COMMISSION).replace(b"xd-asc", b"xb-asc"), CheckFailed, "is not valid"),
        (sign(approval(jurisdiction="XB"), COMMISSION), Refused, "law of XB, this is XA"),
        (sign(approval(authority="xa-fiu"), COMMISSION), Refused, "given to xa-fiu, this is xa-asc"),
        (
            sign(approval(not_before=NOW - timedelta(days=2), expires=NOW), COMMISSION),
            Refused,
            "it ended at 2026-03-01T10:07:00Z",
        ),
        (
            sign(approval(not_before=NOW.replace(year=9998), expires=NOW.replace(year=9999)), COMMISSION),
            BadInput,
            "check the year",
        ),
        (_signed(_TEXT.replace("2026-03-08", "9999-03-08")), BadInput, "within 1098 days"),
        (_TEXT.encode(), BadInput, "no signature block"),
        (_signed(_TEXT) + _signed(_TEXT).split(b"\n\n")[1], BadInput, "2 signatures"),
        (_signed(_TEXT.replace("uses: any", "uses: any\nuses: 5")), BadInput, "twice"),
        (_signed(_TEXT.replace("DSC", "D\u202eSC")), BadInput, "plain letters"),
        (_signed(_TEXT).replace(b"DSC", b"D\0SC"), BadInput, "control characters"),
        (b"x" * 10_000_000, BadInput, "at most 65536"),
        (b"", BadInput, "no signature block"),
    ],
)
def test_what_is_not_to_be_believed_is_told_and_nothing_is_stored(
    matter: Matter, data: bytes, kind: type[LintasError], said: str
) -> None:
    before = matter.xa.dump()
    with pytest.raises(kind) as wrong:
        matter.xa.record(data)
    assert said in str(wrong.value)
    assert len(str(wrong.value)) < 600
    assert matter.xa.dump() == before
    matter.refused()


def test_a_key_that_is_no_longer_named_counts_no_more(matter: Matter) -> None:
    matter.xa.record(approval())
    matter.xa.node = assemble(matter.xa.parts._replace(competent=()))
    assert "its issuer is not among the competent authorities" in matter.refused()
    assert matter.xa.filed(approval().id).state == "unknown_issuer"


def _widen(data: bytes) -> bytes:
    return data.replace(b"purposes: trace_funds", b"purposes: stop_payment")


@pytest.mark.parametrize("change", [_widen, lambda data: b"", lambda data: sign(approval(), _STRANGER)])
def test_who_alters_the_database_makes_no_approval(matter: Matter, change: Callable[[bytes], bytes]) -> None:
    paper = approval(purposes=("trace_funds",))
    matter.xa.record(paper)
    rows = approval_store.approvals

    def alter(tx: Any) -> None:  # noqa: ANN401 — a transaction
        held = tx.scalar(select(rows.c.note))
        tx.execute(update(rows).values(note=change(held), expires="2999-01-01T00:00:00Z"))

    matter.xa.do(alter)
    matter.refused()
    assert matter.xa.filed(paper.id).state in ("unknown_issuer", "withdrawn")


def test_officers_words_are_checked_too(matter: Matter) -> None:
    matter.xa.record(approval())
    withdraw = matter.xa.node.approvals.withdraw
    for reason, officer in (("", OFFICER), ("x" * 501, OFFICER), ("a\nb", OFFICER), ("fine", " "), ("fine", "o" * 121)):
        with pytest.raises(BadInput):
            matter.xa.do(lambda tx, r=reason, o=officer: withdraw(tx, approval().id, o, r))  # type: ignore[misc]
    with pytest.raises(NotFound, match="is on file"):
        matter.xa.do(lambda tx: withdraw(tx, "approval-0", OFFICER, "No such thing."))
    assert matter.xa.filed(approval().id).state == "valid"


def test_an_issuer_that_changes_its_key_signs_the_same_document_anew(matter: Matter) -> None:
    matter.xa.record(approval(uses=2))
    assert matter.ask(amount=matter.shares()[0].amount_minor // 2).state == "sent"
    new_key = note.ed25519_key(_STRANGER.name, _STRANGER)
    matter.xa.node = assemble(matter.xa.parts._replace(competent=(new_key,)))
    matter.refused()
    filed = matter.xa.record(approval(uses=2), _STRANGER)
    assert (filed.state, filed.used) == ("valid", 1)
    assert matter.ask().state == "sent"


def test_no_issuer_speaks_of_anothers_document(matter: Matter) -> None:
    court = Ed25519Signer.from_seed("court.xa.example", bytes(32))
    matter.xa.node = assemble(matter.xa.parts._replace(competent=(VKEY, note.ed25519_key(court.name, court))))
    matter.xa.record(approval())
    said = Withdrawal(id=approval().id, jurisdiction="XA", issuer=court.name, reason="Not ours.", at=NOW)
    for paper in (said, approval(issuer=court.name)):
        with pytest.raises(Conflict, match=r"is a document of data\.xa\.example"):
            matter.xa.record(paper, court)
    assert matter.ask().state == "sent"
