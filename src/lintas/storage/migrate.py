"""Brings a database to the current form with Alembic, and refuses one that is older or newer than this program.

Alembic is loaded to change a form; to know one, the names of the scripts and one row of the database are enough.
"""

from functools import cache
from importlib import resources

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import DBAPIError

from lintas.model.errors import BadInput, Unavailable
from lintas.storage.engine import reading, unavailable, writing

_SCRIPTS = "lintas.storage:migrations"


@cache
def _known() -> tuple[str, ...]:
    """Return the revisions that this program knows, in order: what the name of each script begins with."""
    scripts = resources.files("lintas.storage.migrations.versions").iterdir()
    return tuple(sorted(script.name.partition("_")[0] for script in scripts if script.name[0].isdigit()))


def head() -> str:
    """Return the revision that this program needs."""
    return _known()[-1]


def current(engine: Engine) -> str:
    """Return the revision of a database, "" when it is empty; Unavailable when it cannot be read."""
    with reading(engine) as connection:
        # Alembic's own table, of one row that names the revision.
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() or "")


def upgrade(engine: Engine) -> None:
    """Bring the database to the current form, in one transaction; Unavailable when it cannot be written."""
    try:
        with writing(engine) as connection, connection.begin():
            upgrade_to(connection, "head")
    except DBAPIError as wrong:
        raise unavailable(wrong) from wrong


def upgrade_to(connection: Connection, revision: str) -> None:
    """Bring a database to one form, inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def check_known(engine: Engine) -> str:
    """Return the form of a database that this program can bring to its own; BadInput, or Unavailable for a newer one."""
    have = current(engine)
    if not have:
        raise BadInput("this is no database of lintas", "name a file that `lintas db backup` wrote")
    if have not in _known():
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
