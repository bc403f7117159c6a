"""Reports and the cases they open: what the hotline files, and the money bar that everybody watches."""

from collections.abc import Mapping
from typing import get_args

from starlette.responses import Response

from lintas.api import letters
from lintas.http import problems
from lintas.http.routing import MOST_LISTED, Call, Route, flag, page_size
from lintas.intake.records import Report, ReportForm
from lintas.model.errors import BadInput, Refused
from lintas.node.assistance import paper_of
from lintas.node.runtime import Runtime
from lintas.node.views import CaseView, case_view
from lintas.requests.forms import HoldForm
from lintas.requests.records import Bar, CaseFilter, Hold, Later, Money

OFFICERS = frozenset({"hotline", "investigator", "approver"})
READERS = OFFICERS | {"auditor"}
MONEY: dict[str, Money] = {money: money for money in get_args(Money)}
AFTER, LIMIT = "the last {} of the page before", f"how many, 1 to {MOST_LISTED}"


async def file_report(call: Call[Runtime]) -> Report:
    """File a report; money is followed from here on without anybody waiting for it."""
    form: ReportForm = call.body
    # Reading the longest text takes half a second.
    _, file = await call.services.apart(call.services.node.intake.read, form)
    return await call.services.write(call.once(lambda tx: file(tx, call.caller.name)))


async def list_reports(call: Call[Runtime]) -> list[Report]:
    """Return reports, newest first; with ``incomplete=1`` those whose case lacks what lets a bank find a transfer."""
    after, incomplete = call.query.get("after", "~"), flag(call.query, "incomplete")
    intake, limit = call.services.node.intake, page_size(call.query, 50)
    return await call.services.read(lambda tx: intake.reports(tx, after, incomplete=incomplete, limit=limit))


async def list_cases(call: Call[Runtime]) -> list[Bar]:
    """Return the bars of the cases that are wanted, newest first; ``after`` is the last case of the page before."""
    after, limit, wanted = call.query.get("after", "~"), page_size(call.query, 50), case_filter(call.query)
    return await call.services.read(lambda tx: call.services.node.chase.bars(tx, after, limit, wanted=wanted))


def case_filter(query: Mapping[str, str]) -> CaseFilter:
    """Return which cases are wanted by ``money``, ``officer`` and ``urgent``; BadInput."""
    money = query.get("money")
    if money is not None and money not in MONEY:
        raise BadInput(f"no case is found by {money[:20]!r}", f"use one of {', '.join(MONEY)}", where="query money")
    return CaseFilter(money=MONEY.get(money or ""), officer=query.get("officer", ""), urgent=flag(query, "urgent"))


async def show_case(call: Call[Runtime]) -> CaseView:
    """Return one case: bar, reports, trail, holds."""
    return await case_view(call.services, call.path["case"])


async def compare(call: Call[Runtime]) -> None:
    """Keep what the author of an exercise knows: what the case would have come to later."""
    told: list[Later] = call.body
    case = call.path["case"]
    await call.services.write(lambda tx: call.services.node.comparison.tell(tx, case, told))


async def ask_hold(call: Call[Runtime]) -> Response:
    """Ask that part of a case's money be held."""
    form: HoldForm = call.body
    chase, officer = call.services.node.chase, call.caller.name

    def answer(hold: Hold) -> Response:
        if hold.state == "refused_by_policy":
            why = Refused("refused_by_policy", hold.decision, f"hold {hold.id} is on record as refused")
            return problems.respond(call.request, why)
        return call.as_json(hold)

    return answer(await call.services.write(call.once(lambda tx: chase.ask(tx, form, officer), answer)))


async def request(call: Call[Runtime]) -> Response:
    """Return the case's open requests as one paper."""
    node, case, language = call.services.node, call.path["case"], letters.language_of(call)
    to = call.query.get("to", "")
    paper = await call.services.read(lambda tx: paper_of(node, tx, case, language=language, to=to))
    return await letters.sent(call, paper.letter)


ROUTES = [
    Route("POST", "/api/v1/reports", file_report, ReportForm, Report, OFFICERS, "File a report", 201, once=True),
    Route(
        "GET",
        "/api/v1/reports",
        list_reports,
        answer=list[Report],
        roles=READERS,
        summary="List reports, newest first",
        query={
            "after": AFTER.format("report"),
            "limit": LIMIT,
            "incomplete": "1 for those whose case has no claim yet",
        },
    ),
    Route(
        "GET",
        "/api/v1/cases",
        list_cases,
        answer=list[Bar],
        roles=READERS,
        summary="List the money bars of cases, newest first",
        query={
            "after": AFTER.format("case"),
            "limit": LIMIT,
            "money": "moved or unknown: some of it is; held: all of it is",
            "officer": "who filed the first report",
            "urgent": "1 for those in which a person is in danger",
        },
    ),
    Route("GET", "/api/v1/cases/{case}", show_case, answer=CaseView, roles=READERS, summary="Show one case"),
    Route(
        "GET",
        "/api/v1/cases/{case}/request",
        request,
        roles=READERS,
        summary="A case's open requests as one paper for police abroad",
        gives=letters.MEDIA,
        query=letters.QUERY | {"to": "one peer; without it, all that are asked"},
    ),
    Route(
        "PUT",
        "/api/v1/cases/{case}/later",
        compare,
        list[Later],
        roles=frozenset({"administrator", "approver"}),
        summary="In an exercise: what the case would have come to later",
        status=204,
    ),
    Route("POST", "/api/v1/holds", ask_hold, HoldForm, Hold, OFFICERS, "Ask that money be held", 201, once=True),
]
