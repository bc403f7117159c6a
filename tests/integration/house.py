"""The access of one authority on a real database, and its people as they enrol and sign in; time is moved, never waited for."""

from base64 import b32decode
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple, TypeVar

from sqlalchemy import Engine
from tests.integration.town import SetClock, keys_of

from lintas.access import passwords, rules
from lintas.access.records import MACHINE, Caller, EnrolForm, Invitation, NewOfficer, NewSession, Officer, SignIn
from lintas.access.service import Access
from lintas.ledger.service import Ledger
from lintas.model.errors import (
    LintasError,
)
from lintas.storage.address import Place
from lintas.storage.engine import Transaction, open_engine, reading, writing
from lintas.trust.vault import VaultKey

XA = "xa-asc"
GOOD = "three green umbrellas"
#: Hashing takes long on purpose; what stands in the database is what it would be.
VAULT = VaultKey(b"v" * 32)
T = TypeVar("T")

# The same passwords again and again: each is hashed and compared once.
hashed, compared = cache(passwords.hashed), cache(passwords.fits)


class Person(NamedTuple):
    """An officer as that one knows it: the login, and the secret in the telephone."""

    login: str
    secret: bytes

    def code(self, at: datetime) -> str:
        return rules.totp(self.secret).generate(int(at.timestamp())).decode()


class House:
    """One authority's access, on its own database."""

    def __init__(
        self, place: Place, *, exercise: bool = False, vault: VaultKey = VAULT, clock: SetClock | None = None
    ) -> None:
        self.clock = clock or SetClock(datetime(2026, 3, 1, 10, 7, tzinfo=UTC))
        self.place = place
        self.engine: Engine = open_engine(place)
        ledger = Ledger(f"{XA}.lintas.example/log", keys_of(XA).log)
        self.ledger = ledger
        self.access = Access(
            me=XA,
            exercise=exercise,
            connected={"bank": frozenset({"XA-ONE"})},
            vault=vault,
            ledger=ledger,
            ledger_clock=self.clock,
            clock=self.clock,
        )

    def do(self, use_case: Callable[[Transaction], T]) -> T:
        with writing(self.engine) as connection, connection.begin():
            return use_case(connection)

    def ask(self, question: Callable[[Transaction], T]) -> T:
        with reading(self.engine) as tx:
            return question(tx)

    def add(
        self, login: str, role: str = "hotline", *, by: str = MACHINE, name: str = "", bank: str = ""
    ) -> Invitation:
        new = NewOfficer(login=login, name=name or f"Officer {login}", role=role, organisation=bank)
        return self.do(lambda tx: self.access.officers.add(tx, new, by))

    def enrol(self, made: Invitation, password: str = GOOD) -> Person:
        """Open a one-time address as its officer does."""
        token = made.address.removeprefix("/enrol/")
        shown = self.ask(lambda tx: self.access.officers.enrolment(tx, token))
        person = Person(shown.login, b32decode(shown.secret))
        form = EnrolForm(password=password, code=person.code(self.clock.at))
        chosen = self.ask(lambda tx: self.access.officers.chosen(tx, token, form))
        phc = hashed(chosen, self.access.pepper)
        self.do(lambda tx: self.access.officers.enrol(tx, token, form, phc))
        self.clock.move(seconds=60)
        return person

    def join(self, login: str, role: str = "hotline", *, by: str = MACHINE) -> Person:
        """Add an officer who is let in and enrols."""
        person = self.enrol(self.add(login, role, by=by))
        if self.ask(lambda tx: self.access.officers.of(tx, login)).awaits:
            self.do(lambda tx: self.access.officers.confirm(tx, login, signed_in("someone", "Officer someone")))
        return person

    def sign_in(self, login: str, password: str, code: str) -> NewSession:
        """Sign in as the doors do: the try is committed before it is decided."""
        form = SignIn(login=login, password=password, code=code)
        attempt = self.do(lambda tx: self.access.sessions.attempt(tx, form))
        fits = compared(rules.typed_password(password), attempt.phc, self.access.pepper)
        decided = self.do(lambda tx: self.access.sessions.decide(tx, attempt, code, "Firefox", fits=fits))
        if isinstance(decided, LintasError):
            raise decided
        return decided

    def enter(self, person: Person, password: str = GOOD) -> NewSession:
        try:
            return self.sign_in(person.login, password, person.code(self.clock.at))
        finally:
            self.clock.move(seconds=60)

    def who(self, token: str) -> Caller | None:
        known = self.ask(lambda tx: self.access.known(tx, token))
        return None if known is None else known.caller

    def officer(self, login: str) -> Officer:
        return self.ask(lambda tx: self.access.officers.of(tx, login))

    def entries(self) -> int:
        return self.ask(self.ledger.size)

    def close(self) -> None:
        self.engine.dispose()


def signed_in(login: str, name: str) -> Caller:
    return Caller(id=f"officer-{login}", login=login, name=name, role="administrator", session="s")
