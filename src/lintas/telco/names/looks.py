"""How a sender ID looks to a person: what a phone can show at all, and which two IDs are taken for each other.

An alphanumeric sender of an SMS has at most 11 characters of the GSM 7-bit default alphabet (3GPP TS 23.040, section 9.1.2.5;
TS 23.038, section 6.2.1), so Cyrillic look-alikes cannot arrive there; digits for letters, accents, Greek capitals, case and
spaces can. Other channels (RCS) carry any letter. The skeleton folds all of these; it follows the idea of Unicode UTS #39
with a short table of our own. Among the letters that an SMS carries it folds every pair that the Consortium's data name.
"""

import unicodedata

from lintas.model.errors import BadInput
from lintas.text.fold import plain

#: Characters of a sender ID at most, and those that one can have.
LONGEST = 11
GSM = frozenset(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
#: Letter -> lower-case characters that look like it: digits and signs, other Latin letters, Cyrillic, Greek.
_LOOKS = {
    "a": "4@аαλ", "b": "8вьβß", "c": "сς", "d": "ԁδđ", "e": "3еёєεξ€", "g": "9qԛ", "h": "һнħ", "k": "кκ",
    "l": "1!|i¡ıłіїι£", "m": "м", "n": "пηπ", "o": "0оοσθφøö", "p": "рρþ", "r": "гґ", "s": "5$ѕ§", "t": "7тτŧ",
    "u": "υцμ", "v": "ν", "w": "ԝωшψ", "x": "хχ", "y": "уγ¥", "z": "2зζ",
}  # fmt: skip
_ALIKE = {ord(other): letter for letter, others in _LOOKS.items() for other in others} | {ord("æ"): "ae"}
_PAIRS = (("rn", "m"), ("vv", "w"), ("nn", "m"))
#: Nobody's own: one holder of such an ID would make every other sender a look-alike.
GENERIC = frozenset(
    {"alert", "bank", "code", "gov", "info", "message", "notice", "otp", "police", "service", "sms", "verify"}
)
#: A shorter skeleton resembles too much to compare it by anything but equality.
_LEAST = 5


def readable(text: str) -> str:
    """Return a sender ID as a phone shows it; BadInput for one that no SMS can carry, or that is a number."""
    shown = unicodedata.normalize("NFKC", text).strip(" ")
    if not 1 <= len(shown) <= LONGEST:
        raise BadInput(f"a sender ID has 1 to {LONGEST} characters, not {len(shown)}", "shorten it")
    if odd := sorted(set(shown) - GSM):
        raise BadInput(
            f"the character U+{ord(odd[0]):04X} is not in the GSM alphabet", "write the ID as phones show it"
        )
    if not any(char.isalpha() for char in shown):
        raise BadInput("a sender ID has at least one letter", "a number or short code is checked as a number")
    return shown


def skeleton(text: str) -> str:
    """Return what a glance sees: two IDs of one skeleton are taken for each other. Its own skeleton."""
    decomposed = unicodedata.normalize("NFKD", plain(text[:200]))
    seen = "".join(char for char in decomposed if not unicodedata.combining(char)).translate(_ALIKE)
    seen = "".join(char for char in seen if char.isalnum())
    # Each pair ends shorter, so that this comes to an end.
    while any(pair in seen for pair, _ in _PAIRS):
        for pair, one in _PAIRS:
            seen = seen.replace(pair, one)
    return seen


def generic(text: str) -> bool:
    """Say whether an ID is a word that everybody uses."""
    return skeleton(text) in {skeleton(word) for word in GENERIC}


def alike(one: str, other: str) -> bool:
    """Say whether two skeletons are taken for each other: equal, one slip apart, or one within the other."""
    if one == other:
        return bool(one)
    short, long = sorted((one, other), key=len)
    return len(short) >= _LEAST and (short in long or _one_slip(short, long))


def _one_slip(short: str, long: str) -> bool:
    """Say whether one letter was changed, left out or added, or two neighbours change places."""
    if len(long) - len(short) > 1:
        return False
    same = 0
    while same < len(short) and short[same] == long[same]:
        same += 1
    if len(short) < len(long):
        return short[same:] == long[same + 1 :]
    swapped = short[same : same + 2] == long[same : same + 2][::-1] and short[same + 2 :] == long[same + 2 :]
    return short[same + 1 :] == long[same + 1 :] or swapped


def keys(look: str) -> set[str]:
    """Return what a skeleton is found by: two that are alike have one in common.

    Itself, each text that lacks one of its letters (a slip is one letter less on both sides), each part of at least five.
    """
    lacking = {look[:place] + look[place + 1 :] for place in range(len(look))}
    parts = {look[start:end] for start in range(len(look)) for end in range(start + _LEAST, len(look) + 1)}
    return {look} | lacking | parts
