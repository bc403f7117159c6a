"""One order as its officers see it: what was ordered, what the bank said, the letter, and confirming it for longer."""

from typing import Annotated

import msgspec
from starlette.responses import Response

from lintas.console.forms import Form, act, form, show
from lintas.console.frame import page
from lintas.console.home import READERS
from lintas.http.routing import Call
from lintas.model.errors import LintasError
from lintas.model.tainted import WRITTEN
from lintas.node import paper
from lintas.node.runtime import Runtime
from lintas.requests.letter import Letter
from lintas.requests.records import Amendment, Order
from lintas.storage.engine import Transaction

APPROVERS = frozenset({"approver"})


class Confirm(Form, frozen=True, kw_only=True):
    """The document on which an order is confirmed for longer."""

    reference: Annotated[str, msgspec.Meta(min_length=3, max_length=200, pattern=WRITTEN)]


class OrderPage(msgspec.Struct, frozen=True):
    """One order, its letter in the language in which its bank gets it, and what changed of it."""

    order: Order
    letter: Letter
    amendments: list[Amendment]


async def order(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one order; the address for objections is for the owner of the account alone, and not in this letter."""
    node, name = call.services.node, call.path["order"]

    def look(tx: Transaction) -> OrderPage:
        found = node.orders.order(tx, name)
        changes = [each for each in node.amendments.of_case(tx, found.case) if each.order == name]
        return OrderPage(found, node.orders.letter(tx, name), changes)

    return page(call, "order.html", await call.services.read(look), wrong=wrong, typed=typed)


async def letter(call: Call[Runtime]) -> Response:
    """Give an order's letter as PDF, in the authority's language unless the address names another one."""
    node, name = call.services.node, call.path["order"]
    language = paper.language(call.query.get("lang", ""), exercise=node.parts.identity.exercise)
    written = await call.services.read(lambda tx: node.orders.letter(tx, name, language=language))
    made = await call.services.apart(paper.pdf, written)
    headers = paper.named(written) | {"content-language": written.language}
    return Response(made, media_type=paper.MEDIA, headers=headers)


async def confirm(call: Call[Runtime]) -> Response:
    """Hold for longer, in the caller's name, on the document that the law asks for."""
    said: Confirm = call.body
    node, name, officer = call.services.node, call.path["order"], call.caller.name

    def use_case(tx: Transaction) -> str:
        node.amendments.confirm(tx, name, officer, said.reference.strip())
        return f"/orders/{name}"

    return await act(call, use_case, order)


ORDER_PAGES = [
    show("/orders/{order}", order, READERS, "One order"),
    show("/orders/{order}/letter.pdf", letter, READERS, "An order's letter as PDF", {"lang": "a language"}),
    form("/orders/{order}/confirm", confirm, Confirm, APPROVERS, "Confirm an order for longer"),
]
