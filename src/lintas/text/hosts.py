"""What makes a dotted word a host name: endings in use, and words and files that only look like one (RFC 1035, 5891)."""

import re
from functools import cache

import phonenumbers

from lintas.text.gazetteer import table

#: Letters a host may mix: Latin and the scripts used to imitate it. Other scripts end a host, as they do in running text.
_LETTER = "a-z0-9\u00df-\u00f6\u00f8-\u024f\u0370-\u03ff\u0400-\u052f\u0531-\u0587\u1e00-\u1eff"
LABEL = rf"[{_LETTER}](?:[{_LETTER}_-]{{0,61}}[{_LETTER}])?"
_LABEL = re.compile(LABEL)
_LETTERS_ONLY = _LETTER.replace("0-9", "")
_NAME = rf"(?:{LABEL}\.){{1,30}}(?:xn--[a-z0-9-]{{2,59}}|[{_LETTERS_ONLY}]{{2,24}})(?![{_LETTER}_-]|\.[{_LETTER}])"
#: A host in lower-cased running text; and one that may stand right behind an @.
HOST = re.compile(rf"(?<![{_LETTER}_@.\-]){_NAME}")
MAIL_HOST = re.compile(_NAME)


@cache
def generic_endings() -> frozenset[str]:
    """Return the endings that are no country's."""
    return frozenset(table("domains")["generic"])


@cache
def country_endings() -> frozenset[str]:
    """Return the two-letter endings of countries."""
    return frozenset(code.lower() for code in phonenumbers.SUPPORTED_REGIONS) | frozenset(
        table("domains")["extra_country"]
    )


@cache
def _doubtful() -> frozenset[str]:
    lists = table("domains")
    return frozenset(lists["wordy"]) | frozenset(lists["wordy_generic"])


@cache
def _files() -> frozenset[str]:
    return frozenset(table("domains")["files"])


def known_ending(host: str) -> bool:
    """Say whether the last label is an ending in use, or an internationalised one."""
    ending = host.rpartition(".")[2]
    return (
        ending in generic_endings() or ending in country_endings() or ending.startswith("xn--") or not ending.isascii()
    )


def is_file_name(host: str) -> bool:
    """Say whether the last label is a file ending (``invoice.pdf``)."""
    return host.rpartition(".")[2] in _files()


def is_doubtful(host: str) -> bool:
    """Say whether the ending is also a common word, so that a missing space after a full stop could have made this host."""
    labels = host.split(".")
    return labels[-1] in _doubtful() and len(labels) == 2 and not re.search(r"[\d-]", labels[0])


def a_label(host: str) -> str:
    """Return the host as the name system spells it: labels beyond ASCII in punycode (RFC 3492)."""
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in host.split(".")
    )


def is_host(host: str) -> bool:
    """Say whether every label is well formed (used where a scheme or an @ already promised a host)."""
    labels = host.split(".")
    return len(host) <= 253 and len(labels) >= 2 and all(_LABEL.fullmatch(label) for label in labels)
