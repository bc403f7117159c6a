"""What the faces of a gateway decide by: its list, the jurisdiction's policy where one is named, and whom it asks."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, get_args

import click

from lintas.cli.telco.options import LIST, REDRESS_KEY, opened
from lintas.cli.telco.policy import PolicyOptions, ladder_of, policy_options
from lintas.model.errors import BadInput
from lintas.telco.records import Action

if TYPE_CHECKING:
    from lintas.gateway.asking.asker import Asker
    from lintas.gateway.verdict import Verdicts
    from lintas.telco.lists.standing import Standing

F = TypeVar("F", bound=Callable[..., Any])
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_OPTIONS = (
    LIST,
    click.option(
        "--watch",
        "watch_dir",
        type=click.Path(path_type=Path),
        help="A list on trial (a directory of `lintas telco follow`): it is counted what it would do, and nothing is done.",
    ),
    REDRESS_KEY,
    click.option(
        "--max-age", type=click.IntRange(60), default=86_400, show_default=True, help="Seconds until a list is old."
    ),
    click.option(
        "--action",
        type=click.Choice(get_args(Action)),
        default="block",
        show_default=True,
        help="What is done with calls that show a listed number, where no jurisdiction's policy decides.",
    ),
    click.option("--operators", "operators_file", type=_FILE, help="Who answers about which numbers (TOML)."),
    click.option("--certificate", type=_FILE, help="What this gateway shows to operators (PEM), with --key."),
    click.option("--key", "tls_key", type=_FILE, help="The private key of --certificate (PEM)."),
)


class Deciding(NamedTuple):
    """A gateway's list, the verdicts that rest on it, whom it asks, and the list on trial, if there is one."""

    standing: "Standing"
    verdicts: "Verdicts"
    asker: "Asker | None"
    watch: "Standing | None"

    async def close(self) -> None:
        """Let go of connections to operators."""
        if self.asker is not None:
            await self.asker.close()


def deciding_options(command: F) -> F:
    """Give a command the options that `deciding` takes; without ``--jurisdiction`` or ``--plan`` the list alone decides."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return policy_options(jurisdiction=None)(command)


def deciding(
    *,
    list_file: Path,
    watch_dir: Path | None,
    key_file: Path | None,
    max_age: int,
    action: Action,
    operators_file: Path | None,
    certificate: Path | None,
    tls_key: Path | None,
    **policy: Any,  # noqa: ANN401 — what `policy_options` hands on
) -> Deciding:
    """Open the list, the policy and the directory that the options name; BadInput says which is wrong."""
    from lintas.gateway.trial import Both, Trial
    from lintas.gateway.verdict import Verdicts

    if (certificate is None) != (tls_key is None):
        raise BadInput("a certificate needs its key", "give --certificate and --key together")
    standing = opened(list_file, key_file, max_age)
    watch = None if watch_dir is None else opened(watch_dir, None, max_age)
    options = PolicyOptions(**policy)  # type: ignore[typeddict-item] # click has checked them
    if options["jurisdiction"] is None and options["plan_file"] is None:
        if options["preset_name"] is not None:
            raise BadInput("a list alone has no policy", "name the --jurisdiction in which calls come in")
        if operators_file is not None:
            raise BadInput("a list alone asks nobody", "name the --jurisdiction in which calls come in")
        trial = None if watch is None else Trial(watch, action=action)
        return Deciding(standing, Verdicts(standing, action=action, trial=trial), None, watch)
    trial = None if watch is None else Trial(watch, ladder=ladder_of(Both(standing, watch), options), action=action)
    asker = _asker(operators_file, certificate, tls_key)
    verdicts = Verdicts(standing, ladder=ladder_of(standing, options), asker=asker, trial=trial)
    return Deciding(standing, verdicts, asker, watch)


def _asker(operators_file: Path | None, certificate: Path | None, key: Path | None) -> "Asker | None":
    if operators_file is None:
        return None
    from lintas.gateway.asking.asker import Asker
    from lintas.gateway.asking.carrier import HttpCarrier
    from lintas.gateway.asking.directory_file import read_directory

    return Asker(read_directory(operators_file).directory, HttpCarrier(certificate, key))
