"""The verdict simulator: paste a number and a trunk, and see each rung with what it saw, its rule and whose rule that is."""

from typing import get_args

from starlette.responses import Response

from lintas.console.forms import Form, filled, show, typed_into
from lintas.console.frame import language_of, page
from lintas.http import bodies
from lintas.http.routing import Call, Route
from lintas.model.errors import BadInput, LintasError
from lintas.node.runtime import Runtime
from lintas.node.simulator import LEVELS, Judged, Trial, judge
from lintas.telco.records import Trunk
from lintas.telco.verdicts.presets import names, preset_for, presets

EVERYBODY = frozenset({"investigator", "approver", "auditor", "administrator", "telco"})


class Trying(Form, frozen=True, kw_only=True):
    """A call as it was typed; what it must be is told beside the field."""

    a: str = ""
    b: str = ""
    diverted: str = ""
    trunk: str = "international"
    preset: str = "strict"
    jurisdiction: str = ""
    level: str = "on-call"


async def simulator(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show the form."""
    return _shown(call, _nothing(call), wrong, typed)


async def simulate(call: Call[Runtime]) -> Response:
    """Judge what was typed. It comes in a form, so that no number stands in an address or a log."""
    try:
        found = await judge(call.services, filled(Trial, call.body), language_of(call))
    except BadInput as wrong:
        return _shown(call, _nothing(call), wrong, typed_into(call.body))
    return _shown(call, found, None, typed_into(call.body))


def _nothing(call: Call[Runtime]) -> Judged:
    here = call.services.node.parts.table.jurisdiction
    try:
        return Judged(preset=preset_for(here).name, jurisdiction=here)
    except BadInput:
        return Judged(preset="strict", jurisdiction=here)


def _shown(call: Call[Runtime], view: Judged, wrong: LintasError | None, typed: dict[str, str] | None) -> Response:
    titles = {name: presets(name).title for name in names()}
    return page(
        call,
        "telco_simulator.html",
        view,
        wrong=wrong,
        typed=typed,
        trunks=get_args(Trunk),
        levels=LEVELS,
        presets=titles,
    )


SIMULATOR_PAGES = [
    show("/telco/simulator", simulator, EVERYBODY, "Try a call"),
    Route(
        "POST",
        "/telco/simulator",
        simulate,
        Trying,
        roles=EVERYBODY,
        summary="Try a call",
        media=(bodies.FORM,),
        documented=False,
    ),
]
