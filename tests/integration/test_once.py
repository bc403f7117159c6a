"""One form once, one call once: what is sent again is answered as before and done only the first time."""

import asyncio
import re
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from tests.integration.town import Town

from lintas.access import keys
from lintas.api.app import public_app
from lintas.cli.main import lintas
from lintas.console.pages import PAGES, ROUTES
from lintas.http import once
from lintas.model.times import SystemClock
from lintas.node.config import read_config
from lintas.node.runtime import Runtime
from lintas.storage import once_store

Ask = Callable[..., Coroutine[Any, Any, httpx.Response]]
REPORT = {"text": "Somebody sent me https://prize.example/win and I did not pay."}
ASHA, DENA = "Officer Asha Tor", "Officer Dena Holt"
KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


def at_the_door(town: Town, folder: Path, play: Callable[[Ask], Coroutine[Any, Any, None]]) -> None:
    """Let ``play`` call xa's door in an officer's name."""
    if not (folder / "desk").exists():
        words = ["init", str(folder / "desk"), "--jurisdiction", "xa", "--authority", "Aria", "--id", "xa-asc"]
        assert CliRunner().invoke(lintas, words).exit_code == 0
    ids, now = town.xa.node.parts.ids, town.clock.now()
    issued = {
        name: town.xa.do(lambda tx, n=name: keys.issue(tx, ids, name=n, role="approver", at=now))  # type: ignore[misc] # at once
        for name in (ASHA, DENA)
    }

    async def run() -> None:
        runtime = Runtime(read_config(folder / "desk" / "lintas.toml"), town.xa.node)
        door = httpx.ASGITransport(app=public_app(runtime, ROUTES, PAGES))
        async with httpx.AsyncClient(transport=door, base_url="https://desk.example") as client:

            async def ask(name: str, method: str, path: str, **sent: Any) -> httpx.Response:  # noqa: ANN401
                headers = {"authorization": f"Bearer {issued[name]}"} | sent.pop("headers", {})
                return await client.request(method, path, headers=headers, **sent)

            await play(ask)
        await asyncio.to_thread(runtime.writer.close)

    asyncio.run(run())


def reports(town: Town) -> int:
    return len(town.xa.ask(town.xa.node.intake.reports))


def test_a_call_sent_again_gets_its_first_answer(town: Town, tmp_path: Path) -> None:
    async def play(ask: Ask) -> None:
        first = await ask(ASHA, "POST", "/api/v1/reports", json=REPORT, headers=KEY)
        again = await ask(ASHA, "POST", "/api/v1/reports", json=REPORT, headers=KEY)
        bare = await ask(
            ASHA, "POST", "/api/v1/reports", json=REPORT, headers={"Idempotency-Key": KEY["Idempotency-Key"][1:-1]}
        )
        for each in (again, bare):
            assert (each.status_code, each.content) == (first.status_code, first.content) == (201, first.content)
            assert each.headers["content-type"] == first.headers["content-type"]
            assert each.headers["content-security-policy"] == first.headers["content-security-policy"]
        assert reports(town) == 1
        assert (await ask(ASHA, "POST", "/api/v1/reports", json=REPORT)).json()["id"] != first.json()["id"]
        assert reports(town) == 2  # without a key, each is a report

    at_the_door(town, tmp_path, play)


def test_a_key_is_for_one_call_of_one_caller(town: Town, tmp_path: Path) -> None:
    async def play(ask: Ask) -> None:
        first = await ask(ASHA, "POST", "/api/v1/reports", json=REPORT, headers=KEY)
        other = await ask(ASHA, "POST", "/api/v1/reports", json=REPORT | {"text": "Another thing."}, headers=KEY)
        assert (other.status_code, other.json()["where"]) == (422, "header Idempotency-Key")
        elsewhere = await ask(ASHA, "POST", "/api/v1/holds", json={"share": "none"}, headers=KEY)
        assert elsewhere.status_code == 422
        theirs = await ask(DENA, "POST", "/api/v1/reports", json=REPORT, headers=KEY)
        assert theirs.status_code == 201
        assert theirs.json()["id"] != first.json()["id"]
        assert reports(town) == 2

    at_the_door(town, tmp_path, play)


@pytest.mark.parametrize("bad", ["", '""', '"a', "a" * 129, 'a"b', "a,b", '"a", "b"', "sch\u00f6n", "a\tb"])
def test_a_malformed_key_is_refused_and_nothing_is_done(town: Town, tmp_path: Path, bad: str) -> None:
    async def play(ask: Ask) -> None:
        answer = await ask(
            ASHA, "POST", "/api/v1/reports", json=REPORT, headers={"Idempotency-Key": bad.encode("latin-1")}
        )
        assert answer.status_code == 422, answer.text
        assert reports(town) == 0

    at_the_door(town, tmp_path, play)


def test_what_failed_is_not_remembered(town: Town, tmp_path: Path) -> None:
    async def play(ask: Ask) -> None:
        for _ in range(2):
            missing = await ask(ASHA, "POST", "/api/v1/holds", json={"share": "none"}, headers=KEY)
            assert missing.status_code == 404
        with town.xa.engine.connect() as tx:
            assert tx.execute(once_store.once_forms.select()).all() == []

    at_the_door(town, tmp_path, play)


def test_many_at_once_are_done_once(town: Town, tmp_path: Path) -> None:
    async def play(ask: Ask) -> None:
        sent = [ask(ASHA, "POST", "/api/v1/reports", json=REPORT, headers=KEY) for _ in range(12)]
        answers = await asyncio.gather(*sent)
        assert {each.status_code for each in answers} == {201}
        assert len({each.content for each in answers}) == 1
        assert reports(town) == 1

    at_the_door(town, tmp_path, play)


def test_a_form_sent_twice_asks_once_and_leads_to_the_same_page(town: Town, tmp_path: Path) -> None:
    report, waiting = town.asked()
    town.xb.do(lambda tx: town.xb.node.orders.decline(tx, waiting.id, "Officer Ravi Quay", "not enough is known"))
    town.settle()

    async def play(ask: Ask) -> None:
        page = (await ask(ASHA, "GET", f"/cases/{report.case}")).text
        there = f"/cases/{report.case}/ask"
        forms = re.findall(
            rf'action="{there}"[^>]*>.*?name="once" value="([^"]+)".*?name="share" value="([^"]+)"', page
        )
        ((nonce, share), *_) = forms
        assert len({nonce for nonce, _ in forms}) == len(forms)
        form = {"share": share, "once": nonce}
        before = len(town.xa.holds(None))
        answers = await asyncio.gather(*(ask(ASHA, "POST", there, data=form) for _ in range(5)))
        assert {(each.status_code, each.headers["location"]) for each in answers} == {(303, f"/cases/{report.case}")}
        assert len(town.xa.holds(None)) == before + 1
        stolen = await ask(DENA, "POST", there, data=form)
        assert stolen.status_code == 403
        assert "somebody else" in stolen.text
        changed = await ask(ASHA, "POST", there, data=form | {"share": report.case})
        assert changed.status_code == 409
        assert (await ask(ASHA, "POST", there, data=form | {"once": "guess"})).status_code == 422
        # A nonce need not have been seen by the node before: it is the form's own number.
        unknown = await ask(ASHA, "POST", there, data=form | {"once": once.fresh()})
        assert unknown.status_code == 409  # the share is asked for already
        assert len(town.xa.holds(None)) == before + 1

    at_the_door(town, tmp_path, play)


def test_a_refusal_by_policy_is_answered_alike_again(town: Town, tmp_path: Path) -> None:
    report, waiting = town.asked()
    town.xb.do(lambda tx: town.xb.node.orders.decline(tx, waiting.id, "Officer Ravi Quay", "not enough is known"))
    town.settle()
    (share, *_) = (each.id for each in town.xa.bar(report.case).shares if each.state == "moved" and not each.hold)
    asked = {"share": share, "purpose": "statistics"}

    async def play(ask: Ask) -> None:
        first = await ask(ASHA, "POST", "/api/v1/holds", json=asked, headers=KEY)
        again = await ask(ASHA, "POST", "/api/v1/holds", json=asked, headers=KEY)
        assert (first.status_code, first.json()["reason"]) == (403, "refused_by_policy"), first.text
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert sum(hold.state == "refused_by_policy" for hold in town.xa.holds(None)) == 1

    at_the_door(town, tmp_path, play)


def test_an_answer_outlives_a_restart_and_not_a_day(town: Town, tmp_path: Path) -> None:
    kept: list[bytes] = []

    async def file(ask: Ask) -> None:
        kept.append((await ask(ASHA, "POST", "/api/v1/reports", json=REPORT, headers=KEY)).content)

    at_the_door(town, tmp_path, file)
    with town.xa.engine.connect() as tx:
        (row,) = tx.execute(once_store.once_forms.select()).all()
    assert row.body == kept[0]
    early = SystemClock().now() + timedelta(hours=23, minutes=59)
    assert town.xa.do(lambda tx: once_store.erase(tx, early)) == 0
    assert town.xa.do(lambda tx: once_store.erase(tx, early + timedelta(minutes=2))) == 1


def test_an_answer_too_large_to_keep_is_not_given_again_and_nothing_is_done_twice(town: Town, tmp_path: Path) -> None:
    long = {"text": " ".join(f"https://number-{number}.example/win" for number in range(700))}

    async def play(ask: Ask) -> None:
        first = await ask(ASHA, "POST", "/api/v1/reports", json=long, headers=KEY)
        assert first.status_code == 201, first.text
        assert len(first.content) > once.MAX_ANSWER
        again = await ask(ASHA, "POST", "/api/v1/reports", json=long, headers=KEY)
        assert (again.status_code, "too large" in again.text) == (409, True)
        assert reports(town) == 1

    at_the_door(town, tmp_path, play)
