"""pyiso20022, the implementation that we did not write: parses strictly, checks what its classes demand, writes anew."""

import dataclasses
import functools
import importlib
import re
import sys
import typing
from decimal import Decimal
from enum import Enum
from types import ModuleType
from typing import Any

from lxml import etree
from xsdata.formats.dataclass.parsers import XmlParser
from xsdata.formats.dataclass.parsers.config import ParserConfig
from xsdata.formats.dataclass.serializers import XmlSerializer

PREFIX = "urn:iso:std:iso:20022:tech:xsd:"
_PARSER = XmlParser(config=ParserConfig(fail_on_unknown_properties=True, fail_on_converter_warnings=True))
_SERIALIZER = XmlSerializer()


def module(kind: str) -> ModuleType:
    """Return the generated classes of one message version."""
    return importlib.import_module(f"pyiso20022.{kind[:4]}.{kind.replace('.', '_')}")


def parse(data: bytes, kind: str) -> Any:  # noqa: ANN401 — the classes are made at generation, one set a version
    """Parse strictly; raise where an element is unknown, a value is not of its type, or a rule is broken."""
    document = _PARSER.from_bytes(data, module(kind).Document)
    broken = list(_broken(document, "Document"))
    assert not broken, broken
    return document


def write(document: object, kind: str) -> bytes:
    """Write a document of generated classes, in the schema's order."""
    text: str = _SERIALIZER.render(document, ns_map={None: PREFIX + kind})
    return text.encode()


def check(data: bytes, kind: str) -> None:
    """Check that ``data`` is what the oracle would write: every element known, in order, all mandatory ones there."""
    again = write(parse(data, kind), kind)
    assert _canonical(again) == _canonical(data)


def _canonical(data: bytes) -> list[tuple[str, str, tuple[tuple[str, str], ...]]]:
    """Return the elements in document order; values as numbers and times compare as what they mean."""
    root = etree.fromstring(data)
    return [
        (str(each.tag), _meaning((each.text or "").strip()), tuple(sorted((str(k), str(v)) for k, v in each.items())))
        for each in root.iter()
    ]


def _meaning(text: str) -> str:
    if re.fullmatch(r"\d+\.\d+", text):
        return str(Decimal(text).normalize())
    return re.sub(r"\.(\d*?)0*Z$", lambda found: f".{found[1]}Z" if found[1] else "Z", text)


def _broken(value: Any, path: str) -> typing.Iterator[str]:  # noqa: ANN401 — see above
    """Name every rule that a parsed value breaks: what is mandatory, lengths, patterns, one of a choice."""
    chosen = 0
    for field in dataclasses.fields(value):
        rules, found = field.metadata, getattr(value, field.name)
        name = f"{path}/{rules.get('name', field.name)}"
        items = found if isinstance(found, list | tuple) else [] if found is None else [found]
        chosen += bool(items)
        if not items and (rules.get("required") or rules.get("min_occurs", 0) > 0):
            yield f"{name} is missing"
        for item in items:
            if dataclasses.is_dataclass(item) and type(item).__module__.startswith("pyiso20022"):
                yield from _broken(item, name)
            elif isinstance(item, str) and not isinstance(item, Enum):
                if not rules.get("min_length", 0) <= len(item) <= rules.get("max_length", 10**6):
                    yield f"{name} has {len(item)} characters"
                if "pattern" in rules and not _pattern(rules["pattern"]).fullmatch(item):
                    yield f"{name} is {item!r}"
            elif isinstance(item, Decimal):
                exponent = item.as_tuple().exponent
                if isinstance(exponent, int) and -exponent > rules.get("fraction_digits", 99):
                    yield f"{name} has too many decimals"
                if len(item.as_tuple().digits) > rules.get("total_digits", 99):
                    yield f"{name} has too many digits"
    if "Choice" in type(value).__name__ and chosen != 1:
        yield f"{path} has {chosen} of a choice"


@functools.cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


class Maker:
    """Makes documents of generated classes from a plain tree, so that a message comes from the other implementation."""

    def __init__(self, kind: str) -> None:
        self.kind, self._module = kind, module(kind)

    def write(self, tree: dict[str, Any]) -> bytes:
        """Write the tree ``{element: text | tree | [trees]}`` as the oracle's classes say; check it as well."""
        document = self._make(self._module.Document, tree)
        broken = list(_broken(document, "Document"))
        assert not broken, broken
        return write(document, self.kind)

    def _make(self, cls: Any, tree: Any) -> Any:  # noqa: ANN401 — see above
        if isinstance(tree, tuple):  # an amount: text and currency
            return cls(value=Decimal(tree[0]), ccy=tree[1])
        hints = typing.get_type_hints(cls, vars(sys.modules[cls.__module__]))
        names = {field.metadata.get("name", field.name): field.name for field in dataclasses.fields(cls)}
        made = {}
        for name, value in tree.items():
            kind, many = _inner(hints[names[name]])
            items = value if isinstance(value, list) else [value]
            done = [self._value(kind, item) for item in items]
            made[names[name]] = done if many else done[0]
        return cls(**made)

    def _value(self, kind: Any, item: Any) -> Any:  # noqa: ANN401 — see above
        if dataclasses.is_dataclass(kind):
            return self._make(kind, item)
        if hasattr(kind, "from_string"):
            return kind.from_string(item)
        return kind(item) if isinstance(kind, type) and issubclass(kind, Enum | Decimal) else item


def _inner(hint: Any) -> tuple[Any, bool]:  # noqa: ANN401 — see above
    many = False
    while (arguments := [each for each in typing.get_args(hint) if each is not type(None)]) != []:
        many = many or typing.get_origin(hint) in (list, tuple)
        hint = arguments[0]
    return hint, many
