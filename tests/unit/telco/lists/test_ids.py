"""Redress ids look as others expect them, differ by authority, and are the published construction."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.model.errors import BadInput
from lintas.telco.lists.ids import check_key, redress_id


@given(st.binary(min_size=16, max_size=64), st.text(max_size=20), st.text(max_size=40))
def test_it_is_keyed_blake2b_in_base32(key: bytes, kind: str, value: str) -> None:
    digest = hashlib.blake2b(f"{kind}\n{value}".encode(), digest_size=10, key=key).digest()
    assert redress_id(key, kind, value) == base64.b32encode(digest).decode().lower()


def test_another_key_kind_or_number_is_another_id() -> None:
    key = bytes(range(32))
    ids = {
        redress_id(key, "blocked", "+99912345"),
        redress_id(key[::-1], "blocked", "+99912345"),
        redress_id(key, "unallocated", "+99912345"),
        redress_id(key, "blocked", "+99912346"),
    }
    assert len(ids) == 4


@pytest.mark.parametrize("length", [0, 15, 65])
def test_weak_keys_are_refused(length: int) -> None:
    with pytest.raises(BadInput, match="redress key"):
        check_key(bytes(length))
