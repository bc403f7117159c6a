"""The built browser files: what a template calls ``console.css`` is a file named by its content, cached for a year.

They are made from ``web/`` when the package is built (``hatch_build.py``); the folder also holds the letters' fonts.
"""

import gzip
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import msgspec
from starlette.responses import Response

from lintas.http.routing import Call, Route
from lintas.model.errors import NotFound, Unavailable
from lintas.node.runtime import Runtime

_TYPES = {"css": "text/css", "js": "text/javascript"}
#: A file's name changes with its content, so whoever has it never asks again.
_FOR_EVER = "public, max-age=31536000, immutable"


def built() -> Traversable:
    """Return the folder of built files."""
    return resources.files("lintas.console").joinpath("static/built")


@cache
def manifest() -> dict[str, str]:
    """Return the built file of each name; Unavailable where nothing was built."""
    try:
        return msgspec.json.decode(built().joinpath("manifest.json").read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        raise Unavailable("the console's browser files are not built", "run `make install`") from None


def asset(name: str) -> str:
    """Return the address of a built file, for a template: ``asset("console.css")``."""
    return f"/static/{manifest()[name]}"


@cache
def _content(file: str, squeezed: bool) -> bytes:
    """Return a file as it is sent; only names of the manifest come here, so no address reaches another file."""
    plain = built().joinpath(file).read_bytes()
    return gzip.compress(plain, mtime=0) if squeezed else plain


async def static(call: Call[Runtime]) -> Response:
    """Serve a built file; nothing in it is anybody's secret, so it may be compressed."""
    file = call.path["file"]
    if file not in manifest().values():
        raise NotFound("there is no such file", "load the page again: it names the present files")
    squeezed = "gzip" in call.request.headers.get("accept-encoding", "")
    headers = {"cache-control": _FOR_EVER, "vary": "accept-encoding"}
    if squeezed:
        headers["content-encoding"] = "gzip"
    return Response(_content(file, squeezed), media_type=_TYPES[file.rpartition(".")[2]], headers=headers)


ASSETS = [Route("GET", "/static/{file}", static, public=True, summary="A browser file", documented=False)]
