"""The people of the end-to-end tests: clients of the running nodes, one for each role, and what they look at."""

import json
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import httpx

from lintas.access import keys
from lintas.access.records import ROLES, NewOfficer
from lintas.cli.demo.people import pinned
from lintas.cli.demo.stage import NodeOnStage, Stage, admit
from lintas.cli.demo.story import Theft, World
from lintas.cli.key import issue_key
from lintas.model.times import SystemClock
from lintas.storage.engine import open_engine
from lintas.storage.writer import SerialWriter

PATIENCE = 60.0
T = TypeVar("T")


class Answer(NamedTuple):
    """An answer as the tests judge it."""

    status: int
    media: str
    body: bytes

    @property
    def document(self) -> Any:  # noqa: ANN401 — whatever JSON came
        return json.loads(self.body)

    def is_problem(self) -> bool:
        """Tell whether this is a complete problem document of a refusal, with no inside in it."""
        if self.media != "application/problem+json" or not 400 <= self.status < 500:
            return False
        found = self.document
        clean = not any(word in self.body for word in (b"Traceback", b"site-packages", b'File "'))
        return bool(found["status"] == self.status and found["title"] and found["detail"] and clean)


class Running:
    """Everything that runs, and a client of the asking node for each role."""

    def __init__(self, on: Stage, world: World, folder: Path) -> None:
        self.on, self.world, self.folder = on, world, folder
        self.reported = 0

    @property
    def xa(self) -> NodeOnStage:
        """Return the asking node."""
        return self.on.nodes[0]

    @property
    def xb(self) -> NodeOnStage:
        """Return the holding node."""
        return self.on.nodes[1]

    @cached_property
    def client(self) -> httpx.Client:
        """Return a client of xa's public API without a key."""
        return httpx.Client(base_url=self.xa.api_url, verify=pinned(self.xa), timeout=PATIENCE, trust_env=False)

    @cached_property
    def client_b(self) -> httpx.Client:
        """Return a client of xb's public API without a key."""
        return httpx.Client(base_url=self.xb.api_url, verify=pinned(self.xb), timeout=PATIENCE, trust_env=False)

    def organisation(self, role: str) -> str:
        """Return whose somebody of a role at xa is: of the bank that the victim uses, of its operator, or of xa itself."""
        return {"bank": self.xa.cast.banks[0], "telco": self.xa.cast.telco}.get(role, "")

    @cached_property
    def keys(self) -> dict[str, str]:
        """Return a key of each role at xa; the bank's is one of the bank that the victim uses, the telco's of its operator."""
        return {
            role: issue_key(
                self.xa.home,
                name=f"Test {role}",
                role=role,
                organisation=self.organisation(role),
            )
            for role in sorted(ROLES)
        }

    @cached_property
    def passes(self) -> dict[str, str]:
        """Return for each role at xa the path at which one click signs somebody of it in."""
        people = [
            NewOfficer(login=f"test-{role}", name=f"Test {role}", role=role, organisation=self.organisation(role))
            for role in sorted(ROLES)
        ]
        made = admit(self.xa.home, people)
        return {role: made[f"test-{role}"] for role in sorted(ROLES)}

    @cached_property
    def revoked(self) -> dict[str, str]:
        """Return a key of each role that was revoked."""
        writer = SerialWriter(open_engine(self.xa.home.path(self.xa.home.config.database)))
        found = {}
        for role in sorted(ROLES):
            found[role] = issue_key(self.xa.home, name="Gone", role=role, organisation=self.organisation(role))
            key_id = found[role].split("_")[1]
            writer.submit(lambda tx, key=key_id: keys.revoke(tx, key, at=SystemClock().now())).result()  # type: ignore[misc]
        return found

    def theft(self) -> Theft:
        """Return a theft that nobody has reported yet."""
        self.reported += 1
        return self.world.thefts[self.reported - 1]

    def ask(self, method: str, path: str, *, key: str = "", client: httpx.Client | None = None, **sent: Any) -> Answer:  # noqa: ANN401
        """Call xa's API (or another client's) and return what came."""
        headers = dict(sent.pop("headers", {}))
        if key:
            headers["authorization"] = f"Bearer {key}"
        answer = (client or self.client).request(method, path, headers=headers, **sent)
        return Answer(answer.status_code, answer.headers.get("content-type", ""), answer.content)

    def until(self, look: Callable[[], T]) -> T:
        """Look again and again until what is seen is truthy."""
        deadline = time.monotonic() + PATIENCE
        while not (seen := look()):
            assert time.monotonic() < deadline, "it never came"
            time.sleep(0.02)
        return seen

    def faults(self) -> list[str]:
        """Return every line of any process's log that tells of a fault of ours."""
        bad = ("Traceback", "unexpected error", "background work failed", "writer failed", "listener to commits")
        return [
            f"{path.name}: {line[:300]}"
            for path in sorted(self.folder.glob("*.log"))
            for line in path.read_text("utf-8", "replace").splitlines()
            if any(word in line for word in bad)
        ]

    def close(self) -> None:
        """Close what was opened."""
        for name in ("client", "client_b"):
            if name in self.__dict__:
                self.__dict__[name].close()


def enter(browser: httpx.Client, there: str) -> httpx.Response:
    """Sign a browser in by the pass at a path."""
    return browser.post(there, data={"to": "/"}, headers={"sec-fetch-site": "same-origin"})


def session_of(running: Running, role: str) -> str:
    """Return the token of a new session of one of xa's roles."""
    return entered(running, running.passes[role])


def entered(running: Running, there: str) -> str:
    """Return the token of the session that the pass at a path opens."""
    with httpx.Client(base_url=running.xa.page_url, timeout=PATIENCE, trust_env=False) as browser:
        assert enter(browser, there).status_code == 303
        return str(browser.cookies["lintas_session"])
