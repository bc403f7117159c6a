"""The hotline's form, in the order that lets somebody act, and the list of reports."""

import codecs
import re
from typing import Annotated

import msgspec
from starlette.responses import Response

from lintas.console.forms import Form, act, filled, form, show, typed_into
from lintas.console.frame import page
from lintas.console.home import OFFICERS, READERS
from lintas.http.routing import Call
from lintas.intake.records import MAX_TEXT, Report, ReportForm
from lintas.model.errors import BadInput, LintasError
from lintas.model.money import exponents
from lintas.model.places import clocks
from lintas.model.schemes import schemes
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction

PAGE = 50
#: A date and a time of day without a zone, as browsers send it.
_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?")
#: What a field of the form may hold; what is too long for a report is told beside the field, with nothing lost.
Typed = Annotated[str, msgspec.Meta(max_length=2_000)]


class Told(Form, frozen=True, kw_only=True):
    """The hotline's form as it was typed."""

    bank: Typed = ""
    amount: Typed = ""
    currency: Typed = ""
    receiver: Typed = ""
    reference: Typed = ""
    at: Typed = ""
    zone: Typed = ""
    phone: Typed = ""
    scheme: Typed = "unknown"
    urgent_harm: bool = False
    case: Typed = ""
    text: str = ""
    messages: bytes = b""


class Reports(msgspec.Struct, frozen=True):
    """One page of reports, newest first."""

    reports: list[Report]
    after: str
    incomplete: bool


async def reports(call: Call[Runtime]) -> Response:
    """List reports, all or those that lack something."""
    after, incomplete = call.query.get("after") or "~", call.query.get("incomplete", "") == "1"

    def look(tx: Transaction) -> Reports:
        found = call.services.node.intake.reports(tx, after, incomplete=incomplete, limit=PAGE + 1)
        return Reports(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else "", incomplete)

    return page(call, "reports.html", await call.services.read(look))


async def new(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show the form."""
    config, parts = call.services.home.config, call.services.node.parts
    kept = typed or {"case": call.query.get("case", "")}
    return page(
        call,
        "report.html",
        ReportForm(),
        wrong=wrong,
        typed=kept,
        banks=sorted(config.banks),
        currencies=sorted(exponents()),
        schemes=schemes(),
        most=MAX_TEXT,
        field_name=_field(wrong),
        zones=sorted(set(clocks().values())),
        zone=clocks()[parts.table.jurisdiction],
    )


def _field(wrong: LintasError | None) -> str:
    """Return the name of the field that is wrong, if the error names one."""
    return wrong.where.removeprefix("body $.") if wrong is not None else ""


def _with_messages(told: Told) -> Told:
    """Put the messages of a chosen file under what was typed; BadInput for a file that is no text."""
    if not told.messages:
        return told
    wide = told.messages.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        said = told.messages.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        said = "\0"
    if "\0" in said:
        do = "export the chat as text (.txt), or paste the messages"
        raise BadInput("the file with the messages is no text in UTF-8 or UTF-16", do, where="messages")
    return msgspec.structs.replace(told, text=f"{told.text}\n{said}".strip(), messages=b"")


def _with_zone(told: Told) -> Told:
    """Give a time without a zone, as a browser's field has it, the one that was chosen beside it."""
    bare = _LOCAL.fullmatch(told.at.strip())
    if bare is None:
        return told
    return msgspec.structs.replace(told, at=f"{bare[1]}T{bare[2]}{bare[3] or ':00'}{told.zone or 'Z'}")


async def file(call: Call[Runtime]) -> Response:
    """File the report; the money is followed from here on while the victim is still on the line."""
    told: Told = call.body
    try:
        told = _with_zone(_with_messages(told))
    except BadInput as wrong:
        return await new(call, wrong=wrong, typed=typed_into(told))
    officer, intake = call.caller.name, call.services.node.intake
    try:
        _, filing = await call.services.apart(intake.read, filled(ReportForm, told))
    except BadInput as wrong:
        return await new(call, wrong=wrong, typed=typed_into(told))

    def use_case(tx: Transaction) -> str:
        return f"/cases/{filing(tx, officer).case}"

    return await act(call, use_case, new)


REPORT_PAGES = [
    show(
        "/reports",
        reports,
        READERS,
        "Reports, newest first",
        {"after": "the last report of the page before", "incomplete": "1 for those that lack something"},
    ),
    show("/reports/new", new, OFFICERS, "The hotline's form", {"case": "the case that it joins"}),
    form("/reports", file, Told, OFFICERS, "File a report", files=True),
]
