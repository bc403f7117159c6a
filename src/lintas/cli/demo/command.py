"""The command `lintas demo`: sets the stage, plays, verifies, writes the document, and keeps the pages open."""

import asyncio
import contextlib
import json
import shutil
import signal
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from lintas.cli.demo import play, stage, story
from lintas.ledger.tlog_policy import parse_policy
from lintas.ledger.verify import DirectorySource, verify_ledger
from lintas.model.errors import CheckFailed
from lintas.model.money import show
from lintas.requests.records import SHARE_STATES, Bar

WIDTH = 48
SIGNS = {"held": "█", "moved": "▒", "spent": "×", "returned": "+", "released": "-", "unknown": "·"}


@click.command()
@click.option("--headless", is_flag=True, help="End when the story has ended, instead of keeping the pages open.")
@click.option(
    "--speed", type=click.Choice(["real", "max"]), default="real", show_default=True, help="max: nobody pauses."
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed plays the same story.")
@click.option(
    "--json", "out", type=click.Path(path_type=Path), help="Write the document of what happened to this file."
)
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Keep everything here (an empty directory).")
def demo(headless: bool, speed: str, seed: int, out: Path | None, directory: Path | None) -> None:
    """Play the main job: a victim's report in Aria becomes a hold in Boreo, and a stranger can check it."""
    began = time.monotonic()
    keep = out is not None or directory is not None
    where = _directory(directory)
    # A stop from outside ends the same way as Ctrl-C: everybody who was started is stopped.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        ok = _run(where, headless=headless, human=0.0 if speed == "max" else 2.0, seed=seed, out=out, began=began)
    except KeyboardInterrupt:
        click.echo("\nstopped")
        return
    finally:
        if not keep:
            shutil.rmtree(where, ignore_errors=True)
    if not ok:
        raise CheckFailed("the story did not end as it must", "see the lines above")


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _directory(given: Path | None) -> Path:
    if given is None:
        return Path(tempfile.mkdtemp(prefix="lintas-demo-"))
    given.mkdir(parents=True, exist_ok=True)
    if any(given.iterdir()):
        raise click.UsageError(f"{given} is not empty; choose another directory")
    return given.resolve()


def _run(where: Path, *, headless: bool, human: float, seed: int, out: Path | None, began: float) -> bool:
    world = story.build(seed, datetime.now(UTC).replace(microsecond=0))
    click.echo("Two authorities, four banks and the witnesses start, each a process of its own ...")
    with stage.set_stage(where, world) as on:
        click.echo(f"started in {time.monotonic() - began:.1f} s\n")
        document = asyncio.run(_perform(on, world, human=human, seed=seed, began=began))
        if out is not None:
            out.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
        click.echo(f"\n{'Everything holds.' if document['ok'] else 'SOMETHING DOES NOT HOLD.'}")
        if not headless:
            _keep_open(on)
    return bool(document["ok"])


async def _perform(on: stage.Stage, world: story.World, *, human: float, seed: int, began: float) -> dict[str, Any]:
    player = play.Player(on, human_seconds=human, say=click.echo, watch=_print_bar)
    played = await player.play(world.thefts[0])
    for node in on.nodes:
        await player.step("the ledger is published, cosigned by the other's witness", node, play.checkpoint(node))
    ledgers = [_verify(node) for node in on.nodes]
    reconciled = [await play.reconciliation(node) for node in on.nodes]
    receipts = {
        "sent": sum(each["sent"] for each in reconciled),
        "matched": sum(each["matched"] for each in reconciled),
        "unmatched": sum(len(each["unmatched"]) for each in reconciled),
    }
    conservation = [_conservation(node, bar) for node, bar in played.bars]
    ok = (
        all(row["exact"] for row in conservation)
        and all(row["verified"] for row in ledgers)
        and receipts["unmatched"] == 0
        and len(played.refusals) == 4
    )
    return {
        "seed": seed,
        "elapsed_ms": round((time.monotonic() - began) * 1000),
        "nodes": [
            {"id": node.cast.authority, "jurisdiction": node.cast.code, "url": node.page_url} for node in on.nodes
        ],
        "steps": [step._asdict() for step in played.steps],
        "holds": played.holds,
        "conservation": conservation,
        "receipts": receipts,
        "refusals": [refusal._asdict() for refusal in played.refusals],
        "ledgers": ledgers,
        "ok": ok,
    }


def _verify(node: stage.NodeOnStage) -> dict[str, Any]:
    """Verify a published ledger as a stranger would: from its files and a policy that did not come from it."""
    path = node.home.path(node.home.config.ledger)
    policy = parse_policy(node.policy_file.read_bytes(), where=str(node.policy_file))
    verdict = verify_ledger(DirectorySource(path), policy)
    names = [name for name, _ in verdict.cosigned_by]
    mark = "verified" if verdict.ok else f"NOT verified: {verdict.problems[:1]}"
    click.echo(f"   ledger    {node.cast.authority}: {verdict.size} entries, cosigned by {', '.join(names)}: {mark}")
    return {
        "node": node.cast.authority,
        "size": verdict.size,
        "cosigned_by": names,
        "verified": verdict.ok,
        "path": str(path),
        "policy": str(node.policy_file),
    }


def _conservation(node: str, bar: Bar) -> dict[str, Any]:
    row: dict[str, Any] = {"node": node, "currency": bar.currency, "stolen": bar.stolen}
    return row | {state: getattr(bar, state) for state in SHARE_STATES} | {"exact": bar.exact}


def _print_bar(node: str, bar: Bar) -> None:
    """Print the money bar of a case, each part as wide as its amount."""
    cells, left, words = "", 0, []
    for state in SHARE_STATES:
        amount = getattr(bar, state)
        left += amount
        cells += SIGNS[state] * (round(left * WIDTH / bar.stolen) - len(cells))
        if amount:
            words.append(f"{state} {show(amount, bar.currency)}")
    click.echo(
        f"   bar       {node}: [{cells}] stolen {show(bar.stolen, bar.currency)} {bar.currency}: {' · '.join(words)}"
    )


def _keep_open(on: stage.Stage) -> None:
    click.echo("\nThe pages are open until you press Ctrl-C:")
    for node in on.nodes:
        click.echo(f"  {node.cast.name}: {node.page_url}")
        click.echo(f"    sign in as {node.cast.approver} with {node.approver_key}")
    for process in on.processes:
        with contextlib.suppress(KeyboardInterrupt):
            process.wait()
            continue
        raise KeyboardInterrupt
