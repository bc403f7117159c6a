"""Where a database is: the path of a SQLite file, or the address of a PostgreSQL database, which never holds a password."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from lintas.model.errors import BadInput

_SCHEMES = ("postgresql://", "postgres://")
_FORM = "write postgresql://USER@HOST:PORT/DATABASE, or postgresql:///DATABASE?host=/the/directory/of/its/socket"
_PORTS = re.compile(r"[0-9,]*")
#: What libpq takes in an address and nobody else may read.
_SECRET = frozenset({"password", "sslpassword", "oauth_client_secret"})


class Address(msgspec.Struct, frozen=True):
    """Where a PostgreSQL database is, as libpq reads it: keyword -> value. The password comes from libpq's own places."""

    parts: Mapping[str, str]

    def __str__(self) -> str:
        """Name the database for people, in few words."""
        named = [f"{name}={self.parts[name]}" for name in ("service", "user", "host", "port") if name in self.parts]
        return " ".join([f"PostgreSQL database {self.parts.get('dbname', 'by default')!r}", *named])


#: Where a database is.
Place = Path | Address


def is_address(text: str) -> bool:
    """Tell an address from a path."""
    return text.startswith(_SCHEMES)


def read_address(text: str, where: str = "database") -> Address:
    """Read an address; BadInput, which never repeats what may be a password, when it is none or holds one."""
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        what = "the driver for PostgreSQL is not installed"
        raise BadInput(what, "install lintas with the extra `postgres`: lintas[postgres]", where=where) from None
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(text).items() if value is not None}
        # A password with a slip around it may stand where the port should; libpq would quote it.
        if not _PORTS.fullmatch(parts.get("port", "")):
            raise ValueError
    except (psycopg.Error, UnicodeError, ValueError):
        raise BadInput("this is no address of a PostgreSQL database", _FORM, where=where) from None
    if _SECRET & parts.keys():
        what = "an address here holds no password: whoever reads the settings would know it"
        raise BadInput(what, "put it into ~/.pgpass, a `passfile=` of your own, or PGPASSWORD", where=where)
    return Address(parts)
