"""What others do while somebody sits at the browser: reports, approvals, undoing and objections, by the API."""

import re
from collections.abc import Callable
from typing import Any

from tests.e2e.people import Running

from lintas.cli.demo.stage import bank_key
from lintas.cli.demo.story import Theft

Json = Any
_APPEAL = re.compile(r"/appeal/[a-z2-7]{26}")


class Played:
    """The other people of the two nodes; each method returns once what it plays is seen."""

    def __init__(self, running: Running) -> None:
        self.running = running

    def theft(self) -> Theft:
        """Return a theft that nobody has reported."""
        return self.running.theft()

    def get(self, path: str, *, abroad: bool = False) -> Json:
        """Read something as the auditor of one of the nodes."""
        node = self.running.xb if abroad else self.running.xa
        return self._call("GET", path, node.auditor_key, abroad)

    def _call(self, method: str, path: str, key: str, abroad: bool, **sent: Any) -> Json:  # noqa: ANN401
        client = self.running.client_b if abroad else self.running.client
        answer = self.running.ask(method, f"/api/v1{path}", key=key, client=client, **sent)
        assert answer.status < 300, answer.body
        return answer.document if "json" in answer.media else answer.body.decode()

    def case(self, theft: Theft | None = None) -> str:
        """File a report; return its case."""
        form = (theft or self.theft()).form
        return str(self._call("POST", "/reports", self.running.xa.hotline_key, False, json=form)["case"])

    def hold(self, case: str, direction: str, *, state: str = "", abroad: bool = False) -> Json:
        """Wait for a hold of a case; ``asked`` and ``own`` at the asking node, ``got`` at the holding one."""

        def look() -> Json:
            listed = self.get(f"/cases/{case}", abroad=abroad)["holds"]
            fits = (each for each in listed if each["direction"] == direction)
            return next((each for each in fits if state in ("", each["state"])), None)

        return self.running.until(look)

    def waiting(self, case: str) -> Json:
        """Wait until the holding node's officers have a case's hold before them."""
        asked = self.hold(case, "asked", state="delivered")

        def look() -> Json:
            listed = self.get("/holds?limit=200&after=", abroad=True)
            return next((each for each in listed if each["id"] == asked["id"]), None)

        return self.running.until(look)

    def approve(self, hold: str, *, abroad: bool = False) -> Json:
        """Approve a hold; return the order once its bank has answered."""
        node = self.running.xb if abroad else self.running.xa
        order = self._call("POST", f"/holds/{hold}/approve", node.approver_key, abroad)

        def answered() -> bool:
            return bool(self.get(f"/holds/{hold}", abroad=abroad)["order"]["answered_at"])

        self.running.until(answered)
        return order

    def held(self) -> tuple[str, Json]:
        """Play a case until its own authority holds money; return the case and the order."""
        case = self.case()
        return case, self.approve(self.hold(case, "own")["id"])

    def approve_abroad(self, case: str) -> Json:
        """Approve what the holding node was asked; return its order."""
        return self.approve(self.waiting(case)["id"], abroad=True)

    def share(self, case: str, **wanted: str) -> Json:
        """Wait for a share of a case's bar."""

        def look() -> Json:
            shares = self.get(f"/cases/{case}")["bar"]["shares"]
            return next((each for each in shares if all(each[k] == v for k, v in wanted.items())), None)

        return self.running.until(look)

    def undo(self, case: str, share: str) -> None:
        """Let go of a share."""
        wish = {"share": share, "code": "good_faith", "reason": "honest sale, invoice seen"}
        self._call("POST", f"/cases/{case}/undo", self.running.xa.approver_key, False, json=wish)

    def release_abroad(self, order: Json) -> None:
        """Approve, at the holding node, the release of one of its orders."""

        def look() -> Json:
            waiting = self.get("/amendments", abroad=True)
            return next((each for each in waiting if each["order"] == order["id"]), None)

        path = f"/amendments/{self.running.until(look)['id']}/approve"
        self._call("POST", path, self.running.xb.second_key, True)

    def confirm(self, order: Json) -> Json:
        """Hold an order of the asking node for longer; return the amendment that its bank carries out."""
        said = {"reference": "Court order 12/2026"}
        return self._call("POST", f"/orders/{order['id']}/confirm", self.running.xa.second_key, False, json=said)

    def appeal(self, order: Json, *, abroad: bool = False) -> str:
        """Return the path of the page where an order's owner objects, as the bank's letter gives it."""
        key = bank_key(self.running.on.directory, order["bank"])
        letter = self._call("GET", f"/bank/orders/{order['id']}/letter", key, abroad)
        return str(_APPEAL.findall(letter)[0])

    def object(
        self, order: Json, *, name: str = "Ama Lin", text: str = "I sold a motorcycle.", abroad: bool = False
    ) -> None:
        """Object to an order."""
        path = self.appeal(order, abroad=abroad).removeprefix("/appeal/")
        said = {"name": name, "contact": "+999 555", "text": text}
        client = self.running.client_b if abroad else self.running.client
        assert self.running.ask("POST", f"/api/v1/appeals/{path}", json=said, client=client).status < 300

    def objection(self, order: Json) -> str:
        """Return the id of the open objection to an order of the asking node."""
        return str(next(each["id"] for each in self.get("/appeals") if each["order"] == order["id"]))

    def dismiss(self, objection: str) -> None:
        """Decide an objection at the asking node, so that no list has it any more."""
        said = {"uphold": False, "reason": "the papers do not show it"}
        self._call("POST", f"/appeals/{objection}/decide", self.running.xa.second_key, False, json=said)

    def until(self, look: Callable[[], Json]) -> Json:
        """Look again and again."""
        return self.running.until(look)
