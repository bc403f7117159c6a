"""What was stopped at the border is listed for those who look, by direction and peer, each thing once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.town import Town
from tests.integration.visitors import Visitors, words_of

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def to(tmp_path: Path, town: Town) -> Iterator[Visitors]:
    border = town.xb.node.border
    for number in range(7):
        peer, what = ("xa-asc", f"came in {number}") if number % 2 else ("xb-fiu", f"{EVIL} {number}")
        town.xb.do(lambda tx, p=peer, w=what: border.note_refusal(tx, p, "bad_signature", w))  # type: ignore[misc] # bound now
    made = Visitors(town.xb, tmp_path)
    yield made
    made.close()


def test_every_refusal_is_on_one_page_and_on_one_only(to: Visitors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lintas.console.stopped.PAGE", 3)
    seen, after, pages = list[int](), "", 0
    while True:
        path = f"/refusals?after={after}" if after else "/refusals"
        page, said = to.see(path, "auditor"), to.data(path, "auditor")
        seen += [each["seq"] for each in said["refusals"]]
        pages += 1
        assert ('rel="next"' in page) == bool(said["after"])
        if not (after := said["after"]):
            break
    assert (len(seen), pages) == (7, 3)
    assert seen == sorted(seen, reverse=True)


def test_filters(to: Visitors) -> None:
    mine = to.data("/refusals?peer=xa-asc", "hotline")["refusals"]
    assert {each["peer"] for each in mine} == {"xa-asc"}
    assert len(mine) == 3
    assert to.data("/refusals?direction=out", "hotline")["refusals"] == []
    assert words_of(to.see("/refusals?direction=out&peer=xa-asc", "hotline")).endswith("None.")
    assert len(to.data("/refusals?direction=in", "hotline")["refusals"]) == 7
    for bad in ("direction=up", "after=x", "after=-1", "after=1e9", f"peer={'x' * 200}"):
        assert to.ask("GET", f"/refusals?{bad}", "hotline").status_code == 422, bad
        assert to.ask("GET", f"/api/v1/refusals?{bad}", "hotline").status_code == 422, bad


def test_the_api_takes_the_same_filters(to: Visitors) -> None:
    listed = to.data("/api/v1/refusals?peer=xb-fiu", "auditor")
    assert [each["peer"] for each in listed] == ["xb-fiu"] * 4
    older = to.data(f"/api/v1/refusals?peer=xb-fiu&after={listed[1]['seq']}", "auditor")
    assert older == listed[2:]


def test_what_others_wrote_is_shown_and_never_run(to: Visitors) -> None:
    assert EVIL in words_of(to.see("/refusals", "auditor"))


@pytest.mark.parametrize("role", ["bank", "administrator"])
def test_it_is_for_officers_and_auditors(to: Visitors, role: str) -> None:
    assert to.ask("GET", "/refusals", role, "B" if role == "bank" else "").status_code == 403
