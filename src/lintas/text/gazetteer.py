"""Reads the word lists shipped in ``gazetteers/``; every scalar stays a string, so ``no`` and ``on`` remain words."""

from functools import cache
from typing import Any

from lintas.model import shipped


@cache
def table(name: str) -> dict[str, Any]:
    """Return the list ``gazetteers/<name>.yaml``: mappings, lists and strings only."""
    return dict(shipped.read("lintas.text", f"gazetteers/{name}.yaml", words=True))


def words(node: Any) -> list[str]:  # noqa: ANN401 — a YAML node: string, list or mapping of lists
    """Return every string below a node, in order."""
    if isinstance(node, str):
        return [node]
    below = node.values() if isinstance(node, dict) else node
    return [word for part in below for word in words(part)]
