"""A group of commands that are imported when used: `lintas --help` stays under half a second."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

#: command -> (module, attribute, one line of help that is shown without loading the module)
Table = Mapping[str, tuple[str, str, str]]


class LazyGroup(click.Group):
    """A group that names its commands from a table."""

    def __init__(self, *given: Any, commands_table: Table, **more: Any) -> None:  # noqa: ANN401 — as in the class above
        super().__init__(*given, **more)
        self._table = commands_table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command asked for; None if there is none of that name."""
        if cmd_name not in self._table:
            return None
        module, attribute, _ = self._table[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)  # noqa: S101 — a wrong row in the table is our own mistake
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command list from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in self._table.items()])
