"""A served node at its CAMARA addresses: a stranger is told 401 first, an admitted client that no operator's table is here."""

import httpx
from click.testing import CliRunner
from tests.e2e.people import Running

from lintas.cli.main import lintas


def client(running: Running, command: str, *more: str) -> str:
    config = str(running.xa.home.root / "lintas.toml")
    done = CliRunner().invoke(lintas, ["telco", "client", command, "--config", config, *more])
    assert done.exit_code == 0, done.output
    return done.stdout


def ask(running: Running, path: str, token: str = "", body: object = None) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return running.client.post(path, json={} if body is None else body, headers=headers)


def test_a_client_is_known_at_a_running_node_until_it_is_revoked(running: Running) -> None:
    retrieve, check = "/device-roaming-status/v1/retrieve", "/sim-swap/v2/check"
    for path in (retrieve, check, "/number-recycling/v0.2/check"):
        assert (ask(running, path).status_code, ask(running, path).json()["code"]) == (401, "UNAUTHENTICATED")
        # A key of the node's own API opens nothing here.
        assert ask(running, path, running.xa.auditor_key).status_code == 401
    shown = client(running, "add", "--name", "XAFB", "--scope", "device-roaming-status:read")
    name, secret = (line.split()[1] for line in shown.splitlines())
    form = {"grant_type": "client_credentials", "scope": "dpv:FraudPreventionAndDetection device-roaming-status:read"}
    token = running.client.post("/oauth2/token", data=form, auth=(name, secret)).json()["access_token"]
    device = {"device": {"phoneNumber": "+999100000001"}}
    answer = ask(running, retrieve, token, device)
    assert (answer.status_code, answer.json()["code"]) == (503, "UNAVAILABLE")
    assert ask(running, check, token, {}).json()["code"] == "PERMISSION_DENIED"
    # Nor does a client's token open the node's API.
    assert running.client.get("/api/v1/cases", headers={"authorization": f"Bearer {token}"}).status_code == 401
    client(running, "revoke", name)
    assert ask(running, retrieve, token, device).status_code == 401
