"""Reads settings that people write as TOML: whatever is wrong is one error with the file, the line and what to do."""

import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from lintas.model.errors import BadInput, TooLarge

T = TypeVar("T", bound=msgspec.Struct)

#: Settings are a few lines; more than this is another file.
MAX_BYTES = 1 << 20


def read_toml(path: Path, kind: type[T], *, see: str) -> T:
    """Return a file's settings; BadInput names the file and what is wrong. ``see`` is the page that has every setting."""
    return settings_of(read_table(path, missing=f"see {see} for an example"), kind, where=str(path), see=see)


def read_table(path: Path, *, missing: str) -> dict[str, Any]:
    """Return a file's tables; ``missing`` says what to do where there is no such file. BadInput, TooLarge."""
    where = str(path)
    try:
        with path.open("rb") as opened:
            data = opened.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise TooLarge(
                f"this is over the limit of {MAX_BYTES} bytes", "name the file with the settings", where=where
            )
        return tomllib.loads(data.decode())
    except FileNotFoundError:
        raise BadInput("there is no such file", missing, where=where) from None
    except OSError as wrong:
        raise BadInput(f"this file cannot be read ({wrong.strerror})", "check the path", where=where) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise BadInput(f"this is not TOML: {wrong}", "correct the line it names", where=where) from None


def settings_of(table: object, kind: type[T], *, where: str, see: str) -> T:
    """Return the settings that a table says; BadInput names the one that is wrong."""
    try:
        return msgspec.convert(table, kind)
    except msgspec.ValidationError as wrong:
        raise BadInput(str(wrong), f"see {see} for every setting", where=where) from None


def read_named(path: Path, *, where: str) -> str:
    """Return the text of a file that settings name, such as a key; BadInput names it, and the settings by ``where``."""
    try:
        return path.read_text("utf-8").strip()
    except OSError as wrong:
        raise BadInput(f"{path} cannot be read ({wrong.strerror})", "check the path", where=where) from None
    except UnicodeDecodeError:
        raise BadInput(f"{path} is no text", "name a text file", where=where) from None
