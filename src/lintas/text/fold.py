"""Folds a text to the form that all matching works on, and leads every folded character back to its place in the raw text.

NFKC with styled letters and digits of every script made plain, zero-width and bidirectional controls removed, and defanged
addresses ("hxxp", "[.]", an ideographic full stop inside a host) restored. Offsets count Unicode code points. Linear time.
"""

import re
import unicodedata
from collections.abc import Sequence

import msgspec

from lintas.model.errors import MalformedInput, TooLarge
from lintas.text.gazetteer import table

#: The longest text accepted, in code points.
MAX_CODE_POINTS = 100_000
#: The longest base-plus-marks cluster normalised as one: canonical ordering is quadratic in its length.
_MAX_CLUSTER = 12
#: A single character that expands further than this stays as it is.
_MAX_EXPANSION = 4

_SURROGATE = re.compile("[\ud800-\udfff]")
_PLAIN = re.compile(r"[\t\n\r -~]*")
#: Invisible, yet not of category Cf: fillers, joiners, variation selectors, enclosing keycap.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u20d0-\u20f0\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
_DASHES = dict.fromkeys("‐‑‒–—―−﹘", "-")
_QUOTES = dict.fromkeys("‘’ʼ‛′", "'") | dict.fromkeys("“”„″", '"')
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))
_NEGATIVE = {chr(start + i): chr(ord("A") + i) for start in (0x1F150, 0x1F170) for i in range(26)}
_STYLED = _DASHES | _QUOTES | _SMALL_CAPITALS | _NEGATIVE
#: Circled digits, alone before a plain digit, number a list: "①0123" is item 1, not 10123.
_CIRCLED = re.compile("[\u2460-\u2468\u2776-\u277e\u2780-\u2788\u278a-\u2792\u24f5-\u24fd]")


class Folded(msgspec.Struct, frozen=True):
    """A folded text; ``lower`` has the same length; character ``i`` came from ``raw[starts[i]:ends[i]]``."""

    text: str
    lower: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Lead the non-empty folded span ``[start, end)`` back to offsets in the raw text."""
        return self.starts[start], self.ends[end - 1]


def fold(raw: str) -> Folded:
    """Fold ``raw``; TooLarge above 100,000 code points, MalformedInput on a lone surrogate."""
    if len(raw) > MAX_CODE_POINTS:
        raise TooLarge(f"the text has {len(raw):,} characters", f"send at most {MAX_CODE_POINTS:,} in one report")
    if lone := _SURROGATE.search(raw):
        raise MalformedInput(
            "the text holds half a character (a lone surrogate)",
            "send valid Unicode; the text was probably cut or decoded wrongly",
            where=f"character {lone.start()}",
        )
    if _PLAIN.fullmatch(raw):
        text, starts, ends = raw, range(len(raw)), range(1, len(raw) + 1)
        return _finish(text, starts, ends)
    return _finish(*_fold_characters(raw))


def plain(phrase: str) -> str:
    """Fold and lower-case a phrase of a word list, so that it compares with ``Folded.lower``."""
    return fold(phrase).lower


class _Table(dict[str, str]):
    """One character -> its folded form, filled on demand; as large as the characters seen, at most 20,000."""

    def __missing__(self, char: str) -> str:
        folded = _fold_one(char)
        if len(self) < 20_000:
            self[char] = folded
        return folded


def _fold_one(char: str) -> str:
    if char in "\n\t" or char in _STYLED:
        return _STYLED.get(char, char)
    category = unicodedata.category(char)
    if category == "Cf" or _INVISIBLE.match(char):
        return ""
    if char in "\r\x0b\x0c\x85\u2028\u2029":
        return "\n"
    if category == "Cc":
        return ""
    if category == "Zs":
        return " "
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    normal = unicodedata.normalize("NFKC", char)
    if normal == char:
        return char
    if len(normal) > _MAX_EXPANSION:
        return char
    return "".join(_TABLE[part] if part != char else part for part in normal)


_TABLE = _Table()


def _fold_cluster(cluster: str) -> str:
    """Fold a base with its combining marks; marks laid over a plain letter or digit are decoration and go."""
    seen = unicodedata.normalize("NFKC", "".join(char for char in cluster if _TABLE[char]))
    if seen[:1].isascii() and seen[:1].isalnum():
        seen = seen[0] + "".join(char for char in seen[1:] if not unicodedata.combining(char))
    return "".join(_TABLE[char] for char in seen)


def _fold_characters(raw: str) -> tuple[str, list[int], list[int]]:
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    place, length, combining = 0, len(raw), unicodedata.combining
    while place < length:
        after = place + 1
        char = raw[place]
        while after < length and raw[after] > "\u02ff" and after - place < _MAX_CLUSTER and combining(raw[after]):
            after += 1
        if after > place + 1:
            piece = _fold_cluster(raw[place:after])
        elif after < length and _CIRCLED.match(char) and unicodedata.decimal(raw[after], None) is not None:
            piece = _TABLE[char] + ")"
        else:
            piece = _TABLE[char]
        out.append(piece)
        for _ in piece:
            starts.append(place)
            ends.append(after)
        place = after
    return "".join(out), starts, ends


def _restorers() -> re.Pattern[str]:
    generic = "|".join(sorted(set(table("domains")["generic"]), key=len, reverse=True))
    return re.compile(
        rf"""
        (?P<dot>[ ]?[\[({{]\s?(?:\.|dot|titik|punto|点|點|จุด|chấm)\s?[\])}}][ ]?
              | (?<=[A-Za-z0-9])[。・·•](?=[A-Za-z])(?!https?|www)
              | (?<=[0-9])。(?=[0-9]{{1,3}}(?:。|\.|\b)[0-9]{{0,3}})(?<=[0-9]。)
              | (?<=[A-Za-z0-9])[ ](?:\.[ ]?|(?:dot|titik)[ ])(?=(?:{generic})\b))
        | (?P<at>[ ]?[\[({{]\s?(?:@|at)\s?[\])}}][ ]?)
        | (?P<slashes>\[:?//\]|\[:\]//|\[://\]|:\\\\(?=[A-Za-z0-9]))
        | (?P<colon>\[:\])
        | (?P<scheme>\bh(?:xx|\*\*|\#\#|__)p(?=s?(?:\[?:)))
        """,
        re.VERBOSE | re.IGNORECASE,
    )


_DEFANGED = _restorers()
_RESTORED = {"dot": ".", "at": "@", "colon": ":", "slashes": "://", "scheme": "http"}
#: Without one of these there is nothing to restore; keeps the honest message on the fast path.
_HINT = re.compile(
    r"[\[({]\s?(?:\.|:|/|@|dot|titik|punto|at|点|點|จุด|chấm)|[。・·•]|[ ]\.| dot | titik |:\\|\bh(?:xx|\*\*|##|__)p",
    re.I,
)


def _finish(text: str, starts: Sequence[int], ends: Sequence[int]) -> Folded:
    if _HINT.search(text):
        text, starts, ends = _restore(text, starts, ends)
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(low if len(low := char.lower()) == 1 else char for char in text)
    return Folded(text, lower, starts, ends)


def _restore(text: str, starts: Sequence[int], ends: Sequence[int]) -> tuple[str, list[int], list[int]]:
    out: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    done = 0
    for found in _DEFANGED.finditer(text):
        kind = found.lastgroup or ""
        if kind == "dot" and found.group() == "。" and not _between_digits(text, found.start()):
            continue
        piece = _RESTORED[kind]
        out += [text[done : found.start()], piece]
        new_starts += [*starts[done : found.start()], *([starts[found.start()]] * len(piece))]
        new_ends += [*ends[done : found.start()], *([ends[found.end() - 1]] * len(piece))]
        done = found.end()
    out.append(text[done:])
    new_starts += starts[done:]
    new_ends += ends[done:]
    return "".join(out), new_starts, new_ends


_ADDRESS_OF_FOUR = re.compile(r"(?<![0-9])[0-9]{1,3}(?:[.。][0-9]{1,3}){3}(?![0-9])")


def _between_digits(text: str, place: int) -> bool:
    """Say whether the full stop at ``place`` stands inside a host: before a letter, or within an address of four parts."""
    if not text[place + 1].isdigit():
        return True
    window = max(0, place - 15)
    return any(
        window + four.start() < place < window + four.end()
        for four in _ADDRESS_OF_FOUR.finditer(text, window, min(len(text), place + 16))
    )
