"""The OpenAPI document: true to the routes, by hand-written checks of its structure."""

import asyncio
import re
from typing import Any

import httpx
import pytest
from tests.unit.http.conftest import ROUTES, authenticate

from lintas.http import openapi
from lintas.http.routing import routes_to_app

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    route = openapi.route("/api/v1/openapi.json", ROUTES, title="lintas", version="0.1.0")
    app = routes_to_app([*ROUTES, route], "", authenticate)

    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://h") as client:
            return await client.get("/api/v1/openapi.json")

    answer = asyncio.run(run())
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = answer.json()
    return found


def _operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, op) for path, item in document["paths"].items() for method, op in item.items()]


def _refs(value: object) -> list[str]:
    if isinstance(value, dict):
        here = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return here + [ref for inner in value.values() for ref in _refs(inner)]
    return [ref for inner in value for ref in _refs(inner)] if isinstance(value, list) else []


def test_the_frame(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert document["info"]["title"] == "lintas" and document["info"]["version"] == "0.1.0"
    assert document["components"]["securitySchemes"]["key"] == {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "lk_<id>_<secret>",
    }


def test_every_documented_route_and_no_other_is_there(document: dict[str, Any]) -> None:
    there = {(path, method) for path, method, _ in _operations(document)}
    expected = {(re.sub(r":\w+}", "}", r.path), r.method.lower()) for r in ROUTES if r.documented}
    assert there == expected
    assert {method for _, method in there} <= METHODS


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    refs = _refs(document)
    assert "#/components/schemas/Money" in refs
    for ref in refs:
        found: Any = document
        for step in ref.removeprefix("#/").split("/"):
            found = found[step]
        assert isinstance(found, dict)


def test_operations_are_complete(document: dict[str, Any]) -> None:
    operations = _operations(document)
    ids = [op["operationId"] for _, _, op in operations]
    assert len(set(ids)) == len(ids) and all(re.fullmatch(r"\w+", one) for one in ids)
    for path, _, operation in operations:
        assert operation["summary"]
        inside = [p["name"] for p in operation.get("parameters", []) if p["in"] == "path" and p["required"]]
        assert inside == re.findall(r"{(\w+)}", path)
        assert any(code.startswith("2") for code in operation["responses"])
        assert {"404", "422", "500", "503"} <= set(operation["responses"])
        assert all("description" in answer for answer in operation["responses"].values())


def test_keys_are_asked_for_where_the_route_asks(document: dict[str, Any]) -> None:
    report, anybody = document["paths"]["/reports"]["post"], document["paths"]["/anybody"]["get"]
    assert report["security"] == [{"key": []}] and report["description"] == "Roles: investigator."
    assert {"401", "403"} <= set(report["responses"])
    assert anybody["security"] == [] and not {"401", "403"} & set(anybody["responses"])


def test_bodies_and_answers(document: dict[str, Any]) -> None:
    paths = document["paths"]
    report = paths["/reports"]["post"]
    assert report["requestBody"]["content"] == {"application/json": {"schema": {"$ref": "#/components/schemas/Report"}}}
    assert report["responses"]["201"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Answer"
    }
    assert {"400", "408", "413", "415"} <= set(report["responses"])
    assert paths["/raw"]["post"]["requestBody"]["content"] == {"text/csv": {"schema": {}}}
    assert set(paths["/form"]["post"]["requestBody"]["content"]) == {
        "application/json",
        "application/x-www-form-urlencoded",
    }
    assert "content" not in paths["/reports/{id}"]["delete"]["responses"]["204"]
    shown = paths["/reports/{id}"]["get"]
    assert [p["name"] for p in shown["parameters"] if p["in"] == "query"] == ["view"]
    assert "requestBody" not in shown
    assert paths["/letter"]["get"]["responses"]["200"]["content"] == {"text/html": {"schema": {}}}


def test_the_problem_document_is_described(document: dict[str, Any]) -> None:
    problem = document["components"]["schemas"]["Problem"]
    assert set(problem["required"]) == {"type", "title", "status", "detail"}
    assert {"do", "where", "reason", "instance"} <= set(problem["properties"])
    described = document["components"]["responses"]["Problem"]["content"]
    assert described == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
