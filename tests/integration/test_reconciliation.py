"""What the auditor sees of releases: what waits, for whom and how long, what a peer refused; asked for over the API."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from tests.integration.test_days import compared
from tests.integration.town import NOW, XA, XB, Town

from lintas.api.app import public_app
from lintas.border import store
from lintas.cli.key import issue_key
from lintas.console.pages import PAGES, ROUTES
from lintas.exchange import store as exchange_store
from lintas.node.config import Config, Home
from lintas.node.runtime import Runtime


def reconciled(town: Town, folder: Path) -> Any:  # noqa: ANN401 — whatever JSON came
    """Ask xa's API as its auditor."""
    config = Config(
        authority=XA,
        jurisdiction="XA",
        name="Aria",
        contact="desk@xa.example",
        database=town.xa.setting,
        ledger_origin="x",
        healing_hours=2.0,
    )
    home = Home(config, folder)
    key = issue_key(home, name="Auditor", role="auditor")
    runtime = Runtime(home, town.xa.node)

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(public_app(runtime, ROUTES, PAGES))
        async with httpx.AsyncClient(transport=transport, base_url="https://xa.example") as client:
            return await client.get("/api/v1/ledger/reconciliation", headers={"authorization": f"Bearer {key}"})

    try:
        answer = asyncio.run(ask())
    finally:
        runtime.writer.close()
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_waits_is_listed_with_its_age(town: Town, tmp_path: Path) -> None:
    town.xa.file(town.form())
    while town.banks_work():
        pass
    town.clock.move(hours=1)
    told = reconciled(town, tmp_path)
    (waiting,) = told["unmatched"]
    assert (told["sent"], told["matched"], told["waiting"]) == (1, 0, 1)
    assert (waiting["peer"], waiting["lane"], waiting["waits_seconds"], waiting["overdue"]) == (
        XB,
        "urgent",
        3600,
        False,
    )
    town.clock.move(hours=1, seconds=1)
    (waiting,) = reconciled(town, tmp_path)["unmatched"]
    assert (waiting["waits_seconds"], waiting["overdue"]) == (7201, True)
    town.deliver()
    told = reconciled(town, tmp_path)
    assert (told["sent"], told["matched"], told["waiting"], told["unmatched"]) == (1, 1, 0, [])


def test_what_a_peer_refused_is_listed_with_the_reason_that_it_signed(town: Town, tmp_path: Path) -> None:
    town.xa.file(town.form())
    while town.banks_work():
        pass
    # Under way the statement lost its meaning for xb: it refuses the object, and signs that it does.
    (object_id,) = [each.object for each in town.xa.ask(town.xa.node.border.unmatched)]
    town.xb.do(
        lambda tx: store.keep_objects(
            tx,
            [
                {
                    "origin": XA,
                    "object": object_id,
                    "type": "",
                    "commitment": "00" * 32,
                    "verdict": "accepted",
                    "reason": "",
                    "statement": None,
                    "salt": None,
                    "expires": None,
                }
            ],
        )
    )
    town.deliver()
    told = reconciled(town, tmp_path)
    (refused,) = told["refused"]
    assert (refused["object"], refused["peer"], refused["lane"], refused["verdict"]) == (
        object_id, XB, "urgent", "refused",
    )  # fmt: skip
    assert refused["reason"] == "the same id came before with other content"
    assert (told["waiting"], told["unmatched"]) == (0, [])


def test_a_day_that_the_peer_counts_otherwise_is_listed(town: Town, tmp_path: Path) -> None:
    town.asked()
    town.clock.move(days=1)
    town.xb.do(lambda tx: tx.execute(store.envelopes.delete()))
    header = town.xa.ask(lambda tx: exchange_store.headers_on(tx, XB, "urgent", NOW.date().isoformat()))[0]
    compared(town.xa, town.xb)
    (day,) = reconciled(town, tmp_path)["days"]
    assert (day["peer"], day["day"]) == (XB, NOW.date().isoformat())
    assert {"lane": "urgent", "direction": "sent", "header": header, "missing": "there"} in day["differences"]
