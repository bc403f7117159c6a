"""The order's letter at its doors: text or PDF, in each language; the address for objections only for the order's bank."""

import re
from typing import Any

import pypdfium2
from tests.e2e.people import Running

from lintas.cli.key import issue_key

APPEAL = re.compile(r"/appeal/[a-z2-7]{26}")
PDF = "application/pdf"


def an_order(running: Running) -> dict[str, Any]:
    """Play until a bank of xa has an order."""
    report = running.ask("POST", "/api/v1/reports", key=running.keys["hotline"], json=running.theft().form).document

    def traced() -> Any:  # noqa: ANN401 — JSON
        found = running.ask("GET", f"/api/v1/cases/{report['case']}", key=running.keys["hotline"]).document
        return next((hold for hold in found["holds"] if hold["direction"] == "own"), None)

    hold = running.until(traced)
    order: dict[str, Any] = running.ask(
        "POST", f"/api/v1/holds/{hold['id']}/approve", key=running.keys["approver"]
    ).document
    return order


def read(pdf: bytes) -> str:
    # How blanks come out of a PDF is the reader's guess.
    return re.sub(r"\s+", "", "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)))


def test_a_letter_as_it_is_asked_for(running: Running) -> None:
    order = an_order(running)
    bank = issue_key(running.xa.home, name="its desk", role="bank", organisation=order["bank"])
    path = f"/api/v1/bank/orders/{order['id']}/letter"

    plain = running.ask("GET", path, key=bank)
    assert (plain.status, plain.media) == (200, "text/plain; charset=utf-8")
    assert order["id"] in plain.body.decode() and "ORDER TO HOLD AN AMOUNT" in plain.body.decode()
    thai = running.ask("GET", f"{path}?lang=th", key=bank).body.decode()
    assert "คำสั่งระงับเงินจำนวนหนึ่ง" in thai and order["basis"]["law"] in thai
    assert "ARAHAN PENAHANAN AMAUN" in running.ask("GET", f"{path}?lang=ms", key=bank).body.decode()

    by_address = running.ask("GET", f"{path}?as=pdf&lang=th", key=bank)
    by_accept = running.ask("GET", f"{path}?lang=th", key=bank, headers={"accept": PDF})
    assert (by_address.status, by_address.media) == (200, PDF) and by_address == by_accept
    assert order["basis"]["law"].replace(" ", "") in read(by_address.body)
    as_text = running.ask("GET", f"{path}?as=text", key=bank, headers={"accept": PDF})
    assert as_text == plain


def test_the_address_for_objections_is_in_the_banks_letter_alone(running: Running) -> None:
    order = an_order(running)
    bank = issue_key(running.xa.home, name="its desk", role="bank", organisation=order["bank"])
    mine, theirs = f"/api/v1/bank/orders/{order['id']}/letter", f"/api/v1/orders/{order['id']}/letter"
    (address,) = APPEAL.findall(running.ask("GET", mine, key=bank).body.decode())
    for lang in ("en", "ms", "th"):
        assert address in running.ask("GET", f"{mine}?lang={lang}", key=bank).body.decode()
        assert address in read(running.ask("GET", f"{mine}?lang={lang}&as=pdf", key=bank).body)
        for role in ("approver", "auditor"):
            letter = running.ask("GET", f"{theirs}?lang={lang}", key=running.keys[role])
            printed = running.ask("GET", f"{theirs}?lang={lang}&as=pdf", key=running.keys[role])
            page = running.ask("GET", f"/orders/{order['id']}/letter.pdf?lang={lang}", key=running.keys[role])
            assert letter.status == printed.status == page.status == 200
            assert printed.body == page.body and order["id"] in read(printed.body)
            assert "/appeal/" not in letter.body.decode() and "/appeal/" not in read(printed.body)


def test_a_letter_that_there_is_not_is_refused(running: Running) -> None:
    order = an_order(running)
    path = f"/api/v1/orders/{order['id']}/letter"
    for query in ("lang=xx", "lang=../th", "lang=TH", "as=docx", "lang=en&lang=th"):
        answer = running.ask("GET", f"{path}?{query}", key=running.keys["approver"])
        assert answer.status == 422 and answer.is_problem(), query
    other = next(bank for bank in running.xa.cast.banks if bank != order["bank"])
    key = issue_key(running.xa.home, name="another desk", role="bank", organisation=other)
    assert running.ask("GET", f"/api/v1/bank/orders/{order['id']}/letter?as=pdf", key=key).status == 404
    # The pseudo-locale is for exercises, which this is.
    assert "⟦" in running.ask("GET", f"{path}?lang=en-XA", key=running.keys["approver"]).body.decode()
