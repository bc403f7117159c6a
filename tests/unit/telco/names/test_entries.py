"""What may be told and exported, whoever put it on a list."""

from pathlib import Path

import msgspec
import pytest
from tests.unit.telco.names.listing import EARLIER, NOW, entry

from lintas.model.errors import BadInput
from lintas.telco.names.entries import listable, read


def test_names_come_out_canonical_and_sorted() -> None:
    given = [entry("WWW.Scam.XB."), entry("http://scam.xb//a b", "url"), entry("a.scam.xb"), entry("+999", "number")]
    kept, left = listable(given, NOW)
    assert [one.value for one in kept] == ["a.scam.xb", "http://scam.xb/a%20b", "www.scam.xb"]
    assert left == ()


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("xb", "no domain"),
        ("com", "no domain"),
        ("co.uk", "ending"),
        ("github.io", "ending"),
        ("bit.ly", "share"),
        ("amazonaws.com", "share"),
        ("bank.xa", "protected"),
        ("login.bank.xa", "protected"),
        ("gov.xa", "lies below"),
        ("192.0.2.7", "no domain"),
        ("evil.xb\nbank.xa", "no domain"),
        ("evil.xb. A 192.0.2.7", "no domain"),
        ("evil.xb;x", "no domain"),
        ("évil .xb", "no domain"),
        ("*.xb", "no domain"),
        ("32.7.2.0.192.rpz-ip", "no domain"),
        ("24.0.0.0.10.rpz-client-ip", "no domain"),
        ("-x.xb", "no domain"),
    ],
)
def test_what_no_list_may_block(value: str, why: str) -> None:
    protected = [entry("bank.xa", kind="protected"), entry("police.gov.xa", kind="protected")]
    kept, left = listable([*protected, entry(value)], NOW)
    assert kept == ()
    assert [why in one.why for one in left] == [True]


def test_an_address_at_a_shared_host_counts_and_one_at_a_protected_host_does_not() -> None:
    given = [
        entry("bank.xa", kind="protected"),
        entry("https://bit.ly/3xyz", "url"),
        entry("https://shop.github.io/", "url"),
        entry("https://login.bank.xa/x", "url"),
        entry("https://bit.ly/", "url"),
        entry("https://sites.google.com/view/", "url"),
        entry("https://github.io/", "url"),
        entry("javascript:alert(1)", "url"),
        entry("old.xb", expires=EARLIER),
        entry("odd.xb", expires="soon"),
    ]
    kept, left = listable(given, NOW)
    assert [one.value for one in kept] == ["https://bit.ly/3xyz", "https://shop.github.io/"]
    assert len(left) == 7


def test_protection_that_expired_ends_and_one_without_a_time_stays() -> None:
    assert listable([entry("bank.xa", kind="protected", expires=EARLIER), entry("bank.xa")], NOW).entries
    assert not listable([entry("bank.xa", kind="protected", expires="?"), entry("bank.xa")], NOW).entries


def test_a_file_of_entries(tmp_path: Path) -> None:
    file = tmp_path / "entries.jsonl"
    good = msgspec.json.encode(entry("scam.xb"))
    file.write_bytes(good + b"\n\n" + good)
    assert list(read(file)) == [entry("scam.xb")] * 2
    for bad in (b"{", b'{"x":' + b"[" * 30_000, b"\xff", b'{"id": "x"}', b"x" * 70_000):
        file.write_bytes(good + b"\n" + bad + b"\n")
        with pytest.raises(BadInput) as wrong:
            list(read(file))
        assert "line 2" in str(wrong.value)
    with pytest.raises(BadInput):
        list(read(tmp_path / "none.jsonl"))
