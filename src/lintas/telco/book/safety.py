"""What stands between a proposal and a block: allow-lists, shared hosts, endings, how much a source may bring, a stop.

A lawful number that is blocked cuts a person off. So what hits an allow-list takes two people, whatever strangers share is
never listed as a whole, and no feed or peer can do either at all.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
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
#: What is kept from being blocked is a holder's own numbers: more than these at once would shelter strangers.
MOST_SHELTERED = 10_000
_NAMED = ("url", "domain")
#: Tells whether a number or range is or holds an emergency number of this jurisdiction, in any form that a network may carry.
IsEmergency = Callable[[str], bool]


class Found(NamedTuple):
    """What a check found: why more people are needed, and the line of the allow-list that was hit."""

    why: tuple[Why, ...]
    hit: Allowed | None = None


class Spans:
    """Ranges of numbers, to see fast whether another one has a number in common with them."""

    def __init__(self, ranges: Iterable[tuple[int, int]]) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted(ranges):
            if self._lasts and first <= self._lasts[-1]:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    def touch(self, low: int, high: int) -> bool:
        """Tell whether any number from ``low`` to ``high`` lies in one of them."""
        at = bisect_right(self._firsts, high) - 1
        return at >= 0 and self._lasts[at] >= low


class Reversed:
    """What was taken back on an objection, upheld or lifted: it counts for whatever overlaps the value, as whichever kind."""

    def __init__(self, tx: Transaction) -> None:
        back = redress_store.all_reversed(tx)
        self.numbers = Spans(range_of(value) for subject, value in back if subject in ("number", "range"))
        self._others = {(subject, value) for subject, value in back if subject in ("sender_id", "wallet")}
        self._hosts = {host_of(subject, value) for subject, value in back if subject in _NAMED}
        self._above = {name for host in self._hosts for name in upwards(host)}

    def touches(self, subject: str, value: str) -> bool:
        """Tell whether listing a value would list again what was taken back."""
        if subject in ("number", "range"):
            return self.numbers.touch(*range_of(value))
        if subject in _NAMED:
            host = host_of(subject, value)
            return host in self._above or not self._hosts.isdisjoint(upwards(host))
        return (subject, value) in self._others


def check(
    tx: Transaction,
    subject: Subject,
    value: str,
    kind: Kind,
    *,
    is_emergency: IsEmergency,
    reversed_: Reversed | None = None,
) -> Found:
    """Look at a normalised value; Refused for what is never listed.

    A ``protected`` entry blocks nobody, so only its size is looked at.
    """
    if kind == "protected":
        check_size(subject, value, MOST_SHELTERED)
        return Found(())
    check_size(subject, value)
    if subject == "domain":
        check_domain(value)
    hit = hit_of(tx, subject, value)
    why: list[Why] = ["allow_list"] if hit or _emergency(subject, value, is_emergency) else []
    if subject == "url" and suffixes.is_shared(urls.parts(value).host):
        check_path(value)
        why.append("shared_host")
    if (reversed_ or Reversed(tx)).touches(subject, value):
        why.append("reversed")
    return Found(tuple(why), hit)


def check_size(subject: Subject, value: str, most: int = MOST_IN_RANGE) -> None:
    """Refuse a range of more numbers than anybody means."""
    if subject == "range":
        low, high = range_of(value)
        if high - low + 1 > most:
            raise BadInput(f"a range of {high - low + 1:,} numbers", f"list at most {most:,} at once", where="value")


def _emergency(subject: Subject, value: str, is_emergency: IsEmergency) -> bool:
    return subject in ("number", "range") and is_emergency(value)


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
    host = host_of(subject, value)
    hit = sources_store.hits_values(tx, ("domain",), upwards(host))
    if hit is None and subject == "domain":
        hit = sources_store.hits_below(tx, host)
    return hit or next(
        (each for each in sources_store.urls_naming(tx, host) if _meets(each.value, subject, value)), None
    )


def _meets(allowed: str, subject: Subject, value: str) -> bool:
    """Tell whether an allowed address lies at or below a domain, or a path above or below another's; any scheme is meant."""
    there = urls.parts(allowed)
    if subject == "domain":
        return value in upwards(there.host)
    here = urls.parts(value)
    one, other = (each.path.rstrip(b"/") + b"/" for each in (here, there))
    return here.host == there.host and (one.startswith(other) or other.startswith(one))


def host_of(subject: str, value: str) -> str:
    """Return the host of an address, or the domain itself."""
    return value if subject == "domain" else urls.parts(value).host


def upwards(host: str) -> list[str]:
    """Return a host and every domain above it."""
    labels = host.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]


class Bulk:
    """The checks for a whole import: the allow-list is read once, and whatever hits it is refused, not doubled."""

    def __init__(self, tx: Transaction, is_emergency: IsEmergency) -> None:
        self._tx, self._is_emergency = tx, is_emergency
        self._allowed, self._reversed = Spans(sources_store.allowed_ranges(tx)), Reversed(tx)

    def check(self, subject: Subject, value: str, kind: Kind) -> None:
        """Refuse what needs two people, or is never listed."""
        if subject in ("number", "range") and kind != "protected":
            check_size(subject, value)
            low, high = range_of(value)
            if self._allowed.touch(low, high):
                raise Refused("allow_list", f"{value} is on the allow-list", "an officer proposes it, two approve")
            if _emergency(subject, value, self._is_emergency):
                raise Refused("allow_list", f"{value} is an emergency number", "an officer proposes it, two approve")
            if self._reversed.numbers.touch(low, high):
                raise Refused(
                    "reversed", f"{value} was taken back on an objection", "an officer proposes it, two approve"
                )
            return
        found = check(self._tx, subject, value, kind, is_emergency=self._is_emergency, reversed_=self._reversed)
        if "allow_list" in found.why:
            raise Refused("allow_list", f"{value[:80]} touches the allow-list", "an officer proposes it, two approve")
        if "shared_host" in found.why:
            raise Refused("shared_host", f"{value[:80]} is on a shared host", "an officer proposes it, two approve")
        if found.why:
            raise Refused("reversed", f"{value[:80]} was taken back on an objection", "an officer proposes it")
