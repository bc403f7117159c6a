"""Signing in and enrolling: what is slow on purpose runs beside the event loop, two at once at most; tries are committed."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from lintas.access import passwords, rules
from lintas.access.records import EnrolForm, NewSession, Officer, SignIn
from lintas.model.errors import LintasError, NotAllowed, Unavailable
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction

T = TypeVar("T")

#: Each hash takes 64 MiB and a good part of a second: strangers who try must not take memory and time of those who work.
AT_ONCE, WAITING = 2, 20


class _Desk:
    """How many are being looked at, and how many wait for it."""

    def __init__(self) -> None:
        self._turn, self._waiting = asyncio.Semaphore(AT_ONCE), 0

    def check_free(self) -> None:
        """Refuse when too many wait; Unavailable."""
        if self._waiting >= WAITING:
            raise Unavailable("too many people sign in at this moment", "try again in a few seconds")

    async def slowly(self, work: Callable[..., T], *given: object) -> T:
        """Do slow work when it is its turn; Unavailable when too many wait."""
        self.check_free()
        self._waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(work, *given)
        finally:
            self._waiting -= 1


_desk = _Desk()


async def sign_in(runtime: Runtime, form: SignIn, user_agent: str) -> NewSession:
    """Begin a session by login, password and code; NotSignedIn, TooManyTries, NotAllowed."""
    access = runtime.node.access
    # Before the try is counted: who was turned away at the door did not guess.
    _desk.check_free()
    attempt = await runtime.write(lambda tx: access.sessions.attempt(tx, form))
    typed = rules.typed_password(form.password)
    fits = await _desk.slowly(passwords.fits, typed, attempt.phc, access.pepper)
    device = rules.device(user_agent)
    decided = await runtime.write(lambda tx: access.sessions.decide(tx, attempt, form.code, device, fits=fits))
    if isinstance(decided, LintasError):
        raise decided
    return decided


async def enrol(runtime: Runtime, token: str, form: EnrolForm, user_agent: str) -> NewSession:
    """Take an officer's password and second factor, and begin the first session; NotAllowed while another one must confirm."""
    access = runtime.node.access
    password = await runtime.read(lambda tx: access.officers.chosen(tx, token, form))
    phc = await _desk.slowly(passwords.hashed, password, access.pepper)
    device = rules.device(user_agent)

    def use_case(tx: Transaction) -> tuple[Officer, NewSession | None]:
        officer = access.officers.enrol(tx, token, form, phc)
        return officer, access.sessions.begin(tx, officer, device, "password") if officer.lets_in else None

    officer, begun = await runtime.write(use_case)
    if begun is None:
        what = f"your account {officer.login} is ready, and another administrator has to confirm it"
        raise NotAllowed(what, "sign in when that is done")
    return begun
