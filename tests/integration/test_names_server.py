"""The names gateway's own server lets go of those who connect and ask nothing."""

import asyncio

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from lintas.gateway.names import server

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


def test_who_sends_no_whole_head_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.3)
    app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])

    async def play() -> None:
        door = server.bound("127.0.0.1", 0)
        port = door.getsockname()[1]
        serving = asyncio.create_task(server.serve(app, door))
        silent = await asyncio.open_connection("127.0.0.1", port)
        slow = await asyncio.open_connection("127.0.0.1", port)
        slow[1].write(REQUEST)
        assert (await slow[0].readuntil(b"here")).startswith(b"HTTP/1.1 200")
        slow[1].write(REQUEST[:9])
        for reader, writer in (silent, slow):
            async with asyncio.timeout(20):
                with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
                    await reader.readexactly(1)
            writer.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        door.close()

    asyncio.run(play())
