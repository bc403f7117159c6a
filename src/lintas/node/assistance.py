"""Gathers what several rooms know of a case into the paper by which its open requests go from police to police."""

from lintas.model import times
from lintas.model.errors import NotFound
from lintas.node.assembly import Node
from lintas.node.seeing import Carried, View
from lintas.requests import assistance
from lintas.requests.letter import Head, Letter
from lintas.storage.engine import Transaction
from lintas.text.translation import words


class Paper(View, frozen=True):
    """The paper, and the requests that it repeats: what peers told of those is shown with them."""

    letter: Letter
    holds: tuple[str, ...]

    def carries(self) -> tuple[Carried, ...]:
        """Return the requests."""
        return tuple(Carried("hold", hold, what="letter") for hold in self.holds)


def paper_of(node: Node, tx: Transaction, case: str, *, language: str = "", to: str = "") -> Paper:
    """Return the paper in a language ("" for the authority's own); NotFound where nothing of the case is being asked for."""
    bar, reports, parts = node.chase.bar(tx, case), node.intake.of_case(tx, case), node.parts
    if bar is None or not reports:
        raise NotFound(f"no case {case!r} of our own", "take the id from the list of cases")
    about = assistance.Case(
        bar=bar,
        holds=node.orders.of_case(tx, case),
        scheme=next((report.scheme for report in reports if report.scheme != "unknown"), "unknown"),
        reported_at=min(report.received_at for report in reports),
        urgent=any(report.urgent_harm for report in reports),
        jurisdiction=parts.directory.jurisdiction_of(parts.identity.authority),
        peers={
            member.authority: (member.name, member.jurisdiction)
            for member in parts.directory.peers(parts.identity.authority)
        },
    )
    letter = assistance.write(
        about,
        head=Head(authority=parts.name, language=parts.language, exercise=parts.identity.exercise),
        contact=parts.contact,
        at=times.render(parts.clock.now()),
        words=words(language or parts.language),
        to=to,
    )
    return Paper(letter, tuple(hold.id for hold in assistance.open_requests(about.holds, to)))
