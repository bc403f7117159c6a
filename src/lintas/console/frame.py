"""What every page shares: its language, its frame, and its twin in JSON."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import jinja2
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from lintas.console.assets import asset
from lintas.console.bar import svg_bar
from lintas.http import bodies
from lintas.http.once import fresh
from lintas.http.problems import MEDIA, Problem, problem_of
from lintas.http.routing import Call
from lintas.http.templates import environment
from lintas.model import times
from lintas.model.errors import LintasError
from lintas.model.money import show
from lintas.model.people import same_person
from lintas.model.schemes import schemes
from lintas.node.runtime import Runtime
from lintas.text import pseudo
from lintas.text.translation import LANGUAGES, best, words

#: The cookie by which somebody who is not signed in keeps a language.
LANGUAGE = "lintas_language"


def language_of(call: Call[Runtime]) -> str:
    """Return the language of an answer: as the address asks, as the reader chose, or as the browser prefers."""
    known = LANGUAGES.keys() | ({pseudo.LANGUAGE} if call.services.node.parts.identity.exercise else set())
    own = call.who.language if call.who is not None else ""
    chosen = (call.query.get("lang", ""), call.request.cookies.get(LANGUAGE, ""), own)
    return next((code for code in chosen if code in known), best(call.request.headers.get("accept-language", "")))


@cache
def templates(language: str) -> jinja2.Environment:
    """Return the templates of one language."""
    said = words(language)
    made = environment("lintas.console", language)
    made.globals |= {"show": show, "svg_bar": svg_bar, "same_person": same_person, "asset": asset, "nonce": fresh}
    made.globals |= {"scheme": lambda code: said.code(schemes().get(str(code), str(code)))}
    made.globals |= {"code": said.code, "moment": said.moment, "languages": LANGUAGES}
    return made


def wants_json(request: Request) -> bool:
    """Tell a program that asks for a page's data."""
    return bodies.JSON in request.headers.get("accept", "")


def page(
    call: Call[Runtime],
    name: str,
    view: Any = None,  # noqa: ANN401 — a struct, or a list of them, as the template takes it
    *,
    status: int = 200,
    wrong: LintasError | None = None,
    typed: Mapping[str, str] | None = None,
    **more: Any,  # noqa: ANN401 — what the template shows beside the view
) -> Response:
    """Render a page of ``view``, or answer the view itself to whoever asks for JSON.

    ``wrong`` is why a form of this page was not carried out; ``typed`` is what it held, shown again so that nothing is lost.
    """
    if wants_json(call.request):
        return Response(msgspec.json.encode(view), status, media_type=bodies.JSON)
    problem = None if wrong is None else problem_of(wrong)
    return _render(call, name, problem.status if problem else status, problem, typed, view=view, **more)


def problem_page(call: Call[Runtime], problem: Problem, typed: Mapping[str, str]) -> Response:
    """Say what went wrong on a page of its own; a form that came too late for its session waits until its sender is back."""
    if wants_json(call.request):
        return Response(msgspec.json.encode(problem), problem.status, media_type=MEDIA)
    return _render(call, "problem.html", problem.status, problem, typed)


def _render(
    call: Call[Runtime],
    name: str,
    status: int,
    problem: Problem | None,
    typed: Mapping[str, str] | None,
    **more: Any,  # noqa: ANN401 — what the template shows
) -> Response:
    parts, language = call.services.node.parts, language_of(call)
    body = (
        templates(language)
        .get_template(name)
        .render(
            authority=parts.name,
            me=parts.identity.authority,
            exercise=parts.identity.exercise,
            who=call.who,
            path=call.request.url.path,
            here=_here(call.request),
            query=call.query,
            lang=language,
            now=times.render(parts.clock.now()),
            problem=problem,
            typed=dict(typed or {}),
            **more,
        )
    )
    return Response(body, status, media_type="text/html; charset=utf-8")


def _here(request: Request) -> str:
    """Return the address to come back to; the answer to a form is no page of its own."""
    if request.method != "GET":
        return "/"
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
