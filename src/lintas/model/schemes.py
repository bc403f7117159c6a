"""Schemes: how the victim was deceived; one closed list with a plain name for each code."""

from functools import cache

from lintas.model import shipped


@cache
def schemes() -> dict[str, str]:
    """Return code -> name in English, as shipped, in the order in which a form lists them."""
    return dict(shipped.read("lintas.model", "vocabulary/schemes.yaml"))
