"""One corrupt peer, or one corrupt organisation of ours, silences itself between authorities and nobody else."""

import random
from collections.abc import Callable

import pytest

from lintas.telco.abroad_limits import (
    OURS_PER_SECOND,
    PEER_LIMITS,
    PEER_PER_SECOND,
    PEERS_PER_SECOND,
    OurLimits,
    PeersLimits,
)
from lintas.telco.home.limits import Guard, Limits
from lintas.telco.home.records import Gateway

FIRST, MANY = 99_910_000_000, 100_000
CANARIES = frozenset(range(FIRST, FIRST + MANY, 200))
FAR = FIRST + MANY


def test_peer_that_harvests_is_stopped_alone_by_an_operator_behind_the_node() -> None:
    node, operator = PeersLimits(), Guard(Limits(), CANARIES)
    relaying = Gateway(name="node", domestic=False, per_second=PEERS_PER_SECOND, relays=True)
    stopped: set[str] = set()

    def answered(peer: str, number: int, now: float) -> bool:
        if node.refuse(peer, number, now) or peer in stopped:
            return False
        through = Gateway(name=f"node/{peer}", domestic=False, per_second=PEERS_PER_SECOND, through=relaying)
        said = operator.look(through, number, now)
        if said.stop:
            stopped.add(peer)
        return said.answered

    numbers = random.Random(1).sample(range(FIRST, FIRST + MANY), 3000)
    for n, number in enumerate(numbers):
        answered("xb", number, n / 50)
    assert stopped == {"xb"}
    assert answered("xc", FAR + 7777, len(numbers) / 50)


def test_peer_beyond_its_rate_takes_nothing_from_the_others() -> None:
    limits = PeersLimits()
    asked = [limits.refuse("xb", FAR + 7919 * n, n / 5000) for n in range(5000)]
    assert asked.count("") <= 3 * PEER_PER_SECOND + 1
    others = [limits.refuse(f"x{n}", FAR + 7907 * n, 1.0) for n in range(int(PEERS_PER_SECOND))]
    assert set(others) == {""}


def test_peers_together_ask_less_than_an_operator_gives_the_node() -> None:
    limits = PeersLimits()
    asked = [limits.refuse(f"x{n % 50}", FAR + 7919 * n, n / 2000) for n in range(4000)]
    assert asked.count("") <= 4 * PEERS_PER_SECOND + 1


def test_peers_of_one_node_share_a_number_and_leave_some_of_it() -> None:
    guard, node = Guard(Limits()), Gateway(name="node", relays=True)
    ways = [Gateway(name=f"node/{peer}", through=node) for peer in ("xb", "xc", "xd") * 3]
    assert [guard.look(way, FIRST, 0.0).answered for way in ways].count(True) == Limits().share
    assert guard.look(Gateway(name="gw1"), FIRST, 0.0).answered


def _in_order(n: int) -> int:
    return FIRST + n


def _two_by_turns(n: int) -> int:
    return FIRST + n % 2


def _blocks_by_turns(n: int) -> int:
    return FIRST + n % 7 * 1000 + n * 3 % 1000


def _hidden_run(n: int) -> int:
    """Numbers in order, and now and then one that is refused."""
    return FIRST if n % 8 == 0 else FIRST + 500 + n


@pytest.mark.parametrize("way", [_in_order, _two_by_turns, _blocks_by_turns, _hidden_run])
def test_organisation_of_ours_never_makes_a_peer_stop_or_mute_us(way: Callable[[int], int]) -> None:
    ours, peer = OurLimits(), Guard(PEER_LIMITS)
    us = Gateway(name="xa", domestic=False, per_second=PEER_PER_SECOND)
    for n in range(8000):
        now = n / 2
        if not ours.refuse("XABAD", "xb", way(n), now):
            said = peer.look(us, way(n), now)
            assert said.answered and said.alarm is None, (n, said)
    assert ours.refuse("XAGOOD", "xb", FAR + 55_001, 4001.0) == ""


def test_organisations_together_stay_within_what_a_peer_lets_us() -> None:
    ours, peer = OurLimits(), Guard(PEER_LIMITS)
    us = Gateway(name="xa", domestic=False, per_second=PEER_PER_SECOND)
    shuffled = random.Random(2).sample(range(3000), 3000)
    for n in range(30_000):
        number, now = FIRST + shuffled[n % 3000], n / 40
        if not ours.refuse(f"XA{n % 9}", "xb", number, now):
            assert peer.look(us, number, now).answered, n
    assert OURS_PER_SECOND < PEER_PER_SECOND


def test_stop_of_an_organisation_is_logged_by_its_name_and_ends(caplog: pytest.LogCaptureFixture) -> None:
    ours = OurLimits()
    outcomes = [ours.refuse("XABAD", "xb", FIRST + n, n / 2) for n in range(40)]
    assert "limited_range" in outcomes
    assert ours.refuse("XABAD", "xc", FAR + 9000, 60.0) == "limited", "it is stopped everywhere abroad"
    (line,) = caplog.records
    assert (line.__dict__["peer"], line.__dict__["kind"], line.__dict__["status"]) == ("XABAD", "range", "stopped")
    assert ours.refuse("XABAD", "xc", FAR + 9500, 60.0 + PEER_LIMITS.stop_hours * 3600) == ""
