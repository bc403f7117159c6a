"""Keys: signatures, envelope keys, and key files that only their owner may read."""

import stat
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lintas.model.errors import BadInput, Conflict, Refused
from lintas.trust.keys import (
    KEM_PUBLIC_BYTES,
    Ed25519Signer,
    KemKey,
    PublicKey,
    check_signatures,
    encrypt_to,
    load_secret,
    save_secret,
    sign_all,
    verify_signature,
)

ASC = Ed25519Signer.from_seed("xa.lintas.example/asc", bytes(32))
OTHER = Ed25519Signer.from_seed("xb.lintas.example/fcu", bytes([1]) * 32)


def test_rfc_8032_first_vector() -> None:
    signer = Ed25519Signer.from_seed(
        "vector", bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert signer.public.key.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert signer.sign(b"").hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b"
    )


def test_x_wing_key_expansion_follows_the_draft() -> None:
    # The published vectors of draft-connolly-cfrg-xwing-kem begin with this key pair.
    key = KemKey.from_seed(bytes.fromhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"))
    assert key.public.hex().startswith("e2236b35a8c24b39b10aa1323a96a919a2ced88400633a7b07131713fc14b2b5b19cfc3d")
    assert len(key.public) == KEM_PUBLIC_BYTES


@settings(deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_signature_fits_one_message_and_one_key(message: bytes, another: bytes) -> None:
    value = ASC.sign(message)
    verify_signature(ASC.public, value, message)
    with pytest.raises(Refused) as no:
        verify_signature(OTHER.public, value, message)
    assert no.value.reason == "bad_signature"
    if another != message:
        with pytest.raises(Refused):
            verify_signature(ASC.public, value, another)


@pytest.mark.parametrize("value", [b"", b"short", bytes(64), bytes([255]) * 64, bytes(65)])
def test_nonsense_signatures_are_refused(value: bytes) -> None:
    with pytest.raises(Refused) as no:
        verify_signature(ASC.public, value, b"message")
    assert no.value.reason == "bad_signature"


def test_a_key_of_wrong_length_and_an_unknown_algorithm_are_refused() -> None:
    with pytest.raises(Refused) as no:
        verify_signature(PublicKey(name="x", algorithm="ed25519", key=b"short"), ASC.sign(b"m"), b"m")
    assert no.value.reason == "bad_signature"
    with pytest.raises(Refused) as no:
        verify_signature(msgspec.structs.replace(ASC.public, algorithm="none"), ASC.sign(b"m"), b"m")
    assert no.value.reason == "unknown_algorithm"


def test_key_ids_depend_on_name_algorithm_and_key() -> None:
    ids = {
        ASC.public.key_id,
        OTHER.public.key_id,
        msgspec.structs.replace(ASC.public, name="other").key_id,
        msgspec.structs.replace(ASC.public, algorithm="other").key_id,
    }
    assert len(ids) == 4
    assert all(len(each) == 16 for each in ids)


def test_every_known_signature_must_hold_and_unknown_ones_count_for_nothing() -> None:
    both = sign_all(b"message", [ASC, OTHER])
    assert check_signatures(b"message", both, [ASC.public]) == (ASC.public.key_id,)
    assert check_signatures(b"message", both, [ASC.public, OTHER.public]) == (ASC.public.key_id, OTHER.public.key_id)
    broken = (both[0], msgspec.structs.replace(both[1], value=bytes(64)))
    assert check_signatures(b"message", broken, [ASC.public]) == (ASC.public.key_id,)
    with pytest.raises(Refused) as no:
        check_signatures(b"message", broken, [ASC.public, OTHER.public])
    assert no.value.reason == "bad_signature"
    with pytest.raises(Refused) as no:
        check_signatures(b"message", both, [])
    assert no.value.reason == "unknown_key"
    renamed = (msgspec.structs.replace(both[0], algorithm="ml-dsa-65"),)
    with pytest.raises(Refused) as no:
        check_signatures(b"message", renamed, [ASC.public])
    assert no.value.reason == "bad_signature"


@pytest.mark.parametrize("count", [0, 5])
def test_one_to_four_signers(count: int) -> None:
    with pytest.raises(BadInput):
        sign_all(b"message", [ASC] * count)


def test_a_signing_key_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "signing.json"
    signer = Ed25519Signer.generate("xa.lintas.example/asc")
    signer.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = Ed25519Signer.load(path)
    assert again.public == signer.public
    verify_signature(signer.public, again.sign(b"message"), b"message")
    with pytest.raises(Conflict, match="already"):
        signer.save(path)


def test_an_envelope_key_survives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "envelope.json"
    key = KemKey.generate()
    key.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    closed = encrypt_to(key.public, b"plain", info=b"why")
    assert KemKey.load(path).decrypt(closed, info=b"why") == b"plain"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o660])
def test_a_key_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "signing.json"
    ASC.save(path)
    path.chmod(mode)
    with pytest.raises(BadInput, match="chmod 600") as no:
        Ed25519Signer.load(path)
    assert no.value.where == str(path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[" * 50_000,
        b'{"type":"lintas-envelope-key-v1","seed":""}',
        b'{"type":"lintas-signing-key-v1","name":"x","algorithm":"ed25519","seed":"AA=="}',
        b'{"type":"lintas-signing-key-v1","name":"x","algorithm":"rot13","seed":"AA=="}',
        b"x" * 70_000,
    ],
)
def test_files_that_are_no_signing_key_are_bad_input(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "signing.json"
    save_secret(path, content)
    with pytest.raises(BadInput):
        Ed25519Signer.load(path)
    with pytest.raises(BadInput):
        KemKey.load(path)


def test_what_is_closed_to_one_key_and_context_opens_with_no_other() -> None:
    key, wrong = KemKey.from_seed(bytes(32)), KemKey.from_seed(bytes([1]) * 32)
    closed = encrypt_to(key.public, b"plain", info=b"why")
    assert key.decrypt(closed, info=b"why") == b"plain"
    for opener, info, what in [
        (wrong, b"why", closed),
        (key, b"other", closed),
        (key, b"why", closed[:-1]),
        (key, b"why", b""),
        # An all-zero X25519 share leads to no secret at all.
        (key, b"why", closed[:1088] + bytes(32) + closed[1120:]),
    ]:
        with pytest.raises(Refused) as no:
            opener.decrypt(what, info=info)
        assert no.value.reason == "undecryptable"


def test_envelope_keys_that_are_none_are_bad_input() -> None:
    good = KemKey.from_seed(bytes(32)).public
    assert encrypt_to(good, b"plain", info=b"")
    for bad in (b"", good[:-1], good + b"\0", bytes([255]) * KEM_PUBLIC_BYTES, good[:1184] + bytes(32)):
        with pytest.raises(BadInput):
            encrypt_to(bad, b"plain", info=b"")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_seeds_have_32_bytes(length: int) -> None:
    with pytest.raises(BadInput):
        Ed25519Signer.from_seed("x", bytes(length))
    with pytest.raises(BadInput):
        KemKey.from_seed(bytes(length))


def test_load_secret_gives_back_what_was_saved(tmp_path: Path) -> None:
    save_secret(tmp_path / "tls.key", b"content")
    assert load_secret(tmp_path / "tls.key") == b"content"
