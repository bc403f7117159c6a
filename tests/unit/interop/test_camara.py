"""CAMARA bodies: what fits is read, nothing else is, and times are told no more exactly than promised."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.interop.camara.answers import Country, coarse, roaming_status, sim_swap_date, within
from lintas.interop.camara.faults import KINDS, Fault
from lintas.interop.camara.requests import (
    RecyclingRequest,
    RoamingRequest,
    SimSwapRequest,
    day_asked,
    device_meant,
    hours_back,
    number_meant,
    read,
)

NOW = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def code(body: bytes, shape: type) -> str:
    """Return the code that a body is refused with, "" where it is read."""
    try:
        read(body, shape)
    except Fault as fault:
        return fault.code
    return ""


@given(digits=st.from_regex(r"\+[1-9][0-9]{4,14}", fullmatch=True))
def test_every_number_of_the_definition_is_read(digits: str) -> None:
    body = msgspec.json.encode({"device": {"phoneNumber": digits}})
    assert device_meant(None, read(body, RoamingRequest).device) == int(digits)


@given(text=st.text().filter(lambda text: not (text.isascii() and text[:1] == "+" and text[1:].isdigit())))
def test_no_other_text_is_a_number(text: str) -> None:
    assert code(msgspec.json.encode({"phoneNumber": text}), SimSwapRequest) == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "number", ["+0999100001", "+9991", "+9991000000000000", "+999100001\n", "999100001", "+٩٩٩١٠٠٠٠١"]
)
def test_what_nearly_is_a_number_is_none(number: str) -> None:
    assert code(msgspec.json.encode({"phoneNumber": number}), SimSwapRequest) == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "device",
    [
        {},
        {"networkIdentifier": "a@b"},
        {"phoneNumber": None},
        {"ipv4Address": {"publicAddress": "192.0.2.1"}},
        {"ipv4Address": {"publicAddress": "192.0.2.256", "publicPort": 1}},
        {"ipv4Address": {"publicAddress": "192.0.2.1", "publicPort": 65536}},
        {"ipv4Address": {"publicAddress": "192.0.2.1", "privateAddress": "::1"}},
        {"ipv6Address": "192.0.2.1"},
        {"networkAccessIdentifier": 5},
    ],
)
def test_a_device_that_the_schema_does_not_allow(device: dict[str, object]) -> None:
    assert code(msgspec.json.encode({"device": device}), RoamingRequest) == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    "device",
    [
        {"networkAccessIdentifier": "a@b"},
        {"ipv4Address": {"publicAddress": "192.0.2.1", "publicPort": 0}},
        {"ipv6Address": "2001:db8::1"},
    ],
)
def test_a_device_named_otherwise_is_understood_and_not_supported(device: dict[str, object]) -> None:
    given_device = read(msgspec.json.encode({"device": device}), RoamingRequest).device
    with pytest.raises(Fault, match="phone number") as fault:
        device_meant(None, given_device)
    assert fault.value.code == "UNSUPPORTED_IDENTIFIER"
    with pytest.raises(Fault) as fault:
        device_meant(999_100_001, given_device)
    assert fault.value.code == "UNNECESSARY_IDENTIFIER"


def test_whose_number_is_meant() -> None:
    unset = read(b"{}", SimSwapRequest).phone_number
    assert number_meant(999_100_001, unset) == number_meant(None, "+999100001") == 999_100_001
    for token, given_number, expected in (
        (1, "+999100001", "UNNECESSARY_IDENTIFIER"),
        (None, unset, "MISSING_IDENTIFIER"),
    ):
        with pytest.raises(Fault) as fault:
            number_meant(token, given_number)
        assert fault.value.code == expected


def test_a_message_names_the_field_and_repeats_nothing() -> None:
    with pytest.raises(Fault) as fault:
        read(b'{"phoneNumber": "+999100001 or so"}', SimSwapRequest)
    assert fault.value.what == "The field phoneNumber is not as the definition says."
    with pytest.raises(Fault, match="lacks the field specifiedDate"):
        read(b"{}", RecyclingRequest)


@given(hours=st.integers(), days=st.sampled_from([None, 0, 10, 30, 200]))
def test_hours_are_those_that_can_be_answered(hours: int, days: int | None) -> None:
    fine = 1 <= hours <= (2400 if days is None else min(2400, days * 24))
    try:
        assert hours_back(hours, days) == hours
        assert fine
    except Fault as fault:
        assert not fine
        assert fault.code == "OUT_OF_RANGE"


def test_days_are_days_of_the_calendar_that_have_begun() -> None:
    for text in ("2024-02-30", "20240229", "2024-W09-4", "2024-2-9", "0000-01-01", "2024-02-29T00:00:00Z", ""):
        assert code(msgspec.json.encode({"specifiedDate": text}), RecyclingRequest) == "INVALID_ARGUMENT", text
    today = RecyclingRequest(specified_date="2026-03-01")
    assert day_asked(today, NOW) == NOW.date()
    with pytest.raises(Fault) as fault:
        day_asked(RecyclingRequest(specified_date="2026-03-02"), NOW)
    assert fault.value.code == "OUT_OF_RANGE"


@given(moment=MOMENTS, minutes=st.sampled_from([15, 60, 1440]))
def test_a_time_is_rounded_down_to_whole_steps(moment: datetime, minutes: int) -> None:
    step = timedelta(minutes=minutes)
    told = coarse(moment, step)
    assert timedelta() <= moment - told < step
    assert told.timestamp() % step.total_seconds() == 0


@given(moment=MOMENTS, days=st.sampled_from([10, 30]))
def test_nothing_older_than_what_is_monitored_is_told(moment: datetime, days: int) -> None:
    answer = sim_swap_date(moment, NOW, days)
    known = moment >= NOW - timedelta(days=days)
    assert (answer.latest_sim_change is not None) is known
    assert within(moment, NOW, days * 24) is known


def test_a_country_goes_with_roaming_only() -> None:
    step, country = timedelta(minutes=15), Country(340, ("GP", "MQ"))
    home = msgspec.to_builtins(roaming_status(False, NOW, step, country=country))
    assert home == {"roaming": False, "lastStatusTime": "2026-03-01T10:00:00Z"}
    away = msgspec.to_builtins(roaming_status(True, NOW, step, country=country))
    assert (away["countryCode"], away["countryName"]) == (340, ("GP", "MQ"))


def test_every_code_has_a_status_and_words_for_people() -> None:
    for code_, kind in KINDS.items():
        assert 400 <= kind.status <= 503
        assert kind.message.endswith(".")
        assert msgspec.json.decode(Fault(code_).body) == {"status": kind.status, "code": code_, "message": kind.message}
