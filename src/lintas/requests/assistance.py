"""A case's open requests as one paper from police to police: as national bureaus ask one another to stop payments.

It repeats what our own table let leave as signed requests, and nothing else: who asks, under which law, what happened, by
which transfers, and what is asked. Names of victims are not in it, nor numbers of accounts: those are personal data that no
rule let leave, and what is asked to be held is an amount. It orders nothing: the reader decides by its own law.
"""

from collections.abc import Mapping, Sequence

import msgspec

from lintas.model.errors import NotFound
from lintas.model.money import show
from lintas.model.places import jurisdictions
from lintas.model.schemes import schemes
from lintas.requests.letter import Fact, Head, Letter, Section, notices
from lintas.requests.records import OPEN, Bar, Hold
from lintas.text.translation import Words


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What the paper is about."""

    bar: Bar
    holds: Sequence[Hold]
    scheme: str
    reported_at: str
    urgent: bool
    jurisdiction: str
    #: Peer -> the name of the authority, and its jurisdiction.
    peers: Mapping[str, tuple[str, str]] = {}


def open_requests(holds: Sequence[Hold], to: str = "") -> list[Hold]:
    """Return the requests that left and still wait for an answer; ``to`` names one peer, "" all."""
    return [
        hold
        for hold in holds
        if hold.direction == "asked" and hold.state in OPEN and hold.object and to in ("", hold.peer)
    ]


def write(case: Case, *, head: Head, contact: str, at: str, words: Words, to: str = "") -> Letter:
    """Write the paper in a language; NotFound where nothing of the case is being asked for (of that peer)."""
    holds = open_requests(case.holds, to)
    if not holds:
        what = f"no request of case {case.bar.case!r} waits abroad" if not to else f"nothing is being asked of {to!r}"
        raise NotFound(what, "ask for the money first: the paper repeats requests that left")
    say = words.gettext
    asked = ", ".join(dict.fromkeys(case.peers.get(hold.peer, (hold.peer, ""))[0] for hold in holds))
    return Letter(
        language=words.language,
        reference=case.bar.case,
        title=say("Request to stop payments"),
        sender=(head.authority, words.code(jurisdictions().get(case.jurisdiction, case.jurisdiction))),
        about=(
            Fact(say("To"), asked),
            Fact(say("Reference"), case.bar.case),
            Fact(say("Date"), words.moment(at)),
            Fact(
                say("Urgency"),
                say("a person is in danger") if case.urgent else say("the money may move within minutes"),
            ),
        ),
        sections=(
            _basis(holds, words),
            _happened(case, words),
            _transfers(case, holds, words),
            _wanted(contact, words),
            _signed(holds, words),
        ),
        notices=notices(head, words),
    )


def _basis(holds: Sequence[Hold], words: Words) -> Section:
    say = words.gettext
    laws = dict.fromkeys((hold.request_basis.law, hold.request_basis.rule) for hold in holds if hold.request_basis)
    until = min(filter(None, (hold.answer_by for hold in holds)), default="")
    facts = [fact for law, rule in laws for fact in (Fact(say("Law"), law), Fact(say("Rule"), rule))]
    if until:
        facts.append(Fact(say("Answer wanted by"), words.moment(until)))
    return Section(
        sentences=(
            say("We ask you to have the amounts below stopped and held, under your own law."),
            say("This is a request and orders nothing: you decide."),
        ),
        facts=tuple(facts),
    )


def _happened(case: Case, words: Words) -> Section:
    say, bar = words.gettext, case.bar
    return Section(
        heading=say("What happened"),
        facts=(
            Fact(say("Kind of fraud"), words.code(schemes().get(case.scheme, case.scheme))),
            Fact(say("Reported"), words.moment(case.reported_at)),
            Fact(say("Stolen"), f"{show(bar.stolen, bar.currency)} {bar.currency}"),
            Fact(say("Held so far"), f"{show(bar.held, bar.currency)} {bar.currency}"),
        ),
    )


def _transfers(case: Case, holds: Sequence[Hold], words: Words) -> Section:
    say = words.gettext
    header = (say("Transfer"), say("Amount"), say("Part of the transfer"), say("Bank"), say("Asked of"))
    rows = []
    for hold in holds:
        baton, (name, place) = hold.baton, case.peers.get(hold.peer, (hold.peer, ""))
        part = f"{show(baton.start, baton.currency)} – {show(baton.end, baton.currency)} {baton.currency}"
        rows.append(
            (
                baton.transfer,
                f"{show(hold.amount_minor, hold.currency)} {hold.currency}",
                part,
                baton.holder,
                f"{name} ({place})" if place else name,
            )
        )
    return Section(
        heading=say("Transfers"),
        sentences=(
            say("The part of each transfer is the stolen money in it, traced by first-in-first-out."),
            say("The bank finds the account in its own books by the reference of the transfer."),
        ),
        table=(header, *rows),
    )


def _wanted(contact: str, words: Words) -> Section:
    say = words.gettext
    return Section(
        heading=say("What we ask"),
        sentences=(
            say("Have at most these amounts held, wherever the money is now. The rest of any account stays free."),
            say("If it has moved on, tell us by which transfer and to which bank, so that we can ask there."),
            say("Please have the records of these transfers and accounts kept."),
            say("A formal request by the way of mutual legal assistance follows where your law needs one."),
        ),
        facts=(Fact(say("Questions"), contact),),
    )


def _signed(holds: Sequence[Hold], words: Words) -> Section:
    say = words.gettext
    return Section(
        heading=say("The signed requests"),
        sentences=(
            say("The same requests went to your authority signed, under these numbers. Only those are binding on us."),
        ),
        facts=tuple(Fact(hold.id, hold.object or "") for hold in holds),
    )
