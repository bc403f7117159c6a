"""The letter as PDF: tagged, the same bytes every time, in each language, and nothing in it is code."""

import re
from pathlib import Path

import msgspec
import pypdfium2
import pytest

from lintas.model.errors import BadInput, Unavailable
from lintas.model.messages import LegalBasis
from lintas.model.tainted import Baton
from lintas.node import paper
from lintas.requests.letter import Head, Letter, write
from lintas.requests.records import Order
from lintas.text.translation import LANGUAGES, words

ORDER = Order(
    id="order-0001",
    hold="hold-0001",
    case="case-0001",
    bank="XBUB",
    baton=Baton(transfer="TR-1", start=100, end=5_100, currency="XAK", holder="XBUB"),
    amount_minor=123_456_789,
    currency="XAK",
    basis=LegalBasis(jurisdiction="TH", rule="th-order", law="Emergency Decree B.E. 2566, s.6"),
    approver="Officer Dena Holt",
    issued_at="2026-03-01T10:07:00Z",
    expires="2026-03-03T10:07:00Z",
    contact="duty-desk@xb-asc.example",
)
ADDRESS = "https://xb-asc.example/appeal/abcdefghijklmnopqrstuvwxyz"


def letter(language: str = "en", order: Order = ORDER, objections: str = ADDRESS) -> Letter:
    head = Head(authority="Beta Centre", exercise=True)
    return write(order, head=head, words=words(language), objections=objections)


def pages(made: bytes) -> list[str]:
    """Read it as a browser does; blanks are the reader's guess and left out."""
    return [re.sub(r"\s+", "", page.get_textpage().get_text_range()) for page in pypdfium2.PdfDocument(made)]


def text(made: bytes) -> str:
    return "".join(pages(made))


@pytest.mark.parametrize("language", [*LANGUAGES, "en-XA"])
def test_it_is_a_tagged_a4_in_its_language_with_all_that_the_letter_says(language: str) -> None:
    said = letter(language)
    made = paper.pdf(said)
    read = pypdfium2.PdfDocument(made)
    assert read.is_tagged() and b"http://www.aiim.org/pdfua/ns/id/" in made
    assert b"/Lang(%s)" % language.partition("-")[0].encode() in made
    assert read.get_metadata_dict()["Title"] == f"{said.title} order-0001"
    assert [round(side) for side in read[0].get_size()] == [595, 842]
    shown = text(made)
    for value in ("1,234,567.89XAK", "TR-1", "EmergencyDecreeB.E.2566,s.6", "OfficerDenaHolt", ADDRESS, "1/1"):
        assert value in shown
    assert paper.pdf(said) == made


def test_thai_can_be_read_out_of_it() -> None:
    shown = text(paper.pdf(letter("th")))
    for value in ("อาศัยอำนาจตามกฎหมายที่ระบุไว้", "จำนวนเงิน", "3มี.ค.2569", "ผู้อนุมัติ"):
        assert value in shown


@pytest.mark.parametrize(
    "hostile",
    [
        '#panic("x") $ x^2 $ *b* _i_ `r` // c \\ @ref <label> [#h(1cm)] = T',
        '"}, "title": "Other", "x": {"',
        '#read("/etc/passwd") #import "@preview/x:1.0.0"',
        "x" * 200,
    ],
)
def test_no_word_in_it_is_code(hostile: str) -> None:
    order = msgspec.structs.replace(ORDER, baton=msgspec.structs.replace(ORDER.baton, transfer=hostile))
    made = paper.pdf(letter(order=order))
    assert re.sub(r"\s+", "", hostile) in text(made)
    assert text(made).count("Ordertoholdanamount") == 1


def test_the_reference_is_on_every_page() -> None:
    order = msgspec.structs.replace(ORDER, basis=LegalBasis(jurisdiction="XB", rule="r", law="Act, s.7; " * 600))
    read = pages(paper.pdf(letter(order=order)))
    assert len(read) > 1
    assert all("order-0001" in page for page in read)


def test_a_script_that_the_fonts_lack_is_one_clear_error() -> None:
    order = msgspec.structs.replace(ORDER, approver="王小明")
    with pytest.raises(BadInput, match=r"cannot be printed.*王.*take it as plain text"):
        paper.pdf(letter(order=order))


def test_missing_fonts_are_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"Sarabun-Regular\.ttf, Sarabun-Bold\.ttf.*make install"):
        paper.pdf(letter(), fonts=tmp_path)


def test_a_language_that_there_is_not_is_refused_and_the_pseudo_locale_outside_exercises() -> None:
    assert [paper.language(each, exercise=False) for each in ("", *LANGUAGES)] == ["", *LANGUAGES]
    assert paper.language("en-XA", exercise=True) == "en-XA"
    for asked in ("en-XA", "xx", "../th"):
        with pytest.raises(BadInput, match="there are no letters in"):
            paper.language(asked, exercise=False)
