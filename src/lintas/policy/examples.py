"""Examples that stand in a table beside its rules and are signed with them: a question each, and what must come out."""

from collections.abc import Mapping
from typing import Protocol

import msgspec

from lintas.model.errors import BadInput
from lintas.model.money import MAX_MINOR, Money, exponents
from lintas.model.places import jurisdictions
from lintas.model.times import parse
from lintas.policy import cells
from lintas.policy.cells import MAX_HOURS, Place
from lintas.policy.reading import Cell
from lintas.policy.records import Decision, Example, Question, Status
from lintas.policy.vocabulary import CONDITIONS, LISTS, PURPOSES, REDACTABLE, STATUSES

#: Fewer than this and a table is not tested.
ENOUGH = 30
_ASKED = (*LISTS, "peer", "peer_jurisdiction", "exercise", "at")
_MAY_ASK = ("status", "conditions", "amount", "automatic_today", "approvers")
_EXPECTED = ("outcome", "rule")
_MAY_EXPECT = ("law", "humans", "missing", "redact", "expires_hours", "onward", "use", "hold_hours", "confirm_hours")
_LISTED: dict[str, tuple[str, ...]] = {
    "missing": (*CONDITIONS, "approver", "second_approver"),
    "redact": tuple(REDACTABLE),
    "use": tuple(PURPOSES),
}


class Decides(Protocol):
    """A table, or an altered one."""

    @property
    def examples(self) -> tuple[Example, ...]:
        """Return the examples."""
        ...

    def decide(self, question: Question) -> Decision:
        """Decide."""
        ...

    def as_status(self, status: Status) -> "Decides":
        """Return the table as if it had another status."""
        ...


class Verdict(msgspec.Struct, frozen=True):
    """What came of one example; ``differences`` is empty when it passed."""

    example: Example
    decision: Decision
    differences: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Return whether everything expected came out."""
        return not self.differences


def check(table: Decides) -> list[Verdict]:
    """Ask the table every one of its examples, in written order."""
    return [ask(table, example) for example in table.examples]


def ask(table: Decides, example: Example) -> Verdict:
    """Ask the table one example, in the status that the example names."""
    taken = table if example.status is None else table.as_status(example.status)
    decision = taken.decide(example.question)
    return Verdict(example, decision, _differences(example.expected, decision))


def read(cell: Cell, place: Place) -> tuple[Example, ...]:
    """Read ``examples: {given: ..., cases: [...]}``; ``given`` holds what each case asks unless it says otherwise."""
    place = Place(place.source, "examples")
    row = cells.mapping(cell, place)
    cells.check_columns(row, cell.line, place, needed=("cases",), allowed=("given",))
    given = cells.mapping(row["given"], place.at("given")) if "given" in row else {}
    cells.check_columns(given, cell.line, place, needed=(), allowed=(*_ASKED, *_MAY_ASK))
    return tuple(
        _example(case, given, Place(place.source, f"example {number}"))
        for number, case in enumerate(cells.items(row["cases"], place.at("cases")), start=1)
    )


def _example(case: Cell, given: Mapping[str, Cell], place: Place) -> Example:
    own = cells.mapping(case, place)
    row = {**given, **own}
    allowed = ("why", *_ASKED, *_MAY_ASK, *_MAY_EXPECT)
    cells.check_columns(row, case.line, place, needed=(*_EXPECTED, *_ASKED), allowed=allowed)
    expected = {column: _expected(column, own[column], place.at(column)) for column in _MAY_EXPECT if column in own}
    expected |= {
        "outcome": cells.one(row["outcome"], ("permit", "redact", "ask", "refuse"), place.at("outcome")),
        "rule": _rules_named(row["rule"], place.at("rule")),
    }
    why = cells.text(row["why"], place.at("why")) if "why" in row else ""
    status = cells.one(row["status"], tuple(STATUSES), place.at("status")) if "status" in row else None
    return Example(
        line=case.line,
        why=why,
        question=_question(row, place),
        status=msgspec.convert(status, Status | None),
        expected=expected,
    )


def _question(row: Mapping[str, Cell], place: Place) -> Question:
    """Read the question; a misspelt value is refused here, so that no example passes for the wrong reason."""
    listed = {column: cells.one(row[column], known, place.at(column)) for column, known in LISTS.items()}
    approvers = cells.whole(row["approvers"], place.at("approvers"), most=2) if "approvers" in row else 0
    today = (
        cells.whole(row["automatic_today"], place.at("automatic_today"), most=1_000_000)
        if "automatic_today" in row
        else None
    )
    documents = cells.items(row["conditions"], place.at("conditions")) if "conditions" in row else []
    try:
        moment = parse(cells.text(row["at"], place.at("at")))
    except BadInput as wrong:
        place.at("at").refuse(row["at"].line, wrong.what, wrong.do)
    return Question(
        **listed,
        peer=cells.text(row["peer"], place.at("peer")),
        peer_jurisdiction=cells.one(row["peer_jurisdiction"], jurisdictions(), place.at("peer_jurisdiction")),
        exercise=cells.flag(row["exercise"], place.at("exercise")),
        at=moment,
        conditions=frozenset(_document(cell, place.at("conditions")) for cell in documents),
        amount=_amount(row["amount"], place.at("amount")) if "amount" in row else None,
        automatic_today=today,
        approver_present=approvers >= 1,
        second_approver_present=approvers >= 2,
    )


def _document(cell: Cell, place: Place) -> str:
    value = cells.text(cell, place)
    kind, _, reference = value.partition(":")
    cells.one(Cell(kind, cell.line), CONDITIONS, place)
    if not reference.strip():
        place.refuse(cell.line, f"the document {value!r} has no reference", "write kind:reference")
    return value


def _amount(cell: Cell, place: Place) -> Money:
    row = cells.mapping(cell, place)
    cells.check_columns(row, cell.line, place, needed=("amount_minor", "currency"), allowed=())
    return Money(
        cells.whole(row["amount_minor"], place, most=MAX_MINOR),
        cells.one(row["currency"], exponents(), place.at("currency")),
    )


def _rules_named(cell: Cell, place: Place) -> tuple[str, ...]:
    if cell.value == "none":
        return ()
    return cells.several(cell, None, place) if isinstance(cell.value, list) else (cells.text(cell, place),)


def _expected(column: str, cell: Cell, place: Place) -> str | int | tuple[str, ...]:
    if column == "law":
        return cells.text(cell, place)
    if column in _LISTED:
        return cells.several(cell, _LISTED[column], place) if cell.value else ()
    return cells.flag(cell, place) if column == "onward" else cells.whole(cell, place, most=MAX_HOURS)


def _differences(expected: Mapping[str, str | int | tuple[str, ...]], decision: Decision) -> tuple[str, ...]:
    came = {
        "outcome": decision.outcome,
        "rule": decision.rules,
        "humans": decision.humans,
        "missing": decision.missing,
        "redact": decision.redact,
        "expires_hours": decision.expires_hours,
        "onward": decision.obligations.onward,
        "use": decision.obligations.use,
        "hold_hours": decision.hold_hours,
        "confirm_hours": decision.confirm_hours,
    }
    found = [
        f"{name} {_plain(came[name])}, expected {_plain(want)}"
        for name, want in expected.items()
        if name != "law" and came[name] != want
    ]
    law = expected.get("law")
    # A lawyer writes "s.12" where the statute is plain from the rule; the whole title is accepted too.
    if isinstance(law, str) and not any(section == law or section.endswith(f", {law}") for section in decision.law):
        found.append(f"law {_plain(decision.law)}, expected {law}")
    return tuple(found)


def _plain(value: object) -> str:
    return (", ".join(value) or "none") if isinstance(value, tuple) else str(value)
