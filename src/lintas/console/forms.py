"""Forms: carried out once however often they are sent, and shown again with all that was typed when they cannot be."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

import msgspec
from starlette.responses import RedirectResponse, Response

from lintas.http import bodies
from lintas.http.routing import Call, Handler, Route
from lintas.model.errors import BadInput, Conflict, LintasError, NotAllowed, NotFound, Refused
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction

#: The roles of what is public.
NOBODY = frozenset[str]()
#: What may hinder a form and is then told on its own page.
HINDRANCES = (BadInput, Conflict, NotAllowed, NotFound, Refused)
#: Fields that are the page's and not the person's.
_OURS = frozenset({"seen"})


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A form of the console; its field ``once``, which tells it from every other, is taken out before it comes here."""


class Shown(Protocol):
    """A page that can be shown again, with what hindered its form and what was typed into it."""

    def __call__(self, call: Call[Runtime], *, wrong: LintasError, typed: dict[str, str]) -> Awaitable[Response]:
        """Show the page."""
        ...


ShapeT = TypeVar("ShapeT", bound=msgspec.Struct)
UseCase = Callable[[Transaction], str]


class Through(Protocol):
    """What runs a use case and returns after its commit."""

    def __call__(self, use_case: UseCase) -> Awaitable[str]:
        """Run it."""
        ...


async def act(call: Call[Runtime], use_case: UseCase, again: Shown, *, through: Through | None = None) -> Response:
    """Carry out a form once and go to the address that its use case returns; what hinders it is told beside what was typed.

    ``through`` runs the use case where more follows from it than its commit.
    """
    try:
        return _there(await (through or call.services.write)(call.once(use_case, _there)))
    except HINDRANCES as wrong:
        return await again(call, wrong=wrong, typed=typed_into(call.body))


def _there(address: str) -> Response:
    return RedirectResponse(address, 303)


def typed_into(form: object) -> dict[str, str]:
    """Return what a person typed into a form, by field."""
    fields: Mapping[str, object] = msgspec.structs.asdict(form) if isinstance(form, msgspec.Struct) else {}
    kept = {name: value for name, value in fields.items() if name not in _OURS and not isinstance(value, bytes)}
    return {name: str(value) for name, value in kept.items() if value not in ("", None, False)}


def filled(shape: type[ShapeT], form: Form, **read: object) -> ShapeT:
    """Return what was typed in the shape that the use case takes; BadInput names the field that does not fit.

    ``read`` are fields that the page made something else of.
    """
    wanted = set(shape.__struct_fields__)
    values = {name: value for name, value in msgspec.structs.asdict(form).items() if name in wanted} | read
    try:
        return msgspec.convert(values, shape)
    except msgspec.ValidationError as wrong:
        what, _, where = str(wrong).partition(" - at ")
        raise BadInput(
            _in_words(what), "correct it and send it again", where=where.strip("`").removeprefix("$.")
        ) from None


def _in_words(what: str) -> str:
    """Say a limit as people say it: nobody needs to read a pattern."""
    if "matching regex" in what:
        return "this is empty, or holds signs that cannot be shown"
    return what.replace("Expected `str` of length", "expected a text of length").replace("`", "")


def form(
    path: str, handler: Handler, body: type[Form], roles: frozenset[str], summary: str, *, files: bool = False
) -> Route:
    """Return the route that takes a form, with ``files`` or without; without ``roles`` anybody may send it."""
    return Route(
        "POST",
        path,
        handler,
        body,
        roles=roles,
        public=not roles,
        summary=summary,
        media=(bodies.FORM, bodies.FILES) if files else (bodies.FORM,),
        once=True,
        documented=False,
    )


def show(
    path: str, handler: Handler, roles: frozenset[str], summary: str, query: dict[str, str] | None = None
) -> Route:
    """Return the route of a page; without ``roles`` anybody may read it."""
    return Route(
        "GET", path, handler, roles=roles, public=not roles, summary=summary, query=query or {}, documented=False
    )
