"""An operator's desk: reporting a block that is wrong, and what became of its reports."""

from typing import get_args

import msgspec
from starlette.responses import Response

from lintas.console.forms import Form, act, filled, form, show, typed_into
from lintas.console.frame import page
from lintas.http.routing import Call
from lintas.model.errors import BadInput, LintasError
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction
from lintas.telco.redress.records import FalseBlock, FalseCause, Objection

TELCO = frozenset({"telco"})
#: Reports that the page lists, the newest first.
MOST = 50


class Report(Form, frozen=True, kw_only=True):
    """A report as it was typed; what it must be is told beside the field."""

    id: str = ""
    cause: str = ""
    text: str = ""


class OperatorDesk(msgspec.Struct, frozen=True):
    """The newest reports of one operator."""

    reports: list[Objection]


async def desk(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show the form, and the operator's own reports."""
    node, operator = call.services.node, call.caller.organisation
    found = await call.services.read(lambda tx: node.redress.reported_by(tx, operator, MOST))
    return page(call, "telco_desk.html", OperatorDesk(found), wrong=wrong, typed=typed, causes=get_args(FalseCause))


async def report(call: Call[Runtime]) -> Response:
    """Take a report that a block is wrong."""
    node, operator = call.services.node, call.caller.organisation
    try:
        said = filled(FalseBlock, call.body)
    except BadInput as wrong:
        return await desk(call, wrong=wrong, typed=typed_into(call.body))

    def use_case(tx: Transaction) -> str:
        node.redress.false_block(tx, operator, said)
        return "/telco/desk"

    return await act(call, use_case, desk)


TELCO_DESK_PAGES = [
    show("/telco/desk", desk, TELCO, "Report a false block"),
    form("/telco/desk/false-blocks", report, Report, TELCO, "Report a false block"),
]
