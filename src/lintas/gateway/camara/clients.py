"""The register of API clients: a JSON file of the operator, changed by commands, read again by a running face when it changes.

It holds no secret: of a client's secret (256 random bits) the SHA-256, of its key pair the public key. Whoever can write the
file can admit clients, so nobody but its owner may touch it, and what changed is written to the log.
"""

import fcntl
import logging
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from lintas.interop.camara.scopes import FRAUD, SCOPES
from lintas.model import times
from lintas.model.errors import BadInput, NotFound
from lintas.model.ids import IdSource
from lintas.storage.files import sync

#: Requests that a client may send in a minute, unless agreed otherwise.
USUAL_RATE = 60
#: So long, in seconds, clients known before are believed while the register cannot be read.
STALE_S = 60.0
_MOST_CLIENTS, _LARGEST_FILE = 1000, 4 << 20

_log = logging.getLogger("lintas.camara")

Line = Annotated[str, msgspec.Meta(min_length=1, max_length=120, pattern=r"\A[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*\Z")]
Hexadecimal = Annotated[str, msgspec.Meta(pattern=r"\A([0-9a-f]{64})?\Z")]


class Client(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client: by what it proves itself (a secret's hash or a public key, never both), and what it may ask, how often, why.

    ``purposes`` are terms of the W3C Data Privacy Vocabulary; ``per_minute`` bounds its requests; ``disclose_country`` lets
    it be told where a device roams, if the operator has a source for that. Times are RFC 3339; ``revoked`` is "" while it is
    valid.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"\Aclient-[0-9a-f]{28}\Z")]
    name: Line
    scopes: frozenset[str]
    purposes: frozenset[str] = frozenset({FRAUD})
    secret_sha256: Hexadecimal = ""
    public_key: str = ""
    per_minute: Annotated[int, msgspec.Meta(ge=1, le=60_000)] = USUAL_RATE
    disclose_country: bool = False
    added: str
    revoked: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be used, or would open more than it says."""
        if not self.scopes or not self.scopes <= SCOPES:
            raise ValueError(f"scopes are one or more of {', '.join(sorted(SCOPES))}")
        if bool(self.secret_sha256) == bool(self.public_key):
            raise ValueError("a client proves itself by a secret or by a public key")
        if not self.purposes or not all(each.isascii() and each.isalnum() for each in self.purposes):
            raise ValueError("a purpose is a term of the Data Privacy Vocabulary, such as FraudPreventionAndDetection")

    def has_secret(self, secret: str) -> bool:
        """Tell whether a secret is its own, in constant time."""
        return bool(self.secret_sha256) and compare_digest(_hash(secret), self.secret_sha256)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    clients: list[Client] = []


class Register:
    """The clients as the file has them now.

    A file that is not there admits nobody; a broken one is BadInput at the start. Later the clients known before stay for a
    minute, while it is looked at again with each question; then nobody is admitted, for one of them may have been revoked.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._broken_since: float | None = None
        self._clients: dict[str, Client] = {each.id: each for each in read_clients(path)}
        self._refresh()

    def find(self, client_id: str) -> Client | None:
        """Return a valid client by its id."""
        self._refresh()
        found = self._clients.get(client_id)
        return None if found is None or found.revoked else found

    def _refresh(self) -> None:
        try:
            now = self._path.stat()
        except OSError:
            self._take(None, {})
            return
        seen = (now.st_ino, now.st_mtime_ns, now.st_ctime_ns, now.st_size)
        if seen == self._seen:
            return
        try:
            clients = {each.id: each for each in read_clients(self._path)}
        except BadInput:
            self._wait()
            return
        self._take(seen, clients)

    def _wait(self) -> None:
        """Keep the clients known before for a while, and then none; said once."""
        if self._broken_since is None:
            self._broken_since = time.monotonic()
            what = "the register of API clients cannot be read; after a minute nobody is admitted"
            _log.error(what, extra={"kind": "camara"})
        elif time.monotonic() - self._broken_since > STALE_S and self._clients:
            self._clients, self._seen = {}, None

    def _take(self, seen: tuple[int, ...] | None, clients: dict[str, Client]) -> None:
        for client_id in clients.keys() | self._clients.keys():
            if clients.get(client_id) != self._clients.get(client_id):
                outcome = "valid" if client_id in clients and not clients[client_id].revoked else "gone"
                _log.warning("an API client changed in the register", extra={"peer": client_id, "outcome": outcome})
        self._seen, self._clients, self._broken_since = seen, clients, None


def read_clients(path: Path) -> Sequence[Client]:
    """Read the register, in the order of adding; BadInput for one that others may touch, or that is broken."""
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        return ()
    except OSError as wrong:
        raise BadInput(f"the register cannot be read: {wrong.strerror}", "check the path", where=str(path)) from None
    if mode & 0o077:
        what = f"others may read or write the register of API clients (mode {mode:04o})"
        raise BadInput(what, f"run: chmod 600 {path}", where=str(path))
    try:
        return msgspec.json.decode(content, type=_File).clients
    except (msgspec.MsgspecError, ValueError) as wrong:
        what = f"the register of API clients is broken: {wrong}"
        raise BadInput(what, "put back a copy, or correct it", where=str(path)) from None


def add(
    path: Path, ids: IdSource, at: datetime, profile: Mapping[str, object], *, public_key: str = ""
) -> tuple[Client, str]:
    """Add a client to the register; returns it and its secret, which is kept nowhere ("" where it proves itself by a key).

    ``profile`` are fields of ``Client``; BadInput for one that cannot be.
    """
    if public_key:
        client_key(public_key)
    secret = "" if public_key else secrets.token_urlsafe(32)
    fields = {
        "id": ids.new("client"),
        "added": times.render(at),
        "public_key": public_key,
        "secret_sha256": _hash(secret) if secret else "",
    }
    try:
        client = msgspec.convert(fields | dict(profile), Client)
    except msgspec.ValidationError as wrong:
        raise BadInput(str(wrong), "correct it; docs/telco-camara.md has what a client may be") from None
    with _changing(path) as clients:
        if len(clients) >= _MOST_CLIENTS:
            raise BadInput(
                f"the register holds {_MOST_CLIENTS} clients", "take out those that are revoked", where=str(path)
            )
        clients.append(client)
    return client, secret


def revoke(path: Path, client_id: str, at: datetime) -> None:
    """Make a client and its tokens worthless from now on, also at a face that runs; NotFound for an id that was never added."""
    with _changing(path) as clients:
        place = next((place for place, each in enumerate(clients) if each.id == client_id), None)
        if place is None:
            raise NotFound(f"no API client has the id {client_id!r}", "look at `lintas telco client list`")
        if not clients[place].revoked:
            clients[place] = msgspec.structs.replace(clients[place], revoked=times.render(at))


def client_key(pem: str) -> Ed25519PublicKey | EllipticCurvePublicKey:
    """Read a client's public key (PEM): Ed25519, or ECDSA on P-256; BadInput for anything else."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise BadInput("this is no public key in PEM", "give -----BEGIN PUBLIC KEY-----") from None
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise BadInput("this kind of key is not taken", "give an Ed25519 key, or an EC key on P-256")


@contextmanager
def _changing(path: Path) -> Iterator[list[Client]]:
    """Read the register, and put it in place as it is left; two commands at once wait for each other."""
    try:
        handle = os.open(path.with_name(path.name + ".lock"), os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as wrong:
        what = f"the register of API clients cannot be written: {wrong.strerror}"
        raise BadInput(what, "correct `camara_clients`, or the rights on its directory", where=str(path)) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        clients = list(read_clients(path))
        yield clients
        _put(path, msgspec.json.format(msgspec.json.encode(_File(clients), order="deterministic")) + b"\n")
    finally:
        os.close(handle)


def _put(path: Path, content: bytes) -> None:
    """Put the file in place whole, and never readable to others, not even for a moment."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    sync(fresh)
    fresh.replace(path)
    sync(path.parent)


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


FindClient = Callable[[str], Client | None]
