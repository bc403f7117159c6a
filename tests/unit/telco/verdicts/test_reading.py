"""Caller ids as they come off a trunk, by the plans of fictional and real jurisdictions."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.telco.verdicts.plans import plan
from lintas.telco.verdicts.reading import read


def seen(text: str, place: str = "XA", *, domestic: bool = False) -> str:
    found = read(plan(place), text, domestic=domestic)
    return found.e164 or found.form


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+999150000001", "+999150000001"),
        ("00999150000001", "+999150000001"),
        ("999150000001", "+999150000001"),
        ("+9991 50-00.00(01)", "+999150000001"),
        ("+9991050000001", "+999150000001"),  # the trunk prefix does not travel
        ("050000001", "+999150000001"),  # national form on an international trunk would look like a call from at home
        ("+60123456789", "+60123456789"),
        ("0060123456789", "+60123456789"),
        ("60123456789", "+60123456789"),
        ("+447911123456", "+447911123456"),
        ("", "anonymous"),
        ("anonymous", "anonymous"),
        ("Anonymous@anonymous.invalid", "anonymous"),
        (" Restricted ", "anonymous"),
        ("112", "short"),
        ("15888", "short"),
        ("+9991112", "short"),
        ("+112", "malformed"),
        ("BANK", "malformed"),
        ("+999+150000001", "malformed"),
        ("++999150000001", "malformed"),
        ("+", "malformed"),
        ("-", "malformed"),
        ("+0123456789", "malformed"),
        ("+9991500000000001", "malformed"),  # sixteen digits
        ("+2101234567", "malformed"),  # a country code that nobody has
        ("＋９９９１５０００００１", "malformed"),
        ("９９９１５０００００１", "malformed"),
        ("٩٩٩١٥٠٠٠٠٠٠١", "malformed"),
        ("9" * 5000, "malformed"),
        ("+999150000001\x00", "malformed"),
        ("50000001\n", "malformed"),
    ],
)
def test_what_comes_in_from_abroad(text: str, number: str) -> None:
    assert seen(text) == number


@pytest.mark.parametrize(
    ("place", "text", "number"),
    [
        ("XA", "050000001", "+999150000001"),
        ("XA", "50000001", "+999150000001"),
        ("XA", "999150000001", "+999150000001"),
        ("XB", "81234567", "+999281234567"),
        ("XB", "00081312345678", "+81312345678"),
        ("XB", "000999150000001", "+999150000001"),
        ("XC", "0612345678", "+9993612345678"),
        ("XC", "03212345", "+99933212345"),
        ("XD", "89012345678", "+99949012345678"),
        ("XD", "810999150000001", "+999150000001"),
        ("MY", "0123456789", "+60123456789"),
        ("TH", "0812345678", "+66812345678"),
        ("SG", "91234567", "+6591234567"),
        ("GB", "07911123456", "+447911123456"),
        ("XA", "112", "short"),
        ("XA", "nobody", "malformed"),
    ],
)
def test_national_form_on_a_domestic_trunk(place: str, text: str, number: str) -> None:
    assert seen(text, place, domestic=True) == number


def test_a_closed_plan_reads_its_own_form_from_abroad_only_where_nothing_else_is_possible() -> None:
    # Japan has no numbers of six digits behind 81; India has numbers of ten behind 91.
    assert seen("81234567", "XB") == "+999281234567"
    assert seen("919876543210", "XB") == "+919876543210"
    assert seen("91234567", "SG") == "+6591234567"


def test_numbers_of_neighbours_behind_the_same_code_are_foreign() -> None:
    for place, number, whose in (
        ("GB", "+447781123456", "GG"),
        ("US", "+14165550123", "CA"),
        ("RU", "+77012345678", "KZ"),
    ):
        found = read(plan(place), number, domestic=False)
        assert (found.own, found.country) == (False, whose)


@pytest.mark.parametrize("region", ["BE", "FI", "GB", "HK", "ID", "IE", "MY", "PH", "SG", "TH", "US", "VN"])
def test_real_plans_agree_with_the_library_that_their_metadata_is_from(region: str) -> None:
    kinds = {
        "mobile": phonenumbers.PhoneNumberType.MOBILE,
        "fixed": phonenumbers.PhoneNumberType.FIXED_LINE,
        "voip": phonenumbers.PhoneNumberType.VOIP,
        "nongeographic": phonenumbers.PhoneNumberType.TOLL_FREE,
    }
    for kind, number_type in kinds.items():
        example = phonenumbers.example_number_for_type(region, number_type)
        if example is None:
            continue
        written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        found = read(plan(region), written, domestic=False)
        assert found.own and found.e164 == written
        assert found.line is not None
        # One number is both in the North American plan: the stricter rule holds.
        assert found.line.kind in ({kind} if region != "US" else {kind, "mobile"})


@given(st.integers(10**6, 10**15 - 1))
def test_every_sign_in_front_leads_to_the_same_number(digits: int) -> None:
    plus = read(plan("XA"), f"+{digits}", domestic=False)
    assert read(plan("XA"), f"00{digits}", domestic=False) == plus
    if plus.form == "number":
        assert read(plan("XA"), plus.e164, domestic=True) == plus


@given(
    st.text() | st.text("+0123456789 -().", max_size=20),
    st.booleans(),
    st.sampled_from(["XA", "XB", "XC", "XD", "MY", "US"]),
)
def test_reading_never_fails_and_gives_only_ascii_digits(text: str, domestic: bool, place: str) -> None:
    found = read(plan(place), text, domestic=domestic)
    assert found.form in ("number", "short", "anonymous", "malformed")
    if found.form == "number":
        assert found.digits.isascii() and found.digits.isdigit()
        assert 7 <= len(found.digits) <= 15 and found.digits[0] != "0"
        assert found.own == (found.country == place)
