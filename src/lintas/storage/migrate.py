"""Brings a database to the current form with Alembic, and refuses one that is older or newer than this program."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from lintas.model.errors import BadInput, Unavailable
from lintas.storage.engine import reading, unavailable, writing

_SCRIPTS = "lintas.storage:migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    return config


def head() -> str:
    """Return the revision that this program needs."""
    return ScriptDirectory.from_config(_config()).get_current_head() or ""


def current(engine: Engine) -> str:
    """Return the revision of a database, "" when it is empty; Unavailable when it cannot be read."""
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision() or ""


def upgrade(engine: Engine) -> None:
    """Bring the database to the current form, in one transaction; Unavailable when it cannot be written."""
    try:
        with writing(engine) as connection, connection.begin():
            upgrade_to(connection, "head")
    except DBAPIError as wrong:
        raise unavailable(wrong) from wrong


def upgrade_to(connection: Connection, revision: str) -> None:
    """Bring a database to one form, inside the caller's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def check_known(engine: Engine) -> str:
    """Return the form of a database that this program can bring to its own; BadInput, or Unavailable for a newer one."""
    have = current(engine)
    if not have:
        raise BadInput("this is no database of lintas", "name a file that `lintas db backup` wrote")
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if have not in known:
        what = f"the database has form {have}, which this program does not know"
        raise Unavailable(what, "install the program that wrote it, or a newer one")
    return have


def check_current(engine: Engine) -> None:
    """Refuse to work on a database of another form; Unavailable says what to do."""
    have, need = current(engine), head()
    if have != need:
        raise Unavailable(
            f"the database has form {have or 'none'}, this program needs {need}",
            "run `lintas db upgrade` (after a backup), or install the program that wrote it",
        )
