"""A gateway in XA asks about a number of XB: through its own node, the peers' door of XB, to XB's operator, over sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.integration.engines import Fresh
from tests.integration.town import XA, XB, Desk, Town, keys_of
from tests.unit.telco.home.operators import (
    ABROAD,
    AT_HOME,
    CANARY,
    DESK_TOKEN,
    FIRST,
    LAST,
    UNUSED,
    B,
    change,
    fill,
    listeners,
    operator_in,
    question,
    respondent,
)

from lintas.access import keys
from lintas.api.app import public_app
from lintas.api.exchange import exchange_app
from lintas.console import pages
from lintas.gateway.asking.asker import Asker
from lintas.gateway.asking.carrier import HttpCarrier
from lintas.gateway.asking.directory import Directory, Respondent
from lintas.gateway.asking.directory_file import read_directory
from lintas.gateway.asking.peers import PeerDirectory, bind
from lintas.gateway.operator.operator import MOST_PEERS, Operator
from lintas.http.listeners import Listener, Listeners
from lintas.ledger.records import Entry, decode
from lintas.model.errors import BadInput
from lintas.node.config import Config, Home
from lintas.node.runtime import Runtime
from lintas.telco.calls_abroad import Batch, commitment
from lintas.telco.home.rules import b_hash
from lintas.telco.records import CliAnswer, CliQuestion

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
# Nobody told this operator that the node is no gateway of its own country: the node must not rely on it.
DOORS = """
calls = "partial"
[plain]
[[gateways]]
name = "gw1"
"""
RELAYED = """
[plain]
[desk]
[[gateways]]
name = "gw1"
[[gateways]]
name = "node"
relays = true
per_second = 250.0
"""


class Scene(NamedTuple):
    """XA and XB as running nodes, and an operator of XB."""

    town: Town
    xa: Runtime
    xb: Runtime
    operator: Operator


@pytest.fixture
def scene(tmp_path: Path, fresh: Fresh) -> Iterator[Scene]:
    town = Town(_made(tmp_path / "town"), fresh)
    (tmp_path / "op").mkdir()
    operator = operator_in(tmp_path / "op", DOORS)
    xa, xb = _runtime(town.xa, tmp_path), _runtime(town.xb, tmp_path)
    yield Scene(town, xa, xb, operator)
    for node in (xa, xb):
        node.writer.close()
    operator.keeper.close()
    town.close()


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _runtime(desk: Desk, root: Path) -> Runtime:
    where = root / desk.authority
    where.mkdir()
    name = desk.authority
    origin = f"{name}.lintas.example/log"
    config = Config(authority=name, jurisdiction=name[:2].upper(), name=name, contact="d@example", ledger_origin=origin)
    return Runtime(Home(config, where), desk.node)


def _shown_by(authority: str, app: App) -> App:
    """Let a plain door see the certificate that a member's TLS connection would show."""
    pem = keys_of(authority).member.tls_certificate
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)

    async def door(scope: dict[str, Any], receive: Any, send: Any) -> None:  # noqa: ANN401 — ASGI's own
        await app({**scope, "state": {"peer_certificate": der}}, receive, send)

    return door


@asynccontextmanager
async def connected(scene: Scene, who: str = XA) -> AsyncIterator[tuple[Asker, Listeners]]:
    """Open everybody's doors; gives the asker of a gateway of XA."""
    await fill(scene.operator, time.time())
    public = public_app(scene.xa, pages.ROUTES, pages.PAGES)
    doors = [
        *listeners(scene.operator),
        Listener(name="public", host="127.0.0.1", port=0, app=public),
        Listener(name="peers", host="127.0.0.1", port=0, app=_shown_by(who, exchange_app(scene.xb))),
    ]
    async with Listeners(doors) as opened:
        named = {"name": "Gateway", "role": "telco", "organisation": "XA-TEL"}
        desk = scene.town.xa
        token = desk.do(lambda tx: keys.issue(tx, desk.node.parts.ids, at=desk.clock.now(), **named))
        asked = (("authorization", f"Bearer {token}"),)
        node = Respondent(name="node", url=opened.urls["public"], path="/api/v1/telco/cli-check", headers=asked)
        abroad = Respondent(name=XB, url=opened.urls["peers"], path="/exchange/v1/cli-check")
        home = respondent(scene.operator, opened.urls["plain"])
        ours, theirs = scene.xa.node.calls_abroad, scene.xb.node.calls_abroad
        ours.callers = {str(FIRST)[:6]: XB}
        askers = [
            Asker(Directory([], [], abroad=node), HttpCarrier(), deadline_s=2),
            Asker(Directory([], [], abroad=abroad), HttpCarrier(), deadline_s=2),
            Asker(Directory([home], [(FIRST, LAST, home.name)]), HttpCarrier(), deadline_s=2),
        ]
        ours.peers, theirs.operators = askers[1], askers[2]
        try:
            yield askers[0], opened
        finally:
            for asker in askers:
                await asker.close()


async def _ask(asker: Asker, asked: CliQuestion) -> tuple[str, str]:
    answer = await asker.ask(asked)
    assert answer is not None, asker.counts
    return answer.verdict, answer.evidence


def test_origin_of_a_foreign_caller_is_told_and_never_where_it_is(scene: Scene) -> None:
    async def play() -> None:
        async with connected(scene) as (asker, _):
            assert await _ask(asker, question(UNUSED)) == ("fail", "assigned")
            assert await _ask(asker, question(AT_HOME)) == ("pass", "assigned")
            assert await _ask(asker, question(ABROAD)) == ("pass", "assigned"), "being abroad must not be told"
            await scene.operator.keeper.take("test", [change("calls", AT_HOME, time.time(), B)])
            strong = question(AT_HOME, b=b_hash("reference-9", B), ref="reference-9")
            assert await _ask(asker, strong) == ("pass", "on-call")
            nobody = msgspec.structs.replace(question(ABROAD), a="+888100000001")
            assert await _ask(asker, nobody) == ("unknown", "none")

    asyncio.run(play())


def test_counts_are_committed_in_one_entry_and_no_number_is_kept(scene: Scene) -> None:
    async def play() -> None:
        async with connected(scene) as (asker, _):
            for number in (UNUSED, AT_HOME, ABROAD):
                await asker.ask(question(number))
        for node in (scene.xa, scene.xb):
            before = len(await _entries(node))
            await node.seal_reads()
            await node.seal_reads()
            entries = (await _entries(node))[before:]
            (entry,) = [each for each in entries if each.type == "call_checks"]
            text = node.home.path("call_checks.jsonl").read_text()
            (batch,) = [msgspec.json.decode(line, type=Batch) for line in text.splitlines()]
            assert (entry.object, entry.commitment) == (batch.id, commitment(batch))
            assert "999100" not in text
            found = {(each.peer, each.way, each.outcome): each.count for each in batch.checks}
            other, way = (XB, "asked") if node is scene.xa else (XA, "answered")
            assert found == {(other, way, "pass"): 2, (other, way, "fail"): 1}

    asyncio.run(play())


async def _entries(node: Runtime) -> list[Entry]:
    ledger = node.node.ledger
    return [decode(each) for each in await node.read(lambda tx: ledger.entries(tx, 0, ledger.size(tx)))]


def test_table_that_says_no_is_asked_by_nobody(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        async with connected(scene) as (_, doors):
            table = scene.xb.node.judge.table
            monkeypatch.setattr(scene.xb.node.judge, "table", table.as_status("draft"))
            async with httpx.AsyncClient() as client:
                body = msgspec.json.encode(question(AT_HOME))
                said = await client.post(
                    doors.urls["peers"] + "/exchange/v1/cli-check",
                    content=body,
                    headers={"content-type": "application/json"},
                )
                kind = {"content-type": "application/json"}
                bad = await client.post(doors.urls["peers"] + "/exchange/v1/cli-check", content=b"{", headers=kind)
            assert (said.status_code, bad.status_code) == (403, 400), (said.text, bad.text)
            assert scene.xb.node.calls_abroad.counts[XA, "answered", "refused"] == 1
            assert not scene.operator.checks.counts

    asyncio.run(play())


def test_severed_peer_gets_no_answer(scene: Scene) -> None:
    async def play() -> None:
        async with connected(scene) as (asker, _):
            xb = scene.town.xb
            xb.do(lambda tx: xb.node.standings.quarantine(tx, XA, "Officer Dena Holt", "odd questions"))
            xb.do(lambda tx: xb.node.standings.sever(tx, XA, "Officer Dena Holt", "odd questions"))
            assert await _ask(asker, question(UNUSED)) == ("unknown", "none")
            assert scene.xa.node.calls_abroad.counts[XB, "asked", "unanswered"] == 1

    asyncio.run(play())


def test_peer_that_asks_through_a_range_hears_nothing_more(scene: Scene) -> None:
    async def play() -> tuple[set[str], CliAnswer]:
        await fill(scene.operator, time.time())
        theirs = scene.xb.node.calls_abroad

        class Says:
            async def ask(self, _: CliQuestion, on_behalf: str = "") -> CliAnswer:
                return CliAnswer(verdict="pass", evidence="assigned", ttl_s=60, id="x")

        theirs.operators = Says()
        answers = await asyncio.gather(*(theirs.answer(question(FIRST + n), XA) for n in range(200)))
        return {each.verdict for each in answers[100:]}, await theirs.answer(question(LAST - 7), XA)

    heard, elsewhere = asyncio.run(play())
    assert heard == {"unknown"}
    assert elsewhere.verdict == "unknown", "it is stopped"
    assert scene.xb.node.calls_abroad.counts[XA, "answered", "limited_range"] > 100


def test_operator_stops_the_peer_that_harvests_and_not_the_node(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "relayed").mkdir()
    operator = operator_in(tmp_path / "relayed", RELAYED)
    theirs = scene.xb.node.calls_abroad

    async def play() -> None:
        await fill(operator, time.time())
        async with Listeners(listeners(operator)) as doors:
            kept = respondent(operator, doors.urls["plain"])
            home = msgspec.structs.replace(kept, headers=(("lintas-gateway", "node"),))
            asker = Asker(Directory([home], [(FIRST, LAST, home.name)]), HttpCarrier(), deadline_s=2)
            theirs.operators = asker
            for n in range(3):
                await theirs.answer(question(CANARY + 10 * n), XA)
            assert (await theirs.answer(question(UNUSED), XA)).verdict == "unknown"
            other = await asker.ask(question(UNUSED, trunk="domestic"), "xc-asc")
            assert other is not None and other.verdict == "fail", (
                "what another peer was refused is not said to this one"
            )
            stops = {(each.gateway, bool(each.until)) for each in operator.checks.alarms.listed()}
            assert stops == {(f"node/{XA}", True)}
            headers = {"authorization": f"Bearer {DESK_TOKEN}"}
            async with httpx.AsyncClient(base_url=doors.urls["desk"], headers=headers) as desk:
                lifted = await desk.post(f"/telco/v1/alarms/node/{XA}/lift")
            assert lifted.json() == {"lifted": True}
            assert (await theirs.answer(question(ABROAD), XA)).evidence == "assigned"
            await asker.close()

    try:
        asyncio.run(play())
    finally:
        operator.keeper.close()


def test_only_a_node_is_believed_whom_it_asks_for_and_only_for_so_many(tmp_path: Path) -> None:
    operator = operator_in(tmp_path, RELAYED)
    node, gateway = operator.by_name["node"], operator.by_name["gw1"]
    assert operator.asking(gateway, "xb-asc") is gateway
    assert operator.asking(node, "") is operator.asking(node, "xb/asc") is node
    asks = [operator.asking(node, f"x{n}") for n in range(MOST_PEERS)]
    assert {each.name for each in asks} == {f"node/x{n}" for n in range(MOST_PEERS)}
    assert not any(each.domestic for each in asks)
    assert operator.asking(node, "one-more") is node
    assert operator.asking(node, "x0") is asks[0]
    operator.keeper.close()


def test_node_that_relays_may_ask_as_much_as_its_peers_together(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="less than its peers"):
        operator_in(tmp_path, RELAYED.replace("250", "100"))


def test_organisation_that_asks_through_a_range_abroad_is_stopped_and_no_other(scene: Scene) -> None:
    ours, theirs = scene.xa.node.calls_abroad, scene.xb.node.calls_abroad
    sent: list[str] = []

    class Says:
        async def ask(self, asked: CliQuestion, on_behalf: str = "") -> CliAnswer:
            sent.append(asked.a)
            return CliAnswer(verdict="pass", evidence="assigned", ttl_s=60, id="x")

    class Peers:
        async def ask(self, asked: CliQuestion, on_behalf: str = "") -> CliAnswer:
            return await theirs.answer(asked, XA)

    async def play() -> CliAnswer:
        ours.callers, ours.peers, theirs.operators = {str(FIRST)[:6]: XB}, Peers(), Says()
        for n in range(70):
            await ours.ask(question(FIRST + n), "XABAD")
        return await ours.ask(question(LAST - 7), "XAGOOD")

    assert asyncio.run(play()).verdict == "pass"
    assert len(sent) < 30
    assert ours.counts[XB, "asked", "limited_range"] > 0


def test_directory_file_says_who_answers(tmp_path: Path) -> None:
    key = "A" * 43 + "="
    (tmp_path / "ported.csv").write_text("+99910000005,XBTL\n")
    (tmp_path / "operators.toml").write_text(f"""
ported = "ported.csv"
[[operators]]
code = "XATL"
url = "https://xatl.example:9443/"
key = "{key}"
ranges = ["+99910000000-+99910999999"]
[[operators]]
code = "XBTL"
url = "https://xbtl.example:9443"
key = "{key}"
ranges = ["+99911000000-+99911999999"]
[[callers]]
prefix = "+9992"
authority = "xb-asc"
""")
    said = read_directory(tmp_path / "operators.toml")
    found = [said.directory.find(number) for number in (99_910_000_004, 99_910_000_005, 99_912_000_000)]
    assert [each and each.name for each in found] == ["XATL", "XBTL", None]
    assert said.callers == {"9992": "xb-asc"}


def test_node_is_bound_by_its_settings(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "operators.toml").write_text('[[callers]]\nprefix = "+9992"\nauthority = "xb-asc"\n')
    home = scene.xa.home
    config = msgspec.structs.replace(home.config, operators="operators.toml")
    node = Runtime(Home(config, tmp_path), scene.xa.node)
    bind(node)
    calls = node.node.calls_abroad
    assert calls.operators is not None and calls.peers is not None
    assert (calls.authority_of("+99920000001"), calls.authority_of("+99910000001")) == (XB, "")
    node.writer.close()


def test_peers_that_are_severed_are_not_found() -> None:
    peers = [keys_of(XB).member]
    directory = PeerDirectory({"+1": XB}.get, lambda: peers)  # type: ignore[arg-type]
    found = directory.find(1)
    assert found is not None and found.path == "/exchange/v1/cli-check"
    peers.clear()
    assert directory.find(1) is None
