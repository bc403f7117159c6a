"""The door: reads a report and returns its identifiers, each normalised, with its role and its place in the original text."""

import re

import phonenumbers

from lintas.model.errors import BadInput
from lintas.model.identifiers import Identifier, Role
from lintas.model.places import jurisdictions
from lintas.text import amounts, handles, moments, national_ids, numbers, roles, wallets, web
from lintas.text.finding import Finding, Page
from lintas.text.fold import Folded, fold
from lintas.text.phrases import Cues
from lintas.text.scripts import likely_jurisdiction

#: Nothing to find without one of these.
_HINT = re.compile(r"[0-9@.:=/]|\bid\b|[号號]|ไอดี", re.IGNORECASE)

_DIGIT = re.compile(r"[0-9]")


def extract(text: str, jurisdiction: str | None = None) -> list[Identifier]:
    """Return the identifiers in ``text`` in order of place; offsets count code points of ``text``.

    ``jurisdiction`` (ISO 3166-1 alpha-2, any case) says how national numbers are read; without it scripts and telling words
    decide, at lower confidence. TooLarge above 100,000 code points; BadInput on a lone surrogate or an unknown code.
    """
    place = _place(jurisdiction)
    folded = fold(text)
    if not _HINT.search(folded.text):
        return []
    found = sorted(_find(folded, place), key=lambda finding: (finding.start, finding.end, finding.type))
    said = Page(folded)
    for finding in found:
        said.cross_out(finding.start, finding.end)
    return [
        _identifier(folded, finding, role)
        for finding, role in zip(found, roles.assign(said.lower(), found), strict=True)
    ]


def _place(code: str | None) -> str | None:
    if code is None or not code.strip():
        return None
    known = code.strip().upper()
    if known not in jurisdictions() and known not in phonenumbers.SUPPORTED_REGIONS:
        raise BadInput(f"unknown jurisdiction {code[:20]!r}", "use an ISO 3166-1 alpha-2 code, e.g. XA or MY")
    return known


def _find(folded: Folded, place: str | None) -> list[Finding]:
    """Read from the surest shape to the least sure; what one reader explained the next no longer sees."""
    page = Page(folded)
    found: list[Finding] = []
    for finding in web.find_web(folded, page):
        found += handles.read_link(finding) if finding.type == "url" else [finding]
    found += wallets.find_wallets(page)
    found += handles.find_handles(page)
    if not _DIGIT.search(page.rest()):
        return found  # everything below is made of digits
    cues = Cues(numbers.kinds().find(page.lower()))
    found += national_ids.find_national_ids(page, cues)
    for amount in amounts.find_amounts(page.lower(), place):
        page.cross_out(amount.start, amount.end)
    for moment in moments.find_moments(page.lower()):
        page.cross_out(moment.start, moment.end)
    found += numbers.find_numbers(page, cues, place or likely_jurisdiction(folded.lower), place is None)
    return found


def _identifier(folded: Folded, finding: Finding, role: Role) -> Identifier:
    start, end = folded.span(finding.start, finding.end)
    return Identifier(
        type=finding.type,
        value=finding.value,
        start=start,
        end=end,
        role=role,
        confidence=finding.confidence,
        jurisdiction=finding.jurisdiction,
        bank=finding.bank,
        platform=finding.platform,
        chain=finding.chain,
        alternatives=finding.alternatives,
    )
