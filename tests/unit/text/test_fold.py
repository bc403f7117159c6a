"""Folding: what it makes plain, what it leaves, and the way back to the raw text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintas.model.errors import LintasError, MalformedInput, TooLarge
from lintas.text.fold import MAX_CODE_POINTS, fold


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("plain text 123", "plain text 123"),
        ("１２３ＡＢＣ", "123ABC"),
        ("๐๑๒ ၀၁၂ ០១២ ໐໑໒ ٠١٢", "012 012 012 012 012"),
        ("𝐞𝐯𝐢𝐥 𝔢𝔳𝔦𝔩 ⓔⓥⓘⓛ ᴇᴠɪʟ", "evil evil evil evil"),
        ("🅔🅥🅘🅛", "EVIL"),
        ("0\u200b1\u200d2\u20603\ufeff", "0123"),
        ("\u202eabc\u202c", "abc"),
        ("1\ufe0f\u20e32\ufe0f\u20e3", "12"),
        ("e\u0301 é", "é é"),
        ("1\u03362\u0336", "12"),
        ("①0123", "1)0123"),
        ("a‑b–c—d", "a-b-c-d"),
        ("hxxps://x[.]example", "https://x.example"),
        ("hXXp[:]//x(dot)example", "http://x.example"),
        ("me (at) x [dot] example", "me@x.example"),
        ("evil。example", "evil.example"),
        ("192。0。2。7", "192.0.2.7"),
        ("号码123。2号", "号码123。2号"),
        ("完。https://x.example", "完。https://x.example"),
    ],
)
def test_folds_to_plain_text(raw: str, text: str) -> None:
    assert fold(raw).text == text


def test_offsets_lead_back_over_removed_and_merged_characters() -> None:
    raw = "เบอร์ ๐\u200b๘๑ x[.]example"
    folded = fold(raw)
    number = folded.text.index("081")
    start, end = folded.span(number, number + 3)
    assert raw[start:end] == "๐\u200b๘๑"
    host = folded.text.index("x.example")
    start, end = folded.span(host, host + len("x.example"))
    assert raw[start:end] == "x[.]example"


def test_lone_surrogate_is_refused_with_its_place() -> None:
    with pytest.raises(MalformedInput, match=r"character 2: .*lone surrogate"):
        fold("ab\ud800")


def test_longest_text_is_read_and_one_more_refused() -> None:
    assert len(fold("x" * MAX_CODE_POINTS).text) == MAX_CODE_POINTS
    with pytest.raises(TooLarge, match="100,001 characters"):
        fold("x" * (MAX_CODE_POINTS + 1))


@settings(deadline=None)
@given(st.text(alphabet=st.characters(), max_size=200))
def test_any_text_folds_or_is_refused_and_spans_stay_inside(raw: str) -> None:
    try:
        folded = fold(raw)
    except LintasError:
        assert any("\ud800" <= char <= "\udfff" for char in raw)
        return
    assert len(folded.text) == len(folded.lower) == len(folded.starts) == len(folded.ends)
    assert all(0 <= start < end <= len(raw) for start, end in zip(folded.starts, folded.ends, strict=True))
    assert list(folded.starts) == sorted(folded.starts)
    assert list(folded.ends) == sorted(folded.ends)
