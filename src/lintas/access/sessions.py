"""Sessions: begun with password and code, seen by their owner, ended by idleness, time, the owner or an administrator."""

import re
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import NamedTuple

import msgspec

from lintas.access import passwords, rules, store
from lintas.access.desk import Desk
from lintas.access.officers import PASS
from lintas.access.records import Caller, NewSession, Officer, Session, SignIn
from lintas.model import times
from lintas.model.errors import NotAllowed, NotFound, NotSignedIn, Refused, Unavailable
from lintas.storage.engine import Transaction

_SESSION = re.compile(r"ls_([a-z0-9-]{1,64})_([A-Za-z0-9_-]{43})")
#: Ended sessions stay listed for so long.
_KEPT = timedelta(days=90)
_MOST = 200


class Attempt(NamedTuple):
    """A sign-in that was counted and is to be decided: the login as it is known here, and the hash to compare with."""

    login: str
    phc: str


class Known(NamedTuple):
    """Whom a token belongs to; ``unseen`` is the session whose use should be written down now."""

    caller: Caller
    unseen: str = ""


class Sessions:
    """The sessions of one authority's officers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # ---- who

    def known(self, tx: Transaction, token: str) -> Known | None:
        """Return the holder of a session's token; None when it is none, has ended, or its officer is not let in."""
        shape = _SESSION.fullmatch(token)
        found = store.session(tx, shape[1]) if shape else None
        # As with keys: the id is no secret, the hash is compared in constant time.
        if found is None or not compare_digest(found.hash, rules.hash_of(token)):
            return None
        now, officer = self._desk.now(), found.officer
        # What an exercise opened without a password is worth nothing where it counts.
        real = found.session.way != "pass" or self._desk.exercise
        if not real or not officer.lets_in or not _open(found.session, now):
            return None
        unseen = now - times.parse(found.session.last_seen) >= rules.SEEN_EVERY
        return Known(_caller(found.session.id, officer), found.session.id if unseen else "")

    def seen(self, tx: Transaction, session: str) -> None:
        """Note that a session is used now."""
        store.seen(tx, session, self._desk.at())

    # ---- signing in

    def attempt(self, tx: Transaction, form: SignIn) -> Attempt:
        """Count a try, before anything is compared, so that tries side by side count too; TooManyTries."""
        login, now = form.login.strip().lower(), self._desk.now()
        tag = self._desk.vault.tag(login)
        known = store.secrets_of(tx, login)
        self.check_key(tx, login, known.secret if known else None)
        rules.check_tries([times.parse(at) for at in store.tries_of(tx, tag)], now)
        store.add_try(tx, tag, times.render(now), forget_before=times.render(now - 2 * rules.TRY_WINDOW))
        return Attempt(login, known.password if known and known.password else passwords.NOBODYS)

    def decide(
        self, tx: Transaction, attempt: Attempt, code: str, device: str, *, fits: bool
    ) -> NewSession | NotSignedIn | NotAllowed:
        """Begin a session when the password ``fits`` and the code is good; otherwise return why not, the same for every reason.

        What was counted stays counted: an error raised here would undo it.
        """
        wrong = NotSignedIn("login, password and code do not belong together", "try again; a code works once")
        known, officer = store.secrets_of(tx, attempt.login), store.officer(tx, attempt.login)
        if not fits or known is None or officer is None or known.password != attempt.phc or known.secret is None:
            return wrong
        step = rules.step_of(self._opened(known.secret, attempt.login), code, self._desk.now(), known.step)
        if officer.disabled_at is not None or step is None or not store.use_step(tx, attempt.login, step):
            return wrong
        store.forget_tries(tx, self._desk.vault.tag(attempt.login))
        if officer.awaits is not None:
            return NotAllowed("another administrator has not confirmed your account yet", "ask for it")
        return self.begin(tx, officer, device, "password")

    def begin(self, tx: Transaction, officer: Officer, device: str, way: str) -> NewSession:
        """Begin a session of an officer who has proved to be that one."""
        now = self._desk.now()
        at, ends = times.render(now), times.render(now + rules.SESSION_LASTS)
        store.forget_sessions(tx, times.render(now - _KEPT))
        new = Session(
            id=self._desk.ids.new("session"),
            login=officer.login,
            name=officer.name,
            device=device,
            way=way,
            created=at,
            last_seen=at,
            ends=ends,
        )
        token = f"ls_{new.id}_{self._desk.token()}"
        store.begin(tx, new, rules.hash_of(token))
        told = self._news(tx, officer.login, now)
        return NewSession(id=new.id, token=token, ends=ends, name=officer.name, role=officer.role, told=told)

    def _news(self, tx: Transaction, login: str, now: datetime) -> bool:
        """Tell whether something was done to an officer's access lately by which somebody could have acted as that one."""
        since = times.render(now - rules.TOLD_FOR)
        return any(each.what in ("renewed", "key") and each.at > since for each in store.happened(tx, login, 50))

    def check_key(self, tx: Transaction, login: str = "", sealed: bytes | None = None) -> None:
        """Say so when the key is the wrong one: every password would be wrong, as it is mixed into their hashes.

        Unavailable; tried on the second factor given, or else on any.
        """
        some = (login, sealed) if sealed is not None else store.a_secret(tx)
        if some is not None:
            self._opened(some[1], some[0])

    def _opened(self, sealed: bytes, login: str) -> bytes:
        try:
            return self._desk.vault.open(sealed, f"totp/{login}")
        except Refused:
            what = "the key that opens the second factors is not the one that closed them"
            raise Unavailable(what, "the administrator restores keys/access.key, or resets the officers") from None

    # ---- passes of an exercise

    def pass_holder(self, tx: Transaction, token: str) -> Officer:
        """Return whom a pass signs in; NotFound when it leads nowhere, and always outside an exercise."""
        found = store.address(tx, rules.hash_of(token), PASS) if self._desk.exercise else None
        officer = store.officer(tx, found.login) if found and found.expires > self._desk.at() else None
        if officer is None or not officer.lets_in:
            raise NotFound("this address leads nowhere", "ask whoever leads the exercise for a new one")
        return officer

    def use_pass(self, tx: Transaction, token: str, device: str) -> NewSession:
        """Begin a session by a pass; it may be used again until its day is over."""
        return self.begin(tx, self.pass_holder(tx, token), device, "pass")

    # ---- seen and ended

    def listed(self, tx: Transaction, login: str | None) -> list[Session]:
        """Return the newest sessions of an officer, or of everybody."""
        now = self._desk.now()
        listed = store.sessions_of(tx, login, _MOST)
        return [msgspec.structs.replace(each, open=_open(each, now)) for each in listed]

    def revoke(self, tx: Transaction, session: str, by: str, *, login: str | None) -> str:
        """End a session, of one officer only where ``login`` is given; NotFound for others. Doing it again changes nothing.

        Returns whose it was.
        """
        found = store.session(tx, session)
        if found is None or (login is not None and found.session.login != login):
            raise NotFound("there is no such session", "take the id from the list of sessions")
        store.end(tx, self._desk.at(), by, session=session)
        return found.session.login


def _open(session: Session, now: datetime) -> bool:
    ended = session.revoked_at is not None or times.parse(session.ends) <= now
    return not ended and not rules.idle(times.parse(session.last_seen), now)


def _caller(session: str, officer: Officer) -> Caller:
    return Caller(
        id=f"officer-{officer.login}",
        session=session,
        name=officer.name,
        role=officer.role,
        organisation=officer.organisation,
        login=officer.login,
        language=officer.language,
    )
