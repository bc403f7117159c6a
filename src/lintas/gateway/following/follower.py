"""Follows an authority's lists over HTTPS: fetches what changes as it changes, and says when it is in force.

While the node is away the list that is held stays in force, and whoever runs the gateway is warned once it is old.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import httpx
import msgspec

from lintas.gateway.following.chain import Following
from lintas.gateway.following.reasons import check, why
from lintas.gateway.reaching import read_key, trusted
from lintas.model import times
from lintas.model.errors import BadInput, LintasError, Unavailable
from lintas.node.toml_files import read_table, settings_of
from lintas.trust.keys import UNREADABLE
from lintas.trust.note import VerifierKey, parse_vkey

log = logging.getLogger("lintas.gateway")

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
WAIT_SECONDS = 25
#: The page that has every setting.
PAGE = "docs/telco-exchange.md"
TIMEOUT_SECONDS = 60.0
MAX_ANSWER = 128 * 1024 * 1024
MAX_BASE = 4 * 1024 * 1024 * 1024


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of what follows; paths are relative to the file.

    ``node`` is the authority's public address, ``trust`` the certificate to trust for it ("" the machine's own list of
    authorities), ``key_file`` holds the gateway's API key (role ``telco``), ``gateway`` its name at its operator. ``calls`` and
    ``watch`` are the directories of the two lists ("" not followed); ``signers`` the verifier keys of the publisher.
    """

    node: Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://\S+\Z")]
    key_file: str
    gateway: Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9.-]{0,39}\Z")]
    signers: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    trust: str = ""
    calls: str = "calls"
    watch: str = ""
    max_age_seconds: Annotated[int, msgspec.Meta(ge=60)] = 86_400


class _Standing(msgspec.Struct, frozen=True):
    version: int
    base_version: int
    manifest: str
    redress_key: str


class _Deltas(msgspec.Struct, frozen=True):
    version: int
    deltas: list[bytes] = []
    resync: bool = False


class _Plan(msgspec.Struct, frozen=True):
    """Settings as they are used."""

    settings: Settings
    root: Path
    key: str
    signers: tuple[VerifierKey, ...]


def read_settings(path: Path) -> _Plan:
    """Read the file; BadInput names it and what is wrong. Other tables of it belong to other parts of a gateway."""
    where, data = str(path), read_table(path, missing=f"see {PAGE} for an example")
    given = data.get("follow", {name: value for name, value in data.items() if not isinstance(value, dict)})
    settings = settings_of(given, Settings, where=where, see=PAGE)
    key = read_key(path.parent / settings.key_file, where)
    # Of two lists in one directory the one on trial would block.
    folders = [(path.parent / each).resolve() for each in (settings.calls, settings.watch) if each]
    if len(set(folders)) < len(folders):
        raise BadInput("calls and watch are one directory", "give each list its own", where=where)
    signers = tuple(parse_vkey(each, where=f"{where}, signers") for each in settings.signers)
    return _Plan(settings, path.parent, key, signers)


class Follower:
    """Follows one list; ``follow`` goes on until it is cancelled."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        which: str,
        gateway: str,
        following: Following,
        max_age: int,
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._client, self._path, self._gateway = client, f"/api/v1/telco/lists/{which}", gateway
        self.following, self._max_age, self._which = following, max_age, which
        self._heard, self._warned = time.monotonic(), False
        self._say, self._said = say, -1

    async def follow(self) -> None:
        """Keep up, with growing pauses while the node is away."""
        self.following.open()
        pause = FIRST_PAUSE
        while True:
            try:
                await self.step(WAIT_SECONDS)
            except (httpx.HTTPError, LintasError, OSError, *UNREADABLE) as wrong:
                log.warning("the list is not followed now", extra={"list": self._which, "why": why(wrong)})
                self._warn()
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                pause, self._heard, self._warned = FIRST_PAUSE, time.monotonic(), False

    async def step(self, wait: int) -> None:
        """Ask once and put the answer in force."""
        if self.following.wants == "base":
            await self._begin()
        query = {"after": str(self.following.version), "wait": str(wait)}
        answer = await self._get(f"{self._path}/deltas", query)
        found = msgspec.json.decode(answer, type=_Deltas)
        await asyncio.to_thread(self.following.take_deltas, found.deltas, resync=found.resync)
        if self.following.wants == "base":
            return
        # Said each time, changed or not: so the node knows who follows.
        await self._enforces()
        if self.following.version != self._said:
            self._said = self.following.version
            self._say(f"in force: {self._which} version {self._said}")
        await asyncio.to_thread(self.following.compact)

    async def _begin(self) -> None:
        standing = msgspec.json.decode(await self._get(self._path, {}), type=_Standing)
        key = _key(standing.redress_key)
        fresh = self.following.directory.path / ".base.fetched"
        try:
            await self._fetch(f"{self._path}/base/{standing.base_version}", fresh)
            taken = await asyncio.to_thread(self.following.take_base, fresh, standing.manifest.encode(), key)
        finally:
            fresh.unlink(missing_ok=True)
        if not taken:
            raise Unavailable("the publisher is behind the list that is held", "what is held stays in force")

    async def _get(self, path: str, query: dict[str, str]) -> bytes:
        async with self._client.stream("GET", path, params=query) as answer:
            body = bytearray()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > MAX_ANSWER:
                    raise Unavailable("the answer is larger than any that is expected", "ask the authority")
        check(answer.status_code)
        return bytes(body)

    async def _fetch(self, path: str, to: Path) -> None:
        async with self._client.stream("GET", path) as answer:
            check(answer.status_code)
            size = 0
            with to.open("wb") as file:
                async for part in answer.aiter_bytes(1 << 20):
                    size += len(part)
                    if size > MAX_BASE:
                        raise Unavailable("the base file is larger than any that is expected", "ask the authority")
                    await asyncio.to_thread(file.write, part)

    async def _enforces(self) -> None:
        body = {"gateway": self._gateway, "version": self.following.version, "at": times.render(datetime.now(UTC))}
        answer = await self._client.post(f"{self._path}/enforced", json=body)
        check(answer.status_code)

    def _warn(self) -> None:
        age = time.monotonic() - self._heard
        if age > self._max_age and not self._warned:
            self._warned = True
            log.error("the list is old", extra={"list": self._which, "seconds": int(age)})


def _key(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Unavailable("the node's redress key is not hexadecimal", "what is held stays in force") from None


async def run(path: Path, say: Callable[[str], None]) -> None:
    """Follow every list that the settings name, until cancelled."""
    plan = read_settings(path)
    settings = plan.settings
    context = trusted(plan.root / settings.trust if settings.trust else None, f"{path}, trust")
    headers = {"authorization": f"Bearer {plan.key}", "accept-encoding": "identity"}
    async with httpx.AsyncClient(
        base_url=settings.node, headers=headers, verify=context, timeout=TIMEOUT_SECONDS, trust_env=False
    ) as client:
        folders = {"calls": settings.calls, "watch": settings.watch}
        followers = [
            Follower(
                client,
                which,
                settings.gateway,
                Following(plan.root / folder, plan.signers, clock=time.time, which=which),
                settings.max_age_seconds,
                say,
            )
            for which, folder in folders.items()
            if folder
        ]
        say(f"following {settings.node} as {settings.gateway}")
        await asyncio.gather(*(each.follow() for each in followers))
