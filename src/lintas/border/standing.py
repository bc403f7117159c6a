"""How far a peer is trusted, and that nothing passes to or from one that is severed."""

from collections.abc import Callable

from lintas.border.records import Standing
from lintas.model.errors import Refused
from lintas.storage.engine import Transaction

#: How far a peer is trusted, as of this transaction.
StandingOf = Callable[[Transaction, str], Standing]


def check_not_severed(standing: Standing, peer: str) -> None:
    """Refuse what has to do with a severed peer."""
    if standing == "severed":
        raise Refused("severed", f"{peer} is severed here: nothing of it is taken", "call the authority")
