"""One authority's decision table: read strictly from its signed text, asked questions, rendered for a lawyer."""

import hashlib
from typing import get_args

import msgspec

from lintas.model.errors import BadInput
from lintas.model.places import jurisdiction as known_jurisdiction
from lintas.policy import cells, examples, rows, sentences
from lintas.policy import rules as evaluator
from lintas.policy.cells import Place
from lintas.policy.reading import Cell, read
from lintas.policy.records import Decision, Example, Question, Rule, Status

SCHEMA = "lintas-policy/1"
MAX_RULES = 2_000
_NEEDED = ("schema", "jurisdiction", "status", "title", "statutes", "rules")
_ALLOWED = ("examples",)


class PolicyTable(msgspec.Struct, frozen=True, kw_only=True):
    """A valid table: ``sha256`` is the lower-case hex digest of exactly the bytes read, ``statutes`` maps title to source."""

    source: str
    jurisdiction: str
    status: Status
    title: str
    sha256: str
    statutes: dict[str, str]
    rules: tuple[Rule, ...]
    examples: tuple[Example, ...] = ()
    index: dict[tuple[str, str], tuple[evaluator.Candidate, ...]]

    @classmethod
    def load(cls, text: bytes | str, *, source: str) -> "PolicyTable":
        """Read and validate a table; BadInput names ``source``, line, rule and column of the first thing that is wrong."""
        root, data = read(text, source=source)
        place = Place(source)
        row = cells.mapping(root, place)
        cells.check_columns(row, root.line, place, needed=_NEEDED, allowed=_ALLOWED)
        cells.one(row["schema"], (SCHEMA,), place.at("schema"))
        statutes = _statutes(row["statutes"], place.at("statutes"))
        status = _status(row["status"], place.at("status"))
        read_rules = _rules(row["rules"], statutes, status, place)
        return cls(
            source=source,
            jurisdiction=_jurisdiction(row["jurisdiction"], place.at("jurisdiction")),
            status=status,
            title=cells.text(row["title"], place.at("title")),
            sha256=hashlib.sha256(data).hexdigest(),
            statutes=statutes,
            rules=read_rules,
            examples=examples.read(row["examples"], place) if "examples" in row else (),
            index=evaluator.index(read_rules),
        )

    def with_rules(self, changed: tuple[Rule, ...]) -> "PolicyTable":
        """Return the table with other rules under the same digest: for asking "what if", never for deciding at the border."""
        return msgspec.structs.replace(self, rules=changed, index=evaluator.index(changed))

    def as_status(self, status: Status) -> "PolicyTable":
        """Return the table as if it had another status, under the same digest: for asking "what once signed?" only."""
        return msgspec.structs.replace(self, status=status)

    def decide(self, question: Question) -> Decision:
        """Decide; never raises, whatever the question holds."""
        return evaluator.decide(
            question,
            jurisdiction=self.jurisdiction,
            status=self.status,
            policy=self.sha256,
            candidates=self._candidates,
        )

    def render(self, rule: Rule) -> str:
        """Return one rule as one English sentence with its section of law."""
        return sentences.render(rule, self.jurisdiction)

    def _candidates(self, action: str, category: str) -> tuple[evaluator.Candidate, ...]:
        return self.index.get((action, category), ())


def signing_text(table: bytes) -> bytes:
    """Return the text that the authority's key signs (as a signed note): form, jurisdiction, status, digest; a line each.

    BadInput when the bytes are no valid table: nobody should sign what no node would load.
    """
    loaded = PolicyTable.load(table, source="the table to sign")
    return f"lintas-policy/v1\n{loaded.jurisdiction}\n{loaded.status}\n{loaded.sha256}\n".encode()


def _jurisdiction(cell: Cell, place: Place) -> str:
    try:
        return known_jurisdiction(cells.text(cell, place))
    except BadInput as wrong:
        if wrong.where:
            raise
        place.refuse(cell.line, wrong.what, wrong.do)


def _status(cell: Cell, place: Place) -> Status:
    status: Status = msgspec.convert(cells.one(cell, get_args(Status), place), Status)
    return status


def _statutes(cell: Cell, place: Place) -> dict[str, str]:
    return {title: cells.text(source, place) for title, source in cells.mapping(cell, place).items()}


def _rules(cell: Cell, statutes: dict[str, str], status: Status, place: Place) -> tuple[Rule, ...]:
    listed = cells.items(cell, place.at("rules"))
    if len(listed) > MAX_RULES:
        place.refuse(cell.line, f"{len(listed)} rules are over the limit of {MAX_RULES}", "merge rules")
    found: dict[str, Rule] = {}
    for position, item in enumerate(listed, start=1):
        rule = rows.rule(item, statutes, place, position)
        if (
            status == "in-force"
            and not rule.law
            and rule.effect == "permit"
            and "order" in rule.match.get("action", ("order",))
        ):
            # DESIGN section 9.8; a draft or an exercise may show the gap, since no order of theirs takes effect.
            Place(place.source, f"rule {rule.id}", "law").refuse(
                item.line,
                "an order needs a section of law before the table is in force",
                "cite one, or leave the rule out",
            )
        if rule.id in found:
            place.refuse(item.line, f"the rule id {rule.id} stands in this table twice", "give each rule its own id")
        found[rule.id] = rule
    return tuple(found.values())
