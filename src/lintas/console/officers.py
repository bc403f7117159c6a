"""Officers and sessions: what an administrator does about people, and where one is signed in oneself."""

from typing import Annotated

import msgspec
from starlette.responses import RedirectResponse, Response

from lintas.access.records import Happening, Invitation, NewOfficer, Officer, Session
from lintas.console.forms import HINDRANCES, Form, act, filled, form, show, typed_into
from lintas.console.frame import page
from lintas.http.once import AnsweredBefore
from lintas.http.routing import COOKIE, Call
from lintas.model.errors import BadInput, LintasError
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction

ADMINISTRATOR = frozenset({"administrator"})
SEES_OFFICERS = ADMINISTRATOR | {"auditor"}
ANYBODY = frozenset({"hotline", "investigator", "approver", "bank", "telco", "auditor", "administrator"})

Text = Annotated[str, msgspec.Meta(max_length=500)]


class Add(Form, frozen=True, kw_only=True):
    """The form of a new officer, as it was typed."""

    login: Text = ""
    name: Text = ""
    role: Text = ""
    organisation: Text = ""
    language: Text = ""


class Button(Form, frozen=True, kw_only=True):
    """A button about one officer or session."""


class OfficersPage(msgspec.Struct, frozen=True):
    """Every officer; ``invitation`` is the address that was just made, shown this once."""

    officers: list[Officer]
    invitation: Invitation | None = None


class OfficerPage(msgspec.Struct, frozen=True):
    """One officer, what was done to that one's access, and the sessions."""

    officer: Officer
    happened: list[Happening]
    sessions: list[Session]
    invitation: Invitation | None = None


class SessionsPage(msgspec.Struct, frozen=True):
    """Where one is signed in, and what was done to one's access."""

    sessions: list[Session]
    happened: list[Happening]
    current: str


async def officers(
    call: Call[Runtime],
    *,
    wrong: LintasError | None = None,
    typed: dict[str, str] | None = None,
    invitation: Invitation | None = None,
) -> Response:
    """List the officers, and the form for a new one."""
    listed = await call.services.read(call.services.node.access.officers.all)
    return page(
        call,
        "officers.html",
        OfficersPage(listed, invitation),
        wrong=wrong,
        typed=typed,
        acts=call.caller.role == "administrator",
        banks=sorted(call.services.home.config.banks),
        roles=("hotline", "investigator", "approver", "auditor", "administrator", "bank", "telco"),
        address=_public(call),
    )


async def add(call: Call[Runtime]) -> Response:
    """Add an officer and show the address at which that one enrols."""
    access, by = call.services.node.access, call.caller.name
    try:
        new = filled(NewOfficer, call.body)
        there = RedirectResponse(f"/officers/{new.login}", 303)
        add_once = call.once(lambda tx: access.officers.add(tx, new, by), lambda _made: there)
        try:
            made = await call.services.write(add_once)
        except AnsweredBefore:
            # What is kept of the first answer has no address in it, and the browser shows only the last one.
            made = await call.services.write(lambda tx: access.officers.invite_again(tx, new.login, by))
    except HINDRANCES as wrong:
        return await officers(call, wrong=wrong, typed=typed_into(call.body))
    # Shown in the answer itself and never again: an address that stood in a list would be anybody's.
    return await officers(call, invitation=made)


async def officer(
    call: Call[Runtime],
    *,
    wrong: LintasError | None = None,
    typed: dict[str, str] | None = None,
    invitation: Invitation | None = None,
) -> Response:
    """Show one officer."""
    access, login = call.services.node.access, call.path["login"]

    def look(tx: Transaction) -> OfficerPage:
        found = access.officers.of(tx, login)
        return OfficerPage(found, access.officers.happened(tx, login), access.sessions.listed(tx, login), invitation)

    acts = call.caller.role == "administrator"
    view = await call.services.read(look)
    return page(call, "officer.html", view, wrong=wrong, typed=typed, acts=acts, address=_public(call))


async def reset(call: Call[Runtime]) -> Response:
    """End what an officer proves to know, and show the address at which that one enrols anew."""
    login = call.path["login"]
    try:
        made = await call.services.write(
            lambda tx: call.services.node.access.officers.reset(tx, login, call.caller.name)
        )
    except HINDRANCES as wrong:
        return await officer(call, wrong=wrong)
    return await officer(call, invitation=made)


async def confirm(call: Call[Runtime]) -> Response:
    """Let an officer in whom another administrator added or renewed."""
    login, who = call.path["login"], call.caller

    def use_case(tx: Transaction) -> str:
        call.services.node.access.officers.confirm(tx, login, who)
        return f"/officers/{login}"

    return await act(call, use_case, officer)


async def disable(call: Call[Runtime]) -> Response:
    """Let an officer in no more."""
    login, by = call.path["login"], call.caller.name

    def use_case(tx: Transaction) -> str:
        call.services.node.access.officers.disable(tx, login, by)
        return f"/officers/{login}"

    return await act(call, use_case, officer)


async def sessions(
    call: Call[Runtime], *, wrong: LintasError | None = None, typed: dict[str, str] | None = None
) -> Response:
    """Show where one is signed in, and what was done to one's access."""
    access, caller = call.services.node.access, call.caller

    def look(tx: Transaction) -> SessionsPage:
        # What was done about keys that are no officer's stands under no login, and is nobody's own.
        mine = access.sessions.listed(tx, caller.login) if caller.login else []
        done = access.officers.happened(tx, caller.login) if caller.login else []
        return SessionsPage(mine, done, caller.session)

    return page(call, "sessions.html", await call.services.read(look), wrong=wrong, typed=typed)


async def revoke(call: Call[Runtime]) -> Response:
    """End a session: one's own, or as an administrator anybody's."""
    caller, session = call.caller, call.path["session"]
    login = None if caller.role == "administrator" else caller.login

    def use_case(tx: Transaction) -> str:
        whose = call.services.node.access.sessions.revoke(tx, session, caller.name, login=login)
        return "/sessions" if whose == caller.login else f"/officers/{whose}"

    if session != caller.session:
        return await act(call, use_case, sessions)
    await call.services.write(use_case)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


def _public(call: Call[Runtime]) -> str:
    """Return the address that people reach this node at, for the one-time addresses that are handed on."""
    parts = call.services.node.parts
    try:
        return parts.directory.member(parts.identity.authority).public_url
    except BadInput:
        return ""


OFFICER_PAGES = [
    show("/officers", officers, SEES_OFFICERS, "Officers"),
    form("/officers", add, Add, ADMINISTRATOR, "Add an officer"),
    show("/officers/{login}", officer, SEES_OFFICERS, "One officer"),
    form("/officers/{login}/reset", reset, Button, ADMINISTRATOR, "Renew an officer's access"),
    form("/officers/{login}/confirm", confirm, Button, ADMINISTRATOR, "Confirm what another administrator did"),
    form("/officers/{login}/disable", disable, Button, ADMINISTRATOR, "Let an officer in no more"),
    show("/sessions", sessions, ANYBODY, "Where one is signed in"),
    form("/sessions/{session}/revoke", revoke, Button, ANYBODY, "End a session"),
]
