"""The tables that ship with lintas: exercise tables under fictional law, for the demo and as models to copy."""

from importlib import resources

from lintas.model.errors import NotFound
from lintas.model.places import FICTIONAL, jurisdictions

SHIPPED = ("XA", "XB")


def shipped_table(jurisdiction: str) -> bytes:
    """Return the text of a shipped table by jurisdiction code, in any case; NotFound when none is shipped."""
    code = jurisdiction.strip().upper()
    if code not in SHIPPED or code not in FICTIONAL:
        raise NotFound(f"no policy table is shipped for {jurisdiction[:20]!r}", "give your own table's file")
    return resources.files("lintas.policy").joinpath(f"tables/{code.lower()}.yaml").read_bytes()


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
