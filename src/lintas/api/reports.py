"""Reports and the cases they open: what the hotline files, and the money bar that everybody watches."""

from starlette.responses import Response

from lintas.http import problems
from lintas.http.routing import Call, Route
from lintas.intake.records import Report, ReportForm
from lintas.model.errors import BadInput, Refused
from lintas.node.runtime import Runtime
from lintas.node.views import CaseView, case_view
from lintas.requests.records import Bar, Hold, HoldForm, Later

OFFICERS = frozenset({"hotline", "investigator", "approver"})
READERS = OFFICERS | {"auditor"}


async def file_report(call: Call[Runtime]) -> Report:
    """File a report; money is followed from here on without anybody waiting for it."""
    form: ReportForm = call.body
    # Reading the longest text takes half a second.
    _, file = await call.services.apart(call.services.node.intake.read, form)
    return await call.services.write(call.once(lambda tx: file(tx, call.caller.name)))


async def list_reports(call: Call[Runtime]) -> list[Report]:
    """Return reports, newest first; with ``incomplete=1`` those whose case lacks what lets a bank find a transfer."""
    after, incomplete = call.query.get("after", "~"), call.query.get("incomplete", "0")
    if incomplete not in ("0", "1"):
        raise BadInput(
            f"{incomplete!r} is neither 0 nor 1", "send 1 for those that lack something", where="query incomplete"
        )
    intake = call.services.node.intake
    return await call.services.read(lambda tx: intake.reports(tx, after, incomplete=incomplete == "1"))


async def list_cases(call: Call[Runtime]) -> list[Bar]:
    """Return the bars of cases, newest first; ``after`` is the last case of the page before."""
    after = call.query.get("after", "~")
    return await call.services.read(lambda tx: call.services.node.chase.bars(tx, after))


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


ROUTES = [
    Route("POST", "/api/v1/reports", file_report, ReportForm, Report, OFFICERS, "File a report", 201, once=True),
    Route(
        "GET",
        "/api/v1/reports",
        list_reports,
        answer=list[Report],
        roles=READERS,
        summary="List reports, newest first",
        query={"after": "the last report of the page before", "incomplete": "1 for those whose case has no claim yet"},
    ),
    Route(
        "GET",
        "/api/v1/cases",
        list_cases,
        answer=list[Bar],
        roles=READERS,
        summary="List the money bars of cases, newest first",
        query={"after": "the last case of the page before"},
    ),
    Route("GET", "/api/v1/cases/{case}", show_case, answer=CaseView, roles=READERS, summary="Show one case"),
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
