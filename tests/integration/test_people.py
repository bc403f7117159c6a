"""Officers' accounts and sessions on a real database and ledger: enrolled, signed in, guessed at, renewed, ended."""

from base64 import b32decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from tests.integration.town import XA, Desk, SetClock

from lintas.access import passwords, rules, store
from lintas.access.records import MACHINE, Caller, EnrolForm, Invitation, NewKey, NewOfficer, NewSession, SignIn
from lintas.access.service import Access
from lintas.ledger.records import commit, decode
from lintas.model.errors import BadInput, Conflict, LintasError, NotAllowed, NotFound, NotSignedIn, TooManyTries
from lintas.storage import migrate
from lintas.trust.vault import VaultKey

ANN, CAT = "Ann Administrator", "Cat Approver"
PASSWORD = "seven quiet mountains"
AT = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


class Office:
    """One authority whose people go by a clock of their own, which a test sets."""

    def __init__(self, database: Path) -> None:
        self.desk = Desk(XA, database, SetClock(AT))
        migrate.upgrade(self.desk.engine)
        self.clock = SetClock(AT)
        self.access = self.room(exercise=True)
        self.officers, self.sessions = self.access.officers, self.access.sessions

    def room(self, *, exercise: bool) -> Access:
        """Return the room on this database and ledger, by the clock that the test sets."""
        return Access(
            me=XA,
            exercise=exercise,
            connected={"bank": frozenset({"XAFB"})},
            vault=VaultKey(b"v" * 32),
            ledger=self.desk.node.ledger,
            ledger_clock=self.desk.clock,
            clock=self.clock,
        )

    def later(self, **time: float) -> None:
        self.clock.move(**time)

    def add(self, login: str, name: str, role: str, by: str = MACHINE, organisation: str = "") -> Invitation:
        new = NewOfficer(login=login, name=name, role=role, organisation=organisation)
        return self.desk.do(lambda tx: self.officers.add(tx, new, by))

    def secret(self, invited: Invitation) -> bytes:
        token = token_of(invited)
        return b32decode(self.desk.ask(lambda tx: self.officers.enrolment(tx, token)).secret)

    def code(self, secret: bytes, step: int = 0) -> str:
        moment = int(self.clock.now().timestamp()) + 30 * step
        return rules.totp(secret).generate(moment).decode()

    def enrol(self, invited: Invitation, password: str = PASSWORD) -> bytes:
        """Enrol as a person does; returns the secret that is now in the telephone."""
        secret, token = self.secret(invited), token_of(invited)
        form = EnrolForm(password=password, code=self.code(secret))
        chosen = self.desk.ask(lambda tx: self.officers.chosen(tx, token, form))
        phc = passwords.hashed(chosen, self.access.pepper)
        self.desk.do(lambda tx: self.officers.enrol(tx, token, form, phc))
        self.later(seconds=60)
        return secret

    def person(self, login: str, name: str, role: str) -> bytes:
        return self.enrol(self.add(login, name, role))

    def sign_in(self, login: str, password: str, code: str) -> NewSession:
        """Sign in as the faces do: counted, compared, decided; raises what the face would."""
        form = SignIn(login=login, password=password, code=code)
        attempt = self.desk.do(lambda tx: self.sessions.attempt(tx, form))
        fits = passwords.fits(rules.typed_password(password), attempt.phc, self.access.pepper)
        done = self.desk.do(lambda tx: self.sessions.decide(tx, attempt, code, "Firefox · Linux", fits=fits))
        if isinstance(done, LintasError):
            raise done
        return done

    def who(self, token: str) -> Caller | None:
        known = self.desk.ask(lambda tx: self.access.known(tx, token))
        return None if known is None else known.caller

    def entries(self) -> list[str]:
        ledger = self.desk.node.ledger
        return [decode(each).object for each in self.desk.ask(lambda tx: ledger.entries(tx, 0, ledger.size(tx)))]


def token_of(invited: Invitation) -> str:
    return invited.address.rpartition("/")[2]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "node.db")
    yield made
    made.desk.engine.dispose()


def test_an_officer_enrols_and_signs_in(office: Office) -> None:
    secret = office.person("cat", CAT, "approver")
    session = office.sign_in(" Cat ", PASSWORD, office.code(secret))
    caller = office.who(session.token)
    assert caller == Caller(id="officer-cat", session=session.id, name=CAT, role="approver", login="cat")
    altered = session.token[:-1] + ("A" if session.token[-1] != "A" else "B")
    assert [office.who(token) for token in (altered, session.token + "x", "ls_x_y", "")] == [None] * 4
    [listed] = office.desk.ask(lambda tx: office.sessions.listed(tx, "cat"))
    assert (listed.device, listed.way, listed.open, listed.name) == ("Firefox · Linux", "password", True, CAT)


def test_nothing_stored_lets_anybody_in(office: Office, tmp_path: Path) -> None:
    invited = office.add("cat", CAT, "approver")
    secret = office.secret(invited)
    office.enrol(invited)
    session = office.sign_in("cat", PASSWORD, office.code(secret))
    office.desk.engine.dispose()
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert len(stored) > 1000
    for word in (PASSWORD.encode(), secret, token_of(invited).encode(), session.token.split("_", 2)[2].encode()):
        assert word not in stored


def test_every_wrong_way_in_gets_the_same_answer(office: Office) -> None:
    secret = office.person("cat", CAT, "approver")
    good = office.code(secret)
    wrong = f"{(int(good) + 1) % 10**6:06}"
    office.add("dan", "Dan", "hotline")
    answers = set()
    for login, password, code in (
        ("nobody", PASSWORD, good),
        ("dan", PASSWORD, good),
        ("cat", PASSWORD + ".", good),
        ("cat", PASSWORD, wrong),
        ("cat", PASSWORD, ""),
        ("' OR 1=1 --", PASSWORD, good),
    ):
        with pytest.raises(NotSignedIn) as told:
            office.sign_in(login, password, code)
        answers.add(str(told.value))
    assert len(answers) == 1
    assert office.sign_in("cat", PASSWORD, good).name == CAT


def test_a_code_works_once_and_near_its_time(office: Office) -> None:
    secret = office.person("cat", CAT, "approver")
    before, after, far = (office.code(secret, step) for step in (-1, 1, 2))
    for code in (far, before, after):
        if code == before:
            office.sign_in("cat", PASSWORD, before)
            continue
        if code == far:
            with pytest.raises(NotSignedIn):
                office.sign_in("cat", PASSWORD, code)
            continue
        office.sign_in("cat", PASSWORD, f"{code[:3]} {code[3:]}")
    for replayed in (after, before, office.code(secret)):
        with pytest.raises(NotSignedIn):
            office.sign_in("cat", PASSWORD, replayed)


@pytest.mark.parametrize("login", ["cat", "nobody"])
def test_after_five_wrong_tries_a_login_waits_and_open_sessions_go_on(office: Office, login: str) -> None:
    secret = office.person("cat", CAT, "approver")
    session = office.sign_in("cat", PASSWORD, office.code(secret))
    for _ in range(5):
        office.later(seconds=30)
        with pytest.raises(NotSignedIn):
            office.sign_in(login, "not the password at all", "123456")
    office.later(minutes=14)
    with pytest.raises(TooManyTries):
        office.sign_in(login, PASSWORD, office.code(secret))
    assert office.who(session.token) is not None
    office.later(minutes=2)
    if login == "cat":
        office.sign_in(login, PASSWORD, office.code(secret))
    with pytest.raises(NotSignedIn):
        office.sign_in(login, PASSWORD, "123456")


def test_tries_side_by_side_are_counted_before_they_are_compared(office: Office) -> None:
    form = SignIn(login="cat", password="x", code="")
    for _ in range(5):
        office.desk.do(lambda tx: office.sessions.attempt(tx, form))
    with pytest.raises(TooManyTries):
        office.desk.do(lambda tx: office.sessions.attempt(tx, form))
    rows = office.desk.ask(lambda tx: tx.execute(store.tries.select()).all())
    assert b"cat" not in b"".join(row.tag for row in rows)


def test_a_session_ends_by_idleness_by_time_and_by_hand(office: Office) -> None:
    secret = office.person("cat", CAT, "approver")

    def begin() -> NewSession:
        office.later(minutes=2)
        return office.sign_in("cat", PASSWORD, office.code(secret))

    idle = begin()
    office.later(minutes=29)
    assert office.who(idle.token) is not None
    office.later(minutes=1)
    assert office.who(idle.token) is None
    busy = begin()
    for _ in range(23):
        office.later(minutes=20)
        known = office.desk.ask(lambda tx: office.access.known(tx, busy.token))
        assert known is not None
        assert known.unseen == busy.id
        office.desk.do(lambda tx: office.sessions.seen(tx, busy.id))
        known = office.desk.ask(lambda tx: office.access.known(tx, busy.token))
        assert known is not None
        assert known.unseen == ""
    office.later(minutes=20)
    assert office.who(busy.token) is None
    one, two = begin(), begin()
    office.desk.do(lambda tx: office.sessions.revoke(tx, one.id, CAT, login="cat"))
    assert (office.who(one.token), office.who(two.token) is not None) == (None, True)
    with pytest.raises(NotFound):
        office.desk.do(lambda tx: office.sessions.revoke(tx, two.id, "Dan", login="dan"))
    office.desk.do(lambda tx: office.sessions.revoke(tx, two.id, ANN, login=None))
    assert office.who(two.token) is None
    listed = office.desk.ask(lambda tx: office.sessions.listed(tx, None))
    assert [each.open for each in listed] == [False] * 4
    assert [each.revoked_by for each in listed] == [ANN, CAT, None, None]


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "x" * 201,
        "passwordpassword",
        "PasswordPassword",
        "cat.the.approver",
        "Cat  the Longer",
        "\uff30asswordpassword",
    ],
)
def test_passwords_that_would_be_guessed_are_not_taken(office: Office, password: str) -> None:
    invited = office.add("cat.the.approver", "Cat the Longer", "hotline")
    code = office.code(office.secret(invited))
    with pytest.raises(BadInput):
        office.desk.ask(
            lambda tx: office.officers.chosen(tx, token_of(invited), EnrolForm(password=password, code=code))
        )


def test_a_one_time_address_works_once_and_for_three_days(office: Office) -> None:
    invited = office.add("cat", CAT, "approver")
    with pytest.raises(BadInput, match="code"):
        office.desk.ask(lambda tx: office.officers.chosen(tx, token_of(invited), EnrolForm(password=PASSWORD, code="")))
    office.enrol(invited)
    with pytest.raises(NotFound):
        office.secret(invited)
    late = office.add("dan", "Dan", "hotline")
    office.later(hours=72)
    with pytest.raises(NotFound):
        office.secret(late)
    first = office.desk.do(lambda tx: office.officers.reset(tx, "dan", ANN))
    second = office.desk.do(lambda tx: office.officers.reset(tx, "dan", ANN))
    with pytest.raises(NotFound):
        office.secret(first)
    assert len(office.secret(second)) == 20


def test_a_reset_ends_everything_and_is_seen_and_entered(office: Office) -> None:
    secret = office.person("cat", CAT, "approver")
    office.person("dan", "Dan", "hotline")
    session = office.sign_in("cat", PASSWORD, office.code(secret))
    assert not session.told
    before = office.entries()
    invited = office.desk.do(lambda tx: office.officers.reset(tx, "cat", ANN))
    assert office.who(session.token) is None
    office.later(seconds=60)
    with pytest.raises(NotSignedIn):
        office.sign_in("cat", PASSWORD, office.code(secret))
    new = office.enrol(invited, "another seven mountains")
    assert office.sign_in("cat", "another seven mountains", office.code(new)).told
    told = office.desk.ask(lambda tx: office.officers.happened(tx, "cat"))
    assert [(each.what, each.by) for each in told] == [
        ("enrolled", CAT),
        ("renewed", ANN),
        ("enrolled", CAT),
        ("added", MACHINE),
    ]
    [entered] = [each for each in office.entries() if each not in before]
    assert entered == told[1].id
    [row] = office.desk.ask(
        lambda tx: tx.execute(store.happenings.select().where(store.happenings.c.id == entered)).all()
    )
    ledger = office.desk.node.ledger
    [raw] = office.desk.ask(lambda tx: ledger.entries(tx, ledger.size(tx) - 1, ledger.size(tx)))
    assert decode(raw).commitment == commit(row.salt, msgspec.json.encode(told[1]))
    assert not any(word in raw for word in (b"cat", b"Cat", b"Ann"))
    office.later(days=31)
    assert not office.sign_in("cat", "another seven mountains", office.code(new)).told


def signed_in(name: str) -> Caller:
    """Return an administrator who has signed in, as a second word must come from."""
    return Caller(id=f"officer-{name}", name=name, role="administrator", login=name.strip().split()[0].lower())


def test_whoever_gets_powers_needs_a_second_administrator(office: Office) -> None:
    office.person("ann", ANN, "administrator")
    alone = office.add("hot", "Hot Line", "hotline", by=ANN)
    assert not alone.awaits
    assert not office.add("first", "First Approver", "approver", by=ANN).awaits
    office.person("eve", "Eve Administrator", "administrator")  # at the machine: Ann must confirm
    with pytest.raises(NotAllowed):
        office.desk.do(lambda tx: office.officers.confirm(tx, "eve", signed_in(" eve  ADMINISTRATOR")))
    office.desk.do(lambda tx: office.officers.confirm(tx, "eve", signed_in(ANN)))
    invited = office.add("cat", CAT, "approver", by=ANN)
    assert invited.awaits
    secret = office.enrol(invited)
    with pytest.raises(NotAllowed, match="confirmed"):
        office.sign_in("cat", PASSWORD, office.code(secret))
    with pytest.raises(NotAllowed):
        office.desk.do(lambda tx: office.officers.confirm(tx, "cat", signed_in(ANN)))
    office.desk.do(lambda tx: office.officers.confirm(tx, "cat", signed_in("Eve Administrator")))
    office.later(seconds=60)
    session = office.sign_in("cat", PASSWORD, office.code(secret))
    with pytest.raises(Conflict):
        office.desk.do(lambda tx: office.officers.confirm(tx, "cat", signed_in("Eve Administrator")))
    # Renewing is a way to act as somebody else, so it needs two again; a hotline officer's does not.
    assert office.desk.do(lambda tx: office.officers.reset(tx, "cat", ANN)).awaits
    assert office.who(session.token) is None
    assert not office.desk.do(lambda tx: office.officers.reset(tx, "hot", ANN)).awaits


def test_nobody_acts_on_the_own_account(office: Office) -> None:
    office.person("ann", ANN, "administrator")
    for act in (office.officers.reset, office.officers.disable):
        with pytest.raises(NotAllowed):
            office.desk.do(lambda tx, act=act: act(tx, "ann", ANN.upper()))  # type: ignore[misc]


def test_who_is_disabled_is_nobody_at_once_and_may_return(office: Office) -> None:
    secret = office.person("dan", "Dan", "hotline")
    session = office.sign_in("dan", PASSWORD, office.code(secret))
    gone = office.desk.do(lambda tx: office.officers.disable(tx, "dan", ANN))
    assert gone.disabled_at is not None
    office.later(seconds=60)
    assert office.who(session.token) is None
    with pytest.raises(NotSignedIn):
        office.sign_in("dan", PASSWORD, office.code(secret))
    # Somebody else has got the name meanwhile: the first one cannot return under it.
    office.add("dan2", " dan", "hotline")
    with pytest.raises(Conflict):
        office.desk.do(lambda tx: office.officers.reset(tx, "dan", ANN))
    office.desk.do(lambda tx: office.officers.disable(tx, "dan2", ANN))
    again = office.enrol(office.desk.do(lambda tx: office.officers.reset(tx, "dan", ANN)))
    assert office.sign_in("dan", PASSWORD, office.code(again)).role == "hotline"


def test_logins_and_names_belong_to_one_person(office: Office) -> None:
    office.add("cat", CAT, "approver")
    for login, name, role, organisation in (
        ("cat", "Other", "hotline", ""),
        ("cat2", "cat  APPROVER", "hotline", ""),
        ("dan", "At the Machine", "hotline", ""),
        ("dan", "Dan", "root", ""),
        ("dan", "Dan", "bank", ""),
        ("dan", "Dan", "bank", "NOSUCH"),
        ("dan", "Dan", "hotline", "XAFB"),
    ):
        with pytest.raises((BadInput, Conflict)):
            office.add(login, name, role, organisation=organisation)
    for wrong in (
        {"login": "C"},
        {"login": "x" * 41},
        {"login": "a b"},
        {"name": ""},
        {"name": "a\u202eb"},
        {"language": "x"},
    ):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"login": "dan", "name": "Dan", "role": "hotline"} | wrong, NewOfficer)


def test_a_key_in_somebodys_name_is_told_to_that_one(office: Office) -> None:
    secret = office.person("cat", CAT, "approver")
    before = len(office.entries())
    made = office.desk.do(lambda tx: office.officers.issue_key(tx, NewKey(name=CAT.lower(), role="approver"), ANN))
    assert len(office.entries()) == before + 1
    caller = office.who(made.key)
    assert caller is not None
    assert (caller.id, caller.login) == (made.id, "")
    assert office.sign_in("cat", PASSWORD, office.code(secret)).told
    newest = office.desk.ask(lambda tx: office.officers.happened(tx, "cat"))[0]
    assert (newest.what, newest.by, newest.about) == ("key", ANN, made.id)
    office.desk.do(lambda tx: office.officers.revoke_key(tx, made.id))
    assert office.who(made.key) is None
    [listed] = office.desk.ask(office.officers.keys)
    assert (listed.issued_by, listed.revoked is not None) == (ANN, True)


def test_a_pass_signs_in_for_a_day_and_in_exercises_only(office: Office) -> None:
    office.add("cat", CAT, "approver")
    made = office.desk.do(lambda tx: office.officers.exercise_pass(tx, "cat", MACHINE))
    token = token_of(made)
    assert office.desk.ask(lambda tx: office.sessions.pass_holder(tx, token)).login == "cat"
    first, again = (office.desk.do(lambda tx: office.sessions.use_pass(tx, token, "")) for _ in range(2))
    assert first.id != again.id
    assert office.who(first.token) is not None
    office.later(hours=24)
    with pytest.raises(NotFound):
        office.desk.do(lambda tx: office.sessions.use_pass(tx, token, ""))
    renewed = token_of(office.desk.do(lambda tx: office.officers.exercise_pass(tx, "cat", MACHINE)))
    real = office.room(exercise=False)
    with pytest.raises(NotFound):
        office.desk.do(lambda tx: real.officers.exercise_pass(tx, "cat", MACHINE))
    with pytest.raises(NotFound):
        office.desk.ask(lambda tx: real.sessions.pass_holder(tx, renewed))


def test_a_restore_takes_over_what_was_decided_since_and_ends_sessions(office: Office, tmp_path: Path) -> None:
    secret = office.person("cat", CAT, "approver")
    office.person("dan", "Dan", "hotline")
    session = office.sign_in("cat", PASSWORD, office.code(secret))
    open_ = office.add("eve", "Eve", "hotline")
    old = Office(tmp_path / "backup.db")
    with office.desk.engine.connect() as now, old.desk.engine.begin() as put:
        for table in (store.officers, store.sessions, store.addresses, store.happenings):
            for row in now.execute(table.select()).mappings().all():
                put.execute(table.insert(), dict(row))
    office.later(minutes=1)
    office.desk.do(lambda tx: office.officers.disable(tx, "cat", ANN))
    with office.desk.engine.connect() as since, old.desk.engine.begin() as back:
        assert store.carry(since, back) == 1
        store.end_all(back, office.clock.now().isoformat(), MACHINE)
    assert old.desk.ask(lambda tx: old.officers.of(tx, "cat")).disabled_at is not None
    assert old.desk.ask(lambda tx: old.officers.of(tx, "dan")).disabled_at is None
    assert old.desk.ask(lambda tx: old.officers.happened(tx, "cat"))[0].what == "disabled"
    assert old.who(session.token) is None
    with pytest.raises(NotFound):
        old.secret(open_)
    # The other way round nothing comes back: what is there is the later word.
    with office.desk.engine.begin() as there, old.desk.engine.connect() as before:
        assert store.carry(before, there) == 0
    old.desk.engine.dispose()
