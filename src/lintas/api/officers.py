"""Officers and keys: administrators add, confirm, renew and disable officers, and issue and revoke keys; each enrols alone."""

import msgspec

from lintas.access.records import (
    EnrolForm,
    Enrolment,
    Happening,
    Invitation,
    IssuedKey,
    KeyText,
    NewKey,
    NewOfficer,
    NewSession,
    Officer,
)
from lintas.http.routing import Call, Route
from lintas.node import signing_in
from lintas.node.runtime import Runtime

ADMINISTRATOR = frozenset({"administrator"})
SEES_OFFICERS = ADMINISTRATOR | {"auditor"}


class OfficerView(msgspec.Struct, frozen=True):
    """One officer, and what was done to that one's access, newest first."""

    officer: Officer
    happened: list[Happening]


async def list_officers(call: Call[Runtime]) -> list[Officer]:
    """Return every officer, by login."""
    return await call.services.read(call.services.node.access.officers.all)


async def show_officer(call: Call[Runtime]) -> OfficerView:
    """Return one officer with what was done to that one's access."""
    officers, login = call.services.node.access.officers, call.path["login"]
    return await call.services.read(lambda tx: OfficerView(officers.of(tx, login), officers.happened(tx, login)))


async def add(call: Call[Runtime]) -> Invitation:
    """Add an officer; the address returned is for that officer alone, and shown this once."""
    new: NewOfficer = call.body
    return await call.services.write(lambda tx: call.services.node.access.officers.add(tx, new, call.caller.name))


async def reset(call: Call[Runtime]) -> Invitation:
    """End an officer's password, second factor and sessions, and open a new address to enrol at."""
    login = call.path["login"]
    return await call.services.write(lambda tx: call.services.node.access.officers.reset(tx, login, call.caller.name))


async def confirm(call: Call[Runtime]) -> Officer:
    """Let an officer in whom another administrator added or renewed."""
    login = call.path["login"]
    return await call.services.write(lambda tx: call.services.node.access.officers.confirm(tx, login, call.caller))


async def disable(call: Call[Runtime]) -> Officer:
    """Let an officer in no more."""
    login = call.path["login"]
    return await call.services.write(lambda tx: call.services.node.access.officers.disable(tx, login, call.caller.name))


async def show_enrolment(call: Call[Runtime]) -> Enrolment:
    """Return whose a one-time address is, and the secret for an authenticator program."""
    token = call.path["token"]
    return await call.services.read(lambda tx: call.services.node.access.officers.enrolment(tx, token))


async def enrol(call: Call[Runtime]) -> NewSession:
    """Take the password and second factor that an officer chose; returns the first session."""
    return await signing_in.enrol(
        call.services, call.path["token"], call.body, call.request.headers.get("user-agent", "")
    )


async def list_keys(call: Call[Runtime]) -> list[IssuedKey]:
    """Return every key that was ever issued, without anything that would let somebody use it."""
    return await call.services.read(call.services.node.access.officers.keys)


async def issue_key(call: Call[Runtime]) -> KeyText:
    """Issue a key, shown this once."""
    new: NewKey = call.body
    return await call.services.write(lambda tx: call.services.node.access.officers.issue_key(tx, new, call.caller.name))


async def revoke_key(call: Call[Runtime]) -> None:
    """Make a key worthless."""
    key = call.path["key"]
    await call.services.write(lambda tx: call.services.node.access.officers.revoke_key(tx, key))


def _acts(path: str, handler: object, answer: object, summary: str) -> Route:
    return Route("POST", path, handler, answer=answer, roles=ADMINISTRATOR, summary=summary)  # type: ignore[arg-type] # its own call type


ROUTES = [
    Route(
        "GET",
        "/api/v1/officers",
        list_officers,
        answer=list[Officer],
        roles=SEES_OFFICERS,
        summary="List officers, by login",
    ),
    Route("POST", "/api/v1/officers", add, NewOfficer, Invitation, ADMINISTRATOR, "Add an officer", 201),
    Route(
        "GET",
        "/api/v1/officers/{login}",
        show_officer,
        answer=OfficerView,
        roles=SEES_OFFICERS,
        summary="One officer, and what was done to that one's access",
    ),
    _acts("/api/v1/officers/{login}/reset", reset, Invitation, "Renew an officer's access"),
    _acts("/api/v1/officers/{login}/confirm", confirm, Officer, "Confirm what another administrator did"),
    _acts("/api/v1/officers/{login}/disable", disable, Officer, "Let an officer in no more"),
    Route(
        "GET",
        "/api/v1/enrolments/{token}",
        show_enrolment,
        answer=Enrolment,
        public=True,
        summary="What a one-time address is for",
    ),
    Route(
        "POST",
        "/api/v1/enrolments/{token}",
        enrol,
        EnrolForm,
        NewSession,
        summary="Choose a password and a second factor",
        status=201,
        public=True,
        also={"403": "Another administrator has to confirm the account first"},
    ),
    Route(
        "GET",
        "/api/v1/keys",
        list_keys,
        answer=list[IssuedKey],
        roles=SEES_OFFICERS,
        summary="List keys, oldest first",
    ),
    Route("POST", "/api/v1/keys", issue_key, NewKey, KeyText, ADMINISTRATOR, "Issue a key, shown this once", 201),
    Route(
        "POST", "/api/v1/keys/{key}/revoke", revoke_key, roles=ADMINISTRATOR, summary="Make a key worthless", status=204
    ),
]
