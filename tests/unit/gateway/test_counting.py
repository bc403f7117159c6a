"""What a gateway counted reaches the node: each minute that is over, once, as one report."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from lintas.gateway.counters import Count, Counters
from lintas.gateway.following.counting import Counting, Settings, read_settings, reports, run
from lintas.model.errors import BadInput, Unavailable
from lintas.telco.figures.records import MOST_CALLS, CounterReport

SETTINGS = Settings(verdicts="http://gw", node="https://node", key_file="key", gateway="gw-1", preset="strict")
START = 1_772_359_620  # 2026-03-01T10:07:00Z


def counted() -> tuple[Counters, Callable[[int], None]]:
    now = [START]
    counters = Counters(lambda: float(now[0]))
    counters.add(("international", "block", "blocked", 4), 3)
    counters.add(("international", "block", "blocked", 5), 2)
    counters.add(("unsaid", "allow", "none", 5), 7)
    counters.shadow(("unsaid", "block", "blocked", 5))
    now[0] = START + 60
    counters.add(("domestic", "allow", "domestic", 5))
    return counters, lambda at: now.__setitem__(0, at)


def test_a_minute_is_one_report_and_only_when_it_is_over() -> None:
    counters, _ = counted()
    assert list(reports(counters.rows(), SETTINGS, START + 59)) == []
    ((minute, first),) = reports(counters.rows(), SETTINGS, START + 100)
    assert (minute, first.minute, first.list_version) == (START, "2026-03-01T10:07:00Z", 5)
    assert [(each.trunk, each.kind, each.shadow, each.calls) for each in first.counts] == [
        ("international", "blocked", False, 5),
        ("unsaid", "none", False, 7),
        ("unsaid", "blocked", True, 1),
    ]


def test_what_cannot_be_said_of_one_minute_keeps_no_other_back() -> None:
    def row(minute: int, count: int = 1, kind: str = "none", version: int = 1) -> Count:
        return Count(minute=minute, trunk="unsaid", action="allow", kind=kind, version=version, count=count)

    many = [row(240, 10_000_001), row(0, kind="no word"), row(60, version=2**60), row(120), row(1 << 60), row(180)]
    said = list(reports(many, SETTINGS, float("inf")))
    assert [(minute, report.counts[0].calls) for minute, report in said] == [(120, 1), (180, 1), (240, MOST_CALLS)]


def test_a_minute_that_the_node_refuses_is_passed_by() -> None:
    counters, _ = counted()
    assert brought(counters, [422, 201]) == [1, 0]
    assert brought(counters, [422, 422]) == [0, 0]


def test_minutes_after_a_clock_went_back_are_brought() -> None:
    counters, set_clock = counted()
    set_clock(START + 7200)
    counters.add(("domestic", "allow", "domestic", 5))
    set_clock(START + 120)
    counters.add(("domestic", "allow", "domestic", 5))
    assert [row.minute - START for row in counters.rows() if row.kind == "domestic"] == [60, 7200, 120]
    assert brought(counters, [201, 201, 201, 422, 409, 409, 409], START + 7300, START + 200) == [3, 3]


def brought(counters: Counters, statuses: list[int], *rounds: float) -> list[int]:
    """Return what was taken in each round (two at one time, where none is named) while the node gives these answers."""
    answers = iter(statuses)

    def gateway(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=msgspec.json.encode(counters.rows(int(request.url.params["since"]))))

    async def play() -> list[int]:
        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(gateway), base_url="http://gw") as one,
            httpx.AsyncClient(
                transport=httpx.MockTransport(lambda _: httpx.Response(next(answers))), base_url="https://node"
            ) as other,
        ):
            counting = Counting(SETTINGS, one, other)
            return [await counting.bring(now) for now in rounds or (START + 200, START + 200)]

    return asyncio.run(play())


def test_what_the_node_did_not_take_is_brought_later_and_nothing_twice() -> None:
    counters, _ = counted()
    told: list[CounterReport] = []
    answers = iter([503, 201, 409, 201])

    def gateway(request: httpx.Request) -> httpx.Response:
        rows = counters.rows(int(request.url.params["since"]))
        return httpx.Response(200, content=msgspec.json.encode(rows))

    def node(request: httpx.Request) -> httpx.Response:
        status = next(answers)
        if status == 201:
            told.append(msgspec.json.decode(request.content, type=CounterReport))
        return httpx.Response(status)

    async def play() -> list[int]:
        async with (
            httpx.AsyncClient(transport=httpx.MockTransport(gateway), base_url="http://gw") as one,
            httpx.AsyncClient(transport=httpx.MockTransport(node), base_url="https://node") as other,
        ):
            counting = Counting(SETTINGS, one, other)
            with pytest.raises(Unavailable):
                await counting.bring(START + 200)
            return [await counting.bring(START + 200), await counting.bring(START + 200)]

    assert asyncio.run(play()) == [2, 0]
    assert [each.minute for each in told] == ["2026-03-01T10:07:00Z"]


@pytest.mark.parametrize("follow", ["", "[follow]\n"])
def test_counts_go_where_lists_come_from_unless_it_is_said_otherwise(tmp_path: Path, follow: str) -> None:
    path = tmp_path / "gateway.toml"
    (tmp_path / "gw.key").write_text("secret\n", "utf-8")
    (tmp_path / "gw.key").chmod(0o600)
    said = 'node = "https://node.example"\nkey_file = "gw.key"\ngateway = "gw-1"\ntrust = "node.pem"\ncalls = "calls"\n'
    path.write_text(f'{follow}{said}[count]\nverdicts = "http://127.0.0.1:8090"\ngateway = "gw-2"\n', "utf-8")
    settings, key = read_settings(path)
    assert (settings.node, settings.trust, settings.gateway, key) == (
        "https://node.example",
        "node.pem",
        "gw-2",
        "secret",
    )


@pytest.mark.parametrize("wrong", ["", "[count]\nnode=1", "x", "[count]\ngateway='60123456789'"])
def test_settings_that_are_none_are_told(tmp_path: Path, wrong: str) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(wrong, "utf-8")
    with pytest.raises(BadInput, match=r"gateway\.toml"):
        read_settings(path)


def test_a_key_or_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(
        '[count]\nverdicts="http://gw"\nnode="https://node"\nkey_file="key"\ngateway="gw-1"\ntrust="key"\n', "utf-8"
    )
    (tmp_path / "key").write_text("schlüssel", "utf-8")
    with pytest.raises(BadInput, match="chmod 600"):
        read_settings(path)
    (tmp_path / "key").chmod(0o600)
    with pytest.raises(BadInput, match=r"key cannot be read|the key in"):
        read_settings(path)
    (tmp_path / "key").write_text("lk_key\n", "utf-8")
    with pytest.raises(BadInput, match=r"trust: .*holds no certificate"):
        asyncio.run(run(path, list[str]().append))
