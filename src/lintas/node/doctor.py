"""Examines a node's home without running it: one line for each thing that must be right."""

from collections.abc import Callable, Iterator
from pathlib import Path

from lintas.model.errors import LintasError
from lintas.model.times import SystemClock
from lintas.node import home as homes
from lintas.node.config import Home, read_config
from lintas.storage import migrate
from lintas.storage.engine import open_engine, reading
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
        ("signing key", lambda home: Ed25519Signer.load(home.key(homes.SIGNING))),
        ("ledger key", lambda home: Ed25519Signer.load(home.key(homes.LOG))),
        ("envelope key", lambda home: KemKey.load(home.key(homes.KEM))),
        ("policy table and its signature", homes.load_policy),
        ("charter", lambda home: homes.load_charter(home, SystemClock())),
        ("database", _database),
        ("ledger", _ledger),
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


def _database(home: Home) -> None:
    migrate.check_current(open_engine(home.path(home.config.database)))


def _ledger(home: Home) -> None:
    _, node = homes.open_home(home.root / homes.SETTINGS)
    with reading(node.parts.engine) as tx:
        node.ledger.root(tx)
