"""Trust policies (C2SP tlog-policy): which logs, which witnesses, and how many of them make a checkpoint believable."""

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from lintas.ledger.checkpoint import Checkpoint, parse_checkpoint
from lintas.ledger.cosignature import VERIFIERS, cosigned_at
from lintas.model.errors import BadInput, CheckFailed, MalformedInput, TooLarge
from lintas.trust.note import COSIGNATURE_ED25519, ED25519, VerifierKey, parse, parse_vkey, verify

MAX_BYTES = 262_144
MAX_LINES = 1_000
NONE = "none"
_WORDS = re.compile(r"[ \t]+")


class LogLine(msgspec.Struct, frozen=True):
    """A log: its key (named like its origin) and perhaps where it is."""

    key: VerifierKey
    url: str = ""


class WitnessLine(msgspec.Struct, frozen=True):
    """A witness: the name used in this policy, its key, and perhaps where it is."""

    name: str
    key: VerifierKey
    url: str = ""


class Group(msgspec.Struct, frozen=True):
    """A group witnesses a checkpoint when at least ``k`` of its members (witnesses or groups) do."""

    name: str
    k: int
    members: tuple[str, ...]


class TlogPolicy(msgspec.Struct, frozen=True):
    """A whole policy; ``quorum`` names a witness, a group, or ``none``."""

    logs: tuple[LogLine, ...]
    witnesses: tuple[WitnessLine, ...] = ()
    groups: tuple[Group, ...] = ()
    quorum: str = NONE


class Judgement(msgspec.Struct, frozen=True):
    """A believable checkpoint: the tree head, the log's key name, and who cosigned it when (names of this policy)."""

    checkpoint: Checkpoint
    log: str
    cosigned_by: tuple[tuple[str, datetime], ...]


def judge(policy: TlogPolicy, data: bytes, *, where: str = "checkpoint") -> Judgement:
    """Return the checkpoint in a note when one listed log signed it and the quorum cosigned it; CheckFailed otherwise.

    A bad signature of any listed key refuses the whole note, even where the quorum could do without it.
    """
    signed = parse(data, where=where)
    checkpoint = parse_checkpoint(signed.text, where=where)
    keys = [line.key for line in policy.logs] + [line.key for line in policy.witnesses]
    good = verify(signed, keys, VERIFIERS, where=where)
    signers = {key for key, _ in good}
    logs = [line.key for line in policy.logs if line.key in signers and line.key.name == checkpoint.origin]
    if not logs:
        raise CheckFailed(
            f"no log of the policy signed a checkpoint of {checkpoint.origin}", "check the policy", where=where
        )
    times = {key: cosigned_at(signature) for key, signature in good if key.algorithm == COSIGNATURE_ED25519}
    seen = {line.name: times[line.key] for line in policy.witnesses if line.key in times}
    if not has_quorum(policy, seen):
        names = ", ".join(seen) or "nobody"
        raise CheckFailed(
            f"cosigned by {names}, which is not the quorum {policy.quorum}", "wait for more witnesses", where=where
        )
    return Judgement(checkpoint, logs[0].name, tuple(seen.items()))


def has_quorum(policy: TlogPolicy, cosigned: Iterable[str]) -> bool:
    """Say whether these witnesses are enough."""
    if policy.quorum == NONE:
        return True
    witnessed = set(cosigned)
    for group in policy.groups:  # members come before their group, so one pass is enough
        if sum(member in witnessed for member in group.members) >= group.k:
            witnessed.add(group.name)
    return policy.quorum in witnessed


def render_policy(policy: TlogPolicy) -> str:
    """Write a policy."""
    lines = [f"log {line.key} {line.url}".rstrip() for line in policy.logs]
    lines += [f"witness {line.name} {line.key} {line.url}".rstrip() for line in policy.witnesses]
    lines += [f"group {group.name} {group.k} {' '.join(group.members)}" for group in policy.groups]
    return "\n".join([*lines, f"quorum {policy.quorum}", ""])


def parse_policy(data: bytes, *, where: str = "policy") -> TlogPolicy:
    """Read a policy; MalformedInput, BadInput or TooLarge name the line that is wrong."""
    if len(data) > MAX_BYTES or data.count(b"\n") > MAX_LINES:
        raise TooLarge("the policy is too long", f"at most {MAX_BYTES} bytes and {MAX_LINES} lines", where=where)
    reading = _Reading()
    # Octets above 0x7f are opaque to the format; this keeps them as they are, UTF-8 or not.
    for number, line in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        place = f"{where}:{number}"
        if any((ch < " " and ch != "\t") or ch == "\x7f" for ch in line):
            raise MalformedInput("a control character", "use spaces, tabs and newlines only", where=place)
        words = [word for word in _WORDS.split(line) if word]
        if words and not words[0].startswith("#"):
            reading.line(words, place)
    if reading.quorum is None:
        raise MalformedInput("there is no quorum line", "add one, e.g. `quorum none`", where=where)
    return TlogPolicy(tuple(reading.logs), tuple(reading.witnesses), tuple(reading.groups), reading.quorum)


class _Reading:
    """A policy while its lines are read in order."""

    def __init__(self) -> None:
        self.logs: list[LogLine] = []
        self.witnesses: list[WitnessLine] = []
        self.groups: list[Group] = []
        self.quorum: str | None = None
        self._names = {NONE}
        self._used = {NONE}

    def line(self, words: list[str], where: str) -> None:
        """Take one line, already cut into words."""
        match words:
            case ["log", vkey, *url] if len(url) <= 1:
                key = _key(vkey, ED25519, "log", where)
                _once(key, [line.key for line in self.logs], where)
                self.logs.append(LogLine(key, *url))
            case ["witness", name, vkey, *url] if len(url) <= 1:
                key = _key(vkey, COSIGNATURE_ED25519, "witness", where)
                _once(key, [line.key for line in self.witnesses], where)
                self._define(name, where)
                self.witnesses.append(WitnessLine(name, key, *url))
            case ["group", name, k, *members] if members:
                self.groups.append(self._group(name, k, tuple(members), where))
            case ["quorum", name]:
                if self.quorum is not None:
                    raise MalformedInput("there is a quorum line already", "keep one", where=where)
                if name not in self._names:
                    raise BadInput(f"the quorum {name} is not defined above", "define it first", where=where)
                self.quorum = name
            case _:
                what = "the line is no log, witness, group or quorum line"
                raise MalformedInput(what, "see c2sp.org/tlog-policy", where=where)

    def _group(self, name: str, k: str, members: tuple[str, ...], where: str) -> Group:
        for member in members:
            if member not in self._names or member == NONE:
                raise BadInput(f"the member {member} is not defined above", "define it first", where=where)
            if member in self._used:
                raise BadInput(f"{member} is a member already", "list each name once", where=where)
            self._used.add(member)
        count = {"any": 1, "all": len(members)}.get(k)
        if count is None and re.fullmatch(r"[1-9][0-9]{0,3}", k):
            count = int(k)
        if count is None or count > len(members):
            raise BadInput(f"{k} of {len(members)} members", "write any, all, or a number up to that", where=where)
        self._define(name, where)
        return Group(name, count, members)

    def _define(self, name: str, where: str) -> None:
        if name in self._names:
            raise BadInput(f"the name {name} is taken", "choose another", where=where)
        self._names.add(name)


def _key(vkey: str, algorithm: int, role: str, where: str) -> VerifierKey:
    key = parse_vkey(vkey, where=where)
    if key.algorithm != algorithm or len(key.key) != 32:  # both kinds are Ed25519
        what = f"a {role} key of kind {key.algorithm:#04x} cannot be checked here"
        raise BadInput(what, f"give an Ed25519 key of kind {algorithm:#04x}", where=where)
    return key


def _once(key: VerifierKey, known: list[VerifierKey], where: str) -> None:
    if any(key.key == other.key for other in known):
        raise BadInput(f"the key of {key.name} is listed twice", "keep one line", where=where)
