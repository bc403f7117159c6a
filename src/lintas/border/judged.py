"""One object of an envelope as it was judged: its verdict, and the row by which it is kept."""

from typing import Literal, NamedTuple

from lintas.model.messages import Statement
from lintas.policy.records import Decision
from lintas.trust.envelope import Item, Opened
from lintas.trust.receipt import Verdict


class Judged(NamedTuple):
    """One object of an envelope with its verdict."""

    item: Item
    verdict: Verdict
    statement: Statement | None
    decision: Decision | None


def say(
    item: Item, mark: str, verdict: Literal["accepted", "duplicate", "refused", "quarantined"], reason: str = ""
) -> Verdict:
    """Return the verdict on an item, with its commitment."""
    return Verdict(object=item.id, commitment=mark, verdict=verdict, reason=reason[:500])


def set_aside(judged: Judged, full: bool) -> Judged:
    """Set aside what would have been accepted; refuse it where too much waits already."""
    item, verdict, statement, decision = judged
    if full:
        return Judged(item, say(item, verdict.commitment, "refused", "too much waits to be looked at"), None, None)
    said = say(item, verdict.commitment, "quarantined", "set aside until people there have looked at it")
    return Judged(item, said, statement, decision)


def row_of(
    opened: Opened, item: Item, verdict: Verdict, statement: Statement, expires: str | None
) -> dict[str, object]:
    """Return the row by which a judged object is kept; a refused one without what it says."""
    kept = verdict.verdict != "refused"
    return {
        "origin": opened.header.origin,
        "object": item.id,
        "type": statement.type,
        "commitment": verdict.commitment,
        "verdict": verdict.verdict,
        "reason": verdict.reason[:400],
        "statement": item.statement if kept else None,
        "salt": item.salt if kept else None,
        "expires": expires,
        "signed_by": ",".join(opened.signed_by) if kept else None,
    }
