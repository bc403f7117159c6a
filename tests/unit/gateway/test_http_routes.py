"""Each address of the verdict service, asked as a client asks, over a real socket and a real list."""

import asyncio
import json
import resource
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.telco.lists import making

from lintas.gateway.asking.asker import Told
from lintas.gateway.http.answers import Answer, plain_200
from lintas.gateway.http.routes import CHECK, COUNTERS, MOST_NUMBERS, PREFIX, Routes
from lintas.gateway.http.server import MOST_CONNECTIONS, RESERVED, Server, most_connections
from lintas.gateway.verdict import Verdicts, encode
from lintas.telco.lists.directory import Directory
from lintas.telco.lists.entries import Change, Key, Row
from lintas.telco.lists.ids import redress_id
from lintas.telco.lists.standing import Standing

FIRST = 99_960_000
LATE = 10**10
ENTRIES = {
    Key(FIRST, FIRST, "blocked", "X"): Row("blocked", "X", "r", LATE),
    Key(FIRST + 1, FIRST + 1, "protected", "X"): Row("protected", "X", "r", LATE),
    Key(FIRST + 2, FIRST + 2, "do_not_originate", "X"): Row("do_not_originate", "X", "r", LATE),
    Key(FIRST + 3, FIRST + 3, "blocked", "X"): Row("blocked", "X", "r", 100),
    Key(FIRST + 10, FIRST + 19, "unallocated", "X"): Row("unallocated", "X", "", LATE),
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    path = tmp_path_factory.mktemp("list")
    making.base_of(path / "base", ENTRIES)
    return Directory(path)


@pytest.fixture(scope="module")
def client(directory: Directory) -> Iterator[httpx.Client]:
    """Serve the list from another thread, and ask it."""
    standing, started, loop = Standing.open(directory.path), threading.Event(), asyncio.new_event_loop()
    found: list[str] = []
    stop = asyncio.Event()

    async def run() -> None:
        async with Server(Verdicts(standing), standing).running("127.0.0.1", 0) as url:
            found.append(url)
            started.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert started.wait(10)
    with httpx.Client(base_url=found[0], timeout=10) as asked:
        yield asked
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    assert not thread.is_alive()
    loop.close()


def check(client: httpx.Client, text: str) -> tuple[int, Any]:
    said = client.get(f"/telco/v1/check/{text}")
    return said.status_code, said.json()


@pytest.mark.parametrize("form", ["+{}", "%2B{}", "%2b{}", "00{}", "{}", "%2B{}?", "%39{}"])
def test_all_forms_are_one_number(client: httpx.Client, directory: Directory, form: str) -> None:
    digits = str(FIRST)[1:] if form.startswith("%39") else str(FIRST)
    code, said = check(client, form.format(digits))
    wanted = redress_id(directory.redress_key(), "blocked", f"+{FIRST}")
    assert (code, said) == (
        200,
        {"verdict": "fail", "evidence": "listed", "action": "block", "id": wanted, "ttl_s": 2},
    )


def test_each_kind_has_its_verdict(client: httpx.Client, directory: Directory) -> None:
    said = {number: check(client, f"+{FIRST + number}")[1] for number in (0, 1, 2, 3, 12, 20)}
    short = {number: (each["verdict"], each["evidence"], each["action"]) for number, each in said.items()}
    fail, nothing = ("fail", "listed", "block"), ("unknown", "none", "allow")
    assert short == {0: fail, 1: ("pass", "listed", "allow"), 2: fail, 3: nothing, 12: fail, 20: nothing}
    assert said[12]["id"] == redress_id(directory.redress_key(), "unallocated", f"+{FIRST + 10}-+{FIRST + 19}")
    assert said[20]["id"] == ""


@pytest.mark.parametrize(
    "text", ["", "abc", "112", "+60abc1234", "anonymous", "+0123456", "1" * 16, "%00", "%ff%fe", "+60%20123456"]
)
def test_what_is_no_number_is_refused_as_a_problem(client: httpx.Client, text: str) -> None:
    said = client.get(f"/telco/v1/check/{text}")
    assert said.status_code == 400
    assert said.headers["content-type"] == "application/problem+json"
    assert "E.164" in said.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/", 404),
        ("GET", "/telco/v1/checks/+99960000", 404),
        ("GET", "/telco/v1/check", 405),
        ("PUT", "/telco/v1/check/+99960000", 405),
        ("POST", "/healthz", 405),
        ("GET", "/telco/v1/check/+99960000?trunk=sideways", 422),
        ("GET", "/telco/v1/check/+99960000?truck=international", 422),
        ("GET", "/telco/v1/check/+99960000?b=1&b=2", 422),
        ("GET", "/telco/v1/check/abc?trunk=domestic", 400),
        ("GET", "/telco/v1/counters?since=yesterday", 400),
    ],
)
def test_other_addresses_and_methods(client: httpx.Client, method: str, path: str, code: int) -> None:
    said = client.request(method, path)
    assert said.status_code == code
    assert said.json()["status"] == code
    assert (code == 405) == ("allow" in said.headers)
    assert (code == 404) == ("/healthz" in said.json().get("do", ""))


@pytest.mark.parametrize("more", ["", "x: y\r\n", "connection: close\r\n", "Content-Length: 0\r\n"])
@pytest.mark.parametrize("number", [FIRST, FIRST + 1, FIRST + 2, FIRST + 3, FIRST + 12, FIRST + 20])
def test_the_short_way_and_the_long_way_say_the_same(directory: Directory, number: int, more: str) -> None:
    standing = Standing.open(directory.path)
    verdicts = Verdicts(standing, action="withhold-cli")
    routes = Routes(verdicts, dict)
    said = encode(verdicts.listed(number))
    assert routes.answer(b"GET", PREFIX + b"+%d" % number, b"") == Answer(200, said)
    assert verdicts.listed_json_many([number, number]) == [said[1:], said[1:]]
    head = b"GET /telco/v1/check/+%d HTTP/1.1\r\nhost: x\r\n%b\r\n" % (number, more.encode())
    asked = routes.plain.fullmatch(head)
    if more in ("", "x: y\r\n"):
        assert asked is not None
        assert routes.quick(asked) == plain_200(said)
    else:
        assert asked is None
    kinds = {row.kind: row.count for row in verdicts.counters.rows()}
    assert sum(kinds.values()) == (5 if asked else 4)
    assert len(kinds) == 1


@pytest.mark.parametrize(
    "head",
    [
        "GET /telco/v1/check/+99960000 HTTP/1.1\r\nbad line\r\n\r\n",
        "GET /telco/v1/check/+99960000 HTTP/1.1\r\nx: y\r\n folded: z\r\n\r\n",
        "GET /telco/v1/check/+99960000 HTTP/1.1\r\nx: y\n\r\n",
        "GET /telco/v1/check/+99960000 HTTP/1.1\r\nx: \0\r\n\r\n",
        "GET /telco/v1/check/+99960000 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
        "GET /telco/v1/check/+99960000 HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n",
        "GET /telco/v1/check/+99960000 HTTP/1.0\r\n\r\n",
        "GET /telco/v1/check/+99960000 HTTP/1.1\r\n\r\nGET",
        "GET /telco/v1/check/+9996000000000000 HTTP/1.1\r\n\r\n",
        "GET /telco/v1/check/+99960000?b=1 HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_not_plain_goes_to_the_parser(head: str) -> None:
    assert Routes.plain.fullmatch(head.encode("latin-1")) is None


def test_a_trunk_may_be_named(client: httpx.Client) -> None:
    said = client.get(f"/telco/v1/check/+{FIRST}?trunk=international&b=+99970000&reference=call-0001")
    assert (said.status_code, said.json()["action"]) == (200, "block")


def test_many_numbers_come_back_in_order(client: httpx.Client) -> None:
    asked = [f"+{FIRST}", "letters", f"00{FIRST + 1}", f"{FIRST + 50}", '"\n\u202e', f"+{FIRST}"] * 100
    said = client.post("/telco/v1/check", json={"numbers": asked})
    assert said.status_code == 200
    answers = said.json()
    assert len(answers) == 600
    assert [each.get("action") for each in answers[:6]] == ["block", None, "allow", "allow", None, "block"]
    assert [each["number"] for each in answers[:4]] == [f"+{FIRST}", "letters", f"+{FIRST + 1}", f"+{FIRST + 50}"]
    assert "E.164" in answers[1]["error"]
    single = check(client, f"+{FIRST}")[1]
    assert answers[0] == {"number": f"+{FIRST}", **single}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"numbers": "+99960000"}', 400),
        (b'{"numbers": [1]}', 400),
        (b'{"numbers": ["' + b"1" * 300 + b'"]}', 400),
        (b'{"numbers": [], "more": 1}', 400),
        (b'{"numbers": ["\xff"]}', 400),
        (b"[" * 100_000, 400),
        (json.dumps({"numbers": ["+99960000"] * (MOST_NUMBERS + 1)}).encode(), 413),
        (b" " * 1_048_577, 413),
    ],
)
def test_bodies_that_cannot_be_taken(client: httpx.Client, body: bytes, code: int) -> None:
    said = client.post("/telco/v1/check", content=body)
    assert said.status_code == code
    assert said.json()["status"] == code
    assert client.post("/telco/v1/check", json={"numbers": []}).json() == []


@settings(max_examples=300)
@given(st.binary(max_size=30), st.binary(max_size=30), st.sampled_from([b"GET", b"POST", b"HEAD", b"PUT"]))
def test_nothing_that_is_asked_is_a_fault(directory: Directory, target: bytes, body: bytes, method: bytes) -> None:
    standing = Standing.open(directory.path)
    routes = Routes(Verdicts(standing), dict)
    for start in (b"", CHECK, PREFIX, PREFIX + b"+99960000?", COUNTERS + b"?since="):
        said = routes.answer(method, start + target, body)
        answer = said if isinstance(said, Answer) else asyncio.run(_awaited(said))
        assert answer.status in (200, 400, 404, 405, 413, 422), answer
        json.loads(answer.body)


async def _awaited(said: Awaitable[Answer]) -> Answer:
    return await said


def test_a_delta_is_in_force_within_a_second_and_nobody_waits_for_it(
    client: httpx.Client, directory: Directory
) -> None:
    number = f"+{FIRST + 70}"
    assert check(client, number)[1]["action"] == "allow"
    for change, wanted in (
        (Change(number, "blocked", "X", "r", LATE), "block"),
        (Change(number, "blocked", "X", withdraw=True), "allow"),
    ):
        snapshot, _ = directory.open(clock=lambda: 100.0)
        directory.put_delta(snapshot, making.blob(snapshot, change), making.PUBLISHER)
        asyncio.run(_until(lambda: check(client, number)[1]["action"], wanted))
    assert client.get("/healthz").json()["list"]["version"] == 2


async def _until(said: Callable[[], str], wanted: str) -> None:
    async with asyncio.timeout(5):
        while said() != wanted:
            await asyncio.sleep(0.01)


def test_health_and_counts_hold_no_number(client: httpx.Client) -> None:
    health, counts = client.get("/healthz"), client.get("/telco/v1/counters")
    assert health.json()["status"] == "old list", "the test's list was made in 1970"
    assert health.json()["list"]["entries"] == len(ENTRIES)
    rows = counts.json()
    assert {"blocked", "protected", "none"} <= {row["kind"] for row in rows}
    assert sum(row["count"] for row in rows) == health.json()["verdicts"]
    assert str(FIRST)[:5] not in health.text + counts.text
    assert client.get("/telco/v1/counters?since=99999999999").json() == []


def test_connections_leave_descriptors_for_the_lists_files() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        assert 256 - RESERVED < most_connections() <= MOST_CONNECTIONS
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 256
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(resource, "getrlimit", lambda _which: (256, 256))
            assert most_connections() == 256 - RESERVED
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_health_says_how_each_operator_does_where_any_is_asked(directory: Directory) -> None:
    standing = Standing.open(directory.path)
    assert "operators" not in Server(Verdicts(standing), standing).health()
    said = Server(Verdicts(standing), standing, None, {"XATL": Told(asked=2, last_error="x")}).health()
    assert msgspec.to_builtins(said)["operators"] == {
        "XATL": {"asked": 2, "answered": 0, "open": False, "last_error": "x"}
    }
