"""Two officers at the doors: what API and pages answer while the second is missing, and a key revoked in between."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner
from tests.integration.test_four_eyes import two_people
from tests.integration.town import Town

from lintas.access import keys
from lintas.api.app import public_app
from lintas.cli.main import lintas
from lintas.console.pages import PAGES, ROUTES
from lintas.node.assembly import assemble
from lintas.node.config import read_config
from lintas.node.runtime import Runtime

Ask = Callable[..., Coroutine[Any, Any, httpx.Response]]
PEOPLE = ("Officer Dena Holt", "Officer Ravi Quay", "Officer Miro Lane")


def at_the_doors(
    town: Town, folder: Path, play: Callable[[Ask, Callable[[str], None]], Coroutine[Any, Any, None]]
) -> None:
    """Let ``play`` call xb's doors in an officer's name, and revoke an officer's key."""
    desk = folder / "desk"
    done = CliRunner().invoke(
        lintas, ["init", str(desk), "--jurisdiction", "xb", "--authority", "Boreo", "--id", "xb-asc"]
    )
    assert done.exit_code == 0, done.output
    parts = town.xb.node.parts
    node = assemble(parts._replace(table=two_people("XB"), may_approve=keys.may_approve))
    issued = {
        name: town.xb.do(lambda tx, n=name: keys.issue(tx, parts.ids, name=n, role="approver", at=town.clock.now()))  # type: ignore[misc] # called at once
        for name in PEOPLE
    }

    def revoke(name: str) -> None:
        town.xb.do(lambda tx: keys.revoke(tx, issued[name].split("_")[1], at=town.clock.now()))

    async def run() -> None:
        runtime = Runtime(read_config(desk / "lintas.toml"), node)
        door = httpx.ASGITransport(app=public_app(runtime, ROUTES, PAGES))
        async with httpx.AsyncClient(transport=door, base_url="https://desk.example") as client:

            async def ask(name: str, method: str, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401
                headers = {"authorization": f"Bearer {issued[name]}"}
                return await client.request(method, path, headers=headers, **sent)

            await play(ask, revoke)
        await asyncio.to_thread(runtime.writer.close)

    asyncio.run(run())


def test_the_api_says_who_approved_and_that_a_second_is_missing(town: Town, tmp_path: Path) -> None:
    _, waiting = town.asked()
    first, second, _ = PEOPLE
    hold = f"/api/v1/holds/{waiting.id}"

    async def play(ask: Ask, _revoke: Callable[[str], None]) -> None:
        assert (await ask(first, "GET", hold)).json()["people_needed"] == 2
        kept = await ask(first, "POST", f"{hold}/approve")
        assert kept.status_code == 202
        assert kept.json()["order"] is None
        assert kept.json()["hold"]["first_approval"]["officer"] == first
        assert (await ask(first, "POST", f"{hold}/approve")).status_code == 409
        there = f"/holds/{waiting.id}"
        page = (await ask(second, "GET", there)).text
        assert first in page
        assert "the law asks for a second officer: you." in page
        assert "Take my approval back" not in page
        assert "Take my approval back" in (await ask(first, "GET", there)).text
        assert (await ask(second, "POST", f"{hold}/take-back")).status_code == 403
        assert (await ask(first, "POST", f"{there}/take-back", data={"x": ""})).status_code == 303
        assert (await ask(first, "POST", f"{hold}/take-back")).status_code == 409
        assert (await ask(first, "POST", f"{hold}/approve")).status_code == 202
        issued = await ask(second, "POST", f"{hold}/approve")
        assert issued.status_code == 201
        assert (issued.json()["approver"], issued.json()["second_approver"]) == (first, second)
        assert (await ask(second, "GET", hold)).json()["people_needed"] == 0

    at_the_doors(town, tmp_path, play)


def test_whose_key_is_revoked_in_between_does_not_count(town: Town, tmp_path: Path) -> None:
    _, waiting = town.asked()
    first, second, third = PEOPLE
    hold = f"/api/v1/holds/{waiting.id}/approve"

    async def play(ask: Ask, revoke: Callable[[str], None]) -> None:
        assert (await ask(first, "POST", hold)).status_code == 202
        revoke(first)
        assert (await ask(second, "POST", hold)).status_code == 202
        assert (await ask(third, "POST", hold)).json()["approver"] == second

    at_the_doors(town, tmp_path, play)


def test_lists_take_filters_and_pages_at_the_door(town: Town, tmp_path: Path) -> None:
    _, waiting = town.asked()
    name = PEOPLE[0]

    async def play(ask: Ask, _revoke: Callable[[str], None]) -> None:
        async def ids(path: str, key: str = "id") -> list[str]:
            answer = await ask(name, "GET", f"/api/v1/{path}")
            assert answer.status_code == 200, answer.text
            return [each[key] for each in answer.json()]

        assert await ids("cases?money=unknown&limit=1", "case") == [waiting.case]
        assert await ids("cases?money=moved", "case") == []
        assert await ids("cases?urgent=1", "case") == []
        assert await ids("cases?officer=Nobody", "case") == []
        assert await ids("holds?after=&limit=1") == [waiting.id]
        assert await ids(f"holds?state=any&after={waiting.id}") == []
        for wrong in (
            "cases?money=gone",
            "cases?urgent=yes",
            "cases?limit=0",
            "cases?limit=201",
            "cases?limit=-1",
            "cases?limit=x",
        ):
            assert (await ask(name, "GET", f"/api/v1/{wrong}")).status_code == 422, wrong
        for missing in (
            "holds?after=hold-none",
            "amendments?after=none",
            "appeals?after=none",
            "holds?state=overdue&after=none",
        ):
            assert (await ask(name, "GET", f"/api/v1/{missing}")).status_code == 404, missing

    at_the_doors(town, tmp_path, play)
