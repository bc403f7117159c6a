"""Signing in and out, and the language of the pages."""

from typing import Annotated

import msgspec
from starlette.responses import RedirectResponse, Response

from lintas.access.keys import who
from lintas.console.frame import LANGUAGE, page
from lintas.http import bodies
from lintas.http.routing import COOKIE, Call, Route
from lintas.model.errors import NotSignedIn
from lintas.node.runtime import Runtime
from lintas.text.translation import LANGUAGES

SESSION_SECONDS = 8 * 3600
YEAR = 366 * 86_400


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key that an administrator issued."""

    key: str


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which language to use from now on, and the page that its reader was on."""

    language: Annotated[str, msgspec.Meta(max_length=10)]
    to: Annotated[str, msgspec.Meta(max_length=500, pattern=r"\A/(?![/\\])[!-~]*\Z")] = "/"


async def sign_in_page(call: Call[Runtime]) -> Response:
    """Show the form that takes a key."""
    return page(call, "sign_in.html")


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


async def language(call: Call[Runtime]) -> Response:
    """Keep a language for this browser."""
    form: Language = call.body
    answer = RedirectResponse(form.to, 303)
    if form.language in LANGUAGES:
        secure = call.request.url.scheme == "https"
        answer.set_cookie(LANGUAGE, form.language, max_age=YEAR, httponly=True, secure=secure, samesite="strict")
    return answer


DOORS = [
    Route("GET", "/sign-in", sign_in_page, public=True, summary="Sign in", documented=False),
    Route("POST", "/sign-in", sign_in, SignIn, public=True, summary="Sign in", media=(bodies.FORM,), documented=False),
    Route("POST", "/sign-out", sign_out, public=True, summary="Sign out", documented=False),
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
