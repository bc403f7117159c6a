"""Built browser files as they are served: named by their content, so that whoever has one never asks again."""

import gzip
from functools import cached_property
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from starlette.responses import Response

from lintas.http.routing import Call, Route
from lintas.model.errors import NotFound, Unavailable

_TYPES = {"css": "text/css", "js": "text/javascript"}
_FOR_EVER = "public, max-age=31536000, immutable"


class Built:
    """One folder of files that ``hatch_build.py`` made, with a manifest that gives the built name of each."""

    def __init__(self, folder: Traversable) -> None:
        self.folder = folder
        self._kept: dict[tuple[str, bool], bytes] = {}

    @cached_property
    def manifest(self) -> dict[str, str]:
        """The built file of each name; Unavailable where nothing was built."""
        try:
            return msgspec.json.decode(self.folder.joinpath("manifest.json").read_bytes(), type=dict[str, str])
        except FileNotFoundError:
            raise Unavailable("the browser files are not built", "run `make install`") from None

    def address(self, name: str) -> str:
        """Return the address of a built file, for a template: ``asset("console.css")``."""
        return f"/static/{self.manifest[name]}"

    def route(self) -> Route:
        """Return the route that serves the files; nothing in them is anybody's secret, so they may be compressed."""
        return Route("GET", "/static/{file}", self._serve, public=True, summary="A browser file", documented=False)

    async def _serve(self, call: Call[Any]) -> Response:
        file = call.path["file"]
        if file not in self.manifest.values():
            raise NotFound("there is no such file", "load the page again: it names the present files")
        squeezed = "gzip" in call.request.headers.get("accept-encoding", "")
        headers = {"cache-control": _FOR_EVER, "vary": "accept-encoding"}
        if squeezed:
            headers["content-encoding"] = "gzip"
        return Response(self._content(file, squeezed), media_type=_TYPES[file.rpartition(".")[2]], headers=headers)

    def _content(self, file: str, squeezed: bool) -> bytes:
        """Return a file as it is sent; only names of the manifest come here, so no address reaches another file."""
        if (file, squeezed) not in self._kept:
            plain = self.folder.joinpath(file).read_bytes()
            self._kept[file, squeezed] = gzip.compress(plain, mtime=0) if squeezed else plain
        return self._kept[file, squeezed]
