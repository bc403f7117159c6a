"""Small ledgers with known keys, for the tests of this room and of the outside verifier."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from lintas.ledger import store
from lintas.ledger.publish import merge_cosignatures, publish, witness_request
from lintas.ledger.service import Ledger
from lintas.ledger.tlog_policy import Group, LogLine, TlogPolicy, WitnessLine, render_policy
from lintas.ledger.witness import Witness
from lintas.storage.engine import open_engine, writing
from lintas.storage.schema import metadata
from lintas.trust.keys import Ed25519Signer

ORIGIN = "xa.example/ledger"
NAMES = ("xb.example/witness", "court.example/witness")


class StoppedClock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def forward(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)


def signer(name: str) -> Ed25519Signer:
    return Ed25519Signer.from_seed(name, name.encode().ljust(32, b"."))


def new_ledger(origin: str = ORIGIN) -> Ledger:
    return Ledger(origin, signer(origin))


def ledger_engine(path: Path) -> Engine:
    engine = open_engine(path)
    metadata.create_all(engine, tables=[store.state, store.entry, store.tile])
    return engine


def new_witness(engine: Engine, name: str, clock: StoppedClock, ledger: Ledger) -> Witness:
    witness = Witness(engine, name, signer(name), {ledger.origin: [ledger.key]}, clock)
    witness.prepare()
    return witness


class Small:
    """A ledger in a folder, its two witnesses, where it is published, and the policy that trusts all of them."""

    def __init__(self, folder: Path) -> None:
        self.ledger, self.clock = new_ledger(), StoppedClock()
        self.engine = ledger_engine(folder / "node.db")
        apart = open_engine(folder / "witness.db")
        self.witnesses = [new_witness(apart, name, self.clock, self.ledger) for name in NAMES]
        self.directory = folder / "published"
        self.directory.mkdir(exist_ok=True)
        self.policy = TlogPolicy(
            (LogLine(self.ledger.key),),
            tuple(WitnessLine(f"w{n}", each.key) for n, each in enumerate(self.witnesses)),
            (Group("both", 2, ("w0", "w1")),),
            "both",
        )
        self.policy_file = folder / "policy"
        self.policy_file.write_text(render_policy(self.policy))
        self.seen = 0

    def append(self, count: int) -> range:
        with writing(self.engine) as tx, tx.begin():
            start = self.ledger.size(tx)
            return self.ledger.append(tx, [f"entry {start + n}".encode() for n in range(count)])

    def cosigned(self) -> bytes:
        """Return the present checkpoint with both cosignatures."""
        with self.engine.connect() as tx:
            bare = signed = self.ledger.checkpoint(tx).render()
            size = self.ledger.size(tx)
            for witness in self.witnesses:
                answer = witness.add_checkpoint(witness_request(self.ledger, tx, bare, self.seen))
                assert answer.status == 200, answer
                signed = merge_cosignatures(signed, answer.body, [witness.key])
        self.seen = size
        return signed

    def publish(self) -> tuple[str, ...]:
        signed = self.cosigned()
        with self.engine.connect() as tx:
            return publish(tx, self.ledger, self.directory, signed).written
