"""Which sender IDs a phone can show, and which are taken for each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.model.errors import BadInput
from lintas.telco.names.looks import GSM, alike, generic, readable, skeleton


def test_what_a_phone_can_show() -> None:
    assert readable(" XATL Bank ") == "XATL Bank"
    assert readable("ＸＡＴＬ") == "XATL"
    assert len(GSM) == 128 - 3 + 9  # without LF, CR and the escape; with the extension's signs
    for bad in ("", "   ", "twelve chars", "Бank", "55155", "+999123", "a\nb", "a\0b", "\ud800a", "🏦"):
        with pytest.raises(BadInput):
            readable(bad)


@pytest.mark.parametrize(
    "other",
    [
        "XATL8ank",
        "xatlbank",
        "XATL-Bank",
        "X A T L Bank",
        "ХАТLВаnk",
        "XÅTLbänk",
        "XATLBANK.",
        "ⓍⒶⓉⓁbank",
        "XAT1BANK",
        "xat|bank",
        "X\u200bATLBank",
    ],
)
def test_one_look(other: str) -> None:
    assert skeleton(other) == skeleton("XATLBank")


@pytest.mark.parametrize(
    ("one", "other", "like"),
    [
        ("XATLBank", "XATLBnak", True),
        ("XATLBank", "XATLBanc", True),
        ("XATLBank", "XATLBan", True),
        ("XATLBank", "myXATLBank", True),
        ("rnaybank", "maybank", True),
        ("XATLBank", "XBTLBunk", False),
        ("XATL", "XBTL", False),
        ("XATL", "XATLBank", False),
        ("", "", False),
    ],
)
def test_taken_for_each_other(one: str, other: str, like: bool) -> None:
    assert alike(skeleton(one), skeleton(other)) is like
    assert alike(skeleton(other), skeleton(one)) is like


def test_words_that_are_nobodys_own() -> None:
    assert all(generic(word) for word in ("BANK", "b4nk", "Info", "1NFO", "S.M.S"))
    assert not generic("XATLBank")


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_skeleton_is_its_own(one: str, other: str) -> None:
    text = "".join(char for char in one if not 0xD800 <= ord(char) <= 0xDFFF)
    look = skeleton(text)
    assert skeleton(look) == look and look.isalnum() == bool(look)
    assert alike(look, look) == bool(look)
    same = skeleton("".join(char for char in other if not 0xD800 <= ord(char) <= 0xDFFF))
    assert alike(look, same) == alike(same, look)
