"""Reads the YAML files that lintas is shipped with, in C where libyaml is there, which takes a tenth of the time."""

from importlib import resources
from typing import Any

import yaml

_SAFE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: Builds nothing but texts, lists and mappings, so that ``no`` and ``on`` remain words.
_WORDS: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


def read(room: str, file: str, *, words: bool = False) -> Any:  # noqa: ANN401 — what the file holds
    """Return what a file beside the modules of a room (``lintas.text``) holds; ``words``: every scalar stays a text."""
    text = resources.files(room).joinpath(file).read_text("utf-8")
    return yaml.load(text, Loader=_WORDS if words else _SAFE)  # noqa: S506 — both build plain values only
