"""A node starts again after keys ended, as its charter had planned: what it adopted was judged when it was adopted."""

from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from tests.integration.town import XA, XB, SetClock

from lintas.model.errors import Refused
from lintas.node import home as homes
from lintas.node.assembly import Node
from lintas.node.config import Config, Home
from lintas.policy.shipped import shipped_table
from lintas.storage.writer import SerialWriter
from lintas.trust.charter import Charter, SignedCharter, SigningKey, endorse, write_charter
from lintas.trust.keys import Ed25519Signer

ENDS = "2026-06-01T00:00:00Z"


class Pair(NamedTuple):
    """Two authorities' homes; version 1 says when its keys end, version 2 brings the next ones."""

    home: Home
    clock: SetClock
    second: SignedCharter


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    clock = SetClock()
    made = [_home(tmp_path / name, name, clock) for name in (XA, XB)]
    members = []
    for home in made:
        member = homes.member_of(home, _urls(home.config.authority), _witness(home))
        (key,) = member.signing_keys
        members.append(msgspec.structs.replace(member, signing_keys=(SigningKey(key=key.key, revoked_at=ENDS),)))
    first = _endorsed(Charter(version=1, exercise=True, quorum=2, members=tuple(members)), made)
    following = tuple(
        msgspec.structs.replace(
            each, signing_keys=(*each.signing_keys, SigningKey(key=_next_key(each.authority).public))
        )
        for each in members
    )
    second = msgspec.structs.replace(first.charter, version=2, previous=first.sha256, members=following)
    return Pair(homes.install_charter(made[0], first), clock, _endorsed(second, made))


def _home(root: Path, name: str, clock: SetClock) -> Home:
    config = Config(
        authority=name,
        jurisdiction=name[:2].upper(),
        name=f"The Authority {name}",
        contact=f"duty-desk@{name}.example",
        ledger_origin=f"{name}.lintas.example/log",
        exercise=True,
    )
    return homes.create(root, config, policy=shipped_table(config.jurisdiction), hosts=[f"{name}.example"], clock=clock)


def _urls(name: str) -> homes.Urls:
    return homes.Urls(f"https://{name}.example:8443", f"https://{name}.example:8444", f"http://{name}.example:8931")


def _witness(home: Home) -> str:
    return homes.witness_vkey(home, Ed25519Signer.generate(f"{home.config.authority}-witness"))


def _next_key(name: str) -> Ed25519Signer:
    return Ed25519Signer.from_seed(f"{name}/next", name.encode().ljust(32, b"2"))


def _endorsed(charter: Charter, by: list[Home]) -> SignedCharter:
    signed = write_charter(charter)
    for home in by:
        signed = endorse(signed, home.config.authority, Ed25519Signer.load(home.key(homes.SIGNING)))
    return signed


def start(pair: Pair) -> Node:
    return homes.open_home(pair.home.root / homes.SETTINGS, clock=pair.clock)[1]


def adopt(node: Node, signed: SignedCharter) -> None:
    """Adopt as the charter's door does."""
    writer = SerialWriter(node.parts.engine)
    writer.submit(lambda tx: node.exchange.adopt(tx, signed.render())).result(0)


def test_a_node_starts_again_after_the_planned_end_of_the_keys_that_endorsed(pair: Pair) -> None:
    node = start(pair)
    adopt(node, pair.second)
    node.parts.engine.dispose()
    for days in (0, 120, 3650):
        pair.clock.move(days=days)
        node = start(pair)
        directory = node.parts.directory
        assert directory.charter.version == 2
        # The old keys count no more all the same.
        left = {key.key_id for key in directory.keys(XB)}
        assert (_next_key(XB).public.key_id in left, len(left)) == (True, 1 if days else 2)
        # What is adopted again is known, and keeps the time of the first.
        adopt(node, pair.second)
        node.parts.engine.dispose()


def test_nothing_new_is_adopted_on_the_word_of_keys_that_ended(pair: Pair) -> None:
    node = start(pair)
    pair.clock.move(days=120)
    with pytest.raises(Refused) as refused:
        adopt(node, pair.second)
    assert refused.value.reason == "no_quorum"
    node.parts.engine.dispose()
    # A node whose charter has run out still starts: it has banks and cases at home.
    node = start(pair)
    assert node.parts.directory.charter.version == 1
    assert node.parts.directory.keys(XB) == ()
    node.parts.engine.dispose()


def test_a_charter_that_was_changed_in_the_database_stops_the_node(pair: Pair) -> None:
    node = start(pair)
    adopt(node, pair.second)
    with node.parts.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE exchange_charters SET document = CAST(replace(document, 'The Authority xb', 'The Authority xc') AS BLOB)"
        )
    node.parts.engine.dispose()
    with pytest.raises(Refused) as refused:
        start(pair)
    assert refused.value.reason == "bad_signature"
