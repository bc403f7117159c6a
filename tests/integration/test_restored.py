"""After a restore the first new epoch of each channel may be a near one, once; no thief of a key gets more out of it."""

from typing import Any

import pytest
from sqlalchemy import select
from tests.integration.hand import Hand, request, statement
from tests.integration.town import NOW, XA, XB2, Town

from lintas.border import store
from lintas.border.channels import MOST_EPOCHS_MISSED
from lintas.model import times
from lintas.model.errors import Refused


def put_back(town: Town) -> None:
    """Do to xb's database what `lintas db restore` does."""
    town.xb.do(lambda tx: town.xb.node.border.note_restore(tx, times.render(NOW)))


def refused(town: Town, wire: bytes) -> str:
    with pytest.raises(Refused) as no:
        town.xb.receive(wire, XA)
    return no.value.reason


def write(hand: Hand, **changes: Any) -> bytes:  # noqa: ANN401 — fields of a header
    return hand.write([statement(request())], **changes)


def learnt(town: Town) -> list[tuple[Any, ...]]:
    columns = (store.restores.c.origin, store.restores.c.lane, store.restores.c.epoch)
    return town.xb.ask(lambda tx: [tuple(row) for row in tx.execute(select(*columns).order_by(store.restores.c.seq))])


def test_one_near_epoch_is_learnt_and_recorded_and_the_next_must_follow(town: Town) -> None:
    hand = Hand()
    town.xb.receive(write(hand), XA)
    assert refused(town, write(hand, epoch=7, seq=1, prev="")) == "epoch_jump"
    put_back(town)
    # What is missing of that epoch is told as ever; the peer begins the next, and that one is taken.
    assert refused(town, write(hand, epoch=7, seq=4, prev="ab" * 32)) == "gap"
    hand.epoch, hand.seq, hand.prev = 8, 0, ""
    town.xb.receive(write(hand), XA)
    town.xb.receive(write(hand), XA)
    assert learnt(town) == [("", "", 0), (XA, "urgent", 8)]
    assert refused(town, write(hand, epoch=10, seq=1, prev="")) == "epoch_jump"
    town.xb.receive(write(hand, epoch=9, seq=1, prev=""), XA)
    assert len(learnt(town)) == 2


def test_a_channel_that_is_not_known_any_more_is_learnt_too(town: Town) -> None:
    put_back(town)
    hand = Hand()
    assert refused(town, write(hand, epoch=0)) == "epoch_jump"
    hand.epoch = 3
    town.xb.receive(write(hand), XA)
    assert learnt(town)[-1] == (XA, "urgent", 3)


def test_a_thief_of_a_key_cannot_use_the_epochs_up(town: Town) -> None:
    hand = Hand()
    town.xb.receive(write(hand), XA)
    put_back(town)
    for epoch in (2**53 - 1, MOST_EPOCHS_MISSED + 2):
        assert refused(town, write(hand, epoch=epoch, seq=1, prev="")) == "epoch_jump"
    town.xb.receive(write(hand, epoch=MOST_EPOCHS_MISSED + 1, seq=1, prev=""), XA)
    assert refused(town, write(hand, epoch=2 * MOST_EPOCHS_MISSED, seq=1, prev="")) == "epoch_jump"


def test_one_channels_lesson_is_not_anothers_and_a_second_restore_teaches_again(town: Town) -> None:
    put_back(town)
    first, other = Hand(), Hand(origin=XB2)
    first.epoch, other.epoch = 5, 6
    town.xb.receive(write(first), XA)
    town.xb.receive(other.write([statement(request(), origin=XB2)]), XB2)
    assert learnt(town)[1:] == [(XA, "urgent", 5), (XB2, "urgent", 6)]
    put_back(town)
    town.xb.receive(write(first, epoch=9, seq=1, prev=""), XA)
    assert learnt(town)[-1] == (XA, "urgent", 9)
