"""The pages: sign in, what waits for somebody, reports that lack something, cases and their bars, what was stopped."""

import re
from importlib import resources
from typing import Annotated, Any

import jinja2
import msgspec
from starlette.responses import RedirectResponse, Response

from lintas.console import undoing
from lintas.console.bar import svg_bar
from lintas.http import bodies
from lintas.http.keys import who
from lintas.http.once import fresh
from lintas.http.routing import COOKIE, Call, Route
from lintas.model import times
from lintas.model.errors import BadInput, NotSignedIn
from lintas.model.money import show
from lintas.model.people import same_person
from lintas.node.runtime import Runtime
from lintas.node.views import case_view, with_doubts
from lintas.requests.records import Hold, HoldForm, Sentence
from lintas.storage.engine import Transaction

OFFICERS = frozenset({"hotline", "investigator", "approver"})
READERS = OFFICERS | {"auditor"}
APPROVERS = frozenset({"approver"})
SESSION_SECONDS = 8 * 3600
#: How many reports that lack something the first page shows; the API pages through all of them.
LACKING = 50
_BELOW_A_SECOND = re.compile(r"(T\d\d:\d\d:\d\d)\.\d+Z")


def moment(at: str) -> str:
    """Show a time to the second, in UTC; what a peer wrote and is no time stays as it is."""
    try:
        return times.parse(at).replace(tzinfo=None).isoformat(" ", "seconds") + " UTC" if at else ""
    except BadInput:
        return at


_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("lintas.console"), autoescape=True, undefined=jinja2.StrictUndefined
)
_templates.globals |= {"show": show, "svg_bar": svg_bar, "same_person": same_person, "once": fresh}
_templates.filters |= {
    "words": lambda code: code.replace("_", " "),
    "moment": moment,
    # In a sentence, a time keeps its form and loses what is below a second.
    "seconds": lambda words: _BELOW_A_SECOND.sub(r"\1Z", words),
}


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key that an administrator issued."""

    key: str


class Decline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an officer says no; the asking authority gets this sentence."""

    reason: Sentence


class AskOn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which share of a case's bar to ask for."""

    share: Annotated[str, msgspec.Meta(max_length=400)]


def page(call: Call[Runtime], name: str, **facts: Any) -> Response:  # noqa: ANN401 — whatever the template shows
    """Render a template with what every page shows."""
    identity = call.services.node.parts.identity
    body = _templates.get_template(name).render(
        authority=call.services.node.parts.name, exercise=identity.exercise, who=call.who, **facts
    )
    return Response(body, media_type="text/html; charset=utf-8")


async def sign_in_page(call: Call[Runtime]) -> Response:
    """Show the form that takes a key."""
    return page(call, "sign_in.html", wrong=False)


async def sign_in(call: Call[Runtime]) -> Response:
    """Take a key and keep it as the browser's session."""
    form: SignIn = call.body
    caller = await call.services.read(lambda tx: who(tx, form.key.strip()))
    if caller is None or caller.role == "bank":
        raise NotSignedIn("this is not an officer's key", "ask your administrator for one")
    answer = RedirectResponse("/", 303)
    secure = call.request.url.scheme == "https"
    answer.set_cookie(
        COOKIE, form.key.strip(), max_age=SESSION_SECONDS, httponly=True, secure=secure, samesite="strict"
    )
    return answer


async def sign_out(call: Call[Runtime]) -> Response:
    """Forget the browser's session."""
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


async def home(call: Call[Runtime]) -> Response:
    """Show what waits for approval, reports that lack something, the cases with their bars, and what was stopped."""
    node = call.services.node

    def facts(tx: Transaction) -> dict[str, Any]:
        return {
            "waiting": with_doubts(node, tx, node.orders.pending(tx)),
            "amendments": node.amendments.pending(tx),
            "appeals": node.appeals.pending(tx),
            "overdue": node.orders.overdue(tx),
            "lacking": node.intake.reports(tx, incomplete=True, limit=LACKING),
            "bars": node.chase.bars(tx),
            "refusals": node.border.refusals(tx)[:20],
        }

    return page(call, "home.html", most=LACKING, **await call.services.read(facts))


async def case(call: Call[Runtime]) -> Response:
    """Show one case: bar, trail, holds."""
    return page(call, "case.html", case=call.path["case"], view=await case_view(call.services, call.path["case"]))


async def approve(call: Call[Runtime]) -> Response:
    """Approve a hold from its button, in the caller's name."""
    hold, officer = call.path["hold"], call.caller.name
    orders = call.services.node.orders

    def use_case(tx: Transaction) -> str:
        orders.approve(tx, hold, officer)
        return orders.hold(tx, hold).case

    return RedirectResponse(f"/cases/{await call.services.write(use_case)}", 303)


async def take_back(call: Call[Runtime]) -> Response:
    """Take back one's own approval while a second officer's is missing."""
    hold, officer = call.path["hold"], call.caller.name
    await call.services.write(lambda tx: call.services.node.orders.take_back(tx, hold, officer))
    return RedirectResponse("/", 303)


async def decline(call: Call[Runtime]) -> Response:
    """Decline a hold from its form, with the reason that the asking authority gets."""
    form: Decline = call.body
    orders, hold, officer = call.services.node.orders, call.path["hold"], call.caller.name

    def use_case(tx: Transaction) -> str:
        orders.decline(tx, hold, officer, form.reason.strip())
        return orders.hold(tx, hold).case

    return RedirectResponse(f"/cases/{await call.services.write(use_case)}", 303)


async def ask_on(call: Call[Runtime]) -> Response:
    """Ask for money that moved on, from its button."""
    form: AskOn = call.body
    asked = HoldForm(share=form.share)
    chase, officer = call.services.node.chase, call.caller.name

    def answer(hold: Hold) -> Response:
        return RedirectResponse(f"/cases/{hold.case}", 303)

    return answer(await call.services.write(call.once(lambda tx: chase.ask(tx, asked, officer), answer)))


async def stylesheet(_call: Call[Runtime]) -> Response:
    """Serve the one style sheet."""
    text = resources.files("lintas.console").joinpath("static/console.css").read_text("utf-8")
    return Response(text, media_type="text/css", headers={"cache-control": "max-age=3600"})


def _get(path: str, handler: Any, summary: str, **more: Any) -> Route:  # noqa: ANN401 — a handler's own call type
    return Route("GET", path, handler, summary=summary, documented=False, **more)


PAGES = [
    _get("/sign-in", sign_in_page, "Sign in", public=True),
    Route("POST", "/sign-in", sign_in, SignIn, public=True, summary="Sign in", media=(bodies.FORM,), documented=False),
    Route("POST", "/sign-out", sign_out, public=True, summary="Sign out", documented=False),
    _get("/", home, "Cases", roles=READERS),
    _get("/cases/{case}", case, "One case", roles=READERS),
    Route("POST", "/holds/{hold}/approve", approve, roles=APPROVERS, summary="Approve a hold", documented=False),
    Route(
        "POST",
        "/holds/{hold}/take-back",
        take_back,
        roles=APPROVERS,
        summary="Take back one's own approval",
        documented=False,
    ),
    Route(
        "POST",
        "/holds/{hold}/decline",
        decline,
        Decline,
        roles=APPROVERS,
        summary="Decline a hold",
        media=(bodies.FORM,),
        documented=False,
    ),
    Route(
        "POST",
        "/holds",
        ask_on,
        AskOn,
        roles=OFFICERS,
        summary="Ask for money that moved on",
        once=True,
        media=(bodies.FORM,),
        documented=False,
    ),
    *undoing.pages(page),
    _get("/static/console.css", stylesheet, "Style sheet", public=True),
]
