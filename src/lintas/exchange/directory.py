"""Who is a member now and with which keys: the newest adopted charter, replaced only by a valid successor."""

from collections.abc import Sequence
from datetime import datetime

from lintas.model.times import Clock
from lintas.trust.charter import Charter, Member, SignedCharter, check_charter, current_keys, parse_charter
from lintas.trust.keys import PublicKey, Signer, Verify, verify_signature


class Directory:
    """The members, by the newest charter this node has adopted; every key question is asked here, at the time of use."""

    def __init__(self, signed: SignedCharter, clock: Clock, verify: Verify = verify_signature) -> None:
        self._signed, self._clock, self._verify = signed, clock, verify
        self._successors: list[tuple[SignedCharter, datetime]] = []

    @property
    def charter(self) -> Charter:
        """Return the charter in force here."""
        return self._signed.charter

    @property
    def document(self) -> bytes:
        """Return the charter in force as its members endorsed it."""
        return self._signed.render()

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the charter in force here."""
        return self._signed.sha256

    @property
    def successors(self) -> tuple[tuple[SignedCharter, datetime], ...]:
        """Return the charters put in force since the one this directory began with, and when each was, oldest first."""
        return tuple(self._successors)

    def check_successor(self, document: bytes, at: datetime | None = None) -> SignedCharter:
        """Return a successor signed by a quorum of the members of the present charter; Refused otherwise.

        Its endorsers' keys must count now, or at the time when this node adopted it, which its own database tells.
        """
        signed = parse_charter(document)
        check_charter(signed, now=at or self._clock.now(), previous=self._signed, verify=self._verify)
        return signed

    def use(self, signed: SignedCharter, at: datetime | None = None) -> None:
        """Put a checked successor in force, now or as of the time when it was adopted."""
        self._signed = signed
        self._successors.append((signed, at or self._clock.now()))

    def member(self, authority: str) -> Member:
        """Return a member; Refused when the charter lists none of that name."""
        return self.charter.member(authority)

    def keys(self, authority: str) -> tuple[PublicKey, ...]:
        """Return the signing keys of a member that are valid now: begun, and not revoked."""
        return current_keys(self.member(authority), self._clock.now())

    def signers_of(self, authority: str, own: Sequence[Signer]) -> tuple[Signer, ...]:
        """Return those of an authority's own keys that the charter in force lists as current, in the order in which it does.

        The first is to sign with: while an old and a new key both count, that is the old one, which those who have not seen
        the successor know too. When none counts, it is the first of ``own``: peers refuse it, which tells people on both sides.
        """
        holds = {signer.public.key_id: signer for signer in own}
        listed = next((member for member in self.charter.members if member.authority == authority), None)
        keys = current_keys(listed, self._clock.now()) if listed else ()
        return tuple(holds[key.key_id] for key in keys if key.key_id in holds) or (own[0],)

    def jurisdiction_of(self, authority: str) -> str:
        """Return a member's jurisdiction, "" for a stranger (which no rule permits)."""
        return next((each.jurisdiction for each in self.charter.members if each.authority == authority), "")

    def peers(self, me: str) -> list[Member]:
        """Return everybody else."""
        return [member for member in self.charter.members if member.authority != me]
