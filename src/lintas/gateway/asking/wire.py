"""One HTTP/1.1 question and its answer over a kept connection: as little work as can be, beside calls that wait.

A general client takes milliseconds to connect and one for each question; in a rush at one operator that would be others' time.
"""

import asyncio
import ssl
from collections import deque
from typing import NamedTuple
from urllib.parse import urlsplit

from lintas.model.errors import Unavailable

#: The head and the body of an answer, bytes.
MAX_HEAD, MAX_ANSWER = 8192, 4096
#: Connections that wait for the next question.
MOST_IDLE = 64


class Said(NamedTuple):
    """An answer: its status, its headers by lower-case name, its body."""

    status: int
    headers: dict[str, str]
    body: bytes


class _Line:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @property
    def usable(self) -> bool:
        return not self.reader.at_eof() and not self.writer.is_closing()

    async def ask(self, request: bytes) -> Said:
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        length, status = headers.get("content-length", ""), head[0].split(" ")[1:2]
        if not (length.isdecimal() and int(length) <= MAX_ANSWER and status and status[0].isdecimal()):
            raise Unavailable("this is no answer of a known length", "ask the other side which version it runs")
        return Said(int(status[0]), headers, await self.reader.readexactly(int(length)))

    def cut(self) -> None:
        self.writer.transport.abort()


class Wire:
    """The connections to one address; ``tls`` is None for a plain exercise."""

    def __init__(self, url: str, tls: ssl.SSLContext | None) -> None:
        parts = urlsplit(url)
        self._host, self._tls = parts.hostname or "", tls
        self._port = parts.port or (443 if tls else 80)
        self._authority = parts.netloc
        self._idle: deque[_Line] = deque()
        self._closed = False

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Said:
        """Post a body and return the answer; Unavailable, OSError or an end of the stream where there is none.

        A kept connection that the other side had closed meanwhile is replaced once.
        """
        head = [f"POST {path} HTTP/1.1", f"host: {self._authority}", f"content-length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        request = "\r\n".join([*head, "", ""]).encode("latin-1") + body
        while self._idle:
            line = self._idle.pop()
            if line.usable:
                try:
                    return await self._asked(line, request)
                except (ConnectionError, asyncio.IncompleteReadError):
                    break
        return await self._asked(await self._open(), request)

    async def _open(self) -> _Line:
        name = self._host if self._tls else None
        return _Line(
            *await asyncio.open_connection(self._host, self._port, ssl=self._tls, server_hostname=name, limit=MAX_HEAD)
        )

    async def _asked(self, line: _Line, request: bytes) -> Said:
        """Ask over a connection, and keep it; one that was given up in the middle is cut."""
        whole = False
        try:
            said = await line.ask(request)
            whole = said.headers.get("connection", "").lower() != "close"
            return said
        finally:
            if whole and not self._closed and len(self._idle) < MOST_IDLE:
                self._idle.append(line)
            else:
                line.cut()

    def close(self) -> None:
        """Cut what is kept."""
        self._closed = True
        while self._idle:
            self._idle.pop().cut()
