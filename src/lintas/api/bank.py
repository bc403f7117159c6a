"""The calls by which a bank takes part: its work, a trace answer, an order, its letter, answer or refusal, an amendment."""

import msgspec
from starlette.responses import Response

from lintas.api import letters
from lintas.http.routing import Call, Route, seconds_to_wait
from lintas.model.tainted import LedgerAnswer
from lintas.node.runtime import Runtime
from lintas.requests.forms import BankRefusal
from lintas.requests.records import Amendment, Order
from lintas.storage.engine import Transaction
from lintas.trace.records import TraceQuestion

BANK = frozenset({"bank"})


class Work(msgspec.Struct, frozen=True):
    """What waits for one bank: questions about its ledger, orders to hold amounts, and amendments of orders it answered."""

    questions: list[TraceQuestion] = []
    orders: list[Order] = []
    amendments: list[Amendment] = []

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return bool(self.questions or self.orders or self.amendments)


async def work(call: Call[Runtime]) -> Work:
    """Return what waits for the calling bank; with ``wait`` seconds, wait that long for the first of it."""
    node, bank = call.services.node, call.caller.organisation

    def ask(tx: Transaction) -> Work:
        return Work(node.tracing.work(tx, bank), node.orders.work(tx, bank), node.amendments.work(tx, bank))

    return await call.services.until(ask, seconds_to_wait(call.query))


async def answer_trace(call: Call[Runtime]) -> None:
    """Take the bank's answer to a question about its ledger."""
    answer: LedgerAnswer = call.body
    bank, question = call.caller.organisation, call.path["question"]
    await call.services.write(lambda tx: call.services.node.tracing.answer(tx, bank, question, answer))


async def read_order(call: Call[Runtime]) -> Order:
    """Return one order of the bank's as it stands, with the answer or refusal on record."""
    bank, name = call.caller.organisation, call.path["order"]
    return await call.services.read(lambda tx: call.services.node.orders.order(tx, name, bank))


async def letter(call: Call[Runtime]) -> Response:
    """Return the order as a letter, with the address for objections."""
    bank, order, language = call.caller.organisation, call.path["order"], letters.language_of(call)
    orders = call.services.node.orders
    return await letters.sent(
        call, await call.services.read(lambda tx: orders.letter(tx, order, bank, language=language))
    )


async def answer_order(call: Call[Runtime]) -> None:
    """Take the bank's answer to an order."""
    answer: LedgerAnswer = call.body
    bank, order = call.caller.organisation, call.path["order"]
    await call.services.write(lambda tx: call.services.node.orders.bank_answers(tx, bank, order, answer))


async def refuse_order(call: Call[Runtime]) -> None:
    """Take the bank's refusal with its legal reason."""
    body: BankRefusal = call.body
    bank, order = call.caller.organisation, call.path["order"]
    await call.services.write(lambda tx: call.services.node.orders.bank_refuses(tx, bank, order, body.reason))


async def amendment_done(call: Call[Runtime]) -> None:
    """Take the bank's word that it released, or holds for longer, as amended."""
    bank, amendment = call.caller.organisation, call.path["amendment"]
    await call.services.write(lambda tx: call.services.node.amendments.bank_done(tx, bank, amendment))


async def refuse_amendment(call: Call[Runtime]) -> None:
    """Take the bank's word that it cannot hold for longer, and why."""
    body: BankRefusal = call.body
    bank, name = call.caller.organisation, call.path["amendment"]
    await call.services.write(lambda tx: call.services.node.amendments.bank_refuses(tx, bank, name, body.reason))


ROUTES = [
    Route(
        "GET",
        "/api/v1/bank/work",
        work,
        answer=Work,
        roles=BANK,
        summary="What waits for this bank",
        query={"wait": "seconds to wait for the first item, at most 25"},
    ),
    Route(
        "POST",
        "/api/v1/bank/traces/{question}/answer",
        answer_trace,
        LedgerAnswer,
        None,
        BANK,
        "Answer a question about the bank's ledger",
        204,
    ),
    Route("GET", "/api/v1/bank/orders/{order}", read_order, answer=Order, roles=BANK, summary="One order as it stands"),
    Route(
        "GET",
        "/api/v1/bank/orders/{order}/letter",
        letter,
        roles=BANK,
        summary="The order as a letter",
        gives=letters.MEDIA,
        query=letters.QUERY,
    ),
    Route("POST", "/api/v1/bank/orders/{order}/answer", answer_order, LedgerAnswer, None, BANK, "Answer an order", 204),
    Route("POST", "/api/v1/bank/orders/{order}/refusal", refuse_order, BankRefusal, None, BANK, "Refuse an order", 204),
    Route(
        "POST",
        "/api/v1/bank/amendments/{amendment}/done",
        amendment_done,
        roles=BANK,
        summary="Say that an order was amended",
        status=204,
    ),
    Route(
        "POST",
        "/api/v1/bank/amendments/{amendment}/refusal",
        refuse_amendment,
        BankRefusal,
        None,
        BANK,
        "Say that nothing is held that could be held for longer",
        204,
    ),
]
