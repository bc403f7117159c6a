"""What officers' accounts and sessions share: the clock of people, one-time tokens, and the record of what was done."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from lintas.access import keys, store
from lintas.access.records import POWERS, Happening, Officer, What
from lintas.ledger.records import Entry, commit, encode
from lintas.ledger.service import Ledger
from lintas.model import times
from lintas.model.errors import NotFound
from lintas.model.ids import IdSource
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.trust.vault import VaultKey


class Desk(NamedTuple):
    """One authority's means. ``clock`` is the machine's, also in an exercise: telephones and people go by it.

    ``ledger_clock`` is the node's, by which its ledger goes. ``connected`` are the codes of the
    organisations connected here, by the role of their people (see ``OUTSIDE``).
    """

    me: str
    exercise: bool
    connected: Mapping[str, frozenset[str]]
    vault: VaultKey
    ledger: Ledger
    clock: Clock
    ledger_clock: Clock
    ids: IdSource

    def now(self) -> datetime:
        """Return the time to the second, so that times compare as texts."""
        return self.clock.now().replace(microsecond=0)

    def at(self) -> str:
        """Return the time as it is stored."""
        return times.render(self.now())

    def token(self) -> str:
        """Draw 256 bits, as 43 characters of an address."""
        return keys.secret_text(self.ids.salt())

    def officer(self, tx: Transaction, login: str) -> Officer:
        """Return an officer; NotFound."""
        found = store.officer(tx, login)
        if found is None:
            raise NotFound(f"no officer has the login {login[:40]!r}", "take it from the list of officers")
        return found

    def note(self, tx: Transaction, login: str, what: What, by: str, role: str, about: str = "") -> None:
        """Keep what was done to somebody's access; what makes or renews powers is entered in the ledger too."""
        done = Happening(id=self.ids.new("access"), login=login, what=what, by=by, at=self.at(), about=about)
        entered = what == "renewed" or (role in POWERS and what in ("added", "confirmed", "disabled", "key"))
        salt = self.ids.salt() if entered else None
        store.note(tx, done, salt)
        if salt is not None:
            # The public ledger names neither the officer nor who did it.
            entry = Entry(
                type="access",
                at=times.render(self.ledger_clock.now()),
                node=self.me,
                object=done.id,
                commitment=commit(salt, msgspec.json.encode(done)),
            )
            self.ledger.append(tx, [encode(entry)])
