"""Deltas are taken only whole and from a publisher whose key is known."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.telco.lists import making

from lintas.model.errors import BadInput, LintasError, Refused
from lintas.telco.lists.entries import Change
from lintas.telco.lists.signed import read_delta, write_delta
from lintas.trust.keys import Ed25519Signer
from lintas.trust.note import ed25519_key

CHANGES = (
    Change("+99960000", "blocked", "XATL", "parcel", 200),
    Change("+99960000-+99960009", "unallocated", "XA-REG", "", 200, False),
    Change("+99960001", "blocked", "XATL", withdraw=True),
)


def written(*changes: Change) -> bytes:
    return write_delta(
        changes or CHANGES, name="l", number=1, follows="0" * 64, at=5, signer=making.SIGNER, signed_by="xa-asc"
    )


def test_it_is_read_as_it_was_written() -> None:
    read = read_delta(written(), making.PUBLISHER)
    assert read.changes == CHANGES
    assert (read.number, read.statement.follows, read.statement.at) == (1, "0" * 64, 5)


@given(st.data())
def test_no_byte_of_it_can_change(data: st.DataObject) -> None:
    whole = written()
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    harmed = whole[:at] if cut else whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
    with pytest.raises(LintasError):
        read_delta(harmed, making.PUBLISHER)


def test_a_stranger_signs_for_nobody() -> None:
    stranger = Ed25519Signer.generate("xa-asc")
    with pytest.raises(Refused, match="no known key"):
        read_delta(written(), [ed25519_key("xa-asc", stranger)])
    with pytest.raises(Refused, match="no known key"):
        read_delta(written(), [])


@pytest.mark.parametrize("value", ["99960000", "+9996000a", "+99960009-+99960000", "+9996*", "", "112"])
def test_a_value_that_is_no_number_is_neither_written_nor_read(value: str) -> None:
    with pytest.raises(BadInput, match="no number or range"):
        written(Change(value, "blocked", "XATL", "", 200))


def test_what_lies_on_ones_own_disk_is_still_checked_for_damage(tmp_path: Path) -> None:
    assert read_delta(written(), None).changes == CHANGES
    with pytest.raises(LintasError, match="not those that were signed"):
        read_delta(written()[:-1] + b" ", None)
