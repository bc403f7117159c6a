"""Our gateways' questions about callers of another jurisdiction; the peers' own door is in ``api/exchange.py``."""

import msgspec
from starlette.responses import Response

from lintas.http.bodies import JSON
from lintas.http.routing import Call, Route
from lintas.node.runtime import Runtime
from lintas.telco.records import CliAnswer, CliQuestion

MAX_QUESTION = 2048
#: Every answer has so many bytes, whatever it says.
ANSWER_BYTES = 160


def cli_answer(answer: CliAnswer) -> Response:
    """Return an answer as it is sent: JSON, then spaces, always as long."""
    return Response(msgspec.json.encode(answer).ljust(ANSWER_BYTES), media_type=JSON)


async def ask_abroad(call: Call[Runtime]) -> Response:
    """Answer whether a call that shows a foreign number may be real, as its own network says through its authority."""
    calls = call.services.node.calls_abroad
    return cli_answer(await calls.ask(call.body, call.caller.organisation))


ROUTES = [
    Route(
        "POST",
        "/api/v1/telco/cli-check",
        ask_abroad,
        body=CliQuestion,
        gives=JSON,
        roles=frozenset({"telco"}),
        limit=MAX_QUESTION,
        summary="Ask abroad whether a call may be real",
    ),
]
