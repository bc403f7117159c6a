"""A case's requests on one paper: made from what left, read by whom cases are read, and noted where peers told of them."""

from pathlib import Path

import msgspec
import pytest
from tests.integration.engines import Fresh
from tests.integration.test_reads import DENA, ask_as, reads
from tests.integration.town import Town
from tests.integration.visitors import Visitors

from lintas.model.errors import NotFound
from lintas.node.assistance import paper_of
from lintas.requests import store


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


def test_no_accounts_number_is_on_it_for_no_rule_let_one_leave(tmp_path: Path, fresh: Fresh) -> None:
    town = Town(tmp_path, fresh)
    try:
        report, _ = town.asked()
        xa = town.xa
        (asked,) = xa.ask(lambda tx: [h for h in xa.node.orders.of_case(tx, report.case) if h.direction == "asked"])
        trail = xa.ask(lambda tx: xa.node.tracing.of_case(tx, report.case))
        ((find, answer),) = [(question.find, answer) for question, answer in trail if question.find and answer]
        assert find is not None and find.receiver, "the victim named the account that the money went to"
        # The same transfer is asked for abroad, as where it went there at once.
        baton = msgspec.structs.replace(asked.baton, transfer=answer.transfer)
        other = msgspec.structs.replace(asked, id="hold-straight", object="cd" * 32, baton=baton)
        xa.do(lambda tx: store.keep_hold(tx, other))
        text = ask_as(xa, DENA, lambda tx: paper_of(xa.node, tx, report.case)).letter.plain()
        assert answer.transfer in text and find.receiver not in text
    finally:
        town.close()


def test_the_case_leads_to_it_while_a_request_waits_and_not_afterwards(tmp_path: Path, fresh: Fresh) -> None:
    town = Town(tmp_path, fresh)
    visitors = Visitors(town.xa, tmp_path)
    try:
        early = town.xa.file(town.form())
        page, address = f"/cases/{early.case}", f"/cases/{early.case}/request.pdf"
        assert address not in visitors.see(page, "hotline")
        assert visitors.ask("GET", address, "hotline").status_code == 404
        town.settle()
        assert address in visitors.see(page, "hotline")
        made = visitors.ask("GET", address, "investigator")
        assert made.status_code == 200 and made.content.startswith(b"%PDF-")
        assert made.headers["content-type"] == "application/pdf" and early.case in made.headers["content-disposition"]
        assert visitors.ask("GET", f"{address}?lang=ms", "auditor").headers["content-language"].startswith("ms")
        assert visitors.ask("GET", f"{address}?lang=xx", "auditor").status_code == 422
        plain = visitors.ask("GET", f"/api/v1{page}/request?as=text", "approver", accept="*/*")
        assert plain.status_code == 200 and "REQUEST TO STOP PAYMENTS" in plain.text
        assert visitors.ask("GET", address, "administrator").status_code == 403
        (waiting,) = town.xb.holds("awaiting_approval")
        town.xb.approve(waiting.id)
        town.settle()
        assert address not in visitors.see(page, "hotline")
        assert visitors.ask("GET", address, "hotline").status_code == 404
    finally:
        visitors.close()
        town.close()
