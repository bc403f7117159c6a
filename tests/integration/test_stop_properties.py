"""What must hold of every hold, whatever banks answer and whoever lets go: through the services, on a real database."""

from datetime import timedelta

import hypothesis.strategies as st
import msgspec
from hypothesis import HealthCheck, given, settings
from tests.integration.town import XA, XB, Desk, Town

from lintas.cli.demo.cast import A1, B1
from lintas.model import money, times
from lintas.model.errors import BadInput, Conflict, LintasError, Refused
from lintas.model.messages import HoldAnswer, HoldRequest, LegalBasis
from lintas.model.tainted import Baton, LedgerAnswer, Part, PartState, Span, held_spans, subtract
from lintas.requests import rules, store
from lintas.requests.forms import HoldForm, ReturnForm
from lintas.requests.records import Hold, Order, Payee, Share
from lintas.storage.engine import Transaction

APPROVER, SECOND, THIRD = "Officer Dena Holt", "Officer Oren Vash", "Officer Rin Vale"
STATES: tuple[PartState, ...] = ("held", "here", "moved", "spent", "unknown")
BASIS = LegalBasis(jurisdiction="XA", rule="r", law="Fictional Act, s.1")
#: One town is played on by every example of a test; each makes its own holds.
few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))

#: A length, where it is cut (per mille), what became of each piece, and what it is worth in the ledger's money.
lengths = st.integers(1, 5_000_000)
pieces = st.lists(st.tuples(st.integers(1, 1000), st.sampled_from(STATES)), min_size=1, max_size=6)
rates = st.integers(1, 5_000)
acts = st.lists(
    st.tuples(
        st.sampled_from(["release", "return", "confirm", "hours", "bank"]), st.integers(0, 1000), st.integers(0, 1000)
    ),
    max_size=6,
)


def parts_of(span: Span, told: list[tuple[int, PartState]], rate: int, bank: str) -> tuple[Part, ...]:
    """Return parts that tile a span, their ledger money cut at cumulative positions."""
    length = span[1] - span[0]
    weights = [weight for weight, _ in told]
    sizes = money.rescale_parts(weights, length)
    local = money.rescale_parts(sizes, max(1, length * rate // 1000))
    found, edge = list[Part](), span[0]
    for (_, state), size, mine in zip(told, sizes, local, strict=True):
        if size == 0:
            continue
        moves = state == "moved" and mine > 0
        onward = Baton(transfer=f"on-{edge}", start=0, end=mine, currency="XBK", holder=A1, sender=bank)
        found.append(
            Part(
                state=state if moves or state != "moved" else "unknown",
                start=edge,
                end=edge + size,
                local_minor=mine,
                local_currency="XBK",
                baton=onward if moves else None,
            )
        )
        edge += size
    return tuple(found)


def answered(order: Order, told: list[tuple[int, PartState]], rate: int) -> LedgerAnswer:
    baton = order.baton
    return LedgerAnswer(
        transfer=baton.transfer,
        start=baton.start,
        end=baton.end,
        currency=baton.currency,
        snapshot="s",
        found=True,
        parts=parts_of(baton.span, told, rate, order.bank),
    )


def receive(town: Town, length: int, amount: int) -> Hold:
    """Let xa's request reach xb: what it asks for, of an interval of this length."""
    desk, ids = town.xb, town.xa.node.parts.ids
    name = ids.new("hold")
    now = town.clock.at
    request = HoldRequest(
        hold=name,
        baton=Baton(transfer=f"t-{name}", start=7, end=7 + length, currency="XAK", holder=B1, sender=A1),
        amount_minor=amount,
        currency="XAK",
        scheme="impersonation",
        basis=BASIS,
        answer_by=times.render(now + timedelta(hours=1)),
        expires=times.render(now + timedelta(hours=72)),
        contact="desk@xa.example",
    )
    desk.do(lambda tx: desk.node.orders.received(tx, XA, request, "stop_payment"))
    desk.do(lambda tx: desk.node.orders.received(tx, XA, request, "stop_payment"))  # the same again is no second hold
    found = desk.ask(lambda tx: store.hold(tx, name))
    assert found is not None
    return found


def check(desk: Desk, order_id: str) -> Order:
    """Hold an order, its hold and its bar against the law."""
    order = desk.ask(lambda tx: desk.node.orders.order(tx, order_id))
    bar = desk.bar(order.case)
    assert bar.exact
    held = rules.still_held(order)
    assert order.amount_minor <= order.baton.amount_minor
    assert order.answer is None or sum(end - start for start, end in held) <= order.amount_minor
    assert all(not subtract(span, [order.baton.span]) for span in held)
    given_back = [*order.released]
    assert all(not subtract(span, given_back) for span in order.returned), "what is returned was let go"
    if order.answer is not None:
        assert all(not subtract(span, held_spans(order.answer.parts)) for span in given_back)
        shown = [share for share in bar.shares if share.state == "held"]
        assert all(share.until and share.law for share in shown), "every hold has an end and a law"
    return order


def act(town: Town, order: Order, what: str, low: int, high: int) -> None:
    """Let somebody do something about an order; whatever may not be done now is refused by name."""
    node, desk = town.xb.node, town.xb
    start = order.baton.start + order.baton.amount_minor * min(low, high) // 1000
    end = order.baton.start + order.baton.amount_minor * max(low, high) // 1000
    try:
        match what:
            case "release":
                asked = desk.do(
                    lambda tx: node.amendments.ask(
                        tx, order, [(start, end)], code="correction", reason="wrong", asked_by=SECOND
                    )
                )
                desk.do(lambda tx: node.amendments.approve(tx, asked.id, APPROVER))
            case "return":
                payee = Payee(claim=order.hold, bank=A1, reference="v", loss_minor=max(1, high * 5_000))
                form = ReturnForm(payees=(payee,), reference="Court 1", spans=((start, end),) if low < high else ())
                wish = desk.do(lambda tx: node.returns.ask(tx, order.id, form, SECOND))
                desk.do(lambda tx: node.amendments.approve(tx, wish.id, APPROVER))
                if low % 2:
                    desk.do(lambda tx: node.returns.bank_paid(tx, order.bank, wish.id, f"RTR {wish.id}"))
            case "confirm":
                desk.do(lambda tx: node.amendments.confirm(tx, order.id, THIRD, "Court 2"))
            case "hours":
                town.clock.move(hours=low // 10)
                desk.do(node.endings.close)
                desk.do(node.undo.lapse)
            case "bank":
                for each in desk.ask(lambda tx: node.amendments.work(tx, order.bank, 500)):
                    if each.kind == "return":
                        desk.do(lambda tx, name=each.id: node.returns.bank_paid(tx, order.bank, name, name))  # type: ignore[misc]
                    else:
                        desk.do(lambda tx, name=each.id: node.amendments.bank_done(tx, order.bank, name))  # type: ignore[misc]
    except (Conflict, Refused, BadInput, LintasError):
        pass


@few
@given(length=lengths, asked=st.integers(1, 1000), told=pieces, rate=rates, then=acts)
def test_holds_never_exceed_their_interval_and_everything_ends(
    town: Town, length: int, asked: int, told: list[tuple[int, PartState]], rate: int, then: list[tuple[str, int, int]]
) -> None:
    hold = receive(town, length, max(1, length * asked // 1000))
    order = town.xb.approve(hold.id)
    answer, desk = answered(order, told, rate), town.xb
    try:
        desk.do(lambda tx: desk.node.orders.bank_answers(tx, B1, order.id, answer))
        desk.do(lambda tx: desk.node.orders.bank_answers(tx, B1, order.id, answer))
    except BadInput:  # more is held than was ordered: nothing of it is taken
        assert check(desk, order.id).answer is None
    for each in then:
        act(town, check(desk, order.id), *each)
    check(desk, order.id)
    town.clock.move(days=100)
    for _ in range(2):
        desk.do(desk.node.endings.close)
        desk.do(desk.node.undo.lapse)
        desk.do(desk.node.clocks.escalate)
    ended = check(desk, order.id)
    assert ended.closed_at or ended.refusal
    bar = desk.bar(order.case)
    assert bar.held == 0
    final = bar.returned
    act(town, ended, "bank", 0, 0)
    assert desk.bar(order.case).returned >= final, "a returned amount stays returned"
    assert not desk.ask(lambda tx: [each for each in desk.node.clocks.running(tx) if each.case == order.case])


@few
@given(length=lengths, stolen=st.integers(1, 9_000_000), told=pieces, rate=rates, late=st.booleans())
def test_answers_from_abroad_conserve_the_bar_whatever_the_currency_and_however_late(
    town: Town, length: int, stolen: int, told: list[tuple[int, PartState]], rate: int, late: bool
) -> None:
    desk, node = town.xa, town.xa.node
    case = node.parts.ids.new("case")
    baton = Baton(transfer=f"t-{case}", start=3, end=3 + length, currency="XAK", holder=B1, sender=A1)

    def opened(tx: Transaction) -> Hold:
        node.chase.open_claim(
            tx, case, "impersonation", amount_minor=stolen, currency="XAK", officer="Officer Asha Tor"
        )
        share = Share(id=case, case=case, state="moved", amount_minor=stolen, holder=B1, baton=baton, note="moved")
        store.keep_share(tx, share)
        return node.chase.ask(tx, HoldForm(share=case), "Officer Asha Tor")

    hold = desk.do(opened)
    assert hold.state == "sent"
    parts = parts_of(baton.span, told, rate, B1)
    answer = HoldAnswer(
        hold=hold.id,
        outcome=rules.outcome_of(parts),
        parts=parts,
        basis=msgspec.structs.replace(BASIS, jurisdiction="XB"),
        approver=APPROVER,
        expires=times.render(town.clock.at + timedelta(hours=200)),
    )
    if late:
        town.clock.move(hours=73)
        desk.do(node.endings.close)
        assert desk.bar(case).held == 0
    if answer.outcome == "not_found":
        return  # an answer that shows money never says so
    desk.do(lambda tx: node.chase.answered(tx, XB, answer))
    once = desk.bar(case)
    assert desk.do(lambda tx: node.chase.answered(tx, XB, answer)) is None or late
    assert desk.bar(case) == once, "said again it changes nothing"
    known = desk.ask(lambda tx: node.orders.hold(tx, hold.id))
    assert (known.state, known.late) == ("answered", late), "late or not, it is on record"
    asked = sum(end - start for start, end in held_spans(parts))
    assert once.held <= -(-asked * stolen // length), "no more is held than the parts that are, in the claim's money"
    town.clock.move(days=30)
    desk.do(node.undo.lapse)
    assert desk.bar(case).held == 0


@given(st.integers(0, money.MAX_MINOR), st.lists(st.integers(0, 10**15), min_size=1, max_size=12))
def test_apportioning_is_exact_and_fair_to_one_minor_unit(total: int, weights: list[int]) -> None:
    if not sum(weights):
        return
    parts = money.apportion(total, weights)
    whole = sum(weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert total * weight // whole <= part <= total * weight // whole + 1
        assert weight or not part


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=10), st.integers(0, 10**12))
def test_restitution_never_gives_more_than_the_pot_or_a_loss(losses: list[int], pot: int) -> None:
    payees = [Payee(claim=f"c{number}", bank=A1, reference="v", loss_minor=loss) for number, loss in enumerate(losses)]
    given_back = rules.restitution(pot, payees)
    assert sum(each.amount_minor for each in given_back) == min(pot, sum(losses))
    assert all(each.amount_minor <= each.loss_minor for each in given_back)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=20), st.integers(0, 10**12))
def test_carrying_parts_into_another_currency_conserves_them(sizes: list[int], other: int) -> None:
    scaled = money.rescale_parts(sizes, other)
    assert sum(scaled) == other
    assert min(scaled) >= 0
    edge = wanted = 0
    for size, part in zip(sizes, scaled, strict=True):
        edge, wanted = edge + size, wanted + part
        assert wanted == edge * other // sum(sizes), "cut at cumulative positions, rounded down"
