"""The OpenAPI 3.1 document, made from the routes themselves and from msgspec's JSON schema of the types they name."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from lintas.http import bodies, once, problems
from lintas.http.problems import Problem
from lintas.http.routing import Call, Route

_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
_ONCE = (
    "Your own text for this one call, best a random UUID: sent again with it, it does nothing and is answered as before"
)
_REF = "#/components/schemas/{name}"
#: Status -> when it is answered, for the problems that a route may answer with besides its own.
_ALWAYS = {
    "404": "No such thing here",
    "422": "Bad input",
    "500": "A fault of the node",
    "503": "The node cannot do this now",
}
_WITH_BODY = {"400": "Malformed", "408": "Too slow", "413": "Too large or too deep", "415": "Of another type"}
_WITH_KEY = {
    "401": "No valid key",
    "403": "The caller's role does not cover this, or the answer is no by law or policy",
}


def document(routes: Sequence[Route], *, title: str, version: str) -> dict[str, Any]:
    """Describe the documented routes; every schema, parameter and role comes from the code that enforces it."""
    shown = [route for route in routes if route.documented]
    shapes = [shape for route in shown for shape in (route.body, route.answer) if shape not in (None, bytes)]
    schemas, components = msgspec.json.schema_components([Problem, *shapes], ref_template=_REF)
    by_shape = {id(shape): schema for shape, schema in zip([Problem, *shapes], schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for route in shown:
        path = _PARAMETER.sub(r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, path, by_shape)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "lk_<id>_<secret>"}},
            "responses": {
                "Problem": _content("What went wrong, and what to do (RFC 9457)", problems.MEDIA, schemas[0])
            },
        },
    }


def route(path: str, routes: Sequence[Route], *, title: str, version: str) -> Route:
    """Make the public route that serves the document of ``routes`` at ``path``; it is made once, when the node starts."""
    made = msgspec.Raw(msgspec.json.encode(document(routes, title=title, version=version)))

    async def openapi(_call: Call[Any]) -> msgspec.Raw:
        return made

    return Route("GET", path, openapi, answer=msgspec.Raw, public=True, summary="This document", documented=False)


def _operation(route: Route, path: str, by_shape: dict[int, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route.method, path),
        "summary": route.summary,
        "responses": _responses(route, by_shape),
        # An empty list means: no key needed (OpenAPI 3.1, Operation Object).
        "security": [] if route.public else [{"key": []}],
    }
    if route.roles:
        operation["description"] = f"Roles: {', '.join(sorted(route.roles))}."
    if parameters := _parameters(route, path):
        operation["parameters"] = parameters
    if route.body is not None:
        schema = {} if route.body is bytes else by_shape[id(route.body)]
        content = {media: {"schema": schema} for media in route.media}
        operation["requestBody"] = {
            "required": True,
            "description": f"At most {route.limit:,} bytes.",
            "content": content,
        }
    return operation


def _responses(route: Route, by_shape: dict[int, Any]) -> dict[str, Any]:
    if route.gives:
        forms = (route.gives,) if isinstance(route.gives, str) else route.gives
        content: dict[str, Any] = {media: {"schema": {}} for media in forms}
        if route.answer is not None:
            content = {bodies.JSON: {"schema": by_shape[id(route.answer)]}} | content
        done = {str(route.status): {"description": "Done", "content": content}}
    elif route.answer is None:
        done = {"204": {"description": "Done"}} if route.status == 200 else {str(route.status): {"description": "Done"}}
    else:
        done = {str(route.status): _content("Done", bodies.JSON, by_shape[id(route.answer)])}
    when = _ALWAYS | (_WITH_BODY if route.body is not None else {}) | ({} if route.public else _WITH_KEY) | route.also
    when |= {} if route.method == "GET" else {"409": "It is there already, or changed since it was read"}
    return done | {
        status: {"$ref": "#/components/responses/Problem", "description": said} for status, said in sorted(when.items())
    }


def _parameters(route: Route, path: str) -> list[dict[str, Any]]:
    text = {"type": "string"}
    inside = [{"name": n, "in": "path", "required": True, "schema": text} for n in re.findall(r"{(\w+)}", path)]
    asked = [{"name": n, "in": "query", "description": said, "schema": text} for n, said in route.query.items()]
    key = {"name": once.HEADER, "in": "header", "description": _ONCE, "schema": text}
    return inside + asked + ([key] if route.once else [])


def _content(description: str, media: str, schema: object) -> dict[str, Any]:
    return {"description": description, "content": {media: {"schema": schema}}}


def _operation_id(method: str, path: str) -> str:
    return "_".join([method.lower(), *re.findall(r"\w+", path)])
