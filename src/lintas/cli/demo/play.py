"""Plays the story through public doors: the API with officers' keys, the peers' door with a member's certificate."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import httpx
import msgspec

from lintas.api.holds import HoldView
from lintas.cli.demo import story
from lintas.cli.demo.stage import NodeOnStage, Stage
from lintas.intake.records import Report
from lintas.model.errors import CheckFailed
from lintas.node import home as homes
from lintas.node.delivery import ENVELOPE
from lintas.node.tls import trusting
from lintas.node.views import CaseView
from lintas.requests.records import Bar, Hold, Order

#: How long anything in the story may take before the demo gives up.
PATIENCE_SECONDS = 20.0
POLL_SECONDS = 0.01

T = TypeVar("T")
Watch = Callable[[str, Bar], None]


class Step(NamedTuple):
    """One step of the story: what, at which node, how many milliseconds of machine (or human) time."""

    name: str
    node: str
    ms: float


class Refusal(NamedTuple):
    """Something that was refused, as it should be, with the reason given."""

    what: str
    reason: str


class Played(NamedTuple):
    """All that happened."""

    steps: list[Step]
    refusals: list[Refusal]
    holds: list[dict[str, Any]]
    bars: list[tuple[str, Bar]]


class Player:
    """The people of the story: they only click and read, as the API lets them."""

    def __init__(self, stage: Stage, *, human_seconds: float, say: Callable[[str], None], watch: Watch) -> None:
        self.asker, self.holder = stage.nodes[:2]
        self._human, self._say, self._watch = human_seconds, say, watch
        self._began = time.monotonic()
        self._human_spent = 0.0
        self.steps: list[Step] = []
        self.refusals: list[Refusal] = []

    def _machine_ms(self) -> float:
        """Milliseconds since the story began, without the time that people took."""
        return (time.monotonic() - self._began - self._human_spent) * 1000

    async def step(self, name: str, node: NodeOnStage, act: Awaitable[T]) -> T:
        """Carry out one step and note its machine time."""
        began = time.monotonic()
        result = await act
        ms = (time.monotonic() - began) * 1000
        self.steps.append(Step(name, node.cast.authority, round(ms, 1)))
        self._say(f"{ms:8.1f} ms  {node.cast.authority}: {name}")
        return result

    async def human(self, name: str, node: NodeOnStage) -> None:
        """Let a person think; shown apart from machine time."""
        began = time.monotonic()
        await asyncio.sleep(self._human)
        spent = time.monotonic() - began
        self._human_spent += spent
        self.steps.append(Step(f"human: {name}", node.cast.authority, round(spent * 1000, 1)))

    # ---- the acts

    async def play(self, theft: story.Theft) -> Played:
        """Play the whole story for one theft."""
        async with people(self.asker) as asker, people(self.holder) as holder:
            report: Report = await self.step(
                "the hotline files the report; telephone, account and link are found with their role",
                self.asker,
                self._report(asker, theft),
            )
            case = report.case
            self._say(f"             found: {_roles(report)}")
            asked = await self.step(
                "the money is followed through two banks, and the request is receipted abroad",
                self.asker,
                self._until(asker, case, _is_delivered),
            )
            self._show(self.asker, asked)
            asked_ms = self._machine_ms()
            rows = [await self._decide(asker, self.asker, "own", case, asked_ms)]
            rows.append(await self._decide(holder, self.holder, "received", None, asked_ms))
            settled = await self.step(
                "the answer from abroad changes the victim's bar",
                self.asker,
                self._until(asker, case, _is_answered),
            )
            rows[1]["answered_ms"] = round(self._machine_ms(), 1)
            self._show(self.asker, settled)
            await self._refusals(asker, settled)
            abroad = (await _get(holder, "/api/v1/cases", list[Bar]))[0]
            self._watch(self.holder.cast.authority, abroad)
            assert settled.bar is not None  # noqa: S101 — this case has a claim
            bars = [(self.asker.cast.authority, settled.bar), (self.holder.cast.authority, abroad)]
            return Played(self.steps, self.refusals, rows, bars)

    async def _report(self, client: httpx.AsyncClient, theft: story.Theft) -> Report:
        return await _post(client, "/api/v1/reports", theft.form, Report, self.asker.hotline_key)

    async def _until(self, client: httpx.AsyncClient, case: str, done: Callable[[CaseView], bool]) -> CaseView:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                view = await _get(client, f"/api/v1/cases/{case}", CaseView)
                if done(view):
                    return view
                await asyncio.sleep(POLL_SECONDS)

    async def _decide(
        self, client: httpx.AsyncClient, node: NodeOnStage, direction: str, case: str | None, asked_ms: float
    ) -> dict[str, Any]:
        """An approver reads the request and approves; the bank answers the order."""
        hold = await self._waiting(client, direction, case)
        await self.human(f"{node.cast.approver} reads and decides", node)
        order: Order = await self.step(
            f"{node.cast.approver} approves; the order goes to {hold.baton.holder} under local law",
            node,
            _post(client, f"/api/v1/holds/{hold.id}/approve", None, Order, node.approver_key),
        )
        answered = await self.step(f"{hold.baton.holder} answers the order", node, self._answer(client, hold.id))
        self._say(f"             {order.basis.law}: {answered.outcome}")
        return {
            "from": hold.peer or node.cast.authority,
            "to": node.cast.authority,
            "hop": 1,
            "amount_minor": hold.amount_minor,
            "currency": hold.currency,
            "asked_ms": round(asked_ms, 1),
            "answered_ms": round(self._machine_ms(), 1),
            "outcome": answered.outcome,
            "local_basis": order.basis.law,
            "approver": order.approver,
        }

    async def _waiting(self, client: httpx.AsyncClient, direction: str, case: str | None) -> Hold:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for hold in await _get(client, "/api/v1/holds", list[Hold]):
                    if hold.direction == direction and case in (None, hold.case):
                        return hold
                await asyncio.sleep(POLL_SECONDS)

    async def _answer(self, client: httpx.AsyncClient, hold_id: str) -> Hold:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                hold = (await _get(client, f"/api/v1/holds/{hold_id}", HoldView)).hold
                if hold.state == "answered":
                    return hold
                await asyncio.sleep(POLL_SECONDS)

    def _show(self, node: NodeOnStage, view: CaseView) -> None:
        if view.bar is not None:
            self._watch(node.cast.authority, view.bar)

    # ---- what must not pass

    async def _refusals(self, asker: httpx.AsyncClient, view: CaseView) -> None:
        """Try what must be refused, each through the door that an attacker or a careless officer would take."""
        sent = await asker.get("/api/v1/exchange/sent", headers=_bearer(self.asker.auditor_key))
        envelope = sent.json()[-1]["envelope"]
        wire = (await asker.get(f"/api/v1/exchange/sent/{envelope}", headers=_bearer(self.asker.auditor_key))).content
        tampered = bytearray(wire)
        tampered[len(wire) // 2] ^= 1
        await self._knock("a tampered envelope", bytes(tampered))
        await self._knock("a replayed envelope", wire)
        share = next(
            share
            for share in (view.bar.shares if view.bar else ())
            if share.baton is not None and share.state == "moved"
        )
        assert share.baton is not None  # noqa: S101 — chosen so
        above = {"share": share.id, "amount_minor": share.baton.amount_minor + 1}
        answer = await asker.post("/api/v1/holds", json=above, headers=_bearer(self.asker.hotline_key))
        self._refused("a request above the traced interval", answer.json()["reason"], answer.json()["detail"])
        no_rule = {"share": share.id, "purpose": "investigation"}
        answer = await asker.post("/api/v1/holds", json=no_rule, headers=_bearer(self.asker.hotline_key))
        self._refused("a request for which the table has no rule", answer.json()["reason"], answer.json()["detail"])

    async def _knock(self, what: str, wire: bytes) -> None:
        context = pinned(self.holder)
        context.load_cert_chain(self.asker.home.key(homes.TLS_CERTIFICATE), self.asker.home.key(homes.TLS_KEY))
        async with httpx.AsyncClient(verify=context) as client:
            answer = await client.post(
                f"{self.holder.exchange_url}/exchange/v1/envelopes", content=wire, headers={"content-type": ENVELOPE}
            )
        reason = answer.headers.get("lintas-reason")
        detail = "the original receipt is given again, nothing happens twice" if reason else answer.json()["detail"]
        self._refused(what, reason or answer.json()["reason"], detail)

    def _refused(self, what: str, reason: str, detail: str) -> None:
        self.refusals.append(Refusal(what, reason))
        self._say(f"    refused  {what}: {reason} ({detail})")


def _is_delivered(view: CaseView) -> bool:
    return any(hold.direction == "asked" and hold.state in ("delivered", "answered") for hold in view.holds)


def _is_answered(view: CaseView) -> bool:
    return all(hold.state == "answered" for hold in view.holds if hold.direction == "asked")


def _roles(report: Report) -> str:
    return ", ".join(f"{found.type} {found.value} ({found.role})" for found in report.identifiers)


def people(node: NodeOnStage) -> httpx.AsyncClient:
    """Return a client of a node's public API, which trusts that node's own certificate and no other."""
    return httpx.AsyncClient(
        base_url=node.api_url, verify=pinned(node), headers=_bearer(node.approver_key), timeout=PATIENCE_SECONDS
    )


def pinned(node: NodeOnStage) -> ssl.SSLContext:
    """Return a context that trusts a node's own certificate and no other."""
    return trusting(node.home.key(homes.TLS_CERTIFICATE).read_text("ascii"))


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def _get(client: httpx.AsyncClient, path: str, kind: type[T]) -> T:
    return msgspec.json.decode(_good(await client.get(path)).content, type=kind)


async def _post(client: httpx.AsyncClient, path: str, body: object, kind: type[T], key: str) -> T:
    answer = _good(await client.post(path, json=body, headers=_bearer(key)))
    return msgspec.json.decode(answer.content, type=kind)


def _good(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise CheckFailed(f"{answer.url.path} answered {answer.status_code}: {answer.text[:300]}", "see the .log files")
    return answer


async def checkpoint(node: NodeOnStage) -> None:
    """Have a node publish its ledger now, cosigned."""
    async with people(node) as client:
        _good(await client.post("/api/v1/ledger/checkpoint", headers=_bearer(node.auditor_key)))


async def reconciliation(node: NodeOnStage) -> dict[str, Any]:
    """Return a node's comparison of releases with receipts."""
    async with people(node) as client:
        answer = await client.get("/api/v1/ledger/reconciliation", headers=_bearer(node.auditor_key))
        found: dict[str, Any] = _good(answer).json()
        return found
