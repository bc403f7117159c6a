"""Which entries of the lists may be told and exported, and why the others may not: the last guard before a name is blocked.

Whoever publishes has checked the same before (two people, allow-lists). This holds also when they did not: a list that comes
from a member, a feed or a file cannot make a gateway block an ending, a shared host, or what an authority protects.
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput, LintasError, MalformedInput, TooLarge
from lintas.telco.names import urls
from lintas.telco.names.suffixes import is_public_suffix, is_shared
from lintas.telco.records import Entry
from lintas.trust.keys import UNREADABLE

#: Bytes of one line of a file; an entry has 2,048 characters of name and 1,000 of reason.
_LONGEST_LINE = 65_536


class Left(NamedTuple):
    """An entry that is left out, and why."""

    entry: Entry
    why: str


class Listable(NamedTuple):
    """The entries that count, and those left out; each blocked name is in its canonical form."""

    entries: tuple[Entry, ...]
    left_out: tuple[Left, ...]


def read(file: Path) -> Iterator[Entry]:
    """Read a file with one entry in JSON a line; BadInput naming the line that is none."""
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(iter(lambda: lines.readline(_LONGEST_LINE + 1), b""), 1):
                where = f"{file.name} line {number}"
                if len(line) > _LONGEST_LINE:
                    raise TooLarge("the line is too long for an entry", "write one entry a line", where=where)
                if line.strip():
                    yield _entry(line, where)
    except OSError as wrong:
        raise BadInput(f"{file} cannot be read: {wrong.strerror}", "name a file of entries, JSON lines") from None


def _entry(line: bytes, where: str) -> Entry:
    try:
        return _slim(msgspec.json.decode(line, type=Entry))
    except msgspec.ValidationError as wrong:
        raise BadInput(str(wrong), "see docs/telco-names.md for the fields of an entry", where=where) from None
    except UNREADABLE as wrong:
        raise MalformedInput(f"the line is not JSON: {wrong}", "write one entry a line", where=where) from None


def _slim(entry: Entry) -> Entry:
    """Let entries share the texts that thousands of them have: a million take a third of the memory."""
    for field in ("owner", "reason", "scheme", "listed", "expires"):
        msgspec.structs.force_setattr(entry, field, sys.intern(getattr(entry, field)))
    return entry


def listable(entries: Iterable[Entry], now: datetime) -> Listable:
    """Return the blocked URLs and domains that count at this moment, sorted by name and id, and those left out.

    Left out is what has expired, is an ending, is a host that strangers share, is protected, lies below a protected domain
    or would take one along, and what is no address. Entries of other subjects and kinds are not this list's matter.
    """
    ours = [entry for entry in entries if entry.subject in ("url", "domain")]
    protected = frozenset(_protected(ours, now))
    above = frozenset(upper for host in protected for upper in _upwards(host))
    kept: list[Entry] = []
    left: list[Left] = []
    for entry in ours:
        if entry.kind != "blocked":
            continue
        try:
            kept.append(_checked(entry, now, protected, above))
        except LintasError as wrong:
            left.append(Left(entry, wrong.what))
    kept.sort(key=lambda entry: (entry.value, entry.id))
    return Listable(tuple(kept), tuple(left))


def host_of(entry: Entry) -> str:
    """Return the host that a URL or domain is at."""
    return urls.parts(entry.value).host if entry.subject == "url" else urls.domain(entry.value)


def expires(entry: Entry) -> datetime:
    """Return the moment from which an entry says nothing; BadInput where that is no time."""
    return _moment(entry.expires)


@lru_cache(maxsize=4096)
def _moment(text: str) -> datetime:
    # Thousands of entries of one list end at one moment.
    return times.parse(text)


def _checked(entry: Entry, now: datetime, protected: frozenset[str], above: frozenset[str]) -> Entry:
    if expires(entry) <= now:
        raise BadInput("it has expired")
    if entry.subject == "url":
        read = urls.parts(entry.value)
        if not protected.isdisjoint(_upwards(read.host)):
            raise BadInput("it is protected")
        if _takes_all(read) and (is_public_suffix(read.host) or is_shared(read.host)):
            raise BadInput("strangers share this host: list one address there")
        return _as(entry, urls.write(read))
    host = urls.domain(entry.value)
    if not protected.isdisjoint(_upwards(host)):
        raise BadInput("it is protected")
    if host in above:
        raise BadInput("a protected domain lies below it")
    if is_public_suffix(host):
        raise BadInput("it is an ending below which strangers register")
    if is_shared(host):
        raise BadInput("strangers share this host: list addresses with their path")
    return _as(entry, host)


def _as(entry: Entry, value: str) -> Entry:
    return entry if value == entry.value else msgspec.structs.replace(entry, value=value)


def _takes_all(read: urls.Parts) -> bool:
    """Say whether the address is met by all of a host, or all in its first folder (``/`` and ``/view/`` are prefixes)."""
    return read.query is None and read.path.endswith(b"/") and read.path.count(b"/") <= 2


def _protected(entries: Iterable[Entry], now: datetime) -> Iterator[str]:
    """Name the hosts that are protected; one that cannot be read protects nothing, and one without a time for ever."""
    for entry in entries:
        if entry.kind != "protected":
            continue
        try:
            if expires(entry) <= now:
                continue
        except LintasError:
            pass
        try:
            yield host_of(entry)
        except LintasError:
            continue


def _upwards(host: str) -> Iterator[str]:
    labels = host.split(".")
    return (".".join(labels[place:]) for place in range(len(labels)))
