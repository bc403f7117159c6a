"""How letters are answered: plain text or PDF, in the authority's language or in another one."""

from starlette.responses import PlainTextResponse, Response

from lintas.http.routing import Call
from lintas.model.errors import BadInput
from lintas.node import paper
from lintas.node.runtime import Runtime
from lintas.requests.letter import Letter

MEDIA = ("text/plain", paper.MEDIA)
QUERY = {
    "as": "text or pdf; without it, as the Accept header says, else text",
    "lang": "en, ms or th; without it, the authority's language",
}


def language_of(call: Call[Runtime]) -> str:
    """Return the language that a letter is asked for in, "" for the authority's own; BadInput for one that there is not."""
    return paper.language(call.query.get("lang", ""), exercise=call.services.node.parts.identity.exercise)


async def sent(call: Call[Runtime], letter: Letter) -> Response:
    """Answer a letter as it is asked for; BadInput for a form that there is not."""
    form = call.query.get("as", "pdf" if paper.MEDIA in call.request.headers.get("accept", "") else "text")
    if form not in ("text", "pdf"):
        raise BadInput(f"a letter does not come as {form[:20]!r}", "use text or pdf", where="query as")
    headers = {"content-language": letter.language, "vary": "accept"}
    if form == "text":
        return PlainTextResponse(letter.plain(), headers=headers)
    made = await call.services.apart(paper.pdf, letter)
    return Response(made, media_type=paper.MEDIA, headers=headers | paper.named(letter))
