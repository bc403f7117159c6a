"""Writes statements that no honest node would: the frame is right, the body is whatever a liar puts in."""

import msgspec

from lintas.model.markings import Marking
from lintas.model.messages import VERSION, Statement, kind_of


def forge(body: msgspec.Struct, *, id: str, origin: str, purpose: str, marking: Marking, issued_at: str) -> bytes:
    """Write a statement as ``messages.write`` does, without its look at what a reader would have to refuse."""
    frame = Statement(
        type=kind_of(body)[0],
        version=VERSION,
        id=id,
        origin=origin,
        purpose=purpose,
        marking=marking,
        issued_at=issued_at,
        body=msgspec.Raw(msgspec.json.encode(body)),
    )
    return msgspec.json.encode(frame)
