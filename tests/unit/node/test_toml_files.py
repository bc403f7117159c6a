"""Whoever's settings are wrong, the error names the file, the line or setting, and what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lintas.cli import bank, witness
from lintas.cli.telco.client import register_of
from lintas.gateway.asking.directory_file import read_directory
from lintas.gateway.following import counting, follower
from lintas.gateway.operator import operator
from lintas.model.errors import BadInput, TooLarge
from lintas.node.config import read_config
from lintas.node.toml_files import MAX_BYTES

READERS: dict[str, Callable[[Path], object]] = {
    "node": read_config,
    "bank": bank._read,
    "witness": witness.read_config,
    "clients": register_of,
    "directory": read_directory,
    "operator": operator.read_settings,
    "follow": follower.read_settings,
    "count": counting.read_settings,
}
readers = pytest.mark.parametrize("reader", READERS)


def wrong(reader: str, path: Path) -> BadInput:
    with pytest.raises(BadInput) as told:
        READERS[reader](path)
    assert told.value.where.startswith(str(path)) and told.value.do
    return told.value


@readers
def test_what_is_no_settings_file_is_said_with_its_line(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "settings.toml"
    assert wrong(reader, path).what == "there is no such file"
    path.mkdir()
    assert "Is a directory" in wrong(reader, path).what
    path.rmdir()
    path.write_text("one = 1\ntwo = = 2\n", "utf-8")
    assert "line 2" in wrong(reader, path).what
    path.write_bytes(b"\xff = 1")
    assert "is not TOML" in wrong(reader, path).what
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    assert isinstance(wrong(reader, path), TooLarge)


@pytest.mark.parametrize("reader", [each for each in READERS if each not in ("clients", "count")])
def test_a_setting_that_there_is_not_is_named_with_the_page_that_has_all(tmp_path: Path, reader: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text("[colour]\nblue = 1\n" if reader != "follow" else "[follow]\ncolour = 1\n", "utf-8")
    told = wrong(reader, path)
    assert told.do.startswith("see docs/") and (Path(__file__).parents[3] / told.do.split()[1]).is_file()


def test_a_key_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    lines = 'verdicts = "http://a"\nnode = "https://b"\nkey_file = "none.key"\ngateway = "gw"\n'
    for reader, text in (
        ("count", f"[count]\n{lines}"),
        ("directory", '[node]\nurl = "https://b"\nkey_file = "none.key"\n'),
    ):
        path.write_text(text, "utf-8")
        with pytest.raises(BadInput, match=r"none\.key cannot be read"):
            READERS[reader](path)
