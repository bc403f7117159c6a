"""The registry of sender IDs: who may send under which name, and what an operator does with a message under another.

What happens to a sender that is not registered is the jurisdiction's policy, as data: Singapore labels it ("Likely-SCAM", SMS
Sender ID Registry of the IMDA), Hong Kong keeps the sign ``#`` for registered senders (SMS Sender Registration Scheme of the
OFCA), others block it. A registered name that comes by an aggregator which its owner does not use is blocked everywhere.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from lintas.model import times
from lintas.model.errors import BadInput, LintasError
from lintas.model.messages import Line
from lintas.telco.names import looks
from lintas.telco.records import Entry, RedressId
from lintas.trust.keys import UNREADABLE

Status = Literal["registered", "unregistered", "look-alike", "wrong-aggregator", "elsewhere", "blocked", "unreadable"]
SenderAction = Literal["allow", "label", "block"]
#: The sign that a preset keeps for registered senders stands in front of the name.
MARK = "#"
_LARGEST_FILE = 64 << 20


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """One sender ID in one jurisdiction: its owner and the aggregators that may bring it; none named, any may.

    ``id`` is the redress id, ``since`` and ``until`` RFC 3339; a registration is attested anew each year.
    """

    id: RedressId
    sender: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    jurisdiction: Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{2}\Z")]
    owner: Line
    since: str
    until: str
    aggregators: tuple[Line, ...] = ()


class SenderPreset(msgspec.Struct, frozen=True, kw_only=True):
    """A jurisdiction's policy; ``label`` is what a message is shown under, ``marked``: "#" is for registered senders."""

    name: str
    unregistered: SenderAction
    alike: SenderAction
    label: str = ""
    marked: bool = False
    source: str


PRESETS = {
    preset.name: preset
    for preset in (
        SenderPreset(
            name="sg",
            unregistered="label",
            alike="label",
            label="Likely-SCAM",
            source="IMDA, SMS Sender ID Registry; full regime since 31 January 2023",
        ),
        SenderPreset(
            name="hk",
            unregistered="allow",
            alike="allow",
            marked=True,
            source="OFCA, SMS Sender Registration Scheme; the prefix # is for registered senders",
        ),
        SenderPreset(
            name="strict", unregistered="block", alike="block", source="none: for exercises and closed networks"
        ),
    )
}


class SenderVerdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to do with a message under a sender ID, and why; ``like`` is the registered ID that it is or resembles."""

    action: SenderAction
    status: Status
    sender: str
    label: str = ""
    like: str = ""
    owner: str = ""
    jurisdiction: str = ""
    id: str = ""
    until: str = ""


class Registry:
    """All registrations and blocked sender IDs at one moment. A name is found by how it looks."""

    def __init__(self, registrations: Iterable[Registration], blocked: Iterable[Entry] = ()) -> None:
        self._by_look: dict[str, list[Registration]] = defaultdict(list)
        for one in registrations:
            looks.readable(one.sender)
            self._by_look[looks.skeleton(one.sender)].append(one)
        self._by_key: dict[str, list[str]] = defaultdict(list)
        for look, same in self._by_look.items():
            # Whoever registered first comes first, and the order of a file decides nothing.
            same.sort(key=_first)
            for key in looks.keys(look):
                self._by_key[key].append(look)
        self._blocked = {looks.skeleton(one.value): one for one in blocked if _names_a_blocked_sender(one)}

    def __iter__(self) -> Iterator[Registration]:
        """Return all registrations."""
        return (one for same in self._by_look.values() for one in same)

    def clashing(self, sender: str, now: datetime) -> list[Registration]:
        """Return the registrations in force, of any jurisdiction, that a sender ID is or is taken for: the equal first."""
        look = looks.skeleton(sender)
        equal = list(self._by_look.get(look, ()))
        others = {other for key in looks.keys(look) for other in self._by_key.get(key, ())} - {look}
        near = sorted((one for other in others if looks.alike(look, other) for one in self._by_look[other]), key=_first)
        return [one for one in (*equal, *near) if times.parse(one.since) <= now < times.parse(one.until)]

    def check(
        self, sender: str, jurisdiction: str, preset: SenderPreset, now: datetime, aggregator: str = ""
    ) -> SenderVerdict:
        """Say what to do with a message under ``sender`` that an aggregator (where it is known) brought."""
        try:
            shown = looks.readable(sender)
        except BadInput:
            # A byte on the command line that is no UTF-8 could not be told again.
            return self._unknown(sender[:40].encode("utf-8", "replace").decode(), "unreadable", preset)
        name = shown.removeprefix(MARK) if preset.marked else shown
        clashing = self.clashing(name, now)
        mine = [one for one in clashing if one.jurisdiction == jurisdiction and _bare(one.sender, preset) == name]
        if mine:
            return _registered(shown, mine[0], aggregator)
        look = looks.skeleton(name)
        entry = self._blocked.get(look)
        if entry is not None and times.parse(entry.expires) > now:
            return SenderVerdict(action="block", status="blocked", sender=shown, id=entry.id, until=entry.expires)
        if clashing:
            return self._clash(shown, name, clashing[0], preset)
        return self._unknown(shown, "unregistered", preset)

    def _clash(self, shown: str, name: str, other: Registration, preset: SenderPreset) -> SenderVerdict:
        same = other.sender.casefold() == name.casefold()
        status: Status = "elsewhere" if same else "look-alike"
        action = preset.unregistered if same else preset.alike
        if preset.marked and shown.startswith(MARK):
            action = "block"
        return SenderVerdict(
            action=action,
            status=status,
            sender=shown,
            label=preset.label if action == "label" else "",
            like=other.sender,
            owner=other.owner,
            jurisdiction=other.jurisdiction,
            id=other.id,
        )

    def _unknown(self, shown: str, status: Status, preset: SenderPreset) -> SenderVerdict:
        action = "block" if preset.marked and shown.startswith(MARK) else preset.unregistered
        return SenderVerdict(
            action=action, status=status, sender=shown, label=preset.label if action == "label" else ""
        )


def _first(one: Registration) -> tuple[datetime, str, str]:
    return times.parse(one.since), one.jurisdiction, one.id


def _registered(shown: str, found: Registration, aggregator: str) -> SenderVerdict:
    wrong = bool(aggregator and found.aggregators) and aggregator not in found.aggregators
    return SenderVerdict(
        action="block" if wrong else "allow",
        status="wrong-aggregator" if wrong else "registered",
        sender=shown,
        like=found.sender,
        owner=found.owner,
        jurisdiction=found.jurisdiction,
        id=found.id,
        until=found.until,
    )


def _bare(sender: str, preset: SenderPreset) -> str:
    shown = looks.readable(sender)
    return shown.removeprefix(MARK) if preset.marked else shown


def _names_a_blocked_sender(entry: Entry) -> bool:
    return entry.subject == "sender_id" and entry.kind == "blocked"


def preset(name: str) -> SenderPreset:
    """Return a preset by its name; BadInput naming those there are."""
    if name not in PRESETS:
        raise BadInput(f"there is no preset {name[:40]!r}", f"use one of {', '.join(PRESETS)}")
    return PRESETS[name]


def read_registry(file: Path, blocked: Iterable[Entry] = ()) -> Registry:
    """Read a file with one registration in JSON a line; BadInput naming the line that is none."""
    try:
        if file.stat().st_size > _LARGEST_FILE:
            raise BadInput(f"{file} is larger than {_LARGEST_FILE:,} bytes", "split it by jurisdiction")
        lines = file.read_bytes().split(b"\n")
    except OSError as wrong:
        raise BadInput(f"{file} cannot be read: {wrong.strerror}", "name a file of registrations, JSON lines") from None
    found: list[Registration] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            one = msgspec.json.decode(line, type=Registration)
            looks.readable(one.sender)
            times.parse(one.since), times.parse(one.until)
        except (LintasError, *UNREADABLE) as wrong:
            raise BadInput(str(wrong), "correct the line", where=f"{file.name} line {number}") from None
        found.append(one)
    return Registry(found, blocked)
