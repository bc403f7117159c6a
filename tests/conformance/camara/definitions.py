"""The public definitions in LINTAS_CAMARA_DIR: OpenAPI documents, their schemas, and values that fit them or do not."""

from functools import cached_property
from pathlib import Path
from typing import Any

import jsonschema_rs
import yaml

#: The interfaces that are served, and the version of the definition that each was written after.
SERVED = {"device-roaming-status": "1.1.0", "sim-swap": "2.1.0", "number-recycling": "0.2.0"}
#: What is tried, in this order, where something must not fit its schema.
_MISFITS: tuple[Any, ...] = ("?", 12_345, -1, [], {}, None)


class Definition:
    """One OpenAPI 3.0 document."""

    def __init__(self, path: Path) -> None:
        self.document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))

    @property
    def version(self) -> str:
        return str(self.document["info"]["version"])

    def schema(self, pointer: str, field: str = "") -> dict[str, Any]:
        """Return a schema by its place; that of one of its properties where it has the ``field``."""
        found = self._at(pointer)
        return self._plain(found.get("properties", {}).get(field, found))

    def request(self, path: str) -> dict[str, Any]:
        """Return the schema of an operation's request body."""
        operation = self._operation(path)
        return self._plain(operation["requestBody"]["content"]["application/json"]["schema"])

    def response(self, path: str, status: int) -> dict[str, Any] | None:
        """Return the schema of an operation's answer with a status; None where the definition says nothing of it."""
        found = self._operation(path)["responses"].get(str(status))
        return None if found is None else self._plain(self._follow(found)["content"]["application/json"]["schema"])

    def scopes(self, path: str) -> list[str]:
        """Return the scopes of an operation, the first of alternatives."""
        return list(self._operation(path)["security"][0]["openId"])

    @cached_property
    def _base(self) -> str:
        return str(self.document["servers"][0]["url"]).removeprefix("{apiRoot}")

    def _operation(self, path: str) -> dict[str, Any]:
        assert path.startswith(self._base), f"{path} is not below {self._base}"
        operation: dict[str, Any] = self.document["paths"][path.removeprefix(self._base)]["post"]
        return operation

    def _at(self, pointer: str) -> dict[str, Any]:
        found: Any = self.document
        for name in pointer.lstrip("#").strip("/").split("/"):
            found = found[name]
        return self._follow(found)

    def _follow(self, found: dict[str, Any]) -> dict[str, Any]:
        return self._at(found["$ref"]) if "$ref" in found else found

    def _plain(self, schema: dict[str, Any]) -> dict[str, Any]:
        plain: dict[str, Any] = self._resolved(schema)
        return plain

    def _resolved(self, schema: Any) -> Any:  # noqa: ANN401 — a piece of a schema is any JSON
        """Return JSON Schema without references; OpenAPI 3.0 says ``nullable`` for a type with null."""
        if isinstance(schema, list):
            return [self._resolved(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        plain = {name: self._resolved(each) for name, each in self._follow(schema).items() if name != "nullable"}
        if self._follow(schema).get("nullable"):
            plain["type"] = [plain["type"], "null"]
        return plain


def fits(schema: dict[str, Any], value: object) -> bool:
    """Tell whether a value complies with a schema, formats included."""
    return bool(jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(value))


def misfit(schema: dict[str, Any]) -> Any:  # noqa: ANN401 — any JSON
    """Return a value that does not comply with a schema."""
    return next(value for value in _MISFITS if not fits(schema, value))


def example(schema: dict[str, Any], known: dict[str, Any]) -> Any:  # noqa: ANN401 — any JSON
    """Return a value that complies: ``known`` ones by the property's name, else the required, by the document's examples."""
    if "properties" not in schema:
        return schema["example"]
    wanted = [name for name in schema["properties"] if name in known or name in schema.get("required", ())]
    holders = [name for name, each in schema["properties"].items() if known.keys() & each.get("properties", {}).keys()]
    value = {name: known[name] if name in known else example(schema["properties"][name], known) for name in wanted}
    value |= {name: example(schema["properties"][name], known) for name in holders}
    assert fits(schema, value), value
    return value
