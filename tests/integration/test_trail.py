"""The trail of a case by its doors: in every form, to those who may read cases, without a word of the victim's."""

import asyncio
import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from xml.etree import ElementTree

import httpx
import pytest
from tests.integration.engines import Fresh
from tests.integration.town import XA, Desk, Town

from lintas.access import keys
from lintas.api.app import public_app
from lintas.console import pages
from lintas.interop.ftm import SCHEMATA
from lintas.model.money import parse_decimal
from lintas.node.config import Config, Home
from lintas.node.runtime import Runtime
from lintas.requests import board, figures
from lintas.requests.records import SHARE_STATES, Later

SVG = "{http://www.w3.org/2000/svg}"


class Scene(NamedTuple):
    """xa, whose case is held at home and abroad, and has moved on; and xb."""

    town: Town
    runtime: Runtime
    case: str

    def ask(self, path: str, role: str = "investigator", **headers: str) -> httpx.Response:
        desk = self.town.xa
        ids, at = desk.node.parts.ids, datetime.now(UTC)
        key = desk.do(
            lambda tx: keys.issue(
                tx, ids, at=at, name=f"Test {role}", role=role, organisation="XABT" if role == "bank" else ""
            )
        )
        sent = {"authorization": f"Bearer {key}"} | headers

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(public_app(self.runtime, pages.ROUTES, pages.PAGES))
            async with httpx.AsyncClient(transport=transport, base_url="https://xa.example") as client:
                return await client.get(path, headers=sent)

        return asyncio.run(call())

    def trail(self, form: str = "", **headers: str) -> httpx.Response:
        answer = self.ask(f"/api/v1/cases/{self.case}/trail{f'?format={form}' if form else ''}", **headers)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, module_fresh: Fresh) -> Iterator[Scene]:
    town = Town(tmp_path_factory.mktemp("town"), module_fresh, seed=1, thefts=1)
    case = town.xa.file(town.form()).case
    town.settle()
    for desk in (town.xa, town.xb):
        for hold in desk.holds("awaiting_approval"):
            desk.approve(hold.id)
        town.settle()
    told = [Later(minutes=minutes, least_minor=5, most_minor=5, finer=minutes < 30) for minutes in (20, 30, 600)]
    town.xa.do(lambda tx: town.xa.node.comparison.tell(tx, case, told))
    config = Config(
        authority=XA, jurisdiction="XA", name="Aria", contact="d@xa.example", ledger_origin="xa.lintas.example/log"
    )
    runtime = Runtime(Home(config, tmp_path_factory.mktemp("home")), town.xa.node)
    yield Scene(town, runtime, case)
    runtime.writer.close()
    town.close()


def test_the_trail_is_the_bar_in_time(scene: Scene) -> None:
    flow, bar = scene.trail().json(), scene.town.xa.bar(scene.case)
    assert (flow["stolen"], flow["currency"]) == (bar.stolen, bar.currency)
    by_state: dict[str, int] = {}
    for end in flow["ends"]:
        by_state[end["state"]] = by_state.get(end["state"], 0) + end["amount_minor"]
    assert by_state == {state: getattr(bar, state) for state in SHARE_STATES if getattr(bar, state)}
    assert by_state.keys() >= {"held", "moved"}
    assert [leg["since"] for leg in flow["legs"]] == sorted(leg["since"] for leg in flow["legs"])
    theft = scene.town.world.thefts[0]
    assert flow["taken_at"] == theft.form["at"].replace("+00:00", "Z") or flow["legs"][0]["since"] == flow["taken_at"]
    assert flow["legs"][0]["transfer"] == theft.reference
    # Across the border money is settled in another currency's books, and counted in the claim's.
    assert {leg["local_currency"] for leg in flow["legs"]} >= {"XAK", "XBK"}
    first, *_, last = flow["moments"]
    assert (first["minute"], first["there_minor"]) == (0, bar.stolen)
    assert (last["minute"], last["basis"], last["there_minor"]) == (20, "books", 5)


def test_the_case_shows_the_coarse_comparison_alone(scene: Scene) -> None:
    view = scene.ask(f"/api/v1/cases/{scene.case}").json()
    assert [each["minutes"] for each in view["later"]] == [30, 600]


def test_csv_is_parsed_and_adds_up(scene: Scene) -> None:
    answer = scene.trail("csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="trail-{scene.case}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    now = [row for row in rows if row["what"] == "now"]
    bar = scene.town.xa.bar(scene.case)
    assert sum(parse_decimal(row["amount"], row["currency"]) for row in now) == bar.stolen
    assert sum(parse_decimal(row["held"] or "0", bar.currency) for row in now) == bar.held
    assert {row["what"] for row in rows} == {"transfer", "now"}
    assert not any(str(cell).startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_ftm_is_entities_that_find_each_other(scene: Scene) -> None:
    answer = scene.trail(accept="application/x-ndjson")
    assert answer.headers["content-type"] == "application/x-ndjson"
    found = {each["id"]: each for each in map(json.loads, answer.text.splitlines())}
    by_schema = {name: [each for each in found.values() if each["schema"] == name] for name in SCHEMATA}
    assert sum(map(len, by_schema.values())) == len(found)
    wanted = {
        "payer": "LegalEntity",
        "beneficiary": "LegalEntity",
        "payerAccount": "BankAccount",
        "beneficiaryAccount": "BankAccount",
        "bank": "Company",
    }
    for each in found.values():
        assert each["properties"].keys() <= SCHEMATA[each["schema"]]
        assert all(isinstance(value, str) and value for values in each["properties"].values() for value in values)
        for name, schema in wanted.items():
            for target in each["properties"].get(name, []):
                assert found[target]["schema"] == schema
    legs = scene.trail().json()["legs"]
    payments = {each["properties"]["transactionNumber"][0]: each["properties"] for each in by_schema["Payment"]}
    assert payments.keys() == {leg["transfer"] for leg in legs}
    for leg in legs:
        said = payments[leg["transfer"]]
        assert parse_decimal(said["amount"][0], said["currency"][0]) == leg["local_minor"]
        assert said["date"] == [leg["since"]]
    assert {each["properties"]["country"][0] for each in by_schema["Company"]} == {"xa", "xb"}


def test_svg_is_xml_and_holds_no_script(scene: Scene) -> None:
    answer = scene.trail("svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    drawn = ElementTree.fromstring(answer.text)  # noqa: S314 — our own
    assert drawn.tag == f"{SVG}svg"
    tags = {each.tag.removeprefix(SVG) for each in drawn.iter()}
    assert tags <= {"svg", "title", "desc", "defs", "pattern", "rect", "path", "text"}
    names = {name for each in drawn.iter() for name in each.attrib}
    assert not any(name.startswith("on") or "href" in name for name in names)
    flow = scene.trail().json()
    ribbons = [each for each in drawn.iter(f"{SVG}path") if each.find(f"{SVG}title") is not None]
    assert len(ribbons) == sum(len(leg["states"]) for leg in flow["legs"]) + len(flow["ends"])
    thai = scene.ask(f"/api/v1/cases/{scene.case}/trail?format=svg&lang=th")
    assert 'lang="th"' in thai.text


def test_nothing_of_the_victim_is_in_any_form(scene: Scene) -> None:
    form = scene.town.form()
    report = scene.town.xa.ask(lambda tx: scene.town.xa.node.intake.of_case(tx, scene.case))[0]
    secrets = {each.value for each in report.identifiers} | {form["text"], form["receiver"]}
    for text in (
        *(scene.trail(each).text for each in ("json", "csv", "ftm", "svg")),
        scene.ask(f"/cases/{scene.case}/trail").text,
    ):
        assert not [secret for secret in secrets if secret in text and secret != scene.town.world.thefts[0].reference]


def test_what_is_not_there_is_said(scene: Scene) -> None:
    there = f"/api/v1/cases/{scene.case}/trail"
    for path, status in (
        (f"{there}?format=pdf", 422),
        ("/api/v1/cases/none/trail", 404),
        (f"{there}?format=svg&lang=xx", 422),
    ):
        assert scene.ask(path).status_code == status
    for role in ("bank", "administrator"):
        assert scene.ask(there, role).status_code == 403
        assert scene.ask(f"/cases/{scene.case}/trail", role).status_code == 403


def test_a_case_whose_money_nobody_found_has_a_trail_too(scene: Scene) -> None:
    form = scene.town.form() | {"amount": "12.34", "receiver": "0099887766", "text": "They took it."}
    form.pop("reference", None)
    case = scene.town.xa.file(form).case
    scene.town.settle()
    there = f"/cases/{case}/trail"
    page = scene.ask(there, **{"accept": "text/html"})
    assert "No bank has told of one yet." in page.text
    drawn = scene.ask(f"/api/v1{there}?format=svg")
    assert ElementTree.fromstring(drawn.text).tag == f"{SVG}svg"  # noqa: S314 — our own


def test_the_board_has_every_clock_and_sorts_by_urgency(scene: Scene) -> None:
    def read(desk: Desk, now: str) -> list[board.Row]:
        name = desk.node.parts.identity.authority
        return desk.ask(lambda tx: board.read(tx, name, now))[0]

    clocks = {"2026-03-01T10:07:00Z": False, "2036-03-01T10:07:00Z": True}
    for now, late in clocks.items():
        rows = read(scene.town.xa, now)
        held = [row for row in rows if row.held_minor]
        assert {row.hold.direction for row in held} == {"own", "asked"}
        assert {row.clock for row in held} == {"confirm", "end"}
        assert all(row.overdue is late and row.law for row in held)
    (abroad,) = [row for row in read(scene.town.xb, "2026-03-01T10:07:00Z") if row.held_minor]
    (asked,) = [row for row in held if row.hold.direction == "asked"]
    # Both sides see the same hold, the same amount and the same end.
    assert (abroad.hold.id, abroad.held_minor, abroad.until) == (asked.hold.id, asked.held_minor, asked.until)
    assert (abroad.clock, abroad.authority) == ("confirm", asked.authority)


def test_the_board_s_page_filters_and_notes_who_reads(scene: Scene) -> None:
    def rows(query: str) -> Any:  # noqa: ANN401 — JSON
        answer = scene.ask(f"/holds{query}", accept="application/json")
        assert answer.status_code == 200, answer.text
        return answer.json()

    whole: dict[str, Any] = rows("")
    assert whole["counts"]["running"] == len(whole["rows"])
    assert sum(whole["counts"][clock] for clock in board.CLOCKS) == len(whole["rows"])
    for clock in board.CLOCKS:
        assert len(rows(f"?clock={clock}")["rows"]) == whole["counts"][clock]
    assert {row["hold"]["direction"] for row in rows("?direction=own")["rows"]} == {"own"}
    assert len(rows("?overdue=1")["rows"]) == whole["counts"]["overdue"]
    for wrong in ("?clock=noon", "?direction=up", "?overdue=yes", "?state=none"):
        assert scene.ask(f"/holds{wrong}").status_code == 422
    # What a peer's answer made of a hold is a record of that peer's: reading the board is noted.
    seen = scene.town.xa.ask(lambda tx: scene.town.xa.node.reads.listed(tx))
    assert "list" in {each.what for each in seen}


def test_a_month_s_figures_are_on_a_page(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    there, html = "/figures?month=2026-03", {"accept": "text/html"}
    assert "too few to be told" in scene.ask(there, **html).text
    monkeypatch.setattr(figures, "LEAST", 1)
    text = scene.ask(there, "administrator", **html).text
    told = scene.ask("/api/v1/figures/holds?month=2026-03").json()
    assert told["total"]["orders"] == 1
    assert "too few to be told" not in text
    for row in told["by_bank"]:
        assert row["group"] in text
    for minor in told["total"]["held_minor"].values():
        assert f"{minor / 100:,.2f}" in text
    assert scene.ask("/figures?month=March").status_code == 422
    assert scene.ask("/figures", "bank").status_code == 403
