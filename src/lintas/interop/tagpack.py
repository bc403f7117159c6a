"""GraphSense tagpacks (YAML): attribution tags of addresses, read and written.

The format is the schema of graphsense-tagpack-tool (`tagpack_schema.yaml`): a header with ``title``, ``creator`` and ``tags``;
a field that stands in the header holds for every tag that does not say otherwise. Tags of transactions (``tx_hash`` without
``address``) are passed over.
"""

from typing import Any

import msgspec
import yaml

from lintas.model.errors import BadInput, MalformedInput, TooLarge

MAX_BYTES = 50_000_000
_INHERITED = ("label", "source", "currency", "network", "confidence", "category", "abuse", "actor", "concepts")
#: How sure each kind of source is, of 100 (the tool's `confidence.csv`).
CONFIDENCE = {
    "override": 100,
    "ownership": 100,
    "ledger_immanent": 100,
    "manual_transaction": 90,
    "service_api": 70,
    "forensic_investigation": 70,
    "authority_data": 60,
    "trusted_provider": 50,
    "service_data": 50,
    "forensic": 50,
    "untrusted_transaction": 40,
    "web_crawl": 20,
    "heuristic": 10,
    "unknown": 5,
}


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says of one address. ``actor`` is a short code of who is behind it, ``concepts`` words of a taxonomy."""

    address: str
    label: str
    source: str
    currency: str
    confidence: str = "unknown"
    category: str = ""
    abuse: str = ""
    actor: str = ""
    concepts: tuple[str, ...] = ()

    @property
    def certainty(self) -> int:
        """Return how sure the source is, 0 to 100."""
        return CONFIDENCE.get(self.confidence, CONFIDENCE["unknown"])


def read_tagpack(data: bytes, *, where: str = "tagpack") -> list[Tag]:
    """Read the tags of one pack. Raises MalformedInput for what is no YAML, BadInput naming the tag that lacks something."""
    if len(data) > MAX_BYTES:
        raise TooLarge(f"the tagpack has more than {MAX_BYTES:,} bytes", "split it", where=where)
    try:
        pack = yaml.load(data.decode("utf-8-sig"), Loader=_loader())  # noqa: S506 — a safe loader, in C where there is one
    except UnicodeDecodeError:
        raise MalformedInput("the file is not UTF-8", "save it as UTF-8", where=where) from None
    except (yaml.YAMLError, ValueError, RecursionError) as wrong:
        mark = getattr(wrong, "problem_mark", None)
        place = f"{where}, line {mark.line + 1}" if mark else where
        raise MalformedInput("this is no YAML", "send the file whole", where=place) from None
    if not isinstance(pack, dict) or not isinstance(pack.get("tags"), list):
        raise BadInput("this is no tagpack", "a tagpack has title, creator and a list of tags", where=where)
    header = {name: pack[name] for name in _INHERITED if name in pack}
    found = [_tag(header, item, f"{where}, tag {number}") for number, item in enumerate(pack["tags"], 1)]
    return [tag for tag in found if tag is not None]


def write_tagpack(tags: list[Tag], *, title: str, creator: str) -> bytes:
    """Write a pack in the form that graphsense-tagpack-tool validates; what all tags share stands in the header."""
    fields = [{k: v for k, v in msgspec.to_builtins(tag).items() if v} for tag in tags]
    shared = {
        k: v for k, v in (fields[0] if fields else {}).items() if k != "address" and all(f.get(k) == v for f in fields)
    }
    own = [{name: value for name, value in each.items() if name not in shared} for each in fields]
    pack: dict[str, Any] = {"title": title, "creator": creator, **shared, "tags": own}
    text = yaml.safe_dump(msgspec.to_builtins(pack), sort_keys=False, allow_unicode=True)
    return str(text).encode()


def _tag(header: dict[str, Any], item: object, where: str) -> Tag | None:
    if not isinstance(item, dict):
        raise BadInput("the tag is no mapping", "give address and label", where=where)
    said = header | item
    if not item.get("address"):
        if item.get("tx_hash"):
            return None
        raise BadInput("the tag has no address", "give one, in quotes where it begins with 0x", where=where)
    text = {name: _text(said.get(name), name, where) for name in ("address", *_INHERITED[:-1])}
    for name in ("label", "source"):
        if not text[name]:
            raise BadInput(f"the tag has no {name}", "say it in the tag or in the header", where=where)
    if not text["currency"] and not text["network"]:
        raise BadInput("the tag has no currency", "say it in the tag or in the header", where=where)
    concepts = said.get("concepts") or ()
    if not isinstance(concepts, (list, tuple)):
        raise BadInput("concepts is no list", "write a list of words", where=where)
    return Tag(
        address=text["address"],
        label=text["label"],
        source=text["source"],
        currency=text["currency"] or text["network"],
        confidence=text["confidence"] or "unknown",
        category=text["category"],
        abuse=text["abuse"],
        actor=text["actor"],
        concepts=tuple(str(concept) for concept in concepts),
    )


def _text(value: object, name: str, where: str) -> str:
    if isinstance(value, (dict, list, float)) or (isinstance(value, int) and name == "address"):
        raise BadInput(f"{name} is no text", "put it in quotes", where=where)
    return "" if value is None else str(value).strip()


def _loader() -> Any:  # noqa: ANN401 — the two classes share no type that the stubs name
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
