"""The tables that ship with lintas: exercise tables under fictional law, and unsigned drafts for real jurisdictions."""

from importlib import resources

import msgspec

from lintas.model.errors import BadInput, NotFound
from lintas.model.places import jurisdictions
from lintas.policy.table import PolicyTable

#: Status exercise, under fictional law: models to copy, and the ordinary cast of the demo.
EXERCISE = ("XA", "XB", "XC", "XD")
#: Status draft, under real law as far as it was found: to be checked, corrected and signed by those entitled.
DRAFTS = ("MY", "TH", "SG", "ID", "PH", "VN", "CN", "KH")
SHIPPED = (*EXERCISE, *DRAFTS)
_AS_SHIPPED = "write status and title as the shipped drafts do"
PLAYED = "EXERCISE ONLY, from a draft that nobody signed"


def shipped_table(jurisdiction: str) -> bytes:
    """Return the text of a shipped table by jurisdiction code, in any case; NotFound when none is shipped."""
    code = jurisdiction.strip().upper()
    if code not in SHIPPED:
        raise NotFound(f"no policy table is shipped for {jurisdiction[:20]!r}", "give your own table's file")
    return resources.files("lintas.policy").joinpath(f"tables/{code.lower()}.yaml").read_bytes()


def as_exercise(table: bytes) -> bytes:
    """Return a draft as a table to play with: the same rules and examples, status exercise, a title that says so.

    A table of status exercise is returned as it is. BadInput for a table in force, for a draft whose status or title does
    not stand on a line of its own, and for what is no table. For the demo only: the result decides nothing in a real node.
    """
    source = "the draft to play with"
    draft = PolicyTable.load(table, source=source)
    if draft.status == "exercise":
        return table
    if draft.status != "draft":
        raise BadInput("a table in force is not played with", "give a draft", where=source)
    title = msgspec.json.encode(f"{PLAYED}: {draft.title}").decode()  # a JSON text is a YAML text, too
    lines = table.decode().split("\n")
    for column, value in (("status", "exercise"), ("title", title)):
        found = [number for number, line in enumerate(lines) if line.startswith(f"{column}:")]
        if len(found) != 1:
            raise BadInput(f"its {column} does not stand on one line of its own", _AS_SHIPPED, where=source)
        lines[found[0]] = f"{column}: {value}"
    changed = "\n".join(lines).encode()
    try:
        played = PolicyTable.load(changed, source=source)
    except BadInput as wrong:
        raise BadInput(f"it cannot be given another title: {wrong.what}", _AS_SHIPPED, where=source) from None
    if played.status != "exercise" or played.rules != draft.rules:
        raise BadInput("its status or title stands in an unusual place", _AS_SHIPPED, where=source)
    return changed


_BLANK = """\
# Draft decision table of {name} ({code}): indicators pass, nothing personal leaves until a table is signed in force.
schema: lintas-policy/1
jurisdiction: {code}
status: draft
title: "{name}: draft, nothing personal leaves"
statutes: {{}}

rules:
  - id: {low}-indicators
    effect: permit
    law: none-found
    action: [release, admit]
    plane: [A]
    category: [indicator, text_template, number_range, campaign_summary]
    subject: [none]
    purpose: [disruption, warn_public, investigation]
    peer: any
    peer_jurisdiction: any
    holder: any
    channel: any
    provenance: any
    expires_hours: 2160
    onward: true
    use: [disruption, warn_public, investigation]
"""


def blank_table(jurisdiction: str) -> bytes:
    """Return a draft table for a jurisdiction that has none: it lets indicators pass and nothing personal."""
    code = jurisdiction.strip().upper()
    return _BLANK.format(code=code, low=code.lower(), name=jurisdictions()[code]).encode()
