"""The token endpoint: who gets a token, for what, how long, and what a thief, a replay or a revoked client gets."""

import base64
import json
import time
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.camara.network import NUMBER, SetClock, admit
from tests.unit.gateway.camara.desk import FRAUD, SWAP, TOKEN_URL, Desk, told

from lintas.gateway.camara import clients
from lintas.gateway.camara.assertions import KIND
from lintas.gateway.camara.limits import LONGEST_ID, TRIES, TRY_SECONDS, Rates, Tries
from lintas.gateway.camara.tokens import MOST_EACH
from lintas.interop.camara.scopes import read_scope
from lintas.model.ids import IdSource

CHECK = {"grant_type": "client_credentials", "scope": f"{FRAUD} sim-swap:check"}
PHONE = {"phoneNumber": f"+{NUMBER}"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def wrong(answer: Any) -> tuple[int, str]:  # noqa: ANN401 — an answer of httpx
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"error", "error_description"}
    return answer.status_code, answer.json()["error"]


def test_a_secret_gets_a_token_in_either_way(desk: Desk) -> None:
    proof = {"client_id": desk.client.id, "client_secret": desk.secret}
    for answer in (desk.request_token(CHECK, (desk.client.id, desk.secret)), desk.request_token(CHECK | proof)):
        body = answer.json()
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 300, CHECK["scope"])
        assert desk.ask(SWAP, PHONE, token=body["access_token"]).status_code == 200


def test_a_token_is_for_what_was_asked_and_no_longer_than_said(desk: Desk) -> None:
    text = desk.request_token(CHECK, (desk.client.id, desk.secret)).json()["access_token"]
    assert told(desk.ask("/sim-swap/v2/retrieve-date", PHONE, token=text)) == (403, "PERMISSION_DENIED")
    desk.clock.ahead = timedelta(seconds=299)
    assert desk.ask(SWAP, PHONE, token=text).status_code == 200
    desk.clock.ahead = timedelta(seconds=301)
    assert told(desk.ask(SWAP, PHONE, token=text)) == (401, "UNAUTHENTICATED")


def test_no_address_gives_a_token_that_stands_for_a_person(desk: Desk) -> None:
    form = CHECK | {"login_hint": f"tel:+{NUMBER}", "sub": f"tel:+{NUMBER}", "number": str(NUMBER)}
    text = desk.request_token(form, (desk.client.id, desk.secret)).json()["access_token"]
    assert told(desk.ask(SWAP, {}, token=text)) == (422, "MISSING_IDENTIFIER")
    for grant in ("authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer", "refresh_token", "password", ""):
        answer = desk.request_token(CHECK | {"grant_type": grant}, (desk.client.id, desk.secret))
        assert wrong(answer) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    "scope",
    [
        "",
        "sim-swap:check",
        FRAUD,
        f"{FRAUD} dpv:Marketing sim-swap:check",
        "dpv:Marketing sim-swap:check",
        f"{FRAUD} sim-swap:check openid",
        f"{FRAUD} SIM-SWAP:CHECK",
    ],
)
def test_only_what_was_agreed_for_the_purpose_agreed(desk: Desk, scope: str) -> None:
    assert wrong(desk.request_token(CHECK | {"scope": scope}, (desk.client.id, desk.secret))) == (400, "invalid_scope")


def test_the_two_forms_of_a_purpose() -> None:
    one = ("FraudPreventionAndDetection", frozenset({"sim-swap:check"}))
    assert read_scope(f"{FRAUD} sim-swap:check") == read_scope(f"{FRAUD}#sim-swap:check") == one
    assert read_scope("dpv:A#sim-swap:check dpv:B#sim-swap") is None


def test_whoever_does_not_prove_itself_gets_one_answer(desk: Desk) -> None:
    gone, secret = admit(desk.path)
    clients.revoke(desk.path, gone.id, desk.clock.now())
    nobody = "client-" + "0" * 28
    answers = [
        desk.request_token(CHECK, pair)
        for pair in (
            (desk.client.id, "wrong"),
            (nobody, desk.secret),
            (gone.id, secret),
            (desk.client.id, ""),
            ("", ""),
        )
    ]
    assert {(wrong(each), each.content, tuple(each.headers)) for each in answers[:3]} == {
        ((401, "invalid_client"), answers[0].content, tuple(answers[0].headers))
    }
    assert [wrong(each) for each in answers[3:]] == [(401, "invalid_client")] * 2


@pytest.mark.parametrize(
    "form",
    [
        b"grant_type=client_credentials&grant_type=client_credentials",
        b"grant_type=%ff",
        b"&".join(b"a%d=1" % number for number in range(30)),
        b"a=" + b"1" * 20_000,
    ],
)
def test_a_broken_form_is_refused(desk: Desk, form: bytes) -> None:
    assert wrong(desk.request_token(form)) == (400, "invalid_request")


def test_two_proofs_at_once_are_refused(desk: Desk) -> None:
    both = desk.request_token(CHECK | {"client_secret": desk.secret}, (desk.client.id, desk.secret))
    assert wrong(both) == (400, "invalid_request")


@given(form=st.binary(max_size=200))
def test_no_form_is_a_fault_of_ours(tmp_path_factory: pytest.TempPathFactory, form: bytes) -> None:
    if not _DESKS:
        _DESKS.append(Desk(tmp_path_factory.mktemp("oauth")))
    assert wrong(_DESKS[0].request_token(form))[0] in (400, 401, 429)


_DESKS = list[Desk]()


# --- what ends a token ------------------------------------------------------------------------------------------------------


def test_a_revoked_client_is_out_at_once_with_every_token(desk: Desk) -> None:
    text = desk.token()
    assert desk.ask(SWAP, PHONE, token=text).status_code == 200
    clients.revoke(desk.path, desk.client.id, desk.clock.now())
    assert told(desk.ask(SWAP, PHONE, token=text)) == (401, "UNAUTHENTICATED")
    assert wrong(desk.request_token(CHECK, (desk.client.id, desk.secret))) == (401, "invalid_client")


def test_a_client_has_so_many_tokens_and_the_oldest_ends(desk: Desk) -> None:
    first, second, *_ = [desk.token() for _ in range(MOST_EACH + 1)]
    assert desk.ask(SWAP, PHONE, token=first).status_code == 401
    assert desk.ask(SWAP, PHONE, token=second).status_code == 200


def test_tries_wait_and_lock_nobody_else_out() -> None:
    now = [0.0]
    tries = Tries(lambda: now[0])
    for _ in range(TRIES):
        assert not tries.too_many("192.0.2.1", "client-a")
        tries.wrong("192.0.2.1", "client-a")
    assert tries.too_many("192.0.2.1", "client-a")
    assert not tries.too_many("192.0.2.2", "client-a")
    assert not tries.too_many("192.0.2.1", "client-b")
    now[0] = TRY_SECONDS
    assert not tries.too_many("192.0.2.1", "client-a")


def test_made_up_clients_neither_lift_a_lock_nor_fill_the_memory() -> None:
    now = [0.0]
    tries = Tries(lambda: now[0])
    for _ in range(TRIES + 5):
        tries.wrong("192.0.2.1", "victim")
    for _ in range(TRIES - 1):
        tries.wrong("192.0.2.1", "almost")
    for n in range(10_100):
        tries.wrong("192.0.2.1", f"made up {n}")
    assert tries.too_many("192.0.2.1", "victim")
    tries.wrong("192.0.2.1", "almost")
    assert tries.too_many("192.0.2.1", "almost")
    assert len(tries) == 10_000
    now[0] = TRY_SECONDS
    assert not tries.too_many("192.0.2.1", "victim")
    for n in range(10_100):
        tries.wrong("192.0.2.2", f"others {n}")
    assert len(tries) == 10_000


def test_wrong_tries_keep_no_name() -> None:
    tracemalloc.start()
    tries = Tries()
    for n in range(1000):
        tries.wrong("192.0.2.1", f"{n:04d}" + "x" * 12_000)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1_000_000


def test_client_id_that_nobody_can_have_is_not_looked_at(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    monkeypatch.setattr(Tries, "wrong", lambda _self, _address, client: kept.append(client))
    fitting, long = "c" * LONGEST_ID, "c" * (LONGEST_ID + 1)
    assert [desk.request_token(CHECK, (name, "wrong")).status_code for name in (fitting, long)] == [401, 401]
    assert kept == [fitting]


def test_guessing_a_secret_is_slowed_down_and_seen(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    codes = [desk.request_token(CHECK, (desk.client.id, "wrong")).status_code for _ in range(TRIES + 1)]
    assert codes == [401] * TRIES + [429]
    assert [record.__dict__["peer"] for record in caplog.records if record.name == "lintas.camara"] == [
        desk.client.id
    ] * TRIES
    assert desk.request_token(CHECK, ("nobody", "wrong")).status_code == 401
    assert sum(record.name == "lintas.camara" for record in caplog.records) == TRIES
    assert desk.request_token(CHECK, (desk.client.id, desk.secret)).status_code == 429


@given(steps=st.lists(st.floats(0, 5), max_size=60), per_minute=st.integers(1, 120))
def test_a_rate_holds_whatever_the_rhythm(steps: list[float], per_minute: int) -> None:
    now = [0.0]
    rates, taken = Rates(lambda: now[0]), 0
    for step in steps:
        now[0] += step
        wait = rates.take("client", per_minute)
        taken += wait == 0
        assert 0 <= wait <= 60 / per_minute
        assert taken <= per_minute + now[0] * per_minute / 60 + 1e-6


# --- signed assertions --------------------------------------------------------------------------------------------------------

Key = Ed25519PrivateKey | EllipticCurvePrivateKey


def part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def signed(key: Key, claims: dict[str, object], **header: object) -> str:
    alg = "EdDSA" if isinstance(key, Ed25519PrivateKey) else "ES256"
    text = f"{part(json.dumps({'alg': alg} | header).encode())}.{part(json.dumps(claims).encode())}"
    if isinstance(key, Ed25519PrivateKey):
        return f"{text}.{part(key.sign(text.encode()))}"
    r, s = decode_dss_signature(key.sign(text.encode(), ECDSA(SHA256())))
    return f"{text}.{part(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def enrolled(desk: Desk, key: Key) -> str:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    client, secret = clients.add(
        desk.path,
        IdSource(SetClock()),
        desk.clock.now(),
        {"name": "B", "scopes": ("sim-swap:check",)},
        public_key=pem,
    )
    assert secret == ""
    return client.id


def claims(client: str, **other: object) -> dict[str, object]:
    now = time.time()
    usual = {"iss": client, "sub": client, "aud": TOKEN_URL, "iat": now, "exp": now + 200, "jti": str(now)}
    return {name: value for name, value in (usual | other).items() if value is not None}


def asked(desk: Desk, assertion: str, **other: str) -> Any:  # noqa: ANN401 — an answer of httpx
    return desk.request_token(CHECK | {"client_assertion_type": KIND, "client_assertion": assertion} | other)


@pytest.mark.parametrize(
    "key", [Ed25519PrivateKey.generate(), generate_private_key(SECP256R1())], ids=["eddsa", "es256"]
)
def test_a_signed_assertion_gets_a_token_once(desk: Desk, key: Key) -> None:
    assertion = signed(key, claims(enrolled(desk, key), aud=["https://other.example", TOKEN_URL]))
    text = asked(desk, assertion).json()["access_token"]
    assert desk.ask(SWAP, PHONE, token=text).status_code == 200
    assert wrong(asked(desk, assertion)) == (401, "invalid_client")


@pytest.mark.parametrize(
    "other",
    [
        {"aud": "https://elsewhere.example/oauth2/token"},
        {"aud": []},
        {"iss": "client-" + "0" * 28},
        {"exp": 0},
        {"exp": time.time() + 3600},
        {"iat": 0},
        {"iat": time.time() + 3600},
        {"jti": ""},
        {"jti": None},
        {"exp": None},
        {"exp": "soon"},
    ],
)
def test_an_assertion_that_is_not_for_us_now_is_refused(desk: Desk, other: dict[str, object]) -> None:
    key = Ed25519PrivateKey.generate()
    assert wrong(asked(desk, signed(key, claims(enrolled(desk, key), **other)))) == (401, "invalid_client")


def test_an_assertion_by_nobody_or_with_tricks_is_refused(desk: Desk) -> None:
    key = Ed25519PrivateKey.generate()
    client = enrolled(desk, key)
    good = signed(key, claims(client))
    head, body, _ = good.split(".")
    for bad in (
        signed(Ed25519PrivateKey.generate(), claims(client)),
        signed(generate_private_key(SECP256R1()), claims(client)),
        signed(key, claims(client), alg="none"),
        signed(key, claims(client), alg="HS256"),
        signed(key, claims(client), crit=["exp"]),
        signed(key, claims(desk.client.id)),
        f"{head}.{body}.",
        f"{head}.{body}",
        "a.b.c",
        "é.é.é",
        "." * 20_000,
    ):
        assert wrong(asked(desk, bad))[0] in (400, 401), bad
    assert wrong(asked(desk, good, client_assertion_type="other")) == (401, "invalid_client")
    assert wrong(asked(desk, good, client_id=desk.client.id)) == (401, "invalid_client")
    assert wrong(desk.request_token(CHECK, (client, ""))) == (401, "invalid_client")
    assert asked(desk, good, client_id=client).status_code == 200
