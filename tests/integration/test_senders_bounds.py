"""The registry of sender IDs under a load, and where a peer or a careless day would take more than its share."""

import random
import string

import pytest
from tests.integration.test_senders import Three, three
from tests.integration.town import XA

from lintas.model import times
from lintas.storage.engine import Transaction
from lintas.telco.registry import clock, rules, store
from lintas.telco.registry.records import Sender

__all__ = ["three"]


def put(tx: Transaction, town: Three, count: int, origin: str = "", **more: object) -> None:
    """Store registrations, or what ``more`` makes of them, under names that nobody takes for each other."""
    now, chance = times.render(town.clock.now()), random.Random(count)
    until = times.render(town.clock.now() + rules.YEAR)
    for number in range(count):
        name = "".join(chance.choice(string.ascii_uppercase) for _ in range(11))
        item = {
            "id": "".join(chance.choice(string.ascii_lowercase) for _ in range(16)),
            "origin": origin,
            "ref": "a" * 16 if origin else "",
            "number": 2,
            "sender": name,
            "jurisdiction": "xa",
            "owner": f"Bank {number}",
            "aggregators": (),
            "state": "registered",
            "announced": now,
            "since": now,
            "until": until,
        }
        made = Sender(**item | more)  # type: ignore[arg-type]
        store.save(tx, made, until if made.state == "registered" else now)


def test_a_look_of_the_clock_reads_little_whole_and_goes_on_at_the_next(
    three: Three, monkeypatch: pytest.MonkeyPatch
) -> None:
    xb, count = three.xb, 3 * clock.AT_ONCE
    xb.do(lambda tx: put(tx, three, 300, XA))
    xb.do(lambda tx: put(tx, three, count, XA, state="claimed", since="", there=True))
    three.clock.move(days=14, minutes=1)
    read, endings = list[bytes](), xb.node.senders.endings
    decode = store._sender
    monkeypatch.setattr(store, "_sender", lambda doc: (read.append(doc), decode(doc))[1])
    for done in range(1, 4):
        assert xb.ask(endings.due)
        read.clear()
        xb.do(endings.close)
        # Itself, and what it is taken for: by chance hardly any.
        assert len(read) <= 4 * clock.AT_ONCE
        assert xb.ask(lambda tx: len(store.in_state(tx, "registered"))) == 300 + done * clock.AT_ONCE
    assert not xb.ask(endings.due)
