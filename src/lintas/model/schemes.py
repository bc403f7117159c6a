"""Schemes: how the victim was deceived; one closed list with a plain name for each code."""

from functools import cache
from importlib import resources

import yaml


@cache
def schemes() -> dict[str, str]:
    """Return code -> name in English, as shipped, in the order in which a form lists them."""
    text = resources.files("lintas.model").joinpath("vocabulary/schemes.yaml").read_text("utf-8")
    return dict(yaml.safe_load(text))
