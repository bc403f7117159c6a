"""Policies as data: for each situation of a call the action, and the law or regulator that says so.

The shipped ones are in ``presets.yaml``; an authority or operator may give its own file of that shape. A policy is read whole
or not at all: no situation lacks an action, and what must never be refused (an emergency call, a routing leg, a call of one's
own network, a number shown to be real, an unknown foreign number) cannot be made so by a slip or by malice.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
import yaml

from lintas.model import shipped
from lintas.model.errors import BadInput, MalformedInput, TooLarge
from lintas.telco.records import Action, Evidence, Word
from lintas.telco.verdicts.records import SITUATIONS, Ruling, Shown, Situation

_MAX_BYTES = 1_000_000
_WORDS: Mapping[Situation, tuple[Word, Evidence]] = {
    # What each situation says of the caller id by itself; answers of home networks bring their own evidence.
    "malformed": ("fail", "none"),
    "short_code": ("fail", "none"),
    "unallocated": ("fail", "listed"),
    "do_not_originate": ("fail", "listed"),
    "blocked": ("fail", "listed"),
    "protected": ("unknown", "listed"),
}
#: Never anything but allow: whoever calls for help, a leg to a visitor, a call of one's own network.
_ALLOWED: frozenset[Situation] = frozenset({"emergency", "routing_leg", "domestic"})
#: Never refused: real by its home's word, protected, or with nobody to say (a silent peer would cut a jurisdiction off).
_REACHES: frozenset[Situation] = frozenset(
    {
        "protected",
        "nomadic",
        "reentered",
        "mobile_pass",
        "forwarder_pass",
        "forwarder_unknown",
        "forwarded_abroad_unknown",
        "foreign_pass",
        "foreign_unknown",
    }
)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is done in one situation; ``label`` and how it is shown go with the action ``label`` and with no other."""

    action: Action
    label: Annotated[str, msgspec.Meta(max_length=60)] = ""
    shown: Shown = ""
    source: str


class Needs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The weakest evidence that counts as ``pass``."""

    own: Evidence = "registered-abroad"
    foreign: Evidence = "assigned"


class PresetText(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A policy as it is written; ``like``: the shipped one whose rules hold where it has none."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    like: str = ""
    needs: Needs | None = None
    rules: dict[Situation, Rule] = {}


class _Shipped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sources: dict[str, str]
    jurisdictions: dict[str, str]
    presets: dict[str, PresetText]


class _OwnFile(PresetText, frozen=True, kw_only=True, forbid_unknown_fields=True):
    sources: dict[str, str] = {}


class Preset:
    """One policy, whole and checked. ``rules`` has every situation; ``sources`` what each rule's source says in full."""

    def __init__(
        self, name: str, title: str, needs: Needs, rules: Mapping[Situation, Rule], sources: Mapping[str, str]
    ) -> None:
        self.name, self.title, self.needs, self.rules, self.sources = name, title, needs, rules, sources
        _check(rules, needs, sources)
        self._alike: dict[tuple[Situation, ...], bool] = {}
        #: The verdict of each situation as it stands without list entry or answer: made once, given many times.
        self.rulings: dict[Situation, Ruling] = {each: self._ruling(each) for each in SITUATIONS}

    def _ruling(self, situation: Situation) -> Ruling:
        verdict, evidence = _WORDS.get(situation, ("unknown", "none"))
        rule = self.rules[situation]
        return Ruling(
            verdict=verdict,
            evidence=evidence,
            action=rule.action,
            situation=situation,
            label=rule.label,
            shown=rule.shown,
        )

    def source(self, situation: Situation) -> str:
        """Return whose rule the action in a situation is, in full."""
        return self.sources[self.rules[situation].source]

    def alike(self, *situations: Situation) -> bool:
        """Tell whether the same is done in all of these: then nobody needs to be asked which it is."""
        known = self._alike.get(situations)
        if known is None:
            known = len({(self.rules[each].action, self.rules[each].label) for each in situations}) == 1
            self._alike[situations] = known
        return known


def _check(rules: Mapping[Situation, Rule], needs: Needs, sources: Mapping[str, str]) -> None:
    if lacking := [each for each in SITUATIONS if each not in rules]:
        raise BadInput(f"no action for {', '.join(lacking)}", "give one, or say which preset it is like")
    for situation in SITUATIONS:
        _check_rule(situation, rules[situation], sources)
    if needs.own not in ("registered-abroad", "on-call"):
        raise BadInput(f"{needs.own} shows nobody to be abroad", "need registered-abroad or on-call of own numbers")
    if needs.foreign not in ("assigned", "on-call"):
        raise BadInput(f"{needs.foreign} says nothing of a foreign number", "need assigned or on-call of foreign ones")


def _check_rule(situation: Situation, rule: Rule, sources: Mapping[str, str]) -> None:
    if situation in _ALLOWED and rule.action != "allow":
        raise BadInput(f"{situation} must be allowed", "a policy cannot change that", where=situation)
    if situation in _REACHES and rule.action in ("block", "divert"):
        raise BadInput(f"{situation} cannot be refused", "allow, label or withhold the number", where=situation)
    if (rule.action == "label") != bool(rule.label) or bool(rule.label) != bool(rule.shown):
        raise BadInput("a label goes with the action label", "give action, label and shown together", where=situation)
    if not _can_be_shown(rule):
        do = "a prefix has digits, + and #; an alert no quotes, brackets, backslashes or control characters"
        raise BadInput(f"the label {rule.label!r} cannot be shown", do, where=situation)
    if rule.source not in sources:
        raise BadInput(f"unknown source {rule.source[:40]!r}", f"use one of {', '.join(sources)}", where=situation)


def _can_be_shown(rule: Rule) -> bool:
    """Tell whether a label can stand in front of a number, or in a SIP header between quotes."""
    if rule.shown == "prefix":
        return not rule.label.strip("+#0123456789")
    return rule.label.isprintable() and not set(rule.label) & set('"<>\\')


@cache
def _shipped() -> _Shipped:
    return msgspec.convert(shipped.read("lintas.telco.verdicts", "presets.yaml"), _Shipped)


def names() -> tuple[str, ...]:
    """Return the names of the shipped policies."""
    return tuple(_shipped().presets)


@cache
def presets(name: str) -> Preset:
    """Return a shipped policy by name, in any case; BadInput for a name that there is not."""
    known = name.strip().lower()
    if known not in _shipped().presets:
        raise BadInput(f"there is no preset {name[:40]!r}", f"use one of {', '.join(names())}")
    return _whole(known, _shipped().presets[known], _shipped().sources)


def preset_for(jurisdiction: str) -> Preset:
    """Return the shipped policy of a jurisdiction; BadInput where none is shipped: another country's never counts unasked."""
    code = jurisdiction.strip().upper()
    name = _shipped().jurisdictions.get(code)
    if name is None:
        what = f"no policy is shipped for {code[:20]}, and no other country's counts unasked"
        raise BadInput(what, f"name one of {', '.join(names())}, or your own file", where="--preset")
    return presets(name)


def _whole(name: str, text: PresetText, sources: Mapping[str, str]) -> Preset:
    """Lay a policy over the one that it is like; the shipped ones are like one that stands alone, so this ends."""
    base = presets(text.like) if text.like else None
    rules: dict[Situation, Rule] = {**(base.rules if base else {}), **text.rules}
    needs = text.needs or (base.needs if base else Needs())
    return Preset(name, text.title, needs, rules, sources)


def read_preset(path: Path) -> Preset:
    """Return the policy in an own file (TOML or YAML), named by the file; BadInput says what is wrong with it."""
    with path.open("rb") as opened:
        data = opened.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise TooLarge(f"this is over the limit of {_MAX_BYTES} bytes", "give a smaller file", where=str(path))
    try:
        said = tomllib.loads(data.decode()) if path.suffix == ".toml" else yaml.safe_load(data)
        text = msgspec.convert(said, _OwnFile)
        return _whole(path.stem, text, {**_shipped().sources, **text.sources})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as wrong:
        raise MalformedInput(f"this cannot be read: {wrong}", "give TOML or YAML", where=str(path)) from None
    except msgspec.ValidationError as wrong:
        what, _, at = str(wrong).partition(" - at `$.")
        where = f"{path}: {at.rstrip('`')}" if at else str(path)
        raise BadInput(what, "write it like examples/telco/policy.yaml", where=where) from None
    except BadInput as wrong:
        at = f"{path}: {wrong.where}" if wrong.where else str(path)
        raise BadInput(wrong.what, wrong.do, where=at) from None
