"""The pseudo-locale ``en-XA``: English that looks foreign and runs long, so that text which nobody can translate is seen.

Letters get accents, vowels are doubled (about 40 % more width, as other languages need), and brackets show where a message
begins and ends. Placeholders, mark-up and entities stay as they are.
"""

import gettext
import re

LANGUAGE = "en-XA"
_ACCENTED = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "ÅƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽåƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýž"
)
#: What is no text: ``%(name)s``, ``%%``, tags and entities.
_KEPT = re.compile(r"(%\(\w+\)[a-z]|%%|<[^<>]*>|&#?\w+;)")
_VOWEL = re.compile(r"[AEIOUaeiou]")


def pseudo(message: str) -> str:
    """Return the message in the pseudo-locale."""
    if not message:
        return ""
    parts = _KEPT.split(message)
    # Every second part is one that is kept.
    parts[::2] = [_VOWEL.sub(_twice, part).translate(_ACCENTED) for part in parts[::2]]
    return f"⟦{''.join(parts)}⟧"


class Pseudo(gettext.NullTranslations):
    """A catalogue that has every message."""

    def gettext(self, message: str) -> str:
        """Return the message in the pseudo-locale."""
        return pseudo(message)

    def ngettext(self, one: str, many: str, n: int) -> str:
        """Return the message for so many, by the English plural."""
        return pseudo(one if n == 1 else many)

    def pgettext(self, context: str, message: str) -> str:
        """Return the message in the pseudo-locale, whatever the context."""
        return pseudo(message)


def _twice(found: re.Match[str]) -> str:
    return found[0] + found[0].lower()
