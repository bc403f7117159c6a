"""Brings an operator's recycled numbers from a table to its authority's node, in as many reports as it takes."""

import csv
import ssl
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import httpx
import msgspec

from lintas.gateway.following.follower import read_settings
from lintas.model.errors import BadInput, MalformedInput, Unavailable
from lintas.telco.book.records import Recycled

#: Numbers in one report, as the node takes them.
AT_ONCE = 10_000
TIMEOUT_SECONDS = 120.0


def read_numbers(path: Path) -> list[str]:
    """Return the first column of a CSV file, or that named ``number`` where its first line has one; BadInput."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            rows = [row for row in csv.reader(opened) if row]
    except OSError as wrong:
        raise BadInput(
            f"this file cannot be read ({wrong.strerror})", "name one that is there", where=str(path)
        ) from None
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise MalformedInput(f"this is no CSV file: {wrong}", "give UTF-8 text", where=str(path)) from None
    heading = [cell.strip().lower() for cell in rows[0]] if rows else []
    at = heading.index("number") if "number" in heading else 0
    numbers = [row[at].strip() for row in (rows[1:] if "number" in heading else rows) if at < len(row)]
    if not numbers:
        raise BadInput("there is no number in it", "write one on each line", where=str(path))
    return numbers


async def bring(client: httpx.AsyncClient, numbers: list[str]) -> list[Recycled]:
    """Report numbers; Unavailable with what the node says where it takes one report not."""
    return [await _report(client, part) for part in _parts(numbers)]


async def _report(client: httpx.AsyncClient, numbers: list[str]) -> Recycled:
    try:
        answer = await client.post("/api/v1/telco/recycled", json={"numbers": numbers})
        if answer.status_code != httpx.codes.CREATED:
            raise Unavailable(f"the node answered {answer.status_code}: {answer.text[:300]}", "see what it says")
        return msgspec.json.decode(answer.content, type=Recycled)
    except httpx.HTTPError as wrong:
        raise Unavailable(
            f"the node does not answer ({type(wrong).__name__})", "run it again: nothing counts twice"
        ) from None


def _parts(numbers: list[str]) -> Iterator[list[str]]:
    rest = iter(numbers)
    while part := list(islice(rest, AT_ONCE)):
        yield part


async def run(config: Path, table: Path) -> list[Recycled]:
    """Report the numbers of a table to the node that a gateway's settings name."""
    numbers, plan = read_numbers(table), read_settings(config)
    trust = plan.settings.trust
    context = ssl.create_default_context(cafile=str(plan.root / trust)) if trust else True
    async with httpx.AsyncClient(
        base_url=plan.settings.node,
        headers={"authorization": f"Bearer {plan.key}"},
        verify=context,
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
    ) as client:
        return await bring(client, numbers)
