"""Tells a domain that one holder registered from an ending, and from a host under which strangers publish beside each other.

The Public Suffix List says both: its ICANN section lists endings, its private section hosts that give names to their customers
(``github.io``). The list comes with the library ``publicsuffixlist``, so no call leaves the node; updating is an update of it.
"""

import ipaddress
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from publicsuffixlist import PSLFILE, PublicSuffixList

#: Hosts where strangers publish below a path, which no list of suffixes can say: an address there is listed with its path.
_BY_PATH = frozenset([
    "bit.ly", "cutt.ly", "goo.gl", "is.gd", "ow.ly", "rb.gy", "rebrand.ly", "s.id", "shorturl.at", "t.co", "t.ly",
    "tiny.cc", "tinyurl.com", "v.gd", "docs.google.com", "drive.google.com", "forms.gle", "forms.office.com",
    "sites.google.com", "onedrive.live.com", "sway.office.com", "dropbox.com", "notion.site", "linktr.ee",
    "telegra.ph", "t.me", "wa.me", "line.me", "lin.ee", "zalo.me", "discord.gg", "facebook.com", "instagram.com",
    "tiktok.com", "x.com", "youtube.com", "gitlab.com", "github.com", "medium.com", "pastebin.com", "play.google.com",
    "apps.apple.com", "ipfs.io", "dweb.link",
])  # fmt: skip


@cache
def _list() -> PublicSuffixList:
    return PublicSuffixList()


def _private_suffixes() -> Iterator[str]:
    """Read the private section: the rules between its two marks, without the wildcard's star."""
    _, _, section = Path(PSLFILE).read_text("utf-8").partition("===BEGIN PRIVATE DOMAINS===")
    for line in section.splitlines():
        rule = line.strip()
        if rule and not rule.startswith(("//", "!")):
            yield rule.removeprefix("*.").encode("idna").decode("ascii")


@cache
def _sharing() -> frozenset[str]:
    """Return every host that many share, and every domain above one: to block that takes all of them along."""
    found: set[str] = set()
    for host in (*_private_suffixes(), *_BY_PATH):
        labels = host.split(".")
        found.update(".".join(labels[place:]) for place in range(len(labels)))
    return frozenset(found)


def _plain(host: str) -> str:
    """Return the host in lower case without its final dot; "" for an address, an empty label or nothing."""
    host = host.strip().lower().removesuffix(".")
    if not host or len(host) > 253 or host.startswith(".") or ".." in host or _is_address(host):
        return ""
    return host


def _is_address(host: str) -> bool:
    if not (host[-1].isdigit() or host.endswith("]") or ":" in host):
        return False
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def registrable(host: str) -> str | None:
    """Return the domain that its holder registered (``a.b.example.xa`` → ``example.xa``); None for an ending or an address.

    A customer of a host in the private section holds a domain of his own: ``shop.github.io``.
    """
    name = _plain(host)
    return (_list().privatesuffix(name) or None) if name else None


def is_public_suffix(host: str) -> bool:
    """Say whether it is an ending below which strangers register: ``xa``, ``co.uk``, ``github.io``."""
    name = _plain(host)
    return bool(name) and bool(_list().is_public(name))


def shared_by_path() -> tuple[str, ...]:
    """Return the hosts where strangers publish below a path, sorted: of an address there its host says nothing."""
    return tuple(sorted(_BY_PATH))


def is_shared(host: str) -> bool:
    """Say whether strangers publish under this host or below it, so that blocking the whole of it hits them too.

    True for ``github.io``, ``amazonaws.com`` (hosts below it are shared) and ``bit.ly``; False for ``shop.github.io``. Such a
    host is never listed as a domain; an address with its path may be, and needs two people.
    """
    name = _plain(host)
    if not name:
        return False
    if name in _sharing():
        return True
    # A wildcard rule makes every name below its host a suffix of its own: ``x.compute.amazonaws.com``.
    return "." in name and bool(_list().is_public(name)) and name.partition(".")[2] in _sharing()
