"""Checking a message against the XML schema that its user supplies: schemas of ISO and of goAML are not ours to ship."""

import msgspec
from lxml import etree

from lintas.interop import xml
from lintas.model.errors import BadInput

_XS = "{http://www.w3.org/2001/XMLSchema}"
#: What makes a schema fetch another file.
_FETCHES = tuple(f"{_XS}{name}" for name in ("include", "import", "redefine", "override"))
#: Schemas are larger than most messages.
_MAX_BYTES = 20_000_000


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the schema does not allow: the line, and libxml2's own words without namespaces."""

    line: int
    what: str


def validate(data: bytes, schema: bytes, *, where: str = "message", schema_where: str = "schema") -> list[Finding]:
    """Return what the schema does not allow, in document order; an empty list where the message is valid.

    Nothing is fetched: a schema that needs another file is refused. Raises MalformedInput or TooLarge where message or
    schema cannot be read, BadInput where the schema is none.
    """
    message = xml.parse(data, where=where)
    root = xml.parse(schema, where=schema_where, max_bytes=_MAX_BYTES)
    for element in root.iterchildren(*_FETCHES):
        if element.get("schemaLocation") is not None:
            name = etree.QName(element).localname
            what = f"the schema wants {name} {str(element.get('schemaLocation'))[:60]!r}"
            raise BadInput(what, "use one that stands in a single file: none is fetched", where=schema_where)
    try:
        checker = etree.XMLSchema(root)
    except etree.XMLSchemaParseError as wrong:
        what = f"it is no XML schema ({_plain(str(wrong))})"
        raise BadInput(what, "take the .xsd as its publisher gives it", where=schema_where) from None
    checker.validate(message)
    return [Finding(line=entry.line, what=_plain(entry.message)) for entry in checker.error_log]  # type: ignore[attr-defined]  # the stubs miss that it iterates


def _plain(text: str) -> str:
    """Take the namespaces out of libxml2's words: each element is named in one anyway."""
    words = "".join(part.partition("}")[2] if "}" in part else part for part in text.split("{"))
    return "".join(c if c.isprintable() else " " for c in words)[:300]
