"""The order as a letter: what a bank's lawyer needs to see before money is held, and how its owner can object.

It is written once, in a language, as named facts and fixed sentences; plain text, page and PDF show the same ``Letter``. What
others wrote (a reference, a name) stands in a fact of its own, never inside a sentence: no text of theirs can alter an order.
"""

import base64
import hashlib
import hmac
import textwrap
import unicodedata

import msgspec

from lintas.model.money import show
from lintas.model.places import jurisdictions
from lintas.requests.records import Order
from lintas.text.translation import Words, mark

#: Columns of the plain text.
WIDTH = 96


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What is the same in every letter of one authority: its name, the language it writes in, and whether it is playing."""

    authority: str
    language: str = "en"
    exercise: bool = False


class Fact(msgspec.Struct, frozen=True):
    """One named value; what it says is data and in no language."""

    label: str
    value: str


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a letter: a heading ("" for none), sentences, the facts that follow them, and a table under its header."""

    heading: str = ""
    sentences: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """An order as a letter in ``language``; ``notices`` are what a reader must know of the letter itself."""

    language: str
    reference: str
    title: str
    sender: tuple[str, ...]
    about: tuple[Fact, ...]
    sections: tuple[Section, ...]
    notices: tuple[str, ...] = ()

    def plain(self) -> str:
        """Return the letter as plain text; sentences are wrapped, facts keep to their line."""
        parts = [
            "\n".join(self.sender),
            *(_wrapped(notice) for notice in self.notices),
            _lined_up(self.about),
            self.title.upper(),
        ]
        for section in self.sections:
            parts += [section.heading.upper()] if section.heading else []
            parts += ["\n".join(_wrapped(sentence) for sentence in section.sentences)] if section.sentences else []
            parts += [textwrap.indent(_lined_up(section.facts), "    ")] if section.facts else []
            parts += [textwrap.indent(_rows(section.table), "    ")] if section.table else []
        return "\n\n".join(parts) + "\n"


def token_of(salt: bytes) -> str:
    """Return the token by which somebody may object to the order with this salt: 26 letters and digits (130 bits).

    It is made from the salt of the order's ledger commitment, so that erasing the one ends the other.
    """
    return base64.b32encode(hmac.digest(salt, b"lintas appeal token v1", "sha256")).decode()[:26].lower()


def token_hash(token: str) -> str:
    """Return the SHA-256 under which a token is found."""
    return hashlib.sha256(token.encode()).hexdigest()


def write(order: Order, *, head: Head, words: Words, objections: str = "") -> Letter:
    """Write the letter in a language; times are UTC, to the second; ``objections`` is the address where to object."""
    say = words.gettext
    desk = say("fraud desk")
    place = jurisdictions().get(order.basis.jurisdiction, order.basis.jurisdiction)
    owner = Section(
        heading=say("For the owner of the account"),
        sentences=(
            say("Whoever the held amount belongs to by right can object, without a lawyer and at no cost."),
            say("A person decides, who is not the one that approved this order, and says why."),
            say("Please hand on this address:"),
        ),
        facts=(Fact("", objections),),
    )
    return Letter(
        language=words.language,
        reference=order.id,
        title=say("Order to hold an amount"),
        sender=(head.authority, words.code(place)),
        about=(
            Fact(say("To"), f"{order.bank}, {desk}"),
            Fact(say("Reference"), order.id),
            Fact(say("Date"), words.moment(order.issued_at)),
        ),
        sections=(_order(order, words), _answering(order, words), *([owner] if objections else [])),
        notices=notices(head, words),
    )


def _order(order: Order, words: Words) -> Section:
    say, baton = words.gettext, order.baton
    facts = [
        Fact(say("Amount"), f"{show(order.amount_minor, order.currency)} {order.currency}"),
        Fact(say("Law"), order.basis.law),
        Fact(say("Rule"), order.basis.rule),
        Fact(say("Transfer"), baton.transfer),
        Fact(
            say("Part of the transfer"),
            # Minor units of the transfer: the same figures in every language.
            f"{show(baton.start, baton.currency)} – {show(baton.end, baton.currency)} {baton.currency}",
        ),
        Fact(say("Valid until"), words.moment(order.expires)),
    ]
    if order.holder != "bank":
        facts.insert(0, Fact(say("Addressed as"), words.code(order.holder)))
    if order.confirmed_at:
        facts.append(Fact(say("Confirmed for longer"), f"{words.moment(order.confirmed_at)}, {order.reference}"))
    if order.closed_at:
        facts.append(Fact(say("Ended"), words.moment(order.closed_at)))
    sentences = [say("Under the law named here, we order you to hold this amount, and no more:")]
    if order.holder == "token_issuer":
        sentences.append(
            say(
                "Freeze, at the token's contract, the address that this transfer reached. A freeze stops everything at that "
                "address: lift it as soon as the amount is kept apart, and at the end named here at the latest."
            )
        )
    return Section(
        sentences=tuple(sentences),
        facts=tuple(facts),
    )


def _answering(order: Order, words: Words) -> Section:
    say = words.gettext
    approvers = ", ".join(filter(None, (order.approver, order.second_approver)))
    by = mark("Issued without a person, by rule") if order.automatic else mark("Approved by")
    return Section(
        sentences=(
            say("It is this part of the transfer, traced by first-in-first-out, wherever it is in your ledger now."),
            say("This order covers an amount, not an account: the rest of any account stays free."),
            say("After the end named above you must not hold the amount under this order."),
            say(
                "Answer in full, in part, moved on, spent, or not found; "
                "if law prevents you, answer with the section that does."
            ),
        ),
        facts=(
            Fact(say(by), approvers),
            Fact(say("Questions"), order.contact),
        ),
    )


def notices(head: Head, words: Words) -> tuple[str, ...]:
    """Return what a reader must know of a letter itself: that it is an exercise, that a machine translated it."""
    said = []
    if head.exercise:
        said.append(words.gettext("Exercise: no money of real people is meant, and nobody need obey this letter."))
    if words.machine_made:
        said.append(words.gettext("A machine translated this letter. In doubt, ask for the English one."))
    return tuple(said)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def _lined_up(facts: tuple[Fact, ...]) -> str:
    width = max(_columns(fact.label) for fact in facts) + 3
    return "\n".join(
        f"{fact.label}:{' ' * (width - 1 - _columns(fact.label))}{fact.value}" if fact.label else fact.value
        for fact in facts
    )


def _rows(table: tuple[tuple[str, ...], ...]) -> str:
    widths = [max(_columns(cell) for cell in column) for column in zip(*table, strict=True)]
    return "\n".join(
        "   ".join(cell + " " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def _columns(text: str) -> int:
    """Return how wide a text stands: a Thai vowel or tone mark above or below its letter takes no room."""
    return sum(unicodedata.category(each) != "Mn" for each in text)
