"""Files for resolvers and filters: response policy zones, hosts, Pi-hole, adblock, dnsmasq and plain lists.

Each says whose list it is, its version and where an entry is contested, and names the redress id beside the entry where the
format has a place for it. Same entries, same moment: same bytes. A name is written only in its canonical form, which holds no
character that means anything in any of these formats.
"""

import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Literal, NamedTuple

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.telco.names import urls
from lintas.telco.records import Entry

FormatName = Literal["rpz", "hosts", "pihole", "adblock", "dnsmasq", "plain"]
#: What an address may hold to be a rule of an ad blocker: "*", "^", "|" and "$" are its pattern language.
_NO_PATTERN = re.compile(r"[A-Za-z0-9./_~:@!&'()+,;=%?-]+")


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Whose list it is, where it is contested (an address that the redress id is put behind), and what a name leads to.

    ``block_host`` (rpz) and ``block_ip`` (IPv4; hosts, dnsmasq) lead to the block page; without them a name does not exist.
    ``nodata``: in a policy zone, the name exists and has nothing. ``zone`` is the name of the policy zone.
    """

    owner: str
    contest: str
    at: datetime
    zone: str = "rpz.lintas.invalid"
    block_host: str = ""
    block_ip: str = ""
    nodata: bool = False
    ttl: int = 300


class Format(NamedTuple):
    """One format: its media type, what begins a comment, its lines, and whether it has a place for addresses."""

    media: str
    comment: str
    lines: Callable[[Sequence[Entry], About], Iterator[str]]
    addresses: bool = False


class Name(NamedTuple):
    """One domain and the ids of all its entries."""

    name: str
    ids: tuple[str, ...]


def export(format: str, entries: Sequence[Entry], about: About) -> Iterator[str]:
    """Yield the lines of a file, each with its end; ``entries`` as ``listable`` returns them; BadInput for what cannot be.

    Domains go into every format, addresses with a path into adblock and plain ones only: a resolver sees no path.
    """
    chosen = of(format)
    _check(format, about)
    for line in _head(entries, about, counted(format, entries)):
        yield f"{chosen.comment} {line}\n"
    for line in chosen.lines(entries, about):
        yield line + "\n"


def of(format: str) -> Format:
    """Return a format by its name; BadInput naming those there are."""
    if format not in FORMATS:
        raise BadInput(f"there is no format {format[:40]!r}", f"use one of {', '.join(FORMATS)}")
    return FORMATS[format]


def counted(format: str, entries: Sequence[Entry]) -> str:
    """Say how many entries a file has, and how many addresses are left out where the format has no place for them."""
    out = 0 if of(format).addresses else sum(entry.subject == "url" for entry in entries)
    said = _many(len(entries) - out, "entry", "entries")
    return f"{said} ({_many(out, 'address', 'addresses')} left out: this format has domains only)" if out else said


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def version(entries: Iterable[Entry]) -> str:
    """Return 16 hexadecimal digits that change with the entries' names, ids and ends, and with nothing else."""
    whole = hashlib.sha256()
    for entry in entries:
        whole.update(f"{entry.subject} {entry.value} {entry.id} {entry.expires}\n".encode())
    return whole.hexdigest()[:16]


def _head(entries: Sequence[Entry], about: About, count: str) -> list[str]:
    return [
        f"Blocked names of {_one_line(about.owner)}",
        f"Version {version(entries)}, made {times.render(about.at.replace(microsecond=0))}, {count}",
        f"To contest an entry, free of charge: {_one_line(about.contest)}<its id>",
        "Each entry ends by itself: fetch this file at least once a day.",
    ]


def _one_line(text: str) -> str:
    """Return what a comment can hold: printable ASCII on one line."""
    shown = "".join(char if 32 <= ord(char) < 127 else "?" for char in text)
    return shown[:200]


def _check(format: str, about: About) -> None:
    if not 0 < about.ttl <= 86_400:
        raise BadInput(f"a time to live of {about.ttl} s", "give 1 to 86400", where="ttl")
    if format == "rpz":
        urls.domain(about.zone)
        if about.block_host:
            urls.domain(about.block_host)
    elif format in ("hosts", "dnsmasq") and about.block_ip:
        try:
            ipaddress.IPv4Address(about.block_ip)
        except ValueError:
            do = "give the IPv4 address of the block page"
            raise BadInput(f"{about.block_ip[:60]!r} is no IPv4 address", do, where="block_ip") from None


def _domains(entries: Iterable[Entry]) -> Iterator[Name]:
    """Yield each domain once, in order."""
    domains = [entry for entry in entries if entry.subject == "domain"]
    for name, same in groupby(domains, key=lambda entry: entry.value):
        yield Name(name, tuple(sorted({entry.id for entry in same})))


def _highest(entries: Iterable[Entry]) -> Iterator[Name]:
    """Yield the domains that no other one covers, each with the ids of those that it covers.

    In a policy zone a name below would also take its own level out of the wildcard above it (RFC 4592, section 2.2.2).
    """
    every = dict(_domains(entries))
    covered: dict[str, list[str]] = {}
    for name, ids in every.items():
        labels = name.split(".")
        uppers = (".".join(labels[place:]) for place in range(len(labels)))
        covered.setdefault(next(upper for upper in reversed(list(uppers)) if upper in every), []).extend(ids)
    for name in every:
        if name in covered:
            yield Name(name, tuple(dict.fromkeys(covered[name])))


def _rpz(entries: Sequence[Entry], about: About) -> Iterator[str]:
    """A response policy zone (draft-vixie-dnsop-dns-rpz, section 3): the name and all below it."""
    zone = urls.domain(about.zone)
    target = f"{urls.domain(about.block_host)}." if about.block_host else "*." if about.nodata else "."
    serial = int(about.at.timestamp()) % 2**32
    yield f"$ORIGIN {zone}."
    yield f"$TTL {about.ttl}"
    yield f"@ IN SOA localhost. hostmaster.localhost. ( {serial} 300 60 86400 {about.ttl} )"
    yield "@ IN NS localhost."
    for name, ids in _highest(entries):
        if len(name) + len(zone) > 249:
            yield f"; {name} is too long for this zone ; {' '.join(ids)}"
            continue
        yield f"{name} IN CNAME {target} ; {' '.join(ids)}"
        yield f"*.{name} IN CNAME {target}"


def _hosts(entries: Sequence[Entry], about: About) -> Iterator[str]:
    """A hosts file: exact names only."""
    for name, ids in _domains(entries):
        yield f"{about.block_ip or '0.0.0.0'} {name} # {' '.join(ids)}"  # noqa: S104 — nobody's address, no socket


def _pihole(entries: Sequence[Entry], about: About) -> Iterator[str]:
    for name, ids in _highest(entries):
        yield f"! {' '.join(ids)}"
        yield f"||{name}^"


def _adblock(entries: Sequence[Entry], about: About) -> Iterator[str]:
    yield from _pihole(entries, about)
    for url, same in groupby((entry for entry in entries if entry.subject == "url"), key=lambda entry: entry.value):
        ids = sorted({entry.id for entry in same})
        rest = url.partition("://")[2]
        if _NO_PATTERN.fullmatch(rest):
            yield f"! {' '.join(ids)}"
            yield from (f"|{scheme}://{end}" for scheme in ("https", "http") for end in _ends(rest))
        else:
            yield f"! left out, its address would be a pattern: {' '.join(ids)}"


def _ends(address: str) -> tuple[str, ...]:
    """Return what the rules of one address end with: a folder takes what is in it, a page itself with any query, no more."""
    if address.endswith("/"):
        return (address,)
    return (f"{address}|",) if "?" in address else (f"{address}|", f"{address}?")


def _dnsmasq(entries: Sequence[Entry], about: About) -> Iterator[str]:
    for name, ids in _highest(entries):
        yield f"address=/{name}/{about.block_ip} # {' '.join(ids)}"


def _plain(entries: Sequence[Entry], about: About) -> Iterator[str]:
    yield from dict.fromkeys(entry.value for entry in entries)


FORMATS: dict[str, Format] = {
    "rpz": Format("text/dns", ";", _rpz),
    "hosts": Format("text/plain", "#", _hosts),
    "pihole": Format("text/plain", "!", _pihole),
    "adblock": Format("text/plain", "!", _adblock, addresses=True),
    "dnsmasq": Format("text/plain", "#", _dnsmasq),
    "plain": Format("text/plain", "#", _plain, addresses=True),
}
