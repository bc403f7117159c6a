"""The public feature files in LINTAS_CAMARA_DIR, read by the Gherkin project's own parser; each example is a scenario."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler
from tests.conformance.camara.definitions import SERVED

VARIABLE = "LINTAS_CAMARA_DIR"


class Scenario(NamedTuple):
    """One scenario, with its background's steps before its own; ``api`` is the name in the address that it speaks to."""

    api: str
    name: str
    steps: tuple[tuple[str, str], ...]
    definition: Path | None

    @property
    def skipped(self) -> str:
        """Return why it cannot be run, "" where it can."""
        if self.api.endswith("-subscriptions"):
            return "subscriptions are not offered: an operator's events come in, nobody is called back about a person"
        return "" if self.api in SERVED else f"the interface {self.api or 'without an address'} is not offered"


def scenarios() -> Sequence[Scenario]:
    """Return every scenario below the directory, none where the variable is not set."""
    named = os.environ.get(VARIABLE, "")
    if not named:
        return []
    files = sorted(Path(named).rglob("*.feature"))
    assert files, f"there are no feature files below {named}"
    return [each for file in files for each in _of(file, Path(named))]


def _of(file: Path, root: Path) -> list[Scenario]:
    document = Parser().parse(file.read_text("utf-8"))
    pickles = Compiler().compile({**document, "uri": file.name})
    found, seen = list[Scenario](), dict[str, int]()
    for each in pickles:
        steps = tuple((str(step["type"]), str(step["text"])) for step in each["steps"])
        api = next((match[1] for _, text in steps if (match := re.search(r"/([a-z-]+)/v[0-9.]+\b", text))), "")
        tag = next((str(tag["name"]).removeprefix("@") for tag in each["tags"]), str(each["name"]))
        seen[tag] = seen.get(tag, 0) + 1
        name = tag if seen[tag] == 1 else f"{tag}#{seen[tag]}"
        found.append(Scenario(api, name, steps, next(iter(sorted(root.rglob(f"{api}.yaml"))), None)))
    return found
