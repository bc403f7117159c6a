"""A bank's fraud desk answers orders by hand: two keystrokes, exact parts, and nobody else's orders."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.integration.engines import Fresh
from tests.integration.town import BANKS, XB, Town
from tests.integration.visitors import Visitors, words_of

from lintas.cli.demo.cast import A1, A2, B1, B2
from lintas.http.once import fresh
from lintas.model.money import show
from lintas.requests import store
from lintas.requests.forms import ReturnForm, UndoForm
from lintas.requests.records import Claim, Order, Payee

PDF = b"%PDF-"


class Scene(NamedTuple):
    """xb with one order that waits for its bank, and who visits its pages."""

    town: Town
    to: Visitors
    order: Order
    other: str

    @property
    def bank(self) -> str:
        return self.order.bank

    @property
    def path(self) -> str:
        return f"/desk/orders/{self.order.id}"

    @property
    def whole(self) -> str:
        return show(self.order.amount_minor, self.order.currency)

    def now(self) -> Order:
        return self.town.xb.ask(lambda tx: self.town.xb.node.orders.order(tx, self.order.id))

    def answer(self, **typed: str) -> Any:  # noqa: ANN401 — an answer
        return self.to.send(f"{self.path}/answer", "bank", self.bank, **typed)


@pytest.fixture
def scene(tmp_path: Path, town: Town) -> Iterator[Scene]:
    _, waiting = town.asked()
    order = town.xb.approve(waiting.id)
    to = Visitors(town.xb, tmp_path, BANKS[XB])
    yield Scene(town, to, order, next(bank for bank in (B1, B2) if bank != order.bank))
    to.close()


def test_the_queue_shows_the_order_and_the_order_its_letter(scene: Scene) -> None:
    text = scene.to.see("/desk", "bank", scene.bank)
    assert f'data-open href="{scene.path}"' in text
    assert scene.whole in words_of(text)
    said = scene.to.data("/desk", "bank", scene.bank)
    assert [each["order"]["id"] for each in said["orders"]] == [scene.order.id]
    assert (said["answered"], said["after"]) == ([], "")
    page = words_of(scene.to.see(scene.path, "bank", scene.bank))
    assert scene.order.basis.law in page
    assert "/appeal/" in page
    letter = scene.to.ask("GET", f"{scene.path}/letter.pdf?lang=th", "bank", scene.bank)
    assert (letter.status_code, letter.headers["content-type"], letter.content[:5]) == (200, "application/pdf", PDF)


def test_what_is_new_is_announced_and_nothing_moves(scene: Scene) -> None:
    (since,) = re.findall(r'hx-get="(/desk/news\?since=[^"]*)"', scene.to.see("/desk", "bank", scene.bank))
    assert scene.to.ask("GET", since, "bank", scene.bank).text.strip() == ""
    news = scene.to.ask("GET", "/desk/news?since=2000", "bank", scene.bank).text
    assert 'href="/desk"' in news
    assert "1 new" in news


def test_held_in_full_is_two_keystrokes_and_is_done_once(scene: Scene) -> None:
    text = scene.to.see(scene.path, "bank", scene.bank)
    assert re.search(r'<button class="main" data-act data-key="1">', text)
    assert [re.search(rf'data-key="{number}"', text) is not None for number in range(1, 8)] == [True] * 6 + [False]
    once = fresh()
    for _ in range(2):
        sent = scene.answer(kind="full", once=once)
        assert (sent.status_code, sent.headers["location"]) == (303, scene.path)
    answer = scene.now().answer
    assert answer is not None
    ((state, start, end),) = [(part.state, part.start, part.end) for part in answer.parts]
    assert (state, start, end) == ("held", scene.order.baton.start, scene.order.baton.end)
    # Who answered stands in it, for the bank and this authority; the other authority is told the parts alone.
    assert answer.snapshot.startswith(f"Test bank {scene.bank}, ")
    scene.town.deliver()
    hold = next(each for each in scene.town.xa.holds() if each.id == scene.order.hold)
    assert hold.outcome == "held_full"
    assert "Test bank" not in str(scene.town.xa.dump())
    page = words_of(scene.to.see(scene.path, "bank", scene.bank))
    assert f"held {scene.whole}" in page
    assert "Press a number" not in page
    assert [each["id"] for each in scene.to.data("/desk", "bank", scene.bank)["answered"]] == [scene.order.id]


def test_held_in_part_with_the_rest_moved_is_chased_on(scene: Scene) -> None:
    interval = scene.order.baton.amount_minor
    held, moved = interval // 2, interval // 4
    sent = scene.answer(
        kind="parts",
        held=show(held, scene.order.currency),
        moved=show(moved, scene.order.currency),
        rest="spent",
        holder=scene.other,
        reference="ONWARD-1",
    )
    assert sent.status_code == 303, words_of(sent.text)
    answer = scene.now().answer
    assert answer is not None
    states = {part.state: part.amount_minor for part in answer.parts}
    assert states == {"held": held, "moved": moved, "spent": interval - held - moved}
    assert sum(states.values()) == interval
    # The other bank of this authority is asked where that money is now, or the asking authority is told of it.
    scene.town.deliver()
    assert all(scene.town.xa.bar(case).exact for case in {hold.case for hold in scene.town.xa.holds()})


@pytest.mark.parametrize(
    ("typed", "field", "what"),
    [
        ({"kind": "parts", "held": "1"}, "rest", "nothing is said of"),
        ({"kind": "parts", "held": "99999999999"}, "held", "more than the"),
        ({"kind": "parts", "held": "twelve", "rest": "spent"}, "held", "not an amount"),
        ({"kind": "moved", "holder": "", "reference": "R"}, "holder", "receiving bank"),
        ({"kind": "moved", "holder": "NOBANK", "reference": "R"}, "holder", "knows no bank"),
        ({"kind": "moved", "holder": B1, "reference": ""}, "reference", "reference"),
    ],
)
def test_what_is_wrong_is_told_beside_what_was_typed(
    scene: Scene, typed: dict[str, str], field: str, what: str
) -> None:
    if typed.get("holder") == scene.bank:
        typed = typed | {"holder": scene.other}
    sent = scene.answer(**typed)
    assert sent.status_code == 422
    assert what in words_of(sent.text)
    (wrong,) = re.findall(r'<(?:input|select) [^>]*aria-invalid="true"', sent.text)
    assert f'name="{field}"' in wrong
    kept = next((value for name, value in typed.items() if name not in ("kind", "rest") and value), "")
    assert f'value="{kept}"' in sent.text
    # It stands open where it was typed, and nothing was stored.
    assert "<details open>" in sent.text
    assert scene.now().answered_at is None


def test_a_ledger_in_another_currency_says_what_it_credited(scene: Scene) -> None:
    text = scene.to.see(f"{scene.path}?currency=XBK", "bank", scene.bank)
    assert 'name="credited"' in text
    bad = scene.to.ask("GET", f"{scene.path}?currency=ZZZ", "bank", scene.bank)
    assert bad.status_code == 422
    sent = scene.answer(kind="full", currency="XBK")
    assert sent.status_code == 422
    assert 'name="credited"' in sent.text
    assert scene.answer(kind="full", currency="XBK", credited="7,770").status_code == 303
    answer = scene.now().answer
    assert answer is not None
    assert answer.local == {"XBK": 7_770}


def test_refused_by_law_and_not_found(scene: Scene) -> None:
    sent = scene.to.send(f"{scene.path}/refusal", "bank", scene.bank, reason="x")
    assert sent.status_code == 422
    assert 'value="x"' in sent.text
    assert scene.to.send(f"{scene.path}/refusal", "bank", scene.bank, reason="s. 12 Secrecy Act").status_code == 303
    assert scene.now().refusal == "s. 12 Secrecy Act"
    late = scene.answer(kind="not_found")
    assert late.status_code == 409
    assert "has another answer already" in words_of(late.text)


def test_a_colleague_who_was_quicker_is_told_and_what_was_typed_stays(scene: Scene) -> None:
    assert scene.answer(kind="not_found").status_code == 303
    late = scene.answer(kind="parts", held="1", rest="spent")
    assert late.status_code == 409
    page = words_of(late.text)
    assert "What you wrote is kept" in page
    assert "not found in its ledger" in page


def test_a_release_is_shown_once_it_was_ordered_and_is_done(scene: Scene) -> None:
    xa, xb = scene.town.xa, scene.town.xb
    scene.answer(kind="full")
    scene.town.deliver()
    case = next(hold.case for hold in xa.holds() if hold.id == scene.order.hold)
    wish = UndoForm(code="good_faith", reason="the owner acted in good faith")
    xa.do(lambda tx: xa.node.undo.undo(tx, case, wish, "Officer Asha Tor"))
    scene.town.deliver()
    (waiting,) = xb.ask(xb.node.amendments.pending)
    path = f"/desk/amendments/{waiting.id}"
    assert scene.to.ask("GET", path, "bank", scene.bank).status_code == 404
    xb.do(lambda tx: xb.node.amendments.approve(tx, waiting.id, "Officer Dena Holt"))
    assert f'data-open href="{path}"' in scene.to.see("/desk", "bank", scene.bank)
    assert "It is let go" in words_of(scene.to.see(path, "bank", scene.bank))
    assert scene.to.ask("GET", path, "bank", scene.other).status_code == 404
    assert scene.to.send(f"{path}/done", "bank", scene.other).status_code == 404
    # A release is never refused.
    assert scene.to.send(f"{path}/refusal", "bank", scene.bank, reason="we would rather not").status_code == 409
    assert scene.to.send(f"{path}/done", "bank", scene.bank).status_code == 303
    assert xb.ask(lambda tx: xb.node.amendments.amendment(tx, waiting.id)).state == "done"
    assert scene.now().closed_at is not None


def test_a_confirmation_may_come_too_late(scene: Scene) -> None:
    xb = scene.town.xb
    scene.answer(kind="full")
    amendment = xb.do(lambda tx: xb.node.amendments.confirm(tx, scene.order.id, "Officer Rin Vale", "Court 7/26"))
    path = f"/desk/amendments/{amendment.id}"
    assert "Court 7/26" in words_of(scene.to.see(path, "bank", scene.bank))
    assert scene.to.send(f"{path}/refusal", "bank", scene.bank, reason="").status_code == 422
    assert scene.to.send(f"{path}/refusal", "bank", scene.bank, reason="nothing is held any more").status_code == 303
    assert xb.ask(lambda tx: xb.node.amendments.amendment(tx, amendment.id)).state == "declined"


def test_money_is_paid_back_by_the_payments_reference(scene: Scene) -> None:
    xb = scene.town.xb
    scene.answer(kind="full")
    payee = Payee(claim=scene.order.hold, bank=A1, reference="victim 7", loss_minor=1000)
    wish = ReturnForm(payees=(payee,), reference="Court 9/26")
    asked = xb.do(lambda tx: xb.node.returns.ask(tx, scene.order.id, wish, "Officer Rin Vale"))
    page = words_of(scene.to.see(f"/amendments/{asked.id}", "approver"))
    assert "victim 7" in page and A1 in page, "who approves sees to whom"
    xb.do(lambda tx: xb.node.amendments.approve(tx, asked.id, "Officer Dena Holt"))
    path = f"/desk/amendments/{asked.id}"
    assert "pay back" in words_of(scene.to.see("/desk", "bank", scene.bank))
    shown = words_of(scene.to.see(path, "bank", scene.bank))
    assert "victim 7" in shown and "10.00" in shown
    assert "stays held" not in shown
    assert scene.to.send(f"{path}/paid", "bank", scene.bank, reference="").status_code == 422
    assert scene.to.send(f"{path}/paid", "bank", scene.other, reference="RTR-1").status_code == 404
    assert scene.to.send(f"{path}/paid", "bank", scene.bank, reference="RTR-1").status_code == 303
    assert "RTR-1" in words_of(scene.to.see(path, "bank", scene.bank))
    assert xb.bar(scene.order.case).returned > 0


def test_payees_at_several_banks_take_several_payments(scene: Scene) -> None:
    xb = scene.town.xb
    scene.answer(kind="full")
    claim = Claim(
        case="case-other",
        currency=scene.order.currency,
        stolen=600,
        scheme="investment",
        opened_at=scene.order.issued_at,
    )
    xb.do(lambda tx: store.keep_claim(tx, claim))
    payees = tuple(
        Payee(claim=of, bank=bank, reference="victim 7", loss_minor=600)
        for of, bank in ((scene.order.hold, A1), (claim.case, A2))
    )
    wish = ReturnForm(payees=payees, reference="Court 9/26")
    asked = xb.do(lambda tx: xb.node.returns.ask(tx, scene.order.id, wish, "Officer Rin Vale"))
    xb.do(lambda tx: xb.node.amendments.approve(tx, asked.id, "Officer Dena Holt"))
    path = f"/desk/amendments/{asked.id}"
    assert 'name="further"' in scene.to.see(path, "bank", scene.bank)
    alone = scene.to.send(f"{path}/paid", "bank", scene.bank, reference="RTR-1")
    assert alone.status_code == 422 and "2 payees at 2 banks" in alone.text
    made = scene.to.send(f"{path}/paid", "bank", scene.bank, reference="RTR-1", further="RTR-2\r\n\r\n")
    assert made.status_code == 303
    assert "RTR-1, RTR-2" in words_of(scene.to.see(f"/amendments/{asked.id}", "approver"))


def test_a_bank_sees_that_an_order_ended(scene: Scene) -> None:
    xb = scene.town.xb
    scene.answer(kind="full")
    scene.town.clock.move(days=4)
    xb.do(xb.node.endings.close)
    (over,) = xb.ask(lambda tx: xb.node.amendments.work(tx, scene.bank))
    path = f"/desk/amendments/{over.id}"
    assert f'data-open href="{path}"' in scene.to.see("/desk", "bank", scene.bank)
    assert "Let go" in words_of(scene.to.see(path, "bank", scene.bank))
    assert scene.to.send(f"{path}/done", "bank", scene.bank).status_code == 303


def test_another_banks_order_is_not_there(scene: Scene) -> None:
    for path in (scene.path, f"{scene.path}/letter.pdf", f"/desk?after={scene.order.id}"):
        assert scene.to.ask("GET", path, "bank", scene.other).status_code == 404, path
    for path, typed in (("answer", {"kind": "full"}), ("refusal", {"reason": "not ours"})):
        assert scene.to.send(f"{scene.path}/{path}", "bank", scene.other, **typed).status_code == 404
    text = scene.to.see("/desk", "bank", scene.other)
    assert scene.order.id not in text
    assert scene.now().answered_at is None


@pytest.mark.parametrize("role", ["hotline", "investigator", "approver", "auditor", "administrator"])
def test_only_banks_have_this_desk(scene: Scene, role: str) -> None:
    for path in ("/desk", scene.path, "/desk/news"):
        assert scene.to.ask("GET", path, role).status_code == 403
    assert scene.to.send(f"{scene.path}/answer", role, kind="full").status_code == 403
    for path in ("/", "/cases", "/holds", f"/orders/{scene.order.id}", "/refusals", "/peers"):
        answer = scene.to.ask("GET", path, "bank", scene.bank)
        assert answer.status_code == (303 if path == "/" else 403), path


def test_answered_orders_are_paged(tmp_path: Path, fresh: Fresh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lintas.console.desk.PAGE", 2)
    town = Town(tmp_path, fresh, thefts=5)
    to = Visitors(town.xb, tmp_path, BANKS[XB])
    try:
        for number in range(5):
            town.xa.file(town.form(number))
        town.settle()
        orders = [town.xb.approve(hold.id) for hold in town.xb.holds("awaiting_approval")]
        bank = max((B1, B2), key=[order.bank for order in orders].count)
        wanted = [order.id for order in orders if order.bank == bank]
        for name in wanted:
            assert to.send(f"/desk/orders/{name}/answer", "bank", bank, kind="not_found").status_code == 303
        seen, after = list[str](), ""
        while True:
            said = to.data(f"/desk?after={after}" if after else "/desk", "bank", bank)
            seen += [each["id"] for each in said["answered"]]
            if not (after := said["after"]):
                break
        assert sorted(seen) == sorted(wanted)
        assert len(seen) == len(set(seen))
        assert len(wanted) > 2
    finally:
        to.close()
        town.close()
