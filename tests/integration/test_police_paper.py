"""A case's requests on one paper: made from what left, read by whom cases are read, and noted where peers told of them."""

from pathlib import Path

import pytest
from tests.integration.engines import Fresh
from tests.integration.test_reads import DENA, ask_as, reads
from tests.integration.town import Town

from lintas.model.errors import NotFound
from lintas.node.assistance import paper_of


def test_the_paper_repeats_the_request_and_what_the_peer_told_is_noted(tmp_path: Path, fresh: Fresh) -> None:
    town = Town(tmp_path, fresh)
    try:
        report, waiting = town.asked()
        xa, xb = town.xa, town.xb
        paper = ask_as(xa, DENA, lambda tx: paper_of(xa.node, tx, report.case))
        text = paper.letter.plain()
        (asked,) = xa.ask(lambda tx: [h for h in xa.node.orders.of_case(tx, report.case) if h.direction == "asked"])
        assert asked.baton.transfer in text and asked.baton.holder in text and asked.id in text
        told = {each.object for each in reads(xa)}
        with pytest.raises(NotFound, match="of our own"):
            ask_as(xb, DENA, lambda tx: paper_of(xb.node, tx, waiting.case))
        assert all(each.what == "letter" for each in reads(xa)), told
    finally:
        town.close()
