"""API clients ask a running operator at CAMARA's addresses over real sockets: from its feeds, within a gateway's limits."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from tests.unit.telco.home.operators import (
    ABROAD,
    AT_HOME,
    CANARY,
    DESK_TOKEN,
    LAST,
    SECRET,
    UNUSED,
    change,
    listeners,
    operator_in,
    question,
)

from lintas.cli.main import lintas
from lintas.gateway.camara.home import offered
from lintas.gateway.operator.feeding import feeding
from lintas.gateway.operator.operator import Operator, read_settings
from lintas.http.listeners import Listeners
from lintas.interop.camara.scopes import SCOPES
from lintas.model.errors import BadInput
from lintas.telco.home.records import Gateway

DOORS = """
sims_since = "2020-01-01T00:00:00Z"
[desk]
[camara]
[[gateways]]
name = "gw1"
[[feeds]]
name = "network"
kind = "lines"
path = "network.csv"
"""
ROAMING, SWAP, RECYCLED = "/device-roaming-status/v1/retrieve", "/sim-swap/v2/check", "/number-recycling/v0.2/check"
SCOPE = "dpv:FraudPreventionAndDetection device-roaming-status:read sim-swap:check number-recycling:check"


class Hands:
    """A clock whose hands can be put on."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def operator(tmp_path: Path) -> Iterator[Operator]:
    made = operator_in(tmp_path, DOORS)
    made.keeper.close()
    yield (again := Operator(made.settings, tmp_path, Hands()))
    again.keeper.close()


def write(operator: Operator) -> None:
    """Let the feed tell the numbers of this file, one abroad, one with a new SIM; and in what country, which is dropped."""
    now = int(time.time())
    lines = [f"assigned,+{each},{now - 90 * 86_400}" for each in (AT_HOME, ABROAD, SECRET)]
    lines += [f"sim,+{AT_HOME},{now - 7200}", f"abroad,+{SECRET},{now - 60}"]
    lines += [f'{{"what": "abroad", "number": "+{ABROAD}", "at": "{now - 60}", "countryCode": 901}}']
    (operator.root / "network.csv").write_text("\n".join(lines) + "\n")


class Client:
    """An API client that the command admitted."""

    def __init__(self, operator: Operator, http: httpx.AsyncClient) -> None:
        self._http = http
        scopes = [word for scope in sorted(SCOPES) for word in ("--scope", scope)]
        config = ["--config", str(operator.root / "operator.toml"), "--name", "XAFB", "--disclose-country"]
        done = CliRunner().invoke(lintas, ["telco", "client", "add", *config, *scopes])
        assert done.exit_code == 0, done.output
        self.id, self._secret = (line.split()[1] for line in done.stdout.splitlines())

    async def token(self) -> None:
        form = {"grant_type": "client_credentials", "scope": SCOPE}
        said = await self._http.post("/oauth2/token", data=form, auth=(self.id, self._secret))
        self._http.headers["authorization"] = f"Bearer {said.json()['access_token']}"

    async def ask(self, path: str, number: int, **more: object) -> httpx.Response:
        whom = {"phoneNumber": f"+{number}"}
        body = {"device": whom} if path == ROAMING else whom
        return await self._http.post(path, json=body | more, headers={"x-correlator": "same"})


@asynccontextmanager
async def opened(operator: Operator) -> AsyncIterator[tuple[Client, Listeners]]:
    async with Listeners(listeners(operator)) as doors, httpx.AsyncClient(base_url=doors.urls["camara"]) as http:
        client = Client(operator, http)
        await client.token()
        yield client, doors


def test_client_is_told_what_the_feed_told(operator: Operator) -> None:
    write(operator)

    async def play() -> None:
        async with feeding(operator), opened(operator) as (client, _):
            async with asyncio.timeout(10):
                while not operator.keeper.heard:
                    await asyncio.sleep(0.05)
            roams = await client.ask(ROAMING, ABROAD)
            assert roams.json()["roaming"] is True
            assert "country" not in roams.text
            home = (await client.ask(ROAMING, AT_HOME)).json()
            assert home == roams.json() | {"roaming": False}, "the time is the table's, and nobody's own"
            assert datetime.fromisoformat(home["lastStatusTime"]).minute % 15 == 0
            assert (await client.ask(SWAP, AT_HOME, maxAge=3)).json() == {"swapped": True}
            assert (await client.ask(SWAP, AT_HOME, maxAge=1)).json() == {"swapped": False}
            assert (await client.ask(SWAP, ABROAD)).json() == {"swapped": False}
            day = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()
            assert (await client.ask(RECYCLED, ABROAD, specifiedDate=day)).json() == {"phoneNumberRecycled": False}
            nobody = [await client.ask(ROAMING, each) for each in (UNUSED, SECRET, LAST + 1)]
            assert {(each.status_code, each.content) for each in nobody} == {(404, nobody[0].content)}

    asyncio.run(play())


def test_table_of_a_silent_feed_answers_nothing_as_if_it_were_now(operator: Operator) -> None:
    async def all_told(client: Client, number: int = ABROAD) -> list[int]:
        asked = [(ROAMING, {}), (SWAP, {}), (RECYCLED, {"specifiedDate": "2026-01-01"})]
        return [(await client.ask(path, number, **more)).status_code for path, more in asked]

    async def tell(*changes: object) -> None:
        await operator.keeper.take("network", changes)  # type: ignore[arg-type]

    async def play() -> None:
        hands = operator.clock
        assert isinstance(hands, Hands)
        async with opened(operator) as (client, _):
            assert await all_told(client, SECRET) == [503] * 3, "nothing was heard yet"
            at = time.time()
            await tell(change("assigned", ABROAD, at - 9 * 86_400), change("abroad", ABROAD, at - 3600))
            hands.ahead = timedelta(minutes=2)
            assert await all_told(client, UNUSED) == [503] * 3, "what came now is of an hour ago"
            await tell(change("home", AT_HOME, at + 120))
            hands.ahead = timedelta(minutes=16)
            await client.token()
            assert await all_told(client) == [200] * 3
            hands.ahead = timedelta(minutes=18)
            await tell(change("abroad", LAST + 1, at + 18 * 60), change("abroad", ABROAD, at + 3600))
            assert (await client.ask(ROAMING, ABROAD)).status_code == 503, "another's number, a clock that is wrong"

    asyncio.run(play())


def test_harvesting_client_is_stopped_like_a_gateway_and_seen_at_the_desk(operator: Operator) -> None:
    async def play() -> None:
        async with opened(operator) as (client, doors):
            now = time.time()
            told = [change("assigned", AT_HOME, now - 86_400), change("home", AT_HOME, now)]
            await operator.keeper.take("network", told)
            assert (await client.ask(ROAMING, AT_HOME)).status_code == 200
            for n in range(3):
                said = await client.ask(SWAP, CANARY + 10 * n)
                assert (said.status_code, said.json()["code"]) == (429, "TOO_MANY_REQUESTS")
            assert (await client.ask(ROAMING, AT_HOME)).status_code == 429
            other = operator.checks.answer(Gateway(name="gw1"), question(AT_HOME))
            assert other.verdict == "fail", "a gateway goes on"
            async with httpx.AsyncClient(base_url=doors.urls["desk"]) as desk:
                assert (await desk.post(f"/telco/v1/alarms/{client.id}/lift")).status_code == 404
                desk.headers["authorization"] = f"Bearer {DESK_TOKEN}"
                (alarm,) = (await desk.get("/telco/v1/alarms")).json()["alarms"]
                assert (alarm["gateway"], alarm["kind"]) == (client.id, "canary")
                lifted = await desk.post(f"/telco/v1/alarms/{client.id}/lift")
                assert lifted.json() == {"lifted": True}
            assert (await client.ask(ROAMING, AT_HOME)).status_code == 200

    asyncio.run(play())


FEED = '[camara]\n[[feeds]]\nname = "f"\nkind = "%s"\n'


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (FEED % "lines", {"device-roaming-status", "number-recycling"}),
        (
            'sims_since = "2026-01-01T00:00:00Z"\n' + FEED % "nats",
            {"device-roaming-status", "number-recycling", "sim-swap"},
        ),
        ('sims_since = "2026-01-01T00:00:00Z"\n' + FEED % "simulator", {"device-roaming-status", "number-recycling"}),
        ('camara_apis = ["number-recycling"]\n' + FEED % "lines", {"number-recycling"}),
        ('camara_apis = ["sim-swap"]\n' + FEED % "lines", "nothing feeds sim-swap"),
        ("[camara]\n", "no feed tells"),
        (FEED % "camara", "no feed tells"),
        (FEED % "lines" + "silent_s = 0\n", "taken for dead"),
    ],
)
def test_offered_is_only_what_is_fed(tmp_path: Path, more: str, found: set[str] | str) -> None:
    path = tmp_path / "operator.toml"
    path.write_text(f'operator = "XATL"\ndata = "t"\nranges = []\nkey = "k"\nexercise = true\n{more}')
    settings = read_settings(path)
    if isinstance(found, set):
        assert offered(settings) == found
    else:
        with pytest.raises(BadInput, match=found):
            offered(settings)
