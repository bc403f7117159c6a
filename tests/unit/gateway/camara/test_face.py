"""What the face answers and what it never does: shapes, order of checks, country, time, protection, rates, counters, logs."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.camara.network import NUMBER, STRANGER, admit
from tests.unit.gateway.camara.desk import DATE, RECYCLING, ROAMING, SWAP, Desk, operations, told

from lintas.gateway.camara.face import FLOOR_MINUTES, Settings
from lintas.gateway.camara.sources import NoTable
from lintas.interop.camara.answers import Country
from lintas.interop.camara.faults import KINDS
from lintas.model.errors import BadInput, Unavailable

DEVICE = {"device": {"phoneNumber": f"+{NUMBER}"}}
PHONE = {"phoneNumber": f"+{NUMBER}"}
BODIES: dict[str, dict[str, Any]] = {
    ROAMING: DEVICE,
    SWAP: PHONE,
    DATE: PHONE,
    RECYCLING: {**PHONE, "specifiedDate": "2024-01-31"},
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_each_operation_answers_what_its_definition_asks_for_and_no_more(desk: Desk) -> None:
    assert desk.ask(SWAP, PHONE).json() == {"swapped": False}
    assert desk.ask(RECYCLING, BODIES[RECYCLING]).json() == {"phoneNumberRecycled": False}
    assert set(desk.ask(DATE, PHONE).json()) == {"latestSimChange"}
    assert set(desk.ask(ROAMING, DEVICE).json()) == {"roaming", "lastStatusTime"}


def test_a_device_named_in_several_ways_is_answered_by_its_number(desk: Desk) -> None:
    many = {"device": {**PHONE, "networkAccessIdentifier": "somebody@operator.example"}}
    assert desk.ask(ROAMING, many).json()["device"] == PHONE
    assert "device" not in desk.ask(ROAMING, DEVICE).json()


@pytest.mark.parametrize(("path", "scopes"), operations())
def test_every_operation_needs_its_own_scope(desk: Desk, path: str, scopes: frozenset[str]) -> None:
    for scope in desk.client.scopes:
        answer = desk.ask(path, BODIES[path], token=desk.token(frozenset({scope})))
        if scope in scopes:
            assert answer.status_code == 200
        else:
            assert told(answer) == (403, "PERMISSION_DENIED")
            assert "insufficient_scope" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("path", BODIES)
def test_a_stranger_is_not_told_whether_anything_works(tmp_path: Path, path: str) -> None:
    desk = Desk(tmp_path, subscribers=NoTable())
    for token in ("", "nobody's", "x" * 43):
        answer = desk.ask(path, BODIES[path], token=token)
        assert told(answer) == (401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    answer = desk.ask(path, BODIES[path])
    assert told(answer) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"]


def test_the_correlator_comes_back_and_a_bad_one_does_not(desk: Desk) -> None:
    for good in ("", "b4333c46-49c0", "a" * 256, "<{x_:;./}>"):
        assert desk.ask(SWAP, PHONE, x_correlator=good).headers["x-correlator"] == good
    made = {desk.ask(SWAP, PHONE).headers["x-correlator"] for _ in range(2)}
    assert len(made) == 2
    for bad in ("a" * 257, "two words", "a%b"):
        answer = desk.ask(SWAP, PHONE, x_correlator=bad)
        assert told(answer) == (400, "INVALID_ARGUMENT")
        assert answer.headers["x-correlator"] not in ("", bad)
    assert desk.ask(SWAP, PHONE, token="", x_correlator="mine").headers["x-correlator"] == "mine"


@pytest.mark.parametrize("path", BODIES)
def test_a_protected_number_is_answered_like_nobodys(tmp_path: Path, path: str) -> None:
    desk = Desk(tmp_path, protected=NUMBER.__eq__)
    stranger = (
        {"device": {"phoneNumber": f"+{STRANGER}"}}
        if path == ROAMING
        else {**BODIES[path], "phoneNumber": f"+{STRANGER}"}
    )
    one, other = desk.ask(path, BODIES[path]), desk.ask(path, stranger)
    assert told(one) == (404, "IDENTIFIER_NOT_FOUND")
    assert (one.content, set(one.headers)) == (other.content, set(other.headers))
    desk.operator.broken = True
    assert desk.ask(path, BODIES[path]).status_code == desk.ask(path, stranger).status_code == 503


def test_a_country_is_told_only_to_a_client_that_may_and_only_by_an_operator_that_does(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    may, _ = admit(desk.path, disclose_country=True)
    desk.operator.abroad = Country(262, ("DE",))
    assert set(desk.ask(ROAMING, DEVICE).json()) == {"roaming", "lastStatusTime"}
    told_all = desk.ask(ROAMING, DEVICE, token=desk.token(may.scopes, client=may)).json()
    assert (told_all["countryCode"], told_all["countryName"]) == (262, ["DE"])
    for source in (None, lambda _number: None, _fails):
        other = Desk(_new(tmp_path), countries=source)
        other.operator.abroad = Country(262, ("DE",))
        allowed, _ = admit(other.path, disclose_country=True)
        answer = other.ask(ROAMING, DEVICE, token=other.token(allowed.scopes, client=allowed))
        assert set(answer.json()) == {"roaming", "lastStatusTime"}


def test_the_time_of_a_status_is_coarse_and_nobodys_own(tmp_path: Path) -> None:
    heard = datetime(2026, 3, 1, 10, 7, 59, 5, UTC)
    desk = Desk(tmp_path, confirmed=lambda: heard)
    at_home = desk.ask(ROAMING, DEVICE).json()["lastStatusTime"]
    desk.operator.abroad = Country(262)
    assert desk.ask(ROAMING, DEVICE).json()["lastStatusTime"] == at_home == "2026-03-01T10:00:00Z"
    ahead = Desk(_new(tmp_path), confirmed=lambda: datetime.now(UTC) + timedelta(days=1))
    assert datetime.fromisoformat(ahead.ask(ROAMING, DEVICE).json()["lastStatusTime"]) <= datetime.now(UTC)
    with pytest.raises(BadInput):
        Settings(status_minutes=FLOOR_MINUTES - 1)


def test_sim_changes_are_told_as_far_back_as_is_monitored(tmp_path: Path) -> None:
    desk = Desk(tmp_path, settings=Settings(monitored_days=10))
    assert desk.ask(DATE, PHONE).json() == {"latestSimChange": None, "monitoredPeriod": 10}
    assert told(desk.ask(SWAP, {**PHONE, "maxAge": 241})) == (400, "OUT_OF_RANGE")
    assert desk.ask(SWAP, {**PHONE, "maxAge": 240}).json() == {"swapped": False}
    desk.operator.sim = None
    assert desk.ask(DATE, PHONE).json() == {"latestSimChange": None, "monitoredPeriod": 10}
    with pytest.raises(BadInput):
        Settings(monitored_days=9)


def test_a_record_of_sim_changes_that_is_young_does_not_pass_for_no_change(tmp_path: Path) -> None:
    desk = Desk(tmp_path, sims_since=datetime.now(UTC) - timedelta(days=3, hours=1))
    desk.operator.sim = None
    assert desk.ask(SWAP, {**PHONE, "maxAge": 72}).json() == {"swapped": False}
    for young in (PHONE, {**PHONE, "maxAge": 73}):
        assert told(desk.ask(SWAP, young)) == (400, "OUT_OF_RANGE")
    assert desk.ask(DATE, PHONE).json() == {"latestSimChange": None, "monitoredPeriod": 3}


def test_records_that_do_not_reach_back_are_no_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.operator, "recycled_since", lambda _number, _day: None)
    assert told(desk.ask(RECYCLING, BODIES[RECYCLING])) == (422, "SERVICE_NOT_APPLICABLE")


def test_a_client_asks_as_often_as_agreed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    slow, _ = admit(desk.path, per_minute=3)
    token = desk.token(frozenset({"sim-swap:check"}), client=slow)
    # What is refused for its scope counts as well.
    answers = [desk.ask(path, BODIES[path], token=token) for path in (SWAP, ROAMING, SWAP, SWAP)]
    assert [each.status_code for each in answers] == [200, 403, 200, 429]
    assert told(answers[3]) == (429, "TOO_MANY_REQUESTS")
    assert 0 < int(answers[3].headers["retry-after"]) <= 21
    assert desk.ask(SWAP, PHONE).status_code == 200


@pytest.mark.parametrize("path", BODIES)
def test_the_guard_sees_every_number_and_stops_a_harvest(tmp_path: Path, path: str) -> None:
    seen = list[tuple[str, int]]()

    def guard(client: str, number: int) -> bool:
        seen.append((client, number))
        return len(seen) < 3

    desk = Desk(tmp_path, guard=guard)
    codes = [desk.ask(path, BODIES[path]).status_code for _ in range(2)]
    assert codes == [200, 200]
    stopped = desk.ask(path, BODIES[path])
    assert told(stopped) == (429, "TOO_MANY_REQUESTS")
    assert seen == [(desk.client.id, NUMBER)] * 3


def test_an_interface_that_is_not_offered_is_not_there(tmp_path: Path) -> None:
    desk = Desk(tmp_path, settings=Settings(apis=frozenset({"sim-swap"})))
    assert desk.ask(SWAP, PHONE).status_code == 200
    assert told(desk.ask(ROAMING, DEVICE)) == (404, "NOT_FOUND")


def test_what_http_itself_refuses_has_the_same_shape(desk: Desk) -> None:
    assert told(desk.ask("/sim-swap/v2/nothing", PHONE)) == (404, "NOT_FOUND")
    answer = desk.ask(SWAP, PHONE, method="PUT")
    assert (told(answer), answer.headers["allow"]) == ((405, "METHOD_NOT_ALLOWED"), "POST")
    assert told(desk.ask(SWAP, PHONE, content_type="text/plain")) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert told(desk.ask(SWAP, content=b" " * 20_000)) == (413, "PAYLOAD_TOO_LARGE")
    assert told(desk.ask(SWAP, content=b"")) == (400, "INVALID_ARGUMENT")


def test_a_fault_of_ours_tells_nothing_but_its_number(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_number: int) -> bool | None:
        raise RuntimeError(f"+{NUMBER} broke it")

    monkeypatch.setattr(desk.operator, "roaming", breaks)
    answer = desk.ask(ROAMING, DEVICE)
    assert told(answer) == (500, "INTERNAL")
    assert str(NUMBER) not in answer.text
    assert "urn:lintas:fault:" in answer.text


def test_counters_know_clients_purposes_and_outcomes_and_no_number(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        desk.ask(ROAMING, DEVICE)
        desk.ask(SWAP, {**PHONE, "maxAge": 0})
        desk.ask(SWAP, {"phoneNumber": f"+{STRANGER}"})
        desk.ask(SWAP, PHONE, token="")
        desk.face.counters.tell()
    own = (desk.client.id, "FraudPreventionAndDetection")
    assert desk.face.counters.total == {
        (*own, "device-roaming-status.retrieve", "ok"): 1,
        (*own, "sim-swap.check", "OUT_OF_RANGE"): 1,
        (*own, "sim-swap.check", "IDENTIFIER_NOT_FOUND"): 1,
    }
    lines = [str(record.__dict__) for record in caplog.records if record.name.startswith("lintas")]
    assert len(lines) == 3
    assert not any(str(number) in line for line in lines for number in (NUMBER, STRANGER))


def test_a_number_out_of_the_token_is_asked_for_in_no_other_way(desk: Desk) -> None:
    token = desk.token(number=NUMBER)
    for path, body in BODIES.items():
        alone = {name: value for name, value in body.items() if name == "specifiedDate"}
        assert desk.ask(path, alone, token=token).status_code == 200
        assert told(desk.ask(path, body, token=token)) == (422, "UNNECESSARY_IDENTIFIER")
        assert told(desk.ask(path, alone)) == (422, "MISSING_IDENTIFIER")


_NAMES = (
    "device",
    "phoneNumber",
    "ipv4Address",
    "ipv6Address",
    "publicAddress",
    "publicPort",
    "maxAge",
    "specifiedDate",
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.sampled_from(_NAMES) | st.text(), inside),
    max_leaves=8,
)


@given(path=st.sampled_from(list(BODIES)), body=_JSON | st.binary())
def test_no_body_is_a_fault_of_ours(tmp_path_factory: pytest.TempPathFactory, path: str, body: object) -> None:
    desk = _shared(tmp_path_factory)
    answer = desk.ask(path, content=body) if isinstance(body, bytes) else desk.ask(path, body)
    if answer.status_code != 200:
        status, code = told(answer)
        assert status in (400, 404, 422)
        assert KINDS[code].status == status


_DESKS = list[Desk]()


def _shared(paths: pytest.TempPathFactory) -> Desk:
    if not _DESKS:
        _DESKS.append(Desk(paths.mktemp("shared")))
    return _DESKS[0]


def _new(path: Path) -> Path:
    made = path / f"other-{len(list(path.iterdir()))}"
    made.mkdir()
    return made


def _fails(_number: int) -> Country | None:
    raise Unavailable("the adapter is away")
