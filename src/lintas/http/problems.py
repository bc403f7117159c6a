"""Every error as an RFC 9457 problem document, mapped once from the error's own status; nothing of a traceback leaves."""

import asyncio
import html
import logging
import re
import secrets
from http import HTTPStatus

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lintas.model.errors import LintasError, Refused, Unavailable

MEDIA = "application/problem+json"

_log = logging.getLogger("lintas.api")
#: What to do about the statuses that HTTP itself knows and no error class of ours does.
_ADVICE = {
    404: "check the address; the OpenAPI document lists those that exist",
    405: "use one of the methods named in the Allow header",
    408: "send it again, faster or smaller",
    415: "send the body in one of the formats that the OpenAPI document names for this address",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem document (RFC 9457), with what to ``do``, ``where`` it is, and the ``reason`` code of a refusal."""

    type: str
    title: str
    status: int
    detail: str
    do: str = ""
    where: str = ""
    reason: str | msgspec.UnsetType = msgspec.UNSET
    instance: str | msgspec.UnsetType = msgspec.UNSET


def problem_of(wrong: BaseException) -> Problem:
    """Describe an error for whoever caused it; an unexpected one is logged by its kind and told by a number only."""
    if isinstance(wrong, asyncio.CancelledError):
        return problem_of(Unavailable("the node is shutting down", "send it again when it is back"))
    if isinstance(wrong, LintasError):
        return Problem(
            type=f"urn:lintas:problem:{_slug(type(wrong).__name__)}",
            title=wrong.title,
            status=wrong.status,
            detail=wrong.what,
            do=wrong.do,
            where=wrong.where,
            reason=wrong.reason if isinstance(wrong, Refused) else msgspec.UNSET,
        )
    if isinstance(wrong, HTTPException):
        status = wrong.status_code
        # RFC 9457 section 4.2.1: about:blank says no more than the status itself, and takes its title from it.
        return Problem(
            type="about:blank",
            title=HTTPStatus(status).phrase,
            status=status,
            detail=wrong.detail,
            do=_ADVICE.get(status, ""),
        )
    return _fault(wrong)


def describe(wrong: BaseException) -> tuple[Problem, dict[str, str]]:
    """Return an error's problem document, fit to be encoded, and the headers that go with it."""
    problem = _encodable(problem_of(wrong))
    headers = dict(wrong.headers or {}) if isinstance(wrong, HTTPException) else {}
    if problem.status == 401:
        headers["www-authenticate"] = "Bearer"
    if problem.status == 503:
        headers["retry-after"] = "2"
    return problem, headers


def respond(request: Request, wrong: BaseException) -> Response:
    """Make the answer: a problem document, or a plain small page for a client that asks for HTML."""
    problem, headers = describe(wrong)
    if wants_html(request):
        return Response(page(problem), problem.status, headers, "text/html")
    return Response(msgspec.json.encode(problem), problem.status, headers, MEDIA)


def wants_html(request: Request) -> bool:
    """Tell a browser, which names text/html and no JSON, from a program."""
    accept = request.headers.get("accept", "")
    return "text/html" in accept and "json" not in accept


def page(problem: Problem) -> str:
    """Write the problem as a page without script, style or link; every word escaped."""
    words = [problem.detail, problem.do, f"At: {problem.where}" if problem.where else ""]
    words += [
        f"Reason: {problem.reason}" if problem.reason else "",
        f"Fault: {problem.instance}" if problem.instance else "",
    ]
    title = html.escape(f"{problem.status} {problem.title}")
    body = "".join(f"<p>{html.escape(line)}</p>" for line in words if line)
    text = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>{body}</html>'
    return _clean(text)


def _fault(wrong: BaseException) -> Problem:
    """Log an unexpected error under a number that the caller may quote, and say nothing else about it."""
    fault = secrets.token_hex(8)
    _log.error("an unexpected error was answered with 500", exc_info=wrong, extra={"fault": fault})
    return Problem(
        type="urn:lintas:problem:fault",
        title="Something went wrong",
        status=500,
        detail="this is a fault of the node, not of what was sent",
        do="tell the administrator the fault's number",
        instance=f"urn:lintas:fault:{fault}",
    )


def _encodable(problem: Problem) -> Problem:
    changes = {field: _clean(getattr(problem, field)) for field in ("detail", "do", "where")}
    return msgspec.structs.replace(problem, **changes)


def _clean(text: str) -> str:
    """Replace lone surrogates, which a message may quote from what was sent and UTF-8 cannot carry."""
    return text.encode("utf-8", "replace").decode()


def _slug(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
