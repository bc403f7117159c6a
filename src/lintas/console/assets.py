"""The console's built browser files, and the fonts of the letters beside them; made from ``web/`` when the package is built."""

from importlib import resources
from importlib.resources.abc import Traversable

from lintas.http.assets import Built

_BUILT = Built(resources.files("lintas.console").joinpath("static/built"))
#: The address of a built file, for a template.
asset = _BUILT.address
ASSETS = [_BUILT.route()]


def manifest() -> dict[str, str]:
    """Return the built file of each name."""
    return _BUILT.manifest


def built() -> Traversable:
    """Return the folder of built files."""
    return _BUILT.folder
