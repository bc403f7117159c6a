"""What anybody may read of a block, who may decide on an objection, and how many may wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.model.errors import Conflict, NotAllowed
from lintas.telco.redress.records import Blocked, Objection, Ruling
from lintas.telco.redress.rules import MOST_WAITING, check_decider, check_room, masked, notice

ENTRY = Blocked(
    id="a" * 16,
    subject="number",
    value="+99921234567",
    kind="blocked",
    reason="calls people as a bank",
    scheme="bank_impersonation",
    grade="reported",
    since="2026-03-01T10:00:00Z",
    until="2026-03-31T10:00:00Z",
    listed_by=("Officer Asha Tor",),
)
UPHOLD, DISMISS = Ruling(uphold=True, reason="theirs"), Ruling(uphold=False, reason="not shown")


def objection(**changed: object) -> Objection:
    made: dict[str, object] = {
        "id": "objection-1",
        "their_id": "objection-1",
        "entry": ENTRY.id,
        "subject": ENTRY.subject,
        "value": ENTRY.value,
        "kind": "person",
        "received_at": "2026-03-02T10:00:00Z",
        "answer_by": "2026-03-03T10:00:00Z",
        "name": "Nan Lwin",
        "contact": "nan@x.example",
        "text": "It is mine.",
    }
    return Objection(**made | changed)  # type: ignore[arg-type] # texts of its fields


@given(st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True))
def test_no_more_of_a_number_is_told_than_its_last_three(number: str) -> None:
    shown = masked("number", number)
    assert shown == "•" * 6 + number[-3:]
    assert masked("number", "+9" + "0" * 8 + number[-3:]) == shown


@pytest.mark.parametrize(
    ("subject", "value", "shown"),
    [
        ("range", "+99921200000-+99921299999", "••••••000 – ••••••999"),
        ("url", "https://bank.example/login?user=nan", "bank.example/…"),
        ("url", "bank.example/a", "bank.example/…"),
        ("domain", "bank.example", "bank.example"),
        ("sender_id", "MYBANK", "MYBANK"),
        ("wallet", "bc1qexampleexample", "••••••ple"),
    ],
)
def test_masks(subject: str, value: str, shown: str) -> None:
    assert masked(subject, value) == shown  # type: ignore[arg-type]


def test_what_is_not_blocked_tells_nothing_but_its_id() -> None:
    gone = notice("b" * 16, None, authority="The Authority", contested=True, contact="desk@x.example")
    told = {name: getattr(gone, name) for name in gone.__struct_fields__}
    assert {name for name, value in told.items() if value} == {"id"}


@pytest.mark.parametrize("name", ["Officer Asha Tor", "officer  ASHA tor", "Ｏfficer Asha Tor"])
def test_who_listed_it_never_decides(name: str) -> None:
    with pytest.raises(NotAllowed):
        check_decider(objection(), ENTRY, name, UPHOLD)
    check_decider(objection(), ENTRY, "Officer Dena Holt", DISMISS)


def test_another_authority_s_entry_is_not_decided_here_and_nothing_twice() -> None:
    with pytest.raises(NotAllowed, match="xb-asc"):
        check_decider(objection(origin="xb-asc"), ENTRY, "Officer Dena Holt", UPHOLD)
    with pytest.raises(Conflict):
        check_decider(objection(state="upheld", decided_by="x"), ENTRY, "Officer Dena Holt", UPHOLD)
    with pytest.raises(Conflict):
        check_decider(objection(), None, "Officer Dena Holt", DISMISS)


def test_people_operators_and_authorities_have_room_of_their_own() -> None:
    people = [objection(id=f"o-{n}", text=f"{n}") for n in range(MOST_WAITING)]
    with pytest.raises(Conflict, match="ask desk"):
        check_room(people, objection(text="an honest one"), "desk")
    with pytest.raises(Conflict, match="on file already"):
        check_room(people[:1], objection(text="0"), "desk")
    check_room(people, objection(via="xb-asc", name="", contact="", text=""), "desk")
    report = objection(kind="false_block", name="XATL")
    check_room(people, report, "desk")
    with pytest.raises(Conflict, match="waits already"):
        check_room([*people, report], report, "desk")
    check_room([*people, report], objection(kind="false_block", name="XATM"), "desk")
