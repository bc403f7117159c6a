"""`lintas bank`: the agent beside a bank's core system."""

import asyncio
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import click
import msgspec

from lintas.model.errors import BadInput, Conflict, Unavailable
from lintas.node.toml_files import read_toml

if TYPE_CHECKING:
    import ssl


class BankConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of a bank's agent: its code, its ledger directory, the authority's address, certificate and the bank's key.

    ``exercise_clock`` names the file that drives the time of an exercise; without it the agent goes by the machine's clock.
    """

    bank: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    ledger: str
    authority_url: str
    key_file: str
    authority_certificate: str = ""
    exercise_clock: str = ""


@click.group()
def bank() -> None:
    """Run the agent beside a bank's core system."""


@bank.command()
@click.option("--config", "config_file", type=click.Path(path_type=Path), required=True, help="The agent's TOML file.")
def serve(config_file: Path) -> None:
    """Answer the authority's questions and carry out its orders until stopped."""
    config = _read(config_file)
    asyncio.run(_serve(config, config_file.parent))


@bank.command()
@click.argument("amendment")
@click.argument("references", metavar="REFERENCE...", nargs=-1, required=True)
@click.option("--config", "config_file", type=click.Path(path_type=Path), required=True, help="The agent's TOML file.")
def returned(amendment: str, references: tuple[str, ...], config_file: Path) -> None:
    """Say that a return was paid: AMENDMENT is its id on the work list, REFERENCE the payment's (of the pacs.004).

    Payees at several banks take several payments.
    """
    import httpx

    config, root = _read(config_file), config_file.parent
    headers = {"authorization": f"Bearer {_key(config, root)}"}
    address = f"/api/v1/bank/amendments/{amendment}/paid"
    try:
        with httpx.Client(base_url=config.authority_url, verify=_trust(config, root), headers=headers) as client:
            said = client.post(address, json={"reference": references[0], "further": references[1:]})
    except httpx.HTTPError as wrong:
        raise Unavailable(f"the authority cannot be reached ({type(wrong).__name__})", "try again") from None
    if said.is_error:
        problem = said.json() if "json" in said.headers.get("content-type", "") else {}
        what = problem.get("detail") or f"the authority answers {said.status_code}"
        raise Conflict(str(what), str(problem.get("do") or "look at the work list"))
    click.echo(f"returned: {amendment} by {', '.join(references)}")


def _key(config: BankConfig, root: Path) -> str:
    key = (root / config.key_file).read_text("ascii", "replace").strip()
    if not key.isascii() or not key.startswith("lk_"):
        what = "put the text of the key that the authority issued in it"
        raise BadInput("this is no key", what, where=config.key_file)
    return key


def _read(path: Path) -> BankConfig:
    return read_toml(path, BankConfig, see="docs/settings.md")


async def _serve(config: BankConfig, root: Path) -> None:
    import httpx

    from lintas.bank.agent import Agent
    from lintas.bank.core import Core
    from lintas.model.times import SystemClock
    from lintas.node import logs
    from lintas.node.clock import ExerciseClock

    logs.configure()
    clock = ExerciseClock(root / config.exercise_clock) if config.exercise_clock else SystemClock()
    core = Core(root / config.ledger, config.bank)
    core.index()
    async with httpx.AsyncClient(
        base_url=config.authority_url,
        verify=_trust(config, root),
        headers={"authorization": f"Bearer {_key(config, root)}"},
    ) as client:
        agent = Agent(core, client, clock)
        await agent.introduce()
        work = asyncio.create_task(agent.run())
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, work.cancel)
        click.echo(f"ready {config.bank}", err=False)
        try:
            await work
        except asyncio.CancelledError:
            click.echo(f"stopped {config.bank}", err=True)


def _trust(config: BankConfig, root: Path) -> "ssl.SSLContext":
    """Trust the authority's own certificate alone where it is given, else what the machine trusts."""
    import ssl

    from lintas.node.tls import trusting

    if not config.authority_certificate:
        return ssl.create_default_context()
    return trusting((root / config.authority_certificate).read_text("ascii", "replace"))
