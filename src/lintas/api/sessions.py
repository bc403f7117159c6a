"""Sessions: sign in, see where one is signed in, and end it."""

from lintas.access.records import NewSession, Session, SignIn
from lintas.http.routing import Call, Route
from lintas.model.errors import BadInput, NotAllowed
from lintas.node import signing_in
from lintas.node.runtime import Runtime

ANY_OFFICER = frozenset({"hotline", "investigator", "approver", "bank", "telco", "auditor", "administrator"})


async def sign_in(call: Call[Runtime]) -> NewSession:
    """Sign in; the token goes where a key does, and ends with the session."""
    return await signing_in.sign_in(call.services, call.body, call.request.headers.get("user-agent", ""))


async def list_sessions(call: Call[Runtime]) -> list[Session]:
    """Return the caller's own sessions, newest first; an administrator's ``of`` = ``all`` returns everybody's."""
    caller, of = call.caller, call.query.get("of", "me")
    if of not in ("me", "all"):
        raise BadInput(f"{of[:20]!r} is neither me nor all", "use one of the two", where="query of")
    if of == "all" and caller.role != "administrator":
        raise NotAllowed("only an administrator sees everybody's sessions", "leave `of` out")
    login = None if of == "all" else caller.login
    return await call.services.read(lambda tx: call.services.node.access.sessions.listed(tx, login))


async def revoke(call: Call[Runtime]) -> None:
    """End a session: one of the caller's own, or as an administrator anybody's."""
    caller, session = call.caller, call.path["session"]
    login = None if caller.role == "administrator" else caller.login
    await call.services.write(
        lambda tx: call.services.node.access.sessions.revoke(tx, session, caller.name, login=login)
    )


ROUTES = [
    Route(
        "POST",
        "/api/v1/sessions",
        sign_in,
        SignIn,
        NewSession,
        summary="Sign in",
        status=201,
        public=True,
        also={
            "401": "Login, password and code do not belong together",
            "403": "Another administrator has to confirm the account first",
            "429": "Too many tries went wrong for this login",
        },
    ),
    Route(
        "GET",
        "/api/v1/sessions",
        list_sessions,
        answer=list[Session],
        roles=ANY_OFFICER,
        summary="Where one is signed in, newest first",
        query={"of": "me, or all for an administrator"},
    ),
    Route(
        "POST",
        "/api/v1/sessions/{session}/revoke",
        revoke,
        roles=ANY_OFFICER,
        summary="End a session",
        status=204,
    ),
]
