"""An operator's gateway on the stage: one process follows its authority's list, another answers what to do with a call."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec

from lintas.cli.demo.people import PATIENCE_SECONDS, good
from lintas.cli.demo.play import Player
from lintas.cli.demo.stage import NodeOnStage
from lintas.node import home as homes
from lintas.telco.records import Verdict
from lintas.trust import note
from lintas.trust.keys import Ed25519Signer


class Gateway:
    """What a call is asked of."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def call(self, number: str) -> Verdict:
        """Return what is done with a call from abroad that shows a number."""
        path, query = f"/telco/v1/check/{number}", {"trunk": "international"}
        return msgspec.json.decode(good(await self._client.get(path, params=query)).content, type=Verdict)


@contextlib.asynccontextmanager
async def gateway_of(player: Player, node: NodeOnStage) -> AsyncIterator[Gateway]:
    """Start both processes of the gateway of a node's operator; they run until the stage is left."""
    stage, name = player.stage, f"gateway-{node.cast.telco}"
    settings = await asyncio.to_thread(_write, stage.directory / name, node)
    operator = f"{node.cast.telco}'s gateway follows the list of its authority and answers for calls"
    address = await player.step(operator, node, _start(player, name, settings))
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE_SECONDS, trust_env=False) as client:
        yield Gateway(client)


async def _start(player: Player, name: str, settings: Path) -> str:
    """Start what follows, and once there is a list, what answers; returns the address of that."""
    stage, calls = player.stage, settings.with_name("calls")
    stage.start(f"{name}-follows", ["telco", "follow", "--config", str(settings)])
    await player.until(lambda: asyncio.to_thread((calls / "base").exists), bool)
    stage.start(name, ["telco", "serve", "--list", str(calls), "--port", "0"])
    await asyncio.to_thread(stage.wait_ready, [name])
    return (stage.directory / f"{name}.out").read_text("ascii").split()[-1]


def _write(root: Path, node: NodeOnStage) -> Path:
    """Write what the operator got from its authority: the address, its certificate, a key, and whose signature counts."""
    root.mkdir()
    key, signer = root / "node.key", Ed25519Signer.load(node.home.key(homes.SIGNING))
    key.touch(mode=0o600)
    key.write_text(node.gateway_key, "ascii")
    (root / "gateway.toml").write_text(
        f'node = "{node.api_url}"\nkey_file = "node.key"\ngateway = "gw-1"\n'
        f'trust = "{node.home.key(homes.TLS_CERTIFICATE)}"\n'
        f'signers = ["{note.ed25519_key(signer.name, signer)}"]\n',
        "utf-8",
    )
    return root / "gateway.toml"
