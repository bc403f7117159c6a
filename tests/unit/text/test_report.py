"""The claim in a hotline report: amount, time and reference, each with its place."""

from datetime import timedelta, timezone

import pytest

from lintas.model.errors import TooLarge
from lintas.text.report import read_claim

REPORT = "On 2026-03-01 at 10:07 I transferred 50,000.00 XAK to Banner Trust 9876543210, reference TRX-2026-0007."


def test_reads_amount_time_and_reference_with_their_places() -> None:
    claim = read_claim(REPORT, "XA")
    assert (claim.amount_minor, claim.currency, claim.reference) == (5_000_000, "XAK", "TRX-2026-0007")
    assert claim.time == "2026-03-01T10:07"
    assert claim.amount_span and REPORT[slice(*claim.amount_span)] == "50,000.00 XAK"
    assert claim.reference_span and REPORT[slice(*claim.reference_span)] == "TRX-2026-0007"
    assert claim.time_span and REPORT[slice(*claim.time_span)] == "2026-03-01 at 10:07"


def test_a_zone_makes_the_time_exact() -> None:
    assert read_claim(REPORT, zone=timezone(timedelta(hours=8))).time == "2026-03-01T02:07:00Z"
    assert read_claim("paid at 2026-03-01T10:07:30+07:00").time == "2026-03-01T03:07:30Z"


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        ("lost RM 5,000", 500_000, "MYR"),
        ("THB 20,000 gone", 2_000_000, "THB"),
        ("โอน 20,000 บาท", 2_000_000, "THB"),
        ("๒๐,๐๐๐ บาท", 2_000_000, "THB"),
        ("transfer Rp 5.000.000,50", 500_000_050, "IDR"),
        ("Rp1,5 juta", 150_000_000, "IDR"),
        ("chuyển 10.000.000đ", 10_000_000, "VND"),
        ("mất 30 triệu đồng", 30_000_000, "VND"),
        ("转账5万元", 5_000_000, "CNY"),
        ("₱1,250.75", 125_075, "PHP"),
        ("12.345 XDK", 12_345, "XDK"),
        ("75,000 XBK", 75_000, "XBK"),
        ("S$2,000.50", 200_050, "SGD"),
        ("USD 1.5k", 150_000, "USD"),
        ("RM50", 5_000, "MYR"),
    ],
)
def test_amounts_as_people_write_them(text: str, minor: int, currency: str) -> None:
    claim = read_claim(text)
    assert (claim.amount_minor, claim.currency) == (minor, currency)


def test_the_dollar_follows_the_jurisdiction() -> None:
    assert read_claim("paid $10", "SG").currency == "SGD"
    assert read_claim("paid $10").currency == "USD"


def test_the_paid_amount_comes_before_another_mentioned_first() -> None:
    assert read_claim("They promised RM 90,000 so I paid RM 1,000.").amount_minor == 100_000


@pytest.mark.parametrize("text", ["", "hello", "account 0123456789", "400 USDT", "99999999999999999 XAK"])
def test_nothing_is_guessed(text: str) -> None:
    claim = read_claim(text)
    assert claim.amount_minor is None
    assert claim.time is None
    assert claim.reference is None


@pytest.mark.parametrize("text", ["31/02/2026", "0000-00-00", "2026-13-45T99:99:99Z"])
def test_impossible_times_are_no_times(text: str) -> None:
    assert read_claim(f"on {text} it happened").time is None


def test_a_time_beyond_the_calendar_in_utc_stays_local() -> None:
    assert read_claim("on 9999-12-31T23:59:59-23:59 it happened").time == "9999-12-31T23:59"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1 March 2026", "2026-03-01"),
        ("01/03/2569", "2026-03-01"),
        ("2026年3月1日", "2026-03-01"),
        ("5 Mac 2026", "2026-03-05"),
    ],
)
def test_days_in_words_and_in_the_buddhist_era(text: str, day: str) -> None:
    assert read_claim(f"it was {text}").time == day


def test_long_texts_are_refused() -> None:
    with pytest.raises(TooLarge):
        read_claim("1" * 100_001)
