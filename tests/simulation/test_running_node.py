"""A running node on a disk that fails: pump and beat outlive every kind of fault, and all goes on when it is over."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.simulation import driver
from tests.simulation.disk import Disk, Fault

from lintas.intake.records import ReportForm
from lintas.model.errors import Unavailable
from lintas.node import home as homes
from lintas.node.assembly import assemble
from lintas.node.config import Config
from lintas.node.runtime import Runtime
from lintas.policy.shipped import shipped_table
from lintas.storage import migrate
from lintas.storage.engine import open_engine
from lintas.trust.keys import Ed25519Signer


def made(folder: Path, disk: Disk) -> Runtime:
    """Make a node of its own whose database lies on the simulated disk."""
    config = Config(
        authority="xa-asc",
        jurisdiction="XA",
        name="Aria",
        contact="desk@xa.example",
        exercise=True,
        ledger_origin="xa-asc.lintas.example/log",
        checkpoint_seconds=0.05,
        banks=("XAFB",),
    )
    home = homes.create(folder / "home", config, policy=shipped_table("XA"), hosts=["127.0.0.1"])
    urls = homes.Urls("https://127.0.0.1:9", "", "http://127.0.0.1:9/w")
    member = homes.member_of(home, urls, homes.witness_vkey(home, Ed25519Signer.generate("xa-asc-witness")))
    home = homes.install_charter(home, homes.first_charter([home], [member], ()))
    opened = homes.open_node(home).parts
    opened.engine.dispose()
    engine = open_engine("/node/node.db", driver=driver, vfs=disk.vfs)
    migrate.upgrade(engine)
    return Runtime(home, assemble(opened._replace(engine=engine)))


async def file(runtime: Runtime, number: int) -> str:
    """File a theft; returns its case once it is acknowledged."""
    form = ReportForm(bank="XAFB", amount="500.00", currency="XAK", reference=f"T-{number:05d}")
    _, use_case = runtime.node.intake.read(form)
    return (await runtime.write(lambda tx: use_case(tx, "Officer"))).case


async def followed(runtime: Runtime, case: str) -> bool:
    """Tell whether the pump brought the report to those who hear of it."""
    return await runtime.read(lambda tx: runtime.node.chase.bar(tx, case) is not None)


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await look():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("fault", [Fault.FULL, Fault.READ_ONLY, Fault.WRITE_ERROR, Fault.SYNC_ERROR, Fault.READ_ERROR])
def test_pump_and_beat_outlive_a_failing_disk(tmp_path: Path, fault: Fault) -> None:
    async def story(disk: Disk) -> None:
        runtime = made(tmp_path, disk)
        async with runtime.running():
            acknowledged = [await file(runtime, 0)]
            disk.fault(fault, operations=1_000_000)
            refused = 0
            for number in range(1, 12):
                try:
                    acknowledged.append(await file(runtime, number))
                except Unavailable:
                    refused += 1
                    assert runtime.writer.trouble is not None
                await asyncio.sleep(0.02)
            # A commit reads nothing and only makes the WAL longer: faults of reading and overwriting strike later, or never.
            assert refused > 5 or fault in (Fault.READ_ERROR, Fault.WRITE_ERROR)
            disk.heal()
            acknowledged.append(await file(runtime, 99))
            assert runtime.writer.trouble is None
            for case in acknowledged:
                await until(lambda case=case: followed(runtime, case))  # type: ignore[misc]
            published = runtime.home.path("ledger/checkpoint")
            before = published.stat().st_mtime_ns
            published.unlink()
            await until(lambda: asyncio.to_thread(published.exists))
            assert published.stat().st_mtime_ns > before
        runtime.node.parts.engine.dispose()

    with Disk(3) as disk:
        asyncio.run(story(disk))
