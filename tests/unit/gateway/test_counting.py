"""What a gateway counted reaches the node: each minute that is over, once, as one report."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest

from lintas.gateway.counters import Counters
from lintas.gateway.following.counting import Counting, Settings, read_settings, reports
from lintas.model.errors import BadInput, Unavailable
from lintas.telco.figures.records import CounterReport

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
    assert reports(counters.rows(), SETTINGS, START + 59) == []
    ((minute, first),) = reports(counters.rows(), SETTINGS, START + 100)
    assert (minute, first.minute, first.list_version) == (START, "2026-03-01T10:07:00Z", 5)
    assert [(each.trunk, each.kind, each.shadow, each.calls) for each in first.counts] == [
        ("international", "blocked", False, 5),
        ("unsaid", "none", False, 7),
        ("unsaid", "blocked", True, 1),
    ]


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
