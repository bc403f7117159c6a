"""A member's entry when its keys change: old keys end, a revocation never moves to a later time, one key always goes on."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.town import charter, keys_of

from lintas.exchange.directory import Directory
from lintas.model.errors import BadInput, Conflict, NotFound
from lintas.trust.charter import MAX_SIGNING_KEYS, Member, current_keys
from lintas.trust.keys import Ed25519Signer
from lintas.trust.rotation import revoked, rotated

NOW = datetime(2026, 3, 1, 10, 7, tzinfo=UTC)
WEEK = NOW + timedelta(days=7)
OLD = keys_of("xa-asc").signer


def fresh(number: int) -> Ed25519Signer:
    return Ed25519Signer.from_seed(f"xa-asc/signing-{number}", bytes([number]) * 32)


def counting(member: Member, at: datetime) -> list[str]:
    return [key.key_id for key in current_keys(member, at)]


def test_old_and_new_count_together_until_the_old_one_ends() -> None:
    new = fresh(2)
    entry = rotated(keys_of("xa-asc").member, new.public, now=NOW, revoke_at=WEEK)
    old_id, new_id = OLD.public.key_id, new.public.key_id
    assert counting(entry, NOW - timedelta(seconds=1)) == [old_id]
    assert counting(entry, NOW) == [old_id, new_id]
    assert counting(entry, WEEK - timedelta(microseconds=1)) == [old_id, new_id]
    assert counting(entry, WEEK) == [new_id]


def test_an_earlier_end_stays() -> None:
    entry = rotated(keys_of("xa-asc").member, fresh(2).public, now=NOW, revoke_at=NOW)
    again = rotated(entry, fresh(3).public, now=NOW, revoke_at=WEEK)
    assert counting(again, NOW) == [fresh(2).public.key_id, fresh(3).public.key_id]
    with pytest.raises(Conflict, match="already"):
        revoked(again, OLD.public.key_id, at=WEEK)


def test_a_planned_end_can_come_sooner_and_never_for_the_last_key() -> None:
    entry = rotated(keys_of("xa-asc").member, fresh(2).public, now=NOW, revoke_at=WEEK)
    assert counting(revoked(entry, OLD.public.key_id, at=NOW), NOW) == [fresh(2).public.key_id]
    with pytest.raises(BadInput, match="no key to sign with"):
        revoked(entry, fresh(2).public.key_id, at=NOW)
    with pytest.raises(NotFound):
        revoked(entry, "0" * 16, at=NOW)


def test_a_full_list_loses_those_that_ended_first() -> None:
    entry = keys_of("xa-asc").member
    for number in range(2, MAX_SIGNING_KEYS + 4):
        entry = rotated(entry, fresh(number).public, now=NOW, revoke_at=NOW)
    assert len(entry.signing_keys) == MAX_SIGNING_KEYS
    assert counting(entry, NOW) == [fresh(MAX_SIGNING_KEYS + 3).public.key_id]


def test_who_signs_with_which_key() -> None:
    class At:
        def __init__(self, at: datetime) -> None:
            self.at = at

        def now(self) -> datetime:
            return self.at

    directory = Directory(charter(), At(NOW))
    assert directory.signers_of("xa-asc", (OLD, fresh(2))) == (OLD,)
    # None counts, or the charter does not list us any more: peers say so.
    assert directory.signers_of("xa-asc", (fresh(2), fresh(3)))[0].public == fresh(2).public
    assert directory.signers_of("xz-asc", (OLD,)) == (OLD,)
