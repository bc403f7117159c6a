"""The doors of the console: signing in and out, enrolling, the pass of an exercise, and the language of the pages."""

from typing import Annotated

import msgspec
import segno
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from lintas.access import rules
from lintas.access.records import EnrolForm, NewSession, SignIn, Typed
from lintas.console.forms import NOBODY, Form, show
from lintas.console.frame import LANGUAGE, page
from lintas.http import bodies
from lintas.http.routing import COOKIE, Call, Route
from lintas.model.errors import BadInput, LintasError, NotAllowed, NotSignedIn, TooManyTries, Unavailable
from lintas.node import signing_in
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction
from lintas.text.translation import LANGUAGES

YEAR = 366 * 86_400
#: A page of this node to go to afterwards.
Here = Annotated[str, msgspec.Meta(max_length=500, pattern=r"\A/(?![/\\])[!-~]*\Z")]
#: Why somebody is not let in; told on the form, without the password.
_NOT_NOW = (BadInput, NotAllowed, NotSignedIn, TooManyTries, Unavailable)


class Enter(Form, frozen=True, kw_only=True):
    """What an officer types to sign in."""

    login: Typed = ""
    password: Typed = ""
    code: Typed = ""


class Enrolling(Form, frozen=True, kw_only=True):
    """The password that an officer chose, typed twice, and a code of the second factor."""

    password: Typed = ""
    again: Typed = ""
    code: Typed = ""


class UsePass(Form, frozen=True, kw_only=True):
    """The button on the page of a pass, and where it leads."""

    to: Here = "/"


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which language to use from now on, and the page that its reader was on."""

    language: Annotated[str, msgspec.Meta(max_length=10)]
    to: Here = "/"


async def sign_in_page(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show the form."""
    return page(call, "sign_in.html", wrong=wrong, typed=typed)


async def sign_in(call: Call[Runtime]) -> Response:
    """Sign in by login, password and code."""
    said: Enter = call.body
    try:
        asked = SignIn(login=said.login, password=said.password, code=said.code)
        begun = await signing_in.sign_in(call.services, asked, _agent(call))
    except _NOT_NOW as wrong:
        return await sign_in_page(call, wrong=wrong, typed={"login": said.login})
    return _entered(call, begun, "/sessions" if begun.told else "/")


async def sign_out(call: Call[Runtime]) -> Response:
    """End the session, here and at the node."""
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    who = call.who
    if who is not None and who.session:
        sessions = call.services.node.access.sessions
        await call.services.write(lambda tx: sessions.revoke(tx, who.session, who.name, login=who.login))
    return answer


async def enrolment(call: Call[Runtime], *, wrong: LintasError | None = None) -> Response:
    """Show whose the address is, the secret for an authenticator program, and the form."""
    token = call.path["token"]
    view = await call.services.read(lambda tx: call.services.node.access.officers.enrolment(tx, token))
    return page(call, "enrol.html", view, wrong=wrong, token=token, picture=_picture(view.uri))


async def enrol(call: Call[Runtime]) -> Response:
    """Take password and second factor, and sign in."""
    said: Enrolling = call.body
    try:
        if said.password != said.again:
            raise BadInput("the two passwords differ", "type the same one twice", where="again")
        chosen = EnrolForm(password=said.password, code=said.code)
        begun = await signing_in.enrol(call.services, call.path["token"], chosen, _agent(call))
    except (BadInput, Unavailable) as wrong:
        return await enrolment(call, wrong=wrong)
    except NotAllowed as wrong:
        return await sign_in_page(call, wrong=wrong)
    return _entered(call, begun, "/")


async def pass_page(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show whom a pass signs in; a button does it, so that a browser that looks ahead does not."""
    token = call.path["token"]
    view = await call.services.read(lambda tx: call.services.node.access.sessions.pass_holder(tx, token))
    to = (typed or {}).get("to") or call.query.get("to", "/")
    return page(call, "pass.html", view, wrong=wrong, typed={}, token=token, to=to)


async def use_pass(call: Call[Runtime]) -> Response:
    """Sign in by a pass."""
    token, device = call.path["token"], rules.device(_agent(call))

    def use_case(tx: Transaction) -> NewSession:
        return call.services.node.access.sessions.use_pass(tx, token, device)

    wish: UsePass = call.body
    return _entered(call, await call.services.write(use_case), wish.to)


async def language(call: Call[Runtime]) -> Response:
    """Keep a language for this browser."""
    wish: Language = call.body
    answer = RedirectResponse(wish.to, 303)
    if wish.language in LANGUAGES:
        answer.set_cookie(LANGUAGE, wish.language, max_age=YEAR, httponly=True, secure=_tls(call), samesite="strict")
    return answer


def _entered(call: Call[Runtime], begun: NewSession, to: str) -> Response:
    """Give the browser its session; it ends there when the node ends it, or with the browser."""
    answer = RedirectResponse(to, 303)
    answer.set_cookie(COOKIE, begun.token, httponly=True, secure=_tls(call), samesite="strict")
    return answer


def _tls(call: Call[Runtime]) -> bool:
    return call.request.url.scheme == "https"


def _agent(call: Call[Runtime]) -> str:
    return call.request.headers.get("user-agent", "")


def _picture(uri: str) -> Markup:
    """Draw a provisioning address as a QR code, as SVG without a style of its own."""
    drawn = segno.make_qr(uri).svg_inline(scale=4, border=4, omitsize=True, svgclass="qr", lineclass=None)
    return Markup(drawn)  # noqa: S704 — drawn here, of squares alone


DOORS = [
    show("/sign-in", sign_in_page, NOBODY, "Sign in"),
    Route("POST", "/sign-in", sign_in, Enter, public=True, summary="Sign in", media=(bodies.FORM,), documented=False),
    Route("POST", "/sign-out", sign_out, public=True, summary="Sign out", documented=False),
    show("/enrol/{token}", enrolment, NOBODY, "Choose a password and a second factor"),
    Route(
        "POST",
        "/enrol/{token}",
        enrol,
        Enrolling,
        public=True,
        summary="Choose a password and a second factor",
        media=(bodies.FORM,),
        documented=False,
    ),
    show("/exercise/{token}", pass_page, NOBODY, "A pass of an exercise", {"to": "the page that it leads to"}),
    Route(
        "POST",
        "/exercise/{token}",
        use_pass,
        UsePass,
        public=True,
        summary="Use a pass of an exercise",
        media=(bodies.FORM,),
        documented=False,
    ),
    Route(
        "POST",
        "/language",
        language,
        Language,
        public=True,
        summary="Choose a language",
        media=(bodies.FORM,),
        documented=False,
    ),
]
