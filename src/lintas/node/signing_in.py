"""Signing in and enrolling: what is slow on purpose runs beside the event loop, two at once at most; tries are committed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from lintas.access import passwords, rules
from lintas.access.records import EnrolForm, NewSession, Officer, SignIn
from lintas.model.errors import LintasError, NotAllowed, Unavailable
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction

#: Each hash takes 64 MiB and a good part of a second: strangers who try must not take memory and time of those who work.
AT_ONCE, WAITING = 2, 20


class _Desk:
    """How many are being looked at, and how many wait for it."""

    def __init__(self) -> None:
        self._turn, self._waiting = asyncio.Semaphore(AT_ONCE), 0

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for one's turn; Unavailable when too many wait."""
        if self._waiting >= WAITING:
            raise Unavailable("too many people sign in at this moment", "try again in a few seconds")
        self._waiting += 1
        try:
            async with self._turn:
                yield
        finally:
            self._waiting -= 1


_desk = _Desk()


async def sign_in(runtime: Runtime, form: SignIn, user_agent: str) -> NewSession:
    """Begin a session by login, password and code; NotSignedIn, TooManyTries, NotAllowed, Unavailable."""
    access, device = runtime.node.access, rules.device(user_agent)
    typed = rules.typed_password(form.password)
    # Also what is written waits for its turn: strangers must not fill the database with their tries.
    async with _desk.turn():
        attempt = await runtime.write(lambda tx: access.sessions.attempt(tx, form))
        fits = await asyncio.to_thread(passwords.fits, typed, attempt.phc, access.pepper)
        decided = await runtime.write(lambda tx: access.sessions.decide(tx, attempt, form.code, device, fits=fits))
    if isinstance(decided, LintasError):
        raise decided
    return decided


async def enrol(runtime: Runtime, token: str, form: EnrolForm, user_agent: str) -> NewSession:
    """Take an officer's password and second factor, and begin the first session; NotAllowed while another one must confirm."""
    access = runtime.node.access
    password = await runtime.read(lambda tx: access.officers.chosen(tx, token, form))
    async with _desk.turn():
        phc = await asyncio.to_thread(passwords.hashed, password, access.pepper)
    device = rules.device(user_agent)

    def use_case(tx: Transaction) -> tuple[Officer, NewSession | None]:
        officer = access.officers.enrol(tx, token, form, phc)
        return officer, access.sessions.begin(tx, officer, device, "password") if officer.lets_in else None

    officer, begun = await runtime.write(use_case)
    if begun is None:
        what = f"your account {officer.login} is ready, and another administrator has to confirm it"
        raise NotAllowed(what, "sign in when that is done")
    return begun
