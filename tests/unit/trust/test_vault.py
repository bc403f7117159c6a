"""The key that closes people's secrets: bound to what they are about, and useless to whoever has the database alone."""

from pathlib import Path

import pytest

from lintas.model.errors import BadInput, Conflict, Refused
from lintas.trust.keys import Ed25519Signer
from lintas.trust.vault import VaultKey


def test_a_secret_opens_for_what_it_was_closed_about() -> None:
    key = VaultKey(b"k" * 32)
    sealed = key.seal(b"secret", "totp/asha")
    assert key.open(sealed, "totp/asha") == b"secret"
    assert key.seal(b"secret", "totp/asha") != sealed
    broken = [sealed[:-1] + bytes([sealed[-1] ^ 1]), bytes([sealed[0] ^ 1]) + sealed[1:], sealed[:20], sealed[:5], b""]
    for each in broken:
        with pytest.raises(Refused):
            key.open(each, "totp/asha")
    for other, about in ((key, "totp/other"), (key, "enrol/asha"), (VaultKey(b"l" * 32), "totp/asha")):
        with pytest.raises(Refused, match="closed"):
            other.open(sealed, about)


def test_uses_are_kept_apart() -> None:
    key = VaultKey(b"k" * 32)
    assert key.tag("asha") == VaultKey(b"k" * 32).tag("asha") != VaultKey(b"l" * 32).tag("asha")
    assert key.tag("asha") != key.tag("Asha")
    assert len({key.pepper, b"k" * 32, key.tag("")}) == 3
    assert len(key.tag("\ud800")) == 32


def test_the_file_is_its_owners_and_is_never_written_over(tmp_path: Path) -> None:
    path, key = tmp_path / "access.key", VaultKey.generate()
    key.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert VaultKey.load(path).pepper == key.pepper
    with pytest.raises(Conflict):
        VaultKey.generate().save(path)
    path.chmod(0o644)
    with pytest.raises(BadInput):
        VaultKey.load(path)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"null", b'{"type":"lintas-vault-key-v1","seed":"QUJD"}'])
def test_a_file_that_is_no_such_key_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "access.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(BadInput):
        VaultKey.load(path)


def test_another_kind_of_key_is_none(tmp_path: Path) -> None:
    path = tmp_path / "access.key"
    Ed25519Signer.generate("xa-asc/signing").save(path)
    with pytest.raises(BadInput, match="not a vault's key"):
        VaultKey.load(path)
