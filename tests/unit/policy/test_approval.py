"""What an approval covers, and above all what it does not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.asking import question, shipped
from tests.unit.policy.papers import CASE, GOOD, SOUGHT, approval, sought

from lintas.model.money import Money
from lintas.policy.approval import Approval, Sought, covers, describe, gap
from lintas.policy.records import Question

ARIA = shipped("XA")


def test_it_covers_what_it_names() -> None:
    assert covers(GOOD, SOUGHT)
    assert covers(approval(peers=("XD",)), SOUGHT)
    limited = approval(cases=(CASE,), max_amount=Money(500_000, "XAK"), uses=3)
    assert covers(limited, SOUGHT, used=2)
    assert covers(limited, sought(objects=3), used=0)


@pytest.mark.parametrize(
    ("paper", "asked", "used", "said"),
    [
        ({}, {"purpose": "investigation"}, 0, "stopping a payment"),
        ({}, {"category": "account_identity"}, 0, "a hold request or a baton"),
        ({}, {"peer": "xd-fiu"}, 0, "for xd-asc"),
        ({"peers": ("XC",)}, {}, 0, "for XC"),
        ({}, {"peer_jurisdiction": "xd-asc", "peer": "nobody"}, 0, ""),
        ({}, {"jurisdiction": "XB"}, 0, "law of XA"),
        ({}, {"authority": "xa-fiu"}, 0, "given to xa-asc"),
        ({"cases": (f"case-{'0' * 27}2",)}, {}, 0, "other cases"),
        ({"cases": (CASE,)}, {"case": ""}, 0, "other cases"),
        ({"max_amount": Money(499_999, "XAK")}, {}, 0, "up to 4,999.99 XAK"),
        ({"max_amount": Money(500_000, "XBK")}, {}, 0, "XBK"),
        ({"max_amount": Money(500_000, "XAK")}, {"amount": None}, 0, "XAK"),
        ({"max_amount": Money(500_000, "XAK")}, {"amount": Money(-1, "XAK")}, 0, "XAK"),
        ({"uses": 1}, {}, 1, "once, and was used once"),
        ({"uses": 2}, {"objects": 2}, 1, "2 times, and was used once"),
        ({}, {"at": GOOD.expires}, 0, "ended at 2026-03-08"),
        ({}, {"at": GOOD.not_before - timedelta(microseconds=1)}, 0, "begins at 2026-03-01"),
        ({}, {"at": datetime(2026, 3, 2)}, 0, "unknown"),
        ({}, {"at": date(2026, 3, 2)}, 0, "unknown"),
    ],
)
def test_it_covers_nothing_else(paper: dict[str, Any], asked: dict[str, Any], used: int, said: str) -> None:
    if "peer_jurisdiction" in asked:
        # A jurisdiction spelt like an authority is covered as little as an unknown one.
        assert not covers(approval(peers=("xd",)), sought(**asked))
        return
    assert not covers(approval(**paper), sought(**asked), used)
    assert said in gap(approval(**paper), sought(**asked), used)


_ODD = st.one_of(
    st.none(), st.integers(), st.text(max_size=5), st.booleans(), st.lists(st.integers(), max_size=2), st.floats()
)


@given(st.sampled_from(Sought.__struct_fields__), _ODD)
def test_what_is_unknown_is_not_covered_and_nothing_raises(field: str, odd: object) -> None:
    strict = approval(cases=(CASE,), max_amount=Money(500_000, "XAK"), uses=3)
    asked = sought(**{field: odd})
    same = getattr(SOUGHT, field) == odd or (field == "objects" and odd in (1, 2, 3))
    # The peer is named by itself; where it lies may then be unknown.
    assert covers(strict, asked) == (same or field == "peer_jurisdiction") or isinstance(odd, float)
    covers(strict, SOUGHT, used=odd)  # type: ignore[arg-type] # whatever comes


_times = st.datetimes(datetime(2026, 2, 25), datetime(2026, 3, 12), timezones=st.just(UTC))
_papers = st.builds(
    lambda **changes: approval(**changes),
    kind=st.sampled_from(["approval", "court_order"]),
    jurisdiction=st.sampled_from(["XA", "XB"]),
    authority=st.sampled_from(["xa-asc", "xa-fiu"]),
    peers=st.lists(st.sampled_from(["xd-asc", "XD", "XC", "xb-asc"]), min_size=1, unique=True).map(tuple),
    categories=st.lists(st.sampled_from(["hold_request", "baton", "status"]), min_size=1, unique=True).map(tuple),
    purposes=st.lists(st.sampled_from(["stop_payment", "trace_funds"]), min_size=1, unique=True).map(tuple),
    cases=st.sampled_from([(), (CASE,)]),
    max_amount=st.sampled_from([None, Money(100, "XAK"), Money(500_000, "XAK"), Money(500_000, "XBK")]),
    not_before=_times,
    uses=st.sampled_from([None, 1, 2]),
)
_asked = st.builds(
    lambda **changes: question(**changes),
    category=st.sampled_from(["hold_request", "baton"]),
    purpose=st.sampled_from(["stop_payment", "trace_funds", "statistics"]),
    peer=st.sampled_from(["xd-asc", "xd-fiu"]),
    peer_jurisdiction=st.sampled_from(["XD", "XC"]),
    at=_times,
    amount=st.sampled_from([None, Money(100, "XAK"), Money(500_000, "XAK")]),
)


@given(st.lists(_papers, max_size=3), _asked, st.sampled_from(["", CASE]), st.integers(0, 2))
def test_an_approval_that_does_not_cover_never_changes_a_decision(
    papers: list[Approval],
    asked: Question,
    case: str,
    used: int,
) -> None:
    facts = {
        name: getattr(asked, name) for name in ("category", "purpose", "peer", "peer_jurisdiction", "at", "amount")
    }
    looked = Sought(jurisdiction="XA", authority="xa-asc", case=case, **facts)
    counting = [paper for paper in papers if covers(paper, looked, used)]
    documents = frozenset(paper.document for paper in counting)
    with_all = ARIA.decide(msgspec.structs.replace(asked, conditions=documents))
    without = ARIA.decide(asked)
    if not counting:
        assert with_all == without
    if with_all.outcome == "permit" and without.outcome != "permit":
        assert "approval" in without.missing
        one = next(paper for paper in counting if paper.kind == "approval")
        assert (one.jurisdiction, one.authority) == ("XA", "xa-asc")
        assert asked.category in one.categories and asked.purpose in one.purposes
        assert asked.peer in one.peers or asked.peer_jurisdiction in one.peers
        assert one.not_before <= asked.at < one.expires
        assert one.uses is None or used < one.uses
        assert not one.cases or case in one.cases
        assert one.max_amount is None or (
            asked.amount and asked.amount.currency == one.max_amount.currency
            and asked.amount.amount_minor <= one.max_amount.amount_minor
        )  # fmt: skip


def test_plain_words_say_every_limit() -> None:
    said = describe(approval(cases=(CASE,), max_amount=Money(500_000, "XAK"), uses=3))
    assert said == (
        "An approval by the competent authority (DSC 2026/17): data.xa.example lets xa-asc of XA release a hold request or a "
        f"baton (part of one transfer) to xd-asc for stopping a payment, in the cases {CASE}, up to 5,000.00 XAK in one "
        "message, 3 times, from 2026-03-01T00:00:00Z until 2026-03-08T00:00:00Z."
    )
    assert "in any case, whatever the amount, any number of times" in describe(GOOD)
