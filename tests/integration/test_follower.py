"""A gateway follows a node's list: by the node's own routes and the real follower, through gaps, an outage and a liar."""

import asyncio
import errno
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import httpx
import msgspec
import pytest
from sqlalchemy import select
from tests.integration.engines import Fresh
from tests.integration.test_lists import DENA, Two, feed, list_, propose
from tests.integration.town import XA, Desk, keys_of

from lintas.access import keys
from lintas.api.app import public_app
from lintas.gateway.counters import Counters
from lintas.gateway.following.chain import Following
from lintas.gateway.following.counting import Counting
from lintas.gateway.following.counting import Settings as Counted
from lintas.gateway.following.follower import Follower, read_settings, run
from lintas.gateway.trial import Trial
from lintas.gateway.verdict import Verdicts
from lintas.model.errors import BadInput, Conflict, LintasError, Refused, Unavailable
from lintas.node import list_bases
from lintas.node.config import Config, Home
from lintas.node.runtime import Runtime
from lintas.telco.book import gates_store
from lintas.telco.lists.build import Entries, Origin, build
from lintas.telco.lists.entries import Key, Row
from lintas.telco.lists.files import read_list
from lintas.telco.lists.ids import redress_id
from lintas.telco.lists.signed import check_base, write_manifest
from lintas.telco.lists.standing import Standing
from lintas.telco.records import Verdict
from lintas.trust import note
from lintas.trust.keys import Ed25519Signer
from lintas.trust.note import VerifierKey

NUMBERS = [f"+999370000{number:04d}" for number in range(1, 9)]
T = TypeVar("T")


class Scene(NamedTuple):
    """xa with a gateway of XATL beside it."""

    desk: Desk
    runtime: Runtime
    folder: Path
    key: str

    def gateway(self, signers: tuple[VerifierKey, ...] = ()) -> Following:
        signer = keys_of(XA).signer
        known = signers or (note.ed25519_key(signer.name, signer),)
        following = Following(self.folder, known, clock=lambda: datetime(2026, 3, 1, 10, 8, tzinfo=UTC).timestamp())
        following.open()
        return following

    def with_follower(self, following: Following, act: Callable[[Follower], Awaitable[T]]) -> T:
        async def run() -> T:
            transport = httpx.ASGITransport(public_app(self.runtime))
            headers = {"authorization": f"Bearer {self.key}"}
            async with httpx.AsyncClient(transport=transport, base_url="https://xa.example", headers=headers) as client:
                return await act(Follower(client, "calls", "gw-1", following, 60))

        return asyncio.run(run())

    def base(self) -> tuple[Path, bytes, bytes]:
        """Return a copy of the node's base file, its manifest and the redress key."""
        found = self.runtime.list_bases.now("calls", keys_of(XA).signer)
        fresh = self.folder.with_name("fetched")
        shutil.copy(found.path, fresh)
        return fresh, found.manifest, self.desk.node.lists.redress_key

    def follow(self, following: Following) -> None:
        self.with_follower(following, lambda follower: follower.step(0))

    def deltas(self) -> list[bytes]:
        return self.desk.ask(lambda tx: gates_store.after(tx, "calls", 0, 100))


@pytest.fixture
def scene(tmp_path: Path, fresh: Fresh) -> Iterator[Scene]:
    town = Two(fresh)
    config = Config(authority=XA, jurisdiction="XA", name="Aria", contact="d@xa.example", ledger_origin="xa/log")
    runtime = Runtime(Home(config, tmp_path / "home"), town.xa.node)
    ids, at = town.xa.node.parts.ids, datetime.now(UTC)
    issued = {"name": "XATL gateway", "role": "telco", "organisation": "XATL"}
    key = town.xa.do(lambda tx: keys.issue(tx, ids, at=at, **issued))
    yield Scene(town.xa, runtime, tmp_path / "gateway", key)
    runtime.writer.close()
    for desk in (town.xa, town.xb):
        desk.engine.dispose()


def held(following: Following) -> set[str]:
    assert following.snapshot is not None
    return {each for each in NUMBERS if following.snapshot.find(int(each[1:])) is not None}


def wanted(following: Following) -> str:
    return following.wants


async def told_by(follower: Follower, told: list[str]) -> None:
    follower._say = told.append
    for _ in range(2):
        await follower.step(0)


def test_it_begins_with_a_base_file_and_goes_on_by_deltas(scene: Scene) -> None:
    first = list_(scene.desk, NUMBERS[0])
    following, told = scene.gateway(), list[str]()
    scene.with_follower(following, lambda follower: told_by(follower, told))
    assert told == ["in force: calls version 1"]
    assert held(following) == {NUMBERS[0]} and following.version == 1
    assert following.snapshot is not None
    found = following.snapshot.find(int(NUMBERS[0][1:]))
    assert found is not None
    assert found.id == first.id == redress_id(scene.desk.node.lists.redress_key, "blocked", NUMBERS[0])
    list_(scene.desk, NUMBERS[1])
    scene.desk.do(lambda tx: scene.desk.node.book.withdraw(tx, first.id, DENA, "not theirs"))
    scene.follow(following)
    assert held(following) == {NUMBERS[1]} and following.version == 3
    (gateway,) = scene.desk.ask(scene.desk.node.lists.publishing.gateways)
    assert (gateway.gateway, gateway.version) == ("XATL/gw-1", 3)
    # Whoever maps the directory sees the same; started anew it goes on from there.
    again = scene.gateway()
    assert held(again) == {NUMBERS[1]} and again.wants == "deltas"


def test_a_change_reaches_a_gateway_that_waits(scene: Scene) -> None:
    list_(scene.desk, NUMBERS[0])
    following = scene.gateway()
    waits = propose(scene.desk, NUMBERS[1])

    async def act(follower: Follower) -> float:
        await follower.step(0)
        waiting = asyncio.create_task(follower.step(20))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        await scene.runtime.write(lambda tx: scene.desk.node.book.approve(tx, waits.id, DENA))
        await asyncio.to_thread(scene.desk.node.bus.pump, scene.desk.engine, scene.runtime.writer)
        await waiting
        return time.monotonic() - began

    async def live(follower: Follower) -> float:
        scene.runtime._loop = asyncio.get_running_loop()
        return await act(follower)

    assert scene.with_follower(following, live) < 10
    assert held(following) == {NUMBERS[0], NUMBERS[1]}


def test_a_gap_leads_to_a_base_file_and_the_old_list_serves_meanwhile(scene: Scene) -> None:
    list_(scene.desk, NUMBERS[0])
    following = scene.gateway()
    scene.follow(following)
    for number in NUMBERS[1:4]:
        list_(scene.desk, number)
    late = scene.deltas()
    assert following.take_deltas(late[2:3]) == 0 and wanted(following) == "base"
    assert held(following) == {NUMBERS[0]}
    scene.follow(following)
    assert held(following) == set(NUMBERS[:4])
    assert following.take_deltas(late) == 0 and wanted(following) == "deltas"


def test_what_is_not_signed_by_the_publisher_never_gets_into_the_directory(scene: Scene) -> None:
    list_(scene.desk, NUMBERS[0])
    following = scene.gateway()
    scene.follow(following)
    list_(scene.desk, NUMBERS[1])
    (_, good) = scene.deltas()
    for bad in (good[:-1], good.replace(NUMBERS[1].encode(), NUMBERS[2].encode()), b"", b"lintas-list-delta-v1 9\n"):
        with pytest.raises(LintasError):
            following.take_deltas([bad])
        assert held(following) == {NUMBERS[0]}
    other = Ed25519Signer.from_seed("xa-asc/signing", bytes(32))
    stranger = scene.gateway((note.ed25519_key(other.name, other),))
    with pytest.raises((Refused, LintasError)):
        stranger.take_deltas([good])
    assert following.take_deltas([good]) == 1


def test_deltas_that_are_kept_no_more_lead_to_a_base_file(scene: Scene) -> None:
    for number in NUMBERS[:3]:
        list_(scene.desk, number)
    following = scene.gateway()
    scene.follow(following)
    for number in NUMBERS[3:6]:
        list_(scene.desk, number)
    scene.desk.do(lambda tx: gates_store.trim(tx, "calls", 6))
    scene.follow(following)
    assert held(following) == set(NUMBERS[:3])
    scene.follow(following)
    assert held(following) == set(NUMBERS[:6])


def test_a_base_file_without_its_own_manifest_is_built_anew(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    bases, signer = scene.runtime.list_bases, keys_of(XA).signer
    monkeypatch.setattr(list_bases, "FAR_BEHIND", 0)

    def fits(signer: Ed25519Signer = signer) -> int:
        found = bases.now("calls", signer)
        return check_base(found.path, found.manifest, [note.ed25519_key(signer.name, signer)]).version

    list_(scene.desk, NUMBERS[0])
    assert fits() == 1
    list_(scene.desk, NUMBERS[1])
    with monkeypatch.context() as full, pytest.raises(OSError, match="No space"):
        full.setattr(list_bases, "write_manifest", no_space)
        bases.now("calls", signer)
    assert fits() == 2
    path = bases.now("calls", signer).path
    path.with_name("manifest").write_bytes(b"")
    assert fits() == 2
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert fits() == 2
    # A key that was changed signs anew.
    assert fits(Ed25519Signer.from_seed(signer.name, bytes(32))) == 2


def no_space(*_: object, **__: object) -> bytes:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_is_full_takes_nothing_of_what_is_held(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    first = list_(scene.desk, NUMBERS[0])
    following = scene.gateway()
    scene.follow(following)
    scene.desk.do(lambda tx: scene.desk.node.book.withdraw(tx, first.id, DENA, "not theirs"))
    scene.follow(following)
    monkeypatch.setattr(list_bases, "FAR_BEHIND", 0)
    base = scene.base()
    for step in ("_aside", "Path.replace"):
        with monkeypatch.context() as full, pytest.raises(OSError, match="No space"):
            full.setattr(f"lintas.telco.lists.directory.{step}", no_space)
            following.take_base(*base)
        again = scene.gateway()
        assert (again.version, held(again), wanted(again)) == (2, set(), "deltas")
    assert following.take_base(*base) and following.version == 2


def test_no_older_base_is_taken_whatever_key_comes_with_it(scene: Scene) -> None:
    first = list_(scene.desk, NUMBERS[0])
    old = scene.base()
    following = scene.gateway()
    scene.follow(following)
    key = scene.desk.node.lists.redress_key
    scene.desk.do(lambda tx: scene.desk.node.book.withdraw(tx, first.id, DENA, "not theirs"))
    scene.follow(following)
    assert not following.take_base(old[0], old[1], b"K" * 32)
    again = scene.gateway()
    for each in (following, again):
        assert each.snapshot is not None
        assert (each.version, held(each), each.snapshot.key) == (2, set(), key)
    # Neither where the list that is held cannot be taken up: its base file says how far it was.
    again.directory.compact(following.snapshot)  # type: ignore[arg-type]
    body = again.directory.base.read_bytes()
    again.directory.base.write_bytes(body[:-1] + bytes([body[-1] ^ 1]))
    (again.directory.path / "redress.key").unlink()
    third = scene.gateway()
    assert third.snapshot is None and not third.take_base(*old)


def test_a_list_on_trial_never_becomes_the_list_that_blocks(scene: Scene) -> None:
    list_(scene.desk, NUMBERS[0])
    following, signer = scene.gateway(), keys_of(XA).signer
    scene.follow(following)
    standing = Standing.open(scene.folder)
    watch, name = scene.folder.with_name("watch"), f"{XA}/watch"
    entries = Entries.of({Key(999370000009, 999370000009, "blocked", "x"): Row("blocked", "x", "r", 4_070_908_800)})
    build(watch, entries, Origin(name, 9, "0" * 64, 5))
    manifest = write_manifest(watch, signer=signer, signed_by=signer.name)
    with pytest.raises(Conflict, match="is for"):
        following.take_base(watch, manifest, bytes(32))
    first = Following(scene.folder.with_name("new"), following._keys, clock=time.time, which="calls")
    first.open()
    with pytest.raises(Conflict, match="is for calls"):
        first.take_base(watch, manifest, bytes(32))
    assert first.snapshot is None
    # Whoever else puts it there: the service goes on with what it has.
    watch.replace(scene.folder / "base")
    standing.take_news()
    assert name in standing.problem and standing.snapshot.name == f"{XA}/calls"


def put_in_place(scene: Scene) -> None:
    """Put a list of this machine's own in place, as `lintas telco list build` did where nothing forbade it."""
    source, fresh = scene.folder / "own.csv", scene.folder / ".fresh"
    source.write_text(f"number,kind,expires,reason,owner\n{NUMBERS[7]},blocked,2030-01-01T00:00:00Z,,XATL\n", "utf-8")
    read_list(source, fresh, name="own", now=datetime.now(UTC))
    fresh.replace(scene.folder / "base")


@pytest.mark.parametrize("anew", [False, True])
def test_another_list_in_its_place_is_replaced_and_never_told_as_enforced(scene: Scene, anew: bool) -> None:
    for number in NUMBERS[:2]:
        list_(scene.desk, number)
    following = scene.gateway()
    scene.follow(following)
    following.directory.compact(following.snapshot)  # type: ignore[arg-type]
    scene.follow(following)
    assert wanted(following) == "deltas", "compacted by hand, it is the same list"
    put_in_place(scene)
    list_(scene.desk, NUMBERS[2])
    following = scene.gateway() if anew else following
    scene.follow(following)
    (gateway,) = scene.desk.ask(scene.desk.node.lists.publishing.gateways)
    assert gateway.version == 2 and wanted(following) == "base"
    scene.follow(following)
    (gateway,) = scene.desk.ask(scene.desk.node.lists.publishing.gateways)
    assert gateway.version == 3 and held(following) == set(NUMBERS[:3])
    assert held(scene.gateway()) == set(NUMBERS[:3])


def test_an_outage_leaves_the_list_in_force(scene: Scene) -> None:
    list_(scene.desk, NUMBERS[0])
    following = scene.gateway()
    scene.follow(following)

    async def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    async def run() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(away), base_url="https://xa.example") as client:
            with pytest.raises(httpx.ConnectError):
                await Follower(client, "calls", "gw-1", following, 60).step(0)

    asyncio.run(run())
    assert held(following) == {NUMBERS[0]}
    wrong = httpx.MockTransport(lambda _request: httpx.Response(403))

    async def shut() -> None:
        async with httpx.AsyncClient(transport=wrong, base_url="https://xa.example") as client:
            with pytest.raises(Unavailable):
                await Follower(client, "calls", "gw-1", following, 60).step(0)

    asyncio.run(shut())
    assert held(scene.gateway()) == {NUMBERS[0]}


@pytest.mark.parametrize("key", ["no key", "ab", "ü", "{nested}"])
def test_a_node_that_gives_no_redress_key_is_asked_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    deep = b'{"x":' + b"[" * 30_000
    given = {"version": 1, "base_version": 1, "manifest": "", "redress_key": key}
    asked = 0

    def answer(_request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        return httpx.Response(200, json=given) if key != "{nested}" else httpx.Response(200, content=deep)

    async def run() -> None:
        monkeypatch.setattr("lintas.gateway.following.follower.FIRST_PAUSE", 0.01)
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="https://xa.example") as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(Follower(client, "calls", "gw-1", scene.gateway(), 60).follow(), 1)

    asyncio.run(run())
    assert asked > 1


def test_a_gateway_cannot_claim_what_was_never_published(scene: Scene) -> None:
    list_(scene.desk, NUMBERS[0])

    async def ask(follower: Follower) -> list[int]:
        client, path = follower._client, "/api/v1/telco/lists/calls"
        sent = [
            await client.post(f"{path}/enforced", json={"gateway": "gw-1", "version": 9, "at": "2026-03-01T10:00:00Z"}),
            await client.post(f"{path}/enforced", json={"gateway": "GW 1", "version": 1, "at": "2026-03-01T10:00:00Z"}),
            await client.get(f"{path}/deltas", params={"after": "-1"}),
            await client.get("/api/v1/telco/lists/other"),
            await client.get(f"{path}/base/7"),
        ]
        return [each.status_code for each in sent]

    assert scene.with_follower(scene.gateway(), ask) == [422, 422, 422, 422, 404]
    assert scene.desk.ask(lambda tx: tx.execute(select(gates_store.gateways)).all()) == []


@pytest.mark.parametrize(
    "text", ["node = 7", 'node = "ftp://x"', "[follow]\n", 'node = "https://x"\nkey_file = "nowhere"', "\xff = ["]
)
def test_wrong_settings_are_one_clear_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"gateway.toml"):
        read_settings(path)


def test_settings_are_read_from_a_table_of_their_own_or_from_the_top(tmp_path: Path) -> None:
    signer = keys_of(XA).signer
    (tmp_path / "key").write_text("lk_secret\n")
    (tmp_path / "key").chmod(0o600)
    given = {"node": "https://xa.example", "key_file": "key", "gateway": "gw-1"}
    lines = "\n".join(f'{name} = "{value}"' for name, value in given.items())
    lines += f"\nsigners = {msgspec.json.encode([str(note.ed25519_key(signer.name, signer))]).decode()}\n"
    path = tmp_path / "gateway.toml"
    for watch in ("calls", "./calls/", "x/../calls"):
        path.write_text(f'watch = "{watch}"\n' + lines)
        with pytest.raises(BadInput, match="one directory"):
            read_settings(path)
    path.write_text(lines + 'trust = "nowhere.pem"\n')
    with pytest.raises(BadInput, match=r"gateway\.toml, trust: .*nowhere\.pem holds no certificate"):
        asyncio.run(run(path, list[str]().append))
    for bad in ("schlüssel", "lk_a\nlk_b", "\xff"):
        (tmp_path / "key").write_bytes(bad.encode("latin-1" if bad == "\xff" else "utf-8"))
        path.write_text(lines)
        with pytest.raises(BadInput, match=r"gateway\.toml: .*key"):
            read_settings(path)
    (tmp_path / "key").write_text("lk_secret\n")
    for text in (lines, "[sip]\nport = 5060\n[follow]\n" + lines):
        path.write_text(text)
        plan = read_settings(path)
        assert (plan.settings.gateway, plan.key, plan.signers[0].name) == ("gw-1", "lk_secret", signer.name)


def test_what_a_watched_list_would_do_is_counted_at_the_gateway_and_told_to_the_node(scene: Scene) -> None:
    feed(scene.desk, f"number,kind\n{NUMBERS[1]},blocked\n")
    list_(scene.desk, NUMBERS[0])
    minute = int(datetime(2026, 3, 1, 10, 6, tzinfo=UTC).timestamp())

    async def play() -> None:
        headers = {"authorization": f"Bearer {scene.key}"}
        transport = httpx.ASGITransport(public_app(scene.runtime))
        async with httpx.AsyncClient(transport=transport, base_url="https://xa.example", headers=headers) as node:
            signer = keys_of(XA).signer
            folders = [scene.folder / which for which in ("calls", "watch")]
            for folder in folders:
                following = Following(folder, (note.ed25519_key(signer.name, signer),), clock=lambda: float(minute))
                following.open()
                await Follower(node, folder.name, "gw-1", following, 60).step(0)
            calls, watch = (Standing.open(folder, clock=lambda: float(minute)) for folder in folders)
            verdicts = Verdicts(calls, trial=Trial(watch), counters=Counters(lambda: float(minute)))
            said = [msgspec.json.decode(verdicts.listed_json(int(each[1:])), type=Verdict) for each in NUMBERS[:3]]
            assert [each.action for each in said] == ["block", "allow", "allow"]

            def serving(_: httpx.Request) -> httpx.Response:
                return httpx.Response(200, content=msgspec.json.encode(verdicts.counters.rows()))

            settings = Counted(verdicts="http://gw", node="https://xa.example", key_file="key", gateway="gw-1")
            async with httpx.AsyncClient(transport=httpx.MockTransport(serving), base_url="http://gw") as gateway:
                assert await Counting(settings, gateway, node).bring(minute + 60) == 1
        figures = scene.desk.ask(lambda tx: scene.desk.node.counters.of_month(tx, "2026-03"))
        assert figures.calls == 3
        assert [(each.operator, each.action, each.kind, each.calls) for each in figures.shadow] == [
            ("XATL", "block", "blocked", 1)
        ]

    asyncio.run(play())
