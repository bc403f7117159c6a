"""The console's routes, all of them, and what a browser is shown beside the pages that it asks for."""

from lintas.console import (
    assets,
    audit,
    cases,
    desk,
    doors,
    figures,
    holds,
    home,
    ledger,
    officers,
    orders,
    peers,
    releases,
    reports,
    stopped,
    trail,
)
from lintas.console.frame import problem_page
from lintas.http.routing import Pages

ROUTES = [
    *doors.DOORS,
    *officers.OFFICER_PAGES,
    *home.HOME_PAGES,
    *reports.REPORT_PAGES,
    *cases.CASE_PAGES,
    *trail.TRAIL_PAGES,
    *holds.HOLD_PAGES,
    *orders.ORDER_PAGES,
    *releases.RELEASE_PAGES,
    *figures.FIGURE_PAGES,
    *peers.PEER_PAGES,
    *ledger.LEDGER_PAGES,
    *audit.AUDIT_PAGES,
    *desk.DESK_PAGES,
    *stopped.STOPPED_PAGES,
    *assets.ASSETS,
]

PAGES = Pages(sign_in="/sign-in", problem=problem_page)
