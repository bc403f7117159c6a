"""The command `lintas demo`: sets the stage, plays, verifies, writes the document, and keeps the pages open."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from lintas.cli.demo import plot, report, stage, stopping, story
from lintas.cli.demo.cast import CAST, cast_of
from lintas.cli.demo.play import Player
from lintas.model.errors import CheckFailed

#: How many times as fast legal time passes for people who watch it, unless they say otherwise.
WATCHED_RATE = 43_200.0
THINKING_SECONDS = 2.0
SLOWEST, FASTEST = 1_000.0, 1_000_000.0


class Speed(click.ParamType[tuple[float, float]]):
    """``real``, ``max``, or how many times as fast the legal clocks run."""

    name = "speed"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Return how long people think (seconds), and the clock's rate (0: legal time passes at once)."""
        if isinstance(value, tuple):
            return value
        if value == "max":
            return 0.0, 0.0
        if value == "real":
            return THINKING_SECONDS, WATCHED_RATE
        try:
            rate = float(str(value))
        except ValueError:
            rate = 0.0
        if not SLOWEST <= rate <= FASTEST:
            self.fail(
                f"{value!r} is neither real nor max, nor a number from {SLOWEST:.0f} to {FASTEST:.0f}", param, ctx
            )
        return THINKING_SECONDS, rate


@click.command()
@click.option("--headless", is_flag=True, help="End when the story has ended, instead of keeping the pages open.")
@click.option(
    "--speed",
    type=Speed(),
    default="real",
    show_default=True,
    metavar="real|max|N",
    help="max: nobody pauses; N: legal clocks run N times as fast.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed plays the same story.")
@click.option(
    "--jurisdictions",
    metavar="A,B,C,D",
    help="Four codes of shipped drafts, e.g. my,th,sg,ph, played as an exercise.",
)
@click.option(
    "--json", "out", type=click.Path(path_type=Path), help="Write the document of what happened to this file."
)
@click.option("--browser/--no-browser", default=True, help="Open a browser at the case; only where there is a screen.")
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Keep everything here (an empty directory).")
def demo(
    headless: bool,
    speed: tuple[float, float],
    seed: int,
    jurisdictions: str | None,
    out: Path | None,
    browser: bool,
    directory: Path | None,
) -> None:
    """Play the main job: a victim's report becomes holds in three more jurisdictions, and a stranger can check it."""
    began = time.monotonic()
    cast = cast_of(jurisdictions.split(",")) if jurisdictions else CAST
    keep = out is not None or directory is not None
    where = _directory(directory)
    stopping.listen()
    try:
        world = story.build(seed, datetime.now(UTC).replace(microsecond=0), cast=cast)
        window = _Window(open_one=browser and not headless and _has_screen())
        ok = _run(where, world, window, headless=headless, speed=speed, seed=seed, out=out, began=began)
    except KeyboardInterrupt:
        stopping.heard()
        click.echo("\nstopped")
        return
    finally:
        if not keep:
            shutil.rmtree(where, ignore_errors=True)
    if not ok:
        raise CheckFailed("the story did not end as it must", "see the lines above")


def _directory(given: Path | None) -> Path:
    if given is None:
        return Path(tempfile.mkdtemp(prefix="lintas-demo-"))
    given.mkdir(parents=True, exist_ok=True)
    if any(given.iterdir()):
        raise click.UsageError(f"{given} is not empty; choose another directory")
    return given.resolve()


class _Window:
    """Where people watch: the first case is opened in a browser, and its address is said to whoever has none."""

    def __init__(self, *, open_one: bool) -> None:
        self._open_one, self._shown = open_one, False

    def show(self, node: stage.NodeOnStage, case: str) -> None:
        """Open the page of the first case, as its hotline officer sees it while the victim is on the line."""
        if self._shown:
            return
        self._shown = True
        address = f"{node.page_url}{node.passes['hotline']}?to=/cases/{case}"
        click.echo(f"             watch it: {address}")
        if self._open_one:
            webbrowser.open(address)


def _has_screen() -> bool:
    """Tell whether a browser would open a window: one that draws in this terminal would draw over the story."""
    return sys.platform in ("darwin", "win32") or any(os.environ.get(each) for each in ("DISPLAY", "WAYLAND_DISPLAY"))


def _run(
    where: Path,
    world: story.World,
    window: _Window,
    *,
    headless: bool,
    speed: tuple[float, float],
    seed: int,
    out: Path | None,
    began: float,
) -> bool:
    click.echo("Four authorities, eight banks and the witnesses start, each a process of its own ...")
    with stage.set_stage(where, world) as on:
        click.echo(f"started in {time.monotonic() - began:.1f} s\n")
        human, rate = speed
        player = Player(
            on, world, human_seconds=human, clock_rate=rate, say=click.echo, watch=report.print_bar, opened=window.show
        )
        document = asyncio.run(_perform(player, seed=seed, began=began))
        if out is not None:
            out.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
        click.echo(f"\n{'Everything holds.' if document['ok'] else 'SOMETHING DOES NOT HOLD.'}")
        if not headless:
            _keep_open(on)
    return bool(document["ok"])


async def _perform(player: Player, *, seed: int, began: float) -> dict[str, Any]:
    async with player.on_the_line():
        compared = await plot.play(player)
        document = await report.write(player, compared)
    return {"seed": seed, "elapsed_ms": round((time.monotonic() - began) * 1000), **document}


def _keep_open(on: stage.Stage) -> None:
    click.echo("\nThe pages are open until you press Ctrl-C; each address lets you play one person:")
    for node in on.nodes:
        click.echo(f"  {node.cast.name}")
        for login, way in node.passes.items():
            click.echo(f"    {login:<14} {node.page_url}{way}")
    for process in on.processes:
        process.wait()
