"""Entries for the tests of names: fictional domains of fictional jurisdictions."""

from datetime import UTC, datetime

from lintas.telco.records import Entry, Kind, Subject

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
LATER = "2026-04-01T00:00:00Z"
EARLIER = "2026-02-01T00:00:00Z"


def entry(
    value: str,
    subject: Subject = "domain",
    *,
    kind: Kind = "blocked",
    id: str = "aaaaaaaaaaaaaaaa",
    owner: str = "XA Anti-Scam Centre",
    expires: str = LATER,
    scheme: str = "account_phishing",
) -> Entry:
    return Entry(
        id=id,
        subject=subject,
        value=value,
        kind=kind,
        owner=owner,
        reason="copies the sign-in page of Bank XATL",
        scheme=scheme,
        listed="2026-02-20T00:00:00Z",
        expires=expires,
    )
