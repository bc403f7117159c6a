"""Writes envelopes by hand with a member's real keys: what a corrupt authority, or somebody who stole its keys, could send."""

import hashlib
import itertools
from collections.abc import Sequence
from typing import Any

import msgspec
from tests.forging import forge
from tests.integration.town import NOW, XA, XB, keys_of

from lintas.cli.demo.story import A2, B1
from lintas.model import times
from lintas.model.markings import Marking, Obligations
from lintas.model.messages import HoldRequest, LegalBasis
from lintas.model.tainted import Baton
from lintas.trust.envelope import Draft, Item, header_sha256, seal
from lintas.trust.keys import Signer

_numbers = itertools.count(1)


def request(**changes: object) -> HoldRequest:
    """Return a hold request that xb would take, with changes."""
    number = next(_numbers)
    good: dict[str, Any] = {
        "hold": f"hold-by-hand-{number:04d}",
        "baton": Baton(transfer=f"transfer-{number:04d}", start=0, end=50_000, currency="XAK", holder=B1, sender=A2),
        "amount_minor": 50_000,
        "currency": "XAK",
        "scheme": "investment",
        "basis": LegalBasis(jurisdiction="XA", rule="xa-hold-request", law="Aria Fraud Response Act 2024, s.12"),
        "answer_by": "2026-03-01T11:07:00Z",
        "expires": "2026-03-04T10:07:00Z",
        "contact": "duty-desk@xa-asc.example",
    }
    return HoldRequest(**(good | changes))


def statement(
    body: msgspec.Struct,
    *,
    word: str = "",
    origin: str = XA,
    purpose: str = "stop_payment",
    plane: str = "B",
    expires: str | None = None,
) -> Item:
    """Wrap a body as one object of an envelope; ``word`` names it, as in ``raw``."""
    word = word or f"by hand {next(_numbers)}"
    name = object_id(word)
    # A liar's plane need not be one that exists.
    marking = Marking(plane=plane, tlp="AMBER+STRICT", obligations=Obligations(expires=expires))  # type: ignore[arg-type]
    data = forge(body, id=name, origin=origin, purpose=purpose, marking=marking, issued_at=times.render(NOW))
    return raw(data, word)


def raw(data: bytes, word: str) -> Item:
    """Make any bytes an object; the same word gives the same id and salt."""
    return Item(object_id(word), data, hashlib.sha256(word.encode()).digest())


def object_id(word: str) -> str:
    """Return the id that belongs to a word, in the form that ids have."""
    return f"obj-{hashlib.sha256(word.encode()).hexdigest()[:28]}"


class Hand:
    """A member's keys in somebody's hand: envelopes to one recipient on one lane, in order unless told otherwise."""

    def __init__(self, origin: str = XA, recipient: str = XB) -> None:
        self.origin, self.recipient = origin, recipient
        self.epoch, self.seq, self.prev = 1, 0, ""

    def write(self, items: Sequence[Item], signer: Signer | None = None, **changes: object) -> bytes:
        """Seal the next envelope; with changes to its header, or by another key, the place in order stays untaken."""
        draft = Draft(
            id=f"env-by-hand-{next(_numbers):04d}",
            origin=self.origin,
            recipient=self.recipient,
            lane="urgent",
            epoch=self.epoch,
            seq=self.seq + 1,
            prev=self.prev,
            created=times.render(NOW),
            exercise=True,
        )
        wire = seal(
            msgspec.structs.replace(draft, **changes),
            list(items),
            [signer or keys_of(self.origin).signer],
            keys_of(self.recipient).kem.public,
        )
        if not changes and signer is None:
            self.seq, self.prev = self.seq + 1, header_sha256(wire)
        return wire
