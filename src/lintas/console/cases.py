"""Cases: the list of bars, and the page of one case with its bar, its trail, the why of each decision, and undoing."""

from typing import Annotated

import msgspec
from starlette.responses import Response

from lintas.console.forms import Form, act, form, show
from lintas.console.frame import page
from lintas.console.home import OFFICERS, READERS
from lintas.http.routing import Call
from lintas.model.errors import LintasError
from lintas.model.messages import WithdrawalCode
from lintas.node import paper
from lintas.node.assistance import paper_of
from lintas.node.runtime import Runtime
from lintas.node.views import case_view
from lintas.requests.forms import HoldForm, Sentence, UndoForm
from lintas.requests.records import Bar
from lintas.storage.engine import Transaction

APPROVERS = frozenset({"approver"})
#: Cases on one page; ``after`` goes on from the last.
PAGE = 25

ShareId = Annotated[str, msgspec.Meta(max_length=400)]


class AskOn(Form, frozen=True, kw_only=True):
    """Which share of a case's bar to ask for."""

    share: ShareId


class LetGo(Form, frozen=True, kw_only=True):
    """What to let go: everything below ``share``, "" for the whole case."""

    code: WithdrawalCode
    reason: Sentence
    share: ShareId = ""


class Cases(msgspec.Struct, frozen=True):
    """One page of cases, newest first; ``after`` leads to the next page, "" on the last."""

    cases: list[Bar]
    after: str


async def cases(call: Call[Runtime]) -> Response:
    """List cases by their bars."""
    after = call.query.get("after") or "~"

    def look(tx: Transaction) -> Cases:
        found = call.services.node.chase.bars(tx, after, limit=PAGE + 1)
        return Cases(found[:PAGE], found[PAGE - 1].case if len(found) > PAGE else "")

    return page(call, "cases.html", await call.services.read(look))


async def case(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one case: bar, trail, holds, undoing, reports."""
    name = call.path["case"]
    view = await case_view(call.services, name)
    return page(call, "case.html", view, wrong=wrong, typed=typed, case=name)


async def ask_on(call: Call[Runtime]) -> Response:
    """Ask for money that moved on, from its button."""
    wish: AskOn = call.body
    asked = HoldForm(share=wish.share)

    def use_case(tx: Transaction) -> str:
        return f"/cases/{call.services.node.chase.ask(tx, asked, call.caller.name).case}"

    return await act(call, use_case, case)


async def undo(call: Call[Runtime]) -> Response:
    """Let go of everything below a share, in every jurisdiction."""
    said: LetGo = call.body
    name, officer = call.path["case"], call.caller.name

    def use_case(tx: Transaction) -> str:
        wish = UndoForm(code=said.code, reason=said.reason.strip(), share=said.share)
        call.services.node.undo.undo(tx, name, wish, officer)
        return f"/cases/{name}#undoing"

    return await act(call, use_case, case)


async def request(call: Call[Runtime]) -> Response:
    """Give the case's open requests as one paper for police abroad, as PDF."""
    node, name, to = call.services.node, call.path["case"], call.query.get("to", "")
    language = paper.language(call.query.get("lang", ""), exercise=node.parts.identity.exercise)
    written = (await call.services.read(lambda tx: paper_of(node, tx, name, language=language, to=to))).letter
    made = await call.services.apart(paper.pdf, written)
    headers = paper.named(written) | {"content-language": written.language}
    return Response(made, media_type=paper.MEDIA, headers=headers)


CASE_PAGES = [
    show("/cases", cases, READERS, "Cases, newest first", {"after": "the last case of the page before"}),
    show("/cases/{case}", case, READERS, "One case"),
    show(
        "/cases/{case}/request.pdf",
        request,
        READERS,
        "A case's open requests as one paper for police abroad",
        {"lang": "a language", "to": "one peer, without it all"},
    ),
    form("/cases/{case}/ask", ask_on, AskOn, OFFICERS, "Ask for money that moved on"),
    form("/cases/{case}/undo", undo, LetGo, APPROVERS, "Let money go, wherever it is held"),
]
