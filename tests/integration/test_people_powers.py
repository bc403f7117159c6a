"""What is done to officers: by two administrators where it gives powers, told, in the ledger, carried by a restore."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.integration.engines import Fresh
from tests.integration.house import GOOD, House, signed_in

from lintas.access.records import MACHINE, Caller, NewKey
from lintas.access.service import carry_officers, end_all
from lintas.model.errors import (
    BadInput,
    Conflict,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Refused,
    Unavailable,
)
from lintas.storage.engine import reading
from lintas.trust.vault import VaultKey


def test_a_renewal_is_told_to_the_officer_and_entered_in_the_ledger(house: House) -> None:
    house.join("asha.tor")
    before = house.entries()
    invited = house.do(lambda tx: house.access.officers.reset(tx, "asha.tor", "Officer Boss"))
    assert house.entries() == before + 1
    person = house.enrol(invited)
    assert house.enter(person).told
    done = house.ask(lambda tx: house.access.officers.happened(tx, "asha.tor"))
    assert [(each.what, each.by) for each in done] == [
        ("enrolled", "Officer asha.tor"),
        ("renewed", "Officer Boss"),
        ("enrolled", "Officer asha.tor"),
        ("added", MACHINE),
    ]
    house.clock.move(days=31)
    assert not house.enter(person).told


def test_the_ledger_names_nobody(house: House) -> None:
    house.join("asha.tor", "approver")
    leaves = house.ask(lambda tx: b"".join(bytes(row[0]) for row in tx.execute(text("SELECT data FROM ledger_entry"))))
    assert b'"access"' in leaves
    assert b"asha" not in leaves


def test_powers_take_a_second_administrator(house: House) -> None:
    house.join("one", "administrator")
    one, two = signed_in("one", "Officer one"), signed_in("two", "Officer two")
    # There is no second one yet.
    assert not house.add("appr0", "approver", by=one.name).awaits
    house.join("two", "administrator", by=one.name)
    made = house.add("appr", "approver", by=one.name)
    assert made.awaits
    assert not house.add("hot", "hotline", by=one.name).awaits
    person = house.enrol(made)
    with pytest.raises(NotAllowed, match="confirmed"):
        house.enter(person)
    assert not house.ask(lambda tx: house.access.may_approve(tx, "Officer appr"))
    for nobody in (
        one,
        signed_in("appr", "Officer appr"),
        Caller(id="key-1", name="Officer two", role="administrator"),
    ):
        with pytest.raises(NotAllowed):
            house.do(lambda tx, who=nobody: house.access.officers.confirm(tx, "appr", who))  # type: ignore[misc]
    house.do(lambda tx: house.access.officers.confirm(tx, "appr", two))
    assert house.officer("appr").confirmed_by == "Officer two"
    house.enter(person)
    with pytest.raises(Conflict):
        house.do(lambda tx: house.access.officers.confirm(tx, "appr", two))
    # What is done at the machine takes an administrator's word too.
    assert house.add("appr2", "approver").awaits
    house.do(lambda tx: house.access.officers.confirm(tx, "appr2", one))


def test_nobody_becomes_the_only_administrator_by_an_own_act(house: House) -> None:
    house.join("one", "administrator")
    house.join("two", "administrator", by="Officer one")
    house.do(lambda tx: house.access.officers.disable(tx, "two", "Officer one"))
    assert house.add("appr", "approver", by="Officer one").awaits
    made = house.do(lambda tx: house.access.officers.reset(tx, "two", "Officer one"))
    assert made.awaits
    assert house.add("appr2", "approver", by="OFFICER ONE").awaits
    # Whoever holds that address is still not let in by the one who made it.
    taken = house.enrol(made)
    with pytest.raises(NotAllowed):
        house.enter(taken)
    with pytest.raises(NotAllowed, match="yourself"):
        house.do(lambda tx: house.access.officers.confirm(tx, "two", signed_in("one", "Officer one")))
    # The machine and an administrator are two.
    back = house.enrol(house.do(lambda tx: house.access.officers.reset(tx, "two", MACHINE)))
    house.do(lambda tx: house.access.officers.confirm(tx, "two", signed_in("one", "Officer one")))
    house.enter(back)


def test_keys_of_powers_are_no_way_round_the_second_administrator(house: House) -> None:
    house.join("one", "administrator")
    new = NewKey(name="A script", role="approver")
    house.do(lambda tx: house.access.officers.issue_key(tx, new, "Officer one"))
    house.join("two", "administrator", by="Officer one")
    for role in ("approver", "administrator"):
        with pytest.raises(NotAllowed):
            house.do(lambda tx, r=role: house.access.officers.issue_key(tx, NewKey(name="S", role=r), "Officer one"))  # type: ignore[misc]
    for wrong in (
        NewKey(name="S", role="bank", organisation="XB-ONE"),
        NewKey(name="S", role="bank"),
        NewKey(name="S", role="hotline", organisation="XA-ONE"),
        NewKey(name="S", role="root"),
    ):
        with pytest.raises(BadInput):
            house.do(lambda tx, n=wrong: house.access.officers.issue_key(tx, n, "Officer one"))  # type: ignore[misc]


def test_a_key_in_somebodys_name_is_told_to_that_one(house: House) -> None:
    person = house.join("asha.tor")
    before = house.entries()
    made = house.do(
        lambda tx: house.access.officers.issue_key(tx, NewKey(name="officer ASHA.tor", role="auditor"), "Boss")
    )
    assert house.entries() == before
    assert house.enter(person).told
    done = house.ask(lambda tx: house.access.officers.happened(tx, "asha.tor"))[0]
    assert (done.what, done.by, done.about) == ("key", "Boss", made.id)
    assert [each.issued_by for each in house.ask(house.access.officers.keys)] == ["Boss"]
    caller = house.who(made.key)
    assert caller is not None and caller.role == "auditor"
    house.do(lambda tx: house.access.officers.revoke_key(tx, made.id))
    assert house.who(made.key) is None


def test_ones_own_account_is_anothers_to_act_on(house: House) -> None:
    house.join("one", "administrator")
    for act in (house.access.officers.reset, house.access.officers.disable):
        with pytest.raises(NotAllowed):
            house.do(lambda tx, act=act: act(tx, "one", "officer  ONE"))  # type: ignore[misc]
        with pytest.raises(NotFound):
            house.do(lambda tx, act=act: act(tx, "nobody", "Officer one"))  # type: ignore[misc]
    assert house.officer("one").lets_in


def test_names_and_logins_are_one_persons(house: House) -> None:
    house.join("asha.tor")
    with pytest.raises(Conflict):
        house.add("asha.tor", name="Somebody Else")
    for name in ("Officer asha.tor", "OFFICER ASHA.TOR", " Officer  asha.tor ", "Ｏfficer asha.tor"):
        with pytest.raises(Conflict):
            house.add("second", name=name)
    with pytest.raises(BadInput):
        house.add("second", name="At  the Machine")
    house.do(lambda tx: house.access.officers.disable(tx, "asha.tor", MACHINE))
    house.add("second", name="Officer asha.tor")
    # The first cannot come back beside the second.
    with pytest.raises(Conflict):
        house.do(lambda tx: house.access.officers.reset(tx, "asha.tor", MACHINE))


def test_roles_and_organisations_that_cannot_be_are_refused(house: House) -> None:
    for role, bank in (("root", ""), ("bank", ""), ("bank", "XB-ONE"), ("hotline", "XA-ONE"), ("", "")):
        with pytest.raises(BadInput):
            house.add("asha.tor", role, bank=bank)
    assert house.ask(house.access.officers.all) == []
    house.add("desk", "bank", bank="XA-ONE")


def test_a_pass_is_for_exercises_alone(house: House) -> None:
    house.join("asha.tor")
    with pytest.raises(NotFound):
        house.do(lambda tx: house.access.officers.exercise_pass(tx, "asha.tor", MACHINE))
    exercise = House(house.place, exercise=True, clock=house.clock)
    made = exercise.do(lambda tx: exercise.access.officers.exercise_pass(tx, "asha.tor", MACHINE))
    token = made.address.removeprefix("/exercise/")
    begun = exercise.do(lambda tx: exercise.access.sessions.use_pass(tx, token, "Firefox"))
    assert exercise.who(begun.token) is not None
    # The same database served for real takes no pass, and a pass is no address to enrol at.
    with pytest.raises(NotFound):
        house.do(lambda tx: house.access.sessions.use_pass(tx, token, "Firefox"))
    with pytest.raises(NotFound):
        exercise.ask(lambda tx: exercise.access.officers.enrolment(tx, token))
    exercise.do(lambda tx: exercise.access.officers.disable(tx, "asha.tor", MACHINE))
    with pytest.raises(NotFound):
        exercise.do(lambda tx: exercise.access.sessions.use_pass(tx, token, "Firefox"))
    with pytest.raises(Conflict):
        exercise.do(lambda tx: exercise.access.officers.exercise_pass(tx, "asha.tor", MACHINE))
    exercise.close()


def test_a_pass_ends_with_its_day(fresh: Fresh) -> None:
    exercise = House(fresh("exercise"), exercise=True)
    exercise.add("asha.tor")
    made = exercise.do(lambda tx: exercise.access.officers.exercise_pass(tx, "asha.tor", MACHINE))
    exercise.clock.move(hours=24)
    with pytest.raises(NotFound):
        exercise.ask(lambda tx: exercise.access.sessions.pass_holder(tx, made.address.removeprefix("/exercise/")))
    exercise.close()


def test_a_session_of_a_pass_is_over_when_the_node_is_real(house: House) -> None:
    """What an exercise opened without password must not act where it counts."""
    house.join("asha.tor")
    exercise = House(house.place, exercise=True, clock=house.clock)
    made = exercise.do(lambda tx: exercise.access.officers.exercise_pass(tx, "asha.tor", MACHINE))
    begun = exercise.do(
        lambda tx: exercise.access.sessions.use_pass(tx, made.address.removeprefix("/exercise/"), "Firefox")
    )
    exercise.close()
    assert house.who(begun.token) is None


# `lintas db restore` is for SQLite: its own copy of a database is what is tested.
@pytest.mark.parametrize("fresh", ["sqlite"], indirect=True)
def test_a_restore_ends_sessions_and_carries_who_was_disabled(house: House, tmp_path: Path) -> None:
    leaves, stays = house.join("leaves", "approver"), house.join("stays")
    open_one, invited = house.enter(stays), house.add("new")
    with sqlite3.connect(tmp_path / "node.db") as live, sqlite3.connect(tmp_path / "backup.db") as kept:
        live.backup(kept)
    kept.close()
    live.close()
    house.clock.move(minutes=1)
    house.do(lambda tx: house.access.officers.disable(tx, "leaves", MACHINE))
    late = house.join("late")
    restored = House(tmp_path / "backup.db", clock=house.clock)
    assert restored.who(open_one.token) is not None
    with reading(house.engine) as old:
        changed = restored.do(lambda new: carry_officers(old, new))
    restored.do(end_all)
    assert changed == 2
    assert restored.who(open_one.token) is None
    with pytest.raises(NotFound):
        restored.ask(lambda tx: restored.access.officers.enrolment(tx, invited.address.removeprefix("/enrol/")))
    with pytest.raises(NotSignedIn):
        restored.enter(leaves)
    restored.enter(stays)
    restored.enter(late)
    told = [each.what for each in restored.ask(lambda tx: restored.access.officers.happened(tx, "leaves"))]
    assert told == ["disabled", "enrolled", "added"]
    assert not restored.ask(lambda tx: restored.access.may_approve(tx, "Officer leaves"))
    restored.close()


def test_with_another_key_everybody_hears_the_same_clear_error(house: House) -> None:
    person, invited = house.join("asha.tor"), house.add("new")
    other = House(house.place, vault=VaultKey(b"w" * 32), clock=house.clock)
    for login in ("asha.tor", "nobody"):
        for _ in range(7):  # nobody is locked out by it either
            with pytest.raises(Unavailable, match="second factors") as wrong:
                other.sign_in(login, GOOD, person.code(house.clock.at))
            assert "keys/access.key" in wrong.value.do
    with pytest.raises(Refused, match="key"):
        other.ask(lambda tx: other.access.officers.enrolment(tx, invited.address.removeprefix("/enrol/")))
    with pytest.raises(Unavailable):
        other.ask(other.access.sessions.check_key)
    # Whoever is renewed under the new key is let in again, whatever became of others.
    again = other.enrol(other.do(lambda tx: other.access.officers.reset(tx, "asha.tor", MACHINE)))
    other.enter(again)
    other.close()
    house.ask(lambda tx: None)
