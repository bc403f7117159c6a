"""`lintas goaml`: a trail as a report to a financial intelligence unit, and such reports read."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lintas.model.errors import BadInput

if TYPE_CHECKING:
    from lintas.interop.goaml import Facts, Movement, Profile
    from lintas.trace.engine.index import Index
    from lintas.trace.questions.trail import Trail

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SCHEMA = click.option("--schema", type=_FILE, help="The unit's own XML schema: it is not ours to ship.")


@click.group()
def goaml() -> None:
    """Reports in goAML's shape, by the demands of one financial intelligence unit."""


@goaml.command()
@click.option("--trail", "trail_file", type=_FILE, required=True, help="What `lintas trace run --json` printed.")
@click.option("--index", "directory", type=click.Path(path_type=Path), required=True, help="The index it was asked of.")
@click.option("--facts", "facts_file", type=_FILE, required=True, help="YAML or JSON: who reports, why, the holders.")
@click.option("--profile", "name", default="generic", show_default=True, help="A shipped profile, or a YAML file.")
@_SCHEMA
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File for the report.")
def write(trail_file: Path, directory: Path, facts_file: Path, name: str, schema: Path | None, out: Path) -> None:
    """Write a report of every transfer on a trail."""
    import msgspec

    from lintas.interop import goaml as reports
    from lintas.trace.engine.files import load
    from lintas.trace.questions.trail import Trail
    from lintas.trust.keys import UNREADABLE

    try:
        trail = msgspec.json.decode(trail_file.read_bytes(), type=Trail)
    except UNREADABLE as wrong:
        do = "give what `lintas trace run --json` printed"
        raise BadInput(f"it is no trail ({wrong})", do, where=trail_file.name) from None
    profile, facts = _profile(name), _facts(facts_file)
    report = reports.report_of(_movements(trail, load(directory)), facts, profile)
    data = reports.write(report, institution=profile.institution, offset=profile.offset)
    _check(data, schema, out.name)
    out.write_bytes(data)
    click.echo(f"{len(report.transactions)} transactions for {profile.title}, report {report.report_code}, in {out}")


@goaml.command()
@click.argument("file", type=_FILE)
@click.option("--profile", "name", help="Check it by a shipped profile, or a YAML file.")
@_SCHEMA
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
def read(file: Path, name: str | None, schema: Path | None, as_json: bool) -> None:
    """Say what a report says; exit 1 where the unit's schema or profile would send it back."""
    import msgspec

    from lintas.interop import goaml as reports
    from lintas.model.money import Money

    data = file.read_bytes()
    _check(data, schema, file.name)
    profile = _profile(name) if name else None
    report = reports.read(data, where=file.name, offset=profile.offset if profile else "+00:00")
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        told = f"report {report.report_code} {report.entity_reference} of {report.rentity_id}"
        click.echo(f"{file.name}: {told}, {len(report.transactions)} transactions")
        for each in report.transactions:
            sides = " to ".join(_named(side) for side in (each.sender, each.receiver))
            click.echo(f"  {each.number}: {Money(each.amount_minor, report.currency)} {sides}")
    broken = list(profile.broken(report)) if profile else []
    for each_broken in broken:
        click.echo(f"{file.name}, {each_broken}", err=True)
    if broken:
        raise click.exceptions.Exit(1)


def _check(data: bytes, schema: Path | None, name: str) -> None:
    if schema is not None:
        from lintas.cli.iso20022 import check_schema

        check_schema(data, schema, name)


def _profile(name: str) -> "Profile":
    from lintas.interop.goaml import SHIPPED, load, shipped

    if name.lower() in SHIPPED or not Path(name).is_file():
        return shipped(name)
    return load(Path(name).read_bytes(), where=Path(name).name)


def _facts(file: Path) -> "Facts":
    import msgspec
    import yaml

    from lintas.interop.goaml import Facts

    try:
        return msgspec.convert(yaml.safe_load(file.read_bytes()), Facts)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as wrong:
        raise BadInput(f"it is no YAML ({str(wrong).splitlines()[0]})", "see docs/goaml.md", where=file.name) from None
    except msgspec.ValidationError as wrong:
        raise BadInput(f"the facts are incomplete ({wrong})", "see docs/goaml.md", where=file.name) from None


def _movements(trail: "Trail", index: "Index") -> "list[Movement]":
    """Return the transfers of a trail with what the holder's index knows of them; BadInput where it is another's."""
    from lintas.interop.goaml import Movement
    from lintas.trace.ledgers.ledger import OUTSIDE, from_microseconds

    if trail.snapshot != index.snapshot:
        what = f"the trail is of snapshot {trail.snapshot}, the index of {index.snapshot}"
        raise BadInput(what, "trace again in this index", where="--index")
    found = []
    for part in trail.intervals:
        number = index.number(part.transfer)
        sides: dict[str, Any] = {}
        for way, line in (("sender", index.out_line[number]), ("receiver", index.in_line[number])):
            own = line != OUTSIDE
            sides[way] = index.account(line) if own else index.party(number)
            sides[f"{way}_bank"] = "" if own else index.other_bank(number)
            sides[f"{way}_own"] = own
        found.append(
            Movement(
                transfer=part.transfer,
                at=from_microseconds(index.time[number]),
                amount_minor=index.settled[number],
                currency=index.code(number),
                start=part.start,
                end=part.end,
                hop=part.hop,
                method=trail.method,
                **sides,
            )
        )
    return found


def _named(side: Any) -> str:  # noqa: ANN401 — a side, whose class is loaded late
    if side.account is not None:
        return str(side.account.account)
    return str(side.person.last_name if side.person else side.entity.name)
