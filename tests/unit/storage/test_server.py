"""What only PostgreSQL can do to a node: other orders of text, a server that goes, another node, letters it does not hold."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, event, insert, select
from tests.postgres import OWNER, Server

from lintas.model.errors import BadInput, Conflict, Unavailable
from lintas.storage import migrate
from lintas.storage.address import Address, read_address
from lintas.storage.engine import check_durable, opened, reading, writing
from lintas.storage.serving import opened_alone
from lintas.storage.writer import SerialWriter, Writer

_metadata = MetaData()
notes = Table("notes", _metadata, Column("id", Integer, primary_key=True), Column("text", String(8), nullable=False))
PATIENCE = 20.0


@pytest.fixture(scope="module")
def durable(postgresql: Server) -> Iterator[Server]:
    """Give a server that keeps its promises; the shared one is asked for only to skip where there is none."""
    made = Server(durable=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def database(durable: Server) -> Address:
    return read_address(durable.make("notes"))


@pytest.fixture
def place(database: Address) -> Iterator[Address]:
    """Give a database that holds one empty table; one after the other uses it, since making one takes longer than the test."""
    with opened(database) as engine:
        _metadata.create_all(engine)
        yield database
        _metadata.drop_all(engine)


def put(number: int, text: str = "note") -> Callable[[Connection], int]:
    def use_case(tx: Connection) -> int:
        tx.execute(insert(notes), {"id": number, "text": text})
        return number

    return use_case


def stored(engine: Engine) -> list[int]:
    with reading(engine) as tx:
        return list(tx.scalars(select(notes.c.id).order_by(notes.c.id)))


def shown(tx: Connection, name: str) -> str:
    return str(tx.exec_driver_sql(f"SHOW {name}").scalar_one())


# ---- which database


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("ENCODING 'SQL_ASCII' LOCALE 'C'", "SQL_ASCII"),
        ("ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C.utf8'", "C.utf8"),
    ],
    ids=["letters", "order"],
)
def test_a_database_that_sorts_otherwise_is_refused_with_the_command_that_makes_one(
    postgresql: Server, how: str, said: str
) -> None:
    name = f"other_{said}"
    with opened(read_address(postgresql.make(name, f"TEMPLATE template0 {how}"))) as engine:
        with pytest.raises(BadInput, match=said) as refused:
            migrate.upgrade(engine)
        assert "\n" not in str(refused.value)
    command = str(refused.value).partition("another: ")[2]
    postgresql.say(f'DROP DATABASE "{name}"', command)
    with opened(read_address(postgresql.text(name))) as engine:
        migrate.upgrade(engine)
        migrate.check_current(engine)


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:geheim@h/x",
        "postgresql://u@h:geheim/x",
        "postgresql://u@h/x?password=geheim",
        "postgresql://u@h/x?sslpassword=geheim",
        "postgresql://u@h/x?geheim=1",
        "postgres://[geheim",
    ],
)
def test_an_address_holds_no_password_and_no_error_repeats_one(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_address(text)
    assert "geheim" not in str(refused.value)
    assert refused.value.do


def test_a_server_or_database_that_is_not_there_is_told_in_one_line(postgresql: Server) -> None:
    for text in (postgresql.text("nowhere"), "postgresql://u@127.0.0.1:1/x", "postgresql:///x?host=/nowhere"):
        with opened(read_address(text)) as engine, pytest.raises(Unavailable) as refused:
            migrate.current(engine)
        assert "\n" not in str(refused.value)
        assert "PostgreSQL server" in str(refused.value)


def test_who_may_not_make_tables_is_told_in_one_line(postgresql: Server) -> None:
    text = postgresql.make("closed")
    postgresql.say("CREATE ROLE guest LOGIN")
    with opened(read_address(text.replace(OWNER, "guest", 1))) as engine, pytest.raises(Unavailable) as refused:
        migrate.upgrade(engine)
    assert "permission denied" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_session_is_set_so_that_nothing_acknowledged_is_lost(durable: Server, place: Address) -> None:
    name = place.parts["dbname"]
    for setting in ("synchronous_commit = off", "statement_timeout = 77", "lock_timeout = 0"):
        durable.say(f'ALTER DATABASE "{name}" SET {setting}')
    with opened(place) as engine:
        check_durable(engine)
        with writing(engine) as tx, tx.begin():
            found = [shown(tx, each) for each in ("synchronous_commit", "statement_timeout", "lock_timeout")]
            assert found == ["on", "0", "5s"]
            assert shown(tx, "transaction_isolation") == "read committed"
        with reading(engine) as tx:
            assert (shown(tx, "transaction_isolation"), shown(tx, "transaction_read_only")) == ("repeatable read", "on")
    durable.say(f'ALTER DATABASE "{name}" RESET ALL')


def test_a_server_that_forgets_is_refused(postgresql: Server) -> None:
    place = postgresql.fresh()
    with pytest.raises(BadInput, match=r"fsync and full_page_writes off"), opened_alone(place):
        pass
    postgresql.give_back(place)


# ---- what it holds


@pytest.mark.parametrize(("number", "text"), [(2, "a\0b"), (2, "far too long"), (2**40, "note")])
def test_what_it_cannot_hold_is_its_callers_fault_alone(place: Address, number: int, text: str) -> None:
    with opened(place) as engine:
        writer = Writer(engine)
        futures = [writer.submit(each) for each in (put(1), put(number, text), put(3))]
        assert (futures[0].result(PATIENCE), futures[2].result(PATIENCE)) == (1, 3)
        with pytest.raises(BadInput, match="cannot hold"):
            futures[1].result(PATIENCE)
        assert writer.trouble is None
        writer.close()
        assert stored(engine) == [1, 3]


def test_a_contradiction_does_not_repeat_what_is_stored(place: Address) -> None:
    with opened(place) as engine:
        writer = SerialWriter(engine)
        writer.submit(put(1)).result(0)
        with pytest.raises(Conflict, match="notes_pkey") as refused:
            writer.submit(put(1)).result(0)
    assert "(1)" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_asking_for_what_it_cannot_hold_is_bad_input(place: Address) -> None:
    with opened(place) as engine:
        with pytest.raises(BadInput, match="cannot hold"), reading(engine) as tx:
            tx.execute(select(notes.c.id).where(notes.c.text == "a\0b"))
        assert stored(engine) == []


def test_a_reader_sees_one_moment(place: Address) -> None:
    with opened(place) as engine, reading(engine) as tx:
        query = select(notes.c.id)
        assert tx.scalars(query).all() == []
        SerialWriter(engine).submit(put(1)).result(0)
        assert tx.scalars(query).all() == []


# ---- one writer, one node


def test_who_writes_waits_for_its_turn_and_is_told_when_it_takes_too_long(place: Address) -> None:
    with opened(place) as engine, opened(place) as other:
        with writing(engine) as tx, tx.begin():
            put(1)(tx)
            with pytest.raises(Unavailable, match="lock timeout"):
                SerialWriter(other).submit(put(2)).result(0)
        assert SerialWriter(other).submit(put(3)).result(0) == 3
        assert stored(engine) == [1, 3]


def test_a_second_node_is_refused_and_a_command_is_not(place: Address) -> None:
    with opened_alone(place) as engine, opened(place) as command:
        SerialWriter(engine).submit(put(1)).result(0)
        with pytest.raises(Conflict, match="another process runs on this database"), opened_alone(place):
            pass
        SerialWriter(command).submit(put(2)).result(0)
        assert SerialWriter(engine).submit(put(3)).result(0) == 3
        assert stored(engine) == [1, 2, 3]
    with opened_alone(place) as engine:
        assert stored(engine) == [1, 2, 3]


def _cut_off(durable: Server, engine: Engine) -> None:
    """End the session by which a node writes, as a network that fails for long does."""
    with writing(engine) as tx:
        number = tx.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
    durable.say(f"SELECT pg_terminate_backend({number}, 5000)")


def test_a_node_that_lost_its_place_to_another_writes_nothing(durable: Server, place: Address) -> None:
    with opened_alone(place) as engine:
        writer = SerialWriter(engine)
        assert writer.submit(put(1)).result(0) == 1
        _cut_off(durable, engine)
        with opened_alone(place) as other:
            with pytest.raises(Unavailable, match="another process runs on this database"):
                writer.submit(put(2)).result(0)
            assert SerialWriter(other).submit(put(3)).result(0) == 3
        assert writer.submit(put(4)).result(0) == 4
        assert stored(engine) == [1, 3, 4]


# ---- the server goes


def test_reads_and_writes_recover_after_the_server_was_away(durable: Server, place: Address) -> None:
    with opened_alone(place) as engine:
        writer = Writer(engine)
        kept = [writer.submit(put(1)).result(PATIENCE)]
        for how in (signal.SIGQUIT, signal.SIGINT):
            durable.stop(how)
            with pytest.raises(Unavailable):
                writer.submit(put(99)).result(PATIENCE)
            with pytest.raises(Unavailable):
                stored(engine)
            durable.start()
            assert stored(engine) == kept
            kept.append(writer.submit(put(len(kept) + 1)).result(PATIENCE))
            # Nobody asked while it was away: the first who does meets new sessions already.
            durable.stop(how)
            durable.start()
            assert stored(engine) == kept
            kept.append(writer.submit(put(len(kept) + 1)).result(PATIENCE))
        writer.close()


@pytest.mark.parametrize("at", ["begin", "statement", "commit"])
def test_a_session_that_ends_in_a_batch_acknowledges_nobody(durable: Server, place: Address, at: str) -> None:
    left = ["one blow"]
    with (
        opened(place) as engine,
        contextlib.closing(psycopg.connect(durable.text("postgres"), autocommit=True)) as administrator,
    ):

        def strike(connection: Connection) -> None:
            if left:
                left.pop()
                session = connection.connection.driver_connection
                assert session is not None
                administrator.execute("SELECT pg_terminate_backend(%s, 5000)", [session.info.backend_pid])

        def use_case(tx: Connection) -> int:
            if at == "statement":
                strike(tx)
            return put(1)(tx)

        if at != "statement":
            event.listen(engine, at, strike, insert=True)
        writer = Writer(engine)
        first, second = writer.submit(use_case), writer.submit(put(2))
        with pytest.raises(Unavailable):
            first.result(PATIENCE)
        expected = [3]
        with contextlib.suppress(Unavailable):  # it shared the batch, or came after it
            expected.insert(0, second.result(PATIENCE))
        assert writer.submit(put(3)).result(PATIENCE) == 3
        writer.close()
        assert stored(engine) == expected
