"""Receipts: signed by the recipient, one verdict per object, and nothing but Refused for anything else."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintas.model.errors import BadInput, Refused
from lintas.trust.envelope import Draft, Item, peek, seal
from lintas.trust.keys import Ed25519Signer, KemKey, sign_all
from lintas.trust.receipt import MAX_RECEIPT, Receipt, Verdict, open_receipt, peek_receipt, sign_receipt

SIGNER = Ed25519Signer.from_seed("xb.lintas.example/fcu", bytes(32))
RECEIPT = Receipt(
    envelope="env-1",
    header_sha256="ab" * 32,
    origin="xa-asc",
    recipient="xb-fcu",
    lane="urgent",
    epoch=1,
    seq=7,
    received_at="2026-03-01T10:07:01.25Z",
    exercise=True,
    verdicts=(
        Verdict(object="hold-1", commitment="cd" * 32, verdict="accepted"),
        Verdict(object="hold-2", commitment="ef" * 32, verdict="refused", reason="above_interval"),
    ),
)
WIRE = sign_receipt(RECEIPT, SIGNER)


def reason(wire: bytes) -> str:
    with pytest.raises(Refused) as no:
        open_receipt(wire, [SIGNER.public])
    return no.value.reason


def signed(body: bytes) -> bytes:
    return msgspec.msgpack.encode({"receipt": body, "signatures": sign_all(body, [SIGNER])})


def test_a_receipt_comes_back_as_it_was_signed() -> None:
    assert open_receipt(WIRE, [SIGNER.public]) == RECEIPT
    assert peek_receipt(WIRE) == RECEIPT


def test_a_receipt_for_five_hundred_objects_with_long_reasons_fits() -> None:
    verdicts = tuple(
        Verdict(object=f"o-{n}", commitment="ab" * 32, verdict="refused", reason="x" * 500) for n in range(500)
    )
    whole = msgspec.structs.replace(RECEIPT, verdicts=verdicts)
    assert open_receipt(sign_receipt(whole, SIGNER), [SIGNER.public]) == whole


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_any_byte_changed_is_refused(flip: int) -> None:
    for place in range(len(WIRE)):
        changed = bytearray(WIRE)
        changed[place] ^= flip
        reason(bytes(changed))


def test_other_keys_do_not_vouch_for_it() -> None:
    with pytest.raises(Refused) as no:
        open_receipt(WIRE, [Ed25519Signer.from_seed("xb.lintas.example/fcu", bytes([1]) * 32).public])
    assert no.value.reason == "unknown_key"


def test_an_envelope_is_no_receipt_and_a_receipt_no_envelope() -> None:
    draft = Draft(
        id="env-1",
        origin="xa-asc",
        recipient="xb-fcu",
        lane="bulk",
        epoch=0,
        seq=1,
        prev="",
        created="2026-03-01T10:07:00Z",
        exercise=True,
    )
    envelope = seal(draft, [Item(id="o", statement=b"s", salt=bytes(32))], [SIGNER], KemKey.from_seed(bytes(32)).public)
    assert reason(envelope) == "malformed"
    # Not even when the signed header itself is presented in the other's frame.
    held = msgspec.msgpack.decode(envelope)
    assert reason(msgspec.msgpack.encode({"receipt": held["header"], "signatures": held["signatures"]})) == "malformed"
    with pytest.raises(Refused):
        peek(WIRE)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"header_sha256": "AB" * 32},
        {"seq": 0},
        {"received_at": "2026-02-30T00:00:00Z"},
        {"received_at": "today"},
        {"verdicts": [{"object": "o", "commitment": "cd" * 32, "verdict": "perhaps"}]},
        {"verdicts": None},
        {"more": 1},
    ],
)
def test_receipts_out_of_form_are_malformed_even_when_signed(changes: dict[str, Any]) -> None:
    fields: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(RECEIPT))
    assert reason(signed(msgspec.json.encode(fields | changes))) == "malformed"


def test_nothing_is_signed_that_its_reader_must_refuse() -> None:
    for wrong in (
        msgspec.structs.replace(RECEIPT, seq=0),
        msgspec.structs.replace(RECEIPT, received_at="2026-13-01T00:00:00Z"),
        msgspec.structs.replace(RECEIPT, verdicts=RECEIPT.verdicts * 251),
    ):
        with pytest.raises(BadInput):
            sign_receipt(wrong, SIGNER)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused(noise: bytes) -> None:
    reason(noise)
    assert reason(signed(noise)) == "malformed"


def test_hostile_input_is_refused() -> None:
    assert reason(bytes(MAX_RECEIPT + 1)) == "too_large"
    assert reason(b"\x91" * 200_000) == "malformed"
    assert reason(signed(b"[" * 100_000)) == "malformed"
    assert reason(b"\x82\xa7receipt\xc6\xff\xff\xff\xff") == "malformed"
