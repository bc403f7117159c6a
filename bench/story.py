"""From a victim's report to the first request abroad, and to the last hold over three borders: four nodes on loopback."""

import asyncio
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec

from bench import Figure, row
from lintas.cli.demo import stage, story
from lintas.cli.demo.acts.chase import chase
from lintas.cli.demo.people import bearer, people
from lintas.cli.demo.play import Player
from lintas.intake.records import Report
from lintas.node.views import CaseView

REPORTS = 100
CHASES = 40
#: The first ones find cold caches; they are told, not counted.
WARMING = 10
#: The money goes from Boreo by way of Cassia and Aria to Doria.
SEED = 1
POLL_SECONDS = 0.005
PATIENCE_SECONDS = 20.0
BAR_MS, CHASE_BAR_MS = 500.0, 2_000.0


def measure(reports: int = REPORTS, warming: int = WARMING, chases: int = CHASES) -> list[Figure]:
    """Return the rows: machine time of each report until its request is receipted abroad, and of whole chases."""
    thefts = warming + reports + chases
    world = story.build(SEED, datetime.now(UTC).replace(microsecond=0), thefts=thefts)
    scratch = tempfile.TemporaryDirectory(prefix="lintas-bench-", dir=Path.cwd())
    with scratch as name, stage.set_stage(Path(name).resolve(), world) as on:
        taken = asyncio.run(file_all(on.nodes[0], world.thefts[:-chases], _receipted))
        chased = asyncio.run(_chase_all(on, world, world.thefts[-chases:]))
    first, counted = taken[0], sorted(taken[warming:])
    p50, p95 = counted[len(counted) // 2], counted[len(counted) * 95 // 100]
    what = f"story: report to hold request receipted abroad, {reports} one by one"
    whole = f"story: report to the last hold's answer, three borders, {chases} one by one"
    return [
        row(f"{what}, p50", p50, "ms"),
        row(f"{what}, p95", p95, "ms", BAR_MS),
        row("story: the same, slowest", counted[-1], "ms"),
        row("story: the very first report of a fresh node", first, "ms"),
        row(f"{whole}, p50", chased[len(chased) // 2], "ms"),
        row(f"{whole}, p95", chased[len(chased) * 95 // 100], "ms", CHASE_BAR_MS),
    ]


async def file_all(
    node: stage.NodeOnStage,
    thefts: list[story.Theft],
    seen: Callable[[CaseView, story.Theft], bool],
    *,
    poll: float = POLL_SECONDS,
    patience: float = PATIENCE_SECONDS,
) -> list[float]:
    """Return ms for each theft, from filing its report until its case shows what is looked for, as a page would."""
    async with people(node) as client:
        return [await _file_one(client, node, theft, seen, poll, patience) for theft in thefts]


async def _file_one(
    client: httpx.AsyncClient,
    node: stage.NodeOnStage,
    theft: story.Theft,
    seen: Callable[[CaseView, story.Theft], bool],
    poll: float,
    patience: float,
) -> float:
    began = time.perf_counter()
    answer = await client.post("/api/v1/reports", json=theft.form, headers=bearer(node.hotline_key))
    answer.raise_for_status()
    case = msgspec.json.decode(answer.content, type=Report).case
    async with asyncio.timeout(patience):
        while True:
            shown = (await client.get(f"/api/v1/cases/{case}")).raise_for_status()
            if seen(msgspec.json.decode(shown.content, type=CaseView), theft):
                return (time.perf_counter() - began) * 1000
            await asyncio.sleep(poll)


async def _chase_all(on: stage.Stage, world: story.World, thefts: list[story.Theft]) -> list[float]:
    """Return ms of every whole chase, sorted: six holds by four authorities one after another, people who need no time."""
    player = Player(
        on, world, human_seconds=0.0, clock_rate=0.0, say=lambda _: None, watch=lambda _node, _bar: None, plain=True
    )
    taken = []
    async with player.on_the_line():
        for theft in thefts:
            began = time.perf_counter()
            await chase(player, player.asker, theft)
            taken.append((time.perf_counter() - began) * 1000)
    assert {hold["hop"] for hold in player.rows} == {0, 1, 2, 3}, "the money crossed three borders"
    return sorted(taken)


def _receipted(view: CaseView, _theft: story.Theft) -> bool:
    """Say whether a case shows a delivered request."""
    return any(hold.direction == "asked" and hold.state in ("delivered", "answered") for hold in view.holds)


if __name__ == "__main__":
    for line in measure():
        print(*line, sep="\t")
