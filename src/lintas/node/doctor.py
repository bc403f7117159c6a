"""Examines a node's home without running it: one line for each thing that must be right."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

from lintas.ledger.checkpoint import parse_checkpoint
from lintas.ledger.publish import CHECKPOINT, TAKE_BACK
from lintas.model.errors import BadInput, LintasError, Refused
from lintas.node import home as homes
from lintas.node.config import Home, read_config
from lintas.storage import migrate
from lintas.storage.engine import check_durable, opened, reading
from lintas.trust import note
from lintas.trust.keys import Ed25519Signer, KemKey


def examine(config_file: Path) -> Iterator[tuple[str, str]]:
    """Yield (what was checked, "" or what is wrong and what to do), in the order in which to mend."""
    try:
        home = read_config(config_file)
    except LintasError as wrong:
        yield "settings", str(wrong)
        return
    yield "settings", ""
    checks: list[tuple[str, Callable[[Home], object]]] = [
        ("signing keys", homes.signing_keys),
        ("ledger key", lambda home: Ed25519Signer.load(home.key(homes.LOG))),
        ("envelope key", lambda home: KemKey.load(home.key(homes.KEM))),
        ("policy table and its signature", homes.load_policy),
        ("charter", homes.load_charter),
        ("TLS certificate and key", _tls),
        ("banks abroad", _abroad),
        ("clock", homes.clock_of),
        ("database", _database),
        ("a signing key that counts", _current_key),
        ("ledger", _ledger),
        ("the members' ledgers", _findings),
        ("key of the officers' secrets", _access),
    ]
    for name, check in checks:
        try:
            check(home)
        except LintasError as wrong:
            yield name, str(wrong)
        except OSError as wrong:
            yield name, f"{wrong.filename}: {wrong.strerror}"
        else:
            yield name, ""


def _current_key(home: Home) -> None:
    """The charter in force lists one of the keys here as current."""
    with opened(home.database) as engine:
        directory = homes.open_directory(home, engine, homes.clock_of(home))
    listed = directory.keys(home.config.authority)
    if not {key.key_id for key in listed} & {signer.public.key_id for signer in homes.signing_keys(home)}:
        what = f"charter version {directory.charter.version} lists none of the signing keys here as current"
        raise BadInput(what, "restore the key from the backup, or have a successor made with a new one")


def _access(home: Home) -> None:
    """The key there is opens the second factors that are stored; without officers there need be none."""
    node = homes.open_node(home)
    try:
        with reading(node.parts.engine) as tx:
            node.access.sessions.check_key(tx)
    finally:
        node.parts.engine.dispose()


def _tls(home: Home) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(home.key(homes.TLS_CERTIFICATE), home.key(homes.TLS_KEY))
    except (OSError, ssl.SSLError) as wrong:
        what = f"the certificate and its key cannot be used: {wrong.strerror or wrong}"
        raise BadInput(what, "restore both from the backup", where=str(home.key(homes.TLS_CERTIFICATE))) from None


def _abroad(home: Home) -> None:
    """Every authority that is to answer for a bank is a member."""
    charter = homes.load_charter(home).charter
    members = {member.authority for member in charter.members}
    for bank, authority in home.config.abroad.items():
        if authority not in members:
            raise BadInput(f"bank {bank} is {authority}'s, which is no member", "correct `[abroad]`, or the charter")


def _database(home: Home) -> None:
    place = home.database
    if isinstance(place, Path) and not place.exists():
        raise BadInput(
            "there is no database", "restore it, or make one with `lintas db upgrade`", where=home.config.database
        )
    with opened(place) as engine:
        migrate.check_current(engine)
        check_durable(engine)


def _ledger(home: Home) -> None:
    with opened(home.database) as engine, reading(engine) as tx:
        node = homes.open_node(home, engine=engine)
        size = node.ledger.size(tx)
        node.ledger.root(tx)
    published = home.path(home.config.ledger) / CHECKPOINT
    if published.exists():
        checkpoint = parse_checkpoint(note.parse(published.read_bytes()).text)
        if checkpoint.size > size:
            raise Refused("rollback", f"{checkpoint.size} entries are published, the database has {size}", TAKE_BACK)
        if checkpoint.origin != home.config.ledger_origin:
            raise BadInput(f"the published ledger is {checkpoint.origin}'s", "correct `ledger` or `ledger_origin`")


def _findings(home: Home) -> None:
    """No member's ledger was found to show different members different entries."""
    with opened(home.database) as engine, reading(engine) as tx:
        found = homes.open_node(home, engine=engine).watch.findings(tx)
    if split := sorted({each.origin for each in found.findings}):
        what = f"{', '.join(split)} showed different members different entries"
        raise BadInput(what, "read GET /api/v1/ledger/findings, and take the proof to the other members")
