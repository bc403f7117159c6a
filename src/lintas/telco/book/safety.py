"""What stands between a proposal and a block: allow-lists, shared hosts, endings, how much a source may bring, a stop.

A lawful number that is blocked cuts a person off. So what hits an allow-list takes two people, whatever strangers share is
never listed as a whole, and no feed or peer can do either at all.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lintas.model.errors import BadInput, Refused
from lintas.model.listings import ListKind as Kind
from lintas.model.listings import Subject, range_of
from lintas.storage.engine import Transaction
from lintas.telco.book import sources_store
from lintas.telco.book.records import Allowed, Why
from lintas.telco.names import suffixes, urls
from lintas.telco.redress import store as redress_store

#: More numbers than this at once are a country's numbering plan, or a slip.
MOST_IN_RANGE = 100_000_000
#: Tells whether a number is an emergency number of this jurisdiction, in any form that a network may carry.
IsEmergency = Callable[[str], bool]


class Found(NamedTuple):
    """What a check found: why more people are needed, and the line of the allow-list that was hit."""

    why: tuple[Why, ...]
    hit: Allowed | None = None


def check(tx: Transaction, subject: Subject, value: str, kind: Kind, *, is_emergency: IsEmergency) -> Found:
    """Look at a normalised value; Refused for what is never listed.

    A ``protected`` entry blocks nobody, so only its size is looked at.
    """
    _check_size(subject, value)
    if kind == "protected":
        return Found(())
    if subject == "domain":
        check_domain(value)
    hit = hit_of(tx, subject, value)
    why: list[Why] = ["allow_list"] if hit or _emergency(subject, value, is_emergency) else []
    if subject == "url" and suffixes.is_shared(urls.parts(value).host):
        check_path(value)
        why.append("shared_host")
    if redress_store.upheld(tx, subject, value):
        why.append("reversed")
    return Found(tuple(why), hit)


def _check_size(subject: Subject, value: str) -> None:
    if subject == "range":
        low, high = range_of(value)
        if high - low + 1 > MOST_IN_RANGE:
            raise BadInput(
                f"a range of {high - low + 1:,} numbers", f"list at most {MOST_IN_RANGE:,} at once", where="value"
            )


def _emergency(subject: Subject, value: str, is_emergency: IsEmergency) -> bool:
    if subject == "number":
        return is_emergency(value)
    return subject == "range" and is_emergency(value.partition("-")[0])


def check_domain(domain: str) -> None:
    """Refuse an ending, and a host below which strangers publish: to block it takes all of them along."""
    if suffixes.is_public_suffix(domain):
        raise Refused("public_suffix", f"{domain} is an ending, under which strangers register", "list the domain")
    if suffixes.is_shared(domain):
        raise Refused("shared_host", f"strangers publish under {domain}", "list the address with its path")


def check_path(url: str) -> None:
    """Refuse a shared host as an address without a path of its own: that would be the whole host."""
    parts = urls.parts(url)
    if parts.path in (b"", b"/") and parts.query is None:
        raise Refused("shared_host", f"strangers publish under {parts.host}", "list the address with its path")


def hit_of(tx: Transaction, subject: Subject, value: str) -> Allowed | None:
    """Return the line of the allow-list that an entry would touch; None for none."""
    if subject in ("number", "range"):
        return sources_store.hits_numbers(tx, *range_of(value))
    if subject == "sender_id" or subject == "wallet":
        return sources_store.hits_values(tx, (subject,), (value,))
    host = value if subject == "domain" else urls.parts(value).host
    above = upwards(host)
    hit = sources_store.hits_values(tx, ("domain",), above) or sources_store.hits_values(tx, ("url",), (value,))
    return hit or (sources_store.hits_below(tx, host) if subject == "domain" else None)


def upwards(host: str) -> list[str]:
    """Return a host and every domain above it."""
    labels = host.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


class Bulk:
    """The checks for a whole import: the allow-list is read once, and whatever hits it is refused, not doubled."""

    def __init__(self, tx: Transaction, is_emergency: IsEmergency) -> None:
        self._tx, self._is_emergency = tx, is_emergency
        self._ranges: Sequence[tuple[int, int]] = sorted(sources_store.allowed_ranges(tx))
        self._reversed = redress_store.all_upheld(tx)

    def check(self, subject: Subject, value: str, kind: Kind) -> None:
        """Refuse what needs two people, or is never listed."""
        if subject in ("number", "range") and kind != "protected":
            _check_size(subject, value)
            low, high = range_of(value)
            if any(first <= high and last >= low for first, last in self._ranges):
                raise Refused("allow_list", f"{value} is on the allow-list", "an officer proposes it, two approve")
            if _emergency(subject, value, self._is_emergency):
                raise Refused("allow_list", f"{value} is an emergency number", "an officer proposes it, two approve")
            if (subject, value) in self._reversed:
                raise Refused(
                    "reversed", f"{value} was taken back on an objection", "an officer proposes it, two approve"
                )
            return
        found = check(self._tx, subject, value, kind, is_emergency=self._is_emergency)
        if "allow_list" in found.why:
            raise Refused("allow_list", f"{value[:80]} touches the allow-list", "an officer proposes it, two approve")
        if "shared_host" in found.why:
            raise Refused("shared_host", f"{value[:80]} is on a shared host", "an officer proposes it, two approve")
        if found.why:
            raise Refused("reversed", f"{value[:80]} was taken back on an objection", "an officer proposes it")
