"""The charter: the members' signed list of themselves, their keys and addresses, and how many of them may change it.

A charter file is text that people can read: the charter as JSON, an empty line, then one line for each endorsement,
``— authority algorithm key-id base64``. The signatures are over the exact bytes before the empty line.

Version 1 is valid when a quorum of its own members endorsed it and the reader knows its SHA-256 from elsewhere (in person,
by telephone); version n is valid when a quorum of version n-1 did. There is no authority above the members.
"""

import base64
import hashlib
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

import msgspec

from lintas.model.errors import BadInput, LintasError, MalformedInput, Refused, TooLarge
from lintas.model.places import jurisdiction
from lintas.model.times import parse
from lintas.trust.certificates import fingerprint
from lintas.trust.envelope import HashOrNone, Instant
from lintas.trust.keys import (
    ED25519,
    UNREADABLE,
    PublicKey,
    Signature,
    Signer,
    Verify,
    check_signatures,
    encrypt_to,
    sign_all,
    verify_signature,
)
from lintas.trust.note import decode_base64, parse_vkey

#: Some hundred members with their keys and certificates stay far below this.
MAX_CHARTER = 4 * 1024 * 1024
MAX_MEMBERS = 200
#: Of one member, those that have ended included.
MAX_SIGNING_KEYS = 16

AuthorityId = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?\Z")]
#: One line to be shown to people: no control characters, and none that turn the direction of writing.
Text = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"\A[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]+\Z")]

#: An address, or "" for a member that nobody can dial.
Address = Annotated[str, msgspec.Meta(max_length=2000, pattern=r"\A[\x21-\x7e]*\Z")]

_ENDORSEMENT = re.compile(r"— (\S+) (\S+) ([0-9a-f]{16}) (\S+)")


class SigningKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member's public key and when it counts: from ``not_before`` on, until just before ``revoked_at`` (RFC 3339, Z)."""

    key: PublicKey
    not_before: Instant | None = None
    revoked_at: Instant | None = None


class WitnessEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The member's witness, which cosigns the others' ledgers: its C2SP verifier key and where to post checkpoints."""

    name: Text
    vkey: Text
    url: Text


class Member(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One authority: who it is, how it signs, how to write to it, and where its ledger can be checked.

    ``kem_public`` is a KemKey's 1,216 public bytes; ``tls_certificate`` one PEM certificate, pinned by its fingerprint.
    ``exchange_url`` is "" for a member without inbound ports, which fetches what is for it at the others' doors.
    """

    authority: AuthorityId
    jurisdiction: str
    name: Text
    signing_keys: Annotated[tuple[SigningKey, ...], msgspec.Meta(min_length=1, max_length=MAX_SIGNING_KEYS)]
    kem_public: bytes
    tls_certificate: str
    exchange_url: Address
    public_url: Text
    log_vkey: Text
    witness: WitnessEntry


class Charter(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="lintas-charter"
):
    """What the members agreed on; ``previous`` is the hex SHA-256 of the version before, "" in version 1.

    ``quorum`` is more than half of the members, so that no two different next versions can both be valid while fewer than
    ``2 * quorum - members`` of them are corrupt.
    """

    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    exercise: bool
    previous: HashOrNone = ""
    quorum: Annotated[int, msgspec.Meta(ge=1, le=MAX_MEMBERS)]
    principles: Annotated[tuple[Text, ...], msgspec.Meta(max_length=100)] = ()
    members: Annotated[tuple[Member, ...], msgspec.Meta(min_length=1, max_length=MAX_MEMBERS)]

    def member(self, authority: str) -> Member:
        """Return the member of this id; Refused("not_a_member")."""
        for member in self.members:
            if member.authority == authority:
                return member
        raise Refused(
            "not_a_member",
            f"{authority} is not a member in charter version {self.version}",
            "compare the charter versions of both sides",
        )

    def member_by_certificate(self, sha256: str) -> Member:
        """Return the member whose TLS certificate has this fingerprint (hex SHA-256 of DER); Refused("unknown_certificate")."""
        for member in self.members:
            if fingerprint(member.tls_certificate) == sha256:
                return member
        raise Refused(
            "unknown_certificate",
            f"no member in charter version {self.version} uses the certificate {sha256[:16]}…",
            "ask the peer for its certificate's fingerprint and for the charter that lists it",
        )


class Endorsement(msgspec.Struct, frozen=True, kw_only=True):
    """One member's signature over a charter's exact bytes."""

    authority: str
    signature: Signature


class SignedCharter(msgspec.Struct, frozen=True, kw_only=True):
    """A charter, the exact bytes it was read from, and the endorsements found beneath; nothing of it is verified yet."""

    body: bytes
    charter: Charter
    endorsements: tuple[Endorsement, ...] = ()

    @property
    def sha256(self) -> str:
        """Return the hex SHA-256 of the charter's exact bytes: what a reader compares by telephone, and pins."""
        return hashlib.sha256(self.body).hexdigest()

    def render(self) -> bytes:
        """Return the charter file's content."""
        lines = "".join(
            f"— {each.authority} {each.signature.algorithm} {each.signature.key_id}"
            f" {base64.b64encode(each.signature.value).decode()}\n"
            for each in self.endorsements
        )
        return self.body + b"\n" + lines.encode()


def current_keys(member: Member, now: datetime) -> tuple[PublicKey, ...]:
    """Return the member's keys that count at ``now``; a revoked key never comes back."""
    return tuple(
        each.key
        for each in member.signing_keys
        if (each.not_before is None or parse(each.not_before) <= now)
        and (each.revoked_at is None or now < parse(each.revoked_at))
    )


def write_charter(charter: Charter) -> SignedCharter:
    """Fix a new charter's bytes, not endorsed yet; BadInput if its reader would have to refuse it."""
    body = msgspec.json.format(msgspec.json.encode(charter), indent=2) + b"\n"
    return SignedCharter(body=body, charter=_parse_body(body, "charter"))


def endorse(signed: SignedCharter, authority: str, signer: Signer) -> SignedCharter:
    """Return the charter with this member's signature beneath, in place of an earlier one by the same key."""
    (signature,) = sign_all(signed.body, [signer])
    kept = tuple(
        each for each in signed.endorsements if (each.authority, each.signature.key_id) != (authority, signature.key_id)
    )
    return SignedCharter(
        body=signed.body,
        charter=signed.charter,
        endorsements=(*kept, Endorsement(authority=authority, signature=signature)),
    )


def parse_charter(data: bytes, *, where: str = "charter") -> SignedCharter:
    """Read a charter file without trusting it; TooLarge (4 MiB), MalformedInput, or BadInput naming the member and field."""
    if len(data) > MAX_CHARTER:
        raise TooLarge(f"the charter has {len(data):,} bytes", f"a charter has at most {MAX_CHARTER:,}", where=where)
    head, gap, tail = data.rpartition(b"\n\n")
    if not gap or (tail and not tail.endswith(b"\n")):
        raise MalformedInput(
            "this is not a charter file", "it is JSON, an empty line, and one line per endorsement", where=where
        )
    body = head + b"\n"
    charter = _parse_body(body, where)
    return SignedCharter(body=body, charter=charter, endorsements=_parse_endorsements(tail, where))


def check_charter(
    signed: SignedCharter,
    *,
    now: datetime | None,
    pin: str = "",
    previous: SignedCharter | None = None,
    verify: Verify = verify_signature,
) -> tuple[str, ...]:
    """Return the authorities whose endorsement counted; Refused unless the charter is valid.

    Version 1 needs ``pin``, its SHA-256 known from elsewhere. Version n needs ``previous``, the version n-1 that the caller
    trusts already; a ``pin`` given as well must be that of ``previous``. ``now`` is when it is judged: the endorsers' keys
    must have begun by then, and not been revoked; None for one that was judged when it was put here, whatever ended since.
    Reasons: not_anchored, pin_mismatch, wrong_version, wrong_previous, exercise_flag, no_quorum, bad_signature,
    unknown_algorithm.
    """
    anchor = signed if previous is None else previous
    if pin and anchor.sha256 != pin.strip().lower():
        raise Refused(
            "pin_mismatch",
            # Its hash is not told: who reads it here would compare it with itself.
            f"version {anchor.charter.version} is not the charter whose SHA-256 you gave",
            "do not use it; compare with another member in person",
        )
    if previous is None:
        _check_first(signed, pin)
    else:
        _check_successor(signed, previous)
    voters = anchor.charter
    counted = _endorsers(signed, voters, now, verify)
    if len(counted) < voters.quorum:
        raise Refused(
            "no_quorum",
            f"{len(counted)} of {len(voters.members)} members of version {voters.version} endorsed it, {voters.quorum} must",
            "ask more members to sign it with a current key",
        )
    return counted


def _check_first(signed: SignedCharter, pin: str) -> None:
    if signed.charter.version != 1:
        raise Refused(
            "not_anchored",
            f"version {signed.charter.version} can only be judged by the members of the version before",
            "give the previous charter too",
        )
    if not pin:
        raise Refused(
            "not_anchored",
            "a first charter vouches for itself, which proves nothing",
            f"compare its SHA-256 {signed.sha256} with another member in person and give it as the pin",
        )


def _check_successor(signed: SignedCharter, previous: SignedCharter) -> None:
    ours, theirs = previous.charter, signed.charter
    if theirs.version != ours.version + 1:
        raise Refused(
            "wrong_version",
            f"version {theirs.version} does not follow version {ours.version}",
            "take one step at a time",
        )
    if theirs.previous != previous.sha256:
        raise Refused(
            "wrong_previous", "it was written to follow another charter", "find out which members hold that other one"
        )
    if theirs.exercise != ours.exercise:
        raise Refused(
            "exercise_flag", "a charter cannot change between exercise and real", "begin a new one at version 1"
        )


def _endorsers(signed: SignedCharter, voters: Charter, now: datetime | None, verify: Verify) -> tuple[str, ...]:
    """Return, in the order of the members, who endorsed with a key that counts now; other lines count for nothing."""
    counted = []
    for member in voters.members:
        signatures = [each.signature for each in signed.endorsements if each.authority == member.authority]
        keys = current_keys(member, now) if now else tuple(each.key for each in member.signing_keys)
        known = {key.key_id for key in keys}
        if any(each.key_id in known for each in signatures):
            check_signatures(signed.body, signatures, keys, verify)
            counted.append(member.authority)
    return tuple(counted)


def _parse_endorsements(tail: bytes, where: str) -> tuple[Endorsement, ...]:
    try:
        lines = tail.decode().split("\n")[:-1]
    except UnicodeDecodeError:
        raise MalformedInput("the endorsements are not UTF-8", "copy the file again", where=where) from None
    if len(lines) > 2 * MAX_MEMBERS:
        raise TooLarge(f"{len(lines)} endorsements", f"a charter has at most {2 * MAX_MEMBERS}", where=where)
    found = []
    for number, line in enumerate(lines, 1):
        place = f"{where}: endorsement {number}"
        match = _ENDORSEMENT.fullmatch(line)
        if match is None:
            raise MalformedInput("not an endorsement", "write: — authority algorithm key-id base64", where=place)
        authority, algorithm, key_id, value = match.groups()
        signature = Signature(algorithm=algorithm, key_id=key_id, value=decode_base64(value, where=place))
        found.append(Endorsement(authority=authority, signature=signature))
    return tuple(found)


def _parse_body(body: bytes, where: str) -> Charter:
    try:
        charter = msgspec.json.decode(body, type=Charter)
    except UNREADABLE as wrong:
        raise MalformedInput(
            f"the charter cannot be read: {wrong}", "copy the file again, whole", where=where
        ) from None
    for member in charter.members:
        try:
            _check_member(member)
        except LintasError as wrong:
            field = f"{where}: {member.authority}" + (f".{wrong.where}" if wrong.where else "")
            raise BadInput(wrong.what, wrong.do, where=field) from None
    _check_whole(charter, where)
    return charter


def _check_whole(charter: Charter, where: str) -> None:
    count = len(charter.members)
    if not count // 2 < charter.quorum <= count:
        raise BadInput(
            f"a quorum of {charter.quorum} for {count} members",
            "more than half of them, and not more than all",
            where=where,
        )
    if (charter.version == 1) != (charter.previous == ""):
        raise BadInput("previous does not fit the version", "leave it empty in version 1 only", where=where)
    members = charter.members
    keys = [each.key for member in members for each in member.signing_keys]
    _check_unique("authority", [member.authority for member in members], where)
    _check_unique("signing key", [key.key for key in keys], where)
    _check_unique("signing key id", [key.key_id for key in keys], where)
    _check_unique("envelope key", [member.kem_public for member in members], where)
    _check_unique("TLS certificate", [fingerprint(member.tls_certificate) for member in members], where)
    _check_unique("ledger key", [member.log_vkey for member in members], where)
    _check_unique("witness key", [member.witness.vkey for member in members], where)


def _check_unique(what: str, values: Iterable[str | bytes], where: str) -> None:
    seen: set[str | bytes] = set()
    for value in values:
        if value in seen:
            raise BadInput(f"the same {what} stands twice in the charter", "each member has its own", where=where)
        seen.add(value)


def _check_member(member: Member) -> None:
    """Raise a LintasError whose ``where`` is the field at fault."""
    if jurisdiction(member.jurisdiction) != member.jurisdiction:
        raise BadInput(
            f"{member.jurisdiction!r} is not upper case", "write the ISO code in capitals", where="jurisdiction"
        )
    for each in member.signing_keys:
        if each.key.algorithm == ED25519 and len(each.key.key) != 32:
            raise BadInput(
                f"the key {each.key.name} has {len(each.key.key)} bytes", "ed25519 has 32", where="signing_keys"
            )
        for moment in (each.not_before, each.revoked_at):
            if moment is not None:
                parse(moment)
    encrypt_to(member.kem_public, b"", info=b"")
    fingerprint(member.tls_certificate)
    parse_vkey(member.log_vkey, where="log_vkey")
    parse_vkey(member.witness.vkey, where="witness.vkey")
    if member.exchange_url:
        _check_url(member.exchange_url, "exchange_url", {"https"})
    _check_url(member.public_url, "public_url", {"https", "http"})
    _check_url(member.witness.url, "witness.url", {"https", "http"})


def _check_url(url: str, where: str, schemes: set[str]) -> None:
    try:
        parts = urlsplit(url)
        # Reading the port is what makes urllib check it.
        fine = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and not re.search(r"\s", url)
        fine = fine and not (parts.username or parts.query or parts.fragment)
    except ValueError:
        fine = False
    if not fine:
        example = "https://node.xa.example:8443"
        raise BadInput(f"{url[:80]!r} is no address of a member", f"write e.g. {example}", where=where)
