"""What a case would have come to later: told by the author of an exercise, who knows, else by what is published."""

import msgspec

from lintas.model.errors import BadInput, NotAllowed, NotFound
from lintas.requests import changes_store, store
from lintas.requests.records import Later
from lintas.storage.engine import Transaction

#: At most so many moments are told of one case.
MOST = 40

#: Minutes, the least and the most that was still there, per mille, and who says so. The first: 80 to 90 % of a mule account
#: is empty after 3 to 10 minutes (Home Minister of Malaysia, 3 March 2026). The second: what national centres of the region
#: recovered of all losses, from 7.6 % (Indonesia, 2025) to 19 % (Malaysia).
_PUBLISHED = (
    (
        30,
        100,
        200,
        "https://www.malaymail.com/news/malaysia/2026/03/03/call-997-right-away-if-you-suspect-a-scam-fahmi-tells-malaysians/211156",
    ),
    (2 * 24 * 60, 76, 190, "https://thesun.my/world-news/s-11-billion-lost-to-scams-in-singapore-in-2024-JG13731923"),
)


class Comparison:
    """The comparisons of one authority's cases with later requests."""

    def __init__(self, *, exercise: bool) -> None:
        self._exercise = exercise

    def tell(self, tx: Transaction, case: str, told: list[Later]) -> None:
        """Keep what the author of an exercise knows of a case; NotAllowed outside exercises, where nobody can know."""
        if not self._exercise:
            raise NotAllowed("nobody can know this outside an exercise", "the page shows published figures instead")
        claim = store.claim(tx, case)
        if claim is None:
            raise NotFound(f"no money is followed in a case {case!r}", "take the id from the list of cases")
        if len(told) > MOST or any(not each.least_minor <= each.most_minor <= claim.stolen for each in told):
            raise BadInput("an amount lies outside what was stolen, or there are too many", "correct it", where="body")
        known = [msgspec.structs.replace(each, basis="books") for each in told]
        changes_store.keep_later(tx, case, known)

    def series_of(self, tx: Transaction, case: str) -> list[Later]:
        """Return all moments that the author of an exercise told of a case; nothing where nobody can know."""
        return changes_store.later_of(tx, case)

    def of_case(self, tx: Transaction, case: str) -> list[Later]:
        """Return the comparison of a case of our own; nothing for a peer's case, whose loss we do not know."""
        claim = store.claim(tx, case)
        if claim is None or claim.origin:
            return []
        told = changes_store.later_of(tx, case)
        if told:
            return [each for each in told if not each.finer] or told
        return [
            Later(
                minutes=minutes,
                least_minor=claim.stolen * least // 1000,
                most_minor=claim.stolen * most // 1000,
                source=source,
            )
            for minutes, least, most, source in _PUBLISHED
        ]
