"""The paper by which open requests go from police to police: what left and waits, in every language, and nothing else."""

import msgspec
import pypdfium2
import pytest

from lintas.model.errors import NotFound
from lintas.model.messages import LegalBasis
from lintas.model.tainted import Baton
from lintas.node import paper
from lintas.requests.assistance import Case, write
from lintas.requests.letter import Head, Letter
from lintas.requests.records import Bar, Hold
from lintas.text.translation import LANGUAGES, words

UETR = "11111111-1111-4111-8111-111111111111"
BASIS = LegalBasis(jurisdiction="XA", rule="xa-ask", law="Alpha Police Act 2019, s.12")
HOLD = Hold(
    id="hold-0001",
    case="case-0001",
    share="share-1",
    direction="asked",
    peer="xb-asc",
    baton=Baton(transfer=UETR, start=100, end=5_100, currency="XAK", holder="XBUB", sender="XAFB"),
    amount_minor=5_000,
    currency="XAK",
    purpose="stop_payment",
    scheme="job_task",
    state="delivered",
    asked_at="2026-03-01T10:07:00Z",
    object="ab" * 32,
    request_basis=BASIS,
    answer_by="2026-03-01T14:07:00Z",
)
OTHER = msgspec.structs.replace(
    HOLD, id="hold-0002", peer="xc-asc", baton=msgspec.structs.replace(HOLD.baton, transfer="TR-2", holder="XCAB")
)
BAR = Bar(
    case="case-0001", currency="XAK", stolen=123_456, held=4_000, moved=0, spent=0, returned=0, released=0,
    unknown=119_456, exact=True, shares=(),
)  # fmt: skip
CASE = Case(
    bar=BAR,
    holds=[HOLD, OTHER],
    scheme="job_task",
    reported_at="2026-03-01T10:05:00Z",
    urgent=False,
    jurisdiction="XA",
    peers={"xb-asc": ("Beta Centre", "XB"), "xc-asc": ("Gamma Desk", "XC")},
)


def made(case: Case = CASE, language: str = "en", to: str = "", *, exercise: bool = True) -> Letter:
    head = Head(authority="Alpha Anti-Scam Centre", exercise=exercise)
    return write(case, head=head, contact="duty@xa.example", at="2026-03-01T10:30:00Z", words=words(language), to=to)


@pytest.mark.parametrize("language", [*LANGUAGES, "en-XA"])
def test_it_says_who_asks_what_under_which_law_by_which_transfers(language: str) -> None:
    letter = made(language=language)
    plain, shown = letter.plain(), paper.pdf(letter)
    values = ["Alpha Anti-Scam Centre", "case-0001", "Alpha Police Act 2019, s.12", "xa-ask", UETR, "50.00 XAK", "XBUB",
              "1.00 – 51.00 XAK", "TR-2", "XCAB", "1,234.56 XAK", "40.00 XAK", "duty@xa.example", "hold-0001",
              "ab" * 32, words(language).moment("2026-03-01T14:07:00Z")]  # fmt: skip
    for value in values:
        assert value in plain, value
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(shown))
    bare = "".join(text.replace("\u200b", "").split())
    for value in values:
        assert "".join(value.split()) in bare, value
    assert b"http://www.aiim.org/pdfua/ns/id/" in shown


def test_a_translation_has_no_english_sentence() -> None:
    english = made(exercise=False)
    ours = {sentence for section in english.sections for sentence in section.sentences} | {english.title}
    ours |= {section.heading for section in english.sections} - {""}
    for language in ("ms", "th"):
        other = made(language=language)
        said = {sentence for section in other.sections for sentence in section.sentences} | {other.title}
        assert not ours & (said | {section.heading for section in other.sections})
        assert set(other.sections[2].table[0]) & set(english.sections[2].table[0]) <= {"Bank"}


def test_it_repeats_what_left_and_waits_and_nothing_else() -> None:
    for change in (
        {"state": "refused_by_policy", "object": None},
        {"state": "answered"},
        {"state": "withdrawn"},
        {"direction": "received"},
        {"direction": "own"},
    ):
        told = made(msgspec.structs.replace(CASE, holds=[OTHER, msgspec.structs.replace(HOLD, **change)])).plain()
        assert "TR-2" in told and UETR not in told
    assert UETR not in made(to="xc-asc").plain()
    with pytest.raises(NotFound, match="nothing is being asked of 'xd-asc'"):
        made(to="xd-asc")
    with pytest.raises(NotFound, match="no request of case"):
        made(msgspec.structs.replace(CASE, holds=[]))


def test_a_person_in_danger_is_said_first() -> None:
    assert "a person is in danger" in made(msgspec.structs.replace(CASE, urgent=True)).plain()
    assert "within minutes" in made().plain()


def test_nobodys_text_is_code() -> None:
    nasty = '#panic("x") *b* $1$ @a'
    letter = made(msgspec.structs.replace(CASE, peers={"xb-asc": (nasty, "XB")}))
    text = "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(paper.pdf(letter)))
    assert "".join(nasty.split()) in "".join(text.replace("\u200b", "").split())
