"""What a month's orders came to: counted, wrongful holds among them, and no group so small that it tells of one person."""

import pytest
from tests.integration.test_stop_properties import answered, receive
from tests.integration.town import XA, Town

from lintas.cli.demo.cast import B1
from lintas.model.errors import BadInput
from lintas.requests import figures
from lintas.requests.figures import FigureRow, Figures
from lintas.requests.records import Order

APPROVER, SECOND = "Officer Dena Holt", "Officer Oren Vash"


def ordered(town: Town, *, held: bool = True) -> Order:
    """Play one request of xa's through, answered a minute after it was ordered."""
    hold = receive(town, 10_000, 10_000)
    town.clock.move(minutes=3)
    order, desk = town.xb.approve(hold.id), town.xb
    town.clock.move(minutes=1)
    answer = answered(order, [(1, "held" if held else "spent")], 1000)
    desk.do(lambda tx: desk.node.orders.bank_answers(tx, B1, order.id, answer))
    return order


def month(town: Town, name: str = "2026-03") -> Figures:
    return town.xb.ask(lambda tx: figures.of_month(tx, name))


def test_a_month_is_counted_with_its_wrongful_holds(town: Town) -> None:
    orders = [ordered(town) for _ in range(7)] + [ordered(town, held=False)]
    desk = town.xb
    for order in orders[:2]:
        wish = desk.do(
            lambda tx, o=order: desk.node.amendments.ask(tx, o, (), code="correction", reason="wrong", asked_by=SECOND)  # type: ignore[misc]
        )
        desk.do(lambda tx, w=wish: desk.node.amendments.approve(tx, w.id, APPROVER))  # type: ignore[misc]
        desk.do(lambda tx, w=wish: desk.node.amendments.bank_done(tx, B1, w.id))  # type: ignore[misc]
    told = month(town)
    assert told.complete
    assert (told.total.orders, told.total.held_something, told.total.wrongful) == (8, 7, 2)
    assert told.total.wrongful_per_mille == 2000 // 7
    assert told.total.held_minor == {"XAK": 70_000}
    assert (told.total.ask_to_order_s, told.total.order_to_answer_s) == (180, 60)
    assert [(row.group, row.orders) for row in told.by_bank] == [(B1, 8)]
    assert [(row.group, row.orders) for row in told.by_asker] == [(XA, 8)]
    assert told.saved == (), "another authority's cases are not ours"
    assert month(town, "2026-04").total.told is False


def test_what_is_too_small_is_not_told(town: Town) -> None:
    for _ in range(4):
        ordered(town)
    assert month(town).total == FigureRow(group="", told=False)
    assert [row.told for row in month(town).by_bank] == [False]


def test_one_small_group_takes_another_with_it(town: Town) -> None:
    order = ordered(town)
    hold = town.xb.ask(lambda tx: town.xb.node.orders.hold(tx, order.hold))
    told = [figures._Told(order, hold, hold.asked_at, False)]
    names = iter([*"a" * 6, *"b" * 9, *"c" * 2])
    rows = figures._rows(told * 17, lambda _: next(names))
    assert [(row.group, row.told) for row in rows] == [("a", False), ("b", True), ("c", False)]


@pytest.mark.parametrize("name", ["", "2026", "2026-13", "march", "2026-03-01"])
def test_what_is_no_month_is_refused(town: Town, name: str) -> None:
    with pytest.raises(BadInput, match="month"):
        month(town, name)
