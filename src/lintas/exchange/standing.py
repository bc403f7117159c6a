"""How far this authority trusts each peer: one person severs or quarantines at once, two restore."""

import msgspec

from lintas.border.records import Standing
from lintas.border.standing import check_not_severed
from lintas.exchange import store
from lintas.exchange.directory import Directory
from lintas.exchange.records import StandingChange
from lintas.ledger.records import Entry, commit, encode
from lintas.ledger.service import Ledger
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotAllowed, NotFound
from lintas.model.ids import IdSource
from lintas.model.people import same_person
from lintas.model.times import Clock
from lintas.storage.engine import Transaction


class Standings:
    """The standing of every member at one authority; whoever nobody decided about is trusted."""

    def __init__(self, *, me: str, directory: Directory, ledger: Ledger, clock: Clock, ids: IdSource) -> None:
        self._me, self._directory, self._ledger = me, directory, ledger
        self._clock, self._ids = clock, ids

    def of(self, tx: Transaction, peer: str) -> Standing:
        """Return a peer's standing, as of this transaction."""
        return store.standing(tx, peer) or "trusted"

    def check_not_severed(self, tx: Transaction, peer: str) -> None:
        """Refuse a severed peer."""
        check_not_severed(self.of(tx, peer), peer)

    def changes(self, tx: Transaction, peer: str) -> list[StandingChange]:
        """Return every decision about a peer, newest first."""
        return store.standing_changes(tx, peer)

    def check_peer(self, peer: str) -> None:
        """Refuse what is no other member: NotFound for a stranger, BadInput for this authority itself."""
        if peer == self._me:
            raise BadInput(f"{peer} is this authority itself", "name another member", where="authority")
        if all(member.authority != peer for member in self._directory.charter.members):
            raise NotFound(f"no member is called {peer!r}", "take the id from the list of peers")

    def sever(self, tx: Transaction, peer: str, officer: str, reason: str) -> StandingChange:
        """Take nothing of a peer and send it nothing, from this commit on; Conflict when it is severed already."""
        return self._lower(tx, peer, "severed", officer, reason)

    def quarantine(self, tx: Transaction, peer: str, officer: str, reason: str) -> StandingChange:
        """Set aside what a peer sends, from this commit on; Conflict when it is set aside already, or severed."""
        return self._lower(tx, peer, "quarantined", officer, reason)

    def _lower(self, tx: Transaction, peer: str, to: Standing, officer: str, reason: str) -> StandingChange:
        self.check_peer(peer)
        now = self.of(tx, peer)
        if now in (to, "severed"):
            raise Conflict(f"{peer} is {now} here already", "read the list of peers again; two people restore it")
        change = self._new(peer, to, officer, reason)
        store.keep_change(tx, change)
        self._log(tx, change)
        return change

    def restore(self, tx: Transaction, peer: str, officer: str, reason: str) -> StandingChange:
        """Ask that a peer be trusted again; when somebody else has asked since the last decision, it is from this commit on.

        Conflict when it is trusted, NotAllowed for the one who asked.
        """
        self.check_peer(peer)
        if self.of(tx, peer) == "trusted":
            raise Conflict(f"{peer} is trusted here", "there is nothing to restore")
        newest = store.standing_changes(tx, peer)[0]
        if newest.counts:
            asked = self._new(peer, "trusted", officer, reason)
            store.keep_change(tx, asked)
            return asked
        if same_person(newest.asked_by, officer):
            raise NotAllowed("you asked for this yourself", "another person confirms it")
        at = times.render(self._clock.now())
        done = msgspec.structs.replace(newest, confirmed_by=officer, confirmed_at=at, confirmed_reason=reason)
        store.confirm_change(tx, done)
        self._log(tx, done)
        return done

    def _new(self, peer: str, standing: Standing, officer: str, reason: str) -> StandingChange:
        at = times.render(self._clock.now())
        named = {"reason": reason, "asked_by": officer, "asked_at": at}
        return StandingChange(id=self._ids.new("standing"), peer=peer, standing=standing, **named)

    def _log(self, tx: Transaction, change: StandingChange) -> None:
        """Commit to a decision that counts now; the public ledger names neither the peer nor the people."""
        salt = self._ids.salt()
        store.keep_standing_salt(tx, change.id, salt)
        entry = Entry(
            type="standing",
            at=times.render(self._clock.now()),
            node=self._me,
            object=change.id,
            commitment=commit(salt, msgspec.json.encode(change)),
        )
        self._ledger.append(tx, [encode(entry)])
