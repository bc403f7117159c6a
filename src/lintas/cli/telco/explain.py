"""`lintas telco explain` and `preset`: what a gateway would do with a call, rung by rung, and a policy as a table."""

from pathlib import Path
from typing import get_args

import click
import msgspec

from lintas.telco.records import Call, Evidence, Listed, Trunk
from lintas.telco.verdicts.ladder import Ladder
from lintas.telco.verdicts.plans import plan, read_plan
from lintas.telco.verdicts.ported import Ported, read_ported
from lintas.telco.verdicts.presets import Preset, names, presets, read_preset
from lintas.telco.verdicts.records import SITUATIONS, Step
from lintas.text.translation import words


class _NoList:
    """No list: every number is judged by plan and policy alone."""

    def find(self, number: int) -> Listed | None:
        """Return nothing."""
        return None


def _preset(name: str) -> Preset:
    return read_preset(Path(name)) if name.endswith((".yaml", ".yml", ".toml")) else presets(name)


@click.command()
@click.argument("number")
@click.option("--to", "b", default="", metavar="NUMBER", help="The called number.")
@click.option(
    "--forwarded-by", "diverted", default="", metavar="NUMBER", help="Who is said to have forwarded the call."
)
@click.option(
    "--trunk",
    type=click.Choice(get_args(Trunk)),
    default="international",
    show_default=True,
    help="By which way the call comes in.",
)
@click.option(
    "--preset", "preset_name", default="my", show_default=True, metavar="NAME|FILE", help="Whose policy decides."
)
@click.option("--jurisdiction", default="XA", show_default=True, metavar="CODE", help="Where the call comes in.")
@click.option("--plan", "plan_file", type=click.Path(path_type=Path), help="An operator's own numbering plan, instead.")
@click.option("--ported", type=click.Path(path_type=Path), help="CSV number,operator: whose ported numbers are now.")
@click.option(
    "--level",
    type=click.Choice(get_args(Evidence)),
    default="on-call",
    show_default=True,
    help="The strongest evidence that home networks give.",
)
@click.option("--partner", "partners", multiple=True, metavar="CODE", help="A jurisdiction whose node answers.")
@click.option("--json", "as_json", is_flag=True, help="Print the steps as one JSON document.")
def explain(
    number: str,
    b: str,
    diverted: str,
    trunk: Trunk,
    preset_name: str,
    jurisdiction: str,
    plan_file: Path | None,
    ported: Path | None,
    level: Evidence,
    partners: tuple[str, ...],
    as_json: bool,
) -> None:
    """Say what would be done with a call of caller id NUMBER, and why. Nobody is asked; lists are not looked at."""
    here = read_plan(plan_file) if plan_file is not None else plan(jurisdiction)
    known = frozenset(code.strip().upper() for code in partners)
    moved = read_ported(ported) if ported is not None else Ported({})
    ladder = Ladder(_NoList(), _preset(preset_name), here, level=level, partners=known, ported=moved.find)
    steps = ladder.explain(Call(a=number, b=b, trunk=trunk, diverted=diverted))
    click.echo(_as_json(steps) if as_json else "\n".join(_line(step) for step in steps))


def _as_json(steps: list[Step]) -> str:
    english = words("en")
    told = [{**msgspec.to_builtins(step), "text": step.text(english)} for step in steps]
    return msgspec.json.encode({"steps": told}).decode()


def _line(step: Step) -> str:
    said = f"{step.rung.replace('_', ' ') + ':':<18}{step.text(words('en'))}"
    if step.situation is None:
        return said
    label = f' "{step.label}"' if step.label else ""
    return f"{said} {step.situation} → {step.action}{label} ({step.source})"


@click.command()
@click.argument("name", default="")
def preset(name: str) -> None:
    """Print the policy NAME (or in a file NAME.yaml, NAME.toml) as a table; without NAME, the names of those shipped."""
    if not name:
        click.echo("\n".join(f"{each:<8}{presets(each).title}" for each in names()))
        return
    shown = _preset(name)
    click.echo(f"{shown.name}: {shown.title}")
    click.echo(f"evidence needed: {shown.needs.own} for own numbers, {shown.needs.foreign} for foreign ones")
    for situation in SITUATIONS:
        rule = shown.rules[situation]
        label = f' "{rule.label}"' if rule.label else ""
        click.echo(f"{situation:<26}{rule.action}{label} ({shown.source(situation)})")
