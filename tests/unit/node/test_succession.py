"""A node asks real doors over mutual TLS for successors of the charter: honest ones, liars, and none at all."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from tests.integration.town import keys_of

from lintas.exchange.directory import Directory
from lintas.http.listeners import Listener, Listeners, TlsFiles
from lintas.model.times import SystemClock
from lintas.node import succession
from lintas.node.config import Config, Home
from lintas.trust.certificates import TlsIdentity, self_signed
from lintas.trust.charter import MAX_CHARTER, Charter, SignedCharter, endorse, write_charter

ME, PEERS = "xa-asc", ("xb-asc", "xb-fiu")
Answer = Callable[[int], Response]


@cache
def tls(authority: str) -> TlsIdentity:
    return self_signed(["127.0.0.1"], now=datetime.now(UTC), name=authority)


class Doors(NamedTuple):
    """Peers' doors on loopback, what each was asked, and the charters that lead on from the one in force."""

    urls: dict[str, str]
    asked: dict[str, list[int]]
    charters: list[SignedCharter]


def charters(urls: dict[str, str], count: int = 4) -> list[SignedCharter]:
    """Return versions 1 to ``count``, each endorsed by two of three."""
    members = tuple(
        msgspec.structs.replace(
            keys_of(name).member,
            tls_certificate=tls(name).certificate_pem,
            exchange_url=urls.get(name, "https://x.example"),
        )
        for name in (ME, *PEERS)
    )
    made: list[SignedCharter] = []
    for version in range(1, count + 1):
        previous = made[-1].sha256 if made else ""
        principles = (f"version {version}",)
        new = Charter(
            version=version, exercise=True, quorum=2, previous=previous, principles=principles, members=members
        )
        made.append(signed(new, *PEERS))
    return made


def signed(charter: Charter, *by: str) -> SignedCharter:
    made = write_charter(charter)
    for name in by:
        made = endorse(made, name, keys_of(name).signer)
    return made


def files(root: Path, authority: str) -> TlsFiles:
    (root / "keys").mkdir(parents=True, exist_ok=True)
    found = TlsFiles(certificate=root / "keys" / "tls.pem", key=root / "keys" / "tls.key")
    found.certificate.write_text(tls(authority).certificate_pem)
    found.key.write_text(tls(authority).key_pem)
    return found


def played(root: Path, answers: Callable[[Doors], dict[str, Answer]], *, times: int = 1) -> tuple[int, int, Doors]:
    """Let a node seek; returns the version that it has in the end, how often it adopted, and the doors."""

    async def play() -> tuple[int, int, Doors]:
        doors = Doors({}, {name: [] for name in PEERS}, [])
        scripts: dict[str, Answer] = {}

        def app(name: str) -> Starlette:
            async def answer(request: Request) -> Response:
                after = int(request.query_params["after"])
                doors.asked[name].append(after)
                return scripts[name](after)

            return Starlette(routes=[Route("/exchange/v1/charter", answer)])

        mine = files(root / ME, ME)
        listeners = [
            Listener(
                name=name,
                host="127.0.0.1",
                port=0,
                app=app(name),
                tls=files(root / name, name),
                client_certificates=mine.certificate.read_bytes(),
            )
            for name in PEERS
        ]
        async with Listeners(listeners) as open_doors:
            doors.urls.update(open_doors.urls)
            doors.charters.extend(charters(doors.urls))
            scripts.update(answers(doors))
            directory, adopted = Directory(doors.charters[0], SystemClock()), 0

            async def adopt(document: bytes) -> int:
                nonlocal adopted
                adopted += 1
                directory.use(directory.check_successor(document))
                return directory.charter.version

            config = Config(
                authority=ME, jurisdiction="XA", name="Aria", contact="desk", exercise=True, ledger_origin="o"
            )
            seeking = succession.Succession(Home(config, root / ME), directory, adopt)
            for _ in range(times):
                await seeking.seek(directory.peers(ME))
            return directory.charter.version, adopted, doors

    return asyncio.run(play())


def honest(doors: Doors) -> Answer:
    """Answer as a node does that has adopted all."""
    return lambda after: (
        Response(doors.charters[after].render()) if after < len(doors.charters) else Response(status_code=204)
    )


def nothing(_after: int) -> Response:
    return Response(status_code=204)


def test_one_step_at_a_time_from_far_behind(tmp_path: Path) -> None:
    version, adopted, doors = played(tmp_path, lambda doors: {PEERS[0]: honest(doors), PEERS[1]: nothing})
    assert (version, adopted) == (4, 3)
    assert doors.asked[PEERS[0]] == [1, 2, 3, 4]


def test_two_who_know_it_are_one_adoption(tmp_path: Path) -> None:
    version, adopted, _ = played(tmp_path, lambda doors: dict.fromkeys(PEERS, honest(doors)))
    assert (version, adopted) == (4, 3)


def test_the_steps_of_one_turn_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(succession, "MAX_STEPS", 1)

    def script(doors: Doors) -> dict[str, Answer]:
        return {PEERS[0]: honest(doors), PEERS[1]: nothing}

    assert played(tmp_path, script)[0] == 2
    assert played(tmp_path, script, times=2)[0] == 3


LIES: dict[str, Callable[[Doors], Response]] = {
    "garbage": lambda doors: Response(b"\xff\x00" * 500),
    "nothing at all": lambda doors: Response(b""),
    "too much": lambda doors: Response(b"x" * (MAX_CHARTER + 1)),
    "the same again": lambda doors: Response(doors.charters[0].render()),
    "a step too many": lambda doors: Response(doors.charters[2].render()),
    "too few": lambda doors: Response(signed(doors.charters[1].charter, PEERS[0]).render()),
    "one twice": lambda doors: Response(signed(doors.charters[1].charter, PEERS[0], PEERS[0]).render()),
    "nobody": lambda doors: Response(signed(doors.charters[1].charter).render()),
    "altered": lambda doors: Response(doors.charters[1].render().replace(b"version 2", b"version Z")),
    "half of it": lambda doors: Response(doors.charters[1].render()[:400]),
    "a problem": lambda doors: Response(b"{}", 403, media_type="application/problem+json"),
    "a fault": lambda doors: Response(doors.charters[1].render(), 500),
    "somewhere else": lambda doors: RedirectResponse("https://127.0.0.1:9/"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_bad_answer_costs_nothing_and_the_other_peer_is_heard(tmp_path: Path, lie: str) -> None:
    version, adopted, _ = played(
        tmp_path, lambda doors: {PEERS[0]: lambda _: LIES[lie](doors), PEERS[1]: honest(doors)}
    )
    # The three steps are the honest peer's: not one of them was the liar's.
    assert (version, adopted) == (4, 3)


def test_a_peer_that_is_not_there_holds_nobody_up(tmp_path: Path) -> None:
    def gone(doors: Doors) -> dict[str, Answer]:
        doors.urls[PEERS[0]] = "https://127.0.0.1:9"
        doors.charters[:] = charters(doors.urls)
        return {PEERS[0]: nothing, PEERS[1]: honest(doors)}

    assert played(tmp_path, gone)[0] == 4
