"""How a gateway's processes reach a server: the key that they show, and the certificate that they trust."""

import ssl
from pathlib import Path

from lintas.model.errors import BadInput
from lintas.trust.keys import load_secret


def read_key(path: Path, where: str) -> str:
    """Read an API key from its file, which nobody else may read; "" for none.

    BadInput, for the setting ``where``, for what no header can carry, and for a file that others may read.
    """
    try:
        key = load_secret(path).decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise BadInput(
            f"the key in {path} cannot be read", "name a file with the key on one line", where=where
        ) from None
    if not key.isprintable():
        raise BadInput(f"{path} holds no key", "name a file with the key on one line", where=where)
    return key


def trusted(path: Path | None, where: str) -> ssl.SSLContext | bool:
    """Return what trusts a PEM file's certificate, for None the machine's own authorities; BadInput where it holds none."""
    if path is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(path))
    except (OSError, ssl.SSLError):
        raise BadInput(f"{path} holds no certificate", "give a PEM file", where=where) from None
