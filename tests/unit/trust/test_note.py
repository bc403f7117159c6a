"""Signed notes: reading what others write, refusing every other spelling."""

import base64
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lintas.model.errors import BadInput, CheckFailed, LintasError, MalformedInput, TooLarge
from lintas.trust import note
from lintas.trust.keys import Ed25519Signer, PublicKey, verify_signature
from lintas.trust.note import ED25519, Note, Signature, VerifierKey

SIGNER = Ed25519Signer.from_seed("log.example/one", bytes(range(32)))
KEY = VerifierKey("log.example/one", ED25519, SIGNER.public.key)
TEXT = "first line\n\nthird line\n"


def sign(text: str) -> Signature:
    return Signature(KEY.name, KEY.key_id, SIGNER.sign(text.encode()))


def check(text: str, key: VerifierKey, signature: Signature) -> None:
    try:
        public = PublicKey(name=key.name, algorithm="ed25519", key=key.key)
        verify_signature(public, signature.blob, text.encode())
    except LintasError as wrong:
        raise CheckFailed("bad") from wrong


def test_a_note_reads_back_as_it_was_written() -> None:
    data = Note(TEXT, (sign(TEXT),)).render()
    assert data.decode().startswith(TEXT + "\n— log.example/one ")
    read = note.parse(data)
    assert read.text == TEXT
    assert read.render() == data
    assert [key for key, _ in note.verify(read, [KEY], {ED25519: check})] == [KEY]


def test_a_vkey_reads_back_and_its_id_is_checked() -> None:
    text = str(KEY)
    assert note.parse_vkey(text) == KEY
    name, key_id, encoded = text.split("+", 2)
    for bad in (
        f"{name}+{'0' * 8}+{encoded}",
        f"{name}+{key_id.upper()}+{encoded}" if key_id.upper() != key_id else f"{name}++{encoded}",
        f"{name}+{key_id}+{encoded[:-2]}",
        f"a b+{key_id}+{encoded}",
        f"+{key_id}+{encoded}",
        "nothing",
        "",
    ):
        with pytest.raises(MalformedInput):
            note.parse_vkey(bad)


def test_unknown_signatures_are_ignored_and_bad_ones_refused() -> None:
    stranger = Signature("other.example", b"\0\0\0\1", b"x" * 64)
    same_name = Signature(KEY.name, b"\0\0\0\2", b"x" * 64)
    mixed = Note(TEXT, (stranger, sign(TEXT), same_name))
    assert len(note.verify(mixed, [KEY], {ED25519: check})) == 1
    forged = Note(TEXT, (sign(TEXT), Signature(KEY.name, KEY.key_id, b"x" * 64)))
    with pytest.raises(CheckFailed):
        note.verify(forged, [KEY], {ED25519: check})
    with pytest.raises(CheckFailed):
        note.verify(mixed, [KEY], {})


def test_a_newer_signature_replaces_the_older_of_its_key() -> None:
    old, new = Signature("w", b"abcd", b"old"), Signature("w", b"abcd", b"new")
    assert Note(TEXT, (sign(TEXT), old)).with_signatures([new]).signatures == (sign(TEXT), new)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text only\n",
        b"text\n\n",
        "text\n\n— name AAAAAAA=\nno newline at the end".encode(),
        b"text\n\n- name AAAAAAA=\n",
        "text\n\n— name\n".encode(),
        "text\n\n— na+me AAAAAAA=\n".encode(),
        "text\n\n— name AAAAAA==\n".encode(),
        "text\n\n— name AAAAAAB=\n".encode(),  # the last bits of this base64 are not zero: another spelling
        "text\n\n— name AAAA AAA=\n".encode(),
        "te\txt\n\n— name AAAAAAA=\n".encode(),
        "text\r\n\n— name AAAAAAA=\n".encode(),
        b"\xff\n\n\xe2\x80\x94 name AAAAAAA=\n",
    ],
)
def test_malformed_notes(data: bytes) -> None:
    with pytest.raises(MalformedInput):
        note.parse(data)


def test_limits() -> None:
    line = "— name AAAAAAA=\n"
    assert len(note.parse(f"t\n\n{line * note.MAX_SIGNATURES}".encode()).signatures) == note.MAX_SIGNATURES
    with pytest.raises(TooLarge):
        note.parse(f"t\n\n{line * (note.MAX_SIGNATURES + 1)}".encode())
    with pytest.raises(TooLarge):
        note.parse(b"t" * (note.MAX_BYTES + 1))


def test_base64_has_one_spelling() -> None:
    assert note.decode_base64("AAA=") == b"\0\0"
    for other in ("AAB=", "AAA", "AAA=\n", " AAA=", "AA-_", "AÄA="):
        with pytest.raises(MalformedInput):
            note.decode_base64(other)


@given(st.binary(max_size=64))
def test_base64_reads_back(data: bytes) -> None:
    assert note.decode_base64(base64.b64encode(data).decode()) == data


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadInput):
        assert note.parse(data).render() == data


@given(st.data())
def test_no_byte_of_a_signed_note_can_change(data: st.DataObject) -> None:
    whole = bytearray(Note(TEXT, (sign(TEXT),)).render())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(BadInput, CheckFailed):
        assert not note.verify(note.parse(bytes(whole)), [KEY], {ED25519: check})
