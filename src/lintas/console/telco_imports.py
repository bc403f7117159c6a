"""Imports on pages: each table that a feed brought, with the lines that were refused, approved or declined as a whole."""

import msgspec
from starlette.responses import Response

from lintas.console.forms import Form, act, form, show, typed_into
from lintas.console.frame import page
from lintas.console.telco_lists import APPROVERS, READERS
from lintas.http.routing import Call
from lintas.model.errors import BadInput, LintasError
from lintas.model.people import same_person
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction
from lintas.telco.book.records import Import

PAGE = 50


class Imports(msgspec.Struct, frozen=True):
    """One page of imports, newest first; ``after`` leads to the next one, "" on the last."""

    imports: list[Import]
    after: str


class OneImport(msgspec.Struct, frozen=True):
    """One import with its refused lines; ``mine``: the reader brought it."""

    imported: Import
    mine: bool


class Decide(Form, frozen=True, kw_only=True):
    """An officer's word on an import that waits."""

    answer: str = ""


async def imports(call: Call[Runtime]) -> Response:
    """List imports."""
    bulk, before = call.services.node.lists.bulk, call.query.get("after") or "~"
    found = await call.services.read(lambda tx: bulk.listed(tx, before, PAGE + 1))
    return page(call, "telco_imports.html", Imports(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else ""))


async def import_(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one import."""
    found = await call.services.read(lambda tx: call.services.node.lists.bulk.of(tx, call.path["import"]))
    view = OneImport(found, same_person(found.by, call.caller.name))
    return page(call, "telco_import.html", view, wrong=wrong, typed=typed)


async def decide(call: Call[Runtime]) -> Response:
    """Approve or decline all that an import brought, in the caller's name."""
    bulk, name, officer, said = call.services.node.lists.bulk, call.path["import"], call.caller.name, call.body
    if said.answer not in ("approve", "decline"):
        wrong = BadInput("no decision was chosen", "choose one of the two", where="answer")
        return await import_(call, wrong=wrong, typed=typed_into(said))

    def use_case(tx: Transaction) -> str:
        (bulk.approve if said.answer == "approve" else bulk.decline)(tx, name, officer)
        return f"/telco/imports/{name}"

    return await act(call, use_case, import_)


_ONE = "/telco/imports/{import}"
IMPORT_PAGES = [
    show("/telco/imports", imports, READERS, "Imports", {"after": "the id of the last import of the page before"}),
    show(_ONE, import_, READERS, "One import"),
    form(f"{_ONE}/decide", decide, Decide, APPROVERS, "Approve or decline an import"),
]
