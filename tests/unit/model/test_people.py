"""People by name: one person is one in whatever spelling, and two people are two."""

import unicodedata
from typing import Literal, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.model.people import same_person

names = st.lists(st.text("abcdefgxyzÀéßÖñ", min_size=1, max_size=8), min_size=1, max_size=3).map(" ".join)
blanks = st.text(" \t\u00a0\u3000", min_size=1, max_size=3)
Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
FORMS: tuple[Form, ...] = get_args(Form)
unseen = st.text("\u200b\u200d\u2060\ufeff\u00ad", max_size=2)


@given(names, blanks, unseen, st.sampled_from(FORMS))
def test_blanks_case_forms_and_what_cannot_be_seen_do_not_make_another_person(
    name: str, blank: str, hidden: str, form: Form
) -> None:
    spelt = blank + name.replace(" ", blank) + hidden
    for other in (spelt, spelt.upper(), spelt.title(), unicodedata.normalize(form, spelt), hidden.join(name)):
        assert same_person(name, other)
        assert same_person(other, name)


@given(names, names)
def test_people_are_told_apart_by_their_letters(one: str, other: str) -> None:
    assert same_person(one, other) == (one.casefold() == other.casefold())


@pytest.mark.parametrize(
    "other", ["Ｏfficer Dena Holt", "OFFICER  DENA HOLT", " officer dena\u200b holt ", "Officer Dena\u00ad Holt"]
)
def test_spellings_of_one_officer(other: str) -> None:
    assert same_person("Officer Dena Holt", other)


@pytest.mark.parametrize("other", ["Officer Dana Holt", "Officer DenaHolt", "Dena Holt", "", "Officer Dena Holt 2"])
def test_names_of_others(other: str) -> None:
    assert not same_person("Officer Dena Holt", other)
