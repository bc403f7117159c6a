"""The pages on ISO 20022 and goAML say what the program does: kinds, versions, codes, fields."""

import re
from pathlib import Path

import msgspec

from lintas.interop.goaml import SHIPPED, Facts, Profile
from lintas.interop.iso20022 import FAMILIES
from lintas.interop.iso20022.answers import OUTCOMES
from lintas.interop.iso20022.reasons import ANSWER_REASONS, RECALL_REASONS

DOCS = Path(__file__).parents[3] / "docs"
ISO, GOAML = ((DOCS / name).read_text("utf-8") for name in ("messages-iso20022.md", "goaml.md"))


def table(text: str, head: str) -> list[list[str]]:
    """Return the rows of the table that follows ``head``."""
    after = text.split(head, 1)[1]
    block = re.search(r"(^\|.*\n)+", after, re.MULTILINE)
    assert block is not None
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in block[0].splitlines()[2:]]


def versions(text: str) -> tuple[str, ...]:
    found = list[str]()
    for part in text.split(", "):
        first, _, last = part.partition(" to ")
        found += [f"{number:02d}" for number in range(int(first), int(last or first) + 1)]
    return tuple(found)


def test_every_message_is_told_with_its_versions() -> None:
    told = {row[0].strip("`"): row[1:] for row in table(ISO, "## What is read and written")}
    assert told.keys() == FAMILIES.keys()
    for name, family in FAMILIES.items():
        about, text, _, written = told[name]
        assert (about, versions(text)) == (family.about, family.versions)
        assert (written == "yes") is (family.write is not None)


def test_every_reason_and_outcome_is_told() -> None:
    for head, known in (("Reasons of a recall:", RECALL_REASONS), ("Reasons for a refusal:", ANSWER_REASONS)):
        assert {row[0].strip("`"): row[1] for row in table(ISO, head)} == known
    assert all(f"`{code}` ({says})" in ISO for code, says in OUTCOMES.items())


def test_every_fact_and_every_field_of_a_profile_is_told() -> None:
    for head, kind in (("a YAML or JSON file:", Facts), ("## Profiles", Profile)):
        told = {name for row in table(GOAML, head) for name in re.findall(r"`([a-z_]+)`", row[0])}
        assert told == {field.name for field in msgspec.structs.fields(kind)}
    assert all(f"`{name}`" in GOAML for name in SHIPPED)
