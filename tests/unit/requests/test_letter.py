"""The letter to the bank: what it orders, until when, under which law; its times are ones a person reads."""

import re

from lintas.model.messages import LegalBasis
from lintas.model.tainted import Baton
from lintas.requests.letter import write
from lintas.requests.records import Order

ORDER = Order(
    id="order-0001",
    hold="hold-0001",
    case="case-0001",
    bank="XBUB",
    baton=Baton(transfer="TR-1", start=100, end=5_100, currency="XAK", holder="XBUB"),
    amount_minor=4_000,
    currency="XAK",
    basis=LegalBasis(jurisdiction="XB", rule="xb-order", law="Beta Payments Act 2023, s.7"),
    approver="Officer Dena Holt",
    issued_at="2026-03-01T10:07:00.123456Z",
    expires="2026-03-03T10:07:00.999999Z",
    contact="duty-desk@xb-asc.example",
)


def test_the_letter_says_what_how_much_until_when_and_under_which_law() -> None:
    letter = write(ORDER, authority="The Beta Anti-Scam Centre")
    for words in (
        "XBUB, fraud desk",
        "order-0001",
        "40.00 XAK",
        "from 1.00 to 51.00",
        "TR-1",
        "duty-desk@xb-asc.example",
    ):
        assert words in letter
    assert "Under Beta Payments Act 2023, s.7 (rule xb-order), The Beta Anti-Scam Centre orders" in letter
    assert "Approved by Officer Dena Holt" in letter


def test_its_times_are_to_the_second_and_never_later_than_the_order() -> None:
    letter = write(ORDER, authority="The Beta Anti-Scam Centre")
    assert re.findall(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", letter) == ["2026-03-01T10:07:00Z", "2026-03-03T10:07:00Z"]


def test_it_promises_no_release_by_itself() -> None:
    letter = write(ORDER, authority="The Beta Anti-Scam Centre")
    assert "It is valid until 2026-03-03T10:07:00Z; after that you must not hold the amount under this order." in letter
    assert "by itself" not in letter
