"""docs/telco-names.md: its first commands can be run as they stand, with the examples that they name."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from lintas.cli.main import lintas

ROOT = Path(__file__).parents[3]
BLOCK, *_ = re.findall(r"```sh\n(.*?)```", (ROOT / "docs" / "telco-names.md").read_text("utf-8"), re.DOTALL)
#: Those that serve, or ask what serves, are run in tests/e2e/test_names.py.
ALONE = [line for line in BLOCK.splitlines() if "telco names" not in line and "--server" not in line]
SAYS = {"url": '"listed": true', "export": "rpz.zone:", "sender": '"status": "registered"'}


def test_every_file_named_is_there() -> None:
    named = re.findall(r"examples/\S+", BLOCK)
    assert named and all((ROOT / each).is_file() for each in named)
    assert {shlex.split(line)[2] for line in ALONE} == SAYS.keys()


@pytest.mark.parametrize("line", ALONE)
def test_a_command_of_the_page(line: str, tmp_path: Path) -> None:
    words = shlex.split(line.replace("examples/", f"{ROOT}/examples/").replace("rpz.zone", f"{tmp_path}/rpz.zone"))
    done = CliRunner().invoke(lintas, words[1:])
    # An address that is listed ends with 1, for scripts.
    assert done.exit_code == (1 if words[2] == "url" else 0), done.output
    assert SAYS[words[2]] in done.output
