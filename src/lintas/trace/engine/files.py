"""The index on disk: one directory of `.npy` columns to be memory-mapped, and a manifest that seals each of them."""

import hashlib
import json
import os
import shutil
from dataclasses import fields
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from lintas.model.errors import BadInput, MalformedInput
from lintas.trace.engine.index import Columns, Index
from lintas.trace.engine.journal import JOURNAL, replay
from lintas.trace.engine.live import Live
from lintas.trace.engine.words import Form

FORMAT = "lintas-trace-index/2"
MANIFEST = "manifest.json"
_AGAIN = "build it again with `lintas trace index`"


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the columns alone do not say; ``files`` gives each file's SHA-256, ``seal`` that of the manifest itself."""

    format: str
    snapshot: str
    transfers: int
    lines: int
    currencies: list[str]
    banks: list[str]
    balances: str
    lifted: int
    id_form: Form
    id_width: int
    self_transfers: int
    files: dict[str, str]
    seal: str = ""

    def sealed(self) -> str:
        """Return the SHA-256 of everything but the seal."""
        return hashlib.sha256(_json(msgspec.structs.replace(self, seal=""))).hexdigest()


def save(index: Index, directory: Path) -> None:
    """Write the index, complete or not at all, in place of an earlier index or into a new or empty directory.

    Raises BadInput where the directory holds anything else, or the index has unsealed changes; OSError where it cannot be
    written.
    """
    if isinstance(index, Live):
        raise BadInput("an index with changes is not sealed", "build it anew from all its files")
    if directory.exists() and not (directory.is_dir() and _may_replace(directory)):
        what = f"{directory} holds something that is no trace index"
        raise BadInput(what, "name a new or an empty directory")
    fresh = directory.with_name(f".{directory.name}.new-{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        _write(index, fresh)
        _put_in_place(fresh, directory)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def load(directory: Path) -> Index:
    """Open an index, its columns memory-mapped; every file is read once to check its seal, its journal replayed.

    Raises BadInput where the directory is no index, MalformedInput where a file is missing, damaged or foreign.
    """
    manifest = _read_manifest(directory)
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for field in fields(Columns):
        file = directory / f"{field.name}.npy"
        if not file.is_file():
            raise MalformedInput("the file is missing", _AGAIN, where=str(file))
        if _digest(file) != manifest.files.get(file.name):
            raise MalformedInput("the file is damaged or belongs to another index", _AGAIN, where=str(file))
        try:
            columns[field.name] = np.load(file, mmap_mode="r" if file.stat().st_size > 4096 else None)
        except (ValueError, EOFError) as wrong:
            raise MalformedInput(f"the file cannot be read ({wrong})", _AGAIN, where=str(file)) from None
    index = Index(
        Columns(**columns),  # type: ignore[arg-type]  # the sealed files have the types they were saved with
        snapshot=manifest.snapshot,
        currencies=manifest.currencies,
        banks=manifest.banks,
        balances=manifest.balances,
        lifted=manifest.lifted,
        id_form=manifest.id_form,
        id_width=manifest.id_width,
        self_transfers=manifest.self_transfers,
    )
    return replay(index, directory)


def _may_replace(directory: Path) -> bool:
    """Say whether nothing but an index would be lost."""
    ours = {MANIFEST, JOURNAL, *(f"{field.name}.npy" for field in fields(Columns))}
    present = {entry.name for entry in directory.iterdir()}
    return not present or (MANIFEST in present and present <= ours)


def _write(index: Index, directory: Path) -> None:
    files = {}
    for field in fields(Columns):
        file = directory / f"{field.name}.npy"
        np.save(file, getattr(index.columns, field.name), allow_pickle=False)
        files[file.name] = _digest(file)
    manifest = _Manifest(
        format=FORMAT,
        snapshot=index.snapshot,
        transfers=len(index),
        lines=index.line_count,
        currencies=index.currencies,
        banks=index.banks,
        balances=index.balances,
        lifted=index.lifted,
        id_form=index.ids.form,
        id_width=index.id_width,
        self_transfers=index.self_transfers,
        files=files,
    )
    (directory / MANIFEST).write_bytes(_json(msgspec.structs.replace(manifest, seal=manifest.sealed())))


def _put_in_place(fresh: Path, directory: Path) -> None:
    """Rename: a reader sees the old index or the new one."""
    old = directory.with_name(f".{directory.name}.old-{os.getpid()}")
    if directory.exists():
        directory.rename(old)
    fresh.rename(directory)
    shutil.rmtree(old, ignore_errors=True)


def _read_manifest(directory: Path) -> _Manifest:
    file = directory / MANIFEST
    if not file.is_file():
        raise BadInput(f"{directory} is no trace index: {MANIFEST} is missing", "make one with `lintas trace index`")
    try:
        manifest = msgspec.json.decode(data := file.read_bytes(), type=_Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedInput("the manifest cannot be read", _AGAIN, where=str(file)) from None
    if manifest.format != FORMAT:
        what = f"the index has the format {manifest.format[:60]!r}, this program reads {FORMAT!r}"
        raise BadInput(what, _AGAIN, where=str(file))
    if manifest.seal != manifest.sealed() or data != _json(manifest):
        raise MalformedInput("the manifest is damaged", _AGAIN, where=str(file))
    return manifest


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _json(manifest: _Manifest) -> bytes:
    return json.dumps(msgspec.to_builtins(manifest), sort_keys=True, indent=1, ensure_ascii=False).encode() + b"\n"
