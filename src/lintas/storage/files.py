"""Writes files that must be whole after a power cut: on disk before it returns, and never half of one."""

import os
from pathlib import Path


def put(path: Path, data: bytes) -> None:
    """Put a file in its place, new or instead of another: whatever stops it, there is the old one or the new one."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(data)
    sync(fresh)
    fresh.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file's bytes, or a directory's names, are on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
