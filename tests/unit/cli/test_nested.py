"""JSON that is nested without end is refused in words by the commands that read what others wrote."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from lintas.cli.goaml import goaml
from lintas.cli.iso20022 import iso20022
from lintas.model.errors import BadInput

DEEP = b'{"x":' + b"[" * 30_000


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (goaml, "write --trail {} --index . --facts {} --out out"),
        (iso20022, "write {} --out out"),
    ],
)
def test_commands_say_it_in_words(group: click.Group, words: str, tmp_path: Path) -> None:
    file = tmp_path / "deep.json"
    file.write_bytes(DEEP)
    done = CliRunner().invoke(group, words.format(file, file).split())
    assert isinstance(done.exception, BadInput), done.output
