"""goAML-shaped reports: written, read back equal, held against a unit's demands, and made from a trail."""

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.interop.goaml import (
    SHIPPED,
    Account,
    Entity,
    Facts,
    Movement,
    Person,
    Report,
    Side,
    Transaction,
    load,
    read,
    report_of,
    shipped,
    write,
)
from lintas.model.errors import BadInput, MalformedInput, NotFound
from lintas.model.money import MAX_MINOR

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
OFFICER = Person(first_name="Ara", last_name="Example")
_TEXT = st.text("abcXYZ019 <&>éกพ北", min_size=1, max_size=40).filter(lambda text: text.strip() == text)
_MAYBE = st.one_of(st.just(""), _TEXT)
_PERSONS = st.builds(
    Person,
    first_name=_TEXT,
    last_name=_TEXT,
    gender=st.sampled_from(["", "M", "F"]),
    birthdate=st.one_of(st.none(), st.dates(date(1900, 1, 2), date(2026, 1, 1))),
    id_number=_MAYBE,
    nationality=st.sampled_from(["", "XA"]),
)
_ENTITIES = st.builds(
    Entity, name=_TEXT, incorporation_number=_MAYBE, incorporation_country=st.sampled_from(["", "XB"])
)
_ACCOUNTS = st.builds(
    Account,
    institution_name=_MAYBE,
    institution_code=_MAYBE,
    account=_TEXT,
    currency=st.sampled_from(["", "XAK"]),
    iban=_MAYBE,
    entity=st.one_of(st.none(), _ENTITIES),
    signatories=st.lists(_PERSONS, max_size=2).map(tuple),
    comments=_MAYBE,
)


@st.composite
def _sides(draw: st.DrawFn) -> Side:
    which = draw(st.sampled_from(["account", "person", "entity"]))
    foreign = draw(st.one_of(st.none(), st.integers(0, MAX_MINOR)))
    return Side(
        funds_code=draw(_TEXT),
        country="XB",
        account=draw(_ACCOUNTS) if which == "account" else None,
        person=draw(_PERSONS) if which == "person" else None,
        entity=draw(_ENTITIES) if which == "entity" else None,
        my_client=draw(st.booleans()),
        foreign_minor=foreign,
        foreign_currency="" if foreign is None else "XDK",
        rate="" if foreign is None else "0.25",
    )


_TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
_REPORTS = st.builds(
    Report,
    rentity_id=st.integers(1, 10**6),
    report_code=st.just("STR"),
    entity_reference=_TEXT,
    submitted=_TIMES,
    currency=st.sampled_from(["XAK", "XBK", "XDK"]),
    reporting_person=_PERSONS,
    transactions=st.lists(
        st.builds(
            Transaction,
            number=_TEXT,
            date=_TIMES,
            mode=_TEXT,
            amount_minor=st.integers(0, MAX_MINOR),
            sender=_sides(),
            receiver=_sides(),
            location=_MAYBE,
            comments=_MAYBE,
        ),
        min_size=1,
        max_size=3,
    ).map(tuple),
    reason=_MAYBE,
    indicators=st.lists(_TEXT, max_size=3).map(tuple),
)


@given(_REPORTS, st.sampled_from(["institution_code", "swift"]), st.sampled_from(["+00:00", "+08:00", "-03:30"]))
def test_what_is_written_is_read(report: Report, institution: str, offset: str) -> None:
    assert read(write(report, institution=institution, offset=offset), offset=offset) == report


def side(number: str, **more: object) -> Side:
    account = Account(account=number, institution_code="B1")
    return msgspec.structs.replace(Side(funds_code="K", country="XA", account=account), **more)


def report(**more: object) -> Report:
    plain = Report(
        rentity_id=7,
        report_code="SCM",
        entity_reference="r-1",
        submitted=NOON,
        currency="XAK",
        reporting_person=OFFICER,
        transactions=(
            Transaction(number="t1", date=NOON, mode="BG", amount_minor=5_000, sender=side("A"), receiver=side("B")),
        ),
        reason="A victim reported it.",
        action="Asked to hold.",
        indicators=("SC01",),
    )
    return msgspec.structs.replace(plain, **more)


def test_elements_stand_in_the_schemas_order() -> None:
    text = write(report()).decode()
    order = ["rentity_id", "submission_code", "report_code", "entity_reference", "submission_date", "currency_code_local",
             "reporting_person", "reason", "action", "transaction", "transactionnumber", "date_transaction", "transmode_code",
             "amount_local", "t_from", "from_funds_code", "from_account", "from_country", "report_indicators"]  # fmt: skip
    places = [text.index(f"<{name}>") for name in order]
    assert places == sorted(places)
    mine = write(
        report(transactions=(msgspec.structs.replace(report().transactions[0], sender=side("A", my_client=True)),))
    )
    assert b"<t_from_my_client>" in mine and b"<t_from>" not in mine


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"report_code": "XYZ"}, "report_code: 'XYZ' is none of STR, SCM"),
        ({"currency": "XBK"}, "this unit counts in XAK"),
        ({"indicators": ()}, "indicators: mandatory here"),
        ({"indicators": ("SC99",)}, "report_indicators/indicator: 'SC99'"),
        ({"action": ""}, "action: mandatory here"),
        ({"entity_reference": "r" * 51}, "entity_reference: at most 50"),
    ],
)
def test_what_a_unit_would_send_back_is_named(change: dict[str, object], what: str) -> None:
    profile = shipped("xa")
    profile.check(report())
    with pytest.raises(BadInput) as caught:
        profile.check(report(**change))
    assert what in caught.value.what


def test_accounts_and_transactions_have_demands_too() -> None:
    bare = msgspec.structs.replace(report().transactions[0], sender=side("A", account=Account(account="A")))
    assert list(shipped("xa").broken(report(transactions=(bare,)))) == [
        "transaction[1]/from_account/institution_code: mandatory here"
    ]
    assert "transaction[1]/location: mandatory here" in list(shipped("XB").broken(report()))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_profiles_are_whole(name: str) -> None:
    profile = shipped(name)
    assert profile.default_report_code in profile.report_codes
    assert not profile.modes or profile.default_mode in profile.modes
    assert not profile.funds or profile.default_funds in profile.funds


def test_bad_profiles_are_refused() -> None:
    with pytest.raises(NotFound, match="no goAML profile"):
        shipped("zz")
    for text, what in (
        (b"title: [", "no YAML"),
        (b"titel: x", "no profile"),
        (b"title: x\nrequired: [transaction.nothing]", "nothing is called"),
        (b"title: x\ncurrency: QQQ", "unknown currency"),
    ):
        with pytest.raises(BadInput, match=what):
            load(text, where="p.yaml")


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        (b">50.00<", b">50.001<", "report[1]/transaction/amount_local"),
        (b">50.00<", b"><", "transaction/amount_local"),
        (b"<transactionnumber>t1</transactionnumber>", b"", "transaction/transactionnumber"),
        (b"2026-03-01T12:00:00</date_tr", b"yesterday</date_tr", "transaction/date_transaction"),
        (b"<rentity_id>7", b"<rentity_id>x", "rentity_id"),
        (b"<last_name>Example</last_name>", b"", "reporting_person/last_name"),
        (b"<from_country>XA</from_country>", b"", "transaction/t_from/from_country"),
        (b"<account>A</account>", b"", "transaction/t_from/from_account/account"),
    ],
)
def test_a_bad_element_is_named(old: bytes, new: bytes, where: str) -> None:
    data = write(report())
    assert old in data
    with pytest.raises(BadInput) as caught:
        read(data.replace(old, new), where="r.xml")
    assert caught.value.where == f"r.xml, {where.removeprefix('report[1]/')}"


def test_what_is_no_report_is_refused() -> None:
    for data in (b"<html/>", write(report()).replace(b"transaction>", b"activity>")):
        with pytest.raises(MalformedInput):
            read(data)


MOVES = [
    Movement(transfer="t1", at=NOON, amount_minor=5_000, currency="XAK", start=0, end=5_000, hop=0, sender="V",
             sender_bank="B9", receiver="A", receiver_own=True),
    Movement(transfer="t2", at=NOON, amount_minor=4_000, currency="XBK", start=0, end=1_000, hop=1, sender="A",
             sender_own=True, receiver="Z", receiver_bank="B8"),
    Movement(transfer="t2", at=NOON, amount_minor=4_000, currency="XBK", start=2_000, end=4_000, hop=2, sender="A",
             sender_own=True, receiver="Z", receiver_bank="B8"),
]  # fmt: skip
FACTS = Facts(
    rentity_id=7,
    entity_reference="r-1",
    submitted=NOON,
    reporting_person=OFFICER,
    reason="A victim reported it.",
    action="Asked to hold.",
    indicators=("SC01",),
    own_bank="B1",
    own_name="Example Bank",
    holders={"A": OFFICER, "Z": Entity(name="Example Ltd")},
    rates={"XBK": "0.0031"},
    countries={"B8": "XB"},
)


def test_a_trail_becomes_a_report() -> None:
    made = report_of(MOVES, FACTS, shipped("xa"))
    first, second = made.transactions
    assert (first.sender.my_client, first.receiver.my_client, first.receiver.country) == (False, True, "XA")
    assert first.receiver.account == Account(
        institution_name="Example Bank", institution_code="B1", account="A", currency="XAK", signatories=(OFFICER,)
    )
    assert (second.amount_minor, second.sender.foreign_minor, second.sender.rate) == (1_240, 4_000, "0.0031")
    assert (second.receiver.country, second.receiver.account and second.receiver.account.entity) == (
        "XB",
        Entity(name="Example Ltd"),
    )
    assert second.comments == "Part followed by fifo: 0-1,000, 2,000-4,000 XBK; hop 1."
    assert read(write(made)) == made


@pytest.mark.parametrize(
    ("move", "facts", "what"),
    [
        ({}, {"rates": {}}, "t2 is in XBK"),
        ({}, {"rates": {"XBK": "0"}}, "t2 is in XBK"),
        ({"receiver": "", "receiver_bank": ""}, {}, "nobody is named as receiver of t2"),
        ({}, {"reason": ""}, "reason: mandatory here"),
    ],
)
def test_a_trail_that_says_too_little_is_refused(move: dict[str, object], facts: dict[str, object], what: str) -> None:
    moves = [MOVES[0], msgspec.structs.replace(MOVES[1], **move)]
    with pytest.raises(BadInput, match=what):
        report_of(moves, msgspec.structs.replace(FACTS, **facts), shipped("xa"))
