"""The tables that ship with lintas: exercise tables under fictional law, for the demo and as models to copy."""

from importlib import resources

from lintas.model.errors import NotFound
from lintas.model.places import FICTIONAL

SHIPPED = ("XA", "XB")


def shipped_table(jurisdiction: str) -> bytes:
    """Return the text of a shipped table by jurisdiction code, in any case; NotFound when none is shipped."""
    code = jurisdiction.strip().upper()
    if code not in SHIPPED or code not in FICTIONAL:
        raise NotFound(f"no policy table is shipped for {jurisdiction[:20]!r}", "give your own table's file")
    return resources.files("lintas.policy").joinpath(f"tables/{code.lower()}.yaml").read_bytes()
