"""What the product says in English, Malay and Thai: messages, the words of closed lists, dates, and which language to take.

Messages are written in English where they are used and looked up in ``locales/<language>/lintas.po`` (gettext); what has no
translation is said in English. ``docs/translate.py`` keeps the catalogues up to date; docs/words.md is the glossary.
"""

import gettext
import io
import re
from datetime import datetime
from functools import cache
from importlib import resources

from babel.dates import get_month_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from lintas.model import times
from lintas.model.errors import BadInput
from lintas.text import pseudo

#: The languages by their code (BCP 47), each under its own name; the first one is what messages are written in.
LANGUAGES = {"en": "English", "ms": "Bahasa Melayu", "th": "ไทย"}
#: The language that only tests and exercises use.
PSEUDO = pseudo.LANGUAGE
#: Set in the header of a catalogue that a machine translated and no native speaker has read.
MACHINE_MADE = "X-Lintas-Machine-Made"
#: The context of a closed list's words: "refused" in a column is not always translated like "refused" in a sentence.
CODE = "code"
#: Jurisdictions whose authorities write one of these languages, other than English.
_OFFICIAL = {"BN": "ms", "MY": "ms", "TH": "th"}
_BUDDHIST_ERA = 543
_LONGEST_HEADER = 1000
#: One member of Accept-Language (RFC 9110, sections 12.4.2 and 12.5.4).
_RANGE = re.compile(
    r"\s*(?P<tag>\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*[qQ]=(?P<q>0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?"
)


def mark(message: str) -> str:
    """Return the message as it is: marks English text in Python that is translated where it is shown."""
    return message


class Words:
    """One language: its messages, words and dates. ``language`` is its code, as HTML's ``lang`` wants it too."""

    def __init__(self, language: str, catalogue: gettext.NullTranslations, *, machine_made: bool = False) -> None:
        self.language = language
        #: How the language is written: every one so far from left to right.
        self.direction = "ltr"
        #: A machine translated it and no native speaker has read it; pages and letters say so.
        self.machine_made = machine_made
        self._catalogue = catalogue

    @property
    def name(self) -> str:
        """Return the language's name in itself."""
        return LANGUAGES.get(self.language, self.language)

    def gettext(self, message: str) -> str:
        """Return the message in this language, its placeholders ``%(name)s`` still open."""
        # gettext keeps its header under the empty message.
        return self._catalogue.gettext(message) if message else ""

    def ngettext(self, one: str, many: str, n: int) -> str:
        """Return the message for ``n`` things, its placeholders still open."""
        return self._catalogue.ngettext(one, many, n)

    def pgettext(self, context: str, message: str) -> str:
        """Return the message as it is said in this context, its placeholders still open."""
        return self._catalogue.pgettext(context, message) if message else ""

    def say(self, message: str, **values: object) -> str:
        """Return the message with its placeholders filled; a per cent sign in it is written ``%%``."""
        return self.gettext(message) % values

    def code(self, value: str) -> str:
        """Return the words for a value of a closed list; what is in no list is shown in its own words."""
        return self.pgettext(CODE, value.replace("_", " "))

    def moment(self, at: str) -> str:
        """Show a time (RFC 3339) to the second, in UTC; what is no time, as a peer may write, stays as it is."""
        moment = _time(at)
        return at if moment is None else f"{self._date(moment)} {moment:%H:%M:%S} UTC"

    def day(self, at: str) -> str:
        """Show the day of a time (RFC 3339), in UTC; what is no time stays as it is."""
        moment = _time(at)
        return at if moment is None else self._date(moment)

    def _date(self, moment: datetime) -> str:
        if self.language not in ("ms", "th"):
            return f"{moment:%Y-%m-%d}"
        month = get_month_names("abbreviated", locale=self.language)[moment.month]
        # Thai law and letters count from the Buddha's passing: 2026 is 2569.
        return f"{moment.day} {month} {moment.year + (_BUDDHIST_ERA if self.language == 'th' else 0)}"


@cache
def words(language: str) -> Words:
    """Return a language by its code; BadInput for one that there is not."""
    if language == PSEUDO:
        return Words(PSEUDO, pseudo.Pseudo())
    if language not in LANGUAGES:
        raise BadInput(
            f"there is no language {language[:40]!r}", f"use one of {', '.join(LANGUAGES)}", where="language"
        )
    if language == "en":
        return Words(language, gettext.NullTranslations())
    text = resources.files("lintas.text").joinpath(f"locales/{language}/lintas.po").read_text("utf-8")
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.StringIO(text)))
    compiled.seek(0)
    return Words(language, gettext.GNUTranslations(compiled), machine_made=machine_made(text))


def official(jurisdiction: str) -> str:
    """Return the language that authorities of a jurisdiction (ISO 3166 code) write in; English where lintas has not theirs."""
    return _OFFICIAL.get(jurisdiction, "en")


def machine_made(catalogue: str) -> bool:
    """Tell whether the header of a catalogue (the text of a PO file) says that a machine made it."""
    # Babel reads no header that it does not know.
    return f'"{MACHINE_MADE}: yes\\n"' in catalogue.partition("\n\n")[0]


def best(accept_language: str) -> str:
    """Return the language that a browser likes best (RFC 9110, section 12.5.4); English if the header is none or wrong."""
    if len(accept_language) > _LONGEST_HEADER:
        return "en"
    liked: dict[str, float] = {}
    for member in accept_language.split(","):
        if not member.strip():
            continue
        found = _RANGE.fullmatch(member)
        if found is None:
            return "en"
        # "th-TH" is served by "th" (RFC 4647, section 3.4); the first of two equal ones wins.
        liked.setdefault(found["tag"].split("-")[0].lower(), float(found["q"] or 1))
    known = {language: liked.get(language, liked.get("*", 0.0)) for language in LANGUAGES}
    order = [*liked, *LANGUAGES]
    return min((one for one in known if known[one] > 0), key=lambda one: (-known[one], order.index(one)), default="en")


def _time(at: str) -> datetime | None:
    try:
        return times.parse(at)
    except BadInput:
        return None
