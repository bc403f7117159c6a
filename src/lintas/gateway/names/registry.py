"""Takes a fetched registry of sender IDs: signed by a known key and not older than the last, or it is not used."""

from collections.abc import Sequence
from pathlib import Path

from lintas.model.errors import BadInput, CheckFailed
from lintas.telco.registry import published
from lintas.trust.note import VerifierKey, parse_vkey


class SignedRegistry:
    """Puts the registrations of a signed registry in its place; remembers the newest state that it saw while it runs."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise BadInput("no key says whose registry is to be believed", "give it", where="--senders-key")
        self._keys: tuple[VerifierKey, ...] = tuple(parse_vkey(each, where="--senders-key") for each in keys)
        self._newest = 0

    def __call__(self, file: Path) -> None:
        """Check a file and leave its registrations alone in it; CheckFailed, and the file is as it was."""
        found = published.read(file.read_bytes(), self._keys)
        if found.number < self._newest:
            raise CheckFailed(
                "this registry is older than the one before", "somebody gives an old copy: check the address"
            )
        file.write_bytes(found.lines)
        self._newest = found.number
