"""Makes a node's home (keys, settings, policy, charter, database) and opens one that exists."""

import contextlib
import secrets
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Engine

from lintas.exchange import store as exchange_store
from lintas.exchange.directory import Directory
from lintas.exchange.service import Identity
from lintas.ledger.checkpoint import log_key
from lintas.ledger.cosignature import witness_key
from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotFound, Refused
from lintas.model.ids import IdSource
from lintas.model.times import Clock, SystemClock
from lintas.node.assembly import Node, Parts, assemble
from lintas.node.clock import ExerciseClock
from lintas.node.config import Config, Home, checked, read_config, render_config
from lintas.policy.approval_text import issuer_keys
from lintas.policy.shipped import blank_table, shipped_table
from lintas.policy.table import PolicyTable, signing_text
from lintas.storage import migrate
from lintas.storage.engine import open_engine, opened, reading
from lintas.storage.files import put
from lintas.telco.lists.ids import MOST_KEY, check_key
from lintas.text.translation import official
from lintas.trust import note
from lintas.trust.certificates import self_signed
from lintas.trust.charter import (
    Charter,
    Member,
    SignedCharter,
    SigningKey,
    WitnessEntry,
    check_charter,
    endorse,
    parse_charter,
    write_charter,
)
from lintas.trust.keys import Ed25519Signer, KemKey, load_secret, save_secret
from lintas.trust.vault import VaultKey

SETTINGS = "lintas.toml"
SIGNING, LOG, KEM, POLICY, WITNESS = "signing.key", "log.key", "envelope.key", "policy.key", "witness.key"
ACCESS, REDRESS = "access.key", "redress.key"
TLS_KEY, TLS_CERTIFICATE = "tls.key", "tls.pem"


class Urls(NamedTuple):
    """Where others reach a node: its public door, its door for peers ("" when they cannot), and its witness."""

    public: str
    exchange: str
    witness: str


def create(root: Path, config: Config, *, policy: bytes, hosts: list[str], clock: Clock | None = None) -> Home:
    """Make a node's home: settings, fresh keys, a signed policy table, the database; Conflict when there is one already."""
    clock, config = clock or SystemClock(), checked(msgspec.to_builtins(config))
    if (root / SETTINGS).exists():
        raise Conflict("there is a node in this directory already", "choose another directory", where=str(root))
    # Made first, so that a host that is none leaves no half of a home behind.
    tls = self_signed(hosts, now=clock.now(), name=config.authority)
    (root / config.keys).mkdir(parents=True, exist_ok=True, mode=0o700)
    home = Home(config, root.resolve())
    for name in (SIGNING, LOG, POLICY):
        Ed25519Signer.generate(f"{config.authority}/{name.removesuffix('.key')}").save(home.key(name))
    KemKey.generate().save(home.key(KEM))
    VaultKey.generate().save(home.key(ACCESS))
    put(home.key(TLS_CERTIFICATE), tls.certificate_pem.encode("ascii"))
    save_secret(home.key(TLS_KEY), tls.key_pem.encode())
    home = install_policy(home, policy)
    with opened(home.database) as engine:
        if migrate.current(engine):
            what = "this database holds a node already"
            raise Conflict(what, "name an empty one; a node's address is in its own settings", where=str(home.database))
        migrate.upgrade(engine)
    return home


def policy_for(place: str, file: Path | None) -> bytes:
    """Return the table for a new node: the given file, else the shipped one, else a draft that releases nothing personal."""
    if file is not None:
        return file.read_bytes()
    try:
        return shipped_table(place)
    except NotFound:
        return blank_table(place)


def install_policy(home: Home, policy: bytes) -> Home:
    """Sign a policy table with this home's policy key and put it in force; BadInput when it is no valid table."""
    signer = Ed25519Signer.load(home.key(POLICY))
    signed = note.sign(signing_text(policy).decode(), signer.name, signer)
    put(home.path(home.config.policy), policy)
    put(_policy_note(home), signed.render())
    config = msgspec.structs.replace(home.config, policy_signer=str(note.ed25519_key(signer.name, signer)))
    put(home.root / SETTINGS, render_config(config).encode())
    return Home(config, home.root)


def _policy_note(home: Home) -> Path:
    return home.path(home.config.policy + ".note")


def member_of(home: Home, urls: Urls, witness_vkey: str) -> Member:
    """Return what this node says about itself for a charter."""
    config = home.config
    log_signer = Ed25519Signer.load(home.key(LOG))
    return Member(
        authority=config.authority,
        jurisdiction=config.jurisdiction,
        name=config.name,
        signing_keys=(SigningKey(key=Ed25519Signer.load(home.key(SIGNING)).public),),
        kem_public=KemKey.load(home.key(KEM)).public,
        tls_certificate=home.key(TLS_CERTIFICATE).read_text("ascii"),
        exchange_url=urls.exchange,
        public_url=urls.public,
        log_vkey=str(log_key(config.ledger_origin, log_signer)),
        witness=WitnessEntry(name=f"{config.authority}-witness", vkey=witness_vkey, url=urls.witness),
    )


def first_charter(homes: list[Home], members: list[Member], principles: tuple[str, ...]) -> SignedCharter:
    """Write version 1 for these members, endorsed by each."""
    exercise = homes[0].config.exercise
    charter = Charter(version=1, exercise=exercise, quorum=len(members), principles=principles, members=tuple(members))
    signed = write_charter(charter)
    for home in homes:
        signed = endorse(signed, home.config.authority, Ed25519Signer.load(home.key(SIGNING)))
    return signed


def install_charter(home: Home, signed: SignedCharter) -> Home:
    """Put a charter in a node's home and pin it."""
    put(home.path(home.config.charter), signed.render())
    config = msgspec.structs.replace(home.config, charter_pin=signed.sha256)
    put(home.root / SETTINGS, render_config(config).encode())
    return Home(config, home.root)


def write_witness_settings(home: Home, charter: Charter) -> Path | None:
    """Write the settings of this authority's own witness, which watches every other member's ledger; None without its key."""
    if not home.key(WITNESS).exists():
        return None
    mine = charter.member(home.config.authority).witness
    address = urlsplit(mine.url)
    lines = [
        f'listen = "{address.hostname}:{address.port}"',
        'database = "witness.db"',
        "",
        "[[identities]]",
        f'name = "{mine.name}"',
        f'prefix = "{address.path}"',
        f'key = "{home.config.keys}/{WITNESS}"',
    ]
    for other in charter.members:
        if other.authority != home.config.authority:
            origin = note.parse_vkey(other.log_vkey).name
            lines += ["", "[[identities.logs]]", f'origin = "{origin}"', f'vkey = "{other.log_vkey}"']
    path = home.root / "witness.toml"
    put(path, ("\n".join(lines) + "\n").encode())
    return path


def load_policy(home: Home) -> PolicyTable:
    """Read the table and its signature; Refused unless the configured signer signed exactly these bytes."""
    path = home.path(home.config.policy)
    try:
        data, signed = path.read_bytes(), _policy_note(home).read_bytes()
    except FileNotFoundError as missing:
        raise BadInput(
            "the policy table or its signature is missing", "restore it", where=str(missing.filename)
        ) from None
    table = PolicyTable.load(data, source=str(path))
    key = note.parse_vkey(home.config.policy_signer, where="policy_signer")
    read = note.parse(signed, where=str(_policy_note(home)))
    if read.text.encode() != signing_text(data) or not note.verify(read, [key], {note.ED25519: note.verify_ed25519}):
        raise Refused(
            "unsigned_policy", "the policy table is not what its signer signed", "sign it again", where=str(path)
        )
    if table.jurisdiction != home.config.jurisdiction:
        raise BadInput(
            f"the table is {table.jurisdiction}'s", f"use one of {home.config.jurisdiction}", where=str(path)
        )
    return table


def open_directory(home: Home, engine: Engine, clock: Clock) -> Directory:
    """Return the members by the charter in force: the one installed, and every successor that this node has adopted."""
    migrate.check_current(engine)
    signed = load_charter(home)
    with reading(engine) as tx:
        newer = exchange_store.charters_after(tx, signed.charter.version)
    directory = Directory(signed, clock)
    for adopted in newer:
        at = times.parse(adopted.adopted_at)
        directory.use(directory.check_successor(adopted.document, at), at)
    return directory


def signing_keys(home: Home) -> tuple[Ed25519Signer, ...]:
    """Return this node's signing keys, the oldest first: ``signing.key``, then ``signing-2.key`` and so on."""
    keys, path = [Ed25519Signer.load(home.key(SIGNING))], home.key(next_signing(2))
    while path.exists():
        keys.append(Ed25519Signer.load(path))
        path = home.key(next_signing(len(keys) + 1))
    return tuple(keys)


def next_signing(number: int) -> str:
    """Return the file name of the n-th signing key, from 2 on."""
    return f"signing-{number}.key"


class LaterKeys:
    """The signing keys that a node made after its first, read anew when the charter changes: it says which of them count."""

    def __init__(self, home: Home, directory: Directory) -> None:
        self._home, self._directory = home, directory
        self._version = 0
        self._keys: tuple[Ed25519Signer, ...] = ()

    def __call__(self) -> tuple[Ed25519Signer, ...]:
        """Return them; BadInput when a file cannot be used."""
        version = self._directory.charter.version
        if version != self._version:
            self._keys, self._version = signing_keys(self._home)[1:], version
        return self._keys


def open_home(path: Path, *, clock: Clock | None = None) -> tuple[Home, Node]:
    """Open a node from its settings file; each thing that is wrong is one clear error."""
    home = read_config(path)
    return home, open_node(home, clock=clock)


def open_node(home: Home, *, clock: Clock | None = None, engine: Engine | None = None) -> Node:
    """Open a node by its settings, on a database that is open already or that they name."""
    clock, config = clock or clock_of(home), home.config
    engine = engine or open_engine(home.database)
    directory = open_directory(home, engine, clock)
    first, later = Ed25519Signer.load(home.key(SIGNING)), LaterKeys(home, directory)
    later()  # a file that cannot be used is told now
    identity = Identity(config.authority, first, KemKey.load(home.key(KEM)), config.exercise, later)
    parts = Parts(
        identity=identity,
        name=config.name,
        contact=config.contact,
        engine=engine,
        directory=directory,
        table=load_policy(home),
        log_signer=Ed25519Signer.load(home.key(LOG)),
        log_origin=config.ledger_origin,
        banks=frozenset(config.banks),
        telcos=frozenset(config.telcos),
        abroad=config.abroad,
        kinds=config.kinds,
        clock=clock,
        ids=IdSource(clock),
        competent=issuer_keys(config.competent, where="competent"),
        language=config.language or official(config.jurisdiction),
        vault=open_vault(home),
        redress_key=open_redress(home),
    )
    return assemble(parts)


def open_vault(home: Home) -> VaultKey:
    """Return the key that closes people's secrets; a home that was made before there were officers gets one."""
    path = home.key(ACCESS)
    if not path.exists():
        with contextlib.suppress(Conflict):
            VaultKey.generate().save(path)
    return VaultKey.load(path)


def open_redress(home: Home) -> bytes:
    """Return the key of this authority's redress ids; a home that was made before there were lists gets one."""
    path = home.key(REDRESS)
    if not path.exists():
        with contextlib.suppress(Conflict):
            save_secret(path, secrets.token_bytes(MOST_KEY // 2))
    return check_key(load_secret(path), str(path))


def clock_of(home: Home) -> Clock:
    """Return the node's clock: the machine's, or the one that an exercise's file drives; BadInput when that cannot be read."""
    named = home.config.exercise_clock
    return ExerciseClock(home.path(named)) if named else SystemClock()


def load_charter(home: Home) -> SignedCharter:
    """Read the charter and hold it against the pin; Refused when it is another one, or does not list this authority.

    Its keys were judged when it was installed: that they have ended since, as planned in it or not, must not stop a node.
    """
    path = home.path(home.config.charter)
    try:
        signed = parse_charter(path.read_bytes(), where=str(path))
    except FileNotFoundError:
        raise BadInput("there is no charter", "install one with `lintas charter`", where=str(path)) from None
    check_charter(signed, now=None, pin=home.config.charter_pin)
    if signed.charter.exercise != home.config.exercise:
        raise Refused("exercise_flag", "the charter and this node differ in exercise mode", "use the right charter")
    signed.charter.member(home.config.authority)
    return signed


def witness_vkey(home: Home, signer: Ed25519Signer) -> str:
    """Return the verifier key of this authority's witness."""
    return str(witness_key(f"{home.config.authority}-witness", signer))
