"""Keeps a file as an address publishes it: asked each second, fetched when it changed, replaced whole or not at all.

Whatever is fetched is read to its last line before it takes the old file's place: entries, or a signed registry of sender IDs.
While the address is away, or gives what is no list, the old file stays in force.
"""

import contextlib
import ipaddress
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from lintas.gateway.reaching import trusted
from lintas.model.errors import BadInput, CheckFailed, LintasError, Unavailable
from lintas.telco.names import entries as names

#: Bytes of a list: some two million entries.
MAX_BYTES = 1 << 30
_TIMEOUT = 60.0

_log = logging.getLogger("lintas.gateway")


def read_entries(file: Path) -> None:
    """Read entries to the last line; BadInput naming the line that is none."""
    for _ in names.read(file):
        pass


class Feed:
    """One address, with the key that it wants ("" for none) and the certificate to trust for it (None: the machine's own).

    ``take`` looks at what was fetched before it is used, and may leave only a part of it in the file.
    """

    def __init__(
        self,
        url: str,
        file: Path,
        *,
        key: str = "",
        trust: Path | None = None,
        take: Callable[[Path], None] = read_entries,
        where: str = "--from",
    ) -> None:
        _check(url, where)
        self._url, self._file, self._take = url, file, take
        headers = {"accept": "application/jsonl, application/x-ndjson, text/plain", "accept-encoding": "identity"}
        if key:
            headers["authorization"] = f"Bearer {key}"
        # A redirect would carry the key to another address.
        self._client = httpx.Client(
            headers=headers, timeout=_TIMEOUT, follow_redirects=False, verify=trusted(trust, "--trust")
        )
        self._tag = ""
        self.problem = ""

    def fetch(self) -> bool:
        """Fetch the list if it changed, and say whether it did; never raises, ``problem`` says what went wrong."""
        try:
            changed = self._fetch()
        except (httpx.HTTPError, OSError, LintasError) as wrong:
            why = str(wrong) if isinstance(wrong, LintasError) else type(wrong).__name__
            if why != self.problem:
                _log.error("the list could not be fetched; the last one stays", extra={"why": why})
            self.problem = why
            return False
        self.problem = ""
        return changed

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _fetch(self) -> bool:
        headers = {"if-none-match": self._tag} if self._tag else {}
        with self._client.stream("GET", self._url, headers=headers) as answer:
            if answer.status_code == httpx.codes.NOT_MODIFIED and self._tag:
                return False
            if answer.status_code != httpx.codes.OK:
                raise Unavailable(f"the list's address answered {answer.status_code}", "check the address and the key")
            handle, name = tempfile.mkstemp(dir=self._file.parent, prefix=f".{self._file.name}.")
            try:
                self._write(answer, handle)
                self._take(Path(name))
                Path(name).replace(self._file)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    Path(name).unlink()
        self._tag = answer.headers.get("etag", "")
        return True

    def _write(self, answer: httpx.Response, handle: int) -> None:
        size = 0
        with os.fdopen(handle, "wb") as file:
            for piece in answer.iter_bytes():
                size += len(piece)
                if size > MAX_BYTES:
                    raise CheckFailed(f"the list is larger than {MAX_BYTES:,} bytes", "check the address")
                file.write(piece)


def _check(url: str, where: str) -> None:
    """Take https anywhere, and http from this machine only: keys and lists do not travel in clear."""
    found = urlsplit(url)
    if found.scheme == "https" and found.hostname:
        return
    try:
        here = found.scheme == "http" and ipaddress.ip_address(found.hostname or "").is_loopback
    except ValueError:
        here = False
    if not here:
        raise BadInput(f"{url[:100]!r} is no https address", "give one, or http on a loopback address", where=where)
