"""The register of API clients: what the file holds, who may touch it, and the commands that change it."""

import logging
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.conformance.camara.network import admit

from lintas.cli.main import lintas
from lintas.gateway.camara import clients
from lintas.gateway.camara.clients import Register, read_clients, revoke
from lintas.model.errors import BadInput


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "operator.toml").write_text('camara_clients = "api.json"\n')
    return tmp_path / "operator.toml"


def run(config: Path, *arguments: str, code: int = 0) -> str:
    command, *more = arguments
    done = CliRunner().invoke(lintas, ["telco", "client", command, "--config", str(config), *more])
    assert done.exit_code == code or (code and isinstance(done.exception, BadInput)), done.output
    return done.stdout


def test_a_client_is_added_listed_and_revoked(config: Path) -> None:
    shown = run(
        config, "add", "--name", "XAFB fraud desk", "--scope", "sim-swap:check", "--scope", "number-recycling:check"
    )
    client_id, secret = (line.split()[1] for line in shown.splitlines())
    path = config.parent / "api.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret not in path.read_text()
    (client,) = read_clients(path)
    assert client.has_secret(secret)
    assert not client.has_secret(secret[:-1])
    assert (client.disclose_country, client.purposes) == (False, frozenset({"FraudPreventionAndDetection"}))
    assert "\tno country\tXAFB fraud desk" in run(config, "list")
    register = Register(path)
    assert register.find(client_id) == client
    run(config, "revoke", client_id)
    assert register.find(client_id) is None
    assert "revoked" in run(config, "list")


def test_a_client_with_a_key_has_no_secret(config: Path, tmp_path: Path) -> None:
    keys: dict[str, Ed25519PublicKey | RSAPublicKey] = {
        "good": Ed25519PrivateKey.generate().public_key(),
        "rsa": generate_private_key(65537, 2048).public_key(),
    }
    for name, key in keys.items():
        (tmp_path / name).write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "broken").write_text("no key")
    usual = ("add", "--name", "B", "--scope", "sim-swap:check", "--public-key")
    assert "client_secret" not in run(config, *usual, str(tmp_path / "good"), "--disclose-country", "--per-minute", "5")
    assert "\tkey\tcountry\tB" in run(config, "list")
    for bad in ("rsa", "broken", "missing"):
        run(config, *usual, str(tmp_path / bad), code=2)


@pytest.mark.parametrize(
    "more",
    [
        ("--scope", "everything"),
        ("--scope", "sim-swap", "--purpose", "a b"),
        ("--scope", "sim-swap", "--per-minute", "0"),
    ],
)
def test_what_a_client_cannot_be_is_refused(config: Path, more: tuple[str, ...]) -> None:
    run(config, "add", "--name", "B", *more, code=2)
    assert not (config.parent / "api.json").exists()


def test_settings_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    for name, text in (
        ("none", None),
        ("broken", "="),
        ("number", "camara_clients = 3"),
        ("away", 'camara_clients = "a/b"'),
    ):
        if text is not None:
            (tmp_path / name).write_text(text)
        run(tmp_path / name, "add", "--name", "B", "--scope", "sim-swap", code=2)


def test_a_register_that_others_may_touch_or_that_is_broken_opens_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "clients.json"
    client, _ = admit(path)
    register = Register(path)
    for mode, text in ((0o640, path.read_text()), (0o600, "{")):
        path.write_text(text)
        path.chmod(mode)
        with pytest.raises(BadInput):
            read_clients(path)
        with pytest.raises(BadInput):
            Register(path)
        assert register.find(client.id) == client
    path.unlink()
    assert register.find(client.id) is None


def test_what_could_not_be_read_once_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "clients.json"
    client, _ = admit(path)
    register = Register(path)
    revoke(path, client.id, datetime.now(UTC))
    path.chmod(0o640)
    assert register.find(client.id) is not None
    path.chmod(0o600)
    assert register.find(client.id) is None


def test_nobody_is_admitted_by_a_register_that_long_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clients.json"
    client, _ = admit(path)
    register = Register(path)
    path.chmod(0o640)
    assert register.find(client.id) is not None
    monkeypatch.setattr(clients, "STALE_S", -1.0)
    assert register.find(client.id) is None
    path.chmod(0o600)
    assert register.find(client.id) == client


def test_who_slips_a_client_in_is_seen_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "clients.json"
    register = Register(path)
    with caplog.at_level(logging.WARNING):
        client, _ = admit(path)
        assert register.find(client.id) == client
    (line,) = [record.__dict__ for record in caplog.records if record.name == "lintas.camara"]
    assert (line["peer"], line["outcome"]) == (client.id, "valid")


def test_two_commands_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "clients.json"
    together = [threading.Thread(target=admit, args=(path,)) for _ in range(8)]
    for each in together:
        each.start()
    for each in together:
        each.join()
    assert len(read_clients(path)) == len(together)
