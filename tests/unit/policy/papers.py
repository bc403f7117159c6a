"""Approvals for the tests: a key of a fictional competent authority, one good approval, and releases that it covers."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec

from lintas.model.money import Money
from lintas.policy.approval import Approval, Sought
from lintas.trust import note
from lintas.trust.keys import Ed25519Signer

COMMISSION = Ed25519Signer.from_seed("data.xa.example", hashlib.sha256(b"commission").digest())
VKEY = note.ed25519_key(COMMISSION.name, COMMISSION)
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CASE = f"case-{'0' * 27}1"

GOOD = Approval(
    id=f"approval-{'0' * 27}1",
    kind="approval",
    jurisdiction="XA",
    issuer="data.xa.example",
    authority="xa-asc",
    reference="DSC 2026/17",
    peers=("xd-asc",),
    categories=("hold_request", "baton"),
    purposes=("stop_payment",),
    not_before=datetime(2026, 3, 1, tzinfo=UTC),
    expires=datetime(2026, 3, 8, tzinfo=UTC),
)
SOUGHT = Sought(
    jurisdiction="XA",
    authority="xa-asc",
    category="hold_request",
    purpose="stop_payment",
    peer="xd-asc",
    peer_jurisdiction="XD",
    at=NOON,
    amount=Money(500_000, "XAK"),
    case=CASE,
)


def approval(**changes: Any) -> Approval:  # noqa: ANN401 — tests also write what no approval should hold
    return msgspec.structs.replace(GOOD, **changes)


def sought(**changes: Any) -> Sought:  # noqa: ANN401 — tests also ask what nobody knows
    return msgspec.structs.replace(SOUGHT, **changes)
