"""Reads the word lists shipped in ``gazetteers/``; every scalar stays a string, so ``no`` and ``on`` remain words."""

from functools import cache
from importlib import resources
from typing import Any

import yaml


@cache
def table(name: str) -> dict[str, Any]:
    """Return the list ``gazetteers/<name>.yaml``: mappings, lists and strings only."""
    text = resources.files("lintas.text").joinpath(f"gazetteers/{name}.yaml").read_text("utf-8")
    # BaseLoader builds nothing but strings, lists and mappings.
    return dict(yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506 — BaseLoader is stricter than safe_load


def words(node: Any) -> list[str]:  # noqa: ANN401 — a YAML node: string, list or mapping of lists
    """Return every string below a node, in order."""
    if isinstance(node, str):
        return [node]
    below = node.values() if isinstance(node, dict) else node
    return [word for part in below for word in words(part)]
