"""The people of the story: what they see, how long they and the machines take, and what is noted of it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

import httpx

from lintas.api.holds import HoldView
from lintas.cli.demo.people import PATIENCE_SECONDS, get, people
from lintas.cli.demo.stage import NodeOnStage, Stage
from lintas.cli.demo.story import World
from lintas.model.errors import CheckFailed
from lintas.node.clock import Pace, read_pace, write_pace
from lintas.node.views import CaseView
from lintas.requests.records import Bar

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


class Player:
    """Everybody who acts: they only click and read, as the API lets them."""

    def __init__(
        self,
        stage: Stage,
        world: World,
        *,
        human_seconds: float,
        clock_rate: float,
        say: Callable[[str], None],
        watch: Watch,
        plain: bool = False,
        opened: Callable[[NodeOnStage, str], None] = lambda _node, _case: None,
    ) -> None:
        """``clock_rate``: how many times as fast legal time passes where people watch it; 0 for at once.

        ``opened`` is told of each case as soon as there is one, for who wants to watch it.
        ``plain``: nobody makes a mistake and nobody is late, so that the machines alone can be measured.
        """
        self.stage, self.world, self.nodes = stage, world, stage.nodes
        self.say, self.opened = say, opened
        self._watch, self._human, self._clock_rate = watch, human_seconds, clock_rate
        self._time = read_pace(stage.clock)
        self._began = time.monotonic()
        self._human_spent = 0.0
        self._clients: dict[str, httpx.AsyncClient] = {}
        #: What the acts have shown already: an officer's mistakes, a request overdue, a misfiled document; what is on file.
        self.mistaken = self.slow = self.misfiled = plain
        self.filed: set[tuple[str, str, str]] = set()
        self.faults: list[str] = []
        self.steps: list[Step] = []
        self.refusals: list[Refusal] = []
        self.rows: list[dict[str, Any]] = []

    @property
    def asker(self) -> NodeOnStage:
        """Return the node of the victim's own authority."""
        return self.nodes[0]

    def of(self, authority: str) -> NodeOnStage:
        """Return a node by its authority's id."""
        return next(node for node in self.nodes if node.cast.authority == authority)

    def of_bank(self, bank: str) -> NodeOnStage | None:
        """Return the node whose authority answers for a bank; None for a bank that is not in the story."""
        return next((node for node in self.nodes if bank in node.cast.banks), None)

    @contextlib.asynccontextmanager
    async def on_the_line(self) -> AsyncIterator[None]:
        """Keep a client of every node open."""
        try:
            for node in self.nodes:
                self._clients[node.cast.authority] = people(node)
            yield
        finally:
            for client in self._clients.values():
                await client.aclose()

    async def call_again(self, node: NodeOnStage) -> None:
        """Open new connections to a node that was killed."""
        await self.client(node).aclose()
        self._clients[node.cast.authority] = people(node)

    def client(self, node: NodeOnStage) -> httpx.AsyncClient:
        """Return the client of a node's API."""
        return self._clients[node.cast.authority]

    # ---- time and what is noted

    def machine_ms(self) -> float:
        """Milliseconds since the story began, without the time that people took."""
        return round((time.monotonic() - self._began - self._human_spent) * 1000, 1)

    async def step(self, name: str, node: NodeOnStage, act: Awaitable[T]) -> T:
        """Carry out one step and note its machine time."""
        began = time.monotonic()
        result = await act
        ms = (time.monotonic() - began) * 1000
        self.steps.append(Step(name, node.cast.authority, round(ms, 1)))
        self.say(f"{ms:8.1f} ms  {node.cast.authority}: {name}")
        return result

    async def human(self, name: str, node: NodeOnStage) -> None:
        """Let a person think; shown apart from machine time."""
        began = time.monotonic()
        await asyncio.sleep(self._human)
        spent = time.monotonic() - began
        self._human_spent += spent
        self.steps.append(Step(f"human: {name}", node.cast.authority, round(spent * 1000, 1)))

    def refused(self, what: str, reason: str, detail: str) -> None:
        """Note something that was refused."""
        self.refusals.append(Refusal(what, reason))
        self.say(f"    refused  {what}: {reason} ({detail})")

    def refused_by(self, what: str, answer: httpx.Response) -> None:
        """Note a refusal that came over HTTP; one that did not come is a fault."""
        if not answer.is_error:
            self.wrong(f"{what} was not refused")
            return
        problem = answer.json()
        self.refused(what, answer.headers.get("lintas-reason") or problem["reason"], problem["detail"])

    def wrong(self, what: str) -> None:
        """Note what must not be; the story goes on and ends badly."""
        self.faults.append(what)
        self.say(f"      WRONG  {what}")

    def show(self, node: NodeOnStage, view: CaseView) -> None:
        """Show the bar of a case as its officers see it."""
        if view.bar is not None:
            self._watch(node.cast.authority, view.bar)

    def note(self, name: str, node: NodeOnStage) -> None:
        """Note a step that took no time: something that was seen."""
        self.steps.append(Step(name, node.cast.authority, 0.0))
        self.say(f"             {node.cast.authority}: {name}")

    async def let_pass(self, hours: float, name: str, node: NodeOnStage) -> None:
        """Let legal time pass on everybody's clock: at once, or so fast that people can watch; people's time, not machines'."""
        began = time.monotonic()
        seconds = hours * 3600 / self._clock_rate if self._clock_rate else 0.0
        if seconds:
            self._pace(rate=self._clock_rate)
            await asyncio.sleep(seconds)
            self._pace()
        else:
            self._pace(ahead_s=hours * 3600)
        spent = time.monotonic() - began
        self._human_spent += spent
        self.steps.append(Step(f"{hours:.0f} hours pass: {name}", node.cast.authority, round(spent * 1000, 1)))
        self.say(f"             {hours:.0f} hours pass: {name}")

    def _pace(self, *, rate: float = 1.0, ahead_s: float = 0.0) -> None:
        """Set the pace of everybody's clock from now on, and put it ahead."""
        machine = time.time()
        offset = self._time.at(machine) - machine + ahead_s
        self._time = Pace(offset_s=offset, rate=rate, since=machine)
        write_pace(self.stage.clock, self._time)

    # ---- what people see

    async def case(self, node: NodeOnStage, case: str) -> CaseView:
        """Read a case as its page does."""
        return await get(self.client(node), f"/api/v1/cases/{case}", CaseView)

    async def hold(self, node: NodeOnStage, hold: str) -> HoldView:
        """Read a hold as its page does."""
        return await get(self.client(node), f"/api/v1/holds/{hold}", HoldView)

    async def until(self, look: Callable[[], Awaitable[T]], done: Callable[[T], bool]) -> T:
        """Look again and again until what is seen is as wanted; CheckFailed when it never is."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done(seen := await look()):
            if time.monotonic() > deadline:
                raise CheckFailed(f"the story waited {PATIENCE_SECONDS:.0f} s in vain", "see the .log files")
            await asyncio.sleep(POLL_SECONDS)
        return seen
