"""Brings what a gateway counted to its authority's node, each minute once: sums of calls in words of closed lists."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import msgspec

from lintas.gateway.counters import Count
from lintas.gateway.following.reasons import check, why
from lintas.gateway.reaching import read_key, trusted
from lintas.model import times
from lintas.model.errors import LintasError, Unavailable
from lintas.node.toml_files import read_table, settings_of
from lintas.telco.figures.records import MOST_CALLS, MOST_ROWS, CounterReport, Gateway, PresetName
from lintas.trust.keys import UNREADABLE

log = logging.getLogger("lintas.gateway")

ROUND_SECONDS, TIMEOUT_SECONDS = 60.0, 20.0
#: The page that has every setting.
PAGE = "docs/telco-redress.md"
#: The node has taken the minute, now or before; or has it otherwise, and one counts once.
_TAKEN = (201, 409)
#: Settings that are those of what follows where `[count]` leaves them out: it is the same node and the same gateway.
_SHARED = ("node", "key_file", "gateway", "trust")

Address = Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://\S+\Z")]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table ``[count]`` of a gateway's file; paths are relative to it.

    ``verdicts`` is where `lintas telco serve` answers, ``node`` the authority's public address, ``trust`` its certificate (""
    the machine's own list of authorities), ``key_file`` holds the gateway's API key (role ``telco``). ``preset`` names the
    policy by which the gateway judges. ``node``, ``trust``, ``key_file`` and ``gateway`` are those of what follows where left
    out.
    """

    verdicts: Address
    node: Address
    key_file: str
    gateway: Gateway
    trust: str = ""
    preset: PresetName = "own"


def read_settings(path: Path) -> tuple[Settings, str]:
    """Read the settings and the key; BadInput names the file and what is wrong."""
    given = _given(read_table(path, missing=f"see {PAGE} for an example"))
    settings = settings_of(given, Settings, where=f"{path}, [count]", see=PAGE)
    return settings, read_key(path.parent / settings.key_file, str(path))


def _given(data: dict[str, Any]) -> object:
    """Return the table ``[count]``; what it leaves out is as for what follows: the table ``[follow]``, or the file itself."""
    follow, count = data.get("follow", data), data.get("count", {})
    if not isinstance(follow, dict) or not isinstance(count, dict):
        return count
    return {name: follow[name] for name in _SHARED if name in follow} | count


def reports(rows: Sequence[Count], settings: Settings, now: float) -> Iterator[tuple[int, CounterReport]]:
    """Yield each minute that is over with its report, the oldest first; a minute that saw two versions names the later one.

    What no report can say is left out, and logged: the rest of a sum, the smallest sums, or the whole minute.
    """
    sums: dict[int, dict[tuple[str, str, str, bool], int]] = defaultdict(lambda: defaultdict(int))
    versions: dict[int, int] = {}
    for row in rows:
        if row.minute + 60 <= now:
            sums[row.minute][row.trunk, row.action, row.kind, row.shadow] += row.count
            versions[row.minute] = max(versions.get(row.minute, 0), row.version)
    for minute, cells in sorted(sums.items()):
        counts = [
            {"trunk": trunk, "action": action, "kind": kind, "shadow": shadow, "calls": calls}
            for (trunk, action, kind, shadow), calls in sorted(_sayable(cells).items())
        ]
        said = {"gateway": settings.gateway, "preset": settings.preset, "list_version": versions[minute]}
        try:
            at = times.render(datetime.fromtimestamp(minute, UTC))
            report = msgspec.convert(said | {"minute": at, "counts": counts}, CounterReport)
        except (ValueError, OverflowError, OSError) as wrong:
            log.error("a minute's counts cannot be said", extra={"why": type(wrong).__name__})
        else:
            yield minute, report


def _sayable(cells: dict[tuple[str, str, str, bool], int]) -> dict[tuple[str, str, str, bool], int]:
    largest = sorted(cells.items(), key=lambda each: -each[1])[:MOST_ROWS]
    said = {cell: min(calls, MOST_CALLS) for cell, calls in largest}
    if lost := sum(cells.values()) - sum(said.values()):
        log.error("more calls than a minute's report can say", extra={"count": lost})
    return said


class Counting:
    """Brings counts from one gateway to one node."""

    def __init__(self, settings: Settings, gateway: httpx.AsyncClient, node: httpx.AsyncClient) -> None:
        self._settings, self._gateway, self._node = settings, gateway, node
        self._since = 0

    async def bring(self, now: float) -> int:
        """Bring every minute that is over and was not brought yet; returns how many the node took."""
        # A clock that was ahead: the minutes since it went back come again, and those that were taken count once.
        self._since = self._since if self._since <= now else 0
        try:
            answer = await self._gateway.get("/telco/v1/counters", params={"since": self._since})
            answer.raise_for_status()
        except httpx.HTTPError:
            what = "the verdict service does not answer at `verdicts`"
            raise Unavailable(what, "start lintas telco serve there, or correct the address") from None
        taken = 0
        for minute, report in reports(msgspec.json.decode(answer.content, type=list[Count]), self._settings, now):
            body = msgspec.json.encode(report)
            sent = await self._node.post(
                "/api/v1/telco/counters", content=body, headers={"content-type": "application/json"}
            )
            if sent.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
                log.error("the node does not take a minute's counts", extra={"status": sent.status_code})
            elif sent.status_code in _TAKEN:
                taken += 1
            else:
                check(sent.status_code)
            self._since = minute + 60
        return taken


async def run(path: Path, say: Callable[[str], None]) -> None:
    """Bring counts each minute, until cancelled; what could not be brought is brought later."""
    settings, key = read_settings(path)
    context = trusted(path.parent / settings.trust if settings.trust else None, f"{path}, trust")
    async with (
        httpx.AsyncClient(base_url=settings.verdicts, timeout=TIMEOUT_SECONDS, trust_env=False) as gateway,
        httpx.AsyncClient(
            base_url=settings.node,
            headers={"authorization": f"Bearer {key}"},
            verify=context,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        ) as node,
    ):
        counting = Counting(settings, gateway, node)
        say(f"counting {settings.verdicts} for {settings.node} as {settings.gateway}")
        while True:
            try:
                await counting.bring(time.time())
            except (httpx.HTTPError, LintasError, OSError, *UNREADABLE) as wrong:
                log.warning("counts are not brought now", extra={"why": why(wrong)})
            await asyncio.sleep(ROUND_SECONDS)
