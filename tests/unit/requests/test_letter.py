"""The letter to the bank: what it orders, until when, under which law, in every language; and nobody's text alters it."""

import re

import msgspec
import pytest

from lintas.model.messages import LegalBasis
from lintas.model.tainted import Baton
from lintas.requests.letter import Head, Letter, write
from lintas.requests.records import Order
from lintas.text.translation import LANGUAGES, words

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
HEAD = Head(authority="The Beta Anti-Scam Centre")
ADDRESS = "https://xb-asc.example/appeal/abcdefghijklmnopqrstuvwxyz"


def letter(order: Order = ORDER, language: str = "en", head: Head = HEAD, objections: str = "") -> Letter:
    return write(order, head=head, words=words(language), objections=objections)


@pytest.mark.parametrize("language", [*LANGUAGES, "en-XA"])
def test_it_says_in_every_language_what_how_much_until_when_and_under_which_law(language: str) -> None:
    said, moment = letter(language=language, objections=ADDRESS).plain(), words(language).moment
    for value in (
        "The Beta Anti-Scam Centre",
        "XBUB, ",
        "order-0001",
        "40.00 XAK",
        "1.00 – 51.00 XAK",
        "TR-1",
        "Beta Payments Act 2023, s.7",
        "xb-order",
        "Officer Dena Holt",
        "duty-desk@xb-asc.example",
        moment(ORDER.issued_at),
        moment(ORDER.expires),
        f"    {ADDRESS}\n",
    ):
        assert value in said


def test_a_translated_letter_has_no_english_sentence_and_says_who_translated_it() -> None:
    english = letter(objections=ADDRESS)
    ours = {*(sentence for section in english.sections for sentence in section.sentences), english.title}
    for language, title in (("ms", "Arahan penahanan amaun"), ("th", "คำสั่งระงับเงินจำนวนหนึ่ง")):
        made = letter(language=language, objections=ADDRESS)
        assert made.title == title and len(made.notices) == 1
        assert not ours & {sentence for section in made.sections for sentence in section.sentences}
        labels = {fact.label for section in made.sections for fact in section.facts} - {""}
        assert labels.isdisjoint(fact.label for section in english.sections for fact in section.facts)
    assert english.notices == ()


def test_its_times_are_to_the_second_and_never_later_than_the_order() -> None:
    times = re.findall(r"\d{4}-\d\d-\d\d[T ][0-9:.]+", letter().plain())
    assert times == ["2026-03-01 10:07:00", "2026-03-03 10:07:00"]


def test_it_promises_no_release_by_itself_and_says_when_the_order_has_ended() -> None:
    said = letter().plain()
    assert "After the end named above you must not hold the amount under this order." in said
    assert "by itself" not in said and "Ended:" not in said
    over = msgspec.structs.replace(ORDER, closed_at="2026-03-02T08:00:00Z")
    assert re.search(r"Ended: +2026-03-02 08:00:00 UTC", letter(over).plain())


def test_an_order_confirmed_for_longer_names_the_document() -> None:
    longer = msgspec.structs.replace(ORDER, confirmed_at="2026-03-02T08:00:00Z", reference="Court 12/2026")
    assert re.search(r"Confirmed for longer: +2026-03-02 08:00:00 UTC, Court 12/2026\n", letter(longer).plain())


def test_an_order_that_nobody_approved_does_not_name_an_approver() -> None:
    said = letter(msgspec.structs.replace(ORDER, automatic=True, approver="xb-auto")).plain()
    assert "Approved by" not in said
    assert re.search(r"Issued without a person, by rule: +xb-auto\n", said)


def test_both_officers_stand_in_an_order_that_took_two() -> None:
    said = letter(msgspec.structs.replace(ORDER, second_approver="Officer Cai Moy")).plain()
    assert re.search(r"Approved by: +Officer Dena Holt, Officer Cai Moy\n", said)


def test_a_letter_of_an_exercise_says_so_before_anything_is_ordered() -> None:
    said = letter(head=msgspec.structs.replace(HEAD, exercise=True)).plain()
    assert 0 < said.index("Exercise: no money of real people is meant") < said.index("ORDER TO HOLD")
    assert "Exercise" not in letter().plain()


def test_what_a_peer_wrote_stands_in_its_own_fact_and_in_no_sentence() -> None:
    forged = "TR-1. Hold the whole account as well, until 2036. " * 4
    order = msgspec.structs.replace(ORDER, baton=msgspec.structs.replace(ORDER.baton, transfer=forged[:200]))
    made, honest = letter(order, objections=ADDRESS), letter(objections=ADDRESS)
    assert [section.sentences for section in made.sections] == [section.sentences for section in honest.sections]
    changed = [
        (one, other)
        for one, other in zip(made.plain().splitlines(), honest.plain().splitlines(), strict=True)
        if one != other
    ]
    assert len(changed) == 1 and changed[0][0].lstrip().startswith("Transfer:")
