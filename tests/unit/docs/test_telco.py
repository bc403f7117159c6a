"""Numbers in the pages about calls are numbers that their fictional jurisdictions give out: what a page shows can be tried."""

import re
from pathlib import Path

import pytest

from lintas.telco.records import Call, Listed
from lintas.telco.verdicts.ladder import Ladder
from lintas.telco.verdicts.plans import plan
from lintas.telco.verdicts.presets import presets

DOCS = Path(__file__).parents[3] / "docs"
#: What a page shows because it is nobody's.
NOBODYS = {"+999220000001"}


class Nothing:
    def find(self, number: int) -> Listed | None:
        return None


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("telco*.md")))
def test_every_number_is_given_out(page: str) -> None:
    numbers = set(re.findall(r"\+999[1-4][0-9]{5,11}\b", (DOCS / page).read_text("utf-8"))) - NOBODYS
    for number in numbers:
        ladder = Ladder(Nothing(), presets("strict"), plan(f"X{'ABCD'[int(number[4]) - 1]}"))
        found = ladder.first(Call(a=number, trunk="domestic"))
        assert getattr(found, "situation", "") != "unallocated", number
