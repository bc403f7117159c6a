"""The simulated disk: what the product acknowledged survives every power cut on it, and without flushing it does not."""

import os
import random
from collections import Counter
from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import Column, Connection, Engine, Integer, LargeBinary, MetaData, String, Table, event, insert, select
from sqlalchemy.exc import DBAPIError
from tests.simulation import driver
from tests.simulation.disk import Disk, Fault

from lintas.model.errors import Conflict, LintasError, Unavailable
from lintas.storage.engine import open_engine, reading
from lintas.storage.writer import SerialWriter, Writer

SEEDS = int(os.environ.get("LINTAS_SIMULATION_SEEDS", "200"))
PATH = "/node/state.db"

metadata = MetaData()
entries = Table(
    "entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", Integer, nullable=False, index=True),
    Column("place", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
tally = Table("tally", metadata, Column("name", String, primary_key=True), Column("value", Integer, nullable=False))


def bodies(number: int) -> list[bytes]:
    """Say what transaction ``number`` stores: a few rows, now and then one larger than a page."""
    rng = random.Random(number)
    return [rng.randbytes(rng.choice((10, 100, 600, 9_000))) for _ in range(rng.randint(1, 6))]


def store(connection: Connection, number: int) -> None:
    rows = [{"number": number, "place": place, "body": body} for place, body in enumerate(bodies(number))]
    connection.execute(insert(entries), rows)
    connection.execute(tally.update().values(value=tally.c.value + 1))


def doomed(connection: Connection, number: int) -> None:
    store(connection, number)
    raise Conflict("the use case changed its mind")


class Node:
    """One program on one disk over several lives, and the list of what it told its callers."""

    def __init__(self, disk: Disk, *, checkpoint: int = 1000, synchronous: str = "") -> None:
        self.disk, self._checkpoint, self._synchronous = disk, checkpoint, synchronous
        self.acknowledged: set[int] = set()
        self.in_doubt: set[int] = set()
        self.refused: set[int] = set()
        self._next = 0
        self.engine: Engine | None = None

    def start(self) -> None:
        self.engine = open_engine(PATH, driver=driver, vfs=self.disk.vfs)
        self.writer = SerialWriter(self.engine)
        event.listen(self.engine, "connect", self._settings)
        metadata.create_all(self.engine)
        self.writer.submit(
            lambda connection: connection.execute(insert(tally).prefix_with("OR IGNORE").values(name="all", value=0))
        ).result()

    def _settings(self, connection: driver.Connection, _: object) -> None:
        connection.execute(f"PRAGMA wal_autocheckpoint={self._checkpoint}")
        if self._synchronous:
            connection.execute(f"PRAGMA synchronous={self._synchronous}")

    def stop(self) -> None:
        """Let go of what the dead program held."""
        if self.engine is not None:
            self.engine.dispose()
            self.engine = None

    def transact(self, rng: random.Random) -> None:
        """Run one transaction and note what was said about it."""
        self._next += 1
        number, use_case = self._next, doomed if rng.random() < 0.1 else store
        try:
            self.writer.submit(partial(use_case, number=number)).result()
        except Conflict:
            self.refused.add(number)
        except (Unavailable, DBAPIError) as wrong:
            if not self.disk.dark and isinstance(wrong, DBAPIError):
                raise
            self.in_doubt.add(number)
        else:
            self.acknowledged.add(number)

    def stored(self) -> set[int]:
        """Name the transactions that are there."""
        assert self.engine is not None
        with reading(self.engine) as connection:
            return set(connection.execute(select(entries.c.number)).scalars())

    def audit(self) -> list[str]:
        """List what is wrong with what is stored now."""
        assert self.engine is not None
        try:
            with reading(self.engine) as connection:
                rows = connection.execute(select(entries.c.number, entries.c.body).order_by(entries.c.id)).all()
                counted = connection.execute(select(tally.c.value)).scalars().all()
                verdict = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        except LintasError as wrong:
            return [f"unreadable: {wrong}"]
        stored: dict[int, list[bytes]] = {}
        for number, body in rows:
            stored.setdefault(number, []).append(body)
        wrongs = [f"torn: transaction {number}" for number, found in stored.items() if found != bodies(number)]
        wrongs += [f"lost: transaction {number}" for number in sorted(self.acknowledged - stored.keys())]
        wrongs += [f"kept though refused: transaction {number}" for number in sorted(self.refused & stored.keys())]
        if counted != [len(stored)]:
            wrongs.append(f"torn: {len(stored)} transactions, counted {counted}")
        if verdict != ["ok"]:
            wrongs.append(f"corrupt: {verdict[0]}")
        return wrongs


def started(node: Node, rng: random.Random) -> list[str]:
    """Start and audit; one start in four is planned to die on the way, and is then tried again."""
    if rng.random() < 0.25:
        node.disk.power_cut(after=rng.randint(1, 60))
    for _ in range(2):
        try:
            node.start()
            return node.audit()
        except (DBAPIError, LintasError) as wrong:
            if not node.disk.dark:
                return [f"unreadable: {wrong}"]
        node.stop()
        node.disk.restart()
    return ["the node does not start"]


def lives(seed: int, synchronous: str = "") -> tuple[list[str], Disk, Node]:
    """Play three lives, each ended in the middle of something, with an audit after each; what is wrong, if anything."""
    rng = random.Random(seed)
    with Disk(seed) as disk:
        node = Node(disk, checkpoint=rng.choice((1, 3, 10, 1000)), synchronous=synchronous)
        wrongs = started(node, rng)
        for _ in range(3):
            die = disk.power_cut if rng.random() < 0.8 else disk.kill
            die(after=rng.randint(1, 150))
            for _ in range(rng.randint(1, 12)):
                node.transact(rng)
                if disk.dark:
                    break
            else:
                die()
            node.stop()
            disk.restart()
            wrongs += started(node, rng)
            if wrongs:
                break
        node.stop()
        return wrongs, disk, node


@pytest.mark.parametrize("part", range(4))
def test_what_was_acknowledged_survives_and_the_rest_is_all_or_nothing(part: int) -> None:
    totals: Counter[str] = Counter()
    for seed in range(part, SEEDS, 4):
        wrongs, disk, node = lives(seed)
        assert wrongs == [], f"seed {seed}"
        totals += disk.counts
        totals["acknowledged"] += len(node.acknowledged)
        totals["in doubt"] += len(node.in_doubt)
    print(dict(totals))
    assert min(totals[what] for what in ("acknowledged", "in doubt", "power cut", "kill", "lost sectors")) > 10


def test_without_flushing_the_disk_loses_what_was_acknowledged() -> None:
    losses = (wrong for seed in range(100) for wrong in lives(seed, synchronous="OFF")[0] if wrong.startswith("lost"))
    assert next(losses, None) is not None


def test_flushing_only_at_checkpoints_loses_transactions_but_tears_none() -> None:
    """What SQLite promises for WAL with synchronous=NORMAL; a disk that did more harm than a real one would break it."""
    wrongs = [wrong for seed in range(40) for wrong in lives(seed, synchronous="NORMAL")[0]]
    assert wrongs
    assert [wrong for wrong in wrongs if not wrong.startswith("lost")] == []


def test_the_same_seed_gives_the_same_story() -> None:
    for seed in range(5):
        first, second = lives(seed), lives(seed)
        assert first[1].counts == second[1].counts
        assert first[2].acknowledged == second[2].acknowledged


def test_a_sync_error_then_a_kill_then_a_power_cut_harm_nothing() -> None:
    """What was refused may be there after the restart, for SQLite finds its frames again; what was acknowledged is."""
    resurfaced = 0
    for seed in range(20):
        rng = random.Random(seed)
        with Disk(seed) as disk:
            node = Node(disk, checkpoint=5)
            node.start()
            for end in (disk.kill, disk.power_cut):
                node.transact(rng)
                disk.fault(Fault.SYNC_ERROR)
                node.transact(rng)
                end()
                node.stop()
                disk.restart()
                node.start()
                assert node.audit() == [], f"seed {seed}"
            resurfaced += len(node.in_doubt & node.stored())
            node.stop()
    print(f"{resurfaced} transactions refused and yet there")


@pytest.fixture
def disk() -> Iterator[Disk]:
    with Disk(7) as made:
        yield made


@pytest.mark.parametrize("fault", [Fault.WRITE_ERROR, Fault.SYNC_ERROR, Fault.FULL, Fault.READ_ONLY])
def test_a_failing_disk_refuses_loudly_and_recovers_alone(fault: Fault) -> None:
    struck = 0
    for seed in range(12):
        rng = random.Random(seed)
        with Disk(seed, strands=seed % 2 == 0) as disk:
            node = Node(disk, checkpoint=rng.choice((1, 5, 1000)))
            node.start()
            for _ in range(4):
                disk.fault(fault, operations=rng.randint(1, 30), after=rng.randint(0, 30))
                for _ in range(6):
                    node.transact(rng)
                disk.heal()
                before = len(node.acknowledged) + len(node.refused)
                node.transact(rng)
                assert len(node.acknowledged) + len(node.refused) == before + 1, f"seed {seed}: still refusing"
                assert node.audit() == [], f"seed {seed}"
            struck += disk.counts[fault]
            disk.power_cut()
            node.stop()
            disk.restart()
            node.start()
            assert node.audit() == [], f"seed {seed} after the power cut"
            node.stop()
    assert struck > 40


def test_the_threaded_writer_tells_every_caller_of_a_full_disk(disk: Disk) -> None:
    engine = open_engine(PATH, driver=driver, vfs=disk.vfs)
    metadata.create_all(engine)
    writer = Writer(engine)
    disk.fault(Fault.FULL, operations=10_000)
    futures = [writer.submit(partial(store, number=number)) for number in range(20)]
    assert all(isinstance(future.exception(timeout=10), Unavailable) for future in futures)
    disk.heal()
    writer.submit(partial(store, number=99)).result(timeout=10)
    writer.close()
    with reading(engine) as connection:
        assert connection.execute(select(entries.c.number).distinct()).scalars().all() == [99]
    engine.dispose()


def test_checkpoints_keep_the_wal_short_and_a_failing_one_fails_no_commit(disk: Disk) -> None:
    node = Node(disk, checkpoint=5)
    node.start()
    rng = random.Random(1)
    for _ in range(30):
        node.transact(rng)
    assert node.engine is not None
    assert 0 < len(disk.image(PATH + "-wal")) < 40 * 4096
    disk.fault(
        Fault.READ_ERROR, operations=1_000_000
    )  # a commit reads nothing that is cached, a checkpoint reads the WAL
    for _ in range(5):
        node.transact(rng)
    assert disk.counts[Fault.READ_ERROR] > 0
    assert node.in_doubt == set()
    disk.heal()
    assert node.audit() == []
    node.stop()


def test_nothing_opens_on_a_machine_that_is_off(disk: Disk) -> None:
    disk.power_cut()
    with pytest.raises(driver.OperationalError, match="off"):
        driver.connect(f"file:{PATH}?vfs={disk.vfs}").execute("CREATE TABLE t (a)")
    disk.restart()
    driver.connect(f"file:{PATH}?vfs={disk.vfs}").execute("CREATE TABLE t (a)").connection.close()


def test_a_handle_from_before_the_cut_stays_dead(disk: Disk) -> None:
    old = driver.connect(f"file:{PATH}?vfs={disk.vfs}")
    old.execute("CREATE TABLE t (a)")
    disk.kill()
    disk.restart()
    with pytest.raises(driver.OperationalError, match="off"):
        old.execute("INSERT INTO t VALUES (1)")
    old.close()
    new = driver.connect(f"file:{PATH}?vfs={disk.vfs}")
    assert new.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
    new.close()


def test_a_dead_program_that_closes_late_leaves_the_living_one_alone(disk: Disk) -> None:
    dead, living = Node(disk), Node(disk)
    dead.start()
    disk.kill()
    disk.restart()
    living.start()
    living.transact(random.Random(1))
    dead.stop()
    assert living.audit() == []
    disk.power_cut()
    living.stop()
    disk.restart()
    living.start()
    assert living.audit() == []
    living.stop()


def test_readers_keep_their_snapshot_while_the_writer_commits(disk: Disk) -> None:
    node = Node(disk)
    node.start()
    assert node.engine is not None
    with reading(node.engine) as before:
        assert before.execute(select(entries)).all() == []
        node.transact(random.Random(1))
        assert before.execute(select(entries)).all() == []
    with reading(node.engine) as after:
        assert len(after.execute(select(entries)).all()) == len(bodies(1))
    node.stop()
