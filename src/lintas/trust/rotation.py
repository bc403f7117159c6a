"""A member's entry for the next charter when its signing keys change: a new one beside the old, or one that ends."""

from datetime import datetime

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput, Conflict, NotFound
from lintas.trust.charter import MAX_SIGNING_KEYS, Member, SigningKey
from lintas.trust.keys import PublicKey


def rotated(mine: Member, key: PublicKey, *, now: datetime, revoke_at: datetime) -> Member:
    """Return the entry with a new key that counts from ``now`` on; every other key ends at ``revoke_at``, or earlier.

    Of those that have ended, the oldest leave the list when it is full: a key that is not listed counts for nothing.
    """
    ended = [_ending(each, revoke_at) for each in mine.signing_keys]
    begun = SigningKey(key=key, not_before=times.render(now))
    return msgspec.structs.replace(mine, signing_keys=(*ended[-(MAX_SIGNING_KEYS - 1) :], begun))


def revoked(mine: Member, key_id: str, *, at: datetime) -> Member:
    """Return the entry in which one key ends at a time; NotFound for a key not listed, Conflict if it ends before that.

    BadInput when no key would be left that goes on: nobody could believe this member any more.
    """
    found = next((each for each in mine.signing_keys if each.key.key_id == key_id), None)
    if found is None:
        listed = ", ".join(each.key.key_id for each in mine.signing_keys)
        raise NotFound(f"the charter in force lists no key {key_id!r} of {mine.authority}", f"it lists {listed}")
    ending = _ending(found, at)
    if ending == found:
        raise Conflict(f"the key {key_id} is revoked from {found.revoked_at} on already", "nothing is to be done")
    if all(each.revoked_at is not None for each in mine.signing_keys if each is not found):
        what = f"without {key_id}, {mine.authority} would have no key to sign with"
        raise BadInput(what, "make a new one first, or both at once: `lintas charter rotate --revoke-at TIME`")
    keys = tuple(ending if each is found else each for each in mine.signing_keys)
    return msgspec.structs.replace(mine, signing_keys=keys)


def _ending(key: SigningKey, at: datetime) -> SigningKey:
    """Let a key end at a time; a revocation never moves to a later one."""
    if key.revoked_at is not None and times.parse(key.revoked_at) <= at:
        return key
    return msgspec.structs.replace(key, revoked_at=times.render(at))
