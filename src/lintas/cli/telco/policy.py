"""The options by which a command takes a jurisdiction's policy on calls, and the ladder that they make."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, get_args

import click

from lintas.telco.records import Evidence, Lookup

if TYPE_CHECKING:
    from lintas.telco.verdicts.ladder import Ladder
    from lintas.telco.verdicts.presets import Preset

F = TypeVar("F", bound=Callable[..., Any])


class PolicyOptions(TypedDict):
    """What `policy_options` hands to a command."""

    preset_name: str | None
    jurisdiction: str | None
    plan_file: Path | None
    ported_file: Path | None
    level: Evidence
    partners: tuple[str, ...]


_OPTIONS = (
    click.option(
        "--preset", "preset_name", metavar="NAME|FILE", help="Whose policy decides.  [default: the jurisdiction's own]"
    ),
    click.option(
        "--plan", "plan_file", type=click.Path(path_type=Path), help="An operator's own numbering plan, instead."
    ),
    click.option(
        "--ported", "ported_file", type=click.Path(path_type=Path), help="CSV number,operator of ported numbers."
    ),
    click.option(
        "--level",
        type=click.Choice(get_args(Evidence)),
        default="on-call",
        show_default=True,
        help="The strongest evidence that home networks give.",
    ),
    click.option("--partner", "partners", multiple=True, metavar="CODE", help="A jurisdiction whose node answers."),
)


def policy_options(*, jurisdiction: str | None = "XA") -> Callable[[F], F]:
    """Give a command the options of `PolicyOptions`; ``jurisdiction`` is the one that counts where none is given."""
    where = click.option(
        "--jurisdiction",
        default=jurisdiction,
        show_default=jurisdiction is not None,
        metavar="CODE",
        help="Where the call comes in.",
    )

    def given(command: F) -> F:
        for option in reversed((where, *_OPTIONS)):
            command = option(command)
        return command

    return given


def preset_of(name: str) -> "Preset":
    """Return a shipped policy by name, or one in a file (``.yaml``, ``.toml``)."""
    from lintas.telco.verdicts.presets import presets, read_preset

    return read_preset(Path(name)) if name.endswith((".yaml", ".yml", ".toml")) else presets(name)


def ladder_of(lists: Lookup, options: PolicyOptions) -> "Ladder":
    """Return the ladder; BadInput for a policy, plan or file that there is not. ``lists`` must follow the list in force."""
    from lintas.telco.verdicts.ladder import Ladder
    from lintas.telco.verdicts.plans import plan, read_plan
    from lintas.telco.verdicts.ported import Ported, read_ported
    from lintas.telco.verdicts.presets import preset_for

    own, ported, named = options["plan_file"], options["ported_file"], options["preset_name"]
    numbers = read_plan(own) if own is not None else plan(options["jurisdiction"] or "")
    return Ladder(
        lists,
        preset_for(numbers.jurisdiction) if named is None else preset_of(named),
        numbers,
        level=options["level"],
        partners=frozenset(code.strip().upper() for code in options["partners"]),
        ported=(read_ported(ported) if ported is not None else Ported({})).get,
    )
