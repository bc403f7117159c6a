"""The trust policy of one member's ledger: its own log key, and the witnesses of the other members."""

from collections.abc import Sequence

from lintas.ledger.tlog_policy import Group, LogLine, TlogPolicy, WitnessLine
from lintas.model.errors import BadInput
from lintas.trust.charter import Member
from lintas.trust.note import VerifierKey, parse_vkey

GROUP = "members"
#: So many of the others must have cosigned, where there are as many: with one, that one and the log could deceive together;
#: with all, any one of them could hold up everybody's verification by staying away.
QUORUM = 2


def default_quorum(others: int) -> int:
    """Return how many of ``others`` witnesses must have cosigned where nobody asks for more."""
    return min(QUORUM, others)


def member_policy(log: VerifierKey, others: Sequence[Member], quorum: int | None = None) -> TlogPolicy:
    """Return the C2SP tlog-policy that trusts this log when ``quorum`` of the others' witnesses cosigned; None: two of them.

    With one other that one must; without others the log stands alone (``quorum none``). BadInput when the quorum is none of
    1 to the number of others.
    """
    if not others and quorum is None:
        return TlogPolicy((LogLine(log),))
    needed = default_quorum(len(others)) if quorum is None else quorum
    if not 1 <= needed <= len(others):
        what = f"a quorum of {needed}, but the others have {len(others)} witnesses"
        raise BadInput(what, "give a number from 1 to that", where="quorum")
    witnesses = tuple(WitnessLine(each.witness.name, parse_vkey(each.witness.vkey)) for each in others)
    group = Group(GROUP, needed, tuple(line.name for line in witnesses))
    return TlogPolicy((LogLine(log),), witnesses, (group,), group.name)
