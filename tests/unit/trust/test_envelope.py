"""Envelopes: what was sealed opens, and nothing else does; no input raises anything but Refused."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintas.model.errors import BadInput, Refused, TooLarge
from lintas.trust.envelope import (
    MAX_WIRE,
    Draft,
    Item,
    Opened,
    commitment,
    header_sha256,
    merkle_root,
    open_envelope,
    peek,
    reseal,
    seal,
)
from lintas.trust.keys import Ed25519Signer, KemKey, PublicKey, encrypt_to, sign_all

NOW = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
ORIGIN = Ed25519Signer.from_seed("xa.lintas.example/asc", bytes(32))
STRANGER = Ed25519Signer.from_seed("xa.lintas.example/asc", bytes([1]) * 32)
KEM = KemKey.from_seed(bytes(32))
INFO = b"lintas-envelope-v1\n"


def draft(**changes: object) -> Draft:
    fields: dict[str, object] = {
        "id": "env-1",
        "origin": "xa-asc",
        "recipient": "xb-fcu",
        "lane": "urgent",
        "epoch": 1,
        "seq": 1,
        "prev": "",
        "created": "2026-03-01T10:07:00Z",
        "exercise": True,
    }
    return Draft(**cast(Any, fields | changes))


def items(count: int, size: int = 20) -> list[Item]:
    return [
        Item(id=f"object-{n}", statement=bytes([n % 251]) * size, salt=hashlib.sha256(b"%d" % n).digest())
        for n in range(count)
    ]


def opened(wire: bytes, **changes: object) -> Opened:
    options: dict[str, object] = {"me": "xb-fcu", "keys": [ORIGIN.public], "kem": KEM, "now": NOW, "exercise": True}
    return open_envelope(wire, **cast(Any, options | changes))


def reason(wire: bytes, **changes: object) -> str:
    with pytest.raises(Refused) as no:
        opened(wire, **changes)
    assert no.value.what
    return no.value.reason


def parts(wire: bytes) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.msgpack.decode(wire)
    return found


def forge(header: bytes, body: bytes, signer: Ed25519Signer = ORIGIN) -> bytes:
    """Sign and encrypt whatever is given, as a corrupt member would."""
    return msgspec.msgpack.encode(
        {
            "header": header,
            "signatures": sign_all(header, [signer]),
            "body": encrypt_to(KEM.public, body, info=INFO + header),
        }
    )


def forged_header(wire: bytes, **changes: object) -> bytes:
    fields: dict[str, object] = msgspec.json.decode(parts(wire)["header"])
    return msgspec.json.encode(fields | changes)


SMALL = seal(draft(), items(2), [ORIGIN], KEM.public)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=300), st.binary(min_size=32, max_size=32)), min_size=1, max_size=20),
    st.sampled_from(["urgent", "bulk"]),
    st.integers(1, 2**53 - 1),
    st.booleans(),
)
def test_what_was_sealed_opens(content: list[tuple[bytes, bytes]], lane: str, seq: int, exercise: bool) -> None:
    sealed = [Item(id=f"o-{n}", statement=statement, salt=salt) for n, (statement, salt) in enumerate(content)]
    wire = seal(draft(lane=lane, seq=seq, exercise=exercise), sealed, [ORIGIN], KEM.public)
    result = opened(wire, exercise=exercise)
    assert list(result.items) == sealed
    assert result.header == peek(wire)
    assert (result.header.lane, result.header.seq, result.header.count) == (lane, seq, len(sealed))
    assert result.header_sha256 == header_sha256(wire) == hashlib.sha256(parts(wire)["header"]).hexdigest()
    assert result.commitments == tuple(commitment(item.salt, item.statement).hex() for item in sealed)
    assert result.header.root == merkle_root([bytes.fromhex(each) for each in result.commitments])
    assert result.signed_by == (ORIGIN.public.key_id,)


def test_nothing_of_a_statement_is_readable_on_the_wire() -> None:
    item = Item(id="object-secret", statement=b"account 000-111-222 at the example bank", salt=bytes(32))
    wire = seal(draft(), [item], [ORIGIN], KEM.public)
    assert b"000-111-222" not in wire
    assert b"object-secret" not in wire
    assert item.commitment not in wire


@pytest.mark.parametrize("flip", [0x01, 0x20, 0x80, 0xFF])
def test_any_byte_changed_is_refused(flip: int) -> None:
    for place in range(len(SMALL)):
        changed = bytearray(SMALL)
        changed[place] ^= flip
        reason(bytes(changed))


def test_any_truncation_and_any_addition_is_refused() -> None:
    for length in range(0, len(SMALL), 7):
        assert reason(SMALL[:length]) == "malformed"
    assert reason(SMALL + b"\0") == "malformed"
    assert reason(SMALL + SMALL) == "malformed"


def test_parts_of_two_envelopes_do_not_mix() -> None:
    one, two = parts(SMALL), parts(seal(draft(seq=2, id="env-2"), items(2), [ORIGIN], KEM.public))
    assert reason(msgspec.msgpack.encode(one | {"body": two["body"]})) == "undecryptable"
    assert reason(msgspec.msgpack.encode(one | {"header": two["header"]})) == "bad_signature"
    assert reason(msgspec.msgpack.encode(one | {"signatures": two["signatures"]})) == "bad_signature"


def test_each_wrong_address_has_its_own_reason() -> None:
    assert reason(SMALL, me="xc-npc") == "wrong_recipient"
    assert reason(SMALL, exercise=False) == "exercise_flag"
    assert reason(seal(draft(exercise=False), items(1), [ORIGIN], KEM.public)) == "exercise_flag"
    assert reason(SMALL, keys=[]) == "unknown_key"
    assert reason(SMALL, keys=[STRANGER.public]) == "unknown_key"
    assert reason(SMALL, kem=KemKey.from_seed(bytes([1]) * 32)) == "undecryptable"


def test_a_key_whose_id_is_claimed_by_somebody_else_does_not_help() -> None:
    wire = parts(seal(draft(), items(1), [STRANGER], KEM.public))
    wire["signatures"][0]["key_id"] = ORIGIN.public.key_id
    assert reason(msgspec.msgpack.encode(wire)) == "bad_signature"


@pytest.mark.parametrize(
    ("minutes", "accepted"), [(-60 * 24 * 365, True), (0, True), (10, True), (10.1, False), (999, False)]
)
def test_up_to_ten_minutes_ahead_is_clock_skew(minutes: float, accepted: bool) -> None:
    now = NOW - timedelta(minutes=minutes)
    if accepted:
        assert opened(SMALL, now=now).header.id == "env-1"
    else:
        assert reason(SMALL, now=now) == "future"


def test_a_corrupt_member_cannot_make_the_root_lie() -> None:
    header = parts(SMALL)["header"]
    encode = msgspec.msgpack.encode
    assert reason(forge(header, encode(items(2)[::-1]))) == "root_mismatch"
    assert reason(forge(header, encode(items(1)))) == "count_mismatch"
    assert reason(forge(header, encode([items(1)[0], items(1)[0]]))) == "duplicate_item"
    assert reason(forge(header, encode(items(501)))) == "too_many_items"
    assert reason(forge(header, encode([]))) == "count_mismatch"
    for name, salt in (("object-1", b"short"), ("", bytes(32)), ("line\nbreak", bytes(32)), ("x" * 129, bytes(32))):
        assert reason(forge(header, encode([[name, b"statement", salt]]))) == "bad_body"
    for hostile in (b"", b"\xdd\xff\xff\xff\xff", b"\x91" * 100_000, b"\x93\xa1x\xc6\xff\xff\xff\xff", b"\xc1"):
        assert reason(forge(header, hostile)) == "bad_body"


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"version": "1"},
        {"type": "lintas-receipt"},
        {"seq": 0},
        {"seq": 2**60},
        {"epoch": -1},
        {"lane": "fast"},
        {"prev": "ab"},
        {"prev": "00" * 32 + "\n"},
        {"root": ""},
        {"count": 0},
        {"count": 501},
        {"created": "2026-02-30T10:00:00Z"},
        {"created": "2026-03-01T10:00:00"},
        {"created": "2026-03-01T10:00:00+00:00"},
        {"created": "0001-01-01T00:00:00+23:00"},
        {"exercise": "yes"},
        {"id": ""},
        {"id": "x" * 129},
        {"id": "line\nbreak"},
        {"origin": "xa\u202easc"},
        {"surprise": 1},
    ],
)
def test_headers_out_of_form_are_malformed_even_when_signed(changes: dict[str, Any]) -> None:
    assert reason(forge(forged_header(SMALL, **changes), b"")) == "malformed"


def test_a_later_version_is_named() -> None:
    with pytest.raises(Refused, match="version 2 is not known"):
        peek(forge(forged_header(SMALL, version=2, news="x"), b""))


def test_oversize_is_refused_before_it_is_read() -> None:
    assert reason(b"\x00" * (MAX_WIRE + 1)) == "too_large"
    with pytest.raises(TooLarge):
        seal(draft(), items(9, size=1024 * 1024), [ORIGIN], KEM.public)


def test_five_hundred_objects_are_the_most() -> None:
    assert len(opened(seal(draft(), items(500), [ORIGIN], KEM.public)).items) == 500
    for wrong in (
        items(501),
        [],
        [items(1)[0], items(1)[0]],
        [Item(id="x", statement=b"", salt=b"short")],
        [Item(id="x" * 129, statement=b"", salt=bytes(32))],
    ):
        with pytest.raises(BadInput):
            seal(draft(), wrong, [ORIGIN], KEM.public)


@pytest.mark.parametrize(
    "changes", [{"seq": 0}, {"created": "yesterday"}, {"prev": "x"}, {"lane": "slow"}, {"origin": ""}]
)
def test_nothing_is_sealed_that_the_other_side_must_refuse(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        seal(draft(**changes), items(1), [ORIGIN], KEM.public)


def test_another_algorithm_can_be_passed_to_both_sides() -> None:
    class Keyed:
        name, algorithm = "quick", "keyed-hash"
        public = PublicKey(name="quick", algorithm="keyed-hash", key=b"shared")

        def sign(self, message: bytes) -> bytes:
            return hashlib.blake2b(message, key=self.public.key).digest()

    def verify(key: PublicKey, signature: bytes, message: bytes) -> None:
        if signature != hashlib.blake2b(message, key=key.key).digest():
            raise Refused("bad_signature", "the keyed hash differs")

    wire = seal(draft(), items(1), [Keyed()], KEM.public)
    assert opened(wire, keys=[Keyed.public], verify=verify).header.seq == 1
    assert reason(wire, keys=[Keyed.public]) == "unknown_algorithm"
    changed = parts(wire)
    changed["signatures"][0]["value"] = b"x"
    assert reason(msgspec.msgpack.encode(changed), keys=[Keyed.public], verify=verify) == "bad_signature"


def test_a_second_signature_of_an_algorithm_unknown_here_does_no_harm() -> None:
    class Later:
        name, algorithm = "xa.lintas.example/asc", "ml-dsa-65"
        public = PublicKey(name=name, algorithm=algorithm, key=b"later")

        def sign(self, message: bytes) -> bytes:
            return bytes(3309)

    wire = seal(draft(), items(1), [ORIGIN, Later()], KEM.public)
    assert opened(wire).signed_by == (ORIGIN.public.key_id,)
    assert reason(wire, keys=[ORIGIN.public, Later.public]) == "unknown_algorithm"


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_refused(wire: bytes) -> None:
    reason(wire)
    with pytest.raises(Refused):
        peek(wire)


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=9)
    | st.binary(max_size=9)
)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({"header": trees, "signatures": trees, "body": trees}), trees, trees)
def test_well_formed_messagepack_of_another_shape_is_refused(
    wire: dict[str, Any], header: object, body: object
) -> None:
    assert reason(msgspec.msgpack.encode(wire)) == "malformed"
    assert reason(forge(msgspec.json.encode(header), b"")) == "malformed"
    assert reason(forge(parts(SMALL)["header"], msgspec.msgpack.encode(body))) in {"bad_body", "count_mismatch"}


@pytest.mark.parametrize(
    "wire",
    [
        b"\x91" * 200_000,
        b"\x81\xa1x" * 100_000,
        b"\x83\xa6header\xc6\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\x83\xa6header\xc4\x01x\xaasignatures\xdd\xff\xff\xff\xff",
        b"\x83\xa6header\xc4\x02\xff\xfe\xaasignatures\x91\x83\xa9algorithm\xa2\xff\xfe",
    ],
    ids=["deep-lists", "deep-maps", "huge-bin", "huge-map", "huge-list", "not-utf8"],
)
def test_hostile_messagepack_is_malformed(wire: bytes) -> None:
    assert reason(wire) == "malformed"


def test_a_deeply_nested_header_is_malformed() -> None:
    assert reason(forge(b'{"type":"lintas-envelope","version":' + b"[" * 8000, b"")) == "malformed"
    assert reason(forge(b"[" * 8000 + b"]" * 8000, b"")) == "malformed"


def test_resealed_under_other_keys_the_header_is_the_same_and_so_is_what_is_inside() -> None:
    first = seal(draft(), items(3), [ORIGIN], KEM.public)
    signer, kem = Ed25519Signer.from_seed("xa-asc/next", b"n" * 32), KemKey.from_seed(b"k" * 32)
    again = reseal(first, items(3), [signer], kem.public)
    assert parts(again)["header"] == parts(first)["header"]
    assert opened(again, keys=[signer.public], kem=kem).items == opened(first).items
    assert reason(again, keys=[signer.public]) == "undecryptable"
    assert reason(again, kem=kem) == "unknown_key"


@pytest.mark.parametrize("other", [[], items(2), items(4), items(3)[::-1], items(3, size=21)])
def test_reseal_takes_only_the_envelopes_own_objects(other: list[Item]) -> None:
    first = seal(draft(), items(3), [ORIGIN], KEM.public)
    with pytest.raises(BadInput):
        reseal(first, other, [ORIGIN], KEM.public)
    with pytest.raises(Refused):
        reseal(first[:-1], items(3), [ORIGIN], KEM.public)
