"""Keys: issued once, known again, worthless when altered or revoked, and never stored in clear."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from lintas.access.key_store import api_keys
from lintas.access.keys import issue, issued, revoke, who
from lintas.access.records import ROLES, Caller
from lintas.model.errors import BadInput, NotFound
from lintas.model.ids import IdSource
from lintas.model.times import SystemClock
from lintas.storage.engine import Transaction, open_engine, writing

AT = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
IDS = IdSource(SystemClock())


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = open_engine(tmp_path_factory.mktemp("keys") / "node.db")
    api_keys.create(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def tx(engine: Engine) -> Iterator[Transaction]:
    with writing(engine) as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_key_is_its_holder(tx: Transaction, role: str) -> None:
    text = issue(tx, IDS, name="Officer Nur Contoh", role=role, organisation="bank-a", at=AT)
    assert re.fullmatch(r"lk_[a-z0-9-]+_[A-Za-z0-9_-]{43}", text)
    caller = who(tx, text)
    assert caller == Caller(id=text.split("_")[1], name="Officer Nur Contoh", role=role, organisation="bank-a")


def test_only_a_hash_is_stored(tx: Transaction, engine: Engine) -> None:
    text = issue(tx, IDS, name="n", role="auditor", at=AT)
    secret = text.split("_", 2)[2]
    [row] = tx.execute(api_keys.select()).all()
    assert secret not in repr(row) and len(row.hash) == 32
    [shown] = issued(tx)
    assert (shown.created, shown.revoked, shown.name) == ("2026-03-01T10:07:00Z", None, "n")


def test_a_revoked_key_is_nobody_and_stays_so(tx: Transaction) -> None:
    text, other = (issue(tx, IDS, name=name, role="hotline", at=AT) for name in "ab")
    key = text.split("_")[1]
    revoke(tx, key, at=AT)
    revoke(tx, key, at=AT.replace(year=2030))
    assert who(tx, text) is None
    assert who(tx, other) is not None
    assert [one.revoked for one in issued(tx) if one.id == key] == ["2026-03-01T10:07:00Z"]
    with pytest.raises(NotFound):
        revoke(tx, "key-none", at=AT)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=200), st.integers(0, 200), st.characters())
def test_nothing_but_the_key_itself_opens(tx: Transaction, text: str, place: int, character: str) -> None:
    key = issue(tx, IDS, name="n", role="auditor", at=AT)
    place %= len(key)
    for token in (text, f"lk_{text}", key[:place], key + text, key[:place] + character + key[place + 1 :], key.upper()):
        assert (who(tx, token) is not None) is (token == key)


def test_the_secret_of_one_key_does_not_open_another(tx: Transaction) -> None:
    one, two = (issue(tx, IDS, name=name, role="hotline", at=AT).split("_", 2) for name in "ab")
    assert who(tx, "_".join([one[0], one[1], two[2]])) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "root"},
        {"role": ""},
        {"name": ""},
        {"name": "  "},
        {"name": "x" * 121},
        {"name": "a\nb"},
        {"organisation": "x" * 121},
        {"organisation": "\0"},
        {"role": "bank"},
    ],
    ids=str,
)
def test_what_cannot_be_a_key_is_refused(tx: Transaction, wrong: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        issue(tx, IDS, **({"name": "n", "role": "hotline"} | wrong), at=AT)
    assert issued(tx) == []


def test_keys_survive_reopening(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    engine = open_engine(path)
    api_keys.create(engine)
    with writing(engine) as connection, connection.begin():
        text = issue(connection, IDS, name="n", role="approver", at=AT)
    engine.dispose()
    engine = open_engine(path)
    with engine.connect() as connection:
        assert who(connection, text) is not None
    engine.dispose()
