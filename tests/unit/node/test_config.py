"""The node's settings: what belongs to exercises only is refused outside them."""

from pathlib import Path

import msgspec
import pytest

from lintas.model.errors import BadInput
from lintas.node.config import Config, Door, read_config, render_config

REAL = Config(
    authority="my-asc", jurisdiction="MY", name="An Authority", contact="a desk", ledger_origin="my-asc.example/log"
)


def written(folder: Path, config: Config) -> Path:
    path = folder / "lintas.toml"
    path.write_text(render_config(config), "utf-8")
    return path


@pytest.mark.parametrize("name", ["exercise_clock", "plain"])
def test_what_is_for_exercises_is_refused_in_a_real_node(tmp_path: Path, name: str) -> None:
    given = {"exercise_clock": "clock.json", "plain": Door()}[name]
    config = msgspec.structs.replace(REAL, **{name: given})
    with pytest.raises(BadInput) as wrong:
        read_config(written(tmp_path, config))
    assert f"`{name}`" in wrong.value.what
    played = msgspec.structs.replace(config, exercise=True)
    assert read_config(written(tmp_path, played)).config == played


def test_settings_come_back_as_they_were_written(tmp_path: Path) -> None:
    assert read_config(written(tmp_path, REAL)).config == REAL
