"""What was published to operators and when their gateways obeyed it, from the tables of the lists' versions."""

from collections import Counter
from itertools import islice

from sqlalchemy import select

from lintas.storage.engine import Transaction
from lintas.telco.book.gates_store import deltas, enforcements, gateways
from lintas.telco.book.store import entries
from lintas.telco.figures.records import Ordered

#: Entries and withdrawals of a month that are counted at most.
MOST = 50_000


def between(tx: Transaction, since: str, until: str) -> list[Ordered]:
    """Return for each operator what its gateways had to obey of what was published between two times.

    What a version changed counts once, with the entry's id where no later version changed it again. An operator's gateways
    are those that ever followed the list.
    """
    of_version: dict[tuple[str, int], dict[str, list[str]]] = {}
    own = _gateways(tx)
    found: list[Ordered] = []
    last = _published(tx, since, until)
    again = _changed_again(tx, since, until, Counter(each[3] for each in last))
    for entry, back, which, version, at in [*last, *again]:
        done = of_version.get((which, version))
        if done is None:
            done = of_version[which, version] = _enforced(tx, which, version)
        for operator, names in own.get(which, {}).items():
            obeyed = [done[name][0] for name in names if name in done]
            at_last = max(obeyed) if len(obeyed) == len(names) else None
            found.append(Ordered(operator, entry, back, at, at_last))
    return found


def _published(tx: Transaction, since: str, until: str) -> list[tuple[str, bool, str, int, str]]:
    """Return what was published last between two times: entry, whether an objection took it back, list, version, time."""
    on_objection = (entries.c.state == "ended") & (entries.c.end_code == "appeal")
    query = (
        select(entries.c.id, on_objection, deltas.c.list, deltas.c.version, deltas.c.at)
        .join(deltas, deltas.c.version == entries.c.version)
        .where(deltas.c.list == "calls", entries.c.published_in.in_(("calls", "")), entries.c.version > 0)
        .where(deltas.c.at >= since, deltas.c.at < until)
        .order_by(deltas.c.version, entries.c.id)
    )
    return [(row[0], bool(row[1]), row[2], row[3], row[4]) for row in tx.execute(query.limit(MOST))]


def _changed_again(
    tx: Transaction, since: str, until: str, last: Counter[int]
) -> list[tuple[str, bool, str, int, str]]:
    """Return, without ids, what versions published of entries that a later one changed again; ``last`` are the others."""
    query = select(deltas.c.version, deltas.c.at, deltas.c.changes).where(deltas.c.list == "calls")
    query = query.where(deltas.c.at >= since, deltas.c.at < until).order_by(deltas.c.version)
    found = (("", False, "calls", row[0], row[1]) for row in tx.execute(query) for _ in range(row[2] - last[row[0]]))
    return list(islice(found, MOST))


def _gateways(tx: Transaction) -> dict[str, dict[str, list[str]]]:
    """Return the gateways of each operator, by list."""
    found: dict[str, dict[str, list[str]]] = {}
    for row in tx.execute(select(gateways.c.list, gateways.c.organisation, gateways.c.name)):
        found.setdefault(row[0], {}).setdefault(row[1], []).append(row[2])
    return found


def _enforced(tx: Transaction, which: str, version: int) -> dict[str, list[str]]:
    """Return when each gateway first had a version, or a later one."""
    query = select(enforcements.c.gateway, enforcements.c.at).where(
        enforcements.c.list == which, enforcements.c.version >= version
    )
    found: dict[str, list[str]] = {}
    for row in tx.execute(query.order_by(enforcements.c.version, enforcements.c.at)):
        found.setdefault(row[0], []).append(row[1])
    return found
