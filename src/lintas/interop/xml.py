"""Hardened reading of XML from strangers: no document type, no entities, no network, bounded size and depth."""

import re

from lxml import etree

from lintas.model.errors import MalformedInput, TooLarge

#: Ten million bytes hold about ten thousand credit transfers; more than that comes in several messages.
MAX_BYTES = 10_000_000
#: ISO 20022 messages nest about a dozen deep.
MAX_DEPTH = 64

_DECLARED = re.compile(rb"""^(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_ENCODINGS = {"utf-8", "us-ascii", "ascii", "iso-8859-1", "utf-16", "utf-16le", "utf-16be"}


def parse(data: bytes, *, where: str = "XML", max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> etree._Element:
    """Return the root element of ``data``.

    Raises TooLarge beyond ``max_bytes`` or ``max_depth`` levels, MalformedInput for anything that is not
    well-formed XML in its declared encoding or that carries a document type (the door to entity bombs, CWE-776,
    and to external entities, CWE-611). ``where`` names the file or field in every error.
    """
    if len(data) > max_bytes:
        raise TooLarge(f"{len(data):,} bytes of XML, at most {max_bytes:,} are read", "split the message", where=where)
    if not data.strip():
        raise MalformedInput("the XML is empty", "send the whole document", where=where)
    declared = _DECLARED.match(data)
    if declared and declared[1].decode("ascii").lower() not in _ENCODINGS:
        raise MalformedInput(
            f"the encoding {declared[1].decode('ascii')!r} is not read here", "send UTF-8", where=where
        )
    parser = etree.XMLPullParser(
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = _feed(parser, data, where, max_depth)
    except etree.XMLSyntaxError as wrong:
        line, column = wrong.position
        place = f"{where}, line {line}, column {column}"
        if "Excessive depth" in (wrong.msg or ""):
            raise TooLarge(
                f"XML nested deeper than {max_depth} levels", "send the plain message", where=place
            ) from None
        raise MalformedInput(_reason(wrong), "send well-formed XML in UTF-8", where=place) from None
    _refuse_document_type(root, where)
    return root


def _feed(parser: etree.XMLPullParser, data: bytes, where: str, max_depth: int) -> etree._Element:
    """Feed in pieces, so that a deep or typed document is refused before the rest of it is read."""
    depth, checked = 0, False
    for offset in range(0, len(data), 65_536):
        parser.feed(data[offset : offset + 65_536])
        for event, element in parser.read_events():
            assert isinstance(element, etree._Element)  # noqa: S101 — start and end carry elements only
            if not checked:
                checked = True
                _refuse_document_type(element, where)
            depth += 1 if event == "start" else -1
            if depth > max_depth:
                place = f"{where}, line {element.sourceline}"
                raise TooLarge(f"XML nested deeper than {max_depth} levels", "send the plain message", where=place)
    closed = parser.close()
    assert isinstance(closed, etree._Element)  # noqa: S101 — lxml returns the root or has raised
    return closed


def _refuse_document_type(root: etree._Element, where: str) -> None:
    tree = root.getroottree().docinfo
    if tree.internalDTD is not None:  # set for an external one too: its declaration is internal
        raise MalformedInput("the XML carries a document type declaration", "remove it: it is never read", where=where)


def _reason(wrong: etree.XMLSyntaxError) -> str:
    """Say libxml2's finding without its own trailing position, which we give ourselves."""
    text = (wrong.msg or "the XML is not well-formed").split(", line ")[0]
    return "".join(c if c.isprintable() else "?" for c in text)[:200]
