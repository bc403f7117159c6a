"""Who an answer is for: the door sets it for each call, and whatever must be noted of what is read is noted of that reader.

It goes along with the call through every thread and task that works for it, so that no face has to remember to pass it on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

import msgspec

Door = Literal["page", "api", "bank"]


class Reader(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who reads: the id by which this node knows them, name, role, organisation ("" for the authority), door."""

    id: str
    name: str
    role: str
    organisation: str = ""
    door: Door = "api"


_reader: ContextVar[Reader | None] = ContextVar("lintas_reader", default=None)


@contextmanager
def answering(reader: Reader) -> Iterator[None]:
    """Say for whom everything inside is read."""
    before = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(before)


def reader_now() -> Reader | None:
    """Return for whom the present work reads; None for the node's own."""
    return _reader.get()
