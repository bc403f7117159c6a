"""Options that several commands share."""

from pathlib import Path

import click

CONFIG = click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    default=Path("lintas.toml"),
    show_default=True,
    help="The node's settings file.",
)
