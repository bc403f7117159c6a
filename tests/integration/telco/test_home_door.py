"""Gateways ask a running operator over real sockets: by certificate, within limits, with answers that all look alike."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import msgspec
import pytest
from tests.unit.telco.home.operators import (
    ABROAD,
    AT_HOME,
    CANARY,
    DESK_TOKEN,
    FIRST,
    LAST,
    SECRET,
    UNUSED,
    B,
    change,
    fill,
    listeners,
    operator_in,
    question,
    respondent,
)

from lintas.gateway.asking.asker import Asker
from lintas.gateway.asking.carrier import HttpCarrier
from lintas.gateway.asking.directory import Directory, Respondent
from lintas.gateway.operator.operator import Operator
from lintas.http.listeners import Listeners
from lintas.model.errors import Refused
from lintas.node.tls import trusting
from lintas.telco.home.rules import b_hash
from lintas.trust.keys import Ed25519Signer

DOORS = """
calls = "complete"
[door]
certificate = "door.pem"
key = "door.pem.key"
[plain]
[desk]
[[gateways]]
name = "gw1"
certificate = "gateway.pem"
[[gateways]]
name = "abroad"
domestic = false
[[feeds]]
name = "network"
kind = "camara"
token_file = "desk.token"
"""
PREFIX = "org.camaraproject.device-roaming-status-subscriptions.v0."


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    made = operator_in(tmp_path, DOORS)
    yield made
    made.keeper.close()


@asynccontextmanager
async def opened(operator: Operator) -> AsyncIterator[Listeners]:
    await fill(operator, time.time())
    async with Listeners(listeners(operator)) as doors:
        yield doors


@asynccontextmanager
async def asking(operator: Operator, url: str, *, tls: str = "") -> AsyncIterator[Asker]:
    certificate = (operator.root / "door.pem").read_text() if tls else ""
    shown = (operator.root / f"{tls}.pem", operator.root / f"{tls}.pem.key") if tls else (None, None)
    to = respondent(operator, url, certificate)
    asker = Asker(Directory([to], [(FIRST, LAST, "XATL")]), HttpCarrier(*shown))
    try:
        yield asker
    finally:
        await asker.close()


def test_gateway_is_answered_by_its_certificate(operator: Operator) -> None:
    async def play() -> None:
        async with opened(operator) as doors, asking(operator, doors.urls["gateways"], tls="gateway") as asker:
            said = {number: await asker.ask(question(number)) for number in (ABROAD, AT_HOME, UNUSED, SECRET)}
        found = {number: (each.verdict, each.evidence) for number, each in said.items() if each}
        assert found == {
            ABROAD: ("pass", "registered-abroad"),
            AT_HOME: ("fail", "registered-abroad"),
            UNUSED: ("fail", "assigned"),
            SECRET: ("unknown", "none"),
        }

    asyncio.run(play())


def test_stranger_gets_no_answer_and_is_counted(operator: Operator, caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        async with opened(operator) as doors, asking(operator, doors.urls["gateways"], tls="stranger") as asker:
            assert await asker.ask(question(ABROAD)) is None
            assert asker.counts["failed"] == 1
            assert "gateway's certificate" in asker.told["XATL"].last_error
            context = trusting((operator.root / "door.pem").read_text())
            async with httpx.AsyncClient(base_url=doors.urls["gateways"], verify=context, trust_env=False) as nobody:
                for _ in range(2):
                    with pytest.raises(httpx.HTTPError):
                        await nobody.post("/telco/v1/cli-check", content=b"{}")
        assert operator.turned_away.counts == {
            "it showed a certificate that is not among those in the settings": 1,
            "it showed no certificate": 2,
        }

    asyncio.run(play())
    told = [each for each in caplog.records if each.getMessage() == "a caller was not admitted"]
    assert [vars(each)["listener"] for each in told] == ["gateways"] * 2, "each reason once a minute"


def test_call_in_progress_is_told_by_the_called_number(operator: Operator) -> None:
    async def play() -> None:
        async with opened(operator) as doors, asking(operator, doors.urls["plain"]) as asker:
            await operator.keeper.take("test", [change("calls", AT_HOME, time.time(), B)])
            right = await asker.ask(question(AT_HOME, b=b_hash("reference-1", B)))
            wrong = await asker.ask(question(AT_HOME, b=b_hash("reference-2", B + 1), ref="reference-2"))
            assert right and (right.verdict, right.evidence) == ("pass", "on-call")
            assert wrong and (wrong.verdict, wrong.evidence) == ("fail", "on-call")

    asyncio.run(play())


def test_answers_have_one_size_and_are_signed(operator: Operator) -> None:
    async def play() -> set[int]:
        sizes = set()
        async with opened(operator) as doors, httpx.AsyncClient(base_url=doors.urls["plain"]) as client:
            for number in (ABROAD, AT_HOME, UNUSED, SECRET, CANARY, LAST + 1):
                body = msgspec.json.encode(question(number))
                for name in ("gw1", "abroad"):
                    said = await client.post("/telco/v1/cli-check", content=body, headers={"lintas-gateway": name})
                    sizes.add(sum(len(f"{key}{value}") for key, value in said.headers.items()) + len(said.content))
                    assert said.status_code == 200
            bad = await client.post("/telco/v1/cli-check", content=b"{}", headers={"lintas-gateway": "gw1"})
            none = await client.post("/telco/v1/cli-check", content=b"{}", headers={"lintas-gateway": "nobody"})
            assert (bad.status_code, none.status_code) == (422, 403)
        return sizes

    assert len(asyncio.run(play())) == 1


def test_answer_of_another_key_is_no_answer(operator: Operator) -> None:
    async def play() -> None:
        async with opened(operator) as doors:
            to = respondent(operator, doors.urls["plain"])
            liar = msgspec.structs.replace(to, key=Ed25519Signer.generate("XATL").public)
            carrier = HttpCarrier()
            with pytest.raises(Refused):
                await carrier.carry(liar, question(ABROAD))
            await carrier.close()

    asyncio.run(play())


def test_desk_shows_alarms_without_numbers_to_its_token(operator: Operator) -> None:
    async def play() -> None:
        async with opened(operator) as doors, asking(operator, doors.urls["plain"]) as asker:
            for n in range(3):
                await asker.ask(question(CANARY + 10 * n))
            stopped = await asker.ask(question(ABROAD))
            assert stopped and stopped.verdict == "unknown"
            async with httpx.AsyncClient(base_url=doors.urls["desk"]) as client:
                assert (await client.get("/telco/v1/alarms")).status_code == 401
                client.headers["authorization"] = f"Bearer {DESK_TOKEN}"
                shown = await client.get("/telco/v1/alarms")
                counts = await client.get("/telco/v1/counts")
                lifted = await client.post("/telco/v1/alarms/gw1/lift")
                assert lifted.json() == {"lifted": True} and lifted.status_code == 200
                after = await asker.ask(question(ABROAD, ref="reference-2", b=""))
                assert after and after.verdict == "unknown", "kept for seconds"
                asker.purge(ABROAD)
                assert (await asker.ask(question(ABROAD))).verdict == "pass"  # type: ignore[union-attr]
                for n in range(3):
                    asker.purge(CANARY + 10 * n)
                    await asker.ask(question(CANARY + 10 * n))
            (alarm,) = shown.json()["alarms"]
            assert (alarm["gateway"], alarm["kind"], alarm["count"]) == ("gw1", "canary", 3)
            assert alarm["until"] > alarm["since"]
            assert "999100" not in shown.text + counts.text
            assert counts.json()["not_admitted"] == {}

    asyncio.run(play())
    again = operator_in_place(operator)
    assert again.checks.alarms.stopped("gw1"), "a restart must not let it go on"
    again.keeper.close()


def operator_in_place(operator: Operator) -> Operator:
    return Operator(operator.settings, operator.root)


def test_camara_events_change_what_is_answered(operator: Operator) -> None:
    async def play() -> None:
        async with opened(operator) as doors, asking(operator, doors.urls["plain"]) as asker:
            before = await asker.ask(question(AT_HOME))
            event = cloud_event("roaming-on", AT_HOME, countryCode=262, countryName=["DE"])
            async with httpx.AsyncClient(base_url=doors.urls["desk"]) as client:
                refused = await client.post("/telco/v1/feeds/network", content=event)
                client.headers["authorization"] = f"Bearer {DESK_TOKEN}"
                taken = await client.post("/telco/v1/feeds/network", content=event)
                bad = await client.post("/telco/v1/feeds/network", content=b'{"specversion": "1.0"}')
            asker.purge(AT_HOME)
            after = await asker.ask(question(AT_HOME))
            assert (refused.status_code, taken.status_code, bad.status_code) == (401, 204, 422)
            assert before and after and (before.verdict, after.verdict) == ("fail", "pass")
            assert operator.keeper.counted()["network"] == {"malformed": 1, "taken": 1}

    asyncio.run(play())


def cloud_event(kind: str, number: int, **data: object) -> bytes:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    said = {
        "id": "1",
        "source": "https://network.xa.example",
        "specversion": "1.0",
        "type": PREFIX + kind,
        "time": at,
        "data": {"subscriptionId": "s1", "device": {"phoneNumber": f"+{number}"}, **data},
    }
    return msgspec.json.encode(said)


def test_operator_that_hangs_costs_a_deadline_and_nobody_else_anything(operator: Operator) -> None:
    """A socket that takes questions and never answers, as a stopped process does."""

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(4096):
                pass
        writer.close()

    async def play() -> None:
        silent = await asyncio.start_server(hang, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
        async with opened(operator) as doors:
            good, hung = respondent(operator, doors.urls["plain"]), Respondent(name="XBTL", url=url)
            directory = Directory([good, hung], [(FIRST, LAST, "XATL"), (LAST + 1, LAST + 1000, "XBTL")])
            asker = Asker(directory, HttpCarrier())
            loop = asyncio.get_running_loop()
            began = loop.time()
            crowd = [asker.ask(question(LAST + 1 + n)) for n in range(100)]
            *none, answer = await asyncio.gather(*crowd, asker.ask(question(ABROAD)))
            assert none == [None] * 100 and answer is not None
            assert loop.time() - began < 2 and asker.is_open("XBTL")
            asked = asker.counts["late"]
            assert [await asker.ask(question(LAST + 200 + n)) for n in range(50)] == [None] * 50
            assert asker.counts["late"] == asked, "nobody is asked while the breaker is open"
            await asker.close()
        silent.close()
        await asyncio.sleep(0.05)

    asyncio.run(play())


def test_door_wants_a_certificate(operator: Operator) -> None:
    async def play() -> None:
        async with opened(operator) as doors:
            context = ssl.create_default_context(cafile=str(operator.root / "door.pem"))
            async with httpx.AsyncClient(verify=context) as client:
                with pytest.raises(httpx.HTTPError):
                    await client.post(doors.urls["gateways"] + "/telco/v1/cli-check", content=b"{}")

    asyncio.run(play())
