"""A published ledger stays verifiable while witnesses are out: real witnesses behind real sockets, stopped and started."""

import asyncio
import contextlib
import hashlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
import uvicorn
from tests.integration.town import NOW, XA, XB, XB2, SetClock, keys_of
from tests.unit.ledger.building import ledger_engine

from lintas.api.witness import witness_app
from lintas.exchange.directory import Directory
from lintas.ledger.membership import member_policy
from lintas.ledger.publish import CHECKPOINT
from lintas.ledger.service import Ledger
from lintas.ledger.verify import DirectorySource, verify_ledger
from lintas.ledger.witness import Witness
from lintas.model.errors import Refused
from lintas.node.config import Config, Home
from lintas.node.publication import Publication, Published
from lintas.storage.engine import Transaction, open_engine, reading, writing
from lintas.trust import note
from lintas.trust.charter import Charter, Member, WitnessEntry, write_charter
from lintas.trust.keys import Ed25519Signer

T = TypeVar("T")
ORIGIN = f"{XA}.lintas.example/log"


class Court:
    """One member's witness and its socket: out when nobody serves it."""

    def __init__(self, authority: str, folder: Path, ledger: Ledger) -> None:
        self.authority, self.name = authority, f"{authority}-witness"
        signer = Ed25519Signer.from_seed(self.name, hashlib.sha256(self.name.encode()).digest())
        engine = open_engine(folder / f"{self.name}.db")
        self.witness = Witness(engine, self.name, signer, {ledger.origin: [ledger.key]}, SetClock())
        self.witness.prepare()
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    @property
    def member(self) -> Member:
        """Return the member whose witness this is."""
        entry = WitnessEntry(name=self.name, vkey=str(self.witness.key), url=f"http://127.0.0.1:{self.port}/w")
        return msgspec.structs.replace(keys_of(self.authority).member, witness=entry)

    @contextlib.asynccontextmanager
    async def sitting(self) -> AsyncIterator[None]:
        """Answer at the port."""
        with socket.create_server(("127.0.0.1", self.port)) as door:
            app = witness_app({"/w": self.witness})
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
            serving = asyncio.create_task(server.serve(sockets=[door]))
            while not server.started:
                await asyncio.sleep(0.005)
            try:
                yield
            finally:
                server.should_exit = True
                await serving


class Office:
    """The ledger of one authority, where it is published, and the witnesses of the two others."""

    def __init__(self, folder: Path, others: tuple[str, ...] = (XB, XB2)) -> None:
        self.folder = folder
        self.ledger = Ledger(ORIGIN, keys_of(XA).log)
        self.engine = ledger_engine(folder / "node.db")
        self.courts = [Court(name, folder, self.ledger) for name in others]
        self.others = [court.member for court in self.courts]
        members = (keys_of(XA).member, *self.others)
        charter = write_charter(Charter(version=1, exercise=True, quorum=len(members), members=members))
        self.directory = Directory(charter, SetClock(NOW))
        config = Config(
            authority=XA, jurisdiction="XA", name="Aria", contact="desk@xa.example", ledger_origin=ORIGIN, exercise=True
        )
        self.home = Home(config, folder)
        self.published = self.home.path(config.ledger)
        self.published.mkdir()
        self.publication = self.new_publication()

    def new_publication(self, *distrusted: str) -> Publication:
        return Publication(self.home, self.ledger, self.directory, self, frozenset(distrusted))

    async def read(self, question: Callable[[Transaction], T]) -> T:
        """Answer a question as the running node does."""
        with reading(self.engine) as tx:
            return question(tx)

    def size(self) -> int:
        with reading(self.engine) as tx:
            return self.ledger.size(tx)

    def append(self, count: int) -> None:
        with writing(self.engine) as tx, tx.begin():
            self.ledger.append(tx, [b"entry"] * count)

    def verified(self, quorum: int | None = None) -> int | None:
        """Return the size that a stranger verifies, None when the ledger does not hold for him."""
        policy = member_policy(self.ledger.key, self.others, quorum)
        verdict = verify_ledger(DirectorySource(self.published), policy)
        return verdict.size if verdict.ok else None


@pytest.fixture
def office(tmp_path: Path) -> Office:
    made = Office(tmp_path)
    made.append(3)
    return made


def play(story: Coroutine[None, None, None]) -> None:
    asyncio.run(story)


def test_what_was_cosigned_stays_while_every_witness_is_out(office: Office) -> None:
    xb, xb2 = office.courts

    async def story() -> None:
        async with xb.sitting(), xb2.sitting():
            assert await office.publication.publish() == Published(3, 3, (xb.name, xb2.name))
        before = (office.published / CHECKPOINT).read_bytes()
        office.append(2)
        assert await office.publication.publish() == Published(5, 3, (xb.name, xb2.name))
        assert await office.new_publication().publish(starting=True) == Published(5, 3, (xb.name, xb2.name))
        assert (office.published / CHECKPOINT).read_bytes() == before
        assert office.verified(quorum=2) == 3
        # Two must cosign, so one alone changes nothing: what is out is what a stranger can verify.
        async with xb.sitting():
            assert await office.publication.publish() == Published(5, 3, (xb.name, xb2.name))
        async with xb.sitting(), xb2.sitting():
            assert await office.publication.publish() == Published(5, 5, (xb.name, xb2.name))
        assert office.verified() == 5

    play(story())


def test_the_same_tree_keeps_its_cosignatures(office: Office) -> None:
    xb, xb2 = office.courts

    async def story() -> None:
        async with xb.sitting(), xb2.sitting():
            await office.publication.publish()
        async with xb.sitting():
            assert await office.publication.publish() == Published(3, 3, (xb.name, xb2.name))
        assert await office.publication.publish() == Published(3, 3, (xb.name, xb2.name))
        assert office.verified(quorum=2) == 3

    play(story())


def test_without_anything_cosigned_before_the_bare_checkpoint_is_published(office: Office) -> None:
    async def story() -> None:
        assert await office.publication.publish() == Published(3, 3, ())
        office.append(1)
        assert await office.publication.publish() == Published(4, 4, ())
        assert office.verified(quorum=1) is None
        async with office.courts[1].sitting():
            assert await office.publication.publish() == Published(4, 4, (office.courts[1].name,))
        assert office.verified(quorum=1) == 4

    play(story())


@pytest.mark.parametrize("how", ["cosignature", "log", "garbage"])
def test_a_damaged_checkpoint_does_not_stay(office: Office, how: str) -> None:
    async def story() -> None:
        async with office.courts[0].sitting():
            await office.publication.publish()
        path = office.published / CHECKPOINT
        good = note.parse(path.read_bytes())
        bad = tuple(
            msgspec.structs.replace(each, blob=each.blob[:-1] + bytes([each.blob[-1] ^ 1]))
            if (each.name == ORIGIN) == (how == "log")
            else each
            for each in good.signatures
        )
        path.write_bytes(b"garbage" if how == "garbage" else note.Note(good.text, bad).render())
        office.append(1)
        assert await office.publication.publish() == Published(4, 4, ())

    play(story())


def test_a_witness_set_aside_vouches_for_nothing(office: Office) -> None:
    xb = office.courts[0]

    async def story() -> None:
        async with xb.sitting():
            assert await office.publication.publish() == Published(3, 3, (xb.name,))
        office.append(1)
        assert await office.new_publication(xb.name).publish() == Published(4, 4, ())

    play(story())


def test_of_four_members_any_one_may_be_out(tmp_path: Path) -> None:
    office = Office(tmp_path, (XB, XB2, "xc-asc"))
    xb, xb2, xc = office.courts

    async def story() -> None:
        out = [xb, xb2, xc]
        for gone in out:
            office.append(1)
            size = office.size()
            async with contextlib.AsyncExitStack() as sitting:
                for court in out:
                    if court is not gone:
                        await sitting.enter_async_context(court.sitting())
                done = await office.publication.publish()
            assert (done.published, len(done.cosigned_by)) == (size, 2)
            assert office.verified() == size
            assert office.verified(quorum=3) is None

    play(story())


def test_an_old_backup_is_refused_although_every_witness_is_out(office: Office) -> None:
    async def story() -> None:
        async with office.courts[0].sitting():
            await office.publication.publish()
        office.engine = ledger_engine(office.folder / "older.db")
        office.append(2)
        with pytest.raises(Refused, match="3 entries"):
            await office.publication.publish(starting=True)

    play(story())


def test_witnesses_say_how_much_more_they_saw_and_nothing_is_published(office: Office) -> None:
    xb, xb2 = office.courts

    async def story() -> None:
        async with xb.sitting(), xb2.sitting():
            await office.publication.publish()
            before = (office.published / CHECKPOINT).read_bytes()
            assert await office.publication.seen_more() == {}
            office.engine = ledger_engine(office.folder / "older.db")
            office.append(2)
            said = await office.publication.seen_more()
        assert set(said) == {XB, XB2}
        assert all("seen 3 entries" in each and "now has 2" in each for each in said.values())
        # Nobody answers, nobody is believed to have seen more.
        assert await office.publication.seen_more() == {}
        assert (office.published / CHECKPOINT).read_bytes() == before

    play(story())
