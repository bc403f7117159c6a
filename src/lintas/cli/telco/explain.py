"""`lintas telco explain` and `preset`: what a gateway would do with a call, rung by rung, and a policy as a table."""

from pathlib import Path
from typing import Unpack, get_args

import click
import msgspec

from lintas.cli.telco.options import opened
from lintas.cli.telco.policy import PolicyOptions, ladder_of, policy_options, preset_of
from lintas.telco.records import Call, Listed, Trunk
from lintas.telco.verdicts.ladder import Ladder
from lintas.telco.verdicts.presets import names, presets
from lintas.telco.verdicts.records import SITUATIONS, RungName, Step
from lintas.text.translation import words

#: The rungs that look at nothing but a list.
_BY_LIST: frozenset[RungName] = frozenset({"protected", "do_not_originate", "block_list"})
_NONE = "No list was given (--list)."


class _NoList:
    """No list: every number is judged by plan and policy alone."""

    def find(self, number: int) -> Listed | None:
        """Return nothing."""
        return None


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
@policy_options()
@click.option(
    "--list", "list_file", type=click.Path(path_type=Path), help="A list to look at too, as for `lintas telco serve`."
)
@click.option("--json", "as_json", is_flag=True, help="Print the steps as one JSON document.")
def explain(
    number: str,
    b: str,
    diverted: str,
    trunk: Trunk,
    list_file: Path | None,
    as_json: bool,
    **policy: Unpack[PolicyOptions],
) -> None:
    """Say what would be done with a call of caller id NUMBER, and why. Nobody is asked."""
    ladder = ladder_of(_NoList() if list_file is None else opened(list_file, None), policy)
    steps = ladder.explain(Call(a=number, b=b, trunk=trunk, diverted=diverted))
    if list_file is None:
        steps = [msgspec.structs.replace(each, message=_NONE) if each.rung in _BY_LIST else each for each in steps]
    policy_line = f"{'policy:':<18}{ladder.policy}, calls come in to {ladder.jurisdiction}"
    click.echo(_as_json(ladder, steps) if as_json else "\n".join([policy_line, *(_line(step) for step in steps)]))


def _as_json(ladder: Ladder, steps: list[Step]) -> str:
    english = words("en")
    told = [{**msgspec.to_builtins(step), "text": step.text(english)} for step in steps]
    said = {"policy": ladder.policy, "jurisdiction": ladder.jurisdiction, "steps": told}
    return msgspec.json.encode(said).decode()


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
    shown = preset_of(name)
    click.echo(f"{shown.name}: {shown.title}")
    click.echo(f"evidence needed: {shown.needs.own} for own numbers, {shown.needs.foreign} for foreign ones")
    for situation in SITUATIONS:
        rule = shown.rules[situation]
        label = f' "{rule.label}"' if rule.label else ""
        click.echo(f"{situation:<26}{rule.action}{label} ({shown.source(situation)})")
