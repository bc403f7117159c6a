"""Reads one row of a table into a rule, and refuses one that could do harm: no expiry, an order without law, a stray law."""

from collections.abc import Mapping

from lintas.model.errors import BadInput
from lintas.model.money import MAX_MINOR
from lintas.model.money import currency as known_currency
from lintas.model.places import jurisdictions
from lintas.policy import cells
from lintas.policy.cells import MAX_HOURS, Place
from lintas.policy.reading import Cell
from lintas.policy.records import Automatic, Humans, Rule
from lintas.policy.vocabulary import CONDITIONS, LISTS, PURPOSES, REDACTABLE

NO_LAW_FOUND = "none-found"
#: Columns that say when a rule applies; all but ``provenance`` must be stated (``any`` where everything is meant).
MATCHING = (
    "action",
    "plane",
    "category",
    "subject",
    "purpose",
    "peer",
    "peer_jurisdiction",
    "holder",
    "channel",
    "provenance",
)
NEEDED = ("id", "effect", "law", *MATCHING[:-1])
#: Columns that say on what terms; a prohibition has none of those after ``note``.
OPTIONAL = (
    "provenance",
    "from",
    "to",
    "note",
    "conditions",
    "humans",
    "automatic",
    "expires_hours",
    "onward",
    "use",
    "redact",
    "hold_hours",
    "confirm_hours",
)
_TERMS = OPTIONAL[4:]


def rule(item: Cell, statutes: Mapping[str, str], place: Place, position: int) -> Rule:
    """Read one rule; ``position`` (from 1) names it while its id is not known."""
    row = cells.mapping(item, Place(place.source, f"rule number {position}"))
    name = row["id"].value if "id" in row else ""
    place = Place(place.source, f"rule {name[:60]}" if isinstance(name, str) and name else f"rule number {position}")
    cells.check_columns(row, item.line, place, needed=NEEDED, allowed=OPTIONAL)
    effect = cells.one(row["effect"], ("permit", "forbid"), place.at("effect"))
    found = Rule(
        id=_id(row["id"], place.at("id")),
        effect="permit" if effect == "permit" else "forbid",
        match=_match(row, place),
        law=_law(row["law"], statutes, place.at("law")),
        starts=cells.day(row["from"], place.at("from")) if "from" in row else None,
        ends=cells.day(row["to"], place.at("to")) if "to" in row else None,
        conditions=_listed(row, "conditions", CONDITIONS, place),
        humans=_humans(row, place),
        automatic=_automatic(row["automatic"], place.at("automatic")) if "automatic" in row else None,
        expires_hours=_hours(row, "expires_hours", place),
        onward="onward" in row and cells.flag(row["onward"], place.at("onward")),
        use=_listed(row, "use", PURPOSES, place),
        redact=_listed(row, "redact", REDACTABLE, place),
        hold_hours=_hours(row, "hold_hours", place),
        confirm_hours=_hours(row, "confirm_hours", place),
        note=cells.text(row["note"], place.at("note")) if "note" in row else "",
    )
    _check_whole(found, row, item.line, place)
    return found


def _id(cell: Cell, place: Place) -> str:
    value = cells.text(cell, place)
    if len(value) > 60 or not all(
        char.isascii() and (char.islower() or char.isdigit() or char == "-") for char in value
    ):
        place.refuse(
            cell.line, f"{value[:60]!r} is no rule id", "use lower-case letters, digits and hyphens, at most 60"
        )
    return value


def _match(row: Mapping[str, Cell], place: Place) -> dict[str, tuple[str, ...]]:
    """Read the matching columns; ``any`` leaves its column out, an absent provenance means one's own data only."""
    match: dict[str, tuple[str, ...]] = {}
    for column in MATCHING:
        if column not in row:
            match[column] = ("own",)
            continue
        known = {"peer": None, "peer_jurisdiction": jurisdictions()}.get(column, LISTS.get(column))
        if (values := cells.several_or_any(row[column], known, place.at(column))) is not None:
            match[column] = values
    return match


def _law(cell: Cell, statutes: Mapping[str, str], place: Place) -> tuple[str, ...]:
    if cell.value == NO_LAW_FOUND:
        return ()
    sections = cells.several(cell, None, place) if isinstance(cell.value, list) else (cells.text(cell, place),)
    for section in sections:
        if not any(section.startswith(f"{title}, ") for title in statutes):
            place.refuse(
                cell.line,
                f"{section!r} begins with no statute of this table",
                f"write the statute's title as listed, a comma and the section; or {NO_LAW_FOUND}",
            )
    return sections


def _listed(row: Mapping[str, Cell], column: str, known: Mapping[str, str], place: Place) -> tuple[str, ...]:
    return cells.several(row[column], known, place.at(column)) if column in row else ()


def _hours(row: Mapping[str, Cell], column: str, place: Place) -> int | None:
    return cells.whole(row[column], place.at(column), least=1, most=MAX_HOURS) if column in row else None


def _humans(row: Mapping[str, Cell], place: Place) -> Humans:
    number = cells.whole(row["humans"], place.at("humans"), most=2) if "humans" in row else 0
    return 0 if number == 0 else 1 if number == 1 else 2


def _automatic(cell: Cell, place: Place) -> Automatic:
    columns = ("amount_minor", "currency", "per_day")
    row = cells.mapping(cell, place)
    cells.check_columns(row, cell.line, place, needed=columns, allowed=())
    try:
        code = known_currency(cells.text(row["currency"], place))
    except BadInput as wrong:
        if wrong.where:
            raise
        place.refuse(cell.line, wrong.what, wrong.do)
    return Automatic(
        amount_minor=cells.whole(row["amount_minor"], place, most=MAX_MINOR),
        currency=code,
        per_day=cells.whole(row["per_day"], place, most=1_000_000),
    )


def _check_whole(rule: Rule, row: Mapping[str, Cell], line: int, place: Place) -> None:
    """Refuse what each cell allows alone but the whole must not: these keep DESIGN section 9.4 and 9.8 out of harm's way."""
    actions, planes = rule.match.get("action", ("order", "release", "admit")), rule.match.get("plane", ("A", "B", "C"))
    if rule.starts is not None and rule.ends is not None and rule.ends < rule.starts:
        place.refuse(line, "the rule ends before it begins", "put from and to in order")
    if rule.effect == "forbid":
        for column in (column for column in _TERMS if column in row):
            place.refuse(
                row[column].line, f"a prohibition has no {column}", "leave the column out, or make it a permit"
            )
        return
    if "release" in actions and {"B", "C"} & set(planes) and rule.expires_hours is None:
        place.refuse(line, "this rule lets personal data out without an expiry", "state expires_hours")
    if "order" in actions:
        if actions != ("order",):
            place.refuse(line, "this rule mixes orders with other actions", "write one rule for each")
        if "hold_order" in rule.match.get("category", ("hold_order",)) and rule.hold_hours is None:
            place.refuse(line, "a hold that never ends", "state hold_hours")
        if rule.humans == 0:
            place.refuse(
                line, "an order without a named approver", "state humans: 1 (automatic orders go by their cap)"
            )
        return
    if order_terms := [column for column in ("hold_hours", "confirm_hours") if column in row]:
        place.refuse(row[order_terms[0]].line, f"{order_terms[0]} belongs to orders only", "leave the column out")
    asks = (actions, rule.match.get("category")) == (("release",), ("hold_request",))
    if "automatic" in row and not asks:
        what = "automatic belongs to orders, and to rules that release hold requests alone"
        place.refuse(row["automatic"].line, what, "leave the column out")
