"""Visitors of one authority's pages, in one process: a key of each role, the console with its API, and what pages must be."""

import asyncio
import html
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from tests.integration.town import Desk

from lintas.access import keys
from lintas.api.app import public_app
from lintas.console import pages
from lintas.http.once import fresh
from lintas.node.config import Config, Home
from lintas.node.runtime import Runtime

SCRIPT = re.compile(r'<script src="/static/console-[0-9a-f]{16}\.js" defer></script>')
HTML = "text/html,application/xhtml+xml"


class Visitors:
    """Everybody who comes to one authority's pages."""

    def __init__(self, desk: Desk, folder: Path, banks: tuple[str, ...] = ()) -> None:
        config = Config(
            authority=desk.authority,
            jurisdiction=desk.authority[:2].upper(),
            name="Boreo",
            contact="d@x.example",
            ledger_origin=desk.node.ledger.origin,
            banks=banks,
        )
        self.desk = desk
        self.runtime = Runtime(Home(config, folder), desk.node)
        self._app = public_app(self.runtime, pages.ROUTES, pages.PAGES)
        self._keys: dict[tuple[str, str], str] = {}

    def key(self, role: str, bank: str = "") -> str:
        """Return the key of a role, made once."""
        if (role, bank) not in self._keys:
            ids, at = self.desk.node.parts.ids, datetime.now(UTC)
            named = {"name": f"Test {role} {bank}".strip(), "role": role, "organisation": bank}
            self._keys[role, bank] = self.desk.do(lambda tx: keys.issue(tx, ids, at=at, **named))
        return self._keys[role, bank]

    def ask(self, method: str, path: str, role: str, bank: str = "", **sent: Any) -> httpx.Response:  # noqa: ANN401
        """Call as a role; a page unless ``accept`` says otherwise."""
        headers = {"accept": sent.pop("accept", HTML)} | sent.pop("headers", {})
        if role:
            headers["authorization"] = f"Bearer {self.key(role, bank)}"

        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="https://x.example") as client:
                return await client.request(method, path, headers=headers, **sent)

        return asyncio.run(call())

    def see(self, path: str, role: str, bank: str = "") -> str:
        """Return a page, which must be one that the content policy lets through."""
        answer = self.ask("GET", path, role, bank)
        assert answer.status_code == 200, answer.text
        return check_markup(answer.text)

    def data(self, path: str, role: str, bank: str = "") -> Any:  # noqa: ANN401 — JSON
        """Return the JSON of a page."""
        answer = self.ask("GET", path, role, bank, accept="application/json")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, path: str, role: str, bank: str = "", **typed: str) -> httpx.Response:
        """Send a form as a browser does, with a nonce of its own unless one is given."""
        own_page = {"sec-fetch-site": "same-origin"}
        return self.ask("POST", path, role, bank, data={"once": fresh()} | typed, headers=own_page)

    def close(self) -> None:
        """Close what was opened."""
        self.runtime.writer.close()


def check_markup(text: str) -> str:
    """Check that nothing in a page is what its content policy would block; returns the page."""
    tags = " ".join(re.findall(r"<[^>]*>", SCRIPT.sub("", text, count=1)))
    assert re.search(r"<script|<style|<img|\sstyle=|\son[a-z]+\s*=|javascript:", tags, re.IGNORECASE) is None
    ids = re.findall(r'\sid="([^"]*)"', text)
    assert len(ids) == len(set(ids)), sorted(each for each in ids if ids.count(each) > 1)
    for named in re.findall(r'<label for="([^"]*)"', text):
        assert named in ids, named
    return text


def words_of(text: str) -> str:
    """Return what a page says, without its markup."""
    said = re.sub(r"<[^>]*>", " ", text.split("<main", 1)[1].split("</main>")[0])
    return re.sub(r"\s+", " ", html.unescape(said)).strip()
