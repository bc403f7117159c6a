"""Two nodes exchange messages while one of them is killed again and again; nothing that was acknowledged is lost or doubled.

``LINTAS_SIGKILL_ROUNDS`` says how often (20 in the suite, 200 in ``make soak``), ``LINTAS_SIGKILL_SEED`` which story.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from tests.faults.pair import Pair, Seat, holds, reconciled, until

from lintas.ledger.checkpoint import log_key, parse_checkpoint
from lintas.ledger.records import Entry, decode
from lintas.ledger.service import Ledger
from lintas.node import home as homes
from lintas.storage.engine import open_engine, reading
from lintas.trust import note
from lintas.trust.keys import Ed25519Signer

ROUNDS = int(os.environ.get("LINTAS_SIGKILL_ROUNDS", "20"))
SEED = int(os.environ.get("LINTAS_SIGKILL_SEED", "1"))
#: Thefts on their way at once; more would only have to be worked off at the end.
MOST_OPEN = 10
#: What a caller of a node that was killed sees.
GONE = (httpx.TransportError, httpx.HTTPStatusError)


class People:
    """Those who go on working whatever happens, and what they were told: only what was acknowledged is noted."""

    def __init__(self, pair: Pair) -> None:
        self.pair, self.over, self.wrongs = pair, threading.Event(), list[str]()
        self.reports: dict[str, tuple[str, str]] = {}
        self.answered: set[str] = set()
        self.declined: set[str] = set()
        self.notes: dict[str, set[str]] = {seat.home.config.authority: set() for seat in pair.seats}
        self.trees: dict[str, dict[int, bytes]] = {seat.home.config.authority: {} for seat in pair.seats}
        self._threads = [
            threading.Thread(target=self._go_on, args=(seat, role, work))
            for seat, role, work in (
                (pair.a, "hotline", self._file),
                (pair.a, "bank", lambda client: self.answered.update(pair.bank_works(client, wait=1))),
                (pair.b, "approver", lambda client: self.declined.update(pair.approver_works(client))),
                (pair.a, "auditor", lambda client: self._publish(pair.a, client)),
                (pair.b, "auditor", lambda client: self._publish(pair.b, client)),
                (pair.a, "hotline", lambda client: self._note(pair.a, client)),
                (pair.b, "hotline", lambda client: self._note(pair.b, client)),
            )
        ]
        self._form: dict[str, str] | None = None
        self.still = False

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for_more(self, seconds: float) -> None:
        """Wait until the exchange goes on after the last kill, so that the next one strikes while envelopes travel."""
        before, end = len(self.declined), time.monotonic() + seconds
        while len(self.declined) == before and time.monotonic() < end:
            time.sleep(0.01)

    def stop(self) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _go_on(self, seat: Seat, role: str, work: Callable[[httpx.Client], object]) -> None:
        with seat.client(role) as client:
            while not self.over.is_set():
                try:
                    work(client)
                except GONE as wrong:
                    # 503 while a node stops or starts; anything else is no answer that a caller should ever get.
                    if isinstance(wrong, httpx.HTTPStatusError) and wrong.response.status_code != 503:
                        self.wrongs.append(f"{role}: {wrong.response.status_code} {wrong.response.text[:200]}")
                time.sleep(0.05)

    def _file(self, client: httpx.Client) -> None:
        """File a theft until it is acknowledged: the same form again, as a caller does who heard nothing."""
        if self.still or len(self.reports) > len(self.declined) + MOST_OPEN:
            return
        self._form = self._form or self.pair.theft()
        report = client.post("/api/v1/reports", json=self._form).raise_for_status().json()
        self.reports[report["id"]] = (report["case"], self._form["reference"])
        self._form = None

    def _note(self, seat: Seat, client: httpx.Client) -> None:
        """File one call after the other that says little: hardly a moment is without a commit."""
        notes = self.notes[seat.home.config.authority]
        while not self.still:
            call = {"text": f"call {len(notes)}: nothing to follow"}
            notes.add(client.post("/api/v1/reports", json=call).raise_for_status().json()["id"])
            time.sleep(0.01)

    def _publish(self, seat: Seat, client: httpx.Client) -> None:
        """Note each tree head that was published: all that it covers was acknowledged to the world."""
        client.post("/api/v1/ledger/checkpoint").raise_for_status()
        head = parse_checkpoint(note.parse(client.get("/ledger/checkpoint").raise_for_status().content).text)
        self.trees[seat.home.config.authority][head.size] = head.root
        time.sleep(0.2)


def test_nothing_acknowledged_is_lost_or_doubled(tmp_path: Path) -> None:
    rng, pair = random.Random(SEED), Pair(tmp_path, checkpoint_seconds=5)
    killed: Counter[str] = Counter()
    with pair.running():
        people = People(pair)
        people.start()
        try:
            for _ in range(ROUNDS):
                victim = rng.choice(pair.seats)
                if rng.random() < 0.5:
                    people.wait_for_more(3)
                time.sleep(rng.uniform(0.02, 0.3))
                victim.end()
                victim.start().await_ready()
                killed[victim.home.config.authority] += 1
            people.still = True
            settle(pair, people)
        finally:
            people.stop()
        assert people.wrongs == []
        told = check_people(pair, people) | check_ledgers(pair, people)
    assert [*pair.a.faults(), *pair.b.faults()] == []
    print(f"seed {SEED}: killed {dict(killed)}; {told}; 0 lost, 0 doubled")


def settle(pair: Pair, people: People) -> None:
    """Wait until whatever was begun has come to its end on both sides."""
    with pair.a.client("auditor") as here, pair.b.client("auditor") as there:

        def quiet() -> bool:
            try:
                asked, received = holds(here), holds(there)
                done = {each["state"] for each in asked} == {"answered"} and len(asked) == len(received)
                cases = {case for case, _ in people.reports.values()}
                return (
                    done
                    and len(asked) >= len(cases)
                    and not reconciled(here)["unmatched"]
                    and not reconciled(there)["unmatched"]
                )
            except GONE:
                return False

        until(quiet, 120)


def check_people(pair: Pair, people: People) -> dict[str, int]:
    """Compare what people were told with what is there."""
    with pair.a.client("auditor") as here, pair.b.client("auditor") as there:
        cases: dict[str, str] = {}
        for report, (case, reference) in people.reports.items():
            found = here.get(f"/api/v1/cases/{case}").raise_for_status().json()
            assert report in [each["id"] for each in found["reports"]], f"report {report} is lost"
            assert cases.setdefault(reference, case) == case, f"{reference} has two cases"
            assert found["bar"]["exact"]
        for seat in pair.seats:
            kept = [row[0] for row in seat.ask("SELECT id FROM intake_reports")]
            lost = people.notes[seat.home.config.authority] - set(kept)
            assert lost == set(), f"{len(lost)} calls are lost"
        asked, received = holds(here), holds(there)
        assert len({each["case"] for each in asked}) == len(asked), "a case asked twice"
        assert sorted(each["id"] for each in asked) == sorted(each["id"] for each in received)
        assert {each["baton"]["transfer"] for each in asked} >= {f"X-{reference}" for reference in cases}
        assert people.answered <= {each["case"] for each in asked}, "an answer of the bank is lost"
        assert people.declined <= {each["id"] for each in received if each["state"] == "refused"}, "a decision is lost"
        for auditor in (here, there):
            reconciliation = reconciled(auditor)
            assert reconciliation["unmatched"] == []
            assert reconciliation["matched"] == len(asked)
    counted = {"reports": len(people.reports), "answers": len(people.answered), "decisions": len(people.declined)}
    counted["calls"] = sum(map(len, people.notes.values()))
    assert min(counted.values()) > ROUNDS / 2, counted
    return counted


def check_ledgers(pair: Pair, people: People) -> dict[str, int]:
    """Every tree head that was ever published is a part of the ledger now, and releases and receipts match one to one."""
    entries = {seat.home.config.authority: _entries(seat, people) for seat in pair.seats}
    for seat, other in (("xa-asc", "xb-asc"), ("xb-asc", "xa-asc")):
        released = [(each.object, each.commitment) for each in entries[seat] if each.type == "release"]
        receipted = [(each.object, each.commitment) for each in entries[other] if each.type == "receipt"]
        assert len(set(released)) == len(released)
        assert sorted(released) == sorted(receipted), f"{seat} released what {other} did not receipt once"
    sent = sum(len(seat.ask("SELECT 1 FROM exchange_sealed")) for seat in pair.seats)
    heads = sum(len(heads) for heads in people.trees.values())
    return {"tree heads": heads, "ledger entries": sum(map(len, entries.values())), "envelopes": sent}


def _entries(seat: Seat, people: People) -> list[Entry]:
    config = seat.home.config
    ledger = Ledger(config.ledger_origin, Ed25519Signer.load(seat.home.key(homes.LOG)))
    assert str(ledger.key) == str(log_key(config.ledger_origin, Ed25519Signer.load(seat.home.key(homes.LOG))))
    engine = open_engine(seat.home.path(config.database))
    with reading(engine) as tx:
        size = ledger.size(tx)
        wrong = [at for at, root in people.trees[config.authority].items() if at > size or ledger.root(tx, at) != root]
        assert wrong == [], f"{config.authority} published trees that it has no more"
        found: list[Any] = ledger.entries(tx, 0, size)
        assert tx.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    engine.dispose()
    return [decode(entry) for entry in found]
