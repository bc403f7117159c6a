"""What to ask for first: freeze points by label, time waited, what the dwell model expects to be lost."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from tests.unit.trace.ledgers import index_of, plain

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.trace.derivations.steps import Kind
from lintas.trace.questions import dwell
from lintas.trace.questions.fifo import METHODS, trace
from lintas.trace.questions.frontier import FreezePoint, Pursued, ranked
from lintas.trace.questions.labels import FREEZE_POINTS, Label, custodians
from lintas.trace.questions.trail import Reason, Spent, Trail, Unfollowed

WALLET = "0x52908400098527886E0F7030069857D2E4169EE7"


def test_the_models_say_what_their_sources_say() -> None:
    assert dwell.names()[0] == "fast" and set(dwell.names()) == {"fast", "malaysia-2026", "uk-2025"}
    published = dwell.model("uk-2025")
    assert [round(published.share(minutes), 3) for minutes in (0, 15, 60)] == [1.0, 0.72, 0.5]
    assert [round(dwell.model("malaysia-2026").share(m), 3) for m in (0, 3, 10)] == [1.0, 0.2, 0.1]
    assert round(dwell.model().share(2.4), 3) == 0.575 and round(dwell.model().share(600), 3) == 0.15
    for name in dwell.names():
        model = dwell.model(name)
        shares = [model.share(minutes) for minutes in range(0, 5000, 7)]
        assert shares == sorted(shares, reverse=True) and model.source
        assert all(0 < model.expected(waited, 10) <= 1 for waited in (0, 1, 60, 10**6))
    with pytest.raises(BadInput, match="no dwell model 'slow' — use one of fast, malaysia-2026, uk-2025"):
        dwell.model("slow")


def test_the_page_names_every_model_kind_and_field() -> None:
    page = (Path(__file__).parents[3] / "docs/money.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `([a-z0-9-]+)`( \(default\))? \|", page, re.MULTILINE))
    assert set(dwell.names()) <= set(told) and told[dwell.names()[0]] and METHODS.keys() <= told.keys()
    fields = [f for leaf in (FreezePoint, Pursued, Spent, Unfollowed) for f in msgspec.structs.fields(leaf)]
    answer = page.split("## The answer as JSON")[1]
    named = [*fields, *msgspec.structs.fields(Trail)]
    leaves = {"frontier", "batons", "spent", "unfollowed"}
    assert not [f.encode_name for f in named if f"`{f.encode_name}`" not in answer and f.encode_name not in leaves]
    assert all(f"`{each}`" in page for each in (*FREEZE_POINTS, *get_args(Reason), *get_args(Kind)))


def test_fresh_and_large_comes_first_and_batons_count_too() -> None:
    rows = plain(
        ("t1", "00", "v", "m", 10_000),
        ("t2", "10", "m", "old", 4_000),
        ("t3", "58", "m", "away", 3_000),
        ("t4", "59", "m", "casino", 1_000),
    )
    rows[2] |= {"receiver_bank": "OTHRXB22"}
    for row in rows[:2] + rows[3:]:
        row |= {"receiver_bank": ""}
    index = index_of(rows)
    labels = {"casino": Label("casino", "Blue House", "register 7"), "old": Label("e_wallet", "", "")}
    trail = ranked(trace(index, "t1", stops=custodians(labels)), index, labels=labels)
    points = [leaf for leaf in (*trail.frontier, *trail.batons) if isinstance(leaf, FreezePoint | Pursued)]
    assert len(points) == 4 and sorted(point.rank for point in points) == [1, 2, 3, 4]
    assert [(b.transfer, b.rank, b.waited_s) for b in trail.batons if isinstance(b, Pursued)] == [("t3", 1, 60)]
    found = {point.account: point for point in trail.frontier if isinstance(point, FreezePoint)}
    assert (found["casino"].kind, found["casino"].label, found["casino"].waited_s) == ("casino", "Blue House", 0)
    assert found["casino"].rank == 2 and found["casino"].expected_left < 0.25
    assert (found["old"].kind, found["m"].kind) == ("e_wallet", "bank_account")
    assert found["old"].expected_left > 0.99 and found["old"].waited_s == 49 * 60
    assert [point.account for point in trail.frontier] == sorted(found, key=lambda name: found[name].rank)
    shown = msgspec.to_builtins(trail)["frontier"][0]
    assert {"account", "amount_minor", "currency", "since", "kind", "rank", "from", "to"} <= set(shown)
    assert sum(leaf.origin_to - leaf.origin_from for leaf in trail.leaves()) == 10_000


def test_as_of_counts_the_time_and_an_address_is_a_wallet() -> None:
    index = index_of(plain(("t1", "00", "v", WALLET, 10), ("t2", "50", "o", "p", 1)))
    (point,) = ranked(trace(index, "t1"), index).frontier
    assert isinstance(point, FreezePoint) and (point.kind, point.waited_s) == ("wallet", 3000)
    (point,) = ranked(trace(index, "t1", as_of=times.parse("2026-03-01T10:02:00Z")), index).frontier
    assert isinstance(point, FreezePoint) and point.waited_s == 120


@pytest.mark.parametrize(("method", "backward"), [("poison", False), ("fifo", True)])
def test_an_outer_bound_and_the_past_are_no_freeze_points(method: str, backward: bool) -> None:
    index = index_of(plain(("t1", "00", "v", "m", 10), ("t2", "50", "m", "p", 1)))
    trail = trace(index, "t2", method=method, backward=backward)
    assert ranked(trail, index) is trail
