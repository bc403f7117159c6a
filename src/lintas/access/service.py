"""The access of one authority's people and machines: officers' accounts, sessions, keys, and who a token belongs to."""

from collections.abc import Mapping

from lintas.access import key_store, keys, store
from lintas.access.desk import Desk
from lintas.access.officers import Officers
from lintas.access.sessions import Known, Sessions
from lintas.ledger.service import Ledger
from lintas.model import times
from lintas.model.ids import IdSource
from lintas.model.times import Clock, SystemClock
from lintas.storage.engine import Transaction
from lintas.trust.vault import VaultKey


class Access:
    """``officers`` are the accounts and keys, ``sessions`` who is signed in."""

    def __init__(
        self,
        *,
        me: str,
        exercise: bool,
        connected: Mapping[str, frozenset[str]],
        vault: VaultKey,
        ledger: Ledger,
        ledger_clock: Clock,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        desk = Desk(me, exercise, connected, vault, ledger, clock, ledger_clock, IdSource(clock))
        self.officers, self.sessions = Officers(desk), Sessions(desk)
        self.pepper = vault.pepper

    def known(self, tx: Transaction, token: str) -> Known | None:
        """Return the holder of a key (``lk_``) or a session (``ls_``); None for anything else."""
        if token.startswith("ls_"):
            return self.sessions.known(tx, token)
        caller = keys.who(tx, token)
        return None if caller is None else Known(caller)

    def may_approve(self, tx: Transaction, name: str) -> bool:
        """Tell whether the person of this name may approve now: as an officer who is let in, or by a valid key."""
        return self.officers.may_approve(tx, name) or keys.may_approve(tx, name)


def carry_revoked(old: Transaction, new: Transaction) -> int:
    """Revoke in a backup that is restored the keys that were revoked since; returns how many."""
    return key_store.carry_revoked(old, new)


def carry_officers(old: Transaction, new: Transaction) -> int:
    """Bring over what is known later of officers; returns of how many. A database of a form without officers knows nothing."""
    return store.carry(old, new) if store.known(old) else 0


def end_all(tx: Transaction) -> None:
    """End every session and close every address in a backup that is restored: nobody knows which of them ended since."""
    store.end_all(tx, times.render(SystemClock().now().replace(microsecond=0)), "a restore")
