"""Numbers are read in every form that switches write, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.model.errors import BadInput
from lintas.telco.lists.e164 import prefix, read, read_value, write

NUMBERS = st.integers(10_000, 999_999_999_999_999)


@given(NUMBERS)
def test_all_forms_are_one_number(number: int) -> None:
    forms = [f"+{number}", f"%2B{number}", f"%2b{number}", f"00{number}", str(number)]
    assert {read(form) for form in forms} == {number}


@given(NUMBERS, NUMBERS)
def test_values_are_read_as_they_are_written(one: int, two: int) -> None:
    first, last = min(one, two), max(one, two)
    same_length = len(str(first)) == len(str(last))
    assert read_value(write(first)) == (first, first)
    assert read_value(write(first, last)) == ((first, last) if same_length else None)


@pytest.mark.parametrize(
    "text",
    ["", "+", "00", "anonymous", "+60abc", "6012 345", "+60-12", "112", "+999", "0123456789", "+0123456", "++60123456",
     "+6012345678901234", "٦٠١٢٣٤٥٦", "６０１２３４５", "6e10000", "60_12345", "²²²²²²", "+60123\n", " 60123456", "-60123456"],
)  # fmt: skip
def test_what_is_no_number(text: str) -> None:
    assert read(text) is None
    assert read_value(text) is None


@pytest.mark.parametrize("text", ["+99960999-+99960000", "+99960000-+999601000", "+99960000-", "-+99960000", "+1-+2"])
def test_what_is_no_range(text: str) -> None:
    assert read_value(text) is None


def test_a_prefix_is_a_range_for_each_length() -> None:
    ranges = prefix("+9996*")
    assert ranges[:2] == [(99960, 99969), (999600, 999699)]
    assert ranges[-1] == (999600000000000, 999699999999999)
    assert all(read_value(write(*each)) == each for each in ranges)
    assert prefix("009996*") == prefix("9996*") == ranges


@pytest.mark.parametrize("text", ["+9996", "*", "+*", "+9a*", "+0123*", "+1234567890123456*", "+9*", "+99*", "99**"])
def test_what_is_no_prefix(text: str) -> None:
    with pytest.raises(BadInput):
        prefix(text)
