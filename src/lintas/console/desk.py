"""The desk of one bank: orders and amendments that wait, one order with its letter, and the answer in two keystrokes."""

from typing import Annotated, Literal

import msgspec
from starlette.responses import Response

from lintas.console.forms import Form, act, filled, form, show, typed_into
from lintas.console.frame import language_of, page, templates
from lintas.http.routing import Call
from lintas.model import money, times
from lintas.model.errors import BadInput, LintasError
from lintas.node import paper
from lintas.node.assembly import Node
from lintas.node.runtime import Runtime
from lintas.requests.desk import Kind, Said, answer_of
from lintas.requests.forms import BankRefusal, Paid
from lintas.requests.letter import Letter
from lintas.requests.records import Amendment, Order
from lintas.storage.engine import Transaction
from lintas.trace.records import TraceQuestion

BANK = frozenset({"bank"})
#: Answered orders on one page; ``after`` goes on from the last.
PAGE = 25

Typed = Annotated[str, msgspec.Meta(max_length=400)]


class Answer(Form, frozen=True, kw_only=True):
    """An answer as it was typed; what is wrong with it is told beside its field."""

    kind: Kind
    held: Typed = ""
    moved: Typed = ""
    spent: Typed = ""
    rest: Literal["", "here", "spent", "unknown"] = ""
    currency: Typed = ""
    credited: Typed = ""
    holder: Typed = ""
    reference: Typed = ""
    begins: Typed = ""
    certain: bool = False


class Refuse(Form, frozen=True, kw_only=True):
    """The section of law that prevents it, or why nothing can be held for longer; what it must be is told beside the field."""

    reason: str = ""


class PaidBack(Form, frozen=True, kw_only=True):
    """By which payment money was returned."""

    reference: str = ""
    #: Further ones, one in each line.
    further: str = ""


class Done(Form, frozen=True, kw_only=True):
    """The button that says that it was done."""


class Waiting(msgspec.Struct, frozen=True):
    """An order to answer, and when the authority hopes for the answer."""

    order: Order
    answer_by: str | None


class Desk(msgspec.Struct, frozen=True):
    """What waits for a bank, oldest first, and a page of what it answered, the last first; ``after`` leads to the next one.

    ``questions`` are answered by the bank's program, from its ledger. ``since`` is when the newest of what waits came.
    """

    orders: list[Waiting]
    amendments: list[Amendment]
    questions: list[TraceQuestion]
    answered: list[Order]
    after: str
    since: str


class DeskOrder(msgspec.Struct, frozen=True):
    """One order, its letter with the address for objections, what changed of it, and the next order that waits ("": none)."""

    order: Order
    answer_by: str | None
    letter: Letter
    amendments: list[Amendment]
    next: str


class DeskAmendment(msgspec.Struct, frozen=True):
    """One change of an order that the bank carries out, and the order."""

    amendment: Amendment
    order: Order


def _work(node: Node, tx: Transaction, bank: str) -> tuple[list[Order], list[Amendment], list[TraceQuestion]]:
    return node.orders.work(tx, bank), node.amendments.work(tx, bank), node.tracing.work(tx, bank)


def _times(orders: list[Order], amendments: list[Amendment], questions: list[TraceQuestion]) -> list[str]:
    """Return when each of what waits came."""
    ordered = [each.issued_at for each in orders] + [each.issued_at or each.asked_at for each in amendments]
    return ordered + [each.asked_at for each in questions]


async def desk(call: Call[Runtime]) -> Response:
    """Show what waits for the caller's bank, and what it answered."""
    node, bank, after = call.services.node, call.caller.organisation, call.query.get("after", "")

    def look(tx: Transaction) -> Desk:
        orders, amendments, questions = _work(node, tx, bank)
        answered = node.orders.answered(tx, bank, after, PAGE + 1)
        return Desk(
            orders=[Waiting(each, node.orders.hold(tx, each.hold).answer_by) for each in orders],
            amendments=amendments,
            questions=questions,
            answered=answered[:PAGE],
            after=answered[PAGE - 1].id if len(answered) > PAGE else "",
            since=max(_times(orders, amendments, questions), default=""),
        )

    return page(call, "desk.html", await call.services.read(look))


async def news(call: Call[Runtime]) -> Response:
    """Say how much came since the page was made; the page itself is not moved under anybody's hand."""
    node, bank, since = call.services.node, call.caller.organisation, call.query.get("since", "")
    new = await call.services.read(lambda tx: sum(at > since for at in _times(*_work(node, tx, bank))))
    text = templates(language_of(call)).get_template("news.html").render(new=new, address="/desk")
    return Response(text, media_type="text/html; charset=utf-8")


async def order(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one order to its bank: the letter, and the answers from which to choose."""
    node, name, bank = call.services.node, call.path["order"], call.caller.organisation
    asked = call.query.get("currency", "")
    if asked and asked not in money.exponents():
        raise BadInput(
            f"there is no currency {asked[:20]!r} here", "use its code of three letters", where="query currency"
        )

    def look(tx: Transaction) -> DeskOrder:
        found = node.orders.order(tx, name, bank)
        changes = [each for each in node.amendments.of_case(tx, found.case) if each.order == name and each.issued_at]
        waiting = [each.id for each in node.orders.work(tx, bank) if each.id != name]
        by = node.orders.hold(tx, found.hold).answer_by
        letter = node.orders.letter(tx, name, bank)
        return DeskOrder(found, by, letter, changes, waiting[0] if waiting else "")

    view = await call.services.read(look)
    currency = (typed or {}).get("currency", "") or asked
    return page(
        call,
        "desk_order.html",
        view,
        wrong=wrong,
        typed=typed,
        field_name=wrong.where if wrong is not None else "",
        currency=currency if currency in money.exponents() else view.order.baton.currency,
        currencies=sorted(money.exponents()),
        banks=sorted(_banks(node) - {bank}),
    )


def _banks(node: Node) -> frozenset[str]:
    """Return the codes of every bank that this authority knows, its own and those abroad."""
    return node.parts.banks | frozenset(node.parts.abroad)


async def letter(call: Call[Runtime]) -> Response:
    """Give the order's letter as PDF, with the address for objections."""
    node, name, bank = call.services.node, call.path["order"], call.caller.organisation
    language = paper.language(call.query.get("lang", ""), exercise=node.parts.identity.exercise)
    written = await call.services.read(lambda tx: node.orders.letter(tx, name, bank, language=language))
    made = await call.services.apart(paper.pdf, written)
    headers = paper.named(written) | {"content-language": written.language}
    return Response(made, media_type=paper.MEDIA, headers=headers)


async def answer(call: Call[Runtime]) -> Response:
    """Take the answer, as exactly as it was typed; who answered, and when, stands in it as the state of the ledger."""
    node, name, bank, typed = call.services.node, call.path["order"], call.caller.organisation, call.body
    officer, now = call.caller.name, times.render(node.parts.clock.now())

    def use_case(tx: Transaction) -> str:
        said = filled(Said, typed)
        given = answer_of(
            node.orders.order(tx, name, bank), said, bank=bank, banks=_banks(node), snapshot=f"{officer}, {now}"
        )
        node.orders.bank_answers(tx, bank, name, given)
        return f"/desk/orders/{name}"

    return await act(call, use_case, order)


async def refuse(call: Call[Runtime]) -> Response:
    """Take the bank's refusal, with the section of law that prevents it."""
    node, name, bank = call.services.node, call.path["order"], call.caller.organisation
    try:
        said = filled(BankRefusal, call.body)
    except BadInput as wrong:
        return await order(call, wrong=wrong, typed=typed_into(call.body))

    def use_case(tx: Transaction) -> str:
        node.orders.bank_refuses(tx, bank, name, said.reason.strip())
        return f"/desk/orders/{name}"

    return await act(call, use_case, order)


async def amendment(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one change of an order to its bank."""
    node, name, bank = call.services.node, call.path["amendment"], call.caller.organisation

    def look(tx: Transaction) -> DeskAmendment:
        found = node.amendments.amendment(tx, name, bank)
        return DeskAmendment(found, node.orders.order(tx, found.order, bank))

    return page(call, "desk_amendment.html", await call.services.read(look), wrong=wrong, typed=typed)


async def done(call: Call[Runtime]) -> Response:
    """Take the bank's word that it let go, or holds for longer."""
    node, name, bank = call.services.node, call.path["amendment"], call.caller.organisation

    def use_case(tx: Transaction) -> str:
        node.amendments.bank_done(tx, bank, name)
        return f"/desk/amendments/{name}"

    return await act(call, use_case, amendment)


async def paid(call: Call[Runtime]) -> Response:
    """Take the bank's word that it paid a return, and by which payment."""
    node, name, bank = call.services.node, call.path["amendment"], call.caller.organisation
    try:
        body: PaidBack = call.body
        said = filled(Paid, body, further=list(filter(str.strip, body.further.splitlines())))
    except BadInput as wrong:
        return await amendment(call, wrong=wrong, typed=typed_into(call.body))

    def use_case(tx: Transaction) -> str:
        node.returns.bank_paid(tx, bank, name, said.reference, *said.further)
        return f"/desk/amendments/{name}"

    return await act(call, use_case, amendment)


async def cannot(call: Call[Runtime]) -> Response:
    """Take the bank's word that it cannot hold for longer, and why."""
    node, name, bank = call.services.node, call.path["amendment"], call.caller.organisation
    try:
        said = filled(BankRefusal, call.body)
    except BadInput as wrong:
        return await amendment(call, wrong=wrong, typed=typed_into(call.body))

    def use_case(tx: Transaction) -> str:
        node.amendments.bank_refuses(tx, bank, name, said.reason.strip())
        return f"/desk/amendments/{name}"

    return await act(call, use_case, amendment)


_ORDER, _AMENDMENT = "/desk/orders/{order}", "/desk/amendments/{amendment}"
DESK_PAGES = [
    show("/desk", desk, BANK, "What waits for this bank", {"after": "the last order of the page before"}),
    show("/desk/news", news, BANK, "How much is new", {"since": "when the page was made"}),
    show(_ORDER, order, BANK, "One order to this bank", {"currency": "that of the bank's ledger"}),
    show(f"{_ORDER}/letter.pdf", letter, BANK, "The order's letter as PDF", {"lang": "a language"}),
    form(f"{_ORDER}/answer", answer, Answer, BANK, "Answer an order"),
    form(f"{_ORDER}/refusal", refuse, Refuse, BANK, "Refuse an order by law"),
    show(_AMENDMENT, amendment, BANK, "One change of an order"),
    form(f"{_AMENDMENT}/done", done, Done, BANK, "Say that it was done"),
    form(f"{_AMENDMENT}/paid", paid, PaidBack, BANK, "Say by which payment money was returned"),
    form(f"{_AMENDMENT}/refusal", cannot, Refuse, BANK, "Say that nothing can be held for longer"),
]
