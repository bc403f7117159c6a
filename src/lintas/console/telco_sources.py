"""Sources on pages: each one's cap, stop and restart by two people; standing words for peers; the allow-list."""

from typing import get_args

import msgspec
from starlette.responses import Response

from lintas.console.forms import Form, act, filled, form, show, typed_into
from lintas.console.frame import page
from lintas.console.telco_lists import APPROVERS, PROPOSERS, READERS
from lintas.http.routing import Call
from lintas.model.errors import BadInput, LintasError
from lintas.model.listings import Subject
from lintas.model.people import same_person
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction
from lintas.telco.book.records import Adoption, Allowed, AllowedClass, NewAllowed, Source
from lintas.telco.book.sources import MOST_CAP
from lintas.telco.redress.records import Because

KEEPERS = frozenset({"administrator"})
#: Lines of the allow-list on one page.
PAGE = 50


class Sources(msgspec.Struct, frozen=True):
    """Every source, by name."""

    sources: list[Source]


class OneSource(msgspec.Struct, frozen=True):
    """One source; ``mine``: the reader asked for its restart."""

    source: Source
    mine: bool


class Adoptions(msgspec.Struct, frozen=True):
    """Every standing word, by peer; ``peers`` are those that one can be given for."""

    adoptions: list[Adoption]
    peers: list[str]


class AllowList(msgspec.Struct, frozen=True):
    """One page of the allow-list; ``after`` leads to the next one, "" on the last."""

    lines: list[Allowed]
    after: str


class Stop(Form, frozen=True, kw_only=True):
    """Why a source is stopped."""

    reason: str = ""


class Cap(Form, frozen=True, kw_only=True):
    """How much a source may bring in an hour, as it was typed."""

    cap_hour: str = ""


class Press(Form, frozen=True, kw_only=True):
    """A button that says all."""


class Adopt(Form, frozen=True, kw_only=True):
    """Of which subjects what a peer lists is enforced here without a further word."""

    peer: str = ""
    subjects: tuple[str, ...] = ()


class Allow(Form, frozen=True, kw_only=True):
    """A line of the allow-list as it was typed."""

    subject: str = ""
    value: str = ""
    group: str = ""
    name: str = ""


# ---- sources


async def sources(call: Call[Runtime]) -> Response:
    """List every source."""
    return page(call, "telco_sources.html", Sources(await call.services.read(call.services.node.lists.sources.listed)))


async def source(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show one source."""
    found = await call.services.read(lambda tx: call.services.node.lists.sources.source(tx, call.path["source"]))
    view = OneSource(found, bool(found.restart_by) and same_person(found.restart_by, call.caller.name))
    return page(call, "telco_source.html", view, wrong=wrong, typed=typed, most=MOST_CAP)


async def stop(call: Call[Runtime]) -> Response:
    """Let nothing of a source count from now on."""
    of, name, officer = call.services.node.lists.sources, call.path["source"], call.caller.name
    try:
        reason = filled(Because, call.body).reason
    except BadInput as wrong:
        return await source(call, wrong=wrong, typed=typed_into(call.body))

    def use_case(tx: Transaction) -> str:
        return f"/telco/sources/{of.stop(tx, name, officer, reason).name}"

    return await act(call, use_case, source)


async def restart(call: Call[Runtime]) -> Response:
    """Ask that a source counts again, or let it when somebody else has asked."""
    of, name, officer = call.services.node.lists.sources, call.path["source"], call.caller.name

    def use_case(tx: Transaction) -> str:
        return f"/telco/sources/{of.restart(tx, name, officer).name}"

    return await act(call, use_case, source)


async def cap(call: Call[Runtime]) -> Response:
    """Set how much a source may bring in an hour."""
    of, name, typed = call.services.node.lists.sources, call.path["source"], call.body.cap_hour.strip()
    if not (typed.isascii() and typed.isdigit() and len(typed) <= len(str(MOST_CAP))):
        wrong = BadInput("that is no cap", f"give 0 to {MOST_CAP:,}", where="cap_hour")
        return await source(call, wrong=wrong, typed=typed_into(call.body))

    def use_case(tx: Transaction) -> str:
        return f"/telco/sources/{of.cap(tx, name, int(typed)).name}"

    return await act(call, use_case, source)


# ---- standing words


async def adoptions(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show the standing words for peers."""
    node, parts = call.services.node, call.services.node.parts
    peers = [each.authority for each in parts.directory.peers(parts.identity.authority)]
    view = Adoptions(await call.services.read(node.lists.sources.adoptions), peers)
    return page(
        call,
        "telco_adoptions.html",
        view,
        wrong=wrong,
        typed=typed,
        subjects=get_args(Subject),
        same=same_person,
    )


async def adopt(call: Call[Runtime]) -> Response:
    """Ask that what a peer lists is enforced without a further word, or say so when somebody else has asked."""
    of, officer, said = call.services.node.lists.sources, call.caller.name, call.body
    try:
        if not said.subjects:
            raise BadInput("nothing was chosen", "choose at least one", where="subjects")
        subjects = msgspec.convert(said.subjects, tuple[Subject, ...])
    except msgspec.ValidationError:
        wrong = BadInput("there is no such subject", "choose from those shown", where="subjects")
        return await adoptions(call, wrong=wrong)
    except BadInput as wrong:
        return await adoptions(call, wrong=wrong, typed=typed_into(said))

    def use_case(tx: Transaction) -> str:
        of.adopt(tx, said.peer, subjects, officer)
        return "/telco/adoptions"

    return await act(call, use_case, adoptions)


async def end_adoption(call: Call[Runtime]) -> Response:
    """End a standing word."""
    of, peer, officer = call.services.node.lists.sources, call.path["peer"], call.caller.name

    def use_case(tx: Transaction) -> str:
        of.end_adoption(tx, peer, officer)
        return "/telco/adoptions"

    return await act(call, use_case, adoptions)


# ---- the allow-list


async def allow_list(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show the allow-list."""
    of, after = call.services.node.lists.sources, call.query.get("after", "")
    found = await call.services.read(lambda tx: of.allow_list(tx, after, PAGE + 1))
    view = AllowList(found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else "")
    return page(
        call,
        "telco_allow_list.html",
        view,
        wrong=wrong,
        typed=typed,
        subjects=get_args(Subject),
        groups=get_args(AllowedClass),
        same=same_person,
    )


async def allow(call: Call[Runtime]) -> Response:
    """Put something on the allow-list."""
    of, officer = call.services.node.lists.sources, call.caller.name
    try:
        new = filled(NewAllowed, call.body)
    except BadInput as wrong:
        return await allow_list(call, wrong=wrong, typed=typed_into(call.body))

    def use_case(tx: Transaction) -> str:
        of.allow(tx, new, officer)
        return "/telco/allow-list"

    return await act(call, use_case, allow_list)


async def disallow(call: Call[Runtime]) -> Response:
    """Ask that a line be removed, or remove it when another administrator has asked."""
    of, name, officer = call.services.node.lists.sources, call.path["allowed"], call.caller.name

    def use_case(tx: Transaction) -> str:
        of.disallow(tx, name, officer)
        return "/telco/allow-list"

    return await act(call, use_case, allow_list)


_ONE = "/telco/sources/{source}"
SOURCE_PAGES = [
    show("/telco/sources", sources, READERS, "Sources"),
    show(_ONE, source, READERS, "One source"),
    form(f"{_ONE}/stop", stop, Stop, PROPOSERS | KEEPERS, "Stop a source at once"),
    form(f"{_ONE}/restart", restart, Press, APPROVERS, "Ask or confirm that a source counts again"),
    form(f"{_ONE}/cap", cap, Cap, KEEPERS, "Set how much a source may bring in an hour"),
    show("/telco/adoptions", adoptions, READERS, "Standing words for peers"),
    form("/telco/adoptions", adopt, Adopt, APPROVERS, "Ask or confirm a standing word"),
    form("/telco/adoptions/{peer}/end", end_adoption, Press, APPROVERS, "End a standing word"),
    show("/telco/allow-list", allow_list, READERS, "The allow-list", {"after": "the id of the last line before"}),
    form("/telco/allow-list", allow, Allow, KEEPERS, "Put something on the allow-list"),
    form("/telco/allow-list/{allowed}/remove", disallow, Press, KEEPERS, "Ask or confirm that a line is removed"),
]
