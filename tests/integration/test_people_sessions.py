"""Officers enrol, sign in and out, through the services of their room on a real database."""

from base64 import b32decode
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.integration.house import GOOD, House, Person

from lintas.access import store
from lintas.access.records import MACHINE, EnrolForm, NewSession, SignIn
from lintas.model.errors import (
    BadInput,
    Conflict,
    NotFound,
    NotSignedIn,
    TooManyTries,
)


def test_an_officer_enrols_and_signs_in(house: House) -> None:
    made = house.add("asha.tor", "investigator")
    assert made.awaits is False
    with pytest.raises(NotSignedIn):
        house.sign_in("asha.tor", GOOD, "000000")
    person = house.enrol(made)
    begun = house.enter(person)
    caller = house.who(begun.token)
    assert caller is not None
    assert (caller.login, caller.name, caller.role, caller.organisation) == (
        "asha.tor", "Officer asha.tor", "investigator", "",
    )  # fmt: skip
    assert begun.told is False
    # The address is used up, for looking too.
    with pytest.raises(NotFound):
        house.ask(lambda tx: house.access.officers.enrolment(tx, made.address.removeprefix("/enrol/")))
    for altered in (begun.token[:-1], begun.token + "A", begun.token.upper(), begun.token.replace("ls_", "lk_", 1)):
        assert house.who(altered) is None


def test_an_address_ends_and_a_new_one_replaces_it(house: House) -> None:
    first = house.add("asha.tor").address.removeprefix("/enrol/")
    house.clock.move(hours=71)
    house.ask(lambda tx: house.access.officers.enrolment(tx, first))
    house.clock.move(hours=1)
    with pytest.raises(NotFound):
        house.ask(lambda tx: house.access.officers.enrolment(tx, first))
    second = house.do(lambda tx: house.access.officers.invite_again(tx, "asha.tor", MACHINE))
    third = house.do(lambda tx: house.access.officers.invite_again(tx, "asha.tor", MACHINE))
    with pytest.raises(NotFound):
        house.ask(lambda tx: house.access.officers.enrolment(tx, second.address.removeprefix("/enrol/")))
    with pytest.raises(Conflict):
        house.do(lambda tx: house.access.officers.invite_again(tx, "asha.tor", "somebody else"))
    house.enrol(third)
    with pytest.raises(Conflict):
        house.do(lambda tx: house.access.officers.invite_again(tx, "asha.tor", MACHINE))


def test_a_bad_password_or_code_uses_nothing_up(house: House) -> None:
    made = house.add("asha.tor")
    token = made.address.removeprefix("/enrol/")
    shown = house.ask(lambda tx: house.access.officers.enrolment(tx, token))
    person = Person("asha.tor", b32decode(shown.secret))
    for form in (
        EnrolForm(password="short", code=person.code(house.clock.at)),
        EnrolForm(password=GOOD, code="123"),
        EnrolForm(password=GOOD, code=person.code(house.clock.at + timedelta(minutes=10))),
    ):
        with pytest.raises(BadInput):
            house.ask(lambda tx, form=form: house.access.officers.chosen(tx, token, form))  # type: ignore[misc]
        with pytest.raises(BadInput):
            house.do(lambda tx, form=form: house.access.officers.enrol(tx, token, form, "$x"))  # type: ignore[misc]
    assert house.enrol(made).secret == person.secret


def test_every_reason_not_to_let_in_sounds_alike(house: House) -> None:
    person, gone, reset = house.join("asha.tor"), house.join("gone"), house.join("renewed")
    house.do(lambda tx: house.access.officers.disable(tx, "gone", MACHINE))
    house.do(lambda tx: house.access.officers.reset(tx, "renewed", MACHINE))
    house.add("new")
    now = house.clock.at
    said = set()
    for login, password, code in (
        ("nobody", GOOD, "123456"),
        ("asha.tor", "three green umbrella", person.code(now)),
        ("asha.tor", GOOD, "123456"),
        ("asha.tor", GOOD, ""),
        ("asha.tor", "", person.code(now)),
        ("gone", GOOD, gone.code(now)),
        ("renewed", GOOD, reset.code(now)),
        ("new", GOOD, "123456"),
        ("", "", ""),
        ("x" * 1000, "x" * 1000, "١٢٣٤٥٦"),
    ):
        with pytest.raises(NotSignedIn) as wrong:
            house.sign_in(login, password, code)
        said.add((str(wrong.value), wrong.value.status))
    assert len(said) == 1


def test_a_code_works_once_and_none_before_it(house: House) -> None:
    person = house.join("asha.tor")
    now = house.clock.at
    early = person.code(now - timedelta(seconds=30))
    house.sign_in("ASHA.tor ", GOOD, person.code(now))
    for code in (person.code(now), early):
        with pytest.raises(NotSignedIn):
            house.sign_in("asha.tor", GOOD, code)
    house.clock.move(seconds=30)
    house.sign_in("asha.tor", GOOD, person.code(house.clock.at))


def test_the_code_of_enrolling_signs_nobody_in(house: House) -> None:
    person = house.enrol(house.add("asha.tor"))
    with pytest.raises(NotSignedIn):
        house.sign_in("asha.tor", GOOD, person.code(house.clock.at - timedelta(seconds=60)))


def test_two_that_decide_side_by_side_use_a_code_once(house: House) -> None:
    person = house.join("asha.tor")
    form = SignIn(login="asha.tor", password=GOOD, code=person.code(house.clock.at))
    attempts = [house.do(lambda tx: house.access.sessions.attempt(tx, form)) for _ in range(2)]
    decided = [
        house.do(lambda tx, a=a: house.access.sessions.decide(tx, a, form.code, "", fits=True))  # type: ignore[misc]
        for a in attempts
    ]
    assert [type(each) for each in decided] == [NewSession, NotSignedIn]


def test_a_password_that_was_renewed_meanwhile_does_not_let_in(house: House) -> None:
    person = house.join("asha.tor")
    form = SignIn(login="asha.tor", password=GOOD, code=person.code(house.clock.at))
    attempt = house.do(lambda tx: house.access.sessions.attempt(tx, form))
    house.do(lambda tx: house.access.officers.reset(tx, "asha.tor", MACHINE))
    decided = house.do(lambda tx: house.access.sessions.decide(tx, attempt, form.code, "", fits=True))
    assert isinstance(decided, NotSignedIn)


@pytest.mark.parametrize("login", ["asha.tor", "nobody"])
def test_five_tries_then_a_wait(house: House, login: str) -> None:
    person = house.join("asha.tor")
    inside = house.enter(person)
    for _ in range(5):
        with pytest.raises(NotSignedIn):
            house.sign_in(login, "wrong password", "123456")
        house.clock.move(seconds=10)
    for written in (login, login.upper(), f" {login} "):
        with pytest.raises(TooManyTries):
            house.sign_in(written, GOOD, person.code(house.clock.at))
    # Who is in goes on, and so do others.
    assert house.who(inside.token) is not None
    other = house.join("other")
    house.enter(other)
    house.clock.move(minutes=15)
    if login == "asha.tor":
        house.enter(person)
        for _ in range(4):  # what was counted is forgotten
            with pytest.raises(NotSignedIn):
                house.sign_in(login, "wrong password", "123456")
        house.enter(person)


def test_what_is_stored_of_tries_is_no_login_and_does_not_grow(house: House) -> None:
    for number in range(45):
        with pytest.raises(NotSignedIn):
            house.sign_in(f"secret-name-{number}", "x", "1")
        house.clock.move(minutes=1)
    rows = house.ask(lambda tx: tx.execute(select(store.tries)).all())
    assert len(rows) <= 31
    assert b"secret-name" not in b"".join(row.tag for row in rows)


def test_nothing_secret_stands_in_the_database(house: House, tmp_path: Path) -> None:
    person = house.join("asha.tor", "approver")
    begun = house.enter(person)
    invited = house.add("new").address
    house.close()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("node.db*"))
    for secret in (GOOD.encode(), person.secret, begun.token.split("_", 2)[2].encode(), invited.split("/")[2].encode()):
        assert secret not in stored


def test_a_session_ends_when_idle_and_when_its_time_is_over(house: House) -> None:
    person = house.join("asha.tor")
    idle = house.enter(person)
    house.clock.move(minutes=28)
    known = house.ask(lambda tx: house.access.known(tx, idle.token))
    assert known is not None and known.unseen == idle.id
    house.do(lambda tx: house.access.sessions.seen(tx, idle.id))
    assert house.ask(lambda tx: house.access.known(tx, idle.token)).unseen == ""  # type: ignore[union-attr]
    house.clock.move(minutes=29)
    assert house.who(idle.token) is not None
    house.clock.move(minutes=1)
    assert house.who(idle.token) is None
    busy = house.enter(person)
    for _ in range(8 * 60 // 20 - 1):
        house.clock.move(minutes=20)
        house.do(lambda tx: house.access.sessions.seen(tx, busy.id))
        assert house.who(busy.token) is not None
    house.clock.move(minutes=20)
    house.do(lambda tx: house.access.sessions.seen(tx, busy.id))
    assert house.who(busy.token) is None
    listed = house.ask(lambda tx: house.access.sessions.listed(tx, "asha.tor"))
    assert [(each.id, each.open) for each in listed] == [(busy.id, False), (idle.id, False)]
    # Long ended ones are forgotten.
    house.clock.move(days=91)
    house.enter(person)
    assert len(house.ask(lambda tx: house.access.sessions.listed(tx, None))) == 1


def test_sessions_are_revoked_by_their_owner_and_by_nobody_elses(house: House) -> None:
    asha, other = house.join("asha.tor"), house.join("other")
    one, two = house.enter(asha), house.enter(asha)
    theirs = house.enter(other)
    for foreign in (theirs.id, "session-none", "%"):
        with pytest.raises(NotFound):
            house.do(lambda tx, s=foreign: house.access.sessions.revoke(tx, s, "x", login="asha.tor"))  # type: ignore[misc]
    house.do(lambda tx: house.access.sessions.revoke(tx, one.id, "Officer asha.tor", login="asha.tor"))
    house.do(lambda tx: house.access.sessions.revoke(tx, one.id, "somebody later", login=None))
    assert [house.who(each.token) is not None for each in (one, two, theirs)] == [False, True, True]
    (ended,) = (
        each for each in house.ask(lambda tx: house.access.sessions.listed(tx, "asha.tor")) if each.id == one.id
    )
    assert (ended.revoked_by, ended.open) == ("Officer asha.tor", False)


def test_a_session_of_nobody_is_a_keys(house: House) -> None:
    """A key has no login: no session is one of its own."""
    one = house.enter(house.join("asha.tor"))
    with pytest.raises(NotFound):
        house.do(lambda tx: house.access.sessions.revoke(tx, one.id, "a key", login=""))


def test_disabling_and_renewing_end_what_is_open_at_once(house: House) -> None:
    person = house.join("asha.tor", "approver")
    begun = house.enter(person)
    assert house.ask(lambda tx: house.access.may_approve(tx, "OFFICER  asha.tor"))
    house.do(lambda tx: house.access.officers.disable(tx, "asha.tor", MACHINE))
    assert house.who(begun.token) is None
    assert not house.ask(lambda tx: house.access.may_approve(tx, "Officer asha.tor"))
    with pytest.raises(NotSignedIn):
        house.enter(person)
    again = house.enrol(house.do(lambda tx: house.access.officers.reset(tx, "asha.tor", MACHINE)), "a wholly new one")
    assert house.who(begun.token) is None  # what was ended stays so
    fresh = house.enter(again, "a wholly new one")
    house.do(lambda tx: house.access.officers.reset(tx, "asha.tor", MACHINE))
    assert house.who(fresh.token) is None
    with pytest.raises(NotSignedIn):
        house.enter(again, "a wholly new one")
