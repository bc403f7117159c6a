"""`lintas telco card` writes a card that a verifier takes, and refuses keys that do not fit."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ec
from tests.unit.gateway.test_sip_card import certificate, pem, plain

from lintas.cli.telco.card import card
from lintas.model.errors import BadInput


def arguments(directory: Path, key: ec.EllipticCurvePrivateKey, owner: ec.EllipticCurvePrivateKey) -> list[str]:
    (directory / "key.pem").write_bytes(pem(key))
    (directory / "chain.pem").write_bytes(certificate(owner))
    files = [
        f"--key={directory / 'key.pem'}",
        f"--certificate={directory / 'chain.pem'}",
        f"--out={directory / 'card.jws'}",
    ]
    return ["--name", "XATL", "--redress-url", "https://redress.example/", *files]


def test_a_card(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    done = CliRunner().invoke(card, arguments(tmp_path, key, key), catch_exceptions=False)
    assert done.exit_code == 0
    head, body, _ = (tmp_path / "card.jws").read_text("ascii").split(".")
    assert json.loads(plain(head))["typ"] == "vcard+json"
    assert ["fn", {}, "text", "XATL"] in json.loads(plain(body))["jcard"][1]


def test_another_key(tmp_path: Path) -> None:
    key, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(BadInput, match="another key"):
        CliRunner().invoke(card, arguments(tmp_path, key, other), catch_exceptions=False)
    assert not (tmp_path / "card.jws").exists()
