"""The peers' page: two people for what raises trust, what was typed stays, and nobody sees more than their role."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.integration.town import XA, Town
from tests.integration.visitors import Visitors, words_of

from lintas.http.once import fresh


class Scene(NamedTuple):
    """xb, where xa is in quarantine and one of its requests was set aside."""

    town: Town
    to: Visitors
    aside: str

    def standing(self) -> str:
        return self.town.xb.ask(lambda tx: self.town.xb.node.standings.of(tx, XA))

    def item(self, change: str) -> str:
        return f"/peers/{XA}/quarantine/{self.aside}/{change}"


@pytest.fixture
def scene(tmp_path: Path, town: Town) -> Iterator[Scene]:
    xb = town.xb
    xb.do(lambda tx: xb.node.standings.quarantine(tx, XA, "Officer Dena Holt", "odd requests"))
    town.xa.file(town.form())
    town.settle()
    (aside,) = xb.ask(lambda tx: xb.node.review.of_peer(tx, XA))
    to = Visitors(xb, tmp_path)
    yield Scene(town, to, aside.object)
    to.close()


def test_the_page_says_how_far_each_is_trusted_and_why(scene: Scene) -> None:
    page = words_of(scene.to.see("/peers", "approver"))
    assert "quarantined" in page
    assert "odd requests" in page
    said = scene.to.data("/peers", "approver")
    assert {each["authority"]: each["standing"] for each in said["peers"]}[XA] == "quarantined"
    assert [each["object"] for each in said["set_aside"][XA]] == [scene.aside]


def test_the_administrator_decides_and_does_not_read(scene: Scene) -> None:
    page = scene.to.see("/peers", "administrator")
    assert f'action="/peers/{XA}/sever"' in page
    assert scene.aside not in page
    assert scene.to.data("/peers", "administrator")["set_aside"] == {}
    assert scene.to.send(scene.item("accept"), "administrator", reason="looked at it").status_code == 403


def test_trust_comes_back_by_two_people_and_a_form_is_done_once(scene: Scene) -> None:
    path, once = f"/peers/{XA}/restore", fresh()
    for _ in range(2):
        sent = scene.to.send(path, "approver", reason="compared by telephone", once=once)
        assert (sent.status_code, sent.headers["location"]) == (303, f"/peers#peer-{XA}")
    assert scene.standing() == "quarantined"
    alone = scene.to.send(path, "approver", reason="and again, by myself")
    assert alone.status_code == 403
    # Who asked is not offered the button, and is told; what was typed stands beside it.
    assert "and again, by myself" in alone.text
    assert f'action="{path}"' not in scene.to.see("/peers", "approver")
    assert scene.to.send(path, "administrator", reason="heard the same").status_code == 303
    assert scene.standing() == "trusted"


def test_what_was_set_aside_takes_two_officers(scene: Scene) -> None:
    for_it = {"reason": "asked them by telephone"}
    assert scene.to.send(scene.item("accept"), "approver", **for_it).status_code == 303
    again = scene.to.send(scene.item("accept"), "approver", **for_it)
    assert again.status_code == 403
    assert scene.town.xb.holds() == []
    assert "Asked that it be accepted: Test approver" in words_of(scene.to.see("/peers", "auditor"))
    scene.town.xb.do(
        lambda tx: scene.town.xb.node.review.accept(tx, XA, scene.aside, "Officer Rin Vale", "asked them too")
    )
    late = scene.to.send(scene.item("reject"), "approver", reason="on second thoughts")
    assert late.status_code == 409
    assert "on second thoughts" in late.text


@pytest.mark.parametrize("why", ["", " ", "no", "x" * 501, "two\nlines", "turned \u202e round"])
def test_a_reason_that_is_none_changes_nothing_and_stays_where_it_was_typed(scene: Scene, why: str) -> None:
    sent = scene.to.send(f"/peers/{XA}/sever", "approver", reason=why)
    assert sent.status_code == 422
    assert scene.standing() == "quarantined"
    (form,) = [part for part in sent.text.split("<form ") if f'action="/peers/{XA}/sever"' in part]
    assert 'aria-invalid="true"' in form
    if why.strip():
        assert f'value="{why}"' in form
