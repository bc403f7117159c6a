"""Says a verdict in SIP: the status code, phrase and lines that go with each action (docs/telco-sip.md has the table)."""

import re
from functools import lru_cache
from typing import NamedTuple

from lintas.gateway.sip.settings import SipSettings
from lintas.telco.records import Action, Verdict, Word
from lintas.telco.verdicts.records import Ruling

#: 3GPP TS 24.229 §7.2A.20: what carriers' equipment maps to an action.
VERSTAT: dict[Word, str] = {
    "pass": "TN-Validation-Passed",
    "fail": "TN-Validation-Failed",
    "unknown": "No-TN-Validation",
}
#: Of two verdicts on one call the stricter counts.
STRICTNESS: dict[Action, int] = {"allow": 0, "label": 1, "withhold-cli": 2, "divert": 3, "block": 4}

_REDRESS_ID = re.compile(r"[a-z2-7]{16}")


class Answer(NamedTuple):
    """A status code, its phrase, and the lines beside the request's own."""

    code: int
    phrase: str
    more: tuple[str, ...] = ()


PHRASES = {404: "Not Found", 503: "Service Unavailable"}
TRYING = Answer(100, "Trying")
STRANGER = Answer(403, "Forbidden")
TOO_MANY_HOPS = Answer(483, "Too Many Hops")
TERMINATED = Answer(487, "Request Terminated")
NO_TRANSACTION = Answer(481, "Call/Transaction Does Not Exist")
BUSY = Answer(503, "Service Unavailable", ("Retry-After: 1",))
HEALTHY = Answer(
    200, "OK", ("Allow: INVITE, ACK, CANCEL, OPTIONS", "Accept: application/sdp", "Accept-Encoding: identity")
)
CANCELLED = Answer(200, "OK")
#: Methods that RFC 3261 and its extensions define (§21.4.6, §21.5.2): known and not allowed here, or not known at all.
NOT_ALLOWED = Answer(405, "Method Not Allowed", ("Allow: INVITE, ACK, CANCEL, OPTIONS",))
NOT_IMPLEMENTED = Answer(501, "Not Implemented")
KNOWN = frozenset(["REGISTER", "BYE", "PRACK", "SUBSCRIBE", "NOTIFY", "PUBLISH", "INFO", "REFER", "MESSAGE", "UPDATE"])


def passing(settings: SipSettings) -> Answer:
    """Return the answer that lets a call go on without a verdict (route-advance)."""
    return Answer(settings.pass_code, PHRASES[settings.pass_code])


def answer_of(verdict: Verdict, uri: str, settings: SipSettings) -> Answer:
    """Return what a verdict is in SIP, for a call to ``uri`` (the Request-URI)."""
    if verdict.action == "block":
        return _blocked(verdict, settings)
    if verdict.action == "allow" and settings.allow == "pass":
        return passing(settings)
    return _continued(verdict, uri, settings)


def stricter(first: Verdict, second: Verdict) -> Verdict:
    """Return the one of two verdicts that asks for more."""
    return second if STRICTNESS[second.action] > STRICTNESS[first.action] else first


def _blocked(verdict: Verdict, settings: SipSettings) -> Answer:
    redress_id = _id(verdict)
    if settings.blocks == 608:
        card = settings.card_url.replace("{id}", redress_id)
        return Answer(608, "Rejected", (f"Call-Info: <{card}>;purpose=jwscard",))
    text = "v=analytics1"
    if (redress := settings.redress) is not None:
        told = ("url", redress.url_of(redress_id)), ("tel", redress.tel), ("email", redress.email)
        text += "".join([f";{name}={value}" for name, value in told if value])
    if redress_id:
        text += f";id={redress_id}"
    return Answer(603, "Network Blocked", (f'Reason: SIP;cause=603;text="{text}"',))


def _continued(verdict: Verdict, uri: str, settings: SipSettings) -> Answer:
    """Send the call on to where it goes, or to the announcement, with the verdict as parameters of Contact."""
    target = settings.divert_to if verdict.action == "divert" and settings.divert_to else uri
    return Answer(
        302,
        "Moved Temporarily",
        (f"Contact: <{target}>;{_parameters(verdict, settings.label, diverts=bool(settings.divert_to))}",),
    )


@lru_cache(maxsize=1024)
def _parameters(verdict: Verdict, label: str, *, diverts: bool) -> str:
    action = verdict.action
    if action == "divert" and not diverts:
        # Nowhere to divert to: the call goes on, and the number that nobody vouches for is not shown.
        action = "withhold-cli"
    parts = [f"verstat={VERSTAT[verdict.verdict]};action={action};evidence={verdict.evidence}"]
    if action == "withhold-cli":
        parts.append('privacy=id;from="sip:anonymous@anonymous.invalid"')
    elif action == "label":
        # A jurisdiction's policy may say what is shown, and how: as a prefix of the number, or as an alert.
        shown = verdict if isinstance(verdict, Ruling) and verdict.label else None
        parts.append(f'label="{shown.label if shown else label}"')
        if shown and shown.shown:
            parts.append(f"shown={shown.shown}")
    if verdict.ttl_s:
        parts.append(f"ttl={verdict.ttl_s}")
    if redress_id := _id(verdict):
        parts.append(f"id={redress_id}")
    return ";".join(parts)


def _id(verdict: Verdict) -> str:
    """Return the redress id, "" for anything that does not look like one: it stands in a header."""
    return verdict.id if _REDRESS_ID.fullmatch(verdict.id) else ""
