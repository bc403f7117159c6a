"""What must always hold on one machine (DESIGN section 9), judged from its tables and from what the observer knows."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
from tests.simulation import audit_holds, law
from tests.simulation.books import Books
from tests.simulation.chronicle import Chronicle, Promise

from lintas.model import messages
from lintas.model.messages import HoldAnswer, HoldRequest
from lintas.trust.envelope import commitment, peek
from lintas.trust.merkle import CompactRange


def examine(books: Books, chronicle: Chronicle) -> Iterator[str]:
    """Yield what is wrong on one machine, at any time of its life."""
    for check in (_promises, _ledger, _releases, _admissions, _sendings, *audit_holds.CHECKS):
        for wrong in check(books, chronicle):
            yield f"{books.name}: {wrong}"


def _promises(books: Books, chronicle: Chronicle) -> Iterator[str]:
    """DESIGN 9.1: nothing that was acknowledged is lost."""
    answered = {order.id for order in books.orders.values() if order.answered_at is not None}
    declined = {hold.id for hold in books.holds.values() if hold.outcome == "refused"}
    located = {row.id for row in books.questions.values() if row.answer is not None}
    stored = {Promise("report", (row.id, row.case)) for row in books.reports.values()}
    stored |= {Promise("release", key) for key in books.released}
    stored |= {Promise("envelope", (row.origin, row.header)) for row in books.envelopes}
    stored |= {Promise("receipt", (row.header,)) for row in books.sealed if row.receipt is not None}
    stored |= {Promise("charter", (str(version),)) for version in books.charters}
    stored |= {Promise("hold", (each,)) for each in books.holds} | {Promise("order", (each,)) for each in books.orders}
    stored |= {Promise("answered", (each,)) for each in answered} | {Promise("declined", (each,)) for each in declined}
    stored |= {Promise("located", (each,)) for each in located}
    changes = (*books.withdrawals, *books.amendments, *books.appeals)
    stored |= {Promise("change", (each,)) for each in changes}
    stored |= {Promise("decided", (each,)) for each, change in books.amendments.items() if change.approver}
    stored |= {Promise("decided", (each,)) for each, appeal in books.appeals.items() if appeal.state != "open"}
    stored |= {Promise("done", (each,)) for each, change in books.amendments.items() if change.state == "done"}
    for promise in sorted(chronicle.promises[books.name] - stored):
        yield f"acknowledged, and lost: {promise.kind} {' '.join(promise.key)}"


def _ledger(books: Books, chronicle: Chronicle) -> Iterator[str]:
    """DESIGN 9.1: the tree is that of the entries, and extends every tree that a commit left."""
    trees, tree = chronicle.trees[books.name], CompactRange()
    for size in sorted({*trees, books.size}):
        tree = tree.extend(books.leaves[tree.size : size])
        if tree.size != size:
            yield f"the ledger had {size} entries and has {tree.size}"
            return
        if tree.root() != trees.get(size, tree.root()):
            yield f"the ledger's first {size} entries are others than they were"
    if (books.size, books.root) != (len(books.entries), tree.root()):
        yield f"the ledger's state ({books.size}) is not that of its {len(books.entries)} entries"


def _releases(books: Books, chronicle: Chronicle) -> Iterator[str]:
    """DESIGN 9.3: each release has one entry and was permitted; what is not answered is still to be sent."""
    logged = Counter((entry.object, entry.peer, entry.commitment) for entry in books.entries if entry.type == "release")
    kept = Counter((row.object, row.peer, row.commitment) for row in books.released.values())
    if logged != kept:
        yield f"releases and their ledger entries differ: {sorted((logged - kept) + (kept - logged))[:3]}"
    rules = {
        (entry.object, entry.peer): (entry.rules, entry.policy) for entry in books.entries if entry.type == "release"
    }
    table = law.table(books.name)
    for row in books.released.values():
        said = messages.read_frame(row.statement)
        if not law.may_release(books.name, row.peer, said.type, said.purpose, said.marking.plane):
            yield f"{row.object} ({said.type} for {said.purpose}) left for {row.peer} without a permit"
        named, policy = rules.get((row.object, row.peer), ((), ""))
        if not named or policy != table.sha256:
            yield f"{row.object} left by no rule of the table"
        if commitment(row.salt, row.statement).hex() != row.commitment:
            yield f"{row.object} does not open its commitment"
        if said.id != row.object or said.origin != books.name or said.marking.obligations.expires is None:
            yield f"{row.object} is misframed, or never expires"
    queued = Counter((row.object, row.peer) for row in books.outbox)
    for key, row in books.released.items():
        if queued[key] != (row.verdict is None):
            yield f"{row.object} to {row.peer} (verdict {row.verdict}) stands {queued[key]} times in the outbox"


def _sendings(books: Books, _: Chronicle) -> Iterator[str]:
    """What was sealed is in gap-free order, and an outbox row names an envelope that is there."""
    wires = {row.envelope: row for row in books.sealed}
    for row in books.outbox:
        if row.envelope is not None and row.envelope not in wires:
            yield f"{row.object} is in an envelope that is not there"
    places: defaultdict[tuple[str, str, int], list[tuple[int, str, str]]] = defaultdict(list)
    for row in books.sealed:
        header = peek(row.wire)
        if (header.epoch, header.seq, header.recipient) != (row.epoch, row.seq, row.peer):
            yield f"{row.envelope} is filed under another place than it names"
        places[row.peer, row.lane, row.epoch].append((row.seq, header.prev, row.header))
    yield from _chains(places)


def _admissions(books: Books, _: Chronicle) -> Iterator[str]:
    """Each object is admitted once, with one entry; channels have no gap; what was accepted opens its commitment."""
    logged = Counter((entry.peer, entry.object, entry.commitment) for entry in books.entries if entry.type == "receipt")
    kept = Counter(
        (row.origin, row.object, row.commitment) for row in books.objects.values() if row.verdict == "accepted"
    )
    if logged != kept:
        yield f"admissions and their ledger entries differ: {sorted((logged - kept) + (kept - logged))[:3]}"
    for row in books.objects.values():
        if row.statement is not None and commitment(row.salt, row.statement).hex() != row.commitment:
            yield f"{row.object} of {row.origin} does not open its commitment"
    places: defaultdict[tuple[str, str, int], list[int]] = defaultdict(list)
    for row in books.envelopes:
        places[row.origin, row.lane, row.epoch].append(row.seq)
    for channel, seqs in places.items():
        if sorted(seqs) != list(range(1, len(seqs) + 1)):
            yield f"channel {channel} has admitted {sorted(seqs)}"


def _chains(places: dict[tuple[str, str, int], list[tuple[int, str, str]]]) -> Iterator[str]:
    for channel, envelopes in places.items():
        before = ""
        for number, (seq, prev, header) in enumerate(sorted(envelopes), 1):
            if seq != number or prev != before:
                yield f"channel {channel} breaks at {seq}"
                return
            before = header


def _body(row: Any) -> msgspec.Struct | None:  # noqa: ANN401 — a row of either table of statements
    return None if row.statement is None else messages.read_body(messages.read_frame(row.statement))


def settled(books: Books) -> Iterator[str]:
    """Yield what is not finished on a machine once everything is quiet: an event that had no effect, a lost message."""
    if books.unheard:
        yield f"{books.name}: events that nobody handled"
    for row in books.released.values():
        if row.verdict is None and row.peer != law.LIAR.authority:
            yield f"{books.name}: {row.object} to {row.peer} has no receipt"
    for row in books.questions.values():
        if row.answer is None:
            yield f"{books.name}: question {row.id} is open"
    for row in books.reports.values():
        if row.case not in books.claims or row.case not in books.questions:
            yield f"{books.name}: the report {row.id} led to nothing"
    answered = {(row.peer, body.hold) for row in books.released.values() if isinstance(body := _body(row), HoldAnswer)}
    for row in books.objects.values():
        if row.verdict == "accepted" and row.type == "hold_request":
            request = _body(row)
            known = isinstance(request, HoldRequest) and request.hold in books.holds
            # What cannot be is refused in an answer, and kept nowhere else.
            if isinstance(request, HoldRequest) and not known and (row.origin, request.hold) not in answered:
                yield f"{books.name}: the request {request.hold} led to nothing"
    yield from audit_holds.settled(books)
