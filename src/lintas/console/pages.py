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
    redress,
    releases,
    reports,
    simulator,
    stopped,
    telco_desk,
    telco_figures,
    telco_imports,
    telco_lists,
    telco_senders,
    telco_sources,
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
    *redress.REDRESS_PAGES,
    *telco_lists.LIST_PAGES,
    *telco_imports.IMPORT_PAGES,
    *telco_sources.SOURCE_PAGES,
    *telco_senders.SENDER_PAGES,
    *simulator.SIMULATOR_PAGES,
    *telco_figures.TELCO_FIGURE_PAGES,
    *telco_desk.TELCO_DESK_PAGES,
    *assets.ASSETS,
]

PAGES = Pages(sign_in="/sign-in", problem=problem_page)
