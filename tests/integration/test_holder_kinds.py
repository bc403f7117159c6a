"""Orders to others than banks: the table decides by what they are, the letter says it, and a freeze at an issuer takes two."""

import msgspec
import pytest
from tests.integration.town import Town

from lintas.cli.demo.cast import B1
from lintas.model.errors import BadInput, Conflict
from lintas.node.assembly import assemble
from lintas.node.config import Config, checked
from lintas.requests.records import HolderKind, Order

FIRST, SECOND = "Officer Dena Holt", "Officer Oren Vash"


def asked(town: Town, kind: HolderKind) -> str:
    """Let xa's request wait at xb, whose holder of the money is of a kind; returns the hold."""
    desk = town.xb
    desk.node = assemble(desk.node.parts._replace(kinds={B1: kind}))
    return town.asked()[1].id


def letter(town: Town, order: Order, language: str = "en") -> str:
    return town.xb.ask(lambda tx: town.xb.node.orders.letter(tx, order.id, language=language)).plain()


@pytest.mark.parametrize("kind", ["e_wallet", "exchange", "casino"])
def test_others_than_banks_get_orders_that_say_what_they_are(town: Town, kind: HolderKind) -> None:
    order = town.xb.approve(asked(town, kind))
    assert (order.holder, order.basis.rule) == (kind, "xb-order-wallet")
    assert kind.replace("_", " ") in letter(town, order)
    assert "contract" not in letter(town, order)
    town.settle()
    assert town.xb.bar(order.case).held > 0


def test_a_freeze_at_an_issuer_takes_two_officers_and_says_what_else_it_stops(town: Town) -> None:
    desk, hold = town.xb, asked(town, "token_issuer")
    assert desk.do(lambda tx: desk.node.orders.approve(tx, hold, FIRST)) is None
    with pytest.raises(Conflict, match="another officer"):
        desk.do(lambda tx: desk.node.orders.approve(tx, hold, FIRST))
    order = desk.do(lambda tx: desk.node.orders.approve(tx, hold, SECOND))
    assert order is not None
    assert (order.approver, order.second_approver, order.basis.rule) == (FIRST, SECOND, "xb-order-token")
    assert "everything at that" in letter(town, order)
    for language in ("ms", "th"):
        assert "everything at that" not in letter(town, order, language)


def test_a_kind_is_of_ones_own_holders_only() -> None:
    config = Config(
        authority="xb-asc", jurisdiction="XB", name="Boreo", contact="d@xb.example", ledger_origin="xb.example/log"
    )
    given = msgspec.to_builtins(msgspec.structs.replace(config, banks=("XBUB",), kinds={"XBUB": "exchange"}))
    assert checked(given).kinds == {"XBUB": "exchange"}
    with pytest.raises(BadInput, match="not in `banks`"):
        checked(given | {"kinds": {"ELSEWHERE": "exchange"}})
    with pytest.raises(BadInput):
        checked(given | {"kinds": {"XBUB": "pawnbroker"}})
