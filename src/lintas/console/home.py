"""What is due now, for each role, oldest debt first; and the few words that say that something new came."""

import contextlib
from typing import Literal

import msgspec
from starlette.responses import RedirectResponse, Response

from lintas.console.forms import show
from lintas.console.frame import language_of, page, templates
from lintas.http.routing import Call
from lintas.model.errors import NotFound
from lintas.node.assembly import Node
from lintas.node.runtime import Runtime
from lintas.node.seeing import Carried, View
from lintas.node.views import with_doubts
from lintas.requests.records import Bar, Hold
from lintas.storage.engine import Transaction
from lintas.telco import browse_store
from lintas.telco.book.records import Import, Kept
from lintas.telco.redress.records import Objection

OFFICERS = frozenset({"hotline", "investigator", "approver"})
READERS = OFFICERS | {"auditor"}
EVERYBODY = READERS | {"administrator", "bank", "telco"}
#: How many of each kind the page lists; the pages of each kind go on from there.
MOST = 50

Kind = Literal[
    "approve_hold",
    "approve_release",
    "approve_entry",
    "approve_import",
    "decide_objection",
    "decide_block",
    "overdue_here",
    "overdue_there",
    "complete_report",
]
_MINE: dict[str, frozenset[Kind]] = {
    "approver": frozenset(
        {
            "approve_hold",
            "approve_release",
            "approve_entry",
            "approve_import",
            "decide_objection",
            "decide_block",
            "overdue_here",
            "overdue_there",
        }
    ),
    "hotline": frozenset({"complete_report", "overdue_there"}),
    "investigator": frozenset({"complete_report", "overdue_there"}),
    "auditor": frozenset({"overdue_here", "overdue_there", "decide_objection", "decide_block"}),
}


class Due(View, frozen=True, kw_only=True):
    """One thing that waits for somebody: ``address`` is its page, ``by`` when it should be done, ``since`` when it came.

    ``case`` is "" for what is about a list.
    """

    kind: Kind
    id: str
    address: str
    case: str
    since: str
    by: str | None = None
    who: str = ""
    bank: str = ""
    amount_minor: int | None = None
    currency: str = ""
    urgent: bool = False
    note: str = ""
    missing: tuple[str, ...] = ()
    #: The hold that it is about, "" for a report.
    hold: str = ""

    def carries(self) -> list[Carried]:
        """Say what of peers' it shows."""
        return [Carried("hold", self.hold, what="list")] if self.hold else []


class Home(msgspec.Struct, frozen=True):
    """The first page of a role: what is due, and the newest cases."""

    due: list[Due]
    cases: list[Bar]


def due_for(node: Node, tx: Transaction, role: str) -> list[Due]:
    """Return what waits for a role: what is overdue first, then by the time it should be done, then by age."""
    mine = _MINE.get(role, frozenset())
    items: list[Due] = []
    if "approve_hold" in mine:
        items += [_hold("approve_hold", hold) for hold in with_doubts(node, tx, node.orders.pending(tx))[:MOST]]
    if mine & {"overdue_here", "overdue_there"}:
        listed = {item.id for item in items}
        for hold in node.orders.overdue(tx)[:MOST]:
            kind: Kind = "overdue_there" if hold.direction == "asked" else "overdue_here"
            if kind in mine and hold.id not in listed:
                items.append(_hold(kind, hold))
    if "approve_release" in mine:
        items += [
            Due(
                kind="approve_release",
                id=each.id,
                address=f"/amendments/{each.id}",
                case=each.case,
                since=each.asked_at,
                who=each.asked_by,
                bank=each.bank,
                note=each.code,
                hold=each.hold,
            )
            for each in node.amendments.pending(tx)[:MOST]
        ]
    if "decide_objection" in mine:
        items += [
            Due(
                kind="decide_objection",
                id=each.id,
                address=f"/objections/{each.id}",
                case=each.case,
                since=each.received_at,
                who=each.name,
                hold=each.hold,
            )
            for each in node.appeals.pending(tx)[:MOST]
        ]
    if "decide_block" in mine:
        items += [_block(each) for each in node.redress.listed(tx, limit=MOST) if not each.origin]
    if "approve_entry" in mine:
        items += [_entry(each) for each in browse_store.to_approve(tx, MOST)]
    if "approve_import" in mine:
        items += [_import(each) for each in node.lists.bulk.waiting(tx, MOST)]
    if "complete_report" in mine:
        items += [
            Due(
                kind="complete_report",
                id=report.id,
                address=f"/reports/new?case={report.case}",
                case=report.case,
                since=report.received_at,
                who=report.officer,
                urgent=report.urgent_harm,
                missing=report.missing,
            )
            for report in node.intake.reports(tx, incomplete=True, limit=MOST)
        ]
    return sorted(items, key=lambda item: (not item.urgent, item.by or "9", item.since, item.id))


def _block(objection: Objection) -> Due:
    return Due(
        kind="decide_block",
        id=objection.id,
        address=f"/telco/appeals/{objection.id}",
        case="",
        since=objection.received_at,
        by=objection.answer_by,
        who=objection.name or objection.via,
    )


def _entry(entry: Kept) -> Due:
    return Due(
        kind="approve_entry",
        id=entry.id,
        address=f"/telco/lists/{entry.id}",
        case="",
        since=entry.listed,
        who=", ".join(entry.listed_by[:1]) or entry.origin,
    )


def _import(one: Import) -> Due:
    return Due(
        kind="approve_import",
        id=one.id,
        address=f"/telco/imports/{one.id}",
        case="",
        since=one.at,
        who=f"{one.source} ({one.by})",
    )


def _hold(kind: Kind, hold: Hold) -> Due:
    return Due(
        kind=kind,
        id=hold.id,
        address=f"/holds/{hold.id}",
        case=hold.case,
        since=hold.asked_at,
        by=hold.answer_by,
        who=hold.peer,
        bank=hold.baton.holder,
        amount_minor=hold.amount_minor,
        currency=hold.currency,
        note=hold.doubt,
        hold=hold.id,
    )


async def home(call: Call[Runtime]) -> Response:
    """Show what is due, each role its own."""
    role, node = call.caller.role, call.services.node
    if role == "bank":
        return RedirectResponse("/desk", 303)
    if role == "telco":
        return RedirectResponse("/telco/desk", 303)
    if role == "administrator":
        return RedirectResponse("/officers", 303)

    def look(tx: Transaction) -> Home:
        return Home(due_for(node, tx, role), node.chase.bars(tx, limit=5))

    return page(call, "home.html", await call.services.read(look))


async def news(call: Call[Runtime]) -> Response:
    """Say how much came since the page was made; the page itself is not moved under anybody's hand."""
    role, node = call.caller.role, call.services.node
    since = call.query.get("since", "")

    def count(tx: Transaction) -> int:
        return sum(1 for item in due_for(node, tx, role) if item.since > since)

    text = templates(language_of(call)).get_template("news.html").render(new=await call.services.read(count))
    return Response(text, media_type="text/html; charset=utf-8")


async def find(call: Call[Runtime]) -> Response:
    """Go to what an id or a reference names."""
    wanted, node = call.query.get("q", "").strip(), call.services.node

    def look(tx: Transaction) -> str | None:
        return _find(node, tx, wanted)

    address = await call.services.read(look)
    if address is None:
        raise NotFound(f"nothing here is called {wanted[:80]!r}", "give the id of a case, report, hold or order, whole")
    return RedirectResponse(address, 303)


def _find(node: Node, tx: Transaction, wanted: str) -> str | None:
    if node.chase.bar(tx, wanted) is not None or node.intake.of_case(tx, wanted):
        return f"/cases/{wanted}"
    with contextlib.suppress(NotFound):
        return f"/holds/{node.orders.hold(tx, wanted).id}"
    with contextlib.suppress(NotFound):
        return f"/orders/{node.orders.order(tx, wanted).id}"
    return None


HOME_PAGES = [
    show("/", home, EVERYBODY, "What is due now"),
    show("/news", news, READERS, "How much is new", {"since": "when the page was made"}),
    show("/find", find, READERS, "Find by id", {"q": "an id"}),
]
