"""Publishes to gateways what is in force: a signed delta for each change, each behind the one before, and base files.

Two lists: ``calls`` is acted upon, ``watch`` holds what is only watched (a gateway counts what it would have blocked). Numbers
and ranges go into them; what names people meet in messages is read from the book. Each version has its entry in the ledger.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

import msgspec

from lintas.bus.service import Bus
from lintas.ledger.records import Entry as LedgerEntry
from lintas.ledger.records import encode
from lintas.ledger.service import Ledger
from lintas.model import times
from lintas.model.errors import BadInput, LintasError, Refused
from lintas.model.ids import IdSource
from lintas.model.times import Clock
from lintas.storage.engine import Transaction
from lintas.telco.book import abroad_store, gates_store
from lintas.telco.book.records import Enforced, EntryPath, Kept, ListsChanged
from lintas.telco.lists import e164
from lintas.telco.lists.entries import Change
from lintas.telco.lists.signed import genesis, read_delta, write_delta
from lintas.trust.envelope import commitment
from lintas.trust.keys import Signer

log = logging.getLogger("lintas.telco")

LISTS = ("calls", "watch")
SUBJECTS = ("number", "range")
#: Changes in one delta; a longer change is several deltas.
AT_ONCE = 10_000
#: So many deltas stay at least; who is further behind begins with a base file.
KEPT_DELTAS = 5_000
#: Deltas in one answer, so that it stays small enough to be read at once.
MOST_DELTAS = 50
#: A gateway that was not heard of for so long follows no more, and nobody waits for it.
FOLLOWS_FOR = timedelta(minutes=10)
#: Gateways of one operator for each list; one that follows no more makes room for a new name.
MOST_GATEWAYS = 50
#: Told whenever a gateway says which version it enforces, once every gateway that follows has at least that.
OnEnforced = Callable[[Transaction, int], None]


class Publishing:
    """The lists of one authority, as its gateways follow them; ``name_of`` gives a list's full name."""

    def __init__(
        self,
        *,
        me: str,
        signer: Callable[[], Signer],
        ledger: Ledger,
        bus: Bus,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._me, self.signer, self._ledger, self._bus = me, signer, ledger, bus
        self._clock, self._ids = clock, ids
        self.on_enforced: OnEnforced | None = None

    def name_of(self, which: str) -> str:
        """Return a list's full name, which deltas and base files carry; BadInput for one that there is not."""
        if which not in LISTS:
            raise BadInput(f"there is no list {which[:20]!r}", f"use one of {', '.join(LISTS)}", where="list")
        return f"{self._me}/{which}"

    # ---- cutting

    def heard(self, tx: Transaction, event: ListsChanged) -> None:
        """Publish what changed; hearer of ``ListsChanged``."""
        gates_store.skip(tx, SUBJECTS)
        waiting = gates_store.unpublished(tx, SUBJECTS, AT_ONCE)
        cuts = defaultdict[str, list[Change]](list)
        marks: list[tuple[str, str, dict[str, object]]] = []
        for kept, was_in, was_as in waiting:
            goes_in = {"listed": "calls", "shadow": "watch"}.get(kept.state, "")
            change = _sayable(kept) if goes_in else None
            if change is None:
                goes_in = ""
            if was_in and (was_in, was_as) != (goes_in, kept.owner):
                cuts[was_in].append(Change(value=kept.value, kind=kept.kind, owner=was_as, withdraw=True))
            if change is not None:
                cuts[goes_in].append(change)
            mark: dict[str, object] = {"published_in": goes_in, "published_as": kept.owner if goes_in else ""}
            marks.append((kept.id, goes_in or was_in, mark))
        versions = {which: self._cut(tx, which, changes) for which, changes in cuts.items()}
        gates_store.mark(tx, ((name, mark | {"version": versions.get(which, 0)}) for name, which, mark in marks))
        if len(waiting) == AT_ONCE:
            self._bus.emit(tx, event)
        else:
            # Whatever peers had told until now is in this version, or changed nothing in it.
            abroad_store.published(tx, gates_store.head(tx, "calls")[0])

    def _cut(self, tx: Transaction, which: str, changes: Sequence[Change]) -> int:
        name, now = self.name_of(which), self._clock.now()
        version, follows = gates_store.head(tx, which)
        signer = self.signer()
        data = write_delta(
            changes,
            name=name,
            number=version + 1,
            follows=follows or genesis(name),
            at=int(now.timestamp()),
            signer=signer,
            signed_by=signer.name,
        )
        made, salt, at = read_delta(data, None), self._ids.salt(), times.render(now)
        said = {"at": at, "id": made.id, "changes": len(changes), "data": data, "salt": salt}
        gates_store.add_delta(tx, which, made.number, said)
        sealed = commitment(salt, data).hex()
        entry = LedgerEntry(type="list", at=at, node=self._me, object=f"{which}-{made.number}", commitment=sealed)
        self._ledger.append(tx, [encode(entry)])
        if made.number % KEPT_DELTAS == 0:
            gates_store.trim(tx, which, made.number - KEPT_DELTAS)
        return made.number

    # ---- for gateways

    def head(self, tx: Transaction, which: str) -> tuple[int, str]:
        """Return the newest version of a list and its id."""
        name = self.name_of(which)
        version, made = gates_store.head(tx, which)
        return version, made or genesis(name)

    def after(self, tx: Transaction, which: str, version: int) -> list[bytes]:
        """Return the deltas that follow a version, in order; none when there are none, or when they are kept no more."""
        self.name_of(which)
        if version + 1 < gates_store.oldest(tx, which):
            return []
        return gates_store.after(tx, which, version, MOST_DELTAS)

    def entries(self, tx: Transaction, which: str, after: str, limit: int) -> list[tuple[str, Change]]:
        """Return what is out in a list by id, after the id ``after``, for a base file."""
        return [(kept.id, _change(kept, owner)) for kept, owner in gates_store.out(tx, which, after, limit)]

    def oldest(self, tx: Transaction, which: str) -> int:
        """Return the number of the oldest delta that is kept."""
        return gates_store.oldest(tx, which)

    def seconds(self) -> int:
        """Return the time, in seconds since 1970."""
        return int(self._clock.now().timestamp())

    def enforced(self, tx: Transaction, which: str, organisation: str, said: Enforced) -> None:
        """Take a gateway's word that it has a version in force; BadInput for a version that there is not.

        Nothing is in force before it was published, nor later than now: another time is moved there. Refused for more
        gateways of one operator than are kept.
        """
        now = self._clock.now()
        if not 0 <= said.version <= self.head(tx, which)[0]:
            raise BadInput(f"there is no version {said.version} of this list", "name one that was published")
        published = gates_store.published_at(tx, which, said.version)
        at = min(max(times.parse(said.at), times.parse(published)), now) if published else now
        gateway = Enforced(f"{organisation}/{said.gateway}"[:90], said.version, times.render(at))
        since = times.render(now - FOLLOWS_FOR)
        if not gates_store.make_room(tx, which, gateway.gateway, organisation, MOST_GATEWAYS, since):
            what = f"{organisation} has {MOST_GATEWAYS} gateways that follow this list"
            raise Refused("too_many_gateways", what, "let each gateway keep its name")
        gates_store.enforce(tx, which, gateway, organisation, times.render(now))
        if which == "calls" and self.on_enforced is not None:
            self.on_enforced(tx, self.everywhere(tx))

    def everywhere(self, tx: Transaction) -> int:
        """Return the newest version of ``calls`` that every gateway that follows has in force; 0 when none follows."""
        return min((each.version for each in self.gateways(tx)), default=0)

    def gateways(self, tx: Transaction) -> list[Enforced]:
        """Return the gateways that follow ``calls`` now, each with its version and since when.

        Who has no version that is kept has not begun to follow, or begins anew: nobody waits for it.
        """
        since, oldest = times.render(self._clock.now() - FOLLOWS_FOR), max(self.oldest(tx, "calls"), 1)
        found = (Enforced(*each) for each in gates_store.following(tx, "calls", since))
        return [each for each in found if each.version >= oldest]

    # ---- for people

    def path(self, tx: Transaction, entry: str) -> EntryPath:
        """Return the way of an entry: decided, published, at peers and at gateways."""
        which, version, decided_at = gates_store.place(tx, entry)
        which = which or "calls"
        return EntryPath(
            entry=entry,
            decided_at=decided_at,
            published_at=gates_store.published_at(tx, which, version),
            version=version,
            peers=tuple(abroad_store.of_entry(tx, entry)),
            gateways=tuple(gates_store.enforced_by(tx, which, version)) if version else (),
        )

    # ---- the clock

    def due(self, tx: Transaction) -> bool:
        """Tell whether something waits that an event should have carried on."""
        return gates_store.pending(tx)

    def close(self, tx: Transaction) -> None:
        """Carry it on."""
        self._bus.emit(tx, ListsChanged("carried on"))


def _sayable(kept: Kept) -> Change | None:
    """Return an entry as gateways can read it; None, which is logged, for one that would spoil the whole delta."""
    try:
        change = msgspec.convert(msgspec.to_builtins(_change(kept)), Change)
        if e164.read_value(change.value) is None:
            raise BadInput("this is no number and no range", "write +999… or +999…-+999…", where="value")
    except (LintasError, msgspec.MsgspecError, ValueError) as wrong:
        log.error("an entry cannot be published", extra={"entry": kept.id, "why": type(wrong).__name__})
        return None
    return change


def _change(kept: Kept, owner: str = "") -> Change:
    return Change(
        value=kept.value,
        kind=kept.kind,
        owner=owner or kept.owner,
        reason=kept.reason[:500],
        expires=int(times.parse(kept.expires).timestamp()),
    )
