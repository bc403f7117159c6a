"""How this node's ledger stands: what is published and by whom cosigned, what left without a receipt, days that differ."""

from datetime import datetime, timedelta

import msgspec

from lintas.border.records import Unwelcome, Waiting
from lintas.exchange.days import DifferingDay
from lintas.ledger.membership import default_quorum, member_policy
from lintas.ledger.publish import CHECKPOINT
from lintas.ledger.tlog_policy import NONE, TlogPolicy, judge
from lintas.ledger.watch import Findings
from lintas.model import times
from lintas.model.errors import BadInput, CheckFailed
from lintas.node.runtime import Runtime
from lintas.storage.engine import Transaction


class Unmatched(msgspec.Struct, frozen=True):
    """One object that left and has no receipt: how long it waits, and whether that is longer than healing should take."""

    object: str
    peer: str
    lane: str
    since: str
    waits_seconds: int
    overdue: bool


class Reconciliation(msgspec.Struct, frozen=True):
    """Releases with and without their receipt, those that a receipt refuses, and the days that a peer counts otherwise.

    ``sent`` = ``matched`` + ``waiting``; ``unmatched`` lists the oldest that wait, ``refused`` the newest, 1,000 each.
    """

    sent: int
    matched: int
    waiting: int
    unmatched: list[Unmatched]
    refused: list[Unwelcome]
    days: list[DifferingDay]


class Cosigned(msgspec.Struct, frozen=True):
    """One witness that cosigned what is published, and when it did."""

    witness: str
    at: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Our ledger: entries here, entries under the published checkpoint, and who cosigned that one.

    ``needed`` is how many witnesses a verifier's policy asks for; ``wrong`` says what keeps the checkpoint from being believed.
    """

    origin: str
    size: int
    published: int
    cosigned_by: list[Cosigned]
    needed: int
    wrong: str


class LedgerView(msgspec.Struct, frozen=True):
    """All that an auditor asks of the ledger, on one page."""

    standing: Standing
    reconciliation: Reconciliation
    findings: Findings


async def ledger_view(runtime: Runtime) -> LedgerView:
    """Read how the ledger stands, what has no receipt, and what the members' ledgers show."""
    size = await runtime.read(runtime.node.ledger.size)
    return LedgerView(
        await runtime.apart(_standing, runtime, size),
        await reconciliation(runtime),
        await runtime.read(runtime.node.watch.findings),
    )


def trust_policy(runtime: Runtime) -> TlogPolicy:
    """Return the C2SP tlog-policy of this node's ledger: its key, and every other member's witness, of which two must sign."""
    node = runtime.node
    return member_policy(node.ledger.key, node.parts.directory.peers(node.parts.identity.authority))


def published_checkpoint(runtime: Runtime) -> bytes | None:
    """Return the signed checkpoint that is out now, None before the first one."""
    home = runtime.home
    try:
        return (home.path(home.config.ledger) / CHECKPOINT).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _standing(runtime: Runtime, size: int) -> Standing:
    signed, policy = published_checkpoint(runtime), trust_policy(runtime)
    published, cosigned, wrong = 0, list[Cosigned](), ""
    try:
        if signed is not None:
            judged = judge(msgspec.structs.replace(policy, quorum=NONE), signed)
            published = judged.checkpoint.size
            cosigned = [Cosigned(name, times.render(at)) for name, at in judged.cosigned_by]
    except (CheckFailed, BadInput) as bad:
        wrong = str(bad)
    return Standing(
        origin=runtime.node.ledger.origin,
        size=size,
        published=published,
        cosigned_by=cosigned,
        needed=default_quorum(len(policy.witnesses)),
        wrong=wrong,
    )


async def reconciliation(runtime: Runtime) -> Reconciliation:
    """Compare what left with the receipts that came back, and finished days with the peers' digests of them."""
    node, healing = runtime.node, timedelta(hours=runtime.home.config.healing_hours)

    def ask(tx: Transaction) -> Reconciliation:
        now = node.parts.clock.now()
        matched, waiting = node.border.matched(tx), node.border.count_unmatched(tx)
        return Reconciliation(
            sent=matched + waiting,
            matched=matched,
            waiting=waiting,
            unmatched=[_unmatched(each, now, healing) for each in node.border.unmatched(tx)],
            refused=node.border.unwelcome(tx),
            days=node.days.differing(tx),
        )

    return await runtime.read(ask)


def _unmatched(each: Waiting, now: datetime, healing: timedelta) -> Unmatched:
    # What left before its time was noted has waited longer than anything else.
    waits = now - times.parse(each.since) if each.since else healing + timedelta(seconds=1)
    seconds = max(0, int(waits.total_seconds()))
    return Unmatched(each.object, each.peer, each.lane, each.since, seconds, waits > healing)
